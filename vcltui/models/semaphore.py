"""VCL's locks as rows of its database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Semaphore:
    """One row of vcldsemaphore: `identifier` is held for a reservation until `expires`.

    `pid` is a process on the machine that took it. `expires` is the database's local time.
    """

    identifier: str
    reservation_id: int
    pid: int
    expires: datetime
    expired: bool = False
