"""The keys that are offered follow what is possible, and cost nothing while that is the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.unit.tui.driving import Driver
from tests.unit.tui.frozen import HOSTS, FrozenFleet, domain, frozen_console, frozen_workspace
from vcltui.models.domain import PowerState

ALIKE = tuple(domain(n, "kvm-a", f"row-{n:02}", PowerState.OFF) for n in range(20))


@asynccontextmanager
async def counted(home: Path, *keys: str) -> AsyncIterator[tuple[Driver, FrozenFleet, list[str]]]:
    """A console, and a list that grows each time when its footer is told to look."""
    fleet = FrozenFleet(live=(replace(HOSTS[0], domains=ALIKE),))
    app = frozen_console(frozen_workspace(home), fleet)
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press(*keys)
        await driver.at("domains", "row-05")
        told: list[str] = []
        screen = app.screen
        screen.bindings_updated_signal.subscribe(screen, lambda _screen: told.append("look"))
        yield driver, fleet, told
    app.end()


async def test_a_row_of_the_same_kind_changes_no_key(tmp_path: Path):
    for keys in (("2",), ()):
        async with counted(tmp_path, *keys) as (driver, _fleet, told):
            assert "Shut down" not in driver.footer()
            await driver.press("down", "down", "j", "up")
            driver.app.repainter.now()
            await driver.pilot.pause()
            assert driver.table("domains").cursor_key == f"kvm-a/{ALIKE[7].uuid}"
            assert told == []


async def test_a_row_of_another_kind_changes_them(tmp_path: Path):
    async with counted(tmp_path, "2") as (driver, fleet, told):
        on = replace(ALIKE[6], power=PowerState.ON)
        fleet.live = (replace(HOSTS[0], domains=(*ALIKE[:6], on, *ALIKE[7:])),)
        driver.app.repainter.now()
        await driver.pilot.pause()
        assert told == [], "it is not the row of the cursor"
        await driver.press("down")
        assert told == ["look"]
        assert "Shut down" in driver.footer()
        fleet.live = (replace(HOSTS[0], domains=ALIKE),)
        driver.app.repainter.now()
        await driver.pilot.pause()
        assert told == ["look"] * 2, "what changed under the cursor is noticed"
        assert "Shut down" not in driver.footer()


async def test_marks_change_them(tmp_path: Path):
    async with counted(tmp_path, "2") as (driver, fleet, told):
        assert driver.offers("domain_edit")
        await driver.press("space", "space")
        assert told == ["look"], "two marks offer what one does"
        assert not driver.offers("domain_edit")
        assert [one.domain for one in driver.settled.marked] == ["row-05", "row-06"]
        on = replace(ALIKE[6], power=PowerState.ON)
        fleet.live = (replace(HOSTS[0], domains=(*ALIKE[:6], on, *ALIKE[7:])),)
        driver.app.repainter.now()
        await driver.pilot.pause()
        assert [one.power for one in driver.settled.marked] == [PowerState.OFF, PowerState.ON]
        assert driver.offers("shutdown"), "it is possible on one of them"
