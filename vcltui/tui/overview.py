"""The overview: hosts, domains, the chosen domain and the host's images side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult, ScreenStackError
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from vcltui.runtime.fleet import Fleet
from vcltui.runtime.fleet_models import DomainView, HostState
from vcltui.runtime.job_models import Job
from vcltui.tui import rows
from vcltui.tui.details import domain_text
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.record_table import Column, RecordTable
from vcltui.tui.words import age, duration, plain

PANES = ("hosts", "domains", "details", "images")


class Overview(Screen[None]):
    """Shows what the fleet knows. `refresh_facts` draws it anew; the app calls it on changes."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"pane('{pane}')", pane.capitalize(), show=False)
            for number, pane in enumerate(PANES, start=1)
        ),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter the domains"),
        Binding("escape", "clear_filter", "No filter", show=False),
    ]

    def __init__(self, fleet: Fleet, glyphs: Glyphs, *, sandbox: bool, readonly: bool) -> None:
        super().__init__()
        self._fleet, self._glyphs = fleet, glyphs
        self._marks = "   ".join(
            word for word, on_ in (("SANDBOX", sandbox), ("READ-ONLY", readonly)) if on_
        )
        self._filter = ""
        self._views: dict[str, DomainView] = {}
        self._jobs: Sequence[Job] = ()

    def compose(self) -> ComposeResult:
        """A status line, the panes, a jobs strip, the footer."""
        yield Static(id="status")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield self._table("hosts", rows.HOST_COLUMNS, "1 Hosts")
                yield self._table("domains", rows.DOMAIN_COLUMNS, "2 Domains")
                yield self._table("images", rows.IMAGE_COLUMNS, "4 Images")
            with VerticalScroll(id="details", classes="pane"):
                yield Static(id="detail-text")
        yield Input(id="filter", placeholder="words, !not, power:on, host:name, flags:orphan")
        yield Static(id="jobs")
        yield Footer()

    def _table(self, name: str, columns: Sequence[Column], title: str) -> RecordTable:
        table = RecordTable(columns, id=name, ellipsis=self._glyphs.ellipsis)
        table.add_class("pane")
        table.border_title = title
        return table

    def on_mount(self) -> None:
        """Begin with the domains, and keep ages and elapsed times true."""
        self.query_one("#details").border_title = "3 Domain"
        self.query_one("#filter").display = False
        self.action_pane("domains")
        self.refresh_facts()
        self.set_interval(1.0, self.refresh_facts)

    # --- what is shown ---

    @property
    def chosen(self) -> DomainView | None:
        """The domain, or computer without one, of the cursor."""
        for table in self.query("#domains").results(RecordTable):
            return self._views.get(table.cursor_key or "")
        return None

    def refresh_facts(self) -> None:
        """Show what the fleet knows now; nothing while the panes come or go one by one."""
        with suppress(NoMatches):
            self._show_facts()

    def _show_facts(self) -> None:
        hosts = self._fleet.hosts()
        table = self.query_one("#hosts", RecordTable)
        table.show(rows.host_rows(hosts, self._glyphs), "Looking for hosts ...")
        views = self._fleet.domains()
        self._views = {view.key: view for view in views}
        waiting = any(host.state is HostState.CONNECTING for host in hosts) or not hosts
        shown = rows.domain_rows(views, self._glyphs, self._filter)
        empty = "Waiting for the hosts ..." if waiting else "No domain fits"
        self.query_one("#domains", RecordTable).show(shown, empty)
        more = f" matching {self._filter!r}" if self._filter else ""
        self.query_one("#domains").border_subtitle = f"{len(shown)} of {len(views)}{more}"
        self._show_chosen()
        self._show_status()

    def _show_chosen(self) -> None:
        view = self.chosen
        if view is None:
            self._put("#detail-text", Text("Nothing is chosen", "dim"))
            return
        details = None
        if view.domain is not None:
            self._fleet.watch_domain(view.host, view.domain.uuid)
            details = self._fleet.details(view.host, view.domain.uuid)
        host = self._fleet.host(view.host)
        self._put("#detail-text", domain_text(view, details, host, self._glyphs))
        self._fleet.watch_images(view.host)
        images = self._fleet.images(view.host)
        table = self.query_one("#images", RecordTable)
        problem = images.problem if images is not None else "Reading ..."
        table.show(rows.image_rows(images), plain(problem or "No images"))
        table.border_title = f"4 Images of {plain(view.host)}"

    def _show_status(self) -> None:
        hosts = self._fleet.hosts()
        text = Text().append(" vcltui ", "bold reverse")
        if self._marks:
            text.append(f"  {self._marks}", "bold")
        text.append(f"   {rows.summary(hosts)}")
        inventory = self._fleet.inventory
        if inventory.problem is not None:
            text.append(f"   inventory: {plain(inventory.problem)}", "bold")
        for host in hosts:
            if host.state is HostState.UNREACHABLE:
                seen = (
                    f", seen {age(time.monotonic() - host.answered_at)} ago"
                    if host.answered_at is not None
                    else ""
                )
                text.append(f"   {plain(host.name)}: {plain(host.reason)}{seen}", "bold")
        self._put("#status", text)
        self._put("#jobs", self._jobs_text())

    def show_jobs(self, jobs: Sequence[Job]) -> None:
        """Show these jobs, newest first, in the strip."""
        self._jobs = jobs
        with suppress(NoMatches):
            self._put("#jobs", self._jobs_text())

    def _jobs_text(self) -> Text:
        if not self._jobs:
            return Text("No jobs yet", "dim")
        text = Text(no_wrap=True, overflow="ellipsis")
        for job in self._jobs[:3]:
            elapsed = job.elapsed_seconds(time.monotonic())
            step = f" {plain(job.current.title)}" if job.current else ""
            text.append(f"{self._glyphs.job(job.state)} {plain(job.title)}: {job.word}", "bold")
            text.append(f" {job.share:.0%}{step}")
            text.append(f"  {duration(elapsed)}    " if elapsed is not None else "    ", "dim")
        return text

    def _put(self, selector: str, text: Text) -> None:
        self.query_one(selector, Static).update(text)

    # --- what is done ---

    @on(RecordTable.Moved, "#domains")
    def follow_cursor(self) -> None:
        """Look at the domain the cursor is on."""
        with suppress(NoMatches, ScreenStackError):
            self._show_chosen()
            self.refresh_bindings()

    @on(RecordTable.Moved, "#hosts")
    def look_at_host(self, event: RecordTable.Moved) -> None:
        """Read the images of the host the cursor is on."""
        if event.key is not None:
            self._fleet.watch_images(event.key)

    @on(RecordTable.Chosen, "#hosts")
    def filter_by_host(self, event: RecordTable.Chosen) -> None:
        """Enter on a host shows its domains alone."""
        self._filter = f"host:{event.key}"
        self.refresh_facts()
        self.action_pane("domains")

    @on(RecordTable.Chosen, "#domains")
    def open_details(self) -> None:
        """Enter on a domain goes into its details."""
        self.action_pane("details")

    def action_pane(self, name: str) -> None:
        """Go to a pane; where it is narrow, it is the only one shown."""
        for pane in self.query(".pane"):
            pane.set_class(pane.id == name, "-current")
        self.query_one("#left").set_class(name == "details", "-aside")
        self.query_one(f"#{name}").focus()

    def action_filter(self) -> None:
        """Type a filter for the domains."""
        line = self.query_one("#filter", Input)
        line.display = True
        line.value = self._filter
        line.focus()

    def action_clear_filter(self) -> None:
        """Show all domains again."""
        self._filter = ""
        self._end_filter()

    @on(Input.Changed, "#filter")
    def filter_as_typed(self, event: Input.Changed) -> None:
        """Each letter narrows the list."""
        self._filter = event.value
        self.refresh_facts()

    @on(Input.Submitted, "#filter")
    def _end_filter(self) -> None:
        """Keep the filter and go back to the domains."""
        self.query_one("#filter").display = False
        self.refresh_facts()
        self.action_pane("domains")
