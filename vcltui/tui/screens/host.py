"""The screen of one VM host."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from vcltui.doctor.findings import Finding
from vcltui.errors import VcltuiError
from vcltui.models.host import VMHost
from vcltui.runtime.actions import Subject
from vcltui.runtime.fleet.models import LiveHost
from vcltui.tui.finding_text import findings_text, unknown_text
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.listings.hosts import host_subject
from vcltui.tui.mending import Mendable
from vcltui.tui.screens.detail import DetailScreen
from vcltui.tui.tones import ATTENTION
from vcltui.tui.words import age, plain, size


class HostScreen(DetailScreen):
    """What is known of a host, and what the configuration says of it."""

    PARTS = {"overview": "Overview", "drift": "Drift"}  # noqa: RUF012 - as the base class declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mend", "Mend", id="mend", tooltip="Choose a remedy, see it, do it"),
    ]

    _configured: VMHost | None = None

    @property
    def host(self) -> LiveHost | None:
        """The host as it is known now."""
        return self.desk.fleet.host(self.place.host)

    @property
    def subject(self) -> Subject | None:
        """The host."""
        host = self.host
        return host_subject(host, readonly=self.desk.readonly) if host else None

    def head(self) -> Text:
        """As DetailScreen.head."""
        host = self.host
        text = Text(plain(self.place.host), "bold")
        if host is None:
            return text.append("  is not among the hosts", "not bold")
        return text.append(f"  {self.desk.glyphs.host(host.state)} {host.state.value}", "not bold")

    def show_part(self, name: str) -> None:
        """As DetailScreen.show_part."""
        host, glyphs, examiner = self.host, self.desk.glyphs, self.desk.examiner
        if name == "drift":
            text = unknown_text(self.desk)
            if examiner.diagnosis is not None:
                text.append_text(findings_text(self.drift, glyphs))
            self.text_part(name).show(text)
        elif host is not None:
            self.text_part(name).show(host_text(host, self._configured, glyphs))

    @property
    def drift(self) -> tuple[Finding, ...]:
        """What is not on the host as the database says."""
        diagnosis = self.desk.examiner.diagnosis
        return diagnosis.drift(self.place.host) if diagnosis is not None else ()

    @property
    def mendable(self) -> tuple[Mendable, ...]:
        """As ConsoleScreen.mendable."""
        return (Mendable(f"host {self.place.host}", self.drift),)

    def own_refusal(self, action: str) -> str | None:
        """As ConsoleScreen.own_refusal; what is mended has to be seen."""
        reason = super().own_refusal(action)
        if reason is None and self.shown != "drift":
            return "what was found is under Drift"
        return reason

    def open_part(self, name: str) -> None:
        """The configuration may be in a database, so that it is read beside."""
        self.read(self._read_configured, self._take_configured)

    def _read_configured(self) -> VMHost | None:
        try:
            return self.desk.workspace.hosts().get(self.place.host)
        except VcltuiError:
            return None  # the status line tells why the inventory can't be read

    def _take_configured(self, found: VMHost | None) -> None:
        self._configured = found


def host_text(host: LiveHost, configured: VMHost | None, glyphs: Glyphs) -> Text:
    """A host's state, figures and folders."""
    text = Text()
    if host.reason:
        text.append(f"{glyphs.attention} {plain(host.reason)}\n", ATTENTION)
        if host.hint:
            text.append(f"  {plain(host.hint)}\n")
    if host.driver_problem:
        text.append(f"{glyphs.attention} {plain(host.driver_problem)}\n", ATTENTION)
    status = host.status
    heard = host.answered_at
    given, on = "-", "-"
    if heard is not None:  # else nothing was seen, which is not that nothing is there
        given = f"{size(host.given_memory_bytes)} to {host.running} running domains"
        on = f"{host.running} on of {len(host.domains)}"
    pairs = [
        ("URI", host.uri),
        ("answered", f"{age(time.monotonic() - heard)} ago" if heard is not None else "never"),
        ("driver", host.driver or "-"),
        ("CPUs", str(status.cpus) if status else "-"),
        ("memory", size(status.memory_bytes) if status else "-"),
        ("free", size(status.memory_free_bytes) if status else "-"),
        ("given", given),
        ("domains", on),
    ]
    profile = configured.profile if configured else None
    if profile is not None:
        free, total = size(host.datastore_free_bytes), size(host.datastore_total_bytes)
        pairs += [
            ("profile", profile.name),
            ("datastore", f"{profile.datastore}, {free} free of {total}"),
            ("overlays", profile.copy_on_write_directory),
            ("repository", profile.repository or "none"),
            ("networks", ", ".join(filter(None, (profile.virtualswitch0, profile.virtualswitch1)))),
        ]
    for label, words in pairs:
        text.append(f"{label:<11}", "dim").append(f"{plain(words)}\n")
    if configured is not None and profile is None:
        text.append("\nIt has no VM profile: it can be watched and powered, not loaded.\n", "dim")
    return text
