"""What the doctor found, and vcld's locks."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.doctor.findings import Finding, SemaphoreLife, Severity
from vcltui.tui.finding_text import NO_INVENTORY, severity_mark
from vcltui.tui.listings.base import Listing
from vcltui.tui.places import Place
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import plain, read_age


class Findings(Listing[Finding]):
    """Every finding, the worst first."""

    id = "doctor"
    title = "Doctor"
    columns = (
        Column("severity", "SEVERITY", 10, letter="S"),
        Column("subject", "SUBJECT", 16, grow=True, middle=True, letter="N"),
        Column("summary", "FINDING", 30, grow=True),
        Column("remedies", "MEND", 6, drop=1),
        Column("host", "HOST", 6, grow=True, middle=True, drop=2, letter="H"),
        Column("computer", "COMPUTER", 8, grow=True, middle=True, drop=4, letter="P", hidden=True),
        Column("reservation", "RESERVATION", 11, right=True, drop=3, letter="E", hidden=True),
        Column("rule", "RULE", 12, grow=True, drop=5, letter="T", hidden=True),
    )

    def items(self) -> Sequence[Finding]:
        """As Listing.items."""
        diagnosis = self.desk.examiner.diagnosis
        return diagnosis.findings if diagnosis else ()

    def key(self, item: Finding) -> str:
        """As Listing.key."""
        return item.key

    def record(self, item: Finding) -> Record:
        """As Listing.record."""
        grave = item.severity is not Severity.INFO
        cells = (
            Cell(severity_mark(item.severity, self.desk.glyphs), "attention" if grave else "dim"),
            Cell(plain(item.subject), "strong"),
            Cell(plain(item.summary)),
            Cell(" ".join(item.remedies) or "-"),
            Cell(plain(item.host or "-")),
            Cell(plain(item.computer or "-")),
            Cell(str(item.reservation) if item.reservation is not None else "-"),
            Cell(plain(item.rule), "dim"),
        )
        return Record(item.key, cells)

    def order(self, item: Finding, column: str, text: str) -> object | None:
        """As Listing.order."""
        match column:
            case "severity":
                return -item.severity.rank
            case "reservation":
                return item.reservation
            case _:
                return super().order(item, column, text)

    def place(self, item: Finding) -> Place | None:
        """Its reservation, where it has one."""
        if item.reservation is None:
            return None
        return Place("reservation", key=str(item.reservation))

    def nowhere(self, item: Finding) -> str:
        """As Listing.nowhere."""
        return f"{plain(item.subject)}: no reservation has to do with it, below is what was found"

    def is_fault(self, item: Finding) -> bool:
        """As Listing.is_fault."""
        return item.severity is not Severity.INFO

    def note(self) -> str:
        """How old the examination is."""
        return read_age(self.desk.examiner.examined_at)

    def empty(self) -> str:
        """As Listing.empty."""
        examiner = self.desk.examiner
        if examiner.problem is not None:
            return plain(examiner.problem)
        if self.desk.has_no_inventory:
            return NO_INVENTORY
        if examiner.diagnosis is None:
            return "Examining" + self.desk.glyphs.ellipsis
        return "Nothing wrong was found"


class Locks(Listing[SemaphoreLife]):
    """vcld's semaphores, with their owners' signs of life."""

    id = "locks"
    title = "Locks of vcld and vcltui"
    columns = (
        Column("identifier", "LOCK", 24, grow=True, middle=True, letter="N"),
        Column("alive", "OWNER", 10, letter="S"),
        Column("reservation", "RESERVATION", 11, right=True, letter="E"),
        Column("pid", "PID", 7, right=True, drop=2),
        Column("expires", "EXPIRES", 19, letter="T"),
        Column("waiting", "WAITING", 10, grow=True, drop=1),
        Column("sign", "SIGN OF LIFE", 12, grow=True, drop=3),
    )

    def items(self) -> Sequence[SemaphoreLife]:
        """As Listing.items."""
        diagnosis = self.desk.examiner.diagnosis
        return diagnosis.semaphores if diagnosis else ()

    def key(self, item: SemaphoreLife) -> str:
        """As Listing.key."""
        return item.semaphore.identifier

    def record(self, item: SemaphoreLife) -> Record:
        """As Listing.record."""
        row, glyphs = item.semaphore, self.desk.glyphs
        words = {True: "alive", False: "gone", None: "unknown"}[item.alive]
        sign = {True: glyphs.on, False: glyphs.failed, None: glyphs.unknown}[item.alive]
        expires = f"{row.expires:%Y-%m-%d %H:%M:%S}" if row.expires else "never"
        cells = (
            Cell(plain(row.identifier), "strong"),
            Cell(f"{sign} {words}", "attention" if item.alive is False else ""),
            Cell(str(row.reservation_id)),
            Cell(str(row.pid)),
            Cell(expires, "attention" if item.expired else ""),
            Cell(", ".join(map(str, item.waiting)) or "-"),
            Cell(plain(item.sign), "dim"),
        )
        return Record(row.identifier, cells)

    def place(self, item: SemaphoreLife) -> Place:
        """The reservation that holds it."""
        return Place("reservation", key=str(item.semaphore.reservation_id))

    def is_fault(self, item: SemaphoreLife) -> bool:
        """As Listing.is_fault."""
        return item.alive is False or item.expired

    def empty(self) -> str:
        """As Listing.empty."""
        if self.desk.examiner.problem is not None:
            return plain(self.desk.examiner.problem)
        if self.desk.has_no_inventory:
            return NO_INVENTORY
        if self.desk.examiner.diagnosis is None:
            return "Examining" + self.desk.glyphs.ellipsis
        return "Nobody holds a lock"
