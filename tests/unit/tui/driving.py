"""Drives the console in tests by keys, and waits for what other threads bring about."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static

from vcltui.config import Config
from vcltui.config.model import UISettings
from vcltui.models.cancel import CancelToken
from vcltui.operations import runner
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.session import HostSession
from vcltui.runtime.jobs.models import Job, JobState
from vcltui.runtime.workspace import Workspace
from vcltui.tui import app as app_module
from vcltui.tui.app import Console
from vcltui.tui.dialogs.command_line import CommandLine
from vcltui.tui.dialogs.reading import Reader
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.screens.detail import DetailScreen
from vcltui.tui.screens.full import JobsScreen
from vcltui.tui.terminal import Terminal
from vcltui.tui.widgets.key_footer import KeyFooter
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.widgets.record_table import RecordTable
from vcltui.tui.widgets.records import Record

WIDE, NARROW = (140, 45), (80, 24)
Shown = TypeVar("Shown", bound=Screen[Any])
_TURNS, _TURN_SECONDS = 1500, 0.02


@dataclass(frozen=True)
class Told:
    """A notification as it was given."""

    words: str
    title: str
    severity: str
    markup: bool


class HeardConsole(Console):
    """The console, with every notification kept."""

    CSS_PATH = Path(app_module.__file__).with_name("console.tcss")

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Any = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        self.__dict__.setdefault("told", []).append(Told(message, title, severity, markup))
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)


@dataclass
class FakeTerminal:
    """A terminal in which `does` happens to what is run; `ran` keeps the argument lists."""

    does: Callable[[Sequence[str]], int] = lambda _argv: 0
    ran: list[list[str]] = field(default_factory=list)

    def run(self, argv: Sequence[str], title: str) -> int:
        self.ran.append(list(argv))
        return self.does(argv)


class Driver:
    """A running console and the hands on it."""

    def __init__(self, app: HeardConsole, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    # --- what is seen ---

    @property
    def told(self) -> list[Told]:
        """Every notification so far, the oldest first."""
        found: list[Told] = self.app.__dict__.get("told", [])
        return found

    def pane(self, name: str) -> ListPane:
        return self.app.screen.query_one(f"#{name}", ListPane)

    def table(self, name: str) -> RecordTable:
        return self.pane(name).table

    def cells(self, name: str, column: str) -> list[str]:
        """One column of a list, from the top."""
        keys = [each.key for each in self.pane(name).listing.columns]
        return [record.cells[keys.index(column)].text for record in records(self.table(name))]

    def words(self, selector: str = "") -> str:
        """The text of a widget, or of all that the screen shows."""
        found = self.app.screen.query(selector or "Static").results(Static)
        return "\n".join(str(each.visual) for each in found)

    def part(self) -> str:
        """The text of the part that a detail screen shows."""
        screen = self.app.screen
        assert isinstance(screen, DetailScreen)
        return screen.text_part(screen.shown).plain_text

    def options(self) -> list[str]:
        """What a dialog lets one choose."""
        found = self.app.screen.query_one(OptionList)
        return [str(option.prompt) for option in found.options]

    def offers(self, action: str) -> bool:
        """Whether an action's key does something now."""
        return self.app.check_action("do", (action,)) is True

    def footer(self) -> str:
        """The words of the keys that the footer shows."""
        return " ".join(key.label for key in self.app.screen.query_one(KeyFooter).keys)

    @property
    def settled(self) -> ConsoleScreen:
        """The screen, which is no dialog."""
        screen = self.app.screen
        assert isinstance(screen, ConsoleScreen), f"a dialog is open: {screen}"
        return screen

    # --- what is waited for ---

    async def until(self, holds: Callable[[], object], what: str) -> None:
        await until(holds, what, self.told)
        await self.pilot.pause()

    async def shows(self, kind: type[Shown]) -> Shown:
        """Wait for a screen of a kind; a new dialog, not one that was there before."""
        await self.until(lambda: isinstance(self.app.screen, kind), f"a {kind.__name__}")
        screen = self.app.screen
        assert isinstance(screen, kind)
        await self.until(lambda: screen.is_mounted, "its parts")
        return screen

    async def hears(self, title: str) -> Told:
        """Wait until something is told under this title."""
        await self.until(lambda: any(one.title == title for one in self.told), title)
        return next(one for one in self.told if one.title == title)

    async def back(self) -> None:
        """Wait until no dialog is open."""
        await self.until(lambda: isinstance(self.app.screen, ConsoleScreen), "the dialog's end")

    async def ended(self, number: int = 0, state: JobState = JobState.DONE) -> Job:
        """Wait for the end of a job, by default of the newest; it has to end so."""
        await self.back()
        await self.until(self.app.jobs.all, "a job")
        number = number or self.app.jobs.all()[0].number
        await self.until(lambda: not self.app.jobs.get(number).state.is_active, f"job {number}")
        job = self.app.jobs.get(number)
        assert job.state is state, f"{job.title}: {job.word}: {job.message}"
        await self.until(
            lambda: any(job.title in (one.words, *one.title.split(":")) or job.title in one.title
                        for one in self.told),
            "its end told",
        )  # fmt: skip
        return job

    # --- what is done ---

    async def press(self, *keys: str) -> None:
        """Press keys one after another, each when what the one before led to is there."""
        for key in keys:
            await self.pilot.press(key)
            await until(self._takes_keys, f"a screen that takes keys after {key}", self.told)

    def _takes_keys(self) -> bool:
        if self.app._exit:
            return True
        screen = self.app.screen
        return screen.is_mounted and (
            not isinstance(screen, ConsoleScreen) or screen.focused is not None
        )

    async def type(self, text: str) -> None:
        """Put a text into the line that has the keys, as a paste does."""
        await self.until(lambda: isinstance(self.app.focused, Input), "a line to type in")
        line = self.app.focused
        assert isinstance(line, Input)
        line.value = text
        line.cursor_position = len(text)
        await self.pilot.pause()

    async def enter(self, text: str) -> None:
        """Type a text and go on."""
        await self.type(text)
        await self.press("enter")

    async def command(self, line: str) -> None:
        """Type a `:` command."""
        await self.press("colon")
        await self.until(lambda: self.app.screen.query("#command-line"), "the command line")
        await self.enter(line)
        await self.until(lambda: not self.app.screen.query("#command-line"), "its end")

    async def at(self, name: str, cell: str, *, where: str = "") -> None:
        """Set the cursor of a list on the row with this cell (and one of `where`)."""

        def found() -> str | None:
            for record in records(self.table(name)):
                texts = [each.text for each in record.cells]
                if cell in texts and (not where or where in texts):
                    return record.key
            return None

        await self.until(found, f"{cell} {where} in {name}")
        table = self.table(name)
        table.focus()
        table.move_to(found() or "")
        await self.pilot.pause()
        assert table.cursor_key == found()

    async def answers_to_keys(self) -> None:
        """Help, the command line, the jobs, and back: each has to be shown."""
        here = type(self.app.screen)
        await self.press("question_mark")
        await self.shows(Reader)
        await self.press("escape")
        await self.back()
        await self.press("colon")
        await self.shows(CommandLine)
        await self.press("escape")
        await self.back()
        await self.press("5")
        await self.shows(JobsScreen)
        await self.press("escape")
        await self.shows(here)
        await self.press("tab", "ctrl+r", "slash")
        await self.press("escape")

    async def choose(self, text: str) -> None:
        """Choose what the filter of a Choose dialog leaves."""
        await self.enter(text)


