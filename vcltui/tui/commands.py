"""The `:` commands: what a line means, and which lines may be meant.

They are made from the places and from the action table: what has a key has a command.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vcltui.errors import NotFoundError, RefusedError, UsageError
from vcltui.runtime.actions import ACTIONS, Action, Input, Noun, Subject, possible
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import command_line
from vcltui.tui.listings.domains import Domains
from vcltui.tui.listings.hosts import Hosts
from vcltui.tui.listings.images import Images
from vcltui.tui.places import Place

if TYPE_CHECKING:
    from vcltui.tui.dialogs.command_line import Suggestion

PLACES = {
    "overview": "Hosts, domains, the chosen domain and images side by side",
    "hosts": "Every VM host",
    "domains": "Every domain and computer",
    "images": "The images of every host",
    "reservations": "The reservations of the inventory",
    "jobs": "What runs and ran: steps, log, cancel, try again",
    "log": "What was logged since the console was opened",
    "doctor": "What is wrong: stuck reservations, drift, and what may be done",
    "locks": "vcld's locks, who holds them, and whether they live",
}
"""The full screens, in the order of their number keys, which begin with 0."""
CONSOLE = {
    "filter": "Narrow the list: words, !not, field:part, field=whole",
    "faults": "Only what something is wrong with, or all again",
    "sort": "Sort the list by a column",
    "columns": "Choose the list's columns",
    "theme": "Change the colours",
    "refresh": "Read everything again",
    "back": "Where you were before",
    "forward": "Where you came back from",
    "mend": "Mend what the doctor found, of the marked rows or that of the cursor (m)",
    "cancel": "Cancel the job of the cursor: what it did is undone (x)",
    "retry": "Begin the job of the cursor once more (r)",
    "help": "Every key and command",
    "quit": "Leave",
}
"""What a command does to the console itself."""
OWN = {"mend": "mend", "cancel": "cancel_job", "retry": "retry_job"}
"""Which of the screens' own actions a command does; it is offered where that is possible."""
_TAKES = frozenset({"filter", "sort", "theme"})
"""What of CONSOLE is told more than its name."""
_SHORT = {"q": "quit", "q!": "quit", "?": "help", "vms": "domains", "res": "reservations"}
_TELLS = {
    "load": Input.IMAGE,
    "capture": Input.IMAGE_NAME,
    "snapshot_create": Input.SNAPSHOT_NAME,
    "snapshot_revert": Input.SNAPSHOT,
    "snapshot_delete": Input.SNAPSHOT,
}
"""What the word after a target tells an action."""
_MOST = 40


@dataclass(frozen=True, slots=True)
class GoTo:
    """Go to a place."""

    place: Place


