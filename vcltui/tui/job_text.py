"""What the jobs screen says of one job."""

from __future__ import annotations

from rich.text import Text

from vcltui.runtime.jobs.models import Job, JobState, StepState
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.listings.jobs import bar
from vcltui.tui.tones import ATTENTION
from vcltui.tui.words import plain


def job_text(job: Job, glyphs: Glyphs) -> Text:
    """A job's title, why it failed, its steps and its log."""
    text = Text()
    text.append(f"{plain(job.title)}\n", "bold")
    failed = job.state is JobState.FAILED
    text.append(f"{glyphs.job(job.state)} {job.word}", ATTENTION if failed else "")
    text.append(f", on {plain(job.host)}\n")
    if job.waits_for:
        text.append(f"{glyphs.waiting} waits for {job.waits_for}\n")
    if job.message:
        text.append(f"{glyphs.attention} {plain(job.message)}\n", ATTENTION)
    for key, value in sorted(job.details.items()):
        text.append(f"{plain(key)}: {plain(value)}\n", "dim")
    if job.steps:
        text.append("\nSteps\n", "bold underline")
    elif job.state.is_active:
        text.append("\nIts steps are not planned yet\n", "dim")
    elif job.number < 0:
        text.append("\nAnother process ran it, and the journal has none of its steps\n", "dim")
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
