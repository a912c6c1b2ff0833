"""The console on a real sandbox: what it shows, and what its actions do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from vcltui.demo.lab import Lab, open_lab
from vcltui.errors import HostUnreachableError
from vcltui.models.domain import PowerState
from vcltui.models.host import VMHost
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet import Fleet
from vcltui.runtime.fleet_models import HostState
from vcltui.runtime.job_models import JobState
from vcltui.runtime.workspace import Workspace
from vcltui.tui.app import Console
from vcltui.tui.dialogs import Ask, Choose, Confirm, Reader
from vcltui.tui.record_table import RecordTable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("console") / "lab") as made:
        yield made


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something other threads bring about."""
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
        await until(
            lambda: len(app.screen.query_one("#domains", RecordTable).records) == 12, "12 rows"
        )
        yield app, pilot
    app.end()


def table(app: Console, name: str) -> RecordTable:
    return app.screen.query_one(f"#{name}", RecordTable)


def row(app: Console, computer: str) -> list[str]:
    (found,) = [
        record for record in table(app, "domains").records if record.cells[1].text == computer
    ]
    return [cell.text for cell in found.cells]


async def choose(app: Console, pilot: Pilot[None], computer: str) -> None:
    for record in table(app, "domains").records:
        if record.cells[1].text == computer:
            table(app, "domains").move_to(record.key)
    await until(
        lambda: app.subject is not None and app.subject.computer == computer, f"on {computer}"
    )
    await pilot.pause()


async def job_done(app: Console, number: int) -> None:
    await until(
        lambda: any(job.number >= number and not job.state.is_active for job in app.jobs.all()),
        f"job {number}",
    )
    (job,) = [one for one in app.jobs.all() if one.number == number]
    assert job.state is JobState.DONE, job.message


async def test_it_shows_hosts_domains_details_and_images(lab: Lab):
    async with console(lab.workspace) as (app, pilot):
        assert [record.key for record in table(app, "hosts").records] == ["kvm-a", "kvm-b", "kvm-c"]
        assert row(app, "vm1")[2] == "linux-Debian12Base-2-v2"
        assert row(app, "vm7")[0].endswith("off")
        assert row(app, "vm4")[0].endswith("no domain")
        names = [record.cells[1].text for record in table(app, "domains").records]
        assert names.index("vm2") < names.index("vm10")
        await choose(app, pilot, "vm1")
        detail = app.screen.query_one("#detail-text", Static)
        await until(lambda: "linux-Debian12Base-2-v2.qcow2" in str(detail.visual), "the chain")
        await until(lambda: len(table(app, "images").records) > 5, "images")
        assert "SANDBOX" in str(app.screen.query_one("#status", Static).visual)


async def test_filter_keeps_vm1_from_vm10(lab: Lab):
    async with console(lab.workspace) as (app, pilot):
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).value = "host:kvm-b !power:on"
        await pilot.press("enter")
        names = [record.cells[1].text for record in table(app, "domains").records]
        assert names == ["vm7", "vm8"]
        await pilot.press("escape")
        assert len(table(app, "domains").records) == 12


async def test_one_pane_at_a_time_where_it_is_narrow(lab: Lab):
    async with console(lab.workspace, (80, 24)) as (app, pilot):
        shown = [pane.id for pane in app.screen.query(".pane") if pane.display]
        assert shown == ["domains"]
        await pilot.press("1")
        assert [pane.id for pane in app.screen.query(".pane") if pane.display] == ["hosts"]
        await pilot.press("3")
        assert [pane.id for pane in app.screen.query(".pane") if pane.display] == ["details"]


