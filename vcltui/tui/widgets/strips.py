"""The line above every screen and the jobs below it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from vcltui.runtime.fleet.models import HostState
from vcltui.runtime.jobs.models import Job, JobState
from vcltui.tui.desk import Desk
from vcltui.tui.hanging import hang
from vcltui.tui.listings.hosts import Summary, trouble_of
from vcltui.tui.tones import ATTENTION
from vcltui.tui.widgets.steady import SteadyText
from vcltui.tui.words import count, duration, plain

WIDE_CELLS = 110
"""A terminal of so many columns is wide, one of fewer narrow."""
_TROUBLE_LINES, _TROUBLE_LINES_NARROW = 4, 3
"""How high what is not well may stand below the status; one alone is always told to its end."""
_JOBS_SHOWN = 3
"""Where it is wide; where it is narrow, one."""
_ENDED_SECONDS = 60.0
"""How long a job stays in the strip after its end; in the list of jobs it stays."""


class StatusLine(SteadyText):
    """Hosts up, domains on, reservations, the inventory, and what is not well."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="status")
        self._desk = desk
        self._summary = Summary()

    def refresh_facts(self) -> None:
        """Show what is so now."""
        fleet, hosts = self._desk.fleet, self._desk.fleet.hosts()
        text = Text(no_wrap=True, overflow="ellipsis").append(" vcltui ", "bold reverse")
        for word, is_so in (
            ("SANDBOX", self._desk.workspace.config.sandbox),
            ("READ-ONLY", self._desk.readonly),
        ):
            if is_so:
                text.append(f"  {word}", "bold")
        text.append(f"   {self._summary.of(hosts)}")
        inventory, troubles = fleet.inventory, list[str]()
        if inventory.problem is not None:
            troubles.append(f"inventory: {plain(inventory.problem)}")
        elif inventory.exists:
            text.append(f"   {count(len(inventory.reservations), 'reservation')}")
            diagnosis = self._desk.examiner.diagnosis
            stuck = len(diagnosis.stuck) if diagnosis else 0
            text.append(", " if stuck else "").append(f"{stuck} stuck" if stuck else "", ATTENTION)
        lost = [host for host in hosts if host.state is HostState.UNREACHABLE]
        troubles += [f"{self._desk.glyphs.down} {plain(trouble_of(host))}" for host in lost]
        self.show(self._with_troubles(text, troubles))

    def _with_troubles(self, text: Text, troubles: Sequence[str]) -> Text:
        """Behind the facts where there is room for all, else below them, none cut off."""
        width = self.app.size.width
        in_line = "".join(f"   {words}" for words in troubles)
        if text.cell_len + cell_len(in_line) <= width:
            return text.append(in_line, ATTENTION)
        most = _TROUBLE_LINES if width >= WIDE_CELLS else _TROUBLE_LINES_NARROW
        lines: list[Text] = []
        for number, words in enumerate(troubles):
            broken = list(hang(Text(f" {words}", ATTENTION), width).split("\n"))
            left = len(troubles) - number
            # The worst comes first; of the others the screens have the reasons.
            if lines and len(lines) + len(broken) > most - (left > 1):
                lines.append(Text(f" and {count(left, 'host')} more: 1 has the reasons", ATTENTION))
                break
            lines += broken
        return Text("\n", no_wrap=True, overflow="ellipsis").join([text, *lines])


class JobsStrip(SteadyText):
    """What runs and what ended just now, a line for each job."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="jobs-strip")
        self._desk = desk

    def refresh_facts(self) -> None:
        """Show what is so now."""
        now = time.monotonic()
        jobs = [
            job
            for job in self._desk.jobs.all()
            if job.state.is_active or now - (job.ended or 0.0) < _ENDED_SECONDS
        ]
        # What runs comes before what has ended, the newest first in both.
        jobs.sort(key=lambda job: not job.state.is_active)
        text = Text(no_wrap=True, overflow="ellipsis")
        most = _JOBS_SHOWN if self.app.size.width >= WIDE_CELLS else 1
        more = len(jobs) - most
        for number, job in enumerate(jobs[:most], start=1):
            text.append("\n" if number > 1 else "")
            text.append_text(self._line(job, now, more if number == most else 0))
        if not jobs:
            text.append("No jobs running", "dim")
        self.show(text)

    def _line(self, job: Job, now: float, more: int) -> Text:
        """One job; `more` is how many there are besides those that are shown."""
        text = Text().append(f"{self._desk.glyphs.job(job.state)} {plain(job.title)}", "bold")
        text.append("  ").append(job.word, ATTENTION if job.state is JobState.FAILED else "")
        if job.state.is_active:
            text.append(f" {job.share:.0%}")
        text.append(f"  and {more} more" if more > 0 else "", "dim")
        if job.state.is_active:
            step = job.current.title if job.current else job.waits_for and f"for {job.waits_for}"
            text.append(f"  {plain(step or '')}")
        elapsed = job.elapsed_seconds(now)
        if elapsed is not None:
            text.append(f"  {duration(elapsed)}", "dim")
        return text
