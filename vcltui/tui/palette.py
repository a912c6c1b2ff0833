"""The palette's part of the action table: what can be done to the chosen rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from vcltui.runtime.actions import ACTIONS, possible
from vcltui.tui.commands import CONSOLE, OWN
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.subjects import subject_words

if TYPE_CHECKING:
    from vcltui.tui.app import Console


class ActionCommands(Provider):
    """Offers the actions that are possible on what was chosen when the palette was opened."""

    async def startup(self) -> None:
        """As Provider.startup."""
        console = cast("Console", self.app)
        screens = [one for one in console.screen_stack if isinstance(one, ConsoleScreen)]
        self._offers: list[tuple[str, str, Callable[[], object]]] = [
            (f"{action.label}: {subject_words(subjects)}", action.summary, run)
            for action in ACTIONS
            for subjects in (screens[-1].meant(action) if screens else [],)
            if any(possible(action, subject) is None for subject in subjects)
            for run in (partial(console.do, action, subjects, {}),)
        ]
        self._offers += [
            (name.capitalize(), CONSOLE[name], partial(console.do_own, own, name.capitalize()))
            for name, own in OWN.items()
            if screens and own in screens[-1].OWN_ACTIONS and screens[-1].own_refusal(own) is None
        ]

    async def discover(self) -> Hits:
        """As Provider.discover."""
        for title, summary, run in self._offers:
            yield DiscoveryHit(Content(title), run, text=title, help=summary)

    async def search(self, query: str) -> Hits:
        """As Provider.search."""
        matcher = self.matcher(query)
        for title, summary, run in self._offers:
            score = matcher.match(title)
            if score > 0:
                # A name may look like markup, which the matcher would take for such.
                shown = matcher.highlight(title) if "[" not in title else Content(title)
                yield Hit(score, shown, run, text=title, help=summary)
