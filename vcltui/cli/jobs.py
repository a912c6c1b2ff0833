"""`vcltui jobs`: the journal, and what killed operations left."""

from __future__ import annotations

import click

from vcltui.cli.change import clean_up
from vcltui.cli.output import Row, json_option, show
from vcltui.cli.text import say
from vcltui.cli.workspace import pass_workspace
from vcltui.errors import RefusedError
from vcltui.runtime.journal.entry import Entry
from vcltui.runtime.recovery import Recovery
from vcltui.runtime.workspace import Workspace

_MOST = 500


@click.command("jobs")
@click.option("--clean", is_flag=True, help="Undo what operations that were killed left.")
@click.option("--all", "list_all", is_flag=True, help=f"List more than the last {_MOST} too.")
@json_option
@pass_workspace
def jobs(workspace: Workspace, clean: bool, list_all: bool, as_json: bool) -> int:
    """List the last operations that changed something, newest first.

    With --clean, undo what operations left whose process was killed or whose undo failed, and
    list those; the exit code is 1 when something is still left.
    """
    if not clean:
        journal, most = workspace.journal, None if list_all else _MOST
        rows = [_entry_row(entry) for entry in journal.entries(most)]
        columns = ("started", "title", "host", "user", "outcome", "left", "error")
        show(rows, columns, as_json=as_json, nothing="Nothing was done yet.")
        older = 0 if most is None else journal.count() - most
        if older > 0:
            say(f"Not listed, but with --all: {older} older.")
        return 0
    if workspace.readonly:
        raise RefusedError("Nothing is cleaned up in read-only mode", "Leave out --readonly")
    found = clean_up(workspace)
    show(
        [_recovery_row(recovery) for recovery in found],
        ("title", "host", "done", "left"),
        as_json=as_json,
        nothing="Nothing was left to clean up.",
    )
    return 1 if any(recovery.left for recovery in found) else 0


def _entry_row(entry: Entry) -> Row:
    return {
        "id": entry.operation_id,
        "kind": entry.kind,
        "target": entry.target,
        "host": entry.host,
        "title": entry.title,
        "user": entry.user,
        "pid": entry.pid,
        "started": entry.started,
        "ended": entry.ended,
        "outcome": entry.outcome,
        "step": entry.step,
        "error": entry.error,
        "left": bool(entry.undo),
        "details": entry.details,
    }


def _recovery_row(recovery: Recovery) -> Row:
    return {
        "id": recovery.entry.operation_id,
        "kind": recovery.entry.kind,
        "target": recovery.entry.target,
        "host": recovery.entry.host,
        "title": recovery.entry.title,
        "done": recovery.done,
        "left": recovery.left,
    }
