"""The questions the console asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vcltui.operations.step import Operation
from vcltui.tui.words import plain


class Ask(ModalScreen[str | None]):
    """Asks for a line of text; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question over a line to type in."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._question))
            yield Input()
            yield Static(Text("enter: go on   esc: cancel"), classes="hint")

    @on(Input.Submitted)
    def answer(self, event: Input.Submitted) -> None:
        """Give what was typed, if anything was."""
        if event.value.strip():
            self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """Lets one of several be chosen, with a filter; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("down", "to_list", "List", show=False),
    ]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._question, self._choices = question, tuple(choices)

    def compose(self) -> ComposeResult:
        """A filter line over the list."""
        with Vertical(classes="dialog tall"):
            yield Static(Text(self._question))
            yield Input(placeholder="type to filter")
            yield OptionList(*self._options(""))
            yield Static(Text("enter: choose   down: to the list   esc: cancel"), classes="hint")

    def _options(self, text: str) -> list[Option]:
        words = text.lower().split()
        return [
            Option(Text(f"{plain(value)}  {plain(note)}"), id=str(index))
            for index, (value, note) in enumerate(self._choices)
            if all(word in f"{value} {note}".lower() for word in words)
        ]

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Show what fits the filter."""
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._options(event.value))
        options.highlighted = 0 if options.option_count else None

    @on(Input.Submitted)
    def take_highlighted(self) -> None:
        """Enter in the filter takes the row that is marked in the list."""
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            options.action_select()

    @on(OptionList.OptionSelected)
    def answer(self, event: OptionList.OptionSelected) -> None:
        """Give the chosen one."""
        self.dismiss(self._choices[int(event.option_id or 0)][0])

    def action_to_list(self) -> None:
        """Move from the filter into the list."""
        self.query_one(OptionList).focus()

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class Confirm(ModalScreen[bool]):
    """Shows what would be done, and asks whether to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes, do it"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, title: str, body: Text) -> None:
        super().__init__()
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        """The title, the text in a scroll, the keys."""
        with Vertical(classes="dialog tall"):
            yield Static(Text(self._title, "bold"))
            with VerticalScroll():
                yield Static(self._body)
            yield Static(Text("y: do it   n or esc: leave it"), classes="hint")

    def action_answer(self, yes: bool) -> None:
        """Give the answer."""
        self.dismiss(yes)


class Reader(ModalScreen[None]):
    """Shows a long text until it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "leave", "Back")]

    def __init__(self, title: str, body: Text) -> None:
        super().__init__()
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        """The text in a scroll."""
        with Vertical(classes="dialog wide"):
            yield Static(Text(self._title, "bold"))
            with VerticalScroll():
                yield Static(self._body)
            yield Static(Text("esc: back"), classes="hint")

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)


def plan_text(operation: Operation) -> Text:
    """An operation's steps with their calls, as a dry run prints them."""
    text = Text()
    for number, step in enumerate(operation.steps, start=1):
        text.append(f"{number}. {plain(step.title)}\n", "bold")
        for call in step.calls:
            text.append(f"   {plain(call)}\n")
    return text
