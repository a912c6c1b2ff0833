"""The log of this console."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.runtime.log_lines import LogLine
from vcltui.tui.listings.base import Listing
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import plain

_FAULTS = ("warning", "error", "critical")


class Log(Listing[LogLine]):
    """What was logged since the console was opened, the newest first."""

    id = "log"
    title = "Log"
    can_mark = False
    columns = (
        Column("time", "TIME", 8, letter="T"),
        Column("level", "LEVEL", 8, letter="S"),
        Column("source", "SOURCE", 12, grow=True, drop=1, letter="N"),
        Column("text", "TEXT", 40, grow=True),
    )

    def items(self) -> Sequence[LogLine]:
        """As Listing.items."""
        return self.desk.log.lines()

    def key(self, item: LogLine) -> str:
        """As Listing.key."""
        return str(item.number)

    def record(self, item: LogLine) -> Record:
        """As Listing.record."""
        cells = (
            Cell(f"{item.time.astimezone():%H:%M:%S}", "dim"),
            Cell(item.level, "attention" if self.is_fault(item) else "dim"),
            Cell(plain(item.source), "dim"),
            Cell(plain(" ".join(item.text.split()))),
        )
        return Record(self.key(item), cells)

    def order(self, item: LogLine, column: str, text: str) -> object | None:
        """As Listing.order."""
        return item.number if column == "time" else super().order(item, column, text)

    def is_fault(self, item: LogLine) -> bool:
        """As Listing.is_fault."""
        return item.level in _FAULTS

    def empty(self) -> str:
        """As Listing.empty."""
        return "Nothing was logged yet"
