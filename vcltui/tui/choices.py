"""What the configuration chooses for the console, held against what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from textual.app import App
from textual.binding import Binding, BindingType, InvalidBinding
from textual.keys import KEY_ALIASES, Keys, key_to_character
from textual.theme import BUILTIN_THEMES

from vcltui.config import Config
from vcltui.tui.screens import base, detail, doctor, full, host, overview, reservation
from vcltui.tui.themes import THEMES
from vcltui.tui.widgets import list_pane, record_table

_MODIFIERS = frozenset({"ctrl", "shift", "alt", "meta", "super", "hyper"})
_NAMED = {each.value.rpartition("+")[2] for each in Keys if not each.value.startswith("<")}
_FIXED = {"ctrl+q": "leaving", "ctrl+c": "copying", App.COMMAND_PALETTE_BINDING: "the palette"}
"""Textual's own keys, which have no name by which they could be changed."""
_SAME = {alias: key for key, aliases in KEY_ALIASES.items() for alias in aliases}
_EXPECTED = "It takes a key such as ctrl+o, f5 or x; a capital letter stands for itself with shift"


@dataclass(frozen=True, slots=True)
class _Bound:
    """A key of the console. `part` is the screen where alone it means something; "" is anywhere.

    `yields`: a screen may have the key for something of its own.
    """

    id: str
    key: str
    part: str = ""
    yields: bool = False

    def clashes_with(self, other: _Bound) -> bool:
        """Whether the two can't both be heard."""
        if self.id == other.id or self.key != other.key:
            return False
        if self.part and other.part:
            return self.part == other.part
        return not ((self.part and other.yields) or (other.part and self.yields))


def check_choices(config: Config, console: type[App[Any]]) -> None:
    """Check the theme and the keys that the configuration chooses for `console`.

    Raises ConfigError for a theme or an action that there is not, for what is no key, and for one
    that does something else.
    """
    theme = config.ui.theme
    themes = [*(each.name for each in THEMES), *BUILTIN_THEMES]
    if theme is not None and theme not in themes:
        raise config.error("ui.theme", f"is {theme[:40]!r}, which is no theme", _among(themes))
    if config.ui.keys:
        _check_keys(config, console)


def _check_keys(config: Config, console: type[App[Any]]) -> None:
    bound = list(_all_bound(console))
    ids = {each.id for each in bound} - set(_FIXED.values())
    chosen: dict[str, list[str]] = {}
    for name, words in config.ui.keys.items():
        if name not in ids:
            close = get_close_matches(name, ids, n=1)
            hint = f"Did you mean {close[0]!r}" if close else "`?` in the console lists them"
            raise config.error(f"ui.keys.{name}", "is no action", hint)
        chosen[name] = _keys(words)
        if not chosen[name] or not all(map(_is_key, chosen[name])):
            raise config.error(f"ui.keys.{name}", f"is no key: {words[:40]!r}", _EXPECTED)
    _check_clashes(config, bound, chosen)


def _check_clashes(
    config: Config, bound: Iterable[_Bound], chosen: Mapping[str, list[str]]
) -> None:
    now: dict[_Bound, None] = {}
    for each in bound:
        for key in chosen.get(each.id, [each.key]):
            # What was made so is known to do no harm.
            yields = each.yields and key == each.key
            now[_Bound(each.id, _SAME.get(key, key), each.part, yields)] = None
    for one in now:
        rival = next((each for each in now if one.clashes_with(each)), None)
        if one.id in chosen and rival is not None:
            raise config.error(
                f"ui.keys.{one.id}",
                f"is {config.ui.keys[one.id]!r}, and {one.key} is the key of {rival.id}",
                "Choose another key, or change that one too",
            )


def _all_bound(console: type[App[Any]]) -> Iterator[_Bound]:
    """Every key of the console that has a name, and those of Textual's own."""
    for each in _of(console):
        yield _Bound(each.id or each.action, each.key, yields=True)
    for key, words in _FIXED.items():
        yield _Bound(words, key)
    for anywhere in (base.ConsoleScreen, list_pane.ListPane, record_table.RecordTable):
        for each in _of(anywhere):
            yield _Bound(each.id or each.action, each.key)
    for screen in (
        detail.DetailScreen,
        doctor.DoctorScreen,
        full.JobsScreen,
        host.HostScreen,
        overview.Overview,
        reservation.ReservationScreen,
    ):
        for each in _of(screen):
            yield _Bound(each.id or each.action, each.key, part=screen.__name__)


def _of(owner: type) -> Iterator[Binding]:
    own: list[BindingType] = vars(owner).get("BINDINGS", [])
    return iter(Binding.make_bindings(own))


def _keys(words: str) -> list[str]:
    """The keys in a list of them, as Textual calls them; none where one is missing."""
    try:
        return [each.key for each in Binding.make_bindings([Binding(words, "chosen")])]
    except InvalidBinding:
        return []


def _is_key(key: str) -> bool:
    """Whether a terminal can tell of this key."""
    words, _, name = key.rpartition("+")
    modifiers = words.split("+") if words else []
    if not _MODIFIERS.issuperset(modifiers) or len(set(modifiers)) != len(modifiers):
        return False
    if len(name) == 1 and name.isalpha() and modifiers:
        return name.islower() and modifiers != ["shift"]
    return name in _NAMED or key_to_character(name) is not None


def _among(names: Iterable[str]) -> str:
    return f"There are: {', '.join(names)}"
