"""The console while a host hangs, with names that look like markup, and with jobs on show."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from vcltui.config import Config
from vcltui.config.model import UISettings
from vcltui.models.cancel import CancelToken
from vcltui.operations import runner
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet_models import HostState
from vcltui.runtime.job_models import JobState
from vcltui.runtime.workspace import Workspace
from vcltui.tui.app import Console
from vcltui.tui.dialogs import Confirm, Reader
from vcltui.tui.jobs_screen import JobsScreen
from vcltui.tui.record_table import RecordTable

ODD = "odd[red]name[bold"
_ODD_XML = f"""<domain type='test'><name>{ODD}</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>"""


class Slow(Workspace):
    """A workspace whose host can't be asked until `answers` is set."""

    def __init__(self, home: Path, *, ascii_only: bool = False) -> None:
        config = Config(
            files=(),
            management_node="mn1",
            state_directory=home / "state",
            inventory_url=f"sqlite:///{home / 'inventory.sqlite'}",
            ui=UISettings(ascii=ascii_only),
        )
        super().__init__(config, uris=["test:///default"])
        self.answers = threading.Event()

    def session(self, host_name: str) -> HostSession:
        self.answers.wait()
        return super().session(host_name)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    made = Slow(tmp_path)
    yield made
    made.answers.set()
    made.close()


async def until(holds: Callable[[], object], what: str) -> None:
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"never came: {what}")


@asynccontextmanager
async def console(
    workspace: Workspace, size: tuple[int, int] = (140, 45)
) -> AsyncIterator[tuple[Console, Pilot[None]]]:
    app = Console(workspace)
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.screen.query("#hosts"), "the overview")
        await pilot.pause()
        yield app, pilot
    app.end()


def table(app: Console, name: str) -> RecordTable:
    return app.screen.query_one(f"#{name}", RecordTable)


def words(app: Console, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).visual)


async def test_keys_work_while_the_only_host_hangs(slow: Slow):
    async with console(slow) as (app, pilot):
        await until(lambda: table(app, "hosts").records, "the host's row")
        (record,) = table(app, "hosts").records
        assert record.cells[1].text.endswith("connecting")
        assert record.dim
        assert "hosts 0/1 up" in words(app, "#status")
        await pilot.press("question_mark")
        assert isinstance(app.screen, Reader)
        await pilot.press("escape")
        await pilot.press("5")
        assert isinstance(app.screen, JobsScreen)
        await pilot.press("escape")
        await pilot.press("ctrl+r")
        assert not slow.answers.is_set()
        slow.answers.set()
        await until(lambda: app.fleet.hosts()[0].state is HostState.UP, "the host")
        await until(lambda: len(table(app, "domains").records) == 1, "its domain")


async def test_names_and_filters_that_look_like_markup_are_shown_as_they_are(slow: Slow):
    slow.answers.set()
    slow.session(next(iter(slow.hosts()))).connection.handle.defineXML(_ODD_XML)
    async with console(slow) as (app, pilot):
        await until(lambda: len(table(app, "domains").records) == 2, "the domains")
        names = [record.cells[1].text for record in table(app, "domains").records]
        assert ODD in names
        for record in table(app, "domains").records:
            if record.cells[1].text == ODD:
                table(app, "domains").move_to(record.key)
        await until(lambda: ODD in words(app, "#detail-text"), "the details")
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).value = "[/x] [bold"
        await pilot.pause()
        assert table(app, "domains").records == ()
        app.screen.query_one("#filter", Input).value = "[bold"
        await pilot.pause()
        assert [record.cells[1].text for record in table(app, "domains").records] == [ODD]


async def test_ascii_mode_draws_its_own_parts_with_ascii(tmp_path: Path):
    workspace = Slow(tmp_path, ascii_only=True)
    workspace.answers.set()
    try:
        async with console(workspace) as (app, _pilot):
            await until(lambda: len(table(app, "domains").records) == 1, "the domain")
            (record,) = table(app, "domains").records
            assert record.cells[0].text == "* on"
            assert app.has_class("-ascii")
            lines = [table(app, "domains").render_line(y).text for y in range(3)]
            assert "".join(lines).isascii()
    finally:
        workspace.close()


