"""The screen of one domain: overview, XML, snapshots, disks, load log, console log."""

from __future__ import annotations

from dataclasses import replace

from rich.syntax import Syntax
from rich.text import Text
from textual.widget import Widget

from vcltui.errors import VcltuiError
from vcltui.models.reservation import LoadLogLine
from vcltui.runtime.actions import Subject
from vcltui.runtime.domain_logs import (
    ConsoleLog,
    read_console_log,
    read_load_log,
)
from vcltui.runtime.fleet.models import DomainDetails, DomainView
from vcltui.tui.busy import busy, job_of
from vcltui.tui.desk import Desk
from vcltui.tui.domain_text import disks_text, domain_text, head_line
from vcltui.tui.listings.domains import domain_subject
from vcltui.tui.listings.snapshots import Branch, Snapshots
from vcltui.tui.places import Place
from vcltui.tui.screens.detail import DetailScreen
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.words import plain, plain_lines


class DomainScreen(DetailScreen):
    """One domain, by host and UUID; when it is gone, the screen says so and stays."""

    PARTS = {  # noqa: RUF012 - as the base class declares it
        "overview": "Overview",
        "xml": "XML",
        "snapshots": "Snapshots",
        "disks": "Disks",
        "loadlog": "Load log",
        "console": "Console log",
    }

    def __init__(self, desk: Desk, place: Place) -> None:
        self._snapshots = ListPane(
            Snapshots(desk, place.host, place.key), id="snapshots-list", enter_goes=False
        )
        self._load_log: tuple[LoadLogLine, ...] | str | None = None
        self._console_log: ConsoleLog | None = None
        self._xml_shown = ("", "")
        super().__init__(desk, place)

    def part(self, name: str) -> Widget:
        """As DetailScreen.part."""
        return self._snapshots if name == "snapshots" else super().part(name)

    @property
    def view(self) -> DomainView | None:
        """The domain as it is known now; None when its host has it no more."""
        for view in self.desk.fleet.domains(self.place.host):
            if view.domain is not None and view.domain.uuid == self.place.key:
                return view
        return None

    @property
    def details(self) -> DomainDetails | None:
        """What was read of it last."""
        return self.desk.fleet.details(self.place.host, self.place.key)

    @property
    def subject(self) -> Subject | None:
        """The domain, with the snapshot of the cursor."""
        view = self.view
        if view is None:
            return None
        subject = domain_subject(view, readonly=self.desk.readonly)
        item = self._snapshots.item
        if self.shown == "snapshots" and isinstance(item, Branch):
            subject = replace(subject, snapshot=item.snapshot.name)
        return subject

    @property
    def marked(self) -> list[Subject]:
        """Snapshots are not marked: an action is done to one domain here."""
        return []

    # --- what is shown ---

    def head(self) -> Text:
        """As DetailScreen.head."""
        self.desk.fleet.watch_domain(self.place.host, self.place.key)
        return head_line(self.view, self.place.host, self.desk.glyphs)

    def show_part(self, name: str) -> None:
        """As DetailScreen.show_part."""
        view, details = self.view, self.details
        match name:
            case "snapshots":
                self._snapshots.refresh_rows()
            case "xml":
                self._show_xml(details)
            case "disks":
                self.text_part(name).show(disks_text(details, self.desk.glyphs))
            case "loadlog":
                self.text_part(name).show(self._load_log_text())
            case "console":
                self.text_part(name).show(self._console_text())
            case _:
                host = self.desk.fleet.host(self.place.host)
                job = job_of(view, busy(self.desk.jobs)) if view else None
                found = self.found_about(self.subject) if self.subject else ()
                text = domain_text(view, details, host, self.desk.glyphs, job, found)
                self.text_part(name).show(text)

    def _show_xml(self, details: DomainDetails | None) -> None:
        if details is None or not details.xml:
            self.text_part("xml").show(Text("Reading" + self.desk.glyphs.ellipsis, "dim"))
            return
        theme = "ansi_dark" if self.app.current_theme.dark else "ansi_light"
        if (details.xml, theme) != self._xml_shown:
            # Highlighting is slow enough to do it for another text only.
            self._xml_shown = details.xml, theme
            xml = plain_lines(details.xml.expandtabs())
            self.text_part("xml").show(Syntax("", "xml", theme=theme).highlight(xml))

    def _load_log_text(self) -> Text:
        if self._load_log is None:
            return Text("Reading" + self.desk.glyphs.ellipsis, "dim")
        if isinstance(self._load_log, str):
            return Text(plain(self._load_log), "bold")
        if not self._load_log:
            return Text(
                "No load log: VCL writes one when it loads a computer for a reservation.", "dim"
            )
        text = Text()
        for line in self._load_log:
            when = f"{line.time:%Y-%m-%d %H:%M:%S}" if line.time else "no time noted"
            text.append(f"{when:<19}  ", "dim")
            text.append(f"{line.reservation_id:>6}  {plain(line.state):<24}", "bold")
            text.append(f"{plain(line.info or line.prettyname)}\n")
        return text

    def _console_text(self) -> Text:
        log = self._console_log
        if log is None:
            return Text("Reading" + self.desk.glyphs.ellipsis, "dim")
        if log.problem is not None:
            return Text(plain(log.problem), "bold")
        return Text(f"{plain(log.path)}\n\n", "dim").append(log.text, "not dim")

    # --- what is read ---

    def open_part(self, name: str) -> None:
        """The logs are read when they are looked at."""
        if name == "loadlog":
            self.read(self._read_load_log, self._take_load_log)
        elif name == "console":
            self.read(self._read_console_log, self._take_console_log)

    def _read_load_log(self) -> tuple[LoadLogLine, ...] | str:
        view = self.view
        if view is None or view.computer is None:
            return "It belongs to no computer of the inventory, so it has no load log."
        try:
            return read_load_log(self.desk.workspace, view.computer.name)
        except VcltuiError as error:
            return str(error)

    def _take_load_log(self, found: tuple[LoadLogLine, ...] | str) -> None:
        self._load_log = found

    def _read_console_log(self) -> ConsoleLog:
        return read_console_log(self.desk.workspace, self.place.host, self.place.key)

    def _take_console_log(self, found: ConsoleLog) -> None:
        self._console_log = found

    def reread(self) -> None:
        """Read what is shown again."""
        self.open_part(self.shown)

    @property
    def copied(self) -> tuple[str, str] | None:
        """What `copy` takes instead of the name, with what it is called."""
        details = self.details
        if self.shown == "xml" and details is not None and details.xml:
            return "its XML", details.xml
        return None
