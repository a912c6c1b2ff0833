"""What stands between a key and the question that it leads to."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Static

from vcltui.tui.dialogs.base import Dialog
from vcltui.tui.words import plain

_PATIENCE_SECONDS = 0.4
"""What takes no longer is not worth a word."""


class Waiting(Dialog[None]):
    """Says what is waited for, where that lasts, and lets go of it by escape.

    The dialogs of an action stand on it. Other keys are kept for the next one of them, so that
    what is typed fast does nothing to what lies under it.
    """

    def __init__(self, words: str, leave: Callable[[], None]) -> None:
        super().__init__()
        self._words, self._leave = words, leave
        self._box = Vertical(classes="dialog")
        self._box.display = False

    def compose(self) -> ComposeResult:
        """The words in a box, which is not shown at first."""
        with self._box:
            yield Static(Text(plain(self._words), "bold"))
            yield Static(Text("esc: leave it"), classes="hint")

    def on_mount(self) -> None:
        """Say it after a while."""
        self.set_timer(_PATIENCE_SECONDS, self._show)

    def _show(self) -> None:
        self._box.display = True

    def keeps(self, key: Key) -> bool:
        """As Dialog.keeps: all but escape, for as long as it is there."""
        if key.key == "escape":
            self._leave()
        else:
            self._kept.append(key)
        return True
