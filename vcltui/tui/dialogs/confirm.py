"""Whether to do what is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from vcltui.operations.step import Operation
from vcltui.tui.dialogs.reading import ReadingDialog
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.tones import ATTENTION
from vcltui.tui.widgets.line import Line
from vcltui.tui.words import plain, plain_lines


class Confirm(ReadingDialog[bool]):
    """Shows what would be done, and asks whether to.

    `warning` is what would be lost by it. With `word` it has to be typed: that is for what can't
    be taken back.
    """

    TAKES_KEYS_AHEAD = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes, do it"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, title: str, body: Text, *, warning: str = "", word: str = "") -> None:
        keys = "enter: do it   esc: leave it" if word else "y: do it   n or esc: leave it"
        super().__init__(body, keys)
        self._title, self._warning, self._word = title, warning, word
        self._line = Line()

    def compose(self) -> ComposeResult:
        """The title, what would be lost, the text in a scroll, the keys."""
        with Vertical(classes="dialog tall"):
            yield Static(Text(plain_lines(self._title), "bold"))
            if self._warning:
                yield Static(Text().append(plain_lines(self._warning), ATTENTION))
            yield self._scroll
            with Vertical(classes="below"):
                if self._word:
                    words = Text.assemble("Type ", (plain(self._word), "bold"), " to go on:")
                    yield Static(words, classes="prompt")
                    yield self._line
                yield self._hint

    def on_mount(self) -> None:
        """Keys go to the line, where there is one."""
        if self._word:
            self._line.focus()

    @on(Input.Submitted)
    def compare(self, event: Input.Submitted) -> None:
        """Go on when exactly the word was typed."""
        if event.value.strip() == self._word:
            self.dismiss(True)
        else:
            self.notify(f"That is not {self._word}", severity="warning", markup=False)
            self._line.go_on()

    def action_answer(self, yes: bool) -> None:
        """Give the answer; with a word, typing it is the only yes."""
        if not (yes and self._word):
            self.dismiss(yes)


def plans_text(
    left_out: Iterable[tuple[str, str]], operations: Iterable[Operation], glyphs: Glyphs
) -> Text:
    """What is left out, by its name and the reason, and then the plan of each operation."""
    text = Text()
    for name, reason in left_out:
        text.append(f"left out: {plain(name)}: ", "bold")
        text.append(f"{plain(reason)}\n\n", "not bold")
    for operation in operations:
        text.append(f"{plain(operation.title)}\n", "bold underline")
        text.append_text(plan_text(operation, glyphs)).append("\n\n")
    text.rstrip()
    return text


def plan_text(operation: Operation, glyphs: Glyphs) -> Text:
    """What was checked, and the steps with their calls, as a dry run prints them."""
    text = Text()
    if operation.checked:
        text.append("Checked\n", "bold underline")
        for sentence in operation.checked:
            text.append(f"{glyphs.done} {plain(sentence)}\n", "not bold")
        text.append("\nWhat will be done\n", "bold underline")
    for number, step in enumerate(operation.steps, start=1):
        text.append(f"{number}. {plain(step.title)}\n", "bold")
        for call in step.calls:
            text.append(f"   {plain(call)}\n", "not bold")
    text.rstrip()
    return text