@dataclass(frozen=True, slots=True)
class Do:
    """Do an action; `subject` None means what the cursor is on."""

    action: Action
    subject: Subject | None = None
    known: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the console itself something."""

    name: str
    rest: str = ""


Command = GoTo | Do | Tell


def command_name(action: Action) -> str:
    """The command of an action: its id with dashes."""
    return action.id.replace("_", "-")


_ACTIONS = {command_name(action): action for action in ACTIONS}


class Commands:
    """Understands lines on what is known at the moment."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def parse(self, line: str) -> Command:
        """What a line means. Raises UsageError, NotFoundError, RefusedError."""
        name, _, rest = line.strip().partition(" ")
        name, rest = self._whole_name(_SHORT.get(name, name)), rest.strip()
        if name in PLACES:
            return GoTo(Place(name, filter=rest or None))
        if name in CONSOLE:
            if rest and name not in _TAKES:
                raise UsageError(f":{name} takes nothing behind it, not {rest!r}", f":{name}")
            return Tell(name, rest)
        action = _ACTIONS[name]
        try:
            words = shlex.split(rest)
        except ValueError as error:
            raise UsageError(f"The quotes in {rest!r} do not fit", "Close them") from error
        if not words:
            return Do(action)
        known: dict[str, str] = {}
        if len(words) > 1:
            tells = _TELLS.get(action.id)
            if tells is None:
                raise UsageError(f":{name} takes one name", f":{name} NAME")
            known[tells.value] = " ".join(words[1:])
        return Do(action, self.find(action, words[0]), known)

    def _whole_name(self, name: str) -> str:
        every = [*PLACES, *CONSOLE, *_ACTIONS]
        if name in every:
            return name
        found = [each for each in every if each.startswith(name)]
        if len(found) == 1:
            return found[0]
        raise UsageError(
            f"There is no command {name!r}" if not found else f"{name!r} may be several commands",
            f"There are: {', '.join(found)}" if found else "`:help` lists them",
        )

    def find(self, action: Action, name: str) -> Subject:
        """The one thing of exactly this name. Raises NotFoundError, RefusedError for several."""
        found = [subject for subject in self._subjects(action) if name in _names(subject)]
        first_choice = [one for one in found if possible(action, one) is None]
        if len(first_choice) == 1:
            return first_choice[0]
        if not found:
            raise NotFoundError(f"There is nothing named {name!r}", "tab completes names")
        if len(found) > 1:
            places = ", ".join(f"{one.location or one.domain} on {one.host}" for one in found)
            raise RefusedError(f"{name} may be several: {places}", "Choose one by the cursor")
        return found[0]

    def _subjects(self, action: Action) -> Iterator[Subject]:
        desk = self._desk
        if action.noun is Noun.IMAGE or action.id in ("describe", "copy"):
            images = Images(desk)
            yield from (images.subject(row) for row in images.items())
        if action.noun is not Noun.IMAGE:
            domains = Domains(desk, everywhere=True)
            yield from (domains.subject(view) for view in domains.items())
        if action.id in ("describe", "shell", "copy", "image_import"):
            hosts = Hosts(desk)
            yield from (hosts.subject(host) for host in hosts.items())

    # --- what may be meant ---

    def suggest(
        self, line: str, themes: Sequence[str] = (), without: Collection[str] = ()
    ) -> list[Suggestion]:
        """Whole lines that begin with, or contain, what was typed.

        `without` are commands that are of no use now.
        """
        name, space, rest = line.lstrip().partition(" ")
        if not space:
            return [one for one in self._names_like(name) if one.line not in without]
        name = _SHORT.get(name, name)
        if name == "theme":
            return [command_line.Suggestion(f"theme {one}", "") for one in themes if rest in one]
        if name in _ACTIONS:
            return list(self._lines(_ACTIONS[name], rest))[:_MOST]
        summary = {**PLACES, **CONSOLE}.get(name, "")
        return [command_line.Suggestion(line.strip(), summary)] if summary else []

    def _names_like(self, name: str) -> list[Suggestion]:
        every = {
            **PLACES,
            **{key: f"{action.summary} ({action.key})" for key, action in _ACTIONS.items()},
            **CONSOLE,
        }
        name = _SHORT.get(name, name).lower()
        first = [key for key in every if key.startswith(name)]
        then = [key for key in every if name in key and key not in first]
        return [command_line.Suggestion(key, every[key]) for key in (*first, *then)]

    def _lines(self, action: Action, rest: str) -> Iterator[Suggestion]:
        name = command_name(action)
        target, space, more = rest.partition(" ")
        if space and action.id == "load":
            for one in self._desk.fleet.inventory.revisions:
                if more.strip().lower() in one.name.lower() and not one.deleted:
                    yield command_line.Suggestion(f"{name} {target} {one.name}", one.prettyname)
            return
        for subject in self._subjects(action):
            if target.lower() in subject.name.lower() and possible(action, subject) is None:
                where = subject.location or (subject.power.value if subject.power else "")
                yield command_line.Suggestion(
                    f"{name} {shlex.quote(subject.name)}", f"{where} on {subject.host}".strip()
                )


def _names(subject: Subject) -> set[str | None]:
    if subject.image is not None:
        return {subject.image}
    return {subject.computer, subject.domain} - {None} or {subject.host}
