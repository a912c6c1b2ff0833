"""The overview: hosts over domains over the chosen domain beside its host's images."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from vcltui.runtime.actions import Subject
from vcltui.runtime.fleet.models import DomainView
from vcltui.tui.busy import busy, job_of
from vcltui.tui.desk import Desk
from vcltui.tui.domain_text import domain_text
from vcltui.tui.listings.domains import Domains, domain_subject
from vcltui.tui.listings.hosts import Hosts
from vcltui.tui.listings.images import Images
from vcltui.tui.places import Place
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.widgets.record_table import RecordTable
from vcltui.tui.widgets.steady import Heading, SteadyText
from vcltui.tui.widgets.strips import WIDE_CELLS
from vcltui.tui.words import plain

_PANES = {"hosts": "Hosts", "domains": "Domains", "details": "Chosen", "images": "Images"}


class Overview(ConsoleScreen):
    """Live panes; where it is narrow, one at a time under a line of tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_pane(1)", "Next pane", show=False, id="next_pane"),
        Binding("shift+tab", "next_pane(-1)", "Pane before", show=False, id="previous_pane"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._hosts = ListPane(Hosts(desk), id="hosts", enter_goes=False)
        self._domains = ListPane(Domains(desk), id="domains")
        self._images = ListPane(Images(desk, ""), id="images", without=("host",))
        self._details = VerticalScroll(id="details", classes="pane")
        self._heading = Heading(self._details)
        self._text = SteadyText(id="detail-text")
        self._tabs = Static(id="pane-tabs")
        self._images_of: str | None = None
        self._shown = "domains"

    def body(self) -> ComposeResult:
        """As ConsoleScreen.body."""
        yield self._tabs
        with Vertical(id="panes"):
            yield self._hosts
            yield self._domains
            with Horizontal(id="below"):
                with self._details:
                    yield self._text
                yield self._images

    def on_mount(self) -> None:
        """Begin with the domains."""
        self.action_pane("domains")

    # --- what is shown ---

    @property
    def view(self) -> DomainView | None:
        """The domain, or the computer without one, of the cursor."""
        item = self._domains.item
        return item if isinstance(item, DomainView) else None

    @property
    def subject(self) -> Subject | None:
        """The row of the pane that has the keys; beside the lists, the domain."""
        pane = self.pane or self._domains
        return pane.subject

    def arrive(self, place: Place) -> None:
        """Narrow the domains, where a place says so."""
        if place.filter is not None:
            self._domains.narrow(place.filter)

    def show_facts(self) -> None:
        """As ConsoleScreen.show_facts."""
        self._hosts.refresh_rows()
        rows = len(self._hosts.table.keys)
        is_narrow = self.app.size.width < WIDE_CELLS
        # Why there is none takes two lines.
        self._hosts.styles.height = None if is_narrow else min(rows or 2, 6) + 3
        self._domains.refresh_rows()
        self._show_chosen()

    @on(ListPane.Moved, "#domains")
    def _show_chosen(self) -> None:
        """Show the chosen domain, and the images of its host."""
        view, fleet = self.view, self.desk.fleet
        details = None
        if view is not None and view.domain is not None:
            fleet.watch_domain(view.host, view.domain.uuid)
            details = fleet.details(view.host, view.domain.uuid)
        host = fleet.host(view.host) if view else None
        job = job_of(view, busy(self.desk.jobs)) if view else None
        chosen = domain_subject(view, readonly=self.desk.readonly) if view else None
        found = self.found_about(chosen) if chosen else ()
        self._text.show(domain_text(view, details, host, self.desk.glyphs, job, found))
        self._heading.show(plain(view.name) if view else "Domain")
        if not self._hosts.has_class("-focused"):
            self._show_images(view.host if view else None)

    @on(ListPane.Moved, "#hosts")
    def _look_at_host(self) -> None:
        """Where the keys go to the hosts, their images are shown."""
        subject = self._hosts.subject
        if self._hosts.has_class("-focused") and subject is not None:
            self._show_images(subject.host)

    def _show_images(self, host: str | None) -> None:
        title = f"Images of {host}" if host else "Images"
        if host != self._images_of:
            self._images_of = host
            self._images.show_listing(Images(self.desk, host or ""), title)
        else:
            self._images.refresh_rows()

    # --- what is done ---

    @on(RecordTable.Chosen, "#hosts-table")
    def _domains_of(self, event: RecordTable.Chosen) -> None:
        """Enter on a host shows its domains alone."""
        event.stop()
        self._domains.narrow(f"host={event.key}")
        self.action_pane("domains")

    def action_next_pane(self, by: int) -> None:
        """Go to the next pane, or the one before."""
        names = list(_PANES)
        self.action_pane(names[(names.index(self._shown) + by) % len(names)])

    def on_descendant_focus(self) -> None:
        """Where a click brings the keys to another pane, that is the shown one."""
        for name, pane in self._panes().items():
            if pane.has_focus_within and name != self._shown:
                self._shown = name
                self._mark_shown()
        self.refresh_bindings()

    def action_pane(self, name: str) -> None:
        """Go to a pane; where it is narrow, it is the only one shown."""
        self._shown = name
        self._mark_shown()
        pane = self._panes()[name]
        (pane.table if isinstance(pane, ListPane) else pane).focus()

    def _panes(self) -> dict[str, Widget]:
        return {
            "hosts": self._hosts,
            "domains": self._domains,
            "details": self._details,
            "images": self._images,
        }

    def _mark_shown(self) -> None:
        for name, pane in self._panes().items():
            pane.set_class(name == self._shown, "-current")
        self.query_one("#below").set_class(self._shown in ("details", "images"), "-current")
        tabs = [
            Content.from_markup(
                f"[@click=screen.pane('{name}')]{'[b r]' if name == self._shown else ''} {word} "
            )
            for name, word in _PANES.items()
        ]
        self._tabs.update(Content(" ").join(tabs))