def records(table: RecordTable) -> tuple[Record, ...]:
    """Every row of a table."""
    return tuple(table._records[row] for row in range(len(table.keys)))


async def until(holds: Callable[[], object], what: str, told: object = "") -> None:
    """Wait for something that other threads bring about."""
    for _ in range(_TURNS):
        if holds():
            return
        await asyncio.sleep(_TURN_SECONDS)
    pytest.fail(f"never came: {what}; told: {told}")


@asynccontextmanager
async def console(
    workspace: Workspace, *, size: tuple[int, int] = WIDE, terminal: Terminal | None = None
) -> AsyncIterator[Driver]:
    """A console on a workspace, which shows its first screen."""
    app = HeardConsole(workspace, terminal)
    try:
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot)
            await driver.until(
                lambda: isinstance(app.screen, ConsoleScreen) and app.screen.is_mounted,
                "the first screen",
            )
            yield driver
    finally:
        await asyncio.to_thread(app.end)


@asynccontextmanager
async def lab_console(
    workspace: Workspace, *, size: tuple[int, int] = WIDE, terminal: Terminal | None = None
) -> AsyncIterator[Driver]:
    """A console on the sandbox that shows every computer and knows all images."""
    async with console(workspace, size=size, terminal=terminal) as driver:
        fleet = driver.app.fleet

        def all_known() -> bool:
            for host in fleet.hosts():
                fleet.watch_images(host.name)
            on_hosts = {one.name for one in fleet.inventory.computers if one.vmhost}
            return (
                fleet.inventory.read
                and all(host.answered_at is not None for host in fleet.hosts())
                and all(fleet.images(host.name) for host in fleet.hosts())
                and on_hosts <= set(driver.cells("domains", "computer"))
            )

        await driver.until(all_known, "the whole sandbox")
        yield driver


class Slow(Workspace):
    """A workspace with libvirt's default test host, which hangs until `answers` is set."""

    def __init__(self, home: Path, *, readonly: bool = False, **ui: Any) -> None:
        config = Config(
            files=(),
            management_node="mn1",
            state_directory=home / "state",
            inventory_url=f"sqlite:///{home / 'inventory.sqlite'}",
            ui=UISettings(**ui),
        )
        super().__init__(config, uris=["test:///default"], readonly=readonly)
        self.answers = threading.Event()

    def session(self, host_name: str) -> HostSession:
        self.answers.wait()
        return super().session(host_name)


def with_ui(workspace: Workspace, home: Path, **ui: Any) -> Workspace:
    """Another workspace on the same hosts, with settings and kept choices of its own."""
    config = replace(workspace.config, ui=UISettings(**ui), state_directory=home)
    return Workspace(config)


def add_job(app: Console, run: Callable[[StepContext], str | None], title: str = "Load x") -> int:
    """Begin a job of two steps of which the first is `run`; returns its number."""

    def work(observer: Observer, token: CancelToken) -> Operation:
        steps = (Step("one", "First [step]", run), Step("two", "Second step", lambda _: None))
        operation = Operation("id", "test", "vm1", "h", title, steps)
        runner.run(operation, lambda _action: None, observer, token)
        return operation

    return app.jobs.submit(title, "h", "vm1", f"computer-{title}", work).number


def until_cancelled(context: StepContext) -> None:
    """A step that comes to 40 % and no further."""
    context.progress(0.4)
    while not context.cancel.wait(0.01):
        pass
    context.cancel.raise_if_cancelled()


def editing(change: Callable[[str], str]) -> FakeTerminal:
    """A terminal in which the editor changes the file so."""

    def does(argv: Sequence[str]) -> int:
        file = Path(argv[-1])
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
        return 0

    return FakeTerminal(does)


def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the desk at which the tests are run."""
    for name in [*os.environ]:
        if name.startswith("TEXTUAL_") or name in ("NO_COLOR", "VISUAL", "EDITOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
