"""Whether to do what may become pointless while it is asked."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from vcltui.tui.dialogs.confirm import Confirm

_LOOK_SECONDS = 0.3


class PassingConfirm(Confirm):
    """As Confirm; it follows what it is about, and goes with a word when that is over.

    `body` is what is shown, asked for again and again; `pointless` says why there is nothing more
    to answer, None while there is.
    """

    def __init__(
        self, title: str, body: Callable[[], Text], pointless: Callable[[], str | None]
    ) -> None:
        super().__init__(title, body())
        self._body_now, self._pointless = body, pointless

    def on_mount(self) -> None:
        """Look again and again."""
        self.set_interval(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if not self.is_current:
            return
        reason = self._pointless()
        if reason is not None:
            self.app.notify(reason, title="Nothing to answer any more", markup=False)
            self.dismiss(False)
            return
        body = self._body_now()
        if body != self._body:
            self._body = body
            self._lay_out()
