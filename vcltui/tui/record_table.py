"""A table of records that are shown anew all the time: cursor and scroll stay on their rows.

Cells are plain text with a tone, never markup. Columns share the width there is, and those that
matter least are left out where it is narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from vcltui.tui.words import plain

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `width` is its least width; with `grow` it takes what its cells need.

    `drop` 0 stays always; of the others the highest goes first where it is narrow.
    """

    key: str
    label: str
    width: int
    grow: bool = False
    right: bool = False
    drop: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text and its tone: "" (plain), "dim", "strong" or "attention"."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row: its key, its cells in the order of the columns. `dim`: what it says is old."""

    key: str
    cells: tuple[Cell, ...]
    dim: bool = False


class RecordTable(ScrollView, can_focus=True):
    """Shows records; `show` replaces them at any time."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "record--header",
        "record--cursor",
        "record--blurred-cursor",
        "record--dim",
        "record--strong",
        "record--attention",
    }
    DEFAULT_CSS = """
    RecordTable {
        overflow-x: hidden;
        & > .record--header { text-style: bold; color: $text-muted; }
        & > .record--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
        & > .record--blurred-cursor { background: $panel; }
        & > .record--dim { color: $text-disabled; }
        & > .record--strong { text-style: bold; }
        & > .record--attention { color: $accent; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(False)", "First", show=False),
        Binding("end,G", "edge(True)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row; `key` is None when there is none."""

        def __init__(self, table: RecordTable, key: str | None) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> RecordTable:
            """The table."""
            return self.table

    class Chosen(Message):
        """A row was opened by enter or a click on the row of the cursor."""

        def __init__(self, table: RecordTable, key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> RecordTable:
            """The table."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,
        header: bool = True,
        ellipsis: str = "…",
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._header = header
        self._ellipsis = ellipsis
        self._records: tuple[Record, ...] = ()
        self._index: dict[str, int] = {}
        self._cursor = 0
        self._needs: tuple[int, ...] = tuple(column.width for column in self._columns)
        self._empty = ""
        self._layout_width = -1
        self._shown: tuple[tuple[int, int], ...] = ()

    # --- what is shown ---

    @property
    def records(self) -> tuple[Record, ...]:
        """The rows shown."""
        return self._records

    @property
    def cursor_key(self) -> str | None:
        """The key of the row of the cursor, None where there is no row."""
        return self._records[self._cursor].key if self._records else None

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns; the rows must be shown anew after."""
        self._columns = tuple(columns)
        self._records, self._index, self._shown = (), {}, ()

    def show(self, records: Sequence[Record], empty: str = "") -> None:
        """Show these rows in this order; `empty` is what stands there when there are none."""
        new = tuple(records)
        if new == self._records and empty == self._empty:
            return
        before, row = self.cursor_key, self._cursor
        self._records, self._empty = new, empty
        self._index = {record.key: index for index, record in enumerate(new)}
        found = self._index.get(before, -1) if before is not None else 0
        self._cursor = found if found >= 0 else min(row, max(len(new) - 1, 0))
        self._needs = tuple(
            max([column.width, *(cell_len(record.cells[i].text) for record in new)])
            if column.grow
            else column.width
            for i, column in enumerate(self._columns)
        )
        self._layout_width = -1
        self.virtual_size = Size(0, len(new) + self._header)
        if self._cursor != row and found >= 0:
            # The row keeps its place on the screen, not its number.
            top = self.scroll_offset.y + self._cursor - row
            self.scroll_to(y=max(0, top), animate=False, force=True)
        self.refresh()
        if self.cursor_key != before:
            self.post_message(self.Moved(self, self.cursor_key))

    def move_to(self, key: str) -> bool:
        """Set the cursor on a row; False where there is no such row."""
        if key not in self._index:
            return False
        self._set_cursor(self._index[key])
        return True

    # --- keys and mouse ---

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self._set_cursor(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by what is visible."""
        self._set_cursor(self._cursor + by * max(self._visible_rows - 1, 1))

    def action_edge(self, last: bool) -> None:
        """Move the cursor to the first or last row."""
        self._set_cursor(len(self._records) - 1 if last else 0)

    def action_choose(self) -> None:
        """Open the row of the cursor."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Chosen(self, key))

    def on_click(self, event: events.Click) -> None:
        """A click sets the cursor, one on the row of the cursor opens it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        row = offset.y - self._header + self.scroll_offset.y
        if offset.y < self._header or not 0 <= row < len(self._records):
            return
        if row == self._cursor:
            self.action_choose()
        else:
            self._set_cursor(row)

    def on_focus(self) -> None:
        """The cursor looks otherwise with the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor looks otherwise without the focus."""
        self.refresh()

    def on_resize(self) -> None:
        """The cursor stays visible."""
        self._layout_width = -1
        self._reveal()

    @property
    def _visible_rows(self) -> int:
        return max(self.scrollable_content_region.height - self._header, 1)

    def _set_cursor(self, row: int) -> None:
        if not self._records:
            return
        row = min(max(row, 0), len(self._records) - 1)
        if row == self._cursor:
            return
        self._cursor = row
        self._reveal()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor_key))

    def _reveal(self) -> None:
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + self._visible_rows:
            y = self._cursor - self._visible_rows + 1
            self.scroll_to(y=y, animate=False, force=True)

    # --- drawing ---

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if width != self._layout_width:
            self._shown, self._layout_width = self._lay_out(width), width
        if self._header and y == 0:
            return self._header_line(width, base)
        row = y - self._header + self.scroll_offset.y
        if row >= len(self._records):
            text = f" {self._empty}" if not self._records and row == 0 else ""
            style = base + self.get_component_rich_style("record--dim", partial=True)
            return Strip([Segment(self._fit(text, width), style)], width)
        return self._record_line(row, width, base)

    def _header_line(self, width: int, base: Style) -> Strip:
        style = base + self.get_component_rich_style("record--header", partial=True)
        text = " " + (" " * GAP).join(
            self._align(self._columns[index].label, index, room) for index, room in self._shown
        )
        return Strip([Segment(self._fit(text, width), style)], width)

    def _record_line(self, row: int, width: int, base: Style) -> Strip:
        record = self._records[row]
        line = base
        if record.dim:
            line += self.get_component_rich_style("record--dim", partial=True)
        cursor = row == self._cursor
        if cursor:
            name = "record--cursor" if self.has_focus else "record--blurred-cursor"
            line += self.get_component_rich_style(name, partial=True)
        segments = [Segment(" ", line)]
        used = 1
        for position, (index, room) in enumerate(self._shown):
            cell = record.cells[index]
            style = line
            if cell.tone and not (cursor and self.has_focus and cell.tone == "dim"):
                style += self.get_component_rich_style(f"record--{cell.tone}", partial=True)
                if cursor and self.has_focus:
                    style += Style(color=line.color)
            gap = " " * GAP if position else ""
            segments.append(Segment(gap, line))
            segments.append(Segment(self._align(plain(cell.text), index, room), style))
            used += len(gap) + room
        segments.append(Segment(" " * max(width - used, 0), line))
        return Strip(segments).adjust_cell_length(width, line)

    def _align(self, text: str, index: int, room: int) -> str:
        if self._columns[index].right and cell_len(text) < room:
            return " " * (room - cell_len(text)) + text
        return self._fit(text, room)

    def _fit(self, text: str, room: int) -> str:
        if cell_len(text) > room >= 1:
            return set_cell_size(text, room - 1) + self._ellipsis
        return set_cell_size(text, max(room, 0))

    def _lay_out(self, width: int) -> tuple[tuple[int, int], ...]:
        """The columns that are shown, by number, and the width of each."""
        room = width - 2
        indexes = list(range(len(self._columns)))

        def least() -> int:
            return sum(self._columns[i].width for i in indexes) + GAP * (len(indexes) - 1)

        for drop in sorted({column.drop for column in self._columns} - {0}, reverse=True):
            if least() <= room:
                break
            indexes = [i for i in indexes if self._columns[i].drop != drop]
        widths = {i: self._columns[i].width for i in indexes}
        spare = room - least()
        for i in sorted(indexes, key=lambda i: self._needs[i] - widths[i]):
            more = min(self._needs[i] - widths[i], max(spare, 0))
            widths[i] += more
            spare -= more
        return tuple((i, widths[i]) for i in indexes)

    def row_region(self, key: str) -> Region | None:
        """Where a row is in the widget; None where it is not visible."""
        row = self._index.get(key, -1) - self.scroll_offset.y
        if row < 0 or row >= self._visible_rows:
            return None
        return Region(0, row + self._header, self.size.width, 1)
