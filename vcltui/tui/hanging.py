"""Breaks long lines so that what follows stands under their beginning."""

from __future__ import annotations

from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_MORE = 2
"""How much further in the rest of a line stands, in cells."""
_LEAST = 20
"""Where less than this is left, a line is broken as it comes."""


def hang(text: Text, width: int) -> Text:
    """A text whose lines are no wider than `width`; the rest of each stands further in."""
    console = Console(file=StringIO(), width=max(width, 1))
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        indent = len(line.plain) - len(line.plain.lstrip(" "))
        room = width - indent - _MORE
        if line.cell_len <= width or room < _LEAST:
            lines.append(line)
            continue
        first, rest = line.divide([_break_at(line.plain, width)])
        lines.append(first)
        rest = rest[len(rest.plain) - len(rest.plain.lstrip(" ")) :]
        for piece in rest.wrap(console, room, overflow="fold"):
            lines.append(Text(" " * (indent + _MORE)).append_text(piece))
    return Text("\n").join(lines)


def _break_at(line: str, width: int) -> int:
    """Before which letter a line is broken: behind a blank, where there is one far enough."""
    fits = min(width, len(line))
    while cell_len(line[:fits]) > width:
        fits -= 1
    blank = line.rfind(" ", 0, fits + 1)
    return blank + 1 if blank >= fits // 2 else fits
