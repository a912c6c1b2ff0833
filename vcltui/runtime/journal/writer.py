"""Writing one operation into its file of the journal."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from vcltui.errors import NodeError, OperationFailedError, RefusedError, VcltuiError
from vcltui.operations.runner import Observer, Outcome
from vcltui.operations.step import Operation, Step
from vcltui.operations.undo import UndoAction, to_record
from vcltui.provisioning.operator_name import operator_name

_log = logging.getLogger(__name__)


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


def writer(directory: Path, made: Callable[[str], None]) -> Observer:
    """An observer that writes one operation into a file of a folder; `made` is told its name."""
    return _Writer(directory, made)


class _Writer(Observer):
    """Writes the operation that it observes.

    What may be needed to undo is on the disk before it is made, or the step fails; so is a step
    that deletes for good. Everything else is a record of what happened, which a full disk must not
    turn into a failure, and which the next line that is flushed takes along.
    """

    def __init__(self, directory: Path, made: Callable[[str], None]) -> None:
        self._directory, self._made = directory, made
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
            self._made(path.name)
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
            titles=[step.title for step in operation.steps],
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
