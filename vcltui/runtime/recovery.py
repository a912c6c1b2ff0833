"""Cleans up after operations whose process was killed, or whose undo could not be finished."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from vcltui.errors import NotFoundError, RefusedError, VcltuiError
from vcltui.operations.runner import Observer, undo_all
from vcltui.operations.undo import UndoAction
from vcltui.provisioning.context import Context
from vcltui.provisioning.execute import RESERVATION, lock_path
from vcltui.provisioning.undo import Undoer
from vcltui.runtime.journal.entry import RECOVERED, Entry
from vcltui.runtime.journal.writer import write_line
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import semaphores

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of one unfinished operation: what was done, and what is still left."""

    entry: Entry
    done: tuple[str, ...]
    left: tuple[str, ...]


class _Notes(Observer):
    def __init__(self) -> None:
        self.done: list[str] = []

    def undone(self, action: UndoAction, note: str | None, error: VcltuiError | None) -> None:
        if note:
            self.done.append(note)


def recover(workspace: Workspace, *, host: str | None = None) -> list[Recovery]:
    """Undo what unfinished operations left.

    With `host` it is for what comes next there: only that host's operations, and a domain that
    may be in use is kept. Without, it is what an operator asked for.

    Operations that another process is recovering are passed over. Raises nothing for what could
    not be undone: it is told in `left` and stays in the journal for the next run.
    """
    found = workspace.journal.unfinished()
    workspace.journal.put_ended_away()
    return [
        recovered
        for entry in found
        if host is None or entry.host == host
        if (recovered := _recover_entry(workspace, entry, asked=host is None)) is not None
    ]


def recover_before(workspace: Workspace, host: str) -> None:
    """Undo what unfinished operations left on a host, and tell it in the log."""
    for recovery in recover(workspace, host=host):
        what = f"{recovery.entry.title}, {recovery.entry.outcome}"
        for done in recovery.done:
            _log.info("Cleaned up after an earlier operation (%s): %s", what, done)
        for left in recovery.left:
            _log.warning("Still left by an earlier operation (%s): %s", what, left)


def _recover_entry(workspace: Workspace, known: Entry, *, asked: bool) -> Recovery | None:
    with workspace.journal.claim(known) as claimed:
        if claimed is None:
            return None
        entry, file = claimed
        notes = _Notes()
        try:
            with _locked(workspace, entry):
                left = undo_all(entry.undo, _undoer(workspace, entry, asked=asked), notes)
                notes.done += _give_locks_back(workspace, entry)
        except VcltuiError as error:
            left = [str(error)]
        if not left:
            try:
                write_line(file, "end", outcome=RECOVERED, error=entry.error, left=False)
            except OSError as error:
                left = [f"only its end is not in the journal, which can't be written: {error}"]
        return Recovery(entry, tuple(notes.done), tuple(left))


def _locked(workspace: Workspace, entry: Entry) -> AbstractContextManager[None]:
    """The lock under which the operation ran: nobody may be at work on its object meanwhile."""
    session = workspace.session(entry.host)
    if not entry.lock_name:
        return nullcontext()
    return session.node.lock(lock_path(session.vmhost, entry.lock_name), 0.0)


def _give_locks_back(workspace: Workspace, entry: Entry) -> list[str]:
    """The locks in VCL's database that the killed process held; others would wait for hours."""
    reservation, database = entry.details.get(RESERVATION, ""), workspace.database
    if database is None or not reservation.isdecimal():
        return []
    found = semaphores.release_all(database, int(reservation), entry.pid)
    return [f"gave the lock {identifier} back" for identifier in found]


def _undoer(workspace: Workspace, entry: Entry, *, asked: bool) -> Undoer:
    others = [workspace.session(name) for name in workspace.hosts() if name != entry.host]
    return Undoer(
        workspace.session(entry.host),
        workspace.database,
        others,
        _computer(workspace, entry),
        later=True,
        asked=asked,
        recorded=entry.undo,
    )


def _computer(workspace: Workspace, entry: Entry) -> Context | None:
    """The computer that an operation was about; None where it was about none that is known."""
    if workspace.database is None:
        return None
    try:
        return Targets(workspace).computer(entry.target).context
    except (NotFoundError, RefusedError):
        return None
