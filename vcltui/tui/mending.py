"""From findings to a remedy that runs as a job: choose, see, confirm."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from vcltui.doctor import catalogue
from vcltui.errors import VcltuiError
from vcltui.runtime import remedies
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import confirm, simple

if TYPE_CHECKING:
    from vcltui.doctor.findings import Finding


class Mend(Message):
    """Somebody wants to mend what was found."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__()
        self.findings = findings


async def mend(app: App[None], desk: Desk, findings: tuple[Finding, ...]) -> None:
    """Let a remedy be chosen, show exactly what it would do, and do it as a job.

    To be awaited in a worker.
    """
    offers = [(finding, letter) for finding in findings for letter in finding.remedies]
    if not offers:
        app.notify("Nothing here has a remedy that is safe", title="Mend", severity="warning")
        return
    choices = [
        (f"{number}. {letter} {catalogue.REMEDIES[letter].label}", finding.summary)
        for number, (finding, letter) in enumerate(offers, start=1)
    ]
    answer = await app.push_screen_wait(simple.Choose("Which remedy?", choices))
    if answer is None:
        return
    finding, letter = offers[[choice for choice, _ in choices].index(answer)]
    loop = asyncio.get_running_loop()
    at = datetime.now(UTC)
    try:
        planned = await loop.run_in_executor(
            desk.readers, lambda: remedies.plan_remedy(desk.workspace, finding, letter, at=at)
        )
    except VcltuiError as error:
        app.notify(str(error), title="Mend", severity="error", timeout=15, markup=False)
        return
    operation = planned.operation
    remedy = catalogue.REMEDIES[letter]
    body, warning = confirm.plan_text(operation, desk.glyphs), f"{remedy.summary}."
    word = operation.target if remedy.destroys else ""
    if await app.push_screen_wait(
        confirm.Confirm(f"{operation.title}?", body, warning=warning, word=word)
    ):
        work = remedies.work_for_remedy(desk.workspace, finding, letter, at)
        title, target = operation.title, operation.target
        desk.jobs.submit(title, operation.host, target, planned.lock_name, work)
