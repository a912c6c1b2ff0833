"""What the detail screens have in common: a head, and parts under tabs."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import TabbedContent, TabPane

from vcltui.tui.desk import Desk
from vcltui.tui.places import Go, Place
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.widgets.steady import SteadyText


class TextPart(VerticalScroll):
    """A part that is a text. It scrolls by the keys that move in a list, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "Up", show=False, id="text_up"),
        Binding("j", "scroll_down", "Down", show=False, id="text_down"),
        Binding("space", "page_down", "Page down", show=False, id="text_page_down"),
        Binding("g", "scroll_home", "First line", show=False, id="text_first"),
        Binding("G", "scroll_end", "Last line", show=False, id="text_last"),
    ]

    def __init__(self) -> None:
        super().__init__(classes="text-part")
        self._text = SteadyText()
        self.plain_text = ""

    def compose(self) -> ComposeResult:
        """The text in a scroll."""
        yield self._text

    def show(self, text: Text) -> None:
        """Show another text; the scroll stays where it is."""
        self.plain_text = text.plain
        self._text.show(text)


class DetailScreen(ConsoleScreen):
    """One thing, in parts under tabs. `place` says which thing and which part."""

    PARTS: ClassVar[dict[str, str]]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "next_part(1)", "Next tab", key_display="tab", id="next_tab",
                tooltip="The next part; shift+tab: the one before"),
        Binding("shift+tab,left", "next_part(-1)", "Tab before", show=False, id="previous_tab"),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk)
        self.place = place
        self._head = SteadyText(id="head")
        self._tabs = TabbedContent(initial=place.tab or next(iter(self.PARTS)))
        self._parts = {name: self.part(name) for name in self.PARTS}

    def part(self, name: str) -> Widget:
        """Make one part; a text where nothing else is said."""
        return TextPart()

    def head(self) -> Text:
        """The line over the tabs."""
        raise NotImplementedError

    def show_part(self, name: str) -> None:
        """Draw a part anew with what is known now."""
        raise NotImplementedError

    def open_part(self, name: str) -> None:
        """A part is shown from now on: what it needs may be read."""

    def body(self) -> ComposeResult:
        """As ConsoleScreen.body."""
        yield self._head
        with self._tabs:
            for name, title in self.PARTS.items():
                with TabPane(title, id=name):
                    yield self._parts[name]

    @property
    def shown(self) -> str:
        """The part that is shown."""
        return self._tabs.active or next(iter(self.PARTS))

    def text_part(self, name: str) -> TextPart:
        """A part that is a text."""
        part = self._parts[name]
        if not isinstance(part, TextPart):
            raise TypeError(name)
        return part

    def arrive(self, place: Place) -> None:
        """Show the part that is meant."""
        self.place = place
        if place.tab and self.is_mounted:
            self._tabs.active = place.tab

    def show_facts(self) -> None:
        """As ConsoleScreen.show_facts."""
        self._head.show(self.head())
        self.show_part(self.shown)

    def on_tabbed_content_tab_activated(self) -> None:
        """Keys go to the part, not to its tab."""
        part = self._parts[self.shown]
        (part.table if isinstance(part, ListPane) else part).focus()
        self.open_part(self.shown)
        self.show_part(self.shown)
        self.refresh_bindings()

    def action_next_part(self, by: int) -> None:
        """Show the next part, or the one before."""
        names = list(self.PARTS)
        tab = names[(names.index(self.shown) + by) % len(names)]
        self.post_message(Go(Place(self.place.name, self.place.host, self.place.key, tab)))
