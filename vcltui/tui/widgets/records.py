"""Records and columns of a table, and how columns share the width that there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rich.cells import cell_len, set_cell_size

GAP = 2
_LEAST_MIDDLE = 9
"""A text with less room than this is cut at its end, in cells."""
_GOOD = 40
"""How far a column that always stays grows, in cells, before another one is left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `width` is its least width; with `grow` it takes what its cells need.

    `drop` 0 stays always; of the others the highest goes first where it is narrow. `letter` is
    the capital that sorts by it. `hidden`: it is only shown when it was chosen. `middle`: a text
    that is too long loses its middle, since its end tells it from others, such as a revision.
    """

    key: str
    label: str
    width: int
    grow: bool = False
    right: bool = False
    drop: int = 0
    letter: str = ""
    hidden: bool = False
    middle: bool = False


class Cell(NamedTuple):
    """A cell's text and its tone: "" (plain), "dim", "strong" or "attention"."""

    text: str
    tone: str = ""


class Record(NamedTuple):
    """A row: its key, its cells in the order of the columns. `dim`: what it says is old."""

    key: str
    cells: tuple[Cell, ...]
    dim: bool = False


class Records(Protocol):
    """The rows of a table: `keys` in their order, and a record for each when it is asked for.

    `widths` is what each column could use, in cells.
    """

    @property
    def keys(self) -> Sequence[str]:
        """The key of each row."""

    @property
    def widths(self) -> Sequence[int]:
        """The width that each column could use."""

    def __getitem__(self, row: int) -> Record:
        """The record of a row as it is now."""


class Made:
    """Records that are there already."""

    def __init__(self, columns: Sequence[Column], records: Iterable[Record]) -> None:
        self._records = tuple(records)
        self.keys = [record.key for record in self._records]
        self.widths = widest(columns, [cell_widths(record) for record in self._records])

    def __getitem__(self, row: int) -> Record:
        return self._records[row]


def cell_widths(record: Record) -> tuple[int, ...]:
    """The width of each cell."""
    return tuple([len(text) if text.isascii() else cell_len(text) for text, _ in record.cells])


def widest(columns: Sequence[Column], widths: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The width that each column could use: its label's, and with `grow` that of its cells."""
    labels = [max(column.width, len(column.label) + bool(column.letter)) for column in columns]
    most = map(max, zip(labels, *widths, strict=True))
    return tuple(
        most_of if column.grow else label
        for column, label, most_of in zip(columns, labels, most, strict=True)
    )


def lay_out(
    columns: Sequence[Column], needs: Sequence[int], hidden: Collection[str], room: int
) -> tuple[tuple[int, int], ...]:
    """The columns that are shown in `room` cells, by number, and the width of each.

    Those that matter least are left out where it is narrow, so that those which always stay can
    grow; what is left is shared, the column that needs least first.
    """
    indexes = [index for index, column in enumerate(columns) if column.key not in hidden]

    def least(i: int) -> int:
        return columns[i].width

    def good(i: int) -> int:
        return columns[i].width if columns[i].drop else min(needs[i], max(_GOOD, columns[i].width))

    def room_for(width_of: Callable[[int], int]) -> int:
        return sum(width_of(i) for i in indexes) + GAP * (len(indexes) - 1)

    for drop in sorted({column.drop for column in columns} - {0}, reverse=True):
        if room_for(good) <= room:
            break
        indexes = [i for i in indexes if columns[i].drop != drop]
    widths = {i: columns[i].width for i in indexes}
    spare = room - room_for(least)
    for i in sorted(indexes, key=lambda i: needs[i] - widths[i]):
        more = min(needs[i] - widths[i], max(spare, 0))
        widths[i] += more
        spare -= more
    return tuple((i, widths[i]) for i in indexes)


def align(text: str, room: int, ellipsis: str, column: Column) -> str:
    """A cell's text in exactly `room` cells, as its column has it."""
    width = cell_len(text)
    if column.right and width < room:
        return " " * (room - width) + text
    if column.middle and width > room >= _LEAST_MIDDLE:
        tail = _tail(text, room // 3)
        return set_cell_size(text, room - cell_len(tail) - 1) + ellipsis + tail
    return fit(text, room, ellipsis)


def _tail(text: str, room: int) -> str:
    """The end of a text, no wider than `room` cells."""
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= room:
        start -= 1
    return text[start:]


def fit(text: str, room: int, ellipsis: str) -> str:
    """A text cut or filled up to exactly `room` cells."""
    if text.isascii() and len(text) <= room:
        return text.ljust(room)
    if cell_len(text) > room >= 1:
        return set_cell_size(text, room - 1) + ellipsis
    return set_cell_size(text, max(room, 0))
