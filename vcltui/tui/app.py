"""The console: an App of bindings over the fleet, the jobs and the action table."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ClassVar

from rich.syntax import Syntax
from rich.text import Text
from textual import work
from textual.app import App, ScreenStackError
from textual.binding import Binding, BindingType
from textual.message import Message

from vcltui.errors import VcltuiError
from vcltui.runtime.actions import ACTIONS, Action, Arguments, Danger, Input, Subject, possible
from vcltui.runtime.fleet import Fleet
from vcltui.runtime.job_models import Job, JobState
from vcltui.runtime.job_work import plan, work_for
from vcltui.runtime.jobs import Jobs
from vcltui.runtime.workspace import Workspace
from vcltui.tui.dialogs import Ask, Choose, Confirm, Reader, plan_text
from vcltui.tui.glyphs import ASCII, UNICODE
from vcltui.tui.overview import Overview

_BY_ID = {action.id: action for action in ACTIONS}
_REPAINT_SECONDS = 0.1


class FleetChanged(Message):
    """The fleet knows something new; many of them are one."""

    def can_replace(self, message: Message) -> bool:
        """The latest stands for all before it."""
        return isinstance(message, FleetChanged)


class JobChanged(Message):
    """A job moved on or ended."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class Console(App[None]):
    """The console on a workspace. It never blocks: all that waits is in threads of its own."""

    CSS_PATH = "console.tcss"
    TITLE = "vcltui"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="help"),
        Binding("q", "quit", "Quit", id="quit"),
        *(
            Binding(action.key, f"do('{action.id}')", action.label, tooltip=action.summary,
                    id=action.id)
            for action in ACTIONS
        ),
        Binding("y", "xml", "XML", tooltip="The domain's XML", id="xml"),
        Binding("ctrl+r", "refresh_all", "Refresh", show=False, id="refresh"),
    ]  # fmt: skip

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._glyphs = ASCII if workspace.config.ui.ascii else UNICODE
        self.fleet = Fleet.of(workspace)
        self.jobs = Jobs(workspace.config.jobs.copies_at_once)
        self._planners = ThreadPoolExecutor(2, thread_name_prefix="plan")
        self._overview = Overview(
            self.fleet,
            self._glyphs,
            sandbox=workspace.config.sandbox,
            readonly=workspace.readonly,
        )
        self._repaint_is_due = False

    def on_mount(self) -> None:
        """Show the overview, then begin to look at the hosts."""
        if self._workspace.config.ui.theme:
            self.theme = self._workspace.config.ui.theme
        self.set_class(self._workspace.config.ui.ascii, "-ascii")
        self.set_keymap(dict(self._workspace.config.ui.keys))
        self.push_screen(self._overview)
        self.fleet.subscribe(self._hear_fleet)
        self.jobs.subscribe(self._hear_job)
        self.fleet.start()

    def end(self) -> None:
        """Stop watching, and end what jobs are left; blocks until they are undone."""
        self.fleet.close()
        self.jobs.close(cancel=True)
        self._planners.shutdown(wait=False, cancel_futures=True)

    # --- what is heard; the first two from other threads ---

    def _hear_fleet(self) -> None:
        self.post_message(FleetChanged())

    def _hear_job(self, job: Job) -> None:
        self.post_message(JobChanged(job))

    def on_fleet_changed(self) -> None:
        """Repaint soon, ten times a second at most."""
        if not self._repaint_is_due:
            self._repaint_is_due = True
            self.set_timer(_REPAINT_SECONDS, self._repaint)

    def _repaint(self) -> None:
        self._repaint_is_due = False
        with suppress(ScreenStackError):  # the console is closing
            self._overview.refresh_facts()
            self.refresh_bindings()

    def on_job_changed(self, message: JobChanged) -> None:
        """Show the job in the strip, and tell how it ended."""
        job = message.job
        self._overview.show_jobs(sorted(self.jobs.all(), key=lambda one: -one.number))
        if job.state is JobState.DONE:
            self.notify(job.title, title="Done", markup=False)
            self.fleet.refresh(job.host)
        elif job.state in (JobState.FAILED, JobState.CANCELLED):
            self.notify(
                job.message or job.title,
                title=f"{job.title}: {job.word}",
                severity="error" if job.state is JobState.FAILED else "warning",
                timeout=15,
                markup=False,
            )
            self.fleet.refresh(job.host)

    # --- what is done ---

    @property
    def subject(self) -> Subject | None:
        """What actions are done to: the row of the cursor."""
        view = self._overview.chosen
        if view is None:
            return None
        return Subject(
            host=view.host,
            answers=not view.stale,
            domain=view.domain.name if view.domain else None,
            computer=view.computer.name if view.computer else None,
            power=view.domain.power if view.domain else None,
            readonly=self._workspace.readonly,
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Actions that are not possible on the chosen row are hidden."""
        if action == "do":
            return possible(_BY_ID[str(parameters[0])], self.subject) is None
        if action == "xml":
            subject = self.subject
            return subject is not None and subject.domain is not None
        return True

    def action_do(self, action_id: str) -> None:
        """Do an action of the table to the chosen row."""
        subject = self.subject
        if subject is not None:
            self._do(_BY_ID[action_id], subject)

    @work(group="actions", exit_on_error=False)
    async def _do(self, action: Action, subject: Subject) -> None:
        """Ask what is needed, show the plan, begin the job."""
        arguments = await self._arguments(action, subject)
        if arguments is None:
            return
        loop = asyncio.get_running_loop()
        try:
            operation = await loop.run_in_executor(
                self._planners, plan, self._workspace, action, subject, arguments
            )
        except VcltuiError as error:
            self.notify(str(error), title=action.label, severity="error", timeout=15, markup=False)
            return
        asks = action.danger in (Danger.INTERRUPTS, Danger.DELETES) or (
            action.needs is not Input.NOTHING
        )
        if asks and not await self.push_screen_wait(
            Confirm(f"{operation.title}?", plan_text(operation))
        ):
            return
        job_work = work_for(self._workspace, action, subject, arguments)
        self.jobs.submit(operation.title, subject.host, subject.name, subject.lock_name, job_work)

    async def _arguments(self, action: Action, subject: Subject) -> Arguments | None:
        """What the action has to be told; None when the question was left."""
        if action.needs is Input.NOTHING:
            return {}
        key, answer = "", None
        if action.needs is Input.IMAGE_NAME:
            key = "name"
            answer = await self.push_screen_wait(Ask(f"Name of the image of {subject.name}:"))
        elif action.needs is Input.SNAPSHOT_NAME:
            key = "snapshot"
            answer = await self.push_screen_wait(Ask(f"Name of the snapshot of {subject.name}:"))
        elif action.needs is Input.IMAGE:
            key = "image"
            images = [
                (one.name, f"{one.prettyname}, revision {one.revision}")
                for one in self.fleet.inventory.revisions
            ]
            answer = await self.push_screen_wait(Choose(f"Load onto {subject.name}:", images))
        elif action.needs is Input.SNAPSHOT:
            key = "snapshot"
            answer = await self._choose_snapshot(action, subject)
        return None if answer is None else {key: answer}

    async def _choose_snapshot(self, action: Action, subject: Subject) -> str | None:
        view = self._overview.chosen
        details = self.fleet.details(view.host, view.domain.uuid) if view and view.domain else None
        names = [(one.name, one.description) for one in details.snapshots] if details else []
        if not names:
            self.notify(f"{subject.name} has no snapshots", severity="warning", markup=False)
            return None
        return await self.push_screen_wait(Choose(f"{action.label}: {subject.name}", names))

    def action_xml(self) -> None:
        """Show the domain's XML."""
        view = self._overview.chosen
        if view is None or view.domain is None:
            return
        details = self.fleet.details(view.host, view.domain.uuid)
        if details is not None and details.xml:
            text = Syntax(details.xml, "xml").highlight(details.xml)
            self.push_screen(Reader(f"XML of {view.name}", text))

    def action_refresh_all(self) -> None:
        """Read everything again."""
        self.fleet.refresh()

    def action_help(self) -> None:
        """Show the keys, made from the action table."""
        text = Text()
        pairs = [(action.key, f"{action.label}: {action.summary}") for action in ACTIONS]
        pairs += [
            ("1 to 4", "Hosts, domains, the chosen domain, images"),
            ("tab", "The next pane"),
            ("enter", "On a host: its domains alone. On a domain: its details"),
            ("/", "Filter the domains: words, !not, power:on, image:..., host:..., flags:..."),
            ("esc", "No filter; back"),
            ("y", "The domain's XML"),
            ("ctrl+r", "Read everything again"),
            ("ctrl+p", "Commands"),
            ("q", "Quit"),
        ]
        for key, words in pairs:
            text.append(f"{key:>8}", "bold").append(f"  {words}\n")
        self.push_screen(Reader("Keys", text))

    async def action_quit(self) -> None:
        """Leave; with jobs running, ask first."""
        running = self.jobs.active()
        if not running:
            self.exit()
            return
        self._ask_to_quit([job.title for job in running])

    @work(group="actions", exit_on_error=False)
    async def _ask_to_quit(self, titles: list[str]) -> None:
        body = Text("These are running. Leaving cancels and undoes them:\n\n")
        body.append("\n".join(titles))
        if await self.push_screen_wait(Confirm("Leave?", body)):
            self.exit()


def run_console(workspace: Workspace) -> int:
    """Run the console until it is left; returns its exit code."""
    console = Console(workspace)
    try:
        console.run()
    finally:
        console.end()
    return console.return_code or 0
