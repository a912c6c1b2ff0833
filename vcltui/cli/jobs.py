"""`vcltui jobs`: the journal, and what killed operations left."""

from __future__ import annotations

import click

from vcltui.cli.change import clean_up
from vcltui.cli.output import Row, json_option, show
from vcltui.cli.text import printable, say
from vcltui.cli.workspace import pass_workspace
from vcltui.errors import NotFoundError, RefusedError
from vcltui.runtime.journal.entry import Entry
from vcltui.runtime.journal.steps import EntryStep
from vcltui.runtime.recovery import Recovery
from vcltui.runtime.workspace import Workspace

_MOST = 500


@click.command("jobs")
@click.argument("job", metavar="[NUMBER|ID]", required=False)
@click.option("--clean", is_flag=True, help="Undo what operations that were killed left.")
@click.option("--all", "list_all", is_flag=True, help=f"List more than the last {_MOST} too.")
@json_option
@pass_workspace
def jobs(workspace: Workspace, job: str | None, clean: bool, list_all: bool, as_json: bool) -> int:
    """List the last operations that changed something, newest first.

    With NUMBER or ID, as the list has them, show the steps of one and what it ended with. The
    newest has the number 1.

    With --clean, undo what operations left whose process was killed or whose undo failed, and
    list those; the exit code is 1 when something is still left.
    """
    if job is not None:
        if clean or list_all:
            raise click.UsageError("--clean and --all are not about one job.")
        _show_one(*_found(workspace, job), as_json=as_json)
        return 0
    if not clean:
        journal, most = workspace.journal, None if list_all else _MOST
        rows = [_entry_row(*each) for each in enumerate(journal.entries(most), start=1)]
        columns = ("number", "id", "started", "title", "host", "user", "outcome", "left", "error")
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


def _found(workspace: Workspace, job: str) -> tuple[int | None, Entry]:
    """A job by its id, or by its number as the list counts. Raises NotFoundError."""
    journal = workspace.journal
    entry = journal.find(job)
    if entry is not None:
        return None, entry
    number = int(job) if job.isdecimal() and len(job) <= len(str(journal.count())) else 0
    entries = journal.entries(number) if number else []
    if not number or len(entries) < number:
        raise NotFoundError(f"There is no job {job!r}", "List them with `vcltui jobs --all`")
    return number, entries[-1]


def _show_one(number: int | None, entry: Entry, *, as_json: bool) -> None:
    if as_json:
        show([_entry_row(number, entry)], as_json=True)
        return
    click.echo(printable(f"{entry.title} on {entry.host}, by {entry.user}: {entry.outcome}"))
    if entry.error:
        click.echo(printable(f"Error: {entry.error}"))
    if entry.undo:
        click.echo("Something may be left of it: run `vcltui jobs --clean`.")
    for key, value in sorted(entry.details.items()):
        click.echo(printable(f"{key}: {value}"))
    rows = [{"step": one.title, **_step_row(one)} for one in entry.steps]
    show(rows, ("step", "state", "seconds", "note"), as_json=False)


def _step_row(step: EntryStep) -> Row:
    took = None
    if step.started is not None and step.ended is not None:
        took = round((step.ended - step.started).total_seconds(), 3)
    return {
        "name": step.name,
        "title": step.title,
        "state": step.state.value,
        "note": step.note or None,
        "started": step.started,
        "ended": step.ended,
        "seconds": took,
    }


def _entry_row(number: int | None, entry: Entry) -> Row:
    return {
        "number": number,
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
        "steps": [_step_row(one) for one in entry.steps],
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
