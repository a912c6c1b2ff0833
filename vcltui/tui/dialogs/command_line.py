"""The line for `:` commands, with what fits under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vcltui.tui.dialogs.base import Dialog
from vcltui.tui.widgets.line import Line
from vcltui.tui.words import plain


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A whole line that may be meant, and what it does."""

    line: str
    summary: str


class CommandLine(Dialog[str | None]):
    """Gives the line that was typed or chosen; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("tab", "complete", "Complete", priority=True),
        Binding("down", "highlight(1)", "Next", show=False, priority=True),
        Binding("up", "highlight(-1)", "Before", show=False, priority=True),
    ]

    def __init__(self, suggest: Callable[[str], Sequence[Suggestion]], value: str = "") -> None:
        super().__init__()
        self._suggest, self._value = suggest, value
        self._found: Sequence[Suggestion] = ()
        self._moved = False

    def compose(self) -> ComposeResult:
        """A line over the list of what fits."""
        with Vertical(classes="dialog tall", id="command-line"):
            with Horizontal(classes="prompted"):
                yield Static(":", markup=False)
                yield Line(self._value, placeholder="a command; tab completes", id="command")
            yield OptionList()
            yield Static(
                Text("enter: do it   tab: complete   up, down: choose   esc: cancel"),
                classes="hint",
            )

    def on_mount(self) -> None:
        """Keys go to the line."""
        self.query_one(Input).focus()
        self._show(self._value)

    @on(Input.Changed)
    def follow(self, event: Input.Changed) -> None:
        """Show what fits."""
        self._show(event.value)

    def _show(self, text: str) -> None:
        self._found, self._moved = self._suggest(text), False
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(one.line) for one in self._found), default=0)
        options.add_options(
            Option(
                Text(plain(one.line).ljust(width), "bold").append(
                    f"  {plain(one.summary)}", "not bold dim"
                )
            )
            for one in self._found
        )
        options.highlighted = 0 if self._found else None

    def action_highlight(self, by: int) -> None:
        """Choose another one of what fits."""
        options = self.query_one(OptionList)
        if self._found:
            self._moved = True
            options.highlighted = ((options.highlighted or 0) + by) % len(self._found)

    def action_complete(self) -> None:
        """Put the chosen one into the line."""
        chosen = self._chosen()
        if chosen is not None:
            line = self.query_one(Input)
            line.value = f"{chosen.line} "
            line.cursor_position = len(line.value)

    @on(Input.Submitted)
    def answer(self, event: Input.Submitted) -> None:
        """Give what was typed; the first that fits where that alone says nothing."""
        chosen = self._chosen()
        typed = event.value.strip()
        whole = any(one.line == typed for one in self._found)
        if self._moved or (chosen is not None and not whole and " " not in typed):
            typed = chosen.line if chosen else typed
        self.dismiss(typed or None)

    @on(OptionList.OptionSelected)
    def take_clicked(self, event: OptionList.OptionSelected) -> None:
        """A click takes a line."""
        self.dismiss(self._found[event.option_index].line)

    def _chosen(self) -> Suggestion | None:
        highlighted = self.query_one(OptionList).highlighted
        return self._found[highlighted] if highlighted is not None and self._found else None

    def action_leave(self) -> None:
        """Leave without a command."""
        self.dismiss(None)