async def test_power_off_asks_and_on_does_not(lab: Lab):
    async with console(lab.workspace) as (app, pilot):
        await choose(app, pilot, "vm2")
        await pilot.press("O")
        await until(lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("n")
        assert app.jobs.all() == []
        await choose(app, pilot, "vm2")
        await pilot.press("O")
        await until(lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await job_done(app, 1)
        await until(lambda: row(app, "vm2")[0].endswith("off"), "off")
        await choose(app, pilot, "vm2")
        await pilot.press("p")
        await job_done(app, 2)
        await until(lambda: row(app, "vm2")[0].endswith(" on"), "on")


async def test_load_by_keys_alone(lab: Lab):
    async with console(lab.workspace) as (app, pilot):
        await choose(app, pilot, "vm12")
        await pilot.press("L")
        await until(lambda: isinstance(app.screen, Choose), "the images")
        await pilot.press(*"statistics", "enter")
        await until(lambda: isinstance(app.screen, Confirm), "the plan")
        await pilot.press("y")
        await job_done(app, 1)
        await until(lambda: row(app, "vm12")[2] == "linux-StatisticswithR-3-v1", "the image")
        await choose(app, pilot, "vm12")
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, Ask), "the name")
        await pilot.press(*"one", "enter")
        await until(lambda: isinstance(app.screen, Confirm), "the plan")
        await pilot.press("y")
        await job_done(app, 2)
        await choose(app, pilot, "vm12")
        await pilot.press("U")
        await until(lambda: isinstance(app.screen, Confirm), "the plan")
        await pilot.press("y")
        await job_done(app, 3)
        await until(lambda: row(app, "vm12")[0].endswith("no domain"), "unloaded")


async def test_help_names_every_action(lab: Lab):
    async with console(lab.workspace) as (app, pilot):
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, Reader), "help")
        text = " ".join(str(each.visual) for each in app.screen.query(Static))
        for words in ("Capture", "Load", "Power off", "Filter"):
            assert words in text


async def test_a_change_from_outside_shows_by_itself(lab: Lab):
    async with console(lab.workspace) as (app, _pilot):
        connection = lab.workspace.session("kvm-b").connection
        domain = connection.handle.lookupByName("vm7:win10-Windows11Office-5-v1")
        domain.create()
        await until(lambda: row(app, "vm7")[0].endswith(" on"), "on")
        domain.destroy()
        await until(lambda: row(app, "vm7")[0].endswith("off"), "off")


async def test_read_only_hides_what_changes(lab: Lab):
    readonly = Workspace(lab.workspace.config, readonly=True)
    app = Console(readonly)
    async with app.run_test(size=(140, 45)) as pilot:
        await until(lambda: len(app.fleet.hosts()) == 3, "hosts")
        await pilot.pause()
        assert app.check_action("do", ("power_off",)) is False
        assert app.check_action("do", ("load",)) is False
    app.end()
    readonly.close()


def test_an_unreachable_host_says_why_and_comes_back(tmp_path: Path):
    """The fleet by itself: one host that can't be opened at first beside one that can."""
    broken = {"now": True}
    good = VMHost("good", "test:///default")

    def open_session(name: str) -> HostSession:
        if name == "bad" and broken["now"]:
            raise HostUnreachableError("The host bad can't be reached: it is off")
        return HostSession(replace(good, name=name))

    fleet = Fleet(
        lambda: {"bad": replace(good, name="bad"), "good": good}, open_session, lambda: None
    )

    async def watch() -> None:
        fleet.start()
        await until(lambda: len(fleet.hosts()) == 2, "both")
        await until(
            lambda: (
                {host.name: host.state for host in fleet.hosts()}
                == {"bad": HostState.UNREACHABLE, "good": HostState.UP}
            ),
            "one up, one not",
        )
        bad = fleet.host("bad")
        assert bad is not None
        assert "it is off" in bad.reason
        assert fleet.domains("good")[0].domain.power is PowerState.ON
        broken["now"] = False
        fleet.refresh("bad")
        await until(lambda: fleet.host("bad").state is HostState.UP, "back")

    try:
        asyncio.run(watch())
    finally:
        fleet.close()
