"""When Python looks for garbage: while nobody types.

A look at all objects holds everything, with 10,000 domains for a fifth of a second.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from textual._styles_cache import StylesCache

from vcltui.runtime.fleet.lane import Lane
from vcltui.tui import heap

SWEEP_SECONDS = 60.0
QUIET_SECONDS = 3.0
"""So long nobody must have typed."""
LATEST_SECONDS = 600.0
"""Who types all the time is interrupted after this."""
MANY = 5
"""So much is new, in Python's measure of some 7,000 objects, that it is looked at by itself."""
_LOOK_SECONDS = 1.0
"""How often that is asked."""
_FIRST_SECONDS = 5.0
_REST = 20
"""So many times as long as a look at what is new took is none after it."""
_NEVER_BY_ITSELF = 1_000_000


class Sweeper:
    """Looks at all objects when that disturbs nobody; `typed_at` is the second of the last key."""

    def __init__(self, typed_at: Callable[[], float]) -> None:
        self._typed_at = typed_at
        self._swept_at = time.monotonic()
        self._has_swept = False
        self._rests_until = 0.0

    def turn(self) -> float:
        """Sweep if it is time; returns the pause in seconds until that is to be asked again."""
        now = time.monotonic()
        since, is_quiet = now - self._swept_at, now - self._typed_at() >= QUIET_SECONDS
        longest = SWEEP_SECONDS if is_quiet else LATEST_SECONDS
        if not self._has_swept:
            longest = _FIRST_SECONDS  # until then all that the start has made is new
        if since >= longest:
            self._swept_at, self._has_swept = now, True
            sweep()
        elif gc.get_count()[2] >= MANY and now >= self._rests_until:
            _forget_drawn()
            gc.collect()  # not of what a sweep has put aside
            self._rests_until = now + _REST * (time.monotonic() - now)
        return _LOOK_SECONDS


def sweep() -> None:
    """Look at all objects; those that stay are not looked at again before the next sweep."""
    _forget_drawn()
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    heap.give_back()


def _forget_drawn() -> None:
    """Textual keeps by it the drawn lines of a thousand widgets that are gone."""
    StylesCache.get_inner_outer.cache_clear()


@contextmanager
def swept_in_pauses(typed_at: Callable[[], float]) -> Iterator[None]:
    """Inside, all objects are looked at by a Sweeper, and by Python itself new ones alone."""
    before = gc.get_threshold()
    gc.set_threshold(*before[:2], _NEVER_BY_ITSELF)
    lane = Lane("sweeper", Sweeper(typed_at).turn)
    lane.start()
    try:
        yield
    finally:
        lane.stop()
        gc.set_threshold(*before)
        gc.unfreeze()
