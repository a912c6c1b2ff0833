"""The questions before the capture of a base image, as VCL's setup asks them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from textual.app import App

from vcltui.errors import VcltuiError
from vcltui.models.basecapture import BaseCaptureChoices
from vcltui.runtime import base_choices
from vcltui.runtime.actions import Input, Subject
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import simple

Question = Callable[[dict[str, str]], Awaitable[str | None]]
_WAYS = (
    ("core", "this console prepares the guest, copies its disk and finishes the rows (Linux)"),
    ("vcld", "the rows are handed to vcld, which prepares the guest and captures"),
)


def base_questions(app: App[None], desk: Desk, subject: Subject) -> dict[Input, Question]:
    """The questions by what they ask for."""
    found: list[BaseCaptureChoices] = []

    async def choices() -> BaseCaptureChoices | None:
        if not found:
            loop = asyncio.get_running_loop()
            name = subject.computer or ""
            try:
                read = await loop.run_in_executor(
                    desk.readers, base_choices.base_choices, desk.workspace, name
                )
            except VcltuiError as error:
                app.notify(str(error), title="Base image", severity="error", markup=False)
                return None
            found.append(read)
        return found[0]

    async def choose(question: str, offers: Sequence[tuple[str, str]]) -> str | None:
        return await app.push_screen_wait(simple.Choose(question, offers))

    async def owner(_known: dict[str, str]) -> str | None:
        known = await choices()
        if known is None:
            return None
        return await choose("Who will own the image?", [(o.name, o.people) for o in known.owners])

    async def system(_known: dict[str, str]) -> str | None:
        known = await choices()
        if known is None:
            return None
        offers = [(one.name, one.prettyname) for one in known.systems]
        return await choose(f"Which operating system is on {subject.name}?", offers)

    async def architecture(_known: dict[str, str]) -> str | None:
        known = await choices()
        if known is None:
            return None
        offers = [(one, "") for one in reversed(known.architectures)]
        return await choose("The image's architecture?", offers)

    async def sysprep(answers: dict[str, str]) -> str | None:
        known = await choices()
        name = answers.get(Input.SYSTEM.value)
        systems = known.systems if known else ()
        if not any(one.name == name and one.is_windows for one in systems):
            return "no"
        return await choose("Use Sysprep?", [("yes", "as VCL does"), ("no", "")])

    async def way(_known: dict[str, str]) -> str | None:
        return await choose("Who captures?", _WAYS)

    return {
        Input.OWNER: owner,
        Input.SYSTEM: system,
        Input.ARCHITECTURE: architecture,
        Input.SYSPREP: sysprep,
        Input.WAY: way,
    }
