"""A line to type in."""

from __future__ import annotations

from typing import Protocol, cast

from textual.events import Key
from textual.widgets import Input


class TypesAgain(Protocol):
    """What is asked of the app."""

    def type_again(self, key: Key) -> None:
        """Take a key once more, before those that are typed from now on."""


class Line(Input):
    """A line that enter ends: what is typed after it is for what comes then.

    Who handles Submitted, and stays, calls `go_on`.
    """

    _is_over = False
    _after: tuple[Key, ...] = ()

    async def on_key(self, event: Key) -> None:
        """Enter ends it, and the keys behind are kept until somebody else has them."""
        if self._is_over:
            self._after = (*self._after, event)
        elif event.key == "enter":
            self._is_over = True
            await self.action_submit()
        else:
            return
        event.stop()
        event.prevent_default()

    def go_on(self) -> None:
        """Take keys as before, and those that were kept."""
        after, self._is_over, self._after = self._after, False, ()
        for key in after:
            cast("TypesAgain", self.app).type_again(key)

    def on_blur(self) -> None:
        """Something else has the keys."""
        self.go_on()

    def on_unmount(self) -> None:
        """The dialog with the line is gone."""
        self.go_on()
