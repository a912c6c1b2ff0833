"""What the doctor found on the sandbox, and its remedies, by keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.tui.driving import Driver, lab_console
from vcltui.demo.lab import Lab
from vcltui.runtime.workspace import Workspace
from vcltui.tui.dialogs.choosing import ChooseWrapped
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.simple import Ask, Choose
from vcltui.tui.screens.reservation import ReservationScreen
from vcltui.vcldb.images import list_revisions
from vcltui.vcldb.reservations import list_reservations

pytestmark = pytest.mark.slow


def states(lab: Lab, computer: str) -> str:
    (row,) = [
        row for row in list_reservations(lab.workspace.inventory()) if row.computer == computer
    ]
    return f"{row.state}/{row.laststate}"


async def examined(driver: Driver) -> None:
    await driver.until(lambda: driver.app.desk.examiner.diagnosis, "a diagnosis")


async def test_what_is_stuck_is_on_top_with_its_reason(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await examined(driver)
        await driver.press("4")
        await driver.until(lambda: driver.cells("reservations", "stuck")[0] != "-", "the stuck")
        marks = driver.cells("reservations", "stuck")
        assert marks == sorted(marks, key=lambda mark: ("critical" not in mark, mark == "-"))
        await driver.at("reservations", "vm21")
        await driver.until(lambda: "no process works on it" in driver.words(), "the finding")
        assert "A Requeue" in driver.words()
        await driver.press("enter")
        await driver.shows(ReservationScreen)
        await driver.press("tab", "tab")
        await driver.until(lambda: "vcld child process started" in driver.part(), "vcld's log")


async def test_a_reservation_is_put_back_after_its_statements_were_seen(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await examined(driver)
        await driver.press("4")
        await driver.at("reservations", "vm21")
        await driver.press("m")
        await driver.shows(ChooseWrapped)
        await driver.choose("requeue")
        await driver.shows(Confirm)
        assert "UPDATE request SET stateid" in driver.words()
        await driver.press("n")
        await driver.back()
        assert states(lab, "vm21") == "pending/new"
        await driver.press("m")
        await driver.shows(ChooseWrapped)
        await driver.choose("requeue")
        await driver.shows(Confirm)
        await driver.press("y")
        await driver.ended()
        assert states(lab, "vm21") == "new/new"
        diagnosed = driver.app.desk.examiner
        await driver.until(
            lambda: all(one.computer != "vm21" or one.reservation is None
                        for one in diagnosed.diagnosis.findings),
            "a diagnosis without it",
        )  # fmt: skip


async def test_what_destroys_wants_a_word_typed(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await examined(driver)
        await driver.press("4")
        await driver.at("reservations", "vm27")
        await driver.press("m")
        await driver.shows(ChooseWrapped)
        await driver.choose("delete request")
        await driver.shows(Confirm)
        await driver.press("y")
        assert states(lab, "vm27") == "pending/reserved"
        await driver.press("escape")
        await driver.back()
        assert not driver.app.jobs.all()


async def test_nothing_is_mended_in_read_only_mode(lab: Lab):
    with Workspace(replace(lab.workspace.config), readonly=True) as readonly:
        async with lab_console(readonly) as driver:
            await examined(driver)
            await driver.press("7")
            await driver.until(lambda: driver.table("doctor").keys, "findings")
            await driver.press("m")
            assert not driver.app.screen.is_modal


async def test_a_base_image_is_asked_for_checked_and_captured(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm10")
        await driver.press("K")
        for answer in ("admin", "vmwarelinux", "x86_64"):
            await driver.until(lambda: isinstance(driver.app.screen, Choose), answer)
            await driver.choose(answer)
            await driver.until(
                lambda answer=answer: (
                    not any(option.startswith(answer) for option in _options(driver))
                ),
                f"what comes after {answer}",
            )
        await driver.shows(Ask)
        await driver.enter("Fresh Base")
        await driver.shows(Choose)
        await driver.choose("core")
        await driver.shows(Confirm)
        assert "No image is called 'Fresh Base'" in driver.words()
        assert "insert imagerevision" in driver.words()
        await driver.press("y")
        await driver.ended()
        names = [one.prettyname for one in list_revisions(lab.workspace.inventory())]
        assert "Fresh Base" in names


def _options(driver: Driver) -> list[str]:
    return driver.options() if isinstance(driver.app.screen, Choose) else []
