"""Text that a terminal wrote, without what it did to the terminal."""

from __future__ import annotations

import re
import unicodedata

# Control sequences (CSI), strings (OSC, DCS ...) up to their end or that of the line, and the
# short ones; each with ESC and, where there is one, as the single character of C1.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Control characters, and what turns the direction of the text after it around.
_HOSTILE = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_text(text: str) -> str:
    """The text as a terminal would show it: no escapes, no control characters but newline and tab.

    What is written over a line's beginning after a carriage return replaces what stood there.
    """
    bare = _ESCAPES.sub("", text)
    lines = (_overwritten(line) for line in bare.split("\n"))
    return "\n".join("".join(filter(_is_shown, line)) for line in lines)


def _overwritten(line: str) -> str:
    shown = ""
    for piece in line.split("\r"):
        shown = piece + shown[len(piece) :]
    return shown


def _is_shown(character: str) -> bool:
    if character == "\t":
        return True
    return unicodedata.category(character) != "Cc" and character not in _HOSTILE
