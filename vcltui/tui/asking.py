"""Asks what an action has to be told besides its subject."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from textual.app import App

from vcltui.disks.formats import DISK_FORMATS
from vcltui.errors import VcltuiError
from vcltui.hypervisor.snapshots import list_snapshots
from vcltui.models.basenames import check_base_name, final_image_name
from vcltui.models.domain import Snapshot
from vcltui.models.names import captured_image_name, check_pretty_name
from vcltui.runtime.actions import Action, Input, Subject
from vcltui.tui.base_questions import base_questions
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs.simple import Ask, Choose
from vcltui.tui.listings.snapshots import descendants, snapshot_tree
from vcltui.tui.words import count, moment, plain, size

Known = dict[str, str]


class Asker:
    """Asks the questions of an action one after another; `ask` is None when one was left.

    `known` is what was told before, by the keys of `Input`.
    """

    def __init__(
        self, app: App[None], desk: Desk, action: Action, subjects: Sequence[Subject]
    ) -> None:
        self._app, self._desk, self._action = app, desk, action
        self._subjects = tuple(subjects)
        self._questions: dict[Input, Callable[[Known], Awaitable[str | None]]] = {
            Input.IMAGE: self._image,
            Input.COMPUTER: self._computer,
            Input.IMAGE_NAME: self._image_name,
            Input.SNAPSHOT: self._snapshot,
            Input.SNAPSHOT_NAME: self._snapshot_name,
            Input.CHILDREN: self._children,
            Input.FILES: self._files,
            Input.DESTINATION: self._destination,
            Input.FORMAT: self._format,
            **base_questions(app, desk, self._subjects[0]),
        }

    async def ask(self, known: Known) -> Known | None:
        """What the action is told in all."""
        answers = dict(known)
        for need in self._action.needs:
            if need.value in answers or need not in self._questions:
                continue
            answer = await self._questions[need](answers)
            if answer is None:
                return None
            answers[need.value] = answer
        return answers

    @property
    def _names(self) -> str:
        first = self._subjects[0].name
        return first if len(self._subjects) == 1 else f"{first} and {len(self._subjects) - 1} more"

    async def _choose(self, question: str, choices: Sequence[tuple[str, str]]) -> str | None:
        return await self._app.push_screen_wait(Choose(question, choices))

    def _tell(self, words: str) -> None:
        self._app.notify(words, title=self._action.label, severity="warning", markup=False)

    async def _image(self, _known: Known) -> str | None:
        if self._subjects[0].image is not None:
            return self._subjects[0].image
        images = [
            (one.name, f"{one.prettyname}, revision {one.revision}, {one.os.prettyname}")
            for one in self._desk.fleet.inventory.revisions
            if not one.deleted
        ]
        if not images:
            self._tell("The inventory knows no image: import or capture one first")
            return None
        return await self._choose(f"Load which image onto {self._names}?", images)

    async def _computer(self, _known: Known) -> str | None:
        subject = self._subjects[0]
        if subject.computer is not None:
            return subject.computer
        computers = [
            (
                view.computer.name,
                f"on {view.host}, {view.domain.power.value}: {view.image or 'no image'}"
                if view.domain
                else f"on {view.host}, empty",
            )
            for view in self._desk.fleet.domains()
            if view.computer is not None and not view.stale
        ]
        if not computers:
            self._tell("The inventory knows no computer on a host that answers")
            return None
        return await self._choose(f"Load {self._names} onto which computer?", computers)

    async def _image_name(self, known: Known) -> str | None:
        base = known.get(Input.SYSTEM.value)
        system = base or self._system()

        def preview(text: str) -> str:
            if base is not None:
                check_base_name(text, base)
                made = final_image_name(base, text, 0).replace("-0-v", "-<next id>-v")
                return f"The image will be named {made}"
            check_pretty_name(text)
            made = captured_image_name(system, text, 0, 1).replace("-0-v1", "-<next id>-v1")
            return f"The image will be named {made}"

        files = known.get(Input.FILES.value)
        what = f"of {files.splitlines()[0]}" if files else f"captured from {self._names}"
        explanation = (
            "It becomes a new image of the inventory."
            if files
            else "Its guest is prepared and shut down, its disk is copied whole. "
            "The next step shows every file that will be written."
        )
        question = f"Name of the image {what}:"
        ask = Ask(question, explanation=explanation, preview=preview)
        return await self._app.push_screen_wait(ask)

    def _system(self) -> str:
        """The operating system that the name of a new image begins with."""
        subject = self._subjects[0]
        for view in self._desk.fleet.domains(subject.host):
            if view.computer is not None and view.computer.name == subject.computer:
                for one in self._desk.fleet.inventory.revisions:
                    if one.name == view.image:
                        return one.os.name
        return "linux"

    async def _snapshot(self, _known: Known) -> str | None:
        subject = self._subjects[0]
        if subject.snapshot is not None:
            return subject.snapshot
        found = await self._snapshots(subject)
        if not found:
            if found is not None:
                self._tell(f"No snapshot can be chosen: {subject.name} has none")
            return None
        tree = snapshot_tree(found, self._desk.glyphs)
        choices = [(branch.snapshot.name, _about(branch.snapshot)) for branch in tree]
        question = f"{self._action.label}: which of {self._names}?"
        leads = [branch.lines for branch in tree]
        return await self._app.push_screen_wait(Choose(question, choices, leads))

    async def _snapshot_name(self, _known: Known) -> str | None:
        question = f"Name of the snapshot of {self._names}:"
        return await self._app.push_screen_wait(Ask(question))

    async def _children(self, known: Known) -> str | None:
        """Only asked where others stand on the snapshot."""
        subject, name = self._subjects[0], known.get(Input.SNAPSHOT.value, "")
        found = await self._snapshots(subject)
        if found is None:
            return None
        others = descendants(found, name)
        if not others:
            return "no"
        names = ", ".join(map(plain, others))
        choices = [
            ("only this one", f"what stands on it stays: {names}"),
            ("with all that stand on it", f"{count(len(others) + 1, 'snapshot')} go: {names}"),
        ]
        answer = await self._choose(f"Delete snapshot {name}:", choices)
        return None if answer is None else ("no" if answer == choices[0][0] else "yes")

    async def _snapshots(self, subject: Subject) -> Sequence[Snapshot] | None:
        """The snapshots that a domain has now; None where they can't be read, which is told.

        Not those that are shown: a host's look follows the cursor, which may be on another row.
        """

        def read() -> Sequence[Snapshot]:
            session = self._desk.workspace.session(subject.host)
            return list_snapshots(session.connection, subject.uuid or "")

        try:
            return await asyncio.get_running_loop().run_in_executor(self._desk.readers, read)
        except VcltuiError as error:
            self._tell(f"The snapshots of {subject.name} could not be read: {error}")
            return None

    async def _files(self, _known: Known) -> str | None:
        question = f"Disk file on {self._subjects[0].host} to import:"
        explanation = "An absolute path on the host. It is copied, the file itself stays."
        return await self._app.push_screen_wait(Ask(question, explanation=explanation))

    async def _format(self, _known: Known) -> str | None:
        formats = [(name, "") for name in sorted(DISK_FORMATS)]
        return await self._choose(f"Convert {self._names} to which format?", formats)

    async def _destination(self, known: Known) -> str | None:
        subject = self._subjects[0]
        stem = subject.path.rpartition(".")[0] or subject.path
        suggested = f"{stem}-converted.{known.get(Input.FORMAT.value, 'qcow2')}"
        question = f"The new file on {subject.host}:"
        found = self._desk.fleet.host(subject.host)
        free = found.datastore_free_bytes if found else None
        explanation = f"{size(free)} are free in the datastore." if free is not None else ""
        return await self._app.push_screen_wait(
            Ask(question, value=suggested, explanation=explanation)
        )


def _about(snapshot: Snapshot) -> str:
    words = (moment(snapshot.creation_time), snapshot.state)
    more = ("current" if snapshot.is_current else "", snapshot.description)
    return "  ".join(filter(None, (*words, *more)))
