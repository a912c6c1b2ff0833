"""The last look at what is drawn: nothing in it writes to the terminal past Textual."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from vcltui.tui.words import plain


class PlainDrawing(LineFilter):
    """Takes out of every line what could move the cursor or turn the direction of writing.

    Names, files and messages come from hosts and guests. Who shows one makes it plain; what was
    forgotten is caught here, through which all lines of all widgets pass. `before` are the filters
    that are applied before it: each filter by itself would cost a Strip for each line.
    """

    def __init__(self, before: Sequence[LineFilter] = ()) -> None:
        super().__init__()
        self.before = tuple(before)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """What the filters before make of the segments; nearly always all of it is plain."""
        for each in self.before:
            segments = each.apply(segments, background)
        if "".join([text for text, _, _ in segments]).isprintable():
            return segments
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(_same_width(segment.text), segment.style)
            for segment in segments
        ]


def _same_width(text: str) -> str:
    """The text made plain, in as many cells: the line's width was measured before."""
    return "".join(
        letter if letter.isprintable() or plain(letter) == letter else plain(letter) * width
        for letter, width in ((letter, cell_len(letter)) for letter in text)
    )
