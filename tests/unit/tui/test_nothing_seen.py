"""Where there is nothing to see, the console says why: no host, no inventory, no answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tui.driving import NARROW, WIDE, Driver, HeardConsole, console
from tests.unit.tui.frozen import HOSTS, FrozenFleet, frozen_console, frozen_workspace
from vcltui.config import Config
from vcltui.errors import InventoryError
from vcltui.models.host import VMHost, VMProfile
from vcltui.runtime.fleet.models import HostState
from vcltui.runtime.workspace import Workspace
from vcltui.tui.places import Place
from vcltui.tui.widgets.record_table import RecordTable
from vcltui.tui.widgets.strips import StatusLine

NO_HOST = "No host is known. Name one with -c URI, in the configuration or with `vcltui host add`"
AWAY = "mysql+pymysql://vcl@127.0.0.1:1/vcl"
GONE = "test:////nowhere/at/all/host.xml"


def workspace(home: Path, url: str = "", **hosts: str) -> Workspace:
    return Workspace(
        Config(
            files=(),
            management_node="mn1",
            state_directory=home / "state",
            inventory_url=url or f"sqlite:///{home / 'none.sqlite'}",
            hosts={name: VMHost(name, uri) for name, uri in hosts.items()},
        )
    )


def drawn(table: RecordTable) -> str:
    """The lines of a table as one text."""
    lines = ("".join(s.text for s in table.render_line(y)) for y in range(table.size.height))
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("size", [(140, 45), NARROW])
async def test_with_nothing_configured_it_says_what_the_command_line_says(
    tmp_path: Path, size: tuple[int, int]
):
    async with console(workspace(tmp_path), size=size) as driver:
        for pane, key in (("hosts", "1"), ("domains", "2")):
            await driver.press(key)
            await driver.until(lambda pane=pane: NO_HOST in drawn(driver.table(pane)), pane)
        await driver.press("7")
        await driver.until(lambda: "There is no inventory" in driver.words(), "screen 7")
        assert "Examining" not in driver.words() + drawn(driver.table("doctor"))
        await driver.press("0")
        if size != NARROW:
            await driver.until(lambda: NO_HOST in drawn(driver.table("hosts")), "the overview")


async def test_configured_hosts_are_shown_while_the_database_is_down(tmp_path: Path):
    made = workspace(tmp_path, AWAY, a="test:///default")
    async with console(made, size=(110, 40)) as driver:
        await driver.until(lambda: "test" in driver.cells("domains", "computer"), "its domain")
        host = driver.app.fleet.host("a")
        assert host is not None
        assert host.state is HostState.UP
        problem = driver.app.fleet.inventory.problem or ""
        assert "127.0.0.1" in problem
        # All of it, and not cut off by the facts beside it.
        await driver.until(lambda: said(driver, problem, "#status"), "the reason above")
        await driver.press("7")
        await driver.until(lambda: said(driver, problem), "the reason on screen 7")
        await driver.press("6")
        assert any(problem in line.text for line in driver.app.desk.log.lines())
        assert "warning" in driver.cells("log", "level")
        with pytest.raises(InventoryError):
            made.hosts()  # so nothing is changed while hosts may be missing


def said(driver: Driver, words: str, selector: str = "") -> bool:
    return " ".join(words.split()) in " ".join(driver.words(selector).split())


def test_a_session_without_the_inventory_learns_what_it_says_later(tmp_path: Path):
    class Returning(Workspace):
        is_back = False

        @property
        def database(self):
            if not self.is_back:
                raise InventoryError("The database is away")
            return super().database

    plain = workspace(tmp_path, a="test:///default")
    made = Returning(plain.config)
    session = made.session("a")
    with pytest.raises(InventoryError):
        made.session("b")
    made.is_back = True
    profile = VMProfile("big", "/data", "/data", None)
    made.config.hosts["a"] = VMHost("a", "test:///default", profile)
    assert session.vmhost.profile is None
    made.hosts()
    assert made.session("a") is session
    assert session.vmhost.profile == profile
    made.close()


async def test_a_host_that_was_never_reached_says_why_in_full(tmp_path: Path):
    made = workspace(tmp_path, a="test:///default", lost=GONE)
    async with console(made, size=NARROW) as driver:
        reason = f"The host lost can't be reached: there is no file {GONE[7:]}"
        await driver.until(lambda: driver.app.fleet.host("lost").reason, "the loss")
        await driver.until(lambda: said(driver, reason, "#status"), "the reason above")
        assert driver.words("#status").count("lost") == 1
        await driver.press("1")
        await driver.at("hosts", "lost")
        await driver.press("enter")
        await driver.until(lambda: driver.pane("domains").filter == "host=lost", "its domains")
        await driver.until(lambda: reason in drawn(driver.table("domains")), "why there are none")
        driver.app.go(Place("host", "lost"))
        await driver.until(lambda: said(driver, reason, ".text-part Static"), "its own screen")
        assert "0 B" not in driver.part()
        assert "0 on of 0" not in driver.part()


async def test_many_lost_hosts_do_not_fill_the_screen(tmp_path: Path):
    lost = tuple(replace(HOSTS[1], name=f"kvm-{number}", domains=()) for number in range(40))
    app = frozen_console(frozen_workspace(tmp_path), FrozenFleet(live=lost))
    async with app.run_test(size=NARROW):
        text = app.screen.query_one(StatusLine)
        assert text.size.height <= 4
        assert "and 38 hosts more: 1 has the reasons" in str(text.visual)
    app.end()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bogus=vm1", "There is no field bogus, there are: power, computer"),
        ("bogus:vm1", "bogus is no field, so it is looked for as it stands"),
        ("!bogus=vm1", ""),
    ],
)
async def test_a_filter_by_a_field_that_there_is_not_says_so(
    frozen: HeardConsole, text: str, words: str
):
    async with frozen.run_test(size=WIDE) as pilot:
        driver = Driver(frozen, pilot)
        await driver.command(f"domains {text}")
        pane = driver.pane("domains")
        await driver.until(lambda: pane.filter == text, "the filter")
        await pilot.pause()
        assert words in drawn(pane.table)
        assert ("no field bogus" in str(pane.border_subtitle)) is ("=" in text)


async def test_what_stands_behind_log_narrows_it(frozen: HeardConsole):
    async with frozen.run_test(size=WIDE) as pilot:
        driver = Driver(frozen, pilot)
        await driver.command("log choices")
        await driver.until(lambda: len(driver.cells("log", "level")) == 1, "one line")
        assert "/choices" in str(driver.pane("log").border_subtitle)
