"""From an action and what it is done to, to the jobs: asks, plans, confirms, submits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import App

from vcltui.errors import VcltuiError
from vcltui.operations.step import Operation
from vcltui.runtime.actions import Action, Arguments, Danger, Subject, possible
from vcltui.runtime.jobs import work as job_work
from vcltui.tui import asking
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import confirm
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.words import count, plain

if TYPE_CHECKING:
    from vcltui.tui.asking import Known
    from vcltui.tui.dialogs.confirm import Confirm


@dataclass(frozen=True, slots=True)
class _Planned:
    """What would be done to one subject, or why it can't be."""

    subject: Subject
    operation: Operation | None = None
    lock_name: str = ""
    problem: str = ""


async def conduct(
    app: App[None], desk: Desk, action: Action, subjects: Sequence[Subject], known: Known
) -> None:
    """Do an action to one subject or to several. To be awaited in a worker.

    One question lists all that would be done; what is not possible on a subject is said and
    left out. `known` is what need not be asked.
    """
    refused = [
        _Planned(subject, problem=reason)
        for subject in subjects
        if (reason := possible(action, subject)) is not None
    ]
    wanted = [subject for subject in subjects if possible(action, subject) is None]
    if not wanted:
        reasons = "\n".join(f"{one.subject.name}: {one.problem}" for one in refused)
        _tell(app, action, reasons or "Nothing is chosen")
        return
    arguments = await asking.Asker(app, desk, action, wanted).ask(known)
    if arguments is None:
        return
    planned = await _plan_all(desk, action, wanted, arguments) + refused
    possible_ones = [one for one in planned if one.operation is not None]
    if not possible_ones:
        _tell(app, action, "\n".join(one.problem for one in planned), severity="error")
        return
    disturbs = any(one.operation.warnings for one in planned if one.operation)
    if action.danger.asks or action.needs or len(planned) > 1 or disturbs:
        question = _question(action, planned, desk.glyphs)
        if not await app.push_screen_wait(question):
            return
    for one in possible_ones:
        if one.operation is not None:
            work = job_work.work_for(desk.workspace, action, one.subject, arguments, one.operation)
            title, host = one.operation.title, one.operation.host
            desk.jobs.submit(title, host, one.subject.name, one.lock_name, work)


async def _plan_all(
    desk: Desk, action: Action, subjects: Sequence[Subject], arguments: Arguments
) -> list[_Planned]:
    loop = asyncio.get_running_loop()

    def one(subject: Subject) -> _Planned:
        try:
            found = job_work.plan(desk.workspace, action, subject, arguments)
        except VcltuiError as error:
            return _Planned(subject, problem=str(error))
        return _Planned(subject, found.operation, found.lock_name)

    calls = (loop.run_in_executor(desk.readers, one, subject) for subject in subjects)
    return list(await asyncio.gather(*calls))


def _question(action: Action, planned: Sequence[_Planned], glyphs: Glyphs) -> Confirm:
    """What would be done, to each.

    What destroys, or disturbs somebody's reservation, is confirmed by typing a word.
    """
    doable = [one for one in planned if one.operation is not None]
    body, warning = Text(), ""
    if len(planned) == 1 and doable[0].operation is not None:
        operation = doable[0].operation
        body = confirm.plan_text(operation, glyphs)
        title, word = f"{operation.title}?", doable[0].subject.name
    else:
        title = f"{action.label}: {count(len(doable), 'target')}?"
        word = f"{action.label.lower()} {len(doable)}"
        names = ", ".join(plain(one.subject.name) for one in doable)
        left_out = [(one.subject.name, one.problem) for one in planned if one.operation is None]
        operations = [one.operation for one in doable if one.operation is not None]
        body.append(f"{names}\n\n", "bold")
        body.append_text(confirm.plans_text(left_out, operations, glyphs))
    disturbed = [f"{line}." for one in doable if one.operation for line in one.operation.warnings]
    if disturbed or (action.danger.asks and not all(_is_empty(one.subject) for one in doable)):
        warning = "\n".join([f"{action.summary}.", *disturbed])
    is_typed = action.danger is Danger.DESTROYS or (action.danger.asks and bool(disturbed))
    return confirm.Confirm(title, body, warning=warning, word=word if is_typed else "")


def _is_empty(subject: Subject) -> bool:
    """Whether nothing is on a computer that could be lost."""
    return subject.computer is not None and subject.domain is None


def _tell(app: App[None], action: Action, words: str, severity: str = "warning") -> None:
    app.notify(
        words,
        title=action.label,
        severity="error" if severity == "error" else "warning",
        timeout=15,
        markup=False,
    )
