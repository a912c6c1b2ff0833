"""The ways through the console: number keys, enter, esc, back and forward, tabs, the mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.unit.tui.driving import NARROW, WIDE, Driver, HeardConsole
from vcltui.tui.commands import PLACES
from vcltui.tui.screens.doctor import DoctorScreen, ReservationsScreen
from vcltui.tui.screens.domain import DomainScreen
from vcltui.tui.screens.full import FullScreen, JobsScreen, LogScreen
from vcltui.tui.screens.host import HostScreen
from vcltui.tui.screens.image import ImageScreen
from vcltui.tui.screens.overview import Overview
from vcltui.tui.screens.reservation import ReservationScreen


@asynccontextmanager
async def running(
    app: HeardConsole, *keys: str, size: tuple[int, int] = WIDE
) -> AsyncIterator[Driver]:
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot)
        await driver.press(*keys)
        yield driver


_KINDS = {
    "jobs": JobsScreen,
    "log": LogScreen,
    "reservations": ReservationsScreen,
    "doctor": DoctorScreen,
}


async def on(driver: Driver, name: str) -> None:
    """Wait for a full screen."""
    if name == "overview":
        await driver.shows(Overview)
    else:
        kind = _KINDS.get(name, FullScreen)
        await driver.until(
            lambda: type(driver.app.screen) is kind and driver.app.screen.query(f"#{name}"), name
        )
        assert driver.pane(name).table.has_focus


async def test_each_number_is_a_screen_and_brackets_go_through_them(frozen: HeardConsole):
    async with running(frozen) as driver:
        for number, name in enumerate(PLACES):
            await driver.press(str(number))
            await on(driver, name)
        for name in list(PLACES)[-2::-1]:
            await driver.press("left_square_bracket")
            await on(driver, name)
        await driver.press("left_square_bracket", "right_square_bracket")
        await on(driver, list(PLACES)[1])
        await driver.press("escape")
        await on(driver, "overview")


async def test_a_screen_stays_as_it_was_left(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        await driver.at("domains", "vm10")
        await driver.press("3", "2")
        await on(driver, "domains")
        assert driver.app.subject is not None
        assert driver.app.subject.computer == "vm10"


async def test_from_a_host_to_its_domains_to_one_of_them_and_back(frozen: HeardConsole):
    async with running(frozen, "1") as driver:
        await driver.at("hosts", "kvm-a")
        await driver.press("enter")
        await on(driver, "domains")
        assert driver.pane("domains").filter == "host=kvm-a"
        await driver.at("domains", "vm1")
        await driver.press("enter")
        screen = await driver.shows(DomainScreen)
        assert screen.shown == "overview"
        await driver.press("escape")
        await on(driver, "domains")
        assert driver.pane("domains").filter == "host=kvm-a"
        await driver.press("left_square_bracket")
        await on(driver, "hosts")


async def test_tabs_by_keys_and_one_step_back_for_all_of_them(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        await driver.at("domains", "vm1")
        await driver.press("y")
        screen = await driver.shows(DomainScreen)
        for key, tab in (
            ("tab", "snapshots"), ("tab", "disks"), ("shift+tab", "snapshots"),
            ("right", "disks"), ("left", "snapshots"), ("left", "xml"), ("left", "overview"),
            ("left", "console"), ("right", "overview"),
        ):  # fmt: skip
            await driver.press(key)
            await driver.until(lambda tab=tab: screen.shown == tab, tab)
        await driver.press("left_square_bracket")
        await on(driver, "domains")
        await driver.press("right_square_bracket")
        again = await driver.shows(DomainScreen)
        assert again.shown == "overview"


async def test_enter_on_an_image_and_describe_of_a_host(frozen: HeardConsole):
    async with running(frozen, "3", "enter") as driver:
        await driver.shows(ImageScreen)
        await driver.press("escape", "1")
        await on(driver, "hosts")
        await driver.press("d")
        screen = await driver.shows(HostScreen)
        await driver.until(lambda: "big" in driver.part(), "the profile")
        assert "qemu+ssh://root@kvm-a/system" in driver.part()
        assert screen.subject is not None
        assert screen.subject.host == "kvm-a"


async def test_enter_on_a_reservation_leads_to_its_diagnosis(frozen: HeardConsole):
    async with running(frozen, "4") as driver:
        await driver.at("reservations", "72")
        await driver.press("enter")
        screen = await driver.shows(ReservationScreen)
        await driver.until(lambda: "no [process] works" in driver.part(), "the finding")
        assert screen.number == 72
        assert "A Requeue" in driver.part()


async def test_enter_on_an_empty_computer_or_a_job_goes_nowhere(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        await driver.at("domains", "vm4")
        await driver.press("enter")
        await on(driver, "domains")
        await driver.press("5", "enter")
        await on(driver, "jobs")


async def test_panes_of_the_overview(frozen: HeardConsole):
    async with running(frozen) as driver:
        assert driver.table("domains").has_focus
        await driver.press("tab", "tab")
        assert driver.table("images").has_focus
        assert driver.app.subject is not None
        assert driver.app.subject.image is not None
        await driver.press("tab")
        assert driver.table("hosts").has_focus
        await driver.at("hosts", "kvm-b")
        await driver.press("enter")
        assert driver.table("domains").has_focus
        assert driver.cells("domains", "computer") == ["vm3"]


async def test_where_it_is_narrow_one_pane_at_a_time(frozen: HeardConsole):
    def shown(driver: Driver) -> list[str | None]:
        return [pane.id for pane in driver.app.screen.query(".pane") if pane.display]

    async with running(frozen, size=NARROW) as driver:
        assert shown(driver) == ["domains"]
        for pane in ("details", "images", "hosts", "domains"):
            await driver.press("tab")
            assert shown(driver) == [pane]
        await driver.press("shift+tab")
        assert shown(driver) == ["hosts"]
        await driver.pilot.click("#pane-tabs", offset=(10, 0))
        assert shown(driver) == ["domains"]


async def test_clicks_on_rows_and_tabs(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        table = driver.table("domains")
        names = driver.cells("domains", "computer")
        row = names.index("vm2") + 1
        await driver.pilot.click(table, offset=(15, row))
        assert driver.app.subject is not None
        assert driver.app.subject.computer == "vm2"
        assert driver.offers("resume")
        await driver.pilot.click(table, offset=(15, row))
        screen = await driver.shows(DomainScreen)
        await driver.pilot.click("#--content-tab-disks")
        await driver.until(lambda: screen.shown == "disks", "the tab")
        await driver.press("tab")
        await driver.until(lambda: screen.shown == "loadlog", "the tab after it")


async def test_a_click_brings_the_keys_to_another_pane(frozen: HeardConsole):
    async with running(frozen) as driver:
        await driver.pilot.click("#images-table", offset=(3, 2))
        assert driver.app.subject is not None
        assert driver.app.subject.image is not None
        await driver.press("tab")
        assert driver.table("hosts").has_focus, "the pane after the one that was clicked"


@pytest.mark.parametrize("place", [*PLACES])
async def test_help_opens_and_closes_everywhere(frozen: HeardConsole, place: str):
    async with running(frozen, str(list(PLACES).index(place))) as driver:
        before = driver.settled
        for key in ("escape", "q", "enter"):
            await driver.press("question_mark")
            await driver.until(lambda: driver.app.screen is not before, "the help")
            assert "Power the domain on" in driver.words()
            await driver.press(key)
            await driver.until(lambda: driver.app.screen is before, "the screen before")
