"""Cleans up after operations whose process was killed, or whose undo could not be finished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vcltui.errors import VcltuiError
from vcltui.operations.runner import Observer, undo_all
from vcltui.operations.undo import UndoAction
from vcltui.provisioning.session import HostSession
from vcltui.provisioning.undo import Undoer
from vcltui.runtime.journal import RECOVERED, Entry, Journal, write_line
from vcltui.vcldb.database import Database


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


def recover(
    journal: Journal,
    open_session: Callable[[str], HostSession],
    database: Database | None,
    *,
    host: str | None = None,
) -> list[Recovery]:
    """Undo what unfinished operations left, those of `host` alone when it is given.

    `open_session` takes a host's name. Operations that another process is recovering are
    passed over. Raises nothing for what could not be undone: it is told in `left` and stays in
    the journal for the next run.
    """
    return [
        recovered
        for entry in journal.unfinished()
        if host is None or entry.host == host
        if (recovered := _recover_entry(journal, entry, open_session, database)) is not None
    ]


def _recover_entry(
    journal: Journal,
    entry: Entry,
    open_session: Callable[[str], HostSession],
    database: Database | None,
) -> Recovery | None:
    with journal.claim(entry) as file:
        if file is None:
            return None
        notes = _Notes()
        try:
            left = undo_all(entry.undo, Undoer(open_session(entry.host), database), notes)
        except VcltuiError as error:
            left = [str(error)]
        if not left:
            write_line(file, "end", outcome=RECOVERED, error=entry.error, left=False)
        return Recovery(entry, tuple(notes.done), tuple(left))
