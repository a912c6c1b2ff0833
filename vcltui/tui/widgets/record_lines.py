"""How a table of records is drawn: the room of its columns, and the pieces of each line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from vcltui.tui.glyphs import Glyphs
from vcltui.tui.widgets.records import GAP, Cell, Column, Record, align, fit, lay_out
from vcltui.tui.words import plain

_MARGIN = 1
"""The cells before the first column, where a marked row has its mark, and after the last."""


class Styles(Protocol):
    """What the lines ask for their colours."""

    def __call__(self, *names: str, on: Color | None = None) -> Style:
        """The style of these components one over the other; `on`: the colour that stays."""


class RecordLines:
    """Draws the header and the records of a table in the room that each column has.

    `hidden` are the keys of the columns that are left out; `sorted_by` is the key of the column
    that the rows are sorted by, and whether downwards.
    """

    def __init__(self, columns: Sequence[Column], glyphs: Glyphs, style: Styles) -> None:
        self.hidden: Collection[str] = frozenset(c.key for c in columns if c.hidden)
        self.sorted_by: tuple[str, bool] | None = None
        self.width = -1
        self._columns = tuple(columns)
        self._glyphs = glyphs
        self._style = style
        self._shown: tuple[tuple[int, int], ...] = ()

    def lay_out(self, needs: Sequence[int], width: int) -> bool:
        """Share `width` cells among the columns; returns whether that is another share.

        `needs` is the width that each column could use.
        """
        self.width = width
        before = self._shown
        self._shown = lay_out(self._columns, needs, self.hidden, width - 2 * _MARGIN)
        return self._shown != before

    def column_at(self, x: int) -> str | None:
        """The key of the column that is shown at a cell of the line."""
        left = _MARGIN
        for index, room in self._shown:
            if left <= x < left + room:
                return self._columns[index].key
            left += room + GAP
        return None

    def changed(self, old: Sequence[Cell], new: Sequence[Cell]) -> tuple[int, int] | None:
        """From where to where two lines differ, in cells: all between is to be drawn again."""
        left, first, end = _MARGIN, 0, 0
        for index, room in self._shown:
            if old[index] != new[index]:
                first, end = (first if end else left), left + room
            left += room + GAP
        return (first, end) if end else None

    def header(self) -> Strip:
        """The line of the labels."""
        labels = [self._in_room(self._label(index), index, room) for index, room in self._shown]
        text = " " * _MARGIN + (" " * GAP).join(labels)
        style = self._style("header")
        return Strip([Segment(text, style)]).adjust_cell_length(self.width, style)

    def words(self, text: str) -> Strip:
        """A line that says something instead of records."""
        words = fit(" " * _MARGIN + text if text else "", self.width, self._glyphs.ellipsis)
        return Strip([Segment(words, self._style("dim"))], self.width)

    def record(self, record: Record, *, marked: bool, cursor: bool, focused: bool) -> Strip:
        """The line of a record, which may be marked or have the cursor on it."""
        looks = ["dim"] if record.dim else []
        if cursor:
            looks.append("cursor" if focused else "blurred-cursor")
        if marked:
            looks.append("mark")
        line = self._style(*looks)
        parts = [(self._glyphs.mark if marked else " " * _MARGIN, line)]
        for position, (index, room) in enumerate(self._shown):
            text, tone = record.cells[index]
            style = line
            if tone and not (cursor and focused and tone == "dim"):
                style = self._style(*looks, tone, on=line.color if cursor and focused else None)
            if position:
                parts.append((" " * GAP, line))
            parts.append((self._in_room(plain(text), index, room), style))
        # What looks alike is written at once: each piece costs the codes of its colours.
        pieces = groupby(parts, key=itemgetter(1))
        segments = [Segment("".join(text for text, _ in same), style) for style, same in pieces]
        return Strip(segments).adjust_cell_length(self.width, line)

    def _label(self, index: int) -> str:
        column = self._columns[index]
        if self.sorted_by is None or self.sorted_by[0] != column.key:
            return column.label
        arrow = self._glyphs.falling if self.sorted_by[1] else self._glyphs.rising
        return f"{column.label}{arrow}"

    def _in_room(self, text: str, index: int, room: int) -> str:
        return align(text, room, self._glyphs.ellipsis, self._columns[index])
