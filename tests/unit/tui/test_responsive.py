"""The console while a host hangs, while everything changes at once, and with many rows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tui.driving import Driver, Slow, console, records, until
from tests.unit.tui.frozen import HOSTS, FrozenFleet, domain, frozen_console, frozen_workspace
from vcltui.models.domain import PowerState
from vcltui.runtime import terminal_commands
from vcltui.runtime.fleet.models import HostState
from vcltui.tui import repainter
from vcltui.tui.heard import FleetChanged
from vcltui.tui.screens.overview import Overview

ODD = "odd[red]name[bold"
ODD_XML = f"""<domain type='test'><name>{ODD}</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>"""


async def test_keys_work_while_the_only_host_hangs(slow: Slow):
    async with console(slow) as driver:
        await driver.until(lambda: driver.table("hosts").keys, "the host's row")
        (record,) = records(driver.table("hosts"))
        assert record.cells[1].text.endswith("connecting")
        assert record.dim
        assert "hosts 0/1 up" in driver.words("#status")
        assert "Waiting for the hosts" in driver.table("domains").render_line(1).text
        await driver.answers_to_keys()
        assert not slow.answers.is_set(), "all that without the host"
        slow.answers.set()
        await driver.until(lambda: driver.app.fleet.hosts()[0].state is HostState.UP, "the host")
        await driver.until(lambda: driver.cells("domains", "computer") == ["test"], "its domain")


async def test_leaving_does_not_wait_for_a_host_that_hangs(slow: Slow):
    async with console(slow) as driver:
        await driver.until(lambda: driver.table("hosts").keys, "the host's row")
        await driver.press("q")
        await driver.until(lambda: driver.app._exit, "the end")
        assert not slow.answers.is_set()


async def test_what_is_done_to_a_host_that_hangs_is_not_possible_and_says_so(slow: Slow):
    async with console(slow) as driver:
        await driver.until(lambda: driver.table("hosts").keys, "the host's row")
        (name,) = (host.name for host in driver.app.fleet.hosts())
        await driver.command(f"image-import {name}")
        await driver.until(lambda: driver.told, "the reason")
        assert f"{name} does not answer" in driver.told[0].words


async def test_names_that_look_like_markup_are_shown_as_they_are(quick: Slow):
    host = next(iter(quick.hosts()))
    handle = quick.session(host).connection.handle
    made = handle.defineXML(ODD_XML)
    try:
        async with console(quick) as driver:
            await driver.at("domains", ODD)
            pane = driver.app.screen.query_one("#details")
            await driver.until(lambda: str(pane._border_title) == ODD, "the details")
            await driver.press("slash")
            await driver.enter("[/x] [bold")
            assert driver.table("domains").keys == []
            await driver.press("slash")
            await driver.enter("[bold")
            assert driver.cells("domains", "computer") == [ODD]
            await driver.press("n")
            await driver.until(lambda: f"snapshot of {ODD}" in driver.words(), "the question")
            await driver.press("escape")
    finally:
        made.undefine()


async def test_the_cursor_stays_on_its_row_of_the_fleet(quick: Slow):
    host = next(iter(quick.hosts()))
    handle = quick.session(host).connection.handle
    names = [f"row-{number}" for number in range(8)]
    made = {name: handle.defineXML(ODD_XML.replace(ODD, name)) for name in names}
    try:
        async with console(quick) as driver:
            await driver.at("domains", "row-5")
            table = driver.table("domains")
            key, below = table.cursor_key, table.keys[-1]
            for name in ("row-1", "row-2"):
                made.pop(name).undefine()
            await driver.until(lambda: "row-2" not in driver.cells("domains", "computer"), "gone")
            assert table.cursor_key == key
            made["row-0a"] = handle.defineXML(ODD_XML.replace(ODD, "row-0a"))
            await driver.until(lambda: "row-0a" in driver.cells("domains", "computer"), "come")
            assert table.cursor_key == key
            made.pop("row-5").undefine()
            await driver.until(lambda: "row-5" not in driver.cells("domains", "computer"), "gone")
            assert table.cursor_key in table.keys
            assert table.cursor_key != below
            assert driver.app.subject is not None
            assert driver.app.subject.domain == "row-6"
    finally:
        for domain_ in made.values():
            domain_.undefine()


async def test_a_storm_of_changes_is_one_repaint_in_a_tenth_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert repainter.PAUSE_SECONDS == 0.1
    # Long enough for every machine to come with the storm before it has passed.
    monkeypatch.setattr(repainter, "PAUSE_SECONDS", 600.0)
    app = frozen_console(frozen_workspace(tmp_path))
    async with app.run_test(size=(140, 45)) as pilot:
        await pilot.pause()
        planned: list[float] = []
        painted: list[Overview] = []
        set_timer, refresh = app.set_timer, Overview.refresh_facts

        def count_timers(delay: float, callback: Any = None, **more: Any) -> object:
            if callback != app.repainter.now:
                return set_timer(delay, callback, **more)
            planned.append(delay)
            return None

        monkeypatch.setattr(app, "set_timer", count_timers)
        monkeypatch.setattr(
            Overview, "refresh_facts", lambda self: (painted.append(self), refresh(self))[1]
        )
        app.repainter.now()
        planned.clear()
        for turn in range(1, 4):
            painted.clear()
            await asyncio.to_thread(lambda: [app.post_message(FleetChanged()) for _ in range(200)])
            await until(lambda turn=turn: len(planned) >= turn, "a repaint planned")
            await pilot.pause()
            assert len(planned) == turn, "200 changes are one repaint"
            app.repainter.now()
            assert painted, "and that draws them"
        assert min(planned) > 300.0, "what has just been drawn is not drawn again at once"
    app.end()


async def test_two_thousand_rows_are_shown_and_moved_through(tmp_path: Path):
    many = tuple(
        domain(number, "kvm-a", f"row-{number:04}", PowerState.OFF) for number in range(2000)
    )
    fleet = FrozenFleet(live=(replace(HOSTS[0], domains=many),))
    app = frozen_console(frozen_workspace(tmp_path), fleet)
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("2")
        table = driver.table("domains")
        assert len(table.keys) >= 2000
        await driver.press("G")
        assert table.cursor_key == table.keys[-1]
        assert table.row_region(table.keys[-1]) is not None
        key = table.keys[1000]
        table.move_to(key)
        fleet.live = (replace(HOSTS[0], domains=many[10:]),)
        app.repainter.now()
        await pilot.pause()
        assert table.cursor_key == key
    app.end()


async def test_an_error_that_nobody_expected_is_told_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    app = frozen_console(frozen_workspace(tmp_path))
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)

        def fail(*_: object) -> object:
            raise KeyError("odd [/x]")

        monkeypatch.setattr(terminal_commands, "terminal_choices", fail)
        await driver.at("domains", "vm1")
        await driver.press("s")
        await driver.until(lambda: driver.told, "it")
        await driver.back()
        (told,) = driver.told
        assert "KeyError: 'odd [/x]'" in told.words
        assert (told.severity, told.markup) == ("error", False)
        assert "KeyError: 'odd [/x]'" in caplog.text
    app.end()
