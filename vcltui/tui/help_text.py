"""The help, made from the tables of actions, places and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from vcltui.runtime.actions import ACTIONS, Noun
from vcltui.tui.commands import CONSOLE, PLACES, command_name

_MOVING = (
    ("up down j k", "Move; page up, page down, g and G go further"),
    ("enter", "Open the row"),
    ("tab", "The next pane or tab"),
    ("esc", "Take back marks, filter, then go back"),
    ("[ ]", "Back and forward through the places you were at"),
    ("click", "A row chooses it, once more opens it; a column's title sorts by it"),
)
_LISTS = (
    ("/", "Filter: words, field:part, field=whole, ! before each for not; all must fit"),
    ("space", "Mark a row; what follows is done to all marked ones"),
    ("ctrl+a", "Mark all rows, or none"),
    ("ctrl+z", "Only what something is wrong with"),
    ("N S ...", "Sort by a column: N by name, S by state; see below"),
    ("o", "Choose the columns"),
)
_SORTING = (
    ("N", "name"),
    ("S", "state, or users of an image"),
    ("H", "host"),
    ("I", "image"),
    ("P", "CPU, or domains on"),
    ("B", "memory, or begin"),
    ("A", "address, or when last seen"),
    ("T", "time, uptime or type"),
    ("E", "reservation, end or elapsed"),
    ("F", "flags"),
    ("W Z", "where, and size on disk"),
)
_CONSOLE = (
    (":", "Type a command; tab completes"),
    ("ctrl+p", "The same as a palette"),
    ("ctrl+r", "Read everything again"),
    ("?", "This help"),
    ("q", "Leave; with jobs running it asks"),
)


def help_text(keys: Mapping[str, str]) -> Text:
    """Every key and command. `keys` are those that the configuration changed, by action id."""
    text = Text()
    _section(text, "Places", [(str(n), p.capitalize()) for n, p in enumerate(PLACES)])
    _section(text, "Moving about", _MOVING)
    _section(text, "Lists", _LISTS)
    for noun in Noun:
        pairs = [
            (keys.get(action.id, action.key), f"{action.label}: {action.summary}")
            for action in ACTIONS
            if action.noun is noun
        ]
        _section(text, noun.value, pairs)
    jobs = [("x", "Cancel: it stops, and what it did is undone"), ("r", "Try again")]
    _section(text, "Jobs", jobs)
    _section(text, "What the doctor found", [("m", "Mend: choose a remedy, see it, do it")])
    _section(text, "The console", _CONSOLE)
    _section(text, "Sorting", _SORTING)
    commands = [f":{name}" for name in (*PLACES, *map(command_name, ACTIONS), *CONSOLE)]
    text.append("\nCommands\n", "bold underline")
    text.append("  ".join(commands), "not bold").append("\n")
    text.append(
        "\nKeys that are capitals interrupt or delete, and ask before. "
        "[ui.keys] in the configuration gives an action another key.\n",
        "dim",
    )
    return text


def _section(text: Text, title: str, pairs: Sequence[tuple[str, str]]) -> None:
    text.append(f"\n{title}\n" if text else f"{title}\n", "bold underline")
    for key, words in pairs:
        text.append(f"{key:>12}", "bold").append(f"  {words}\n", "not bold")
