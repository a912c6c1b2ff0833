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
SHORT_SECONDS = 0.1
"""A look that takes no longer disturbs nobody who types."""
LATEST_SECONDS = 600.0
"""Who types all the time is interrupted after this, however long it takes."""
MANY = 20
"""So much new, in Python's measure of some 7,000 objects, is looked at before its time."""
_MANY_SECONDS = 5.0
_NEVER_BY_ITSELF = 1_000_000


class Sweeper:
    """Looks at all objects when that disturbs nobody; `typed_at` is the second of the last key."""

    def __init__(self, typed_at: Callable[[], float]) -> None:
        self._typed_at = typed_at
        self._swept_at = time.monotonic()
        self._took_seconds = 0.0  # the last time

    def turn(self) -> float:
        """Sweep if it is time; returns the pause in seconds until that is to be asked again."""
        now = time.monotonic()
        since, quiet = now - self._swept_at, now - self._typed_at()
        wait = SWEEP_SECONDS - since
        if wait > 0 and (since < _MANY_SECONDS or gc.get_count()[2] < MANY):
            return min(wait, _MANY_SECONDS)
        is_short = self._took_seconds < SHORT_SECONDS
        if quiet < QUIET_SECONDS and not is_short and since < LATEST_SECONDS:
            return QUIET_SECONDS - quiet
        self._swept_at = now
        began = time.thread_time()
        sweep()
        self._took_seconds = time.thread_time() - began
        return _MANY_SECONDS


def sweep() -> None:
    """Look at all objects; those that stay are not looked at again before the next sweep."""
    # Textual keeps by it the drawn lines of a thousand widgets that are gone.
    StylesCache.get_inner_outer.cache_clear()
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    heap.give_back()


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
