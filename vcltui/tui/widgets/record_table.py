"""A table of records that are shown anew all the time: cursor and scroll stay on their rows.

Cells are plain text with a tone, never markup.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence, Set
from itertools import zip_longest
from typing import ClassVar

from rich.color import Color
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from vcltui.tui.glyphs import Glyphs
from vcltui.tui.widgets.record_lines import RecordLines
from vcltui.tui.widgets.records import Column, Made, Record, Records

_Line = tuple[Record, bool, bool]
"""What a line shows: a record, whether the cursor is on it, whether it is marked."""


def _are_of_one_look(old: _Line, new: _Line) -> bool:
    """Whether two lines have the same colours, but for those of their cells."""
    return (old[0].dim, *old[1:]) == (new[0].dim, *new[1:])


class _OfTable(Message):
    """Something that a table tells; Textual finds by `control` whose it is."""

    def __init__(self, table: RecordTable) -> None:
        super().__init__()
        self._table = table

    @property
    def control(self) -> RecordTable:
        """The table."""
        return self._table


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

    class Moved(_OfTable):
        """The cursor is on another row; `key` is None when there is none."""

        def __init__(self, table: RecordTable, key: str | None) -> None:
            super().__init__(table)
            self.key = key

    class Chosen(_OfTable):
        """A row was opened by enter or a click on the row of the cursor."""

        def __init__(self, table: RecordTable, key: str) -> None:
            super().__init__(table)
            self.key = key

    class HeaderClicked(_OfTable):
        """A column's label was clicked; `column` is the column's key."""

        def __init__(self, table: RecordTable, column: str) -> None:
            super().__init__(table)
            self.column = column

    class Marked(_OfTable):
        """Other rows than before are marked."""

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
        self._lines = RecordLines(columns, glyphs, self._style)
        self._marks: set[str] = set()
        self._was_touched = False
        self._records: Records = Made(columns, ())
        self._keys: Sequence[str] = ()
        self._cursor = 0
        self._empty = ""
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
        self._lines.hidden = frozenset(keys)
        self._lay_out()

    def show_sorted(self, sorting: tuple[str, bool] | None) -> None:
        """Mark the label of the column that the rows are sorted by, and whether downwards."""
        self._lines.sorted_by = sorting
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
            self.refresh()
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
            column = self._lines.column_at(offset.x)
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
                changed = self._lines.changed(old[0].cells, new[0].cells)
                if changed:
                    self.refresh(Region(changed[0], y, changed[1] - changed[0], 1))
            elif old != new:
                self._refresh_line(y)

    def _refresh_line(self, y: int) -> None:
        self.refresh(Region(0, y, self.scrollable_content_region.width, 1))

    def _refresh_row(self, row: int) -> None:
        self._refresh_line(row + 1 - self.scroll_offset.y)

    def _lay_out(self) -> None:
        """Share the width among the columns; draws all anew where that is another share."""
        if self._lines.lay_out(self._records.widths, self.scrollable_content_region.width):
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
        if self._lines.width != self.scrollable_content_region.width:
            self._lay_out()
        if y == 0:
            return self._lines.header()
        row = y - 1 + self.scroll_offset.y
        if row >= len(self._keys):
            # A reason may be long, and is worth nothing cut off.
            lines = [] if self._keys else textwrap.wrap(self._empty, max(self._lines.width - 2, 1))
            return self._lines.words(lines[row] if row < len(lines) else "")
        record = self._record(row)
        return self._lines.record(
            record,
            marked=record.key in self._marks,
            cursor=row == self._cursor,
            focused=self.has_focus,
        )

    def row_region(self, key: str) -> Region | None:
        """Where a row is in the widget; None where it is not visible."""
        row = self._keys.index(key) - self.scroll_offset.y if key in self._keys else -1
        if row < 0 or row >= self._visible_rows:
            return None
        return Region(0, row + 1, self.size.width, 1)
