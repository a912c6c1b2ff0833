"""Actions on several marked rows: one question that lists them, what can't be is left out."""

from __future__ import annotations

import pytest

from tests.unit.tui.driving import Driver, lab_console
from vcltui.demo.lab import Lab
from vcltui.hypervisor import domains
from vcltui.models.domain import PowerState
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.widgets.line import Line

pytestmark = pytest.mark.slow


def power(lab: Lab) -> dict[str, PowerState]:
    """The power of every domain by its computer, as libvirt says."""
    return {
        domain.name.partition(":")[0]: domain.power
        for session in lab.workspace.sessions()
        for domain in domains.list_domains(session.connection)
    }


async def mark(driver: Driver, *computers: str) -> None:
    for computer in computers:
        await driver.at("domains", computer)
        await driver.press("space")
    assert len(driver.table("domains").marked) == len(computers)
    assert f"{len(computers)} marked" in str(driver.pane("domains").border_subtitle)


async def all_ended(driver: Driver, number: int) -> None:
    await driver.until(
        lambda: (
            len(driver.app.jobs.all()) == number
            and not any(job.state.is_active for job in driver.app.jobs.all())
        ),
        f"{number} jobs ended",
    )


async def test_one_question_lists_all_and_what_can_not_be_is_left_out(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await mark(driver, "vm1", "vm4", "vm5", "vm7")
        await driver.press("O")
        await driver.shows(Confirm)
        words = driver.words()
        assert "Power off: 2 targets?" in words
        assert "left out: vm4: no domain is chosen" in words
        assert "left out: vm7: it is off" in words
        assert "vm1:" in words
        assert "vm5:" in words
        assert "is inuse on vm5 until" in words
        await driver.enter("power off 2")
        await all_ended(driver, 2)
        assert power(lab)["vm1"] is PowerState.OFF
        assert power(lab)["vm5"] is PowerState.OFF
        assert power(lab)["vm2"] is PowerState.ON
        assert driver.table("domains").marked, "the marks stay for what is done next"


async def test_several_are_asked_for_even_where_one_would_not_be(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await mark(driver, "vm2", "vm3")
        await driver.press("h")
        await driver.shows(Confirm)
        assert "Shut down: 2 targets?" in driver.words()
        await driver.press("n")
        await driver.back()
        assert driver.app.jobs.all() == []


async def test_what_is_possible_on_none_of_them_is_not_offered(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await mark(driver, "vm2", "vm3")
        assert not driver.offers("resume")
        assert not driver.offers("power_on")
        assert not driver.offers("describe"), "it is of one alone"
        assert not driver.offers("domain_edit")
        assert driver.offers("power_off")
        await driver.press("escape")
        assert driver.table("domains").marked == ()
        assert driver.offers("describe")


@pytest.mark.parametrize("size", [(140, 45), (80, 24)])
async def test_where_a_word_is_typed_is_in_sight_however_much_there_is(
    lab: Lab, size: tuple[int, int]
):
    async with lab_console(lab.workspace, size=size) as driver:
        await driver.press("2")
        await mark(driver, "vm1", "vm2", "vm3", "vm5", "vm6", "vm9", "vm10")
        await driver.press("U")
        await driver.shows(Confirm)
        await driver.pilot.pause()
        line = driver.app.screen.query_one(Line)
        assert line.region.height == 1
        assert driver.app.screen.query_one(".dialog").content_region.contains_region(line.region)


async def test_what_destroys_asks_for_the_number(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await mark(driver, "vm6", "vm10")
        await driver.press("U")
        await driver.shows(Confirm)
        assert "Type unload 2 to go on" in driver.words()
        await driver.enter("2")
        await driver.until(lambda: driver.told, "the refusal")
        assert driver.app.jobs.all() == []
        await driver.enter("unload 2")
        await all_ended(driver, 2)
        assert not {"vm6", "vm10"} & set(power(lab))
        assert "vm5" in power(lab)


@pytest.mark.parametrize("way", ["command", "palette"])
async def test_commands_and_the_palette_are_for_the_marked_rows_too(lab: Lab, way: str):
    async with lab_console(lab.workspace) as driver:
        await mark(driver, "vm2", "vm3")
        await driver.at("domains", "vm9")
        if way == "command":
            await driver.command("reset")
        else:
            await driver.press("ctrl+p")
            await driver.type("Reset")
            await driver.until(
                lambda: any("Reset: 2 targets" in line for line in driver.options()), "the offer"
            )
            await driver.press("enter")
        await driver.shows(Confirm)
        words = driver.words()
        assert "Reset: 2 targets?" in words
        assert "vm2:" in words
        assert "vm9:" not in words
        await driver.press("n")


async def test_a_command_that_names_its_target_leaves_the_marks_alone(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await mark(driver, "vm2", "vm3")
        await driver.command("power-off vm9")
        await driver.shows(Confirm)
        assert "vm9:" in driver.words()
        assert "vm2:" not in driver.words()
        await driver.press("n")
