"""A table of records that are shown anew all the time: cursor and scroll stay on their rows.

Cells are plain text with a tone, never markup.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from vcltui.tui.glyphs import Glyphs
from vcltui.tui.widgets.records import GAP, Cell, Column, Made, Record, Records, align, fit, lay_out
from vcltui.tui.words import plain

_Line = tuple[Record, bool, bool]
"""What a line shows: a record, whether the cursor is on it, whether it is marked."""


def _are_of_one_look(old: _Line, new: _Line) -> bool:
    """Whether two lines have the same colours, but for those of their cells."""
    return (old[0].dim, *old[1:]) == (new[0].dim, *new[1:])


class RecordTable(ScrollView, can_focus=True):
    """Shows records; `show` replaces them at any time.

    Only the records in sight are ever asked for, and only lines that are others are drawn again.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "record--header",
        "record--cursor",
        "record--blurred-cursor",
        "record--dim",
        "record--strong",
        "record--attention",
        "record--mark",
    }
    DEFAULT_CSS = """
    RecordTable {
        overflow-x: hidden;
        & > .record--header { text-style: bold; }
        & > .record--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
        & > .record--blurred-cursor { background: $panel; }
        & > .record--dim { text-style: dim; }
        & > .record--strong { text-style: bold; }
        & > .record--attention { color: $warning; text-style: bold; }
        & > .record--mark { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="row_up"),
        Binding("down,j", "move(1)", "Down", show=False, id="row_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="page_down"),
        Binding("home,g", "edge(False)", "First", show=False, id="first_row"),
        Binding("end,G", "edge(True)", "Last", show=False, id="last_row"),
        Binding("enter", "choose", "Open", show=False, id="open"),
        Binding("space", "mark", "Mark", show=False, id="mark"),
        Binding("ctrl+a", "mark_all", "Mark all", show=False, id="mark_all"),
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

    class HeaderClicked(Message):
        """A column's label was clicked; `column` is the column's key."""

        def __init__(self, table: RecordTable, column: str) -> None:
            super().__init__()
            self.table, self.column = table, column

        @property
        def control(self) -> RecordTable:
            """The table."""
            return self.table

    class Marked(Message):
        """Other rows than before are marked."""

        def __init__(self, table: RecordTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> RecordTable:
            """The table."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        glyphs: Glyphs,
        *,
        can_mark: bool = True,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._can_mark = can_mark
        self._columns = tuple(columns)
        self._glyphs = glyphs
        self._hidden = frozenset(column.key for column in columns if column.hidden)
        self._sorted: tuple[str, bool] | None = None
        self._marks: set[str] = set()
        self._was_touched = False
        self._records: Records = Made(self._columns, ())
        self._keys: Sequence[str] = ()
        self._cursor = 0
        self._empty = ""
        self._layout_width = -1
        self._shown: tuple[tuple[int, int], ...] = ()
        self._asked: dict[int, Record] = {}
        self._styles: dict[tuple[object, ...], Style] = {}
        self._sight: list[_Line] = []

    # --- what is shown ---

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the rows."""
        return self._keys

    @property
    def cursor_key(self) -> str | None:
        """The key of the row of the cursor, None where there is no row."""
        return self._keys[self._cursor] if self._keys else None

    @property
    def marks(self) -> Set[str]:
        """The keys of the marked rows: another object when other rows are marked."""
        return self._marks

    @property
    def marked(self) -> tuple[str, ...]:
        """The keys of the marked rows, in the order of the rows."""
        return tuple(key for key in self._keys if key in self._marks) if self._marks else ()

    def hide_columns(self, keys: Collection[str]) -> None:
        """Leave these columns out, whatever room there is."""
        self._hidden = frozenset(keys)
        self._lay_out()

    def show_sorted(self, sorting: tuple[str, bool] | None) -> None:
        """Mark the label of the column that the rows are sorted by, and whether downwards."""
        self._sorted = sorting
        self._refresh_line(0)

    def show(self, records: Records, empty: str = "", *, filling: bool = False) -> None:
        """Show these rows in this order; `empty` is what stands there when there are none.

        The cursor stays on its row. Only while the table is `filling`, and nobody has used it
        yet, it stays at the top.
        """
        before, row = self.cursor_key, self._cursor
        keys, widths = records.keys, self._records.widths
        same = keys is self._keys or keys == self._keys
        if not (same and keys) and empty != self._empty:
            self._refresh_line(1)
        self._records, self._keys, self._empty, self._asked = records, keys, empty, {}
        if widths != records.widths:
            self._lay_out()
        stays = not filling or self._was_touched
        if not same:
            self._follow(before if stays else None)
        elif not stays:
            self._cursor = 0
        self.virtual_size = Size(0, len(keys) + 1)
        if self._cursor != row and stays and self.cursor_key == before:
            # The row keeps its place on the screen, not its number.
            top = self.scroll_offset.y + self._cursor - row
            self.scroll_to(y=max(0, top), animate=False, force=True)
        self._redraw()
        if self.cursor_key != before:
            self.post_message(self.Moved(self, self.cursor_key))

    def _follow(self, key: str | None) -> None:
        """Set the cursor on the row of this key, of None on the first; keep what is marked."""
        there = set(self._keys) if self._marks else self._marks
        if self._marks - there:
            # What is not in sight is not marked either.
            self._marks = self._marks & there
            self.post_message(self.Marked(self))
        last = max(len(self._keys) - 1, 0)
        try:
            self._cursor = self._keys.index(key) if key is not None else 0
        except ValueError:
            self._cursor = min(self._cursor, last)

    def move_to(self, key: str) -> bool:
        """Set the cursor on a row; False where there is no such row."""
        if key not in self._keys:
            return False
        self._was_touched = True
        self._set_cursor(self._keys.index(key))
        return True

    def clear_marks(self) -> bool:
        """Mark no row; False where none was."""
        had_some = bool(self._marks)
        self._set_marks(set())
        return had_some

    # --- keys and mouse ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Rows are marked where something can be done to several."""
        return self._can_mark or action not in ("mark", "mark_all")

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self._set_cursor(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by what is visible."""
        self._set_cursor(self._cursor + by * max(self._visible_rows - 1, 1))

    def action_edge(self, last: bool) -> None:
        """Move the cursor to the first or last row."""
        self._set_cursor(len(self._keys) - 1 if last else 0)

    def action_choose(self) -> None:
        """Open the row of the cursor."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Chosen(self, key))

    def action_mark(self) -> None:
        """Mark the row of the cursor, or mark it no more, and go on to the next."""
        key = self.cursor_key
        if key is not None:
            self._set_marks(self._marks ^ {key})
            self._set_cursor(self._cursor + 1)

    def action_mark_all(self) -> None:
        """Mark every row in the table, or none where all are."""
        every = set(self._keys)
        self._set_marks(set() if self._marks == every else every)

    def _set_marks(self, marks: set[str]) -> None:
        if marks != self._marks:
            self._marks = marks
            self._redraw()
            self.post_message(self.Marked(self))

    def on_key(self) -> None:
        """From now on the cursor is where somebody put it, or left it."""
        self._was_touched = True

    def on_click(self, event: events.Click) -> None:
        """A click sets the cursor, one on the row of the cursor opens it."""
        self._was_touched = True
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            column = self._column_at(offset.x)
            if column is not None:
                self.post_message(self.HeaderClicked(self, column))
            return
        row = offset.y - 1 + self.scroll_offset.y
        if not 0 <= row < len(self._keys):
            return
        if row == self._cursor:
            self.action_choose()
        else:
            self._set_cursor(row)

    def _column_at(self, x: int) -> str | None:
        left = 1
        for index, room in self._shown:
            if left <= x < left + room:
                return self._columns[index].key
            left += room + GAP
        return None

    def on_focus(self) -> None:
        """The cursor looks otherwise with the focus."""
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        """The cursor looks otherwise without the focus."""
        self._refresh_row(self._cursor)

    def on_resize(self) -> None:
        """The cursor stays visible."""
        self._lay_out()
        self._reveal()
        self._redraw()

    @property
    def _visible_rows(self) -> int:
        return max(self.scrollable_content_region.height - 1, 1)

    def _set_cursor(self, row: int) -> None:
        if not self._keys:
            return
        row = min(max(row, 0), len(self._keys) - 1)
        if row == self._cursor:
            return
        self._cursor = row
        self._reveal()
        self._redraw()
        self.post_message(self.Moved(self, self.cursor_key))

    def _reveal(self) -> None:
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + self._visible_rows:
            y = self._cursor - self._visible_rows + 1
            self.scroll_to(y=y, animate=False, force=True)

    # --- drawing ---

    def _record(self, row: int) -> Record:
        if row not in self._asked:
            self._asked[row] = self._records[row]
        return self._asked[row]

    def _redraw(self) -> None:
        """Draw again the lines that show something else than they did."""
        top = self.scroll_offset.y
        rows = range(top, min(top + self._visible_rows, len(self._keys)))
        before = self._sight
        self._sight = [
            (self._record(row), row == self._cursor, self._keys[row] in self._marks) for row in rows
        ]
        for y, (old, new) in enumerate(zip_longest(before, self._sight), start=1):
            if old is not None and new is not None and _are_of_one_look(old, new):
                self._refresh_cells(y, old[0].cells, new[0].cells)
            elif old != new:
                self._refresh_line(y)

    def _refresh_cells(self, y: int, old: Sequence[Cell], new: Sequence[Cell]) -> None:
        """Draw a line again from the first of the shown cells that is another to the last."""
        left, first, end = 1, 0, 0
        for index, room in self._shown:
            if old[index] != new[index]:
                first, end = (first if end else left), left + room
            left += room + GAP
        if end:
            self.refresh(Region(first, y, end - first, 1))

    def _refresh_line(self, y: int) -> None:
        self.refresh(Region(0, y, self.scrollable_content_region.width, 1))

    def _refresh_row(self, row: int) -> None:
        self._refresh_line(row + 1 - self.scroll_offset.y)

    def _lay_out(self) -> None:
        """Share the width among the columns; draws all anew where that is another share."""
        width = self._layout_width = self.scrollable_content_region.width
        shown = lay_out(self._columns, self._records.widths, self._hidden, width - 2)
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def notify_style_update(self) -> None:
        """The colours are others now."""
        self._styles.clear()
        super().notify_style_update()

    def _style(self, *names: str, on: Color | None = None) -> Style:
        """The style of these components one over the other; `on`: the colour that stays."""
        key = (*names, on)
        if key not in self._styles:
            style = self.rich_style
            for name in names:
                style += self.get_component_rich_style(f"record--{name}", partial=True)
                if name == "attention":
                    style += Style(dim=False)  # in a row that is old, too
            self._styles[key] = style + Style(color=on) if on else style
        return self._styles[key]

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.scrollable_content_region.width
        if width != self._layout_width:
            self._lay_out()
        if y == 0:
            return self._header_line(width)
        row = y - 1 + self.scroll_offset.y
        if row >= len(self._keys):
            text = f" {self._empty}" if not self._keys and row == 0 else ""
            words = fit(text, width, self._glyphs.ellipsis)
            return Strip([Segment(words, self._style("dim"))], width)
        return self._record_line(row, width)

    def _header_line(self, width: int) -> Strip:
        labels = [self._in_room(self._label(index), index, room) for index, room in self._shown]
        text = f" {(' ' * GAP).join(labels)}"
        style = self._style("header")
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    def _label(self, index: int) -> str:
        column = self._columns[index]
        if self._sorted is None or self._sorted[0] != column.key:
            return column.label
        arrow = self._glyphs.falling if self._sorted[1] else self._glyphs.rising
        return f"{column.label}{arrow}"

    def _record_line(self, row: int, width: int) -> Strip:
        record = self._record(row)
        marked, focused = record.key in self._marks, self.has_focus
        cursor = row == self._cursor
        looks = ["dim"] if record.dim else []
        if cursor:
            looks.append("cursor" if focused else "blurred-cursor")
        if marked:
            looks.append("mark")
        line = self._style(*looks)
        parts = [(self._glyphs.mark if marked else " ", line)]
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
        return Strip(segments).adjust_cell_length(width, line)

    def _in_room(self, text: str, index: int, room: int) -> str:
        return align(text, room, self._glyphs.ellipsis, self._columns[index])

    def row_region(self, key: str) -> Region | None:
        """Where a row is in the widget; None where it is not visible."""
        row = self._keys.index(key) - self.scroll_offset.y if key in self._keys else -1
        if row < 0 or row >= self._visible_rows:
            return None
        return Region(0, row + 1, self.size.width, 1)
