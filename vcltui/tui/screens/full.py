"""The full screens: one listing each, and for jobs the steps and the log of the chosen one."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from vcltui.runtime.actions import Subject
from vcltui.runtime.jobs.models import Job, JobState
from vcltui.runtime.jobs.past import past_jobs
from vcltui.runtime.log_lines import LogLine
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import passing
from vcltui.tui.dialogs.reading import Reader
from vcltui.tui.job_text import job_text
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.jobs import JobList
from vcltui.tui.listings.log import Log
from vcltui.tui.mending import Mendable
from vcltui.tui.places import Place
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.widgets.record_table import RecordTable
from vcltui.tui.widgets.steady import SteadyText
from vcltui.tui.words import plain, plain_lines


class FullScreen(ConsoleScreen):
    """One listing over the whole screen."""

    def __init__(self, desk: Desk, listing: Listing[Any], *, enter_goes: bool = True) -> None:
        super().__init__(desk)
        self._list = ListPane(listing, id=listing.id, enter_goes=enter_goes)

    def body(self) -> ComposeResult:
        """As ConsoleScreen.body."""
        yield self._list

    def on_mount(self) -> None:
        """Keys go to the list."""
        self._list.table.focus()

    def arrive(self, place: Place) -> None:
        """Narrow the list to what is meant."""
        if place.filter is not None:
            self._list.narrow(place.filter)

    def show_facts(self) -> None:
        """As ConsoleScreen.show_facts."""
        self._list.refresh_rows()


class LogScreen(FullScreen):
    """The log; a line that is too long for the list is read by itself."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, Log(desk), enter_goes=False)

    @on(RecordTable.Chosen)
    def read_line(self) -> None:
        """Show the whole line of the cursor."""
        line = self._list.item
        if isinstance(line, LogLine):
            title = f"{line.time.astimezone():%Y-%m-%d %H:%M:%S}  {line.level}  {line.source}"
            self.app.push_screen(Reader(plain(title), Text(plain_lines(line.text))))


class JobsScreen(FullScreen):
    """The jobs over the steps and the log of the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel_job", "Cancel", id="job_cancel",
                tooltip="Stop the job and undo what it did"),
        Binding("r", "retry_job", "Try again", id="job_retry",
                tooltip="Begin a job that failed or was cancelled once more"),
    ]  # fmt: skip

    OWN_ACTIONS = ("cancel_job", "retry_job", "mend")

    def __init__(self, desk: Desk) -> None:
        self._jobs = JobList(desk)
        super().__init__(desk, self._jobs)
        self._list.set_class(True, "upper")
        self._text = SteadyText()
        self._newest = 0

    def body(self) -> ComposeResult:
        """The list over the chosen job."""
        yield self._list
        with VerticalScroll(id="job-detail", classes="pane"):
            yield self._text

    def on_mount(self) -> None:
        """Keys go to the list."""
        self.query_one("#job-detail").border_title = "Steps and log"

    def on_screen_resume(self) -> None:
        """The journal may tell of more than the last time, and what is new is looked at first."""
        self.reread()
        newest = max((job.number for job in self.desk.jobs.all()), default=0)
        if newest > self._newest:
            self._newest = newest
            self._list.refresh_rows()
            self._list.table.move_to(str(newest))

    def reread(self) -> None:
        """Read the journal again."""
        self.read(lambda: past_jobs(self.desk.workspace.journal), self._take_past)

    def _take_past(self, found: tuple[Job, ...]) -> None:
        self._jobs.past = found

    @property
    def job(self) -> Job | None:
        """The job of the cursor."""
        item = self._list.item
        return item if isinstance(item, Job) else None

    @property
    def subject(self) -> Subject | None:
        """A job is nothing that actions are done to."""
        return None

    def show_facts(self) -> None:
        """As ConsoleScreen.show_facts."""
        self._list.refresh_rows()
        self._show_job()

    @on(ListPane.Moved)
    def _show_job(self) -> None:
        job = self.job
        self._text.show(job_text(job, self.desk.glyphs) if job else Text("No job", "dim"))

    def own_refusal(self, action: str) -> str | None:
        """As ConsoleScreen.own_refusal; what runs is cancelled, what failed tried again."""
        if action not in ("cancel_job", "retry_job"):
            return super().own_refusal(action)
        job = self.job if self.is_mounted else None
        if job is None:
            return "there is no job"
        if job.number < 0:
            return "another process ran it"
        if action == "cancel_job":
            if job.cancelling and job.state.is_active:
                return "it is cancelled already"
            return None if job.state.is_active else f"it has ended: {job.word}"
        return None if job.state in (JobState.FAILED, JobState.CANCELLED) else "it did not fail"

    @property
    def mendable(self) -> tuple[Mendable, ...]:
        """A job is nothing that something is found about."""
        return ()

    def action_cancel_job(self) -> None:
        """Ask, then cancel the job of the cursor."""
        job = self.job
        if job is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.jobs.cancel(job.number)

        def now() -> Job:
            return next((one for one in self.desk.jobs.all() if one.number == job.number), job)

        def body() -> Text:
            words = "It stops at its present step, and what its steps made is undone."
            return Text(f"{words}\n\n{plain(now().gone)}".rstrip())

        def pointless() -> str | None:
            one = now()
            return None if one.state.is_active else f"{plain(one.title)} has ended: {one.word}"

        title = f"Cancel {plain(job.title)!r}?"
        self.app.push_screen(passing.PassingConfirm(title, body, pointless), answered)

    def action_retry_job(self) -> None:
        """Begin the job of the cursor once more, as a new job."""
        job = self.job
        if job is not None:
            self.desk.jobs.retry(job.number)
