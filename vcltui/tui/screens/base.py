"""What every screen of the console has: a line above, the jobs below, a subject for actions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult, ScreenStackError
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import DOMNode, NoScreen
from textual.screen import Screen
from textual.worker import Worker

from vcltui.runtime.actions import ACTIONS, Action, Subject, possible
from vcltui.tui import finding_index, mending
from vcltui.tui.desk import Desk
from vcltui.tui.failures import tell_failure
from vcltui.tui.places import Back, Place
from vcltui.tui.widgets.key_footer import KeyFooter
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.widgets.strips import WIDE_CELLS, JobsStrip, StatusLine

if TYPE_CHECKING:
    from vcltui.doctor.findings import Finding
    from vcltui.tui.mending import Mendable

Found = TypeVar("Found")


class ConsoleScreen(Screen[None]):
    """A screen of the console. The app calls `refresh_facts` when there is something new."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual has it
        (0, "-narrow"),
        (WIDE_CELLS, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False, id="back"),
        Binding("m", "mend", "Mend", show=False, id="mend",
                tooltip="Choose a remedy, see it, do it"),
    ]  # fmt: skip

    OWN_ACTIONS: ClassVar[tuple[str, ...]] = ("mend",)
    """Actions of the screen's own that are not always possible, see `own_refusal`."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._offered: tuple[object, ...] = ()
        self._index: finding_index.FindingIndex | None = None
        self._mendable: tuple[object, object, tuple[Mendable, ...]] = (None, None, ())
        self.desk = desk
        self._status = StatusLine(desk)
        self._strip = JobsStrip(desk)

    def compose(self) -> ComposeResult:
        """The line, the screen's own part, the jobs, the keys."""
        yield self._status
        yield from self.body()
        yield self._strip
        yield KeyFooter(self.desk.glyphs.ellipsis)

    def body(self) -> ComposeResult:
        """The screen's own part."""
        raise NotImplementedError

    def show_facts(self) -> None:
        """Draw the screen's own part anew."""
        raise NotImplementedError

    def arrive(self, place: Place) -> None:
        """Show the part of the screen that is meant by a place."""

    def refresh_facts(self) -> None:
        """Draw everything anew; nothing while the parts come or go one by one."""
        if not self.is_mounted:
            return
        with suppress(NoMatches, NoScreen, ScreenStackError):
            self._status.refresh_facts()
            self._strip.refresh_facts()
            self.show_facts()
            self.follow_offers()

    def on_mount(self) -> None:
        """Show what is known already."""
        self.refresh_facts()

    def on_screen_resume(self) -> None:
        """What changed while another screen was shown is not waited for."""
        self.refresh_facts()
        self.refresh_bindings()

    @property
    def subject(self) -> Subject | None:
        """What an action is done to: what the cursor is on."""
        pane = self.pane
        return pane.subject if pane else None

    @property
    def marked(self) -> list[Subject]:
        """What a bulk action is done to."""
        pane = self.pane
        return pane.marked if pane else []

    def meant(self, action: Action) -> list[Subject]:
        """What an action would be done to: the marked rows, or else that of the cursor."""
        marked = self.marked if action.bulk else []
        return marked or ([self.subject] if self.subject else [])

    @property
    def pane(self) -> ListPane | None:
        """The list that keys go to, if any."""
        node: DOMNode | None = self.focused
        while node is not None and not isinstance(node, ListPane):
            node = node.parent
        return node

    def refusal(self, action: Action) -> str | None:
        """Why an action is not possible on what is meant; None when it is, on some of it."""
        return _refusal(action, self.marked, self.subject)

    @on(ListPane.Moved)
    @on(ListPane.Marked)
    def follow_offers(self) -> None:
        """Let the footer follow where something else is possible now."""
        marked, subject = self.marked, self.subject
        offered = (
            *(_refusal(action, marked, subject) is None for action in ACTIONS),
            *(self.own_refusal(name) is None for name in self.OWN_ACTIONS),
        )
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    @property
    def copied(self) -> tuple[str, str] | None:
        """What is copied instead of the subject's name: what it is called, and its text."""
        return None

    def reread(self) -> None:
        """Read again what is read for this screen alone."""

    def read(self, work: Callable[[], Found], done: Callable[[Found], None]) -> None:
        """Read something that may wait for a host, then hand it over on the UI's thread."""

        async def reading() -> None:
            loop = asyncio.get_running_loop()
            done(await loop.run_in_executor(self.desk.readers, work))
            self.refresh_facts()

        self.run_worker(reading(), group="reading", exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell what went wrong in the background."""
        tell_failure(self.app, event)

    # --- what the screen can do besides the actions of the table ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is not possible does nothing, and its key says why."""
        if action not in self.OWN_ACTIONS:
            return True
        # None: textual keeps the key, without doing it.
        return self.own_refusal(action) is None or None

    def own_refusal(self, action: str) -> str | None:
        """Why one of the OWN_ACTIONS is not possible now, in a few words; None when it is."""
        if not self.is_mounted:
            return "it is not there yet"
        return self._mend_refusal() if action == "mend" else None

    @property
    def mendable(self) -> tuple[Mendable, ...]:
        """The rows whose findings are mended: the marked ones, or else that of the cursor."""
        marked, diagnosis = self.marked, self.desk.examiner.diagnosis
        before = self._mendable
        if marked and before[0] is marked and before[1] is diagnosis:
            return before[2]  # many may be marked, and each move of the cursor asks
        rows = tuple(
            mending.Mendable(one.name, self.found_about(one))
            for one in marked or ([self.subject] if self.subject else [])
            if one.image is None
        )
        self._mendable = marked, diagnosis, rows
        return rows

    def found_about(self, subject: Subject) -> tuple[Finding, ...]:
        """What the doctor found about a computer, a domain or a host, the worst first."""
        if self.desk.examiner.diagnosis is None:
            return ()
        # Made when there is something to look up, or it would be waited for at the start.
        self._index = self._index or finding_index.FindingIndex()
        return self._index.learn(self.desk.examiner.diagnosis).of(subject)

    def _mend_refusal(self) -> str | None:
        if self.desk.readonly:
            return "read-only mode"
        if self.desk.examiner.diagnosis is None:
            nothing = self.desk.has_no_inventory
            return "there is no inventory to examine" if nothing else "nothing is examined yet"
        return mending.refusal(self.mendable)

    def action_mend(self) -> None:
        """Choose a remedy of what is found here."""
        self.post_message(mending.Mend(self.mendable))

    def action_leave(self) -> None:
        """Go back to where one was before."""
        self.post_message(Back())


def _refusal(action: Action, marked: Sequence[Subject], subject: Subject | None) -> str | None:
    if not marked:
        return possible(action, subject)
    if not action.bulk:
        return "it is done to one at a time, and several are marked"
    first: str | None = None
    for one in marked:
        reason = possible(action, one)
        if reason is None:
            return None
        first = first or reason
    return first
