"""Whether whoever took one of vcld's locks, or began a capture without vcld, still lives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from vcltui.doctor.facts import NodeFacts, Unknown
from vcltui.doctor.settings import DoctorSettings
from vcltui.doctor.vcldlog import LogBlock
from vcltui.models.basecapture import OWN_CAPTURE
from vcltui.models.evidence import LoadStepRow, SemaphoreRow

CAPTURES = frozenset({"image", "checkpoint"})
"""The last states of a request that captures."""


def is_expired(semaphore: SemaphoreRow, now: datetime) -> bool:
    """Whether anybody may take a lock over."""
    return semaphore.expires is None or semaphore.expires < now


def owner_lives(
    semaphore: SemaphoreRow,
    now: datetime,
    running: NodeFacts | Unknown,
    log: Sequence[LogBlock] | Unknown,
    settings: DoctorSettings,
) -> bool | None:
    """Whether the process that took a lock runs; None where that can't be told.

    A process that is not on the management node may be a vcltui's on another machine. That one
    moves the expiry on every few minutes, so a lock that was not moved for longer is nobody's;
    so is one that vcld.log tells to be vcld's own.
    """
    if isinstance(running, Unknown):
        return None
    if semaphore.pid in running.pids:
        return True
    if is_expired(semaphore, now) or semaphore.expires is None:
        return False
    if not isinstance(log, Unknown) and any(
        (one.pid, one.reservation_id) == (semaphore.pid, semaphore.reservation_id) for one in log
    ):
        return False
    left = (semaphore.expires - now).total_seconds()
    moved_lately = left > settings.hard_limit_seconds - settings.lock_moved_seconds
    return None if moved_lately else False


def own_capture(steps: Iterable[LoadStepRow]) -> LoadStepRow | None:
    """The note by which vcltui said that it captures itself; None where vcld began after it.

    Such a request is pending without a child of vcld's, and nobody can see from here whether the
    vcltui that works on it, perhaps on another machine, still runs.
    """
    found = None
    for step in steps:
        if step.state == "begin":
            found = None
        elif step.state == "info" and step.info.startswith(OWN_CAPTURE):
            found = step
    return found
