"""One of several, where what stands beside each has to be read to its end."""

from __future__ import annotations

from rich.text import Text

from vcltui.tui.dialogs.simple import Choose
from vcltui.tui.hanging import hang
from vcltui.tui.words import plain

_WIDTH, _SHARE, _FRAME = 120, 0.95, 9
"""How wide the style sheet makes the dialog, its share of the screen, and what is not text."""


class ChooseWrapped(Choose):
    """As Choose; the note of each choice stands below it, in as many lines as it takes."""

    def _line(self, index: int) -> Text:
        value, note = self._choices[index]
        width = min(_WIDTH, int(self.app.size.width * _SHARE)) - _FRAME
        text = hang(Text(f"   {plain(note)}"), width)
        text.stylize("not bold dim")
        return Text.assemble((plain(value), "bold"), "\n", text)
