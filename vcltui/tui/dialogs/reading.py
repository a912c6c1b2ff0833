"""Dialogs with a text that may be longer than the screen."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from vcltui.tui.dialogs.base import Answer, Dialog
from vcltui.tui.hanging import hang
from vcltui.tui.words import plain_lines


class ReadingDialog(Dialog[Answer]):
    """A dialog whose body scrolls by keys, without having them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(False)", "First line", show=False),
        Binding("end,G", "edge(True)", "Last line", show=False),
    ]

    def __init__(self, body: Text, hint: str) -> None:
        super().__init__()
        self._body, self._words = body, hint
        self._text = Static()
        self._scroll = VerticalScroll(self._text, can_focus=False)
        self._hint = Static(Text(hint), classes="hint keys")

    def on_mount(self) -> None:
        """Show the text."""
        self._lay_out()

    def on_resize(self) -> None:
        """Lines that are too long are broken otherwise."""
        self._lay_out()

    def _lay_out(self) -> None:
        self._text.update(hang(self._body, self._scroll.scrollable_content_region.width))
        self.call_after_refresh(self._tell_keys)

    def _tell_keys(self) -> None:
        more = "   up, down: read on" if self._scroll.max_scroll_y else ""
        self._hint.update(Text(self._words + more))

    def action_scroll(self, lines: int) -> None:
        """Move the text by lines."""
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Move the text by what is visible."""
        lines = pages * max(self._scroll.scrollable_content_region.height - 1, 1)
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_edge(self, last: bool) -> None:
        """Move to the first or last line."""
        self._scroll.scroll_to(y=self._scroll.max_scroll_y if last else 0, animate=False)


class Reader(ReadingDialog[None]):
    """Shows a long text until it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "leave", "Back")]

    def __init__(self, title: str, body: Text) -> None:
        super().__init__(body, "esc: back")
        self._title = title

    def compose(self) -> ComposeResult:
        """The text in a scroll."""
        with Vertical(classes="dialog wide"):
            yield Static(Text(plain_lines(self._title), "bold"))
            yield self._scroll
            yield self._hint

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)
