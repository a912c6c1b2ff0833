"""Watches a capture that was handed over to vcld, until it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from vcltui.errors import InventoryError, NodeError, NotFoundError
from vcltui.models.cancel import CancelToken
from vcltui.models.reservation import LoadLogLine
from vcltui.provisioning.vcld_log import VcldLog
from vcltui.vcldb import loadlog
from vcltui.vcldb.basecapture import outcome as baseoutcome

if TYPE_CHECKING:
    from vcltui.vcldb.database import Database

_PAUSE_SECONDS = 2.0


class CaptureOutcome(Enum):
    """How a watched capture ended."""

    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WatchLine:
    """One thing that was seen. `source` is request, load log or vcld.log.

    `outcome` is set in the last line alone.
    """

    source: str
    text: str
    outcome: CaptureOutcome | None = None


def watch(
    database: Database,
    request_id: int,
    *,
    log: VcldLog | None = None,
    cancel: CancelToken | None = None,
    pause_seconds: float = _PAUSE_SECONDS,
) -> Iterator[WatchLine]:
    """Tell what happens to a capture; the last line has its outcome.

    Looks every `pause_seconds` at the request, its load log and, where `log` is given, the lines
    of vcld.log. A log that can't be read is told once and passed over; an inventory that can't be
    reached is told and asked again. When `cancel` is set, the watching ends with CancelledError,
    and the capture goes on. Raises NotFoundError where there is no such request, InventoryError
    where it can't be asked at the start.
    """
    token = cancel or CancelToken()
    first = baseoutcome.read_capture(database, request_id)
    seen = ""
    known: set[LoadLogLine] = set()
    away = False
    while True:
        token.raise_if_cancelled()
        try:
            now = _state(database, request_id)
            outcome = _outcome(database, now, first.image_id)
            steps = loadlog.list_load_log(database, first.computer_id)
        except InventoryError as error:
            if not away:
                yield WatchLine("request", f"can't be looked at: {error.what}")
            away = True
            token.wait(pause_seconds)
            continue
        away = False
        # After the state, so that the last lines are not missed.
        if log is not None:
            try:
                yield from (WatchLine("vcld.log", line) for line in log.new_lines())
            except (NodeError, NotFoundError) as error:
                yield WatchLine("vcld.log", f"can't be read: {error.what}")
                log = None
        for line in steps:
            if line.reservation_id == first.reservation_id and line not in known:
                known.add(line)
                yield WatchLine("load log", f"{line.prettyname} {line.info}".strip())
        if outcome is not None:
            yield WatchLine("request", f"Request {request_id} is {now}", outcome)
            return
        if now != seen:
            seen = now
            yield WatchLine("request", f"Request {request_id} is {now}")
        token.wait(pause_seconds)


def _state(database: Database, request_id: int) -> str:
    try:
        found = baseoutcome.read_capture(database, request_id)
    except NotFoundError:
        return "gone"
    return f"{found.state}/{found.laststate}"


def _outcome(database: Database, now: str, image_id: int) -> CaptureOutcome | None:
    """Vcld removes the request of a capture that is complete, so the image tells."""
    if now == "gone" or now.startswith(("complete/", "deleted/")):
        done = baseoutcome.is_image_live(database, image_id)
        return CaptureOutcome.COMPLETE if done else CaptureOutcome.FAILED
    if now.startswith(("maintenance/", "failed/")):
        return CaptureOutcome.FAILED
    return None
