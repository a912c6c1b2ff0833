"""What the console hears of its fleet and jobs, and what it tells of a job that ended."""

from __future__ import annotations

import logging
from typing import Any

from textual.app import App
from textual.message import Message

from vcltui.runtime.jobs.models import Job, JobState

_log = logging.getLogger(__name__)


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

    def can_replace(self, message: Message) -> bool:
        """A job's later state stands for the one before, but its end is never left out."""
        return (
            isinstance(message, JobChanged)
            and message.job.number == self.job.number
            and message.job.state.is_active
        )


def tell_end(app: App[Any], job: Job) -> None:
    """Log and show how a job ended."""
    _log.info("%s: %s%s", job.title, job.word, f": {job.message}" if job.message else "")
    if job.state is JobState.DONE:
        app.notify(job.title, title="Done", timeout=4, markup=False)
    else:
        app.notify(
            job.message or job.title,
            title=f"{job.title}: {job.word}",
            severity="error" if job.state is JobState.FAILED else "warning",
            timeout=15,
            markup=False,
        )
