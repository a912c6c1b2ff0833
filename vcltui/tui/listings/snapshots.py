"""The snapshots of one domain, as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vcltui.models.domain import Snapshot
from vcltui.models.natural import natural
from vcltui.tui.desk import Desk
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.listings.base import Listing
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import moment, plain


@dataclass(frozen=True, slots=True)
class Branch:
    """A snapshot and the lines of the tree before it."""

    snapshot: Snapshot
    lines: str


def snapshot_tree(found: Sequence[Snapshot], glyphs: Glyphs) -> list[Branch]:
    """The snapshots in the order of their tree, roots first, each before its children."""
    names = {snapshot.name for snapshot in found}
    roots = [snapshot for snapshot in found if snapshot.parent not in names]
    return list(_branches(roots, found, glyphs, ""))


def _branches(
    level: Sequence[Snapshot], found: Sequence[Snapshot], glyphs: Glyphs, indent: str
) -> Iterator[Branch]:
    for snapshot in level:
        last = snapshot is level[-1]
        yield Branch(snapshot, indent + (glyphs.last_branch if last else glyphs.branch))
        children = [each for each in found if each.parent == snapshot.name]
        deeper = "   " if last else glyphs.trunk
        yield from _branches(children, found, glyphs, indent + deeper)


def descendants(found: Sequence[Snapshot], name: str) -> list[str]:
    """The names of the snapshots that stand on one, in the order of the tree."""
    names: list[str] = []
    for snapshot in found:
        if snapshot.parent == name:
            names += [snapshot.name, *descendants(found, snapshot.name)]
    return names


class Snapshots(Listing[Branch]):
    """The snapshots of the domain that is shown."""

    id = "snapshots"
    title = "Snapshots"
    can_mark = False
    columns = (
        Column("name", "SNAPSHOT", 16, grow=True, middle=True),
        Column("current", "CURRENT", 9),
        Column("time", "MADE", 16, drop=1),
        Column("state", "STATE", 8, grow=True, drop=2),
        Column("kind", "KIND", 8, drop=4),
        Column("description", "DESCRIPTION", 11, grow=True, drop=3),
    )

    def __init__(self, desk: Desk, host: str, uuid: str) -> None:
        super().__init__(desk)
        self._host, self._uuid = host, uuid

    def items(self) -> Sequence[Branch]:
        """As Listing.items."""
        details = self.desk.fleet.details(self._host, self._uuid)
        return snapshot_tree(details.snapshots, self.desk.glyphs) if details else ()

    def key(self, item: Branch) -> str:
        """As Listing.key."""
        return item.snapshot.name

    def record(self, item: Branch) -> Record:
        """As Listing.record."""
        snapshot = item.snapshot
        current = f"{self.desk.glyphs.current} current" if snapshot.is_current else ""
        cells = (
            Cell(item.lines + plain(snapshot.name), "strong"),
            Cell(current),
            Cell(moment(snapshot.creation_time)),
            Cell(plain(snapshot.state)),
            Cell("external" if snapshot.external else "internal"),
            Cell(plain(snapshot.description)),
        )
        return Record(snapshot.name, cells)

    def order(self, item: Branch, column: str, text: str) -> object | None:
        """As Listing.order; the lines of the tree are no part of a name."""
        if column == "name":
            return natural(item.snapshot.name)
        return super().order(item, column, text)

    def empty(self) -> str:
        """As Listing.empty."""
        details = self.desk.fleet.details(self._host, self._uuid)
        if details is None:
            return "Reading" + self.desk.glyphs.ellipsis
        return plain(details.problem or "No snapshots: n makes one")
