"""Examines the reservations and what serves them again and again, beside the live fleet."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from vcltui.errors import VcltuiError
from vcltui.runtime import diagnosis
from vcltui.runtime.fleet.lane import Lane
from vcltui.runtime.workspace import Workspace

if TYPE_CHECKING:
    from vcltui.doctor.findings import Diagnosis

_log = logging.getLogger(__name__)

EXAMINE_SECONDS = 60.0
RETRY_SECONDS = 10.0
"""After one that failed, as when the database was away for a moment."""


class Examiner:
    """Keeps the last diagnosis. `tell` is called, from its own thread, when there is a new one.

    It costs queries and a look at every host's disks, so it waits long between two of them;
    `wake` asks for one at once. A face reads `diagnosis` at any time, which is None before the
    first and where there is no inventory; `problem` is why there is no newer one.
    """

    def __init__(self, workspace: Workspace, tell: Callable[[], None]) -> None:
        self._workspace = workspace
        self._tell = tell
        self._lane = Lane("examiner", self._examine)
        self.diagnosis: Diagnosis | None = None
        self.problem: str | None = None
        self.examined_at: float | None = None
        self._looked_at: int | None = None

    def start(self) -> None:
        """Begin."""
        self._lane.start()

    def wake(self) -> None:
        """Examine again, now."""
        self._lane.wake()

    def look_at(self, reservation: int) -> None:
        """Ask the guest of this reservation too, from now on and at once."""
        if self._looked_at != reservation:
            self._looked_at = reservation
            self.wake()

    def close(self) -> None:
        """End; what it does now is not waited for."""
        self._lane.stop()

    def _examine(self) -> float:
        try:
            if self._workspace.database is None:
                return EXAMINE_SECONDS
            found = diagnosis.diagnose(self._workspace, guest_of=self._looked_at)
        except VcltuiError as error:
            _log.info("The examination: %s", error)
            self.problem = str(error)
        else:
            self.diagnosis, self.problem = found, None
            self.examined_at = time.monotonic()
        if not self._lane.is_stopped:
            self._tell()
        return EXAMINE_SECONDS if self.problem is None else RETRY_SECONDS
