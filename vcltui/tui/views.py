"""The actions that change nothing, and the editor: what each of them shows, and where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.app import App

from vcltui.errors import VcltuiError
from vcltui.models import guest
from vcltui.runtime import domain_xml, terminal_commands
from vcltui.runtime.actions import BASE_XML, Action, Input, Subject, possible
from vcltui.runtime.jobs import work as job_work
from vcltui.tui import conduct
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import simple
from vcltui.tui.places import Place
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.terminal import Terminal, edit

if TYPE_CHECKING:
    from vcltui.tui.asking import Known

Found = TypeVar("Found")
_PATIENCE_SECONDS = 0.5
"""An answer that takes longer is announced."""
_TABS = {"describe": "", "xml": "xml", "logs": "loadlog", "image_info": "", "image_check": "check"}


class Views:
    """Shows what is asked for. What waits for a host is read off the UI's thread."""

    def __init__(self, app: App[None], desk: Desk, terminal: Terminal) -> None:
        self._app, self._desk, self._terminal = app, desk, terminal

    def show(self, action: Action, subjects: Sequence[Subject]) -> None:
        """Show what an action shows of the first of `subjects`."""
        if not subjects:
            self._tell(action, "Nothing is chosen")
            return
        subject = subjects[0]
        reason = possible(action, subject)
        if reason is not None:
            self._tell(action, f"{subject.name}: {reason}")
        elif action.id in _TABS:
            self._go(action, subject)
        elif action.id == "copy":
            self._copy(subject)
        else:
            self._work(self._status(action, subject))

    def _work(self, coroutine: Coroutine[None, None, None]) -> None:
        self._app.run_worker(coroutine, group="views", exit_on_error=False)

    async def _read(self, call: Callable[..., Found], *arguments: object) -> Found:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._desk.readers, call, *arguments)

    def _tell(self, action: Action, words: str, *, error: bool = False) -> None:
        self._app.notify(
            words,
            title=action.label,
            severity="error" if error else "warning",
            timeout=15,
            markup=False,
        )

    def _go(self, action: Action, subject: Subject) -> None:
        tab = _TABS[action.id]
        if subject.image is not None:
            place = Place("image", subject.host, subject.path, tab)
        elif subject.uuid is not None:
            place = Place("domain", subject.host, subject.uuid, tab)
        elif subject.computer is None:
            place = Place("host", subject.host)
        else:
            self._tell(action, f"Nothing is loaded on {subject.computer}")
            return
        self._app.go(place)  # type: ignore[attr-defined]

    def _copy(self, subject: Subject) -> None:
        screen = self._app.screen
        what, text = "the name", subject.name
        if subject.domain is not None and subject.computer is None:
            text = subject.domain
        if isinstance(screen, ConsoleScreen) and screen.copied is not None:
            what, text = screen.copied
        self._app.copy_to_clipboard(text)
        shown = text if what == "the name" else f"{what} of {subject.name}"
        self._app.notify(shown, title="Copied to the clipboard", timeout=3, markup=False)

    async def _status(self, action: Action, subject: Subject) -> None:
        asked = asyncio.ensure_future(
            self._read(job_work.node_status, self._desk.workspace, subject)
        )
        await asyncio.wait({asked}, timeout=_PATIENCE_SECONDS)
        if not asked.done():
            self._app.notify(
                "Its guest is asked", title=f"{subject.name}: status", timeout=5, markup=False
            )
        try:
            found = await asked
        except VcltuiError as error:
            self._tell(action, str(error), error=True)
            return
        self._app.notify(
            found.reason,
            title=f"{subject.name}: {found.state.value}",
            severity="information" if found.state is guest.NodeState.READY else "warning",
            timeout=15,
            markup=False,
        )

    async def open_terminal(self, action: Action, subjects: Sequence[Subject]) -> None:
        """Open a shell or a console, in the terminal, of the first of `subjects`."""
        reason = possible(action, subjects[0] if subjects else None)
        if reason is not None:
            self._tell(action, reason)
            return
        subject = subjects[0]
        try:
            choices = await self._read(
                terminal_commands.terminal_choices, self._desk.workspace, subject
            )
            titles = [(one.title, one.command_line) for one in choices]
            if not titles:
                self._tell(action, f"There is no way to a shell of {subject.name}")
                return
            title: str | None = titles[0][0]
            # Who asked for a guest is not put on its host without a word.
            of_guest = subject.computer is not None or subject.domain is not None
            is_elsewhere = of_guest and choices[0].on_host
            if len(titles) > 1 or is_elsewhere:
                question = f"What to open for {subject.name}?"
                title = await self._app.push_screen_wait(simple.Choose(question, titles))
            for one in choices:
                if one.title == title:
                    title = f"{one.title}: the console is back when you leave it"
                    status = self._terminal.run(one.argv, title)
                    if status != 0:
                        self._tell(action, f"{one.title} ended with status {status}")
        except VcltuiError as error:
            self._tell(action, str(error), error=True)

    async def edit(self, action: Action, subjects: Sequence[Subject]) -> None:
        """Edit a domain's XML, then plan, show and do the change as for every action."""
        reason = possible(action, subjects[0] if subjects else None)
        if reason is not None:
            self._tell(action, reason)
            return
        subject = subjects[0]
        try:
            before = await self._read(domain_xml.read_editable_xml, self._desk.workspace, subject)
            known = await self._edited(action, subject, before)
        except VcltuiError as error:
            self._tell(action, str(error), error=True)
            return
        if known is None:
            self._app.notify(f"{subject.name} stays as it is", timeout=3, markup=False)
            return
        await conduct.conduct(self._app, self._desk, action, [subject], known)

    async def _edited(self, action: Action, subject: Subject, before: str) -> Known | None:
        """What an edit says, once it can be planned; None when it was dropped.

        What was typed is not lost when it is refused: it can be edited further.
        """
        text = before
        while True:
            edited = edit(self._terminal, text, f"{subject.name}.xml".replace("/", "_"))
            text = text if edited is None else edited
            if text == before:
                return None
            known = {Input.XML.value: text, BASE_XML: before}
            try:
                await self._read(job_work.plan, self._desk.workspace, action, subject, known)
            except VcltuiError as error:
                choices = [("edit again", "what you typed is still there"), ("drop it", "")]
                answer = await self._app.push_screen_wait(simple.Choose(str(error), choices))
                if answer != choices[0][0]:
                    return None
            else:
                return known
