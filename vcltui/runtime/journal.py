"""The journal: every operation that changes something, written down before it begins.

One file of JSON lines for each operation, in the state folder. The file is locked while its
process runs, so a journal without an end and without a lock tells of a killed process.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from vcltui.errors import NodeError, OperationFailedError, RefusedError, VcltuiError
from vcltui.operations.runner import Observer, Outcome
from vcltui.operations.step import Operation, Step
from vcltui.operations.undo import UndoAction, UnknownUndo, from_record, to_record
from vcltui.provisioning.operator_name import operator_name

RUNNING, KILLED, RECOVERED = "running", "killed", "recovered"

_CLAIM_SECONDS = 0.5
_CLAIM_PAUSE_SECONDS = 0.01
_END_BYTES = 4096
_log = logging.getLogger(__name__)


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


class Journal:
    """The folder of journal files. Made private (0700) when first written to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._ended: set[str] = set()
        self._own: set[str] = set()

    def observer(self) -> Observer:
        """An observer that writes one operation down."""
        return _Writer(self.directory, self._own)

    def entries(self) -> list[Entry]:
        """Every operation, newest first."""
        return list(self._entries_in(reversed(self._names())))

    def entries_of_others(self, most: int) -> list[Entry]:
        """The newest `most` operations but those that this journal itself was told of."""
        others = (name for name in reversed(self._names()) if name not in self._own)
        return list(islice(self._entries_in(others), most))

    def _entries_in(self, names: Iterable[str]) -> Iterator[Entry]:
        for name in names:
            entry = _read(self.directory / name)
            if entry is not None:
                yield entry

    def unfinished(self) -> list[Entry]:
        """The operations that may have left something, oldest first."""
        found: list[Entry] = []
        for name in self._names():
            # What has ended stays so, and every operation asks: it is read but once.
            if name in self._ended:
                continue
            path = self.directory / name
            if _has_ended(path):
                self._ended.add(name)
            # One that runs has left nothing yet, and is not read.
            elif not _is_running(path) and (entry := _read(path)) is not None and entry.undo:
                found.append(entry)
        return found

    def _names(self) -> list[str]:
        """The names of its files, the oldest first."""
        try:
            with os.scandir(self.directory) as files:
                return sorted(file.name for file in files if file.name.endswith(".jsonl"))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []

    @contextmanager
    def claim(self, known: Entry) -> Iterator[tuple[Entry, IO[str]] | None]:
        """Hold an unfinished entry's file for recovery, with the entry as it is now.

        None when someone else holds it, or has recovered it meanwhile.
        """
        with known.path.open("a", encoding="utf-8") as file:
            if not _try_lock(file, _CLAIM_SECONDS):
                yield None
                return
            entry = _entry(known.path, running=False)
            if entry is None or not entry.undo:
                yield None
                return
            with suppress(OSError):
                os.write(file.fileno(), b"\n")  # what a kill cut off stays on a line of its own
            yield entry, file


def write_line(file: IO[str], event: str, *, flush: bool = True, **values: object) -> None:
    """Append one event, whole or not at all, and flush it to disk. Raises OSError.

    Without `flush` that is left to the next line, which is flushed with all before it.
    """
    line = {"event": event, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    data = json.dumps({**line, **values}, ensure_ascii=False).encode(errors="replace") + b"\n"
    descriptor = file.fileno()
    start = os.lseek(descriptor, 0, os.SEEK_END)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        if flush:
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, start)
        raise


