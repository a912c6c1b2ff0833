"""From findings to remedies that run as jobs: choose, see, confirm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from vcltui.doctor import catalogue
from vcltui.errors import VcltuiError
from vcltui.runtime import remedies
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import choosing, confirm
from vcltui.tui.words import count, plain

if TYPE_CHECKING:
    from vcltui.doctor.findings import Finding
    from vcltui.runtime.jobs.work import Planned
    from vcltui.tui.dialogs.confirm import Confirm

_MOST_NAMED = 5
_LOOK_SECONDS = 1.0
"""For so long it is looked which remedies would be refused, before they are offered."""


@dataclass(frozen=True, slots=True)
class Mendable:
    """A row that something was found about: what people call it, and the findings."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def letters(self) -> tuple[str, ...]:
        """The remedies of all its findings, each once."""
        return tuple(dict.fromkeys(one for found in self.findings for one in found.remedies))


class Mend(Message):
    """Somebody wants to mend what was found about these rows."""

    def __init__(self, rows: tuple[Mendable, ...]) -> None:
        super().__init__()
        self.rows = rows


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a remedy would do about a finding of a row, or why it would not."""

    name: str
    finding: Finding
    planned: Planned | None = None
    problem: str = ""


def shared_letters(rows: Sequence[Mendable]) -> tuple[str, ...]:
    """The remedies that every one of the rows has."""
    first, *others = rows
    return tuple(one for one in first.letters if all(one in row.letters for row in others))


def refusal(rows: Sequence[Mendable]) -> str | None:
    """Why nothing of these rows can be mended; None where it can."""
    if not rows:
        return "nothing that the doctor looks at is chosen"
    if not any(row.findings for row in rows):
        return "the doctor found nothing wrong with it"
    if not any(row.letters for row in rows):
        return "what was found has no remedy that is safe"
    if not shared_letters(rows):
        have = [f"{row.name} has {' '.join(row.letters) or 'none'}" for row in rows[:_MOST_NAMED]]
        more = [f"{len(rows) - len(have)} more"] if len(rows) > len(have) else []
        return f"the marked ones share no remedy: {', '.join(have + more)}"
    return None


async def mend(app: App[None], desk: Desk, rows: Sequence[Mendable]) -> None:
    """Let a remedy be chosen, show exactly what it would do, and do it as a job for each row.

    Of several rows those remedies are offered that all of them have. To be awaited in a worker.
    """
    reason = refusal(rows)
    if reason is not None:
        app.notify(
            f"{reason[:1].upper()}{reason[1:]}", title="Mend", severity="warning", markup=False
        )
        return
    at = datetime.now(UTC)
    chosen = await (_choose_of_one(app, desk, rows[0], at) if len(rows) == 1
                    else _choose_for_all(app, rows))  # fmt: skip
    if chosen is None:
        return
    letter, targets = chosen
    loop = asyncio.get_running_loop()
    calls = (
        loop.run_in_executor(desk.readers, _plan, desk, name, finding, letter, at)
        for name, finding in targets
    )
    plans = _without_doubles(await asyncio.gather(*calls))
    if not any(one.planned for one in plans):
        words = "\n".join(one.problem for one in plans)
        app.notify(words, title="Mend", severity="error", timeout=15, markup=False)
        return
    if not await app.push_screen_wait(_question(letter, plans, desk)):
        return
    for one in plans:
        if one.planned is not None:
            operation = one.planned.operation
            work = remedies.work_for_remedy(desk.workspace, one.finding, letter, at)
            desk.jobs.submit(
                operation.title, operation.host, operation.target, one.planned.lock_name, work
            )


_Chosen = tuple[str, list[tuple[str, "Finding"]]]


async def _choose_of_one(app: App[None], desk: Desk, row: Mendable, at: datetime) -> _Chosen | None:
    offers = [(finding, letter) for finding in row.findings for letter in finding.remedies]
    reasons: dict[int, str] = {}
    looking = asyncio.get_running_loop().run_in_executor(
        desk.readers, _look, desk, offers, at, reasons
    )
    await asyncio.wait({looking}, timeout=_LOOK_SECONDS)
    choices = [
        (
            f"{number}. {letter} {catalogue.REMEDIES[letter].label}",
            f"refused now: {reasons[number]}" if number in reasons else finding.summary,
        )
        for number, (finding, letter) in enumerate(offers, start=1)
    ]
    question = f"Which remedy for {plain(row.name)}?"
    answer = await app.push_screen_wait(choosing.ChooseWrapped(question, choices))
    if answer is None:
        return None
    finding, letter = offers[[choice for choice, _ in choices].index(answer)]
    return letter, [(row.name, finding)]


def _look(
    desk: Desk, offers: Sequence[tuple[Finding, str]], at: datetime, reasons: dict[int, str]
) -> None:
    """Note why offers, numbered from 1, would be refused; what takes too long stays open."""
    deadline = time.monotonic() + _LOOK_SECONDS
    for number, (finding, letter) in enumerate(offers, start=1):
        if time.monotonic() >= deadline:
            return
        problem = _plan(desk, "", finding, letter, at).problem
        if problem:
            reasons[number] = problem


async def _choose_for_all(app: App[None], rows: Sequence[Mendable]) -> _Chosen | None:
    names = ", ".join(plain(row.name) for row in rows)
    choices = [
        (f"{letter} {catalogue.REMEDIES[letter].label}", f"for each: {names}")
        for letter in shared_letters(rows)
    ]
    question = f"Which remedy for {count(len(rows), 'marked row')}?"
    answer = await app.push_screen_wait(choosing.ChooseWrapped(question, choices))
    if answer is None:
        return None
    letter = answer.partition(" ")[0]
    return letter, [
        (row.name, next(one for one in row.findings if letter in one.remedies)) for row in rows
    ]


def _plan(desk: Desk, name: str, finding: Finding, letter: str, at: datetime) -> _Plan:
    """Plan a remedy; blocks."""
    try:
        planned = remedies.plan_remedy(desk.workspace, finding, letter, at=at)
    except VcltuiError as error:
        return _Plan(name, finding, problem=str(error))
    return _Plan(name, finding, planned)


def _without_doubles(plans: Sequence[_Plan]) -> list[_Plan]:
    """Two findings of one reservation are mended by one remedy, which is not done twice."""
    found: dict[object, _Plan] = {}
    for number, one in enumerate(plans):
        key = (one.planned.lock_name, one.planned.operation.title) if one.planned else number
        found.setdefault(key, one)
    return list(found.values())


def _question(letter: str, plans: Sequence[_Plan], desk: Desk) -> Confirm:
    """What would be done, to each; what destroys is confirmed by typing a word."""
    remedy = catalogue.REMEDIES[letter]
    doable = [one.planned.operation for one in plans if one.planned is not None]
    if len(plans) == 1:
        title, word = f"{doable[0].title}?", doable[0].target
        body = confirm.plan_text(doable[0], desk.glyphs)
    else:
        title = f"{remedy.label}: {count(len(doable), 'target')}?"
        word = f"{remedy.label.lower()} {len(doable)}"
        left_out = [(one.name, one.problem) for one in plans if one.planned is None]
        body = confirm.plans_text(left_out, doable, desk.glyphs)
    warning = f"{remedy.summary}."
    return confirm.Confirm(title, body, warning=warning, word=word if remedy.destroys else "")
