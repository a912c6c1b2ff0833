"""How words of the screens stand out, by name; the theme says with which colours."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.theme import Theme
from textual.color import Color, ColorParseError

ATTENTION = "attention"
"""The style of what needs attention: the one colour that has a meaning."""


def tones(variables: Mapping[str, str]) -> Theme:
    """The styles by name; `variables` are those of Textual's theme."""
    try:
        color = Color.parse(variables["warning"]).rich_color
    except (KeyError, ColorParseError):
        color = None
    return Theme({ATTENTION: Style(color=color, bold=True)})