class _Writer(Observer):
    """Writes the operation that it observes.

    What may be needed to undo is on the disk before it is made, or the step fails; so is a step
    that deletes for good. Everything else is a record of what happened, which a full disk must not
    turn into a failure, and which the next line that is flushed takes along.
    """

    def __init__(self, directory: Path, own: set[str]) -> None:
        self._directory, self._own = directory, own
        self._file: IO[str] | None = None
        self._first_line_bytes = 0
        self._steps_left = 0
        self._undo_to_come = 0

    def _write(self, event: str, *, flush: bool = True, **values: object) -> None:
        if self._file is not None:
            write_line(self._file, event, flush=flush, **values)

    def _note(self, event: str, *, flush: bool = True, **values: object) -> None:
        try:
            self._write(event, flush=flush, **values)
        except OSError as error:
            _log.warning("The journal in %s can't be written: %s", self._directory, error)

    def begun(self, operation: Operation) -> None:
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        path = self._directory / f"{stamp}-{operation.id}.jsonl"
        try:
            make_private(self._directory)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "w", encoding="utf-8")
            self._own.add(path.name)
            # Waits out whoever looks just now whether it is locked: without the lock the
            # operation would seem to be a killed one, and be undone while it runs.
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._write_begin(operation)
            self._first_line_bytes = os.fstat(descriptor).st_size
            _flush_folder(self._directory)
        except OSError as error:
            if self._file is not None:
                self._file.close()
                self._file = None
                path.unlink(missing_ok=True)
            raise RefusedError(
                f"The journal {path} can't be written ({error.strerror}), so nothing was begun",
                "Make room or mend the permissions, or set another state_directory",
            ) from error
        self._steps_left = len(operation.steps)

    def _write_begin(self, operation: Operation) -> None:
        self._write(
            "begin",
            operation=operation.id,
            kind=operation.kind,
            target=operation.target,
            host=operation.host,
            title=operation.title,
            user=operator_name(),
            pid=os.getpid(),
            steps=[step.name for step in operation.steps],
            details=operation.details,
            lock=operation.lock_name,
        )

    def step_started(self, step: Step) -> None:
        self._undo_to_come = len(step.undo)
        # What has to be undone is flushed for itself, and this with it.
        self._note("step", flush=bool(step.loses), name=step.name, title=step.title)

    def undo_recorded(self, action: UndoAction) -> None:
        self._undo_to_come -= 1
        try:
            self._write("undo", flush=self._undo_to_come <= 0, record=to_record(action))
        except OSError as error:
            raise NodeError(
                f"The journal in {self._directory} can't be written ({error.strerror}), so the "
                "operation was stopped and undone",
                "Make room or mend the permissions, or set another state_directory",
            ) from error

    def step_finished(self, step: Step, note: str | None) -> None:
        self._steps_left -= 1
        settled = step.settles or self._steps_left == 0
        self._note("finished", flush=step.settles, name=step.name, note=note, settled=settled)

    def step_failed(self, step: Step, error: BaseException) -> None:
        self._note("failed", name=step.name, error=_describe(error))

    def undone(self, action: UndoAction, note: str | None, error: VcltuiError | None) -> None:
        self._note(
            "undone", record=to_record(action), note=note, error=str(error) if error else None
        )

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        if self._file is None:
            return
        left = isinstance(error, OperationFailedError)
        try:
            try:
                self._write("end", outcome=outcome.value, error=_describe(error), left=left)
            except OSError:
                if left:
                    raise
                # Without its end the operation would seem to be a killed one, and be undone. What
                # came after the first line gives its room to the end.
                os.ftruncate(self._file.fileno(), self._first_line_bytes)
                os.lseek(self._file.fileno(), 0, os.SEEK_END)
                self._write("end", outcome=outcome.value, error=None, left=False)
        except OSError as failure:
            _log.warning("The journal in %s can't be written: %s", self._directory, failure)
        finally:
            with suppress(OSError):
                self._file.close()
            self._file = None


def _describe(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return str(error) or type(error).__name__


def make_private(directory: Path) -> None:
    """Make a folder, and those above it that are missing, open to its owner alone (0700).

    One that is there and open to others is closed to them. Raises OSError.
    """
    if not directory.is_dir():
        missing = [folder for folder in (directory, *directory.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o077:
        directory.chmod(mode & 0o700)


def _flush_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(file: IO[str], seconds: float) -> bool:
    """Take the lock; who only looks at it holds it for no longer than an instant."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_CLAIM_PAUSE_SECONDS)
        else:
            return True


def _is_locked(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _is_running(path: Path) -> bool:
    try:
        return _is_locked(path)
    except OSError:
        return False  # removed since the folder was listed, or another user's


def _has_ended(path: Path) -> bool:
    """Whether a file's last line says that nothing is left; the rest is not read for that."""
    try:
        with path.open("rb") as file:
            file.seek(-min(_END_BYTES, path.stat().st_size), os.SEEK_END)
            last = json.loads(file.read().rstrip(b"\n").rpartition(b"\n")[2])
    except (OSError, ValueError):
        return False
    return isinstance(last, dict) and last.get("event") == "end" and not last.get("left")


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
    try:
        return _entry(path, running=_is_locked(path))
    except OSError:
        return None  # removed since the folder was listed, or another user's


def _entry(path: Path, *, running: bool) -> Entry | None:
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
    )


def _time(event: dict[str, Any]) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(event.get("time")))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _undo_records(events: list[dict[str, Any]], *, killed: bool) -> tuple[UndoAction, ...]:
    """What is to be undone; of a killed operation only what came after it had settled."""
    found: list[UndoAction] = []
    for event in events:
        if killed and event.get("event") == "finished" and event.get("settled"):
            found.clear()
        if event.get("event") == "undo":
            found.append(_undo_record(event.get("record"), str(events[0].get("host"))))
    return tuple(found)


def _undo_record(record: object, host: str) -> UndoAction:
    try:
        if isinstance(record, dict):
            return from_record(record)
    except (ValueError, TypeError):
        pass
    return UnknownUndo(host, json.dumps(record)[:300])
