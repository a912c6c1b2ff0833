"""Which columns a listing shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from vcltui.tui.dialogs.base import Dialog
from vcltui.tui.widgets.records import Column


class ChooseColumns(Dialog[frozenset[str] | None]):
    """Gives the columns that are to be left out; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("space", "turn", "Show or hide"),
        # Before the list, which would take enter for a choice.
        Binding("enter", "keep", "Keep", priority=True),
    ]

    def __init__(self, columns: Sequence[Column], hidden: Collection[str]) -> None:
        super().__init__()
        self._columns = tuple(columns)
        # The first one always stays.
        self._hidden = set(hidden) - {columns[0].key}
        self._list = OptionList(*(Option(self._line(column)) for column in columns))

    def _line(self, column: Column) -> Text:
        width = max(len(each.label) for each in self._columns)
        mark = " " if column.key in self._hidden else "x"
        text = Text(f"[{mark}] {column.label:<{width}}")
        return text.append(f"  {column.letter} sorts by it" if column.letter else "", "dim")

    def compose(self) -> ComposeResult:
        """The columns with a mark for each that is shown."""
        with Vertical(classes="dialog"):
            yield Static(Text("Columns", "bold"))
            yield self._list
            yield Static(Text("space: show or hide   enter: keep   esc: cancel"), classes="hint")

    def action_turn(self) -> None:
        """Show the column of the cursor, or show it no more."""
        index = self._list.highlighted
        if index:
            self._hidden ^= {self._columns[index].key}
            self._list.replace_option_prompt_at_index(index, self._line(self._columns[index]))

    @on(OptionList.OptionSelected)
    def turn_clicked(self) -> None:
        """A click is as the space bar."""
        self.action_turn()

    def action_keep(self) -> None:
        """Give what is not shown."""
        self.dismiss(frozenset(self._hidden))

    def action_leave(self) -> None:
        """Leave without a choice."""
        self.dismiss(None)
