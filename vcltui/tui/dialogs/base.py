"""What every dialog has in common: what is typed while it is on its way is for it."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar, cast

from textual.events import Key
from textual.screen import ModalScreen

from vcltui.tui.widgets.line import TypesAgain

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """A screen over the others.

    Keys that come while it is not there yet are kept, and given to it once it is. A dialog that
    asks for a yes must be read first: with `TAKES_KEYS_AHEAD` False such keys are dropped.
    """

    TAKES_KEYS_AHEAD: ClassVar[bool] = True
    VERTICAL_BREAKPOINTS = [(0, "-low"), (36, "-high")]  # noqa: RUF012 - as Textual has it

    def __init__(self) -> None:
        super().__init__()
        self._is_ready = False
        self._kept: list[Key] = []

    def keeps(self, key: Key) -> bool:
        """Whether a key that comes now is kept for later."""
        if self._is_ready:
            return False
        self._kept.append(key)
        return True

    def take(self, key: Key) -> None:
        """Take a key that was typed before the dialog was there."""
        if not self.keeps(key) and self.TAKES_KEYS_AHEAD:
            cast("TypesAgain", self.app).type_again(key)

    def give_kept(self) -> list[Key]:
        """The keys that are kept, which are another dialog's from now on."""
        kept, self._kept = self._kept, []
        return kept

    def on_mount(self) -> None:
        """The dialog is there: it has its parts, and one of them the keys."""
        self._is_ready = True
        below = self.app.screen_stack[-2:-1] if self.is_current else []
        before = [key for one in below if isinstance(one, Dialog) for key in one.give_kept()]
        for key in (*before, *self.give_kept()):
            self.take(key)
