"""A line of text, one of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vcltui.errors import VcltuiError
from vcltui.tui.dialogs.base import Dialog
from vcltui.tui.widgets.line import Line
from vcltui.tui.words import plain, plain_message

_MOST_VALUE_CELLS = 48
"""How far the notes beside the choices are moved to the right for a long one."""


class Ask(Dialog[str | None]):
    """Asks for a line of text; None when it was left.

    `preview` says under the line what would come of what is typed, or why it can't be; a
    VcltuiError it raises is shown and holds enter back.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(
        self,
        question: str,
        *,
        value: str = "",
        explanation: str = "",
        preview: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__()
        self._question, self._explanation = question, explanation
        self._preview = preview
        self._line = Line(value)
        self._note = Static(classes="note")

    def compose(self) -> ComposeResult:
        """The question over a line to type in."""
        with Vertical(classes="dialog"):
            yield Static(Text(plain_message(self._question), "bold"))
            if self._explanation:
                yield Static(Text(plain_message(self._explanation), "dim"))
            yield self._line
            yield self._note
            yield Static(Text("enter: go on   esc: cancel"), classes="hint")

    @on(Input.Changed)
    def look_ahead(self, event: Input.Changed) -> None:
        """Say what would come of it."""
        self._is_fine(event.value.strip())

    @on(Input.Submitted)
    def answer(self, event: Input.Submitted) -> None:
        """Give what was typed, if anything was."""
        text = event.value.strip()
        if text and self._is_fine(text):
            self.dismiss(text)
        else:
            if not text:
                self._note.update(Text("Nothing is typed yet", "bold"))
            self._line.go_on()

    def _is_fine(self, text: str) -> bool:
        if self._preview is None or not text:
            self._note.update("")
            return True
        try:
            self._note.update(Text(plain_message(self._preview(text))))
        except VcltuiError as error:
            self._note.update(Text(plain_message(str(error)), "bold"))
            return False
        return True

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class Choose(Dialog[str | None]):
    """Lets one of several be chosen, with a filter; None when it was left.

    `choices` are the values with a note to each. `leads` are what stands before each, such as
    the lines of a tree.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("up", "highlight(-1)", "Before", show=False, priority=True),
        Binding("down", "highlight(1)", "Next", show=False, priority=True),
    ]

    def __init__(
        self, question: str, choices: Sequence[tuple[str, str]], leads: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._question, self._choices = question, tuple(choices)
        self._leads = tuple(leads) or ("",) * len(self._choices)
        widths = (
            cell_len(lead) + cell_len(plain(value))
            for lead, (value, _) in zip(self._leads, self._choices, strict=True)
        )
        self._width = max((width for width in widths if width <= _MOST_VALUE_CELLS), default=0)
        self._filter = Line(placeholder="type to filter")
        self._options = OptionList()
        self._options.can_focus = False

    def compose(self) -> ComposeResult:
        """A filter line over the list."""
        with Vertical(classes="dialog tall"):
            yield Static(Text(plain_message(self._question), "bold"))
            yield self._filter
            yield self._options
            words = "enter: take it   up, down: another one   esc: cancel"
            yield Static(Text(words), classes="hint")

    def on_mount(self) -> None:
        """Show all."""
        self._show("")

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Show what fits the filter."""
        self._show(event.value)

    def _show(self, text: str) -> None:
        words = text.lower().split()
        found = [
            Option(self._line(index), id=str(index))
            for index, (value, note) in enumerate(self._choices)
            if all(word in f"{value} {note}".lower() for word in words)
        ]
        self._options.clear_options()
        self._options.add_options(found or [Option(Text("Nothing fits", "dim"), disabled=True)])
        self._options.highlighted = 0 if found else None

    def _line(self, index: int) -> Text:
        (value, note), lead = self._choices[index], self._leads[index]
        text = Text(no_wrap=True, overflow="ellipsis").append(lead, "dim")
        text.append(plain(value), "bold")
        text.append(" " * max(self._width - text.cell_len, 0))
        return text.append(f"  {plain(note)}", "not bold dim")

    @on(Input.Submitted)
    def take_highlighted(self) -> None:
        """Enter takes the row that is marked in the list."""
        if self._options.highlighted is not None:
            self._options.action_select()
        else:
            self._filter.go_on()

    @on(OptionList.OptionSelected)
    def answer(self, event: OptionList.OptionSelected) -> None:
        """Give the chosen one."""
        self.dismiss(self._choices[int(event.option_id or 0)][0])

    def action_highlight(self, by: int) -> None:
        """Mark another row; the keys stay with the filter."""
        if self._options.highlighted is not None:
            number = self._options.option_count
            self._options.highlighted = (self._options.highlighted + by) % number

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
