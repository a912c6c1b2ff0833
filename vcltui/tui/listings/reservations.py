"""The reservations of the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from vcltui.doctor.findings import Diagnosis, Severity
from vcltui.models.reservation import ReservationRow
from vcltui.runtime.actions import Subject
from vcltui.tui.desk import Desk
from vcltui.tui.finding_text import severity_mark
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.domains import computer_subject
from vcltui.tui.places import Place
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import plain, read_age


class Reservations(Listing[ReservationRow]):
    """Who has which computer with which image, and how far that is."""

    id = "reservations"
    title = "Reservations"
    columns = (
        Column("id", "ID", 6, right=True, letter="N"),
        Column("stuck", "STUCK", 10, letter="F"),
        Column("state", "STATE", 12, grow=True, letter="S"),
        Column("laststate", "BEFORE", 10, grow=True, drop=4),
        Column("user", "USER", 8, grow=True, drop=1),
        Column("computer", "COMPUTER", 8, grow=True, middle=True, letter="P"),
        Column("image", "IMAGE", 20, grow=True, middle=True, letter="I"),
        Column("start", "START", 16, drop=5, letter="B"),
        Column("end", "END", 16, drop=3, letter="E"),
        Column("lastcheck", "CHECKED", 16, drop=6, letter="A"),
        Column("host", "HOST", 6, grow=True, middle=True, drop=2, letter="H"),
        Column("request", "REQUEST", 7, right=True, drop=7),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._diagnosis: Diagnosis | None = None
        self._worst_of: dict[int, Severity] = {}
        self._sorted_from: tuple[object, object] = (None, None)
        self._rows: list[ReservationRow] = []

    def items(self) -> Sequence[ReservationRow]:
        """Those that are stuck first, the worst of them on top."""
        found, worst = self.desk.fleet.inventory.reservations, self._worst()
        if self._sorted_from[0] is not found or self._sorted_from[1] is not worst:
            rows = sorted(found, key=lambda one: -worst[one.id].rank if one.id in worst else 1)
            self._sorted_from, self._rows = (found, worst), rows
        return self._rows

    def key(self, item: ReservationRow) -> str:
        """As Listing.key."""
        return str(item.id)

    def record(self, item: ReservationRow) -> Record:
        """As Listing.record."""
        cells = (
            Cell(str(item.id), "strong"),
            self._stuck(item),
            Cell(plain(item.state)),
            Cell(plain(item.laststate), "dim"),
            Cell(plain(item.user)),
            Cell(plain(item.computer), "strong"),
            Cell(plain(item.image)),
            Cell(_moment(item.start)),
            Cell(_moment(item.end)),
            Cell(_moment(item.lastcheck)),
            Cell(plain(item.host or "-")),
            Cell(str(item.request_id)),
        )
        return Record(self.key(item), cells)

    @property
    def epoch(self) -> object:
        """The diagnosis, which tells what is stuck."""
        return self.desk.examiner.diagnosis

    def depends(self, item: ReservationRow) -> Severity | None:
        """As Listing.depends."""
        return self._worst().get(item.id)

    def _worst(self) -> dict[int, Severity]:
        """The worst severity of each reservation with findings; made once for a diagnosis."""
        diagnosis = self.desk.examiner.diagnosis
        if diagnosis is not self._diagnosis:
            self._diagnosis = diagnosis
            # The worst come first among the findings.
            self._worst_of = {
                one.reservation: one.severity
                for one in reversed(diagnosis.findings if diagnosis else ())
                if one.reservation is not None
            }
        return self._worst_of

    def _stuck(self, item: ReservationRow) -> Cell:
        severity = self.depends(item)
        if severity is None:
            return Cell("-", "dim")
        grave = severity is not Severity.INFO
        return Cell(severity_mark(severity, self.desk.glyphs), "attention" if grave else "dim")

    def order(self, item: ReservationRow, column: str, text: str) -> object | None:
        """As Listing.order."""
        match column:
            case "id":
                return item.id
            case "stuck":
                severity = self._worst().get(item.id)
                return -severity.rank if severity is not None else None
            case "start" | "end" | "lastcheck":
                when: datetime | None = getattr(item, column)
                return when
            case _:
                return super().order(item, column, text)

    def subject(self, item: ReservationRow) -> Subject | None:
        """The reserved computer."""
        return computer_subject(self.desk, item.computer)

    def place(self, item: ReservationRow) -> Place:
        """The reservation's own screen."""
        return Place("reservation", key=str(item.id))

    def is_fault(self, item: ReservationRow) -> bool:
        """Whether it is stuck."""
        return self._worst().get(item.id, Severity.INFO) is not Severity.INFO

    def note(self) -> str:
        """How old they are."""
        return read_age(self.desk.fleet.inventory.read_at)

    def empty(self) -> str:
        """As Listing.empty."""
        inventory = self.desk.fleet.inventory
        if inventory.problem is not None:
            return plain(inventory.problem)
        return "No reservations" if inventory.exists else "There is no inventory"


def _moment(when: datetime | None) -> str:
    """A time of the inventory, which is local already."""
    return f"{when:%Y-%m-%d %H:%M}" if when else "never"
