"""How long to wait before a host that does not answer is asked again."""

from __future__ import annotations

import time

from vcltui.errors import UsageError
from vcltui.nodes import from_uri

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 4.0
LONGEST_REMOTE_PAUSE_SECONDS = 30.0
LONG_AWAY_SECONDS = 600.0
"""A remote host that is away for longer is asked less often; asking this machine costs nothing."""


class Pauses:
    """Growing pauses, in seconds, for one host."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._next = FIRST_PAUSE_SECONDS
        self._away_since: float | None = None

    def answered(self) -> None:
        """The host answered: the pauses begin anew."""
        self._next, self._away_since = FIRST_PAUSE_SECONDS, None

    def returned(self) -> None:
        """It can be connected to again; what fails then is likely to work in a moment."""
        self._next = FIRST_PAUSE_SECONDS

    def next(self) -> float:
        """The pause before the next attempt; each is twice as long as the one before."""
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        pause, longest = self._next, LONGEST_PAUSE_SECONDS
        if now - self._away_since >= LONG_AWAY_SECONDS and _is_remote(self._uri):
            longest = LONGEST_REMOTE_PAUSE_SECONDS
        self._next = min(pause * 2, longest)
        return min(pause, longest)


def _is_remote(uri: str) -> bool:
    try:
        return from_uri.ssh_target_of(uri) is not None
    except UsageError:
        # No URI at all, which the attempt itself will say.
        return True
