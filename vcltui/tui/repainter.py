"""When the screens show what is new."""

from __future__ import annotations

import time
from typing import Any

from textual.app import App, ScreenStackError

from vcltui.tui.screens.base import ConsoleScreen

PAUSE_SECONDS = 0.1


class Repainter:
    """Lets an app's screens show what is new: at once after a quiet time, else soon."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._is_due = False
        self._painted_at = 0.0

    def soon(self) -> None:
        """Show what is new, ten times a second at most."""
        if self._is_due:
            return
        wait = self._painted_at + PAUSE_SECONDS - time.monotonic()
        if wait > 0:
            self._is_due = True
            self._app.set_timer(wait, self.now)
        else:
            self.now()

    def now(self) -> None:
        """Show what is new on every screen that is open."""
        self._is_due = False
        self._painted_at = time.monotonic()
        try:
            stack = self._app.screen_stack
        except ScreenStackError:  # the console is closing
            return
        for screen in stack:
            if isinstance(screen, ConsoleScreen):
                screen.refresh_facts()
