"""The journal: every operation that changes something, written down before it begins.

One file of JSON lines for each operation, in the state folder. The file is locked while its
process runs, so a journal without an end and without a lock tells of a killed process.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from vcltui.errors import OperationFailedError, RefusedError, VcltuiError
from vcltui.operations.runner import Observer, Outcome
from vcltui.operations.step import Operation, Step
from vcltui.operations.undo import UndoAction, from_record, to_record

RUNNING, KILLED, RECOVERED = "running", "killed", "recovered"


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as the journal tells it.

    `outcome` is done, failed, cancelled, running, killed or recovered. `undo` holds what its
    steps recorded, in order, and is empty unless something may be left to undo.
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


class Journal:
    """The folder of journal files. Made private (0700) when first written to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def observer(self) -> Observer:
        """An observer that writes one operation down."""
        return _Writer(self.directory)

    def entries(self) -> list[Entry]:
        """Every operation, newest first."""
        paths = sorted(self.directory.glob("*.jsonl"), reverse=True)
        return [entry for path in paths if (entry := _read(path)) is not None]

    def unfinished(self) -> list[Entry]:
        """The operations that may have left something, oldest first."""
        return [entry for entry in reversed(self.entries()) if entry.undo]

    @contextmanager
    def claim(self, entry: Entry) -> Iterator[IO[str] | None]:
        """Hold an unfinished entry's file for recovery; None when someone else holds it."""
        with entry.path.open("a", encoding="utf-8") as file:
            if not _try_lock(file):
                yield None
                return
            file.write("\n")  # what a kill cut off stays on a line of its own
            yield file


def write_line(file: IO[str], event: str, **values: object) -> None:
    """Append one event and flush it to disk."""
    line = {"event": event, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    file.write(json.dumps({**line, **values}, ensure_ascii=False) + "\n")
    file.flush()
    os.fsync(file.fileno())


class _Writer(Observer):
    """Writes the operation that it observes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: IO[str] | None = None

    def _write(self, event: str, **values: object) -> None:
        if self._file is not None:
            write_line(self._file, event, **values)

    def begun(self, operation: Operation) -> None:
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        path = self._directory / f"{stamp}-{operation.id}.jsonl"
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RefusedError(
                f"The journal {path} can't be written ({error.strerror}), so nothing was begun",
                "Make room or mend the permissions, or set another state_directory",
            ) from error
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")
        _try_lock(self._file)
        self._write(
            "begin",
            operation=operation.id,
            kind=operation.kind,
            target=operation.target,
            host=operation.host,
            title=operation.title,
            user=os.environ.get("SUDO_USER") or getpass.getuser(),
            pid=os.getpid(),
            steps=[step.name for step in operation.steps],
            details=operation.details,
        )

    def step_started(self, step: Step) -> None:
        self._write("step", name=step.name, title=step.title)

    def undo_recorded(self, action: UndoAction) -> None:
        self._write("undo", record=to_record(action))

    def step_finished(self, step: Step, note: str | None) -> None:
        self._write("finished", name=step.name, note=note)

    def step_failed(self, step: Step, error: BaseException) -> None:
        self._write("failed", name=step.name, error=_describe(error))

    def undone(self, action: UndoAction, note: str | None, error: VcltuiError | None) -> None:
        self._write(
            "undone", record=to_record(action), note=note, error=str(error) if error else None
        )

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        left = isinstance(error, OperationFailedError)
        self._write("end", outcome=outcome.value, error=_describe(error), left=left)
        if self._file is not None:
            self._file.close()
            self._file = None


def _describe(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return str(error) or type(error).__name__


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _events(path: Path) -> list[dict[str, Any]]:
    """The events of a file. A line that is cut off, as a kill leaves it, is passed over."""
    found: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


def _read(path: Path) -> Entry | None:
    """The entry in a file; None where it does not even tell how it began."""
    running = _is_locked(path)
    events = _events(path)
    if not events or events[0].get("event") != "begin":
        return None
    begin, last = events[0], events[-1]
    end = last if last.get("event") == "end" else None
    steps = [event["name"] for event in events if event.get("event") == "step"]
    errors = [event["error"] for event in events if event.get("event") in ("failed", "end")]
    open_ended = not running and (end is None or bool(end.get("left")))
    return Entry(
        path=path,
        operation_id=str(begin.get("operation")),
        kind=str(begin.get("kind")),
        target=str(begin.get("target")),
        host=str(begin.get("host")),
        title=str(begin.get("title")),
        user=str(begin.get("user")),
        pid=int(begin.get("pid", 0)),
        started=datetime.fromisoformat(begin["time"]),
        ended=datetime.fromisoformat(end["time"]) if end else None,
        outcome=str(end.get("outcome")) if end else (RUNNING if running else KILLED),
        step=steps[-1] if steps else None,
        error=next((error for error in reversed(errors) if error), None),
        undo=_undo_records(events) if open_ended else (),
        details=dict(begin.get("details", {})),
    )


def _undo_records(events: list[dict[str, Any]]) -> tuple[UndoAction, ...]:
    return tuple(from_record(event["record"]) for event in events if event.get("event") == "undo")
