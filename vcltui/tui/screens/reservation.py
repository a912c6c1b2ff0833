"""The screen of one reservation: diagnosis, load timeline, vcld's log."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from vcltui.doctor.findings import Finding
from vcltui.doctor.vcldlog import LogBlock
from vcltui.errors import VcltuiError
from vcltui.models.reservation import ReservationRow
from vcltui.runtime.actions import Subject
from vcltui.runtime.vcld_logs import read_vcld_log
from vcltui.tui.finding_text import (
    findings_text,
    log_text,
    serving_text,
    timeline_text,
    unknown_text,
)
from vcltui.tui.listings.domains import computer_subject
from vcltui.tui.mending import Mendable
from vcltui.tui.screens.detail import DetailScreen
from vcltui.tui.words import plain


class ReservationScreen(DetailScreen):
    """One reservation, by its id."""

    PARTS = {  # noqa: RUF012 - as the base class declares it
        "overview": "Diagnosis",
        "timeline": "Load",
        "vcldlog": "vcld.log",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mend", "Mend", id="mend", tooltip="Choose a remedy, see it, do it"),
        Binding("u", "unfold", "All lines", id="unfold", tooltip="Fold or unfold vcld's log"),
    ]

    OWN_ACTIONS = ("mend", "unfold")

    _found: tuple[object, ReservationRow | None] = None, None
    _log: tuple[LogBlock, ...] | str | None = None
    _is_unfolded = False

    @property
    def number(self) -> int:
        """The reservation's id."""
        return int(self.place.key)

    @property
    def row(self) -> ReservationRow | None:
        """The reservation as the inventory has it; None when it is gone."""
        rows = self.desk.fleet.inventory.reservations
        if self._found[0] is not rows:
            self._found = rows, next((row for row in rows if row.id == self.number), None)
        return self._found[1]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found about it."""
        diagnosis = self.desk.examiner.diagnosis
        return diagnosis.of_reservation(self.number) if diagnosis else ()

    @property
    def subject(self) -> Subject | None:
        """The reserved computer."""
        row = self.row
        return computer_subject(self.desk, row.computer) if row else None

    def head(self) -> Text:
        """As DetailScreen.head."""
        text = Text(f"Reservation {self.number}", "bold", no_wrap=True, overflow="ellipsis")
        row = self.row
        if row is None:
            return text.append("  is not in the inventory any more", "not bold")
        text.append(f"  {plain(row.state)}/{plain(row.laststate)}", "not bold")
        words = f"  {plain(row.user)}  {plain(row.computer)}  {plain(row.image)}"
        return text.append(words, "not bold dim")

    def show_part(self, name: str) -> None:
        """As DetailScreen.show_part."""
        diagnosis, glyphs = self.desk.examiner.diagnosis, self.desk.glyphs
        if name == "vcldlog":
            self.text_part(name).show(self._log_text())
        elif name == "timeline" and diagnosis is not None:
            self.text_part(name).show(timeline_text(diagnosis.timeline(self.number), glyphs))
        else:
            text = unknown_text(self.desk)
            if diagnosis is not None:
                text.append_text(serving_text(diagnosis.serving_of(self.number)))
                text.append_text(findings_text(self.findings, glyphs))
            self.text_part(name).show(text)

    def _log_text(self) -> Text:
        if self._log is None:
            return Text("Reading" + self.desk.glyphs.ellipsis, "dim")
        if isinstance(self._log, str):
            return Text(plain(self._log), "bold")
        return log_text(self._log, self.desk.glyphs, unfolded=self._is_unfolded)

    def open_part(self, name: str) -> None:
        """The log is read when it is looked at, and the guest is asked what it is loaded with."""
        self.desk.examiner.look_at(self.number)
        if name == "vcldlog":
            self.read(self._read_log, self._take_log)

    def _read_log(self) -> tuple[LogBlock, ...] | str:
        try:
            return read_vcld_log(self.desk.workspace, self.number)
        except VcltuiError as error:
            return str(error)

    def _take_log(self, found: tuple[LogBlock, ...] | str) -> None:
        self._log = found

    def reread(self) -> None:
        """Read what is shown again."""
        self.open_part(self.shown)

    @property
    def mendable(self) -> tuple[Mendable, ...]:
        """As ConsoleScreen.mendable."""
        computer = f" on {self.row.computer}" if self.row else ""
        return (Mendable(f"reservation {self.number}{computer}", self.findings),)

    def own_refusal(self, action: str) -> str | None:
        """As ConsoleScreen.own_refusal; only the log is unfolded."""
        if action == "unfold" and self.is_mounted and self.shown != "vcldlog":
            return "what has more lines is under vcld.log"
        return super().own_refusal(action)

    def action_unfold(self) -> None:
        """Show every line of the log, or the blocks' first ones."""
        self._is_unfolded = not self._is_unfolded
        self.show_part(self.shown)
