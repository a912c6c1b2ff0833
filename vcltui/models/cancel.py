"""How a caller follows and stops long work: a progress callback and a cancel token."""

from __future__ import annotations

import threading
from collections.abc import Callable

from vcltui.errors import CancelledError

Progress = Callable[[float], None]
"""Takes the share that is done, 0.0 to 1.0. Called from the thread that does the work."""


def no_progress(_share: float) -> None:
    """A progress callback that ignores what it is told."""


class CancelToken:
    """A flag that one thread sets and the working thread looks at."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop; returns at once."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; returns True, early, when a stop is asked for."""
        return self._event.wait(seconds)

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError when a stop was asked for."""
        if self.is_cancelled:
            raise CancelledError("Cancelled on request")
