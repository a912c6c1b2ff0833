"""The jobs screen: every job since the start, and the steps and the log of the chosen one."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from vcltui.runtime.job_models import Job, JobState, StepState
from vcltui.runtime.jobs import Jobs
from vcltui.tui.dialogs import Confirm
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.record_table import Cell, Column, Record, RecordTable
from vcltui.tui.words import duration, plain

_COLUMNS = (
    Column("state", "STATE", 12),
    Column("title", "JOB", 30, grow=True),
    Column("host", "HOST", 6, grow=True, drop=3),
    Column("steps", "STEPS", 5, right=True, drop=2),
    Column("bar", "PROGRESS", 15, drop=1),
    Column("elapsed", "ELAPSED", 12, right=True),
)
_BAR_CELLS = 10


class JobsScreen(Screen[None]):
    """Shows the jobs. `refresh_jobs` draws them anew; the app calls it when one has moved on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,5", "back", "Back", key_display="esc", id="jobs_back"),
        Binding(
            "c",
            "cancel_job",
            "Cancel",
            tooltip="Stop the job and undo what it did",
            id="job_cancel",
        ),
        Binding(
            "r", "retry_job", "Try again", tooltip="Begin a failed job once more", id="job_retry"
        ),
    ]

    def __init__(self, jobs: Jobs, glyphs: Glyphs) -> None:
        super().__init__()
        self._jobs, self._glyphs = jobs, glyphs
        self._offered: tuple[JobState, bool] | None = None

    def compose(self) -> ComposeResult:
        """The list over the chosen job."""
        table = RecordTable(_COLUMNS, id="job-list", ellipsis=self._glyphs.ellipsis)
        table.add_class("pane")
        table.border_title = "5 Jobs"
        yield table
        with VerticalScroll(id="job-detail", classes="pane"):
            yield Static(id="job-text")
        yield Footer()

    def on_mount(self) -> None:
        """Show what there is, and keep elapsed times true."""
        self.query_one("#job-detail").border_title = "Steps"
        self.query_one("#job-list").focus()
        self.refresh_jobs()
        self.set_interval(1.0, self.refresh_jobs)

    # --- what is shown ---

    @property
    def chosen(self) -> Job | None:
        """The job of the cursor."""
        key = self.query_one("#job-list", RecordTable).cursor_key
        return self._jobs.get(int(key)) if key is not None else None

    def refresh_jobs(self) -> None:
        """Show the jobs as they are now."""
        if not self.query("#job-text"):
            return
        now = time.monotonic()
        table = self.query_one("#job-list", RecordTable)
        table.show([self._row(job, now) for job in self._jobs.all()], "No jobs yet")
        self._show_chosen()

    @on(RecordTable.Moved, "#job-list")
    def _show_chosen(self) -> None:
        job = self.chosen
        text = Text() if job is None else job_text(job, self._glyphs)
        self.query_one("#job-text", Static).update(text)
        offered = None if job is None else (job.state, job.cancelling)
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _row(self, job: Job, now: float) -> Record:
        elapsed = job.elapsed_seconds(now)
        failed = job.state is JobState.FAILED
        cells = (
            Cell(f"{self._glyphs.job(job.state)} {job.word}", "attention" if failed else ""),
            Cell(plain(job.title), "strong"),
            Cell(plain(job.host)),
            Cell(f"{job.steps_done}/{len(job.steps)}" if job.steps else "-"),
            Cell(bar(job.share, self._glyphs)),
            Cell(duration(elapsed) if elapsed is not None else "-"),
        )
        return Record(str(job.number), cells)

    # --- what is done ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what runs can be cancelled, only what failed tried again."""
        if action not in ("cancel_job", "retry_job"):
            return True
        job = self.chosen if self.is_mounted else None
        if job is None:
            return False
        if action == "cancel_job":
            return job.state.is_active and not job.cancelling
        return job.state in (JobState.FAILED, JobState.CANCELLED)

    def action_cancel_job(self) -> None:
        """Ask, then cancel the job of the cursor."""
        job = self.chosen
        if job is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._jobs.cancel(job.number)

        body = Text("It stops at its present step, and what its steps made is undone.")
        self.app.push_screen(Confirm(f"Cancel {plain(job.title)!r}?", body), answered)

    def action_retry_job(self) -> None:
        """Begin the job of the cursor once more, as a new job."""
        job = self.chosen
        if job is not None:
            self._jobs.retry(job.number)

    def action_back(self) -> None:
        """Leave the screen; the jobs go on."""
        self.dismiss(None)


def bar(share: float, glyphs: Glyphs) -> str:
    """A share, 0.0 to 1.0, as a bar and a number."""
    full = min(_BAR_CELLS, int(share * _BAR_CELLS))
    return f"{glyphs.bar_full * full}{glyphs.bar_empty * (_BAR_CELLS - full)} {share:4.0%}"


def job_text(job: Job, glyphs: Glyphs) -> Text:
    """A job's title, why it failed, its steps and its log."""
    text = Text()
    text.append(f"{plain(job.title)}\n", "bold")
    text.append(f"{glyphs.job(job.state)} {job.word}, on {plain(job.host)}\n")
    if job.waits_for:
        text.append(f"{glyphs.waiting} waits for {job.waits_for}\n")
    if job.message:
        text.append(f"{glyphs.attention} {plain(job.message)}\n", "bold")
    for key, value in sorted(job.details.items()):
        text.append(f"{plain(key)}: {plain(value)}\n", "dim")
    text.append("\nSteps\n" if job.steps else "\nIts steps are not planned yet\n", "bold underline")
    for step in job.steps:
        quiet = "dim" if step.state is StepState.PENDING else ""
        text.append(f"{glyphs.step(step.state)} {plain(step.title)}", quiet)
        if step.state is StepState.RUNNING and step.share is not None:
            text.append(f"  {bar(step.share, glyphs)}")
        elif step.state is not StepState.DONE:
            text.append(f"  {step.state.value}", "dim")
        text.append("\n")
        if step.note:
            text.append(f"    {plain(step.note)}\n", "dim")
    text.append("\nLog\n", "bold underline")
    for line in job.log:
        text.append(f"{line.time.astimezone():%H:%M:%S}  ", "dim").append(f"{plain(line.text)}\n")
    return text
