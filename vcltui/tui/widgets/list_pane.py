"""A pane with a listing: its table, its filter, its sorting, its marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widgets import Input

from vcltui.runtime.actions import Subject
from vcltui.tui.filtering import unknown_fields
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.rows import Rows
from vcltui.tui.places import Back, Go
from vcltui.tui.widgets.line import Line
from vcltui.tui.widgets.record_table import RecordTable
from vcltui.tui.widgets.steady import Heading
from vcltui.tui.words import plain

_LETTERS = "ABEFHINPSTWZ"
"""The capitals that sort; those of the actions and of the table are not among them."""


class ListPane(Vertical):
    """Shows a listing. `refresh_rows` draws it anew, the cursor stays on its row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="filter",
                tooltip="Filter: words, !not, field:part, field=whole"),
        Binding("escape", "leave", "Back", show=False, id="leave"),
        Binding("ctrl+z", "faults", "Faults only", show=False, id="faults",
                tooltip="Only what something is wrong with"),
        *(
            Binding(letter, f"sort('{letter}')", "Sort", show=False, id=f"sort_{letter}")
            for letter in _LETTERS
        ),
    ]  # fmt: skip

    class Moved(Message):
        """The cursor of the pane is on another row."""

        def __init__(self, pane: ListPane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> ListPane:
            """The pane."""
            return self.pane

    class Marked(Moved):
        """Other rows of the pane are marked."""

    def __init__(
        self,
        listing: Listing[Any],
        *,
        title: str = "",
        without: Collection[str] = (),
        enter_goes: bool = True,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.listing = listing
        self._title = title or listing.title
        self._enter_goes = enter_goes
        self._kept = listing.desk.kept
        self._without = frozenset(without)
        self._filter = ""
        self._faults_only = False
        self._is_filling = True
        self._sorting = self._kept.sorting(listing.id)
        self._heading = Heading(self)
        self._subject: tuple[object, Subject | None] = None, None
        self._marked: tuple[object, list[Subject]] = None, []
        self._rows: Rows[Any] = Rows(listing)
        self._table = RecordTable(
            listing.columns,
            listing.desk.glyphs,
            can_mark=listing.can_mark,
            id=f"{listing.id}-table",
        )
        self._line = Line(
            placeholder="words, !not, " + ", ".join(_examples(listing)), classes="filter"
        )
        self._line.display = False
        self.add_class("pane")

    def compose(self) -> ComposeResult:
        """The table over the line for the filter."""
        yield self._table
        yield self._line

    def on_mount(self) -> None:
        """Show what there is."""
        self._table.hide_columns(self.hidden_columns | self._without)
        self._table.show_sorted(self._sorting)
        self.refresh_rows()

    # --- what is shown ---

    @property
    def table(self) -> RecordTable:
        """The table."""
        return self._table

    @property
    def item(self) -> object | None:
        """The item of the cursor."""
        return self._rows.item(self._table.cursor_key)

    @property
    def subject(self) -> Subject | None:
        """What actions are done to: the row of the cursor, as it was at the last refresh."""
        item = self.item
        if item is None:
            return self.listing.subject_of_all()
        if self._subject[0] is not item:
            self._subject = item, self.listing.subject(item)
        return self._subject[1]

    @property
    def marked(self) -> list[Subject]:
        """What is marked, in the order of the rows, as it was at the last refresh."""
        marks = self._table.marks
        if self._marked[0] is not marks:
            subjects = map(self.listing.subject, self.marked_items)
            self._marked = marks, [subject for subject in subjects if subject is not None]
        return self._marked[1]

    @property
    def marked_items(self) -> list[object]:
        """The items that are marked, in the order of the rows."""
        items = map(self._rows.item, self._table.marked)
        return [item for item in items if item is not None]

    @property
    def filter(self) -> str:
        """What the rows are narrowed by."""
        return self._filter

    def show_listing(self, listing: Listing[Any], title: str) -> None:
        """List something else of the same kind."""
        self.listing, self._title, self._rows = listing, title, Rows(listing)
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Show what there is now."""
        before = self.item
        self._marked, self._subject = (None, []), (None, None)
        found = self._rows.chosen(self._filter, self._sorting, faults_only=self._faults_only)
        narrowed = bool(self._filter) or self._faults_only
        listing = self.listing
        empty = listing.nothing_fits(self._filter) if narrowed else listing.empty()
        # The rows that end the filling still belong to it.
        was_filling, self._is_filling = self._is_filling, self.listing.is_filling()
        filling = was_filling or self._is_filling
        self._table.show(found, empty, filling=filling)
        self._head()
        if self.item != before:
            self.post_message(self.Moved(self))

    def _head(self) -> None:
        words = [str(len(self._table.keys)), self.listing.note()]
        if self._filter:
            words.append(f"/{plain(self._filter)}")
            unknown = unknown_fields(self._filter, frozenset(self.listing.fields))
            words += [f"no field {plain(field)}" for field, sign in unknown if sign == "="]
        if self._faults_only:
            words.append("faults only")
        marks = len(self._table.marked)
        if marks:
            words.append(f"{marks} marked")
        self._heading.show(plain(self._title), "  ".join(filter(None, words)))

    @on(RecordTable.Moved)
    def _follow(self, event: RecordTable.Moved) -> None:
        event.stop()
        self.post_message(self.Moved(self))

    @on(RecordTable.Marked)
    def _count_marks(self, event: RecordTable.Marked) -> None:
        event.stop()
        self._head()
        self.post_message(self.Marked(self))

    @on(RecordTable.Chosen)
    def _open(self, event: RecordTable.Chosen) -> None:
        item = self._rows.item(event.key)
        if self._enter_goes and item is not None:
            event.stop()
            place = self.listing.place(item)
            if place is not None:
                self.post_message(Go(place))
            else:
                self.notify(
                    self.listing.nowhere(item),
                    title="Open is not possible",
                    severity="warning",
                    markup=False,
                )

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        """The frame shows where the keys go."""
        self.add_class("-focused")

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        """And where they do not."""
        self.remove_class("-focused")

    # --- filter ---

    def narrow(self, text: str) -> None:
        """Filter by a text, "" for all."""
        self._filter = text
        if self.is_mounted:
            self._line.value = text
            self.refresh_rows()

    def action_filter(self) -> None:
        """Type a filter."""
        self._line.display = True
        self._line.value = self._filter
        self.screen.set_focus(self._line)  # at once: the next key is the first letter

    def action_faults(self) -> None:
        """Show what something is wrong with alone, or all again."""
        self._faults_only = not self._faults_only
        self.refresh_rows()

    def action_leave(self) -> None:
        """Take back the last narrowing; where there is none, leave the screen."""
        if self._line.display:
            self.narrow("")
            self._close_line()
        elif self._table.clear_marks():
            pass
        elif self._filter:
            self.narrow("")
        elif self._faults_only:
            self.action_faults()
        else:
            self.post_message(Back())

    @on(Input.Changed)
    def _filter_as_typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._filter:
            self._filter = event.value
            self.refresh_rows()

    @on(Input.Submitted)
    def _keep_filter(self, event: Input.Submitted) -> None:
        event.stop()
        self._close_line()

    def _close_line(self) -> None:
        self._line.display = False
        self.screen.set_focus(self._table)

    # --- sorting and columns ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A capital sorts only where a column has it, and is free for others elsewhere."""
        if action == "sort":
            return self.listing.column_for(str(parameters[0])) is not None
        return True

    def action_sort(self, letter: str) -> None:
        """Sort by a column; once more turns it around, a third time takes it back."""
        column = self.listing.column_for(letter)
        if column is not None:
            self.sort_by(column.key)

    @on(RecordTable.HeaderClicked)
    def _sort_by_click(self, event: RecordTable.HeaderClicked) -> None:
        event.stop()
        self.sort_by(event.column)

    def sort_by(self, column: str) -> None:
        """Sort by a column; figures begin with the greatest."""
        first = next(each.right for each in self.listing.columns if each.key == column)
        if self._sorting is None or self._sorting[0] != column:
            self._sorting = (column, first)
        elif self._sorting[1] == first:
            self._sorting = (column, not first)
        else:
            self._sorting = None
        self._kept.keep_sorting(self.listing.id, self._sorting)
        self._table.show_sorted(self._sorting)
        self.refresh_rows()

    @property
    def hidden_columns(self) -> frozenset[str]:
        """The columns that are left out."""
        kept = self._kept.hidden_columns(self.listing.id)
        if kept is not None:
            return kept
        return frozenset(column.key for column in self.listing.columns if column.hidden)

    def hide_columns(self, keys: Iterable[str]) -> None:
        """Leave these columns out, from now on."""
        hidden = frozenset(keys)
        self._kept.keep_hidden_columns(self.listing.id, hidden)
        self._table.hide_columns(hidden | self._without)


def _examples(listing: Listing[Any]) -> list[str]:
    return [f"{column.key}:" for column in listing.columns if column.letter][:5]
