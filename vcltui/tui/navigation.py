"""Going from place to place: which screen shows one, and the way back."""

from __future__ import annotations

from typing import Any

from textual.app import App, ScreenStackError
from textual.screen import Screen

from vcltui.tui.commands import PLACES
from vcltui.tui.desk import Desk
from vcltui.tui.places import History, Place
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.screens.choose import screen_for

_START = Place("overview")


class Navigation:
    """Shows places on an app, and remembers them; not while a dialog has the screen."""

    def __init__(self, app: App[Any], desk: Desk) -> None:
        self._app, self._desk = app, desk
        self._history = History(_START)
        self._screens: dict[str, ConsoleScreen] = {}

    def start(self) -> None:
        """Show the first screen."""
        self._app.push_screen(self._screen(self._history.here))

    @property
    def top(self) -> ConsoleScreen | None:
        """The screen that is shown, if no dialog is over it."""
        try:
            screen: Screen[Any] = self._app.screen
        except ScreenStackError:
            return None
        return screen if isinstance(screen, ConsoleScreen) and screen.is_mounted else None

    def go(self, place: Place) -> None:
        """Be at a place, and remember where one was."""
        if self._is_free:
            here = self._history.here
            self._history.visit(place)
            self._show(place, here)

    def back(self) -> None:
        """Go where one was before."""
        here = self._history.here
        place = self._history.back() if self._is_free else None
        if place is not None:
            self._show(place, here)

    def forward(self) -> None:
        """Go where one came back from."""
        here = self._history.here
        place = self._history.forward() if self._is_free else None
        if place is not None:
            self._show(place, here)

    @property
    def _is_free(self) -> bool:
        return isinstance(self._app.screen, ConsoleScreen)

    def _screen(self, place: Place) -> ConsoleScreen:
        """The screen of a place: full screens stay as they were left, details are made anew."""
        if place.name not in PLACES:
            return screen_for(self._desk, place)
        if place.name not in self._screens:
            self._screens[place.name] = screen_for(self._desk, place)
            self._app.install_screen(self._screens[place.name], place.name)
        return self._screens[place.name]

    def _show(self, place: Place, before: Place) -> None:
        screen = self.top if place.is_same_screen(before) else None
        if screen is None:
            screen = self._screen(place)
            self._app.switch_screen(screen)
        screen.arrive(place)
