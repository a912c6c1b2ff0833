"""The line with the keys: what can be done here on the left, what always can on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import ActiveBinding
from textual.screen import Screen
from textual.widget import Widget

_ALWAYS = ("filter", "command", "help", "quit")
"""The bindings that stand on the right, by their ids."""
_GAP = 2


@dataclass(frozen=True, slots=True)
class FooterKey:
    """A key as it stands in the footer, `left` cells from its beginning; `sends` is the key."""

    shown: str
    label: str
    sends: str
    tooltip: str = ""
    left: int = 0

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return cell_len(self.shown) + 1 + cell_len(self.label)


class KeyFooter(Widget):
    """Shows the keys that do something now.

    Where there is not room for all, the last of those on the left are left out; `?` has them.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"footer--key"}
    DEFAULT_CSS = """
    KeyFooter {
        dock: bottom; height: 1; background: $panel; color: $foreground;
        & > .footer--key { color: $footer-key-foreground; text-style: bold; }
    }
    """

    def __init__(self, ellipsis: str) -> None:
        super().__init__()
        self._ellipsis = ellipsis
        self._here: tuple[FooterKey, ...] = ()
        self._always: tuple[FooterKey, ...] = ()

    def on_mount(self) -> None:
        """Follow what is possible."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def _follow(self, screen: Screen[Any]) -> None:
        """Under a dialog the keys stay as they were: it has its own."""
        if screen is not self.app.screen:
            return
        here: list[FooterKey] = []
        always: list[FooterKey] = []
        for active in screen.active_bindings.values():
            binding = active.binding
            if not (binding.show and active.enabled):
                continue
            key = _key(self.app.get_key_display(binding), active)
            (always if binding.id in _ALWAYS else here).append(key)
        # One action may have several keys.
        found = tuple(dict.fromkeys(here)), tuple(dict.fromkeys(always))
        if found != (self._here, self._always):
            self._here, self._always = found
            self.refresh()

    @property
    def keys(self) -> tuple[FooterKey, ...]:
        """The keys that there is room for, from the left."""
        return self._laid_out()[0]

    def _laid_out(self) -> tuple[tuple[FooterKey, ...], int | None]:
        """The keys with their places, and where the sign for more of them stands, if it does."""
        width = self.size.width
        right = sum(key.width + _GAP for key in self._always)
        room = width - right - 1
        shown, left = _in_row(self._here, 1, room)
        more = None
        if len(shown) < len(self._here):
            shown, left = _in_row(self._here, 1, room - cell_len(self._ellipsis) - _GAP)
            more = left
        always, _ = _in_row(self._always, max(width - right + _GAP - 1, left), width)
        return (*shown, *always), more

    def render(self) -> RenderResult:
        """The keys in one line."""
        keys, more = self._laid_out()
        style = self.get_component_rich_style("footer--key", partial=True)
        text = Text(no_wrap=True, end="")
        for key in keys:
            if more is not None and more < key.left:
                text.append(" " * (more - text.cell_len)).append(self._ellipsis)
                more = None
            text.append(" " * (key.left - text.cell_len))
            text.append(key.shown, style).append(f" {key.label}")
        return text

    def _key_at(self, x: int) -> FooterKey | None:
        return next((key for key in self.keys if key.left <= x < key.left + key.width), None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say more of the key that is pointed at."""
        key = self._key_at(event.x)
        self.tooltip = key.tooltip if key else None

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses it."""
        key = self._key_at(event.x)
        if key is not None:
            self.app.simulate_key(key.sends)


def _key(shown: str, active: ActiveBinding) -> FooterKey:
    binding = active.binding
    return FooterKey(shown, binding.description, binding.key, active.tooltip or "")


def _in_row(keys: Sequence[FooterKey], left: int, room: int) -> tuple[tuple[FooterKey, ...], int]:
    """The keys that end within `room` cells, from `left` on, and where the next would begin."""
    row: list[FooterKey] = []
    for key in keys:
        if left + key.width > room:
            break
        row.append(FooterKey(key.shown, key.label, key.sends, key.tooltip, left))
        left += key.width + _GAP
    return tuple(row), left
