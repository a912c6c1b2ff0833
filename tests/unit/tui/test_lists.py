"""Lists in the console: filter, sorting, marks, faults, and what of it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.unit.tui.driving import Driver, HeardConsole
from tests.unit.tui.frozen import frozen_console, frozen_workspace


@asynccontextmanager
async def running(app: HeardConsole, *keys: str) -> AsyncIterator[Driver]:
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press(*keys)
        yield driver


def computers(driver: Driver) -> list[str]:
    return driver.cells("domains", "computer")


# --- filter ---


async def test_a_filter_narrows_as_it_is_typed_and_esc_takes_it_back(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        every = computers(driver)
        await driver.press("slash")
        assert isinstance(driver.app.focused, Input)
        await driver.press(*"vm1")
        await driver.until(lambda: sorted(computers(driver)) == ["vm1", "vm10"], "vm1 and vm10")
        await driver.press("enter")
        assert driver.table("domains").has_focus
        assert "/vm1" in str(driver.pane("domains").border_subtitle)
        await driver.press("slash")
        assert driver.app.focused is not None
        assert driver.app.focused.value == "vm1"  # type: ignore[attr-defined]
        await driver.enter("computer=vm1")
        assert computers(driver) == ["vm1"]
        await driver.press("escape")
        assert computers(driver) == every
        await driver.press("slash", *"zzz")
        assert driver.table("domains").keys == []
        assert "Nothing fits" in driver.table("domains").render_line(1).text
        await driver.press("escape")
        assert computers(driver) == every


@pytest.mark.parametrize("text", ["[/x]", "[bold", "[@click=app.quit]x", "a\\[b", "]["])
async def test_a_filter_that_looks_like_markup_is_shown_as_it_is(frozen: HeardConsole, text: str):
    async with running(frozen, "2", "slash") as driver:
        await driver.enter(text)
        subtitle = driver.pane("domains")._border_subtitle
        assert f"/{text}" in str(subtitle)
        assert driver.table("domains").keys == []


async def test_letters_go_into_the_filter_and_do_nothing_else(frozen: HeardConsole):
    async with running(frozen, "2", "slash") as driver:
        await driver.press(*"qODU:?[1")
        assert driver.app.focused is not None
        assert driver.app.focused.value == "qODU:?[1"  # type: ignore[attr-defined]
        assert driver.settled
        assert driver.pane("domains").is_attached


# --- sorting ---


async def test_three_presses_there_around_and_back(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        unsorted = computers(driver)
        await driver.press("N")
        first = computers(driver)
        assert "COMPUTER↑" in driver.table("domains").render_line(0).text
        await driver.press("N")
        assert computers(driver) == first[::-1]
        assert "COMPUTER↓" in driver.table("domains").render_line(0).text
        await driver.press("N")
        assert computers(driver) == unsorted
        await driver.press("P")
        assert driver.cells("domains", "cpu")[0] == "100 %", "figures begin with the greatest"


async def test_a_click_on_a_head_sorts_like_its_letter(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        table = driver.table("domains")
        left = table.render_line(0).text.index("CPU")
        for wanted in (("cpu", True), ("cpu", False), None):
            await driver.pilot.click(table, offset=(left, 0))
            assert driver.app.desk.kept.sorting("domains") == wanted


async def test_a_letter_without_a_column_is_free(frozen: HeardConsole):
    async with running(frozen, "6", "W", "Z", "I") as driver:
        assert driver.app.desk.kept.sorting("log") is None
        await driver.press("S")
        assert driver.cells("log", "level") == ["error", "info", "warning"]


async def test_sorting_columns_and_theme_are_there_in_the_next_console(tmp_path: Path):
    first = frozen_console(frozen_workspace(tmp_path))
    async with running(first, "2", "N", "N") as driver:
        await driver.command("theme nord")
        driver.pane("domains").hide_columns({"flags"})
        order = computers(driver)
    first.end()
    second = frozen_console(frozen_workspace(tmp_path))
    async with running(second, "2") as driver:
        assert second.theme == "nord"
        assert computers(driver) == order
        head = driver.table("domains").render_line(0).text
        assert "FLAGS" not in head
        assert "COMPUTER↓" in head
    second.end()


# --- marks and faults ---


async def test_marks_are_taken_back_before_the_filter_and_the_filter_before_leaving(
    frozen: HeardConsole,
):
    async with running(frozen, "2", "slash") as driver:
        await driver.enter("vm1")
        await driver.press("ctrl+z")
        await driver.press("ctrl+a")
        assert len(driver.table("domains").marked) == 1
        assert "1 marked" in str(driver.pane("domains").border_subtitle)
        await driver.press("escape")
        assert driver.table("domains").marked == ()
        assert computers(driver) == ["vm10"]
        await driver.press("escape")
        assert sorted(computers(driver)) == ["stray[red]", "vm10", "vm3"]
        await driver.press("escape")
        assert len(computers(driver)) == 6
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen.query("#details"), "the overview")


async def test_a_mark_goes_with_what_is_filtered_away(frozen: HeardConsole):
    async with running(frozen, "2", "ctrl+a") as driver:
        assert len(driver.table("domains").marked) == 6
        await driver.press("slash")
        await driver.enter("computer=vm1")
        await driver.command("filter")
        assert len(computers(driver)) == 6
        assert len(driver.settled.marked) == 1, "nothing is done to rows that were out of sight"


@pytest.mark.parametrize("key", ["5", "6"])
async def test_where_nothing_is_done_to_several_rows_none_is_marked(frozen: HeardConsole, key: str):
    async with running(frozen, key, "space", "ctrl+a") as driver:
        name = {"5": "jobs", "6": "log"}[key]
        assert driver.table(name).marked == ()


async def test_snapshots_are_not_marked_as_one_alone_would_be_deleted(frozen: HeardConsole):
    async with running(frozen, "2") as driver:
        await driver.at("domains", "vm1")
        await driver.press("y", "tab")
        await driver.until(lambda: driver.app.screen.query("#snapshots-list"), "the tab")
        await driver.until(lambda: driver.table("snapshots-list").has_focus, "its list")
        await driver.press("space", "ctrl+a")
        assert driver.table("snapshots-list").marked == ()


async def test_faults_only(frozen: HeardConsole):
    async with running(frozen, "1", "ctrl+z") as driver:
        assert driver.cells("hosts", "name") == ["kvm-b"]
        assert "faults only" in str(driver.pane("hosts").border_subtitle)
        await driver.press("ctrl+z")
        assert driver.cells("hosts", "name") == ["kvm-a", "kvm-b", "kvm-c"]
