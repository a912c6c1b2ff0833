"""One operation as its file of the journal tells it."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from vcltui.operations.runner import Outcome
from vcltui.operations.undo import BARRIERS, UndoAction, UnknownUndo, from_record
from vcltui.runtime.journal.steps import EntryStep, steps_of

RUNNING, KILLED, RECOVERED = "running", "killed", "recovered"

_END_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as the journal tells it.

    `outcome` is done, failed, cancelled, running, killed or recovered. `undo` holds what its
    steps recorded, in order, and is empty unless something may be left to undo. `lock_name` is
    the lock it ran under.
    """

    path: Path
    operation_id: str
    kind: str
    target: str
    host: str
    title: str
    user: str
    pid: int
    started: datetime
    ended: datetime | None
    outcome: str
    step: str | None
    error: str | None
    undo: tuple[UndoAction, ...] = ()
    details: dict[str, str] = field(default_factory=dict)
    lock_name: str = ""
    steps: tuple[EntryStep, ...] = ()


def _is_locked(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def is_running(path: Path) -> bool:
    """Whether the process that writes a file still runs."""
    try:
        return _is_locked(path)
    except OSError:
        return False  # removed since the folder was listed, or another user's


def has_ended(path: Path) -> bool:
    """Whether a file's last line says that nothing is left; the rest is not read for that."""
    try:
        with path.open("rb") as file:
            file.seek(-min(_END_BYTES, path.stat().st_size), os.SEEK_END)
            last = json.loads(file.read().rstrip(b"\n").rpartition(b"\n")[2])
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(last, dict) and last.get("event") == "end" and not last.get("left")


def _events(path: Path) -> list[dict[str, Any]]:
    """The events of a file. Lines that are damaged, or cut off by a kill, are passed over."""
    found: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


def read_entry(path: Path) -> Entry | None:
    """The entry in a file; None where it does not even tell how it began."""
    try:
        return entry_of(path, running=_is_locked(path))
    except OSError:
        return None  # removed since the folder was listed, or another user's


def entry_of(path: Path, *, running: bool) -> Entry | None:
    """The entry in a file whose process is known to run or not; None as by `read_entry`.

    Raises OSError.
    """
    events = _events(path)
    if not events or events[0].get("event") != "begin":
        return None
    begin, last = events[0], events[-1]
    end = last if last.get("event") == "end" else None
    started = _time(begin)
    if started is None:
        return None
    names = [str(event.get("name")) for event in events if event.get("event") == "step"]
    errors = [event.get("error") for event in events if event.get("event") in ("failed", "end")]
    finished = [event for event in events if event.get("event") == "finished"]
    steps = begin.get("steps")
    whole = isinstance(steps, list) and len(finished) >= len(steps) and bool(steps)
    if end is None and not running and whole:
        # Killed after its last step: it was done, and only the end was not written any more.
        end = {**finished[-1], "outcome": Outcome.DONE.value}
    open_ended = not running and (end is None or bool(end.get("left")))
    details = begin.get("details")
    return Entry(
        path=path,
        operation_id=str(begin.get("operation")),
        kind=str(begin.get("kind")),
        target=str(begin.get("target")),
        host=str(begin.get("host")),
        title=str(begin.get("title")),
        user=str(begin.get("user")),
        pid=pid if isinstance(pid := begin.get("pid"), int) else 0,
        started=started,
        ended=_time(end) if end else None,
        outcome=str(end.get("outcome")) if end else (RUNNING if running else KILLED),
        step=names[-1] if names else None,
        error=next((str(error) for error in reversed(errors) if error), None),
        undo=_undo_records(events, killed=end is None) if open_ended else (),
        details={str(key): str(value) for key, value in details.items()}
        if isinstance(details, dict)
        else {},
        lock_name=str(begin.get("lock") or ""),
        steps=steps_of(events, running=running),
    )


def _time(event: dict[str, Any]) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(event.get("time")))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _undo_records(events: list[dict[str, Any]], *, killed: bool) -> tuple[UndoAction, ...]:
    """What is to be undone; of a killed operation only what came after it had settled.

    What was undone already is not: what stands in its place by now is another's. A barrier holds
    whenever it is met.
    """
    found: list[UndoAction] = []
    host = str(events[0].get("host"))
    for event in events:
        if killed and event.get("event") == "finished" and event.get("settled"):
            found.clear()
        if event.get("event") == "undo":
            found.append(_undo_record(event.get("record"), host))
        if event.get("event") == "undone" and not event.get("error"):
            done = _undo_record(event.get("record"), host)
            if done in found and not isinstance(done, BARRIERS):
                found.reverse()  # the last of equal ones
                found.remove(done)
                found.reverse()
    return tuple(found)


def _undo_record(record: object, host: str) -> UndoAction:
    try:
        if isinstance(record, dict):
            return from_record(record)
    except (ValueError, TypeError):
        pass
    return UnknownUndo(host, json.dumps(record)[:300])
