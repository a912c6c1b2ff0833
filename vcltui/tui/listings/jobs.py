"""The jobs since the console was opened, and what the journal has of those before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from vcltui.runtime.jobs.models import Job, JobState
from vcltui.tui.desk import Desk
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.listings.base import Listing
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import duration, plain

_BAR_CELLS = 10


class JobList(Listing[Job]):
    """Every job, the newest first."""

    id = "jobs"
    title = "Jobs"
    can_mark = False
    columns = (
        Column("state", "STATE", 12, letter="S"),
        Column("title", "JOB", 26, grow=True, middle=True, letter="N"),
        Column("progress", "PROGRESS", 15, drop=1),
        Column("steps", "STEPS", 5, right=True, drop=2),
        Column("elapsed", "ELAPSED", 12, right=True, letter="E"),
        Column("now", "NOW", 10, grow=True, drop=5),
        Column("host", "HOST", 6, grow=True, middle=True, drop=3, letter="H"),
        Column("began", "BEGAN", 10, drop=4, letter="B"),
    )

    ages = ("elapsed",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.past: tuple[Job, ...] = ()

    def items(self) -> Sequence[Job]:
        """As Listing.items."""
        return [*self.desk.jobs.all(), *self.past]

    def key(self, item: Job) -> str:
        """As Listing.key."""
        return str(item.number)

    def record(self, item: Job) -> Record:
        """As Listing.record."""
        failed = item.state is JobState.FAILED
        now = item.current.title if item.current else item.waits_for and f"waits: {item.waits_for}"
        cells = (
            Cell(f"{self.desk.glyphs.job(item.state)} {item.word}", "attention" if failed else ""),
            Cell(plain(item.title), "strong"),
            Cell(bar(item.share, self.desk.glyphs) if item.state.is_active else ""),
            Cell(f"{item.steps_done}/{len(item.steps)}" if item.steps else "-"),
            Cell(_elapsed(item)),
            Cell(plain(now or (item.message if failed else ""))),
            Cell(plain(item.host)),
            Cell(began(item.log[0].time) if item.log else "-", "dim"),
        )
        return Record(self.key(item), cells, dim=item.number < 0)

    def values(self, item: Job, record: Record) -> list[str]:
        """The cells, the state as a word alone."""
        return [item.word, *super().values(item, record)[1:]]

    def age(self, item: Job, column: str) -> str:
        """As Listing.age."""
        return _elapsed(item)

    def order(self, item: Job, column: str, text: str) -> object | None:
        """As Listing.order."""
        if column == "elapsed":
            return item.elapsed_seconds(time.monotonic())
        if column == "progress":
            return item.share
        if column == "began":
            return item.log[0].time if item.log else None
        return super().order(item, column, text)

    def nowhere(self, item: Job) -> str:
        """As Listing.nowhere."""
        return "Its steps and its log stand below"

    def is_fault(self, item: Job) -> bool:
        """As Listing.is_fault."""
        return item.state is JobState.FAILED

    def empty(self) -> str:
        """As Listing.empty."""
        return "No jobs yet: what is changed from here runs as one, and stays in this list"


def began(when: datetime) -> str:
    """The time of today, the day of all others."""
    here = when.astimezone()
    is_today = here.date() == datetime.now().astimezone().date()
    return f"{here:%H:%M}" if is_today else f"{here:%Y-%m-%d}"


def _elapsed(job: Job) -> str:
    elapsed = job.elapsed_seconds(time.monotonic())
    return duration(elapsed) if elapsed is not None else "-"


def bar(share: float, glyphs: Glyphs) -> str:
    """A share, 0.0 to 1.0, as a bar and a number."""
    full = min(_BAR_CELLS, int(share * _BAR_CELLS))
    return f"{glyphs.bar_full * full}{glyphs.bar_empty * (_BAR_CELLS - full)} {share:4.0%}"
