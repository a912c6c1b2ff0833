"""The power of domains, by keys: what is asked, what is not, and what has happened after."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.unit.tui.driving import Driver, lab_console
from vcltui.demo.lab import Lab
from vcltui.hypervisor import domains
from vcltui.models.domain import PowerState
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.vcldb import computers, reservations, revisions

pytestmark = pytest.mark.slow


def power(lab: Lab, computer: str) -> PowerState:
    """The power of a computer's domain as libvirt says."""
    (found,) = [
        domain.power
        for session in lab.workspace.sessions()
        for domain in domains.list_domains(session.connection)
        if domain.name.startswith(f"{computer}:")
    ]
    return found


async def shown(driver: Driver, computer: str, word: str) -> None:
    def holds() -> bool:
        names = driver.cells("domains", "computer")
        return driver.cells("domains", "power")[names.index(computer)].endswith(f" {word}")

    await driver.until(holds, f"{computer} {word}")


async def test_off_asks_first_and_no_leaves_it_on(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm1")
        await driver.press("O")
        await driver.shows(Confirm)
        assert "vm1:" in driver.words()
        await driver.press("n")
        await driver.back()
        assert driver.app.jobs.all() == []
        assert power(lab, "vm1") is PowerState.ON


def reserve(lab: Lab, computer: str) -> int:
    """Give a computer to somebody who uses it now; returns the reservation's id."""
    database = lab.workspace.inventory()
    found = computers.get_computer(database, computer)
    now = datetime.now().replace(microsecond=0)
    return reservations.add_reservation(
        database,
        computer_id=found.id,
        revision=revisions.current_revision(database, found),
        state_name="inuse",
        laststate_name="reserved",
        start=now - timedelta(hours=1),
        end=now + timedelta(hours=1),
    ).id


async def test_a_computer_that_somebody_uses_wants_its_name(lab: Lab):
    number = reserve(lab, "vm1")
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm1")
        await driver.press("O")
        await driver.shows(Confirm)
        assert f"Reservation {number} of admin is inuse on vm1 until 20" in driver.words()
        await driver.press("y")
        await driver.shows(Confirm)
        await driver.press("escape")
        await driver.back()
        assert power(lab, "vm1") is PowerState.ON


async def test_shutting_down_asks_where_somebody_would_notice(lab: Lab):
    reserve(lab, "vm10")
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm10")
        await driver.press("h")
        await driver.shows(Confirm)
        assert "is inuse on vm10" in driver.words()
        await driver.press("y")
        await driver.ended()
        assert power(lab, "vm10") is PowerState.OFF


async def test_off_then_on_without_a_question(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm2")
        await driver.press("O")
        await driver.shows(Confirm)
        await driver.press("y")
        await driver.ended()
        assert power(lab, "vm2") is PowerState.OFF
        await shown(driver, "vm2", "off")
        assert not driver.offers("power_off")
        await driver.press("p")
        await driver.ended(2)
        assert power(lab, "vm2") is PowerState.ON
        await shown(driver, "vm2", "on")
        assert not driver.offers("power_on")


async def test_a_key_of_what_is_not_possible_says_why(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm1")
        assert not driver.offers("power_on")
        await driver.press("p")
        assert (driver.told[-1].title, driver.told[-1].words) == (
            "Power on is not possible",
            "vm1: it is on",
        )
        assert "Power on" not in driver.footer()
        await driver.press("space", "e")
        assert "one at a time" in driver.told[-1].words
        assert driver.app.jobs.all() == []


async def test_reset_asks_and_leaves_it_on(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm3")
        await driver.press("R")
        await driver.shows(Confirm)
        await driver.press("y")
        job = await driver.ended()
        assert "vm3" in job.title
        assert power(lab, "vm3") is PowerState.ON


async def test_shut_down_without_a_question(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm2")
        await driver.press("h")
        await driver.ended()
        assert power(lab, "vm2") is PowerState.OFF


async def test_one_key_suspends_and_resumes(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm3")
        assert driver.offers("suspend")
        assert not driver.offers("resume")
        await driver.press("z")
        await driver.ended()
        assert power(lab, "vm3") is PowerState.SUSPENDED
        await shown(driver, "vm3", "suspended")
        assert not driver.offers("suspend")
        await driver.press("z")
        await driver.ended(2)
        assert power(lab, "vm3") is PowerState.ON


async def test_a_change_from_outside_shows_by_itself(lab: Lab):
    connection = lab.workspace.session("kvm-b").connection
    async with lab_console(lab.workspace) as driver:
        (domain,) = [one for one in domains.list_domains(connection) if one.name.startswith("vm7:")]
        domains.start(connection, domain.uuid)
        await shown(driver, "vm7", "on")
