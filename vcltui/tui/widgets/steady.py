"""What is shown anew all the time, and drawn again only when it is another."""

from __future__ import annotations

from rich.text import Text
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


class SteadyText(Static):
    """A text."""

    _shown: tuple[Text, object] | None = None

    def show(self, text: Text) -> None:
        """Show a text; nothing is done where it is the same."""
        before = self._shown
        if before is not None and (text, text.style) == before:
            return
        self._shown = text, text.style
        self.update(text, layout=before is None or _shape(text) != _shape(before[0]))

    def notify_style_update(self) -> None:
        """The colours that words stand for may be others now."""
        self._shown = None
        super().notify_style_update()


def _shape(text: Text) -> list[int] | int:
    """What tells how high a text is in a given width: the lengths of lines that may be broken."""
    if text.no_wrap:
        return text.plain.count("\n")
    return [len(line) for line in text.plain.split("\n")]


class Heading:
    """What stands in the border of a pane. Setting it draws the whole pane again."""

    def __init__(self, pane: Widget) -> None:
        self._pane = pane
        self._title = self._subtitle = ""

    def show(self, title: str, subtitle: str = "") -> None:
        """Show a title above and a subtitle below, as they are, without markup."""
        if title != self._title:
            self._title, self._pane.border_title = title, Content(title)
        if subtitle != self._subtitle:
            self._subtitle, self._pane.border_subtitle = subtitle, Content(subtitle)
