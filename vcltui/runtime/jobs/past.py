"""What the journal tells of jobs that this process did not run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from vcltui.operations.runner import Outcome
from vcltui.runtime.jobs.models import Job, JobLine, JobState, JobStep, StepState
from vcltui.runtime.journal.entry import KILLED, RECOVERED, RUNNING, Entry
from vcltui.runtime.journal.journal import Journal

_STATES = {
    Outcome.DONE.value: JobState.DONE,
    Outcome.FAILED.value: JobState.FAILED,
    Outcome.CANCELLED.value: JobState.CANCELLED,
    RUNNING: JobState.RUNNING,
    KILLED: JobState.FAILED,
    RECOVERED: JobState.CANCELLED,
}
_MOST = 500


def past_jobs(journal: Journal) -> tuple[Job, ...]:
    """The operations of other processes as jobs, the newest first. Blocks for the files.

    Their numbers are negative, so that they are none of this process's.
    """
    entries = journal.entries_of_others(_MOST)
    # Counted from the oldest, so that a new one changes no other's number.
    oldest = len(entries)
    return tuple(_job(index - oldest, entry) for index, entry in enumerate(entries))


def _job(number: int, entry: Entry) -> Job:
    ended = entry.ended or (datetime.now(UTC) if entry.outcome == RUNNING else None)
    words = entry.error or ""
    if entry.outcome == KILLED:
        words = f"Its process was killed{f' at {entry.step}' if entry.step else ''}. "
        words += (
            "What it left is undone before the next change on that host."
            if entry.undo
            else "There is nothing to undo."
        )
    elif entry.outcome == RECOVERED:
        words = "Its process was killed, and what it left was undone."
    return Job(
        number,
        entry.title,
        entry.host,
        entry.target,
        state=_STATES.get(entry.outcome, JobState.FAILED),
        began=0.0,
        ended=(ended - entry.started).total_seconds() if ended else None,
        message=words,
        details=dict(entry.details),
        steps=tuple(JobStep(one.name, one.title, one.state, note=one.note) for one in entry.steps),
        log=tuple(_lines(entry, words)),
    )


def _lines(entry: Entry, words: str) -> Iterator[JobLine]:
    yield JobLine(entry.started, f"begun by {entry.user}")
    for one in entry.steps:
        if one.started is not None:
            yield JobLine(one.started, one.title)
        if one.ended is not None and one.note:
            failed = " failed" if one.state is StepState.FAILED else ""
            yield JobLine(one.ended, f"{one.title}{failed}: {one.note}")
    if entry.ended is not None:
        yield JobLine(entry.ended, f"{entry.outcome}: {words}" if words else entry.outcome)
