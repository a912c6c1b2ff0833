"""What a job is doing to a computer, a domain or an image at the moment."""

from __future__ import annotations

from collections.abc import Mapping

from vcltui.runtime.fleet.models import DomainView
from vcltui.runtime.jobs.jobs import Jobs
from vcltui.runtime.jobs.models import Job, JobState
from vcltui.tui.glyphs import Glyphs

Busy = Mapping[tuple[str, str], Job]
"""The jobs that have yet to end, by host and by what they are about."""


def busy(jobs: Jobs) -> Busy:
    """What is worked on; where several jobs wait, the one that began first."""
    # The newest comes first, and is overwritten by what is older.
    return {(job.host, job.target): job for job in jobs.active()}


def job_of(view: DomainView, found: Busy) -> Job | None:
    """The job that works on a domain or on its computer."""
    if not found:
        return None
    name = view.computer.name if view.computer else view.name
    return found.get((view.host, name))


def busy_words(job: Job, glyphs: Glyphs) -> str:
    """How far a job is, in a few words."""
    share = f" {job.share:.0%}" if job.steps else ""
    word = "busy" if job.word == JobState.RUNNING.value else job.word
    return f"{glyphs.job(job.state)} {word}{share}"
