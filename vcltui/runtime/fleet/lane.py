"""A lane: one thread that does one kind of work again and again, and is woken when needed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Lane:
    """Calls `work` in a thread of its own; what it returns is the pause in seconds until the next.

    None as the pause means: until `wake`. After work that a wake asked for, the lane rests for
    `rest_seconds` at least: the first of a storm of wakes is followed at once, and those that come
    meanwhile are one call of `work`. The thread is a daemon, so that work which hangs on a dead
    host holds neither another lane nor the end of the process.
    """

    def __init__(
        self, name: str, work: Callable[[], float | None], rest_seconds: float = 0.0
    ) -> None:
        self._work, self._rest_seconds = work, rest_seconds
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first call of `work` comes at once."""
        self._thread.start()

    def wake(self) -> None:
        """End the pause; from any thread. Work that runs now is done once more."""
        self._woken.set()

    def stop(self) -> None:
        """Let the thread end after what it does now; does not wait for it."""
        self._stopped.set()
        self._woken.set()

    def join(self, seconds: float) -> None:
        """Wait for the end of a stopped lane, at most `seconds`."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    @property
    def is_stopped(self) -> bool:
        """Whether the lane was told to stop."""
        return self._stopped.is_set()

    def _run(self) -> None:
        was_woken = False
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                pause = self._work()
            except Exception:  # noqa: BLE001 a bug in one lane must not end it
                _log.exception("The lane %s failed", self._thread.name)
                pause = 30.0
            rest = self._rest_seconds if was_woken else 0.0
            if not self._stopped.wait(rest):
                was_woken = self._woken.wait(None if pause is None else max(0.0, pause - rest))
