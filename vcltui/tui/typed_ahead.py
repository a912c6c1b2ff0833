"""Keys go where they are meant for, however fast they are typed."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App, ScreenStackError
from textual.events import Event, Key
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from vcltui.tui.dialogs.base import Dialog
from vcltui.tui.dialogs.waiting import Waiting
from vcltui.tui.plain_drawing import PlainDrawing
from vcltui.tui.words import plain_message

_SOON_SECONDS = 0.02
_MOST_TURNS = 50
"""How often it is looked whether a screen is there, before its keys are given to it anyway."""


class TypedAheadApp(App[None]):
    """An app that takes keys as fast as they are typed.

    A key that opens a dialog or a line to type in may be behind others, or be slow. What is typed
    after it is meant for what it opens, never for what was shown before. `typed_at` is the
    monotonic time in seconds of the last key.
    """

    def __init__(self) -> None:
        self._plain_drawing = PlainDrawing()
        super().__init__()
        self.typed_at = 0.0
        self._again: list[Key] = []
        self._early: list[Key] = []
        self._typed_at: WeakKeyDictionary[Key, tuple[Screen[Any], Widget | None]]
        self._typed_at = WeakKeyDictionary()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """As App.get_line_filters, in one that leaves nothing that writes past Textual."""
        before = tuple(super().get_line_filters())
        if before != self._plain_drawing.before:  # as after a change of the theme
            self._plain_drawing = PlainDrawing(before)
        return [self._plain_drawing]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """As App.notify, of a message and a title that are plain, and short enough to be drawn.

        Both may quote a guest or a host, which could put anything into them.
        """
        super().notify(
            plain_message(message),
            title=plain_message(title),
            severity=severity,
            timeout=timeout,
            markup=markup,
        )

    def type_again(self, key: Key) -> None:
        """Take a key once more, before those that are typed from now on."""
        again = Key(key.key, key.character)
        self._again.append(again)
        self.post_message(again)

    async def on_event(self, event: Event) -> None:
        """Notice what is shown when a key is typed; a dialog on its way keeps the key."""
        if isinstance(event, Key) and not event.is_forwarded:
            self.typed_at = time.monotonic()
            if self._keeps(event):
                return
        await super().on_event(event)

    def _keeps(self, key: Key) -> bool:
        """Whether a key is kept, or dropped, instead of going to what is shown."""
        try:
            screen: Screen[Any] = self.screen
        except ScreenStackError:
            return True
        is_again = key in self._again
        if is_again:
            self._again.remove(key)
        elif self._again:
            self.type_again(key)  # after those before it
            return True
        dialog = screen if isinstance(screen, Dialog) else None
        if dialog and (dialog.keeps(key) or (is_again and not dialog.TAKES_KEYS_AHEAD)):
            return True
        if not dialog and not is_again and (self._early or not self._is_there(screen)):
            self._keep_for_screen(key)
            return True
        self._typed_at[key] = screen, screen.focused
        return False

    def _keep_for_screen(self, key: Key) -> None:
        """Keep a key until the screen that is on its way is there."""
        if not self._early:
            self._give_to_screen(_MOST_TURNS)
        self._early.append(key)

    def _is_there(self, screen: Screen[Any]) -> bool:
        """Whether a screen has its parts, and one of them the keys."""
        return screen.is_mounted and (screen.focused is not None or not self.app_focus)

    def _give_to_screen(self, turns: int) -> None:
        """Give it the keys that are kept, once it is there."""
        if turns and not self._is_there(self.screen):
            self.set_timer(_SOON_SECONDS, partial(self._give_to_screen, turns - 1))
            return
        early, self._early = self._early, []
        for key in early:
            self.type_again(key)

    def on_key(self, event: Key) -> None:
        """A key that nothing took goes to what has come since it was typed."""
        screen = self.screen
        typed_at, focused = self._typed_at.pop(event, (screen, screen.focused))
        if typed_at is not screen and isinstance(screen, Dialog):
            event.prevent_default()
            screen.take(event)
        elif typed_at is not screen and not self._is_there(screen):
            event.prevent_default()
            self._keep_for_screen(event)
        elif focused is not screen.focused and isinstance(screen.focused, Input):
            event.prevent_default()
            self.type_again(event)
        else:
            self.on_untaken_key(event)

    def on_untaken_key(self, event: Key) -> None:
        """A key that no widget took, before the bindings are asked."""

    def ask(self, words: str, work: Coroutine[None, None, None]) -> None:
        """Do in the background what waits and asks; `words` are shown where it waits long.

        Until it is done it has the keys: its dialogs, or else Waiting, which escape leaves.
        """

        async def until_done() -> None:
            try:
                await work
            finally:
                if waiting.is_current:
                    waiting.dismiss()

        worker = self.run_worker(until_done(), group="actions", exit_on_error=False)
        waiting = Waiting(words, worker.cancel)
        self.push_screen(waiting)