def _job(app: Console, run: Callable[[StepContext], str | None]) -> int:
    def work(observer: Observer, token: CancelToken) -> Operation:
        steps = (Step("one", "First [step]", run), Step("two", "Second step", lambda _: None))
        operation = Operation("id", "test", "vm1", "h", "Load [x] onto vm1", steps)
        runner.run(operation, lambda _action: None, observer, token)
        return operation

    return app.jobs.submit("Load [x] onto vm1", "h", "vm1", "computer-vm1", work).number


def _until_cancelled(context: StepContext) -> None:
    context.progress(0.4)
    while not context.cancel.wait(0.01):
        pass
    context.cancel.raise_if_cancelled()


async def test_a_job_is_seen_cancelled_and_tried_again_by_keys(slow: Slow):
    slow.answers.set()
    async with console(slow) as (app, pilot):
        number = _job(app, _until_cancelled)
        await pilot.press("5")
        await until(lambda: table(app, "job-list").records, "the job")
        await until(lambda: "First [step]" in words(app, "#job-text"), "its step")
        (record,) = table(app, "job-list").records
        assert record.cells[0].text.endswith("running")
        assert record.cells[3].text == "0/2"
        await until(lambda: "20%" in table(app, "job-list").records[0].cells[4].text, "progress")
        assert app.check_action("do", ("power_off",)) is False
        await pilot.press("c")
        assert isinstance(app.screen, Confirm)
        await pilot.press("n")
        assert app.jobs.get(number).state is JobState.RUNNING
        await pilot.press("c")
        await pilot.press("y")
        await until(lambda: app.jobs.get(number).state is JobState.CANCELLED, "its end")
        await until(lambda: "cancelled" in words(app, "#job-text"), "its end on the screen")
        await pilot.press("r")
        await until(lambda: len(app.jobs.all()) == 2, "the second attempt")
        await pilot.press("escape")
        assert not isinstance(app.screen, JobsScreen)
        assert app.jobs.active()


async def test_leaving_asks_while_a_job_runs(slow: Slow):
    slow.answers.set()
    async with console(slow) as (app, pilot):
        number = _job(app, _until_cancelled)
        await until(lambda: app.jobs.get(number).state is JobState.RUNNING, "the job")
        await pilot.press("ctrl+q")
        await until(lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("n")
        await until(lambda: not isinstance(app.screen, Confirm), "back")
        assert app.jobs.get(number).state is JobState.RUNNING
        await pilot.press("q")
        await until(lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
    assert app.jobs.get(number).state is JobState.CANCELLED


async def test_a_failed_job_is_told_with_its_reason(slow: Slow):
    def fail(_context: StepContext) -> None:
        raise RuntimeError("no [space] left")

    slow.answers.set()
    async with console(slow) as (app, _pilot):
        number = _job(app, fail)
        await until(lambda: app.jobs.get(number).state is JobState.FAILED, "its end")
        await until(lambda: app._notifications, "the notification")
        (told,) = list(app._notifications)
        assert told.severity == "error"
        assert "no [space] left" in told.message
        assert not told.markup


async def test_cursor_and_scroll_stay_on_their_row_through_refreshes(slow: Slow):
    slow.answers.set()
    handle = slow.session(next(iter(slow.hosts()))).connection.handle
    made = {
        name: handle.defineXML(_ODD_XML.replace(ODD, name))
        for name in (f"row-{number:03}" for number in range(80))
    }
    async with console(slow) as (app, pilot):
        domains = table(app, "domains")
        await until(lambda: len(domains.records) == 81, "the rows")
        for _ in range(45):
            await pilot.press("down")
        key, names = domains.cursor_key, [record.cells[1].text for record in domains.records]
        assert names[45] == "row-045"
        region = domains.row_region(key)
        for name in ("row-001", "row-002", "row-070"):
            made[name].undefine()
        await until(lambda: len(domains.records) == 78, "three rows to go")
        await pilot.pause()
        assert domains.cursor_key == key
        assert domains.row_region(key) == region
        made["row-045"].undefine()
        await until(lambda: len(domains.records) == 77, "the cursor's row to go")
        assert domains.records[43].cells[1].text == "row-046"
        assert domains.cursor_key == domains.records[43].key
