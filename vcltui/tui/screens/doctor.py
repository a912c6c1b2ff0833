"""The screens of what is wrong: a listing over what is known of its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll

from vcltui.doctor.findings import Finding
from vcltui.models.reservation import ReservationRow
from vcltui.tui.desk import Desk
from vcltui.tui.finding_text import findings_text, serving_text, timeline_text, unknown_text
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.findings import Findings
from vcltui.tui.listings.reservations import Reservations
from vcltui.tui.mending import Mendable
from vcltui.tui.screens.full import FullScreen
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.widgets.steady import SteadyText


class _DiagnosedScreen(FullScreen):
    """A listing over what the doctor says of the chosen row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mend", "Mend", id="mend", tooltip="Choose a remedy, see it, do it"),
    ]

    def __init__(self, desk: Desk, listing: Listing[Any]) -> None:
        super().__init__(desk, listing)
        self._list.add_class("upper")
        self._text = SteadyText(classes="diagnosis-text")

    def body(self) -> ComposeResult:
        """The list over the findings."""
        yield self._list
        with VerticalScroll(id="findings", classes="pane"):
            yield self._text

    def on_mount(self) -> None:
        """What is below is about the row above."""
        self.query_one("#findings").border_title = "Findings"

    def show_facts(self) -> None:
        """As ConsoleScreen.show_facts."""
        self._list.refresh_rows()
        self.show_chosen()

    @on(ListPane.Moved)
    def show_chosen(self) -> None:
        """Show what is found about the row of the cursor."""
        examiner, glyphs = self.desk.examiner, self.desk.glyphs
        text = unknown_text(self.desk)
        if examiner.diagnosis is not None:
            text.append_text(findings_text(self.findings, glyphs))
        self._text.show(text)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found about the row of the cursor."""
        raise NotImplementedError

    def rows(self, items: Sequence[object]) -> tuple[Mendable, ...]:
        """What is found about rows of the list."""
        raise NotImplementedError

    @property
    def mendable(self) -> tuple[Mendable, ...]:
        """As ConsoleScreen.mendable."""
        marked = self._list.marked_items
        return self.rows(marked or [self._list.item])


class DoctorScreen(_DiagnosedScreen):
    """Every finding."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, Findings(desk))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The finding of the cursor."""
        item = self._list.item
        return (item,) if isinstance(item, Finding) else ()

    def rows(self, items: Sequence[object]) -> tuple[Mendable, ...]:
        """Each finding by itself."""
        return tuple(Mendable(_named(one), (one,)) for one in items if isinstance(one, Finding))


class ReservationsScreen(_DiagnosedScreen):
    """The reservations, those that are stuck on top, over findings and the load's timeline."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, Reservations(desk))
        self._timeline = SteadyText(classes="diagnosis-text")

    def body(self) -> ComposeResult:
        """The list over the findings beside the timeline."""
        yield self._list
        with Horizontal(id="lower"):
            with VerticalScroll(id="findings", classes="pane"):
                yield self._text
            with VerticalScroll(id="timeline", classes="pane"):
                yield self._timeline

    def on_mount(self) -> None:
        """Name the panes."""
        self.query_one("#timeline").border_title = "Load"

    @property
    def row(self) -> ReservationRow | None:
        """The reservation of the cursor."""
        item = self._list.item
        return item if isinstance(item, ReservationRow) else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found about the reservation of the cursor."""
        diagnosis, row = self.desk.examiner.diagnosis, self.row
        return diagnosis.of_reservation(row.id) if diagnosis and row else ()

    def rows(self, items: Sequence[object]) -> tuple[Mendable, ...]:
        """Each reservation with all that is found about it."""
        diagnosis = self.desk.examiner.diagnosis
        return tuple(
            Mendable(
                f"reservation {one.id} on {one.computer}",
                diagnosis.of_reservation(one.id) if diagnosis else (),
            )
            for one in items
            if isinstance(one, ReservationRow)
        )

    @on(ListPane.Moved)
    def show_timeline(self) -> None:
        """Show how far the load of the chosen one has come, and what it stands on."""
        diagnosis, row = self.desk.examiner.diagnosis, self.row
        text = Text()
        if diagnosis is not None and row is not None:
            text.append_text(timeline_text(diagnosis.timeline(row.id), self.desk.glyphs))
            text.append("\n").append_text(serving_text(diagnosis.serving_of(row.id)))
        self._timeline.show(text)

    def show_facts(self) -> None:
        """As ConsoleScreen.show_facts."""
        super().show_facts()
        self.show_timeline()


def _named(finding: Finding) -> str:
    """What a finding is about, with the computer where that is not said already."""
    computer = finding.computer
    if computer is None or computer in finding.subject.split():
        return finding.subject
    return f"{finding.subject} on {computer}"
