"""Load, unload, capture, status and maintenance, by keys, on the sandbox."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tests.unit.tui.driving import Driver, lab_console
from vcltui.demo.lab import Lab
from vcltui.models.guest import NodeState, NodeStatus
from vcltui.models.inventory import Computer
from vcltui.runtime.jobs import work as job_work
from vcltui.runtime.jobs.models import JobState
from vcltui.runtime.targets import Targets
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.simple import Ask, Choose
from vcltui.vcldb import computers

pytestmark = pytest.mark.slow

STATISTICS = "linux-StatisticswithR-3-v1"
DEBIAN = "linux-Debian12Base-2-v2"


def in_inventory(lab: Lab, name: str) -> Computer:
    return computers.get_computer(lab.workspace.inventory(), name)


def domain_names(lab: Lab, host: str) -> list[str]:
    handle = lab.workspace.session(host).connection.handle
    return [domain.name() for domain in handle.listAllDomains()]


async def image_shown(driver: Driver, computer: str, image: str) -> None:
    def holds() -> bool:
        names = driver.cells("domains", "computer")
        return driver.cells("domains", "image")[names.index(computer)] == image

    await driver.until(holds, f"{image} on {computer}")


async def test_load_onto_the_computer_of_the_row(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm11")
        await driver.press("L")
        await driver.shows(Choose)
        assert "vm11" in driver.words()
        assert len(driver.options()) == 10
        await driver.type("statistics")
        assert [line.split()[0] for line in driver.options()] == [STATISTICS]
        await driver.press("enter")
        await driver.shows(Confirm)
        plan = driver.words()
        assert "vm11" in plan
        assert STATISTICS in plan
        await driver.press("y")
        job = await driver.ended()
        assert "vm11" in job.title
        await image_shown(driver, "vm11", STATISTICS)
        assert in_inventory(lab, "vm11").current_image == STATISTICS


async def test_load_an_image_of_the_list_onto_a_chosen_computer(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.press("3")
        await driver.at("images", DEBIAN, where="kvm-b")
        await driver.press("L")
        await driver.shows(Choose)
        assert DEBIAN in driver.words()
        await driver.enter("vm8")
        await driver.shows(Confirm)
        assert "vm8" in driver.words()
        await driver.press("y")
        await driver.ended()
        assert in_inventory(lab, "vm8").current_image == DEBIAN
        assert [name for name in domain_names(lab, "kvm-b") if name.startswith("vm8:")]


async def test_a_command_that_names_both_asks_only_whether_to(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm1")
        await driver.command(f"load vm12 {STATISTICS}")
        await driver.shows(Confirm)
        assert "vm12" in driver.words()
        assert STATISTICS in driver.words()
        await driver.press("n")
        await driver.back()
        await driver.command("load vm12 no-such-image")
        await driver.until(lambda: driver.told, "the reason")
        assert "no-such-image" in driver.told[0].words
        assert driver.app.jobs.all() == []


async def test_leaving_a_question_does_nothing(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm12")
        await driver.press("L")
        await driver.shows(Choose)
        await driver.press("escape")
        await driver.back()
        await driver.press("L")
        await driver.shows(Choose)
        await driver.enter("debian")
        await driver.shows(Confirm)
        await driver.press("escape")
        await driver.back()
        assert driver.app.jobs.all() == []
        assert not [name for name in domain_names(lab, "kvm-c") if name.startswith("vm12")]


async def test_unload_needs_the_name_typed(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm10")
        await driver.press("U")
        await driver.shows(Confirm)
        await driver.enter("vm1")
        await driver.until(lambda: driver.told, "the refusal")
        assert driver.told[-1].words == "That is not vm10"
        assert isinstance(driver.app.screen, Confirm)
        assert driver.app.jobs.all() == []
        await driver.enter("vm10")
        await driver.ended()
        assert not [name for name in domain_names(lab, "kvm-c") if name.startswith("vm10:")]
        await image_shown(driver, "vm10", "-")
        assert not driver.offers("unload")


async def test_capture_shows_the_name_then_the_files(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm1")
        await driver.press("C")
        await driver.shows(Ask)
        await driver.type("***")
        assert "<next id>" not in driver.words(), "a name that can't be is not shown as one"
        await driver.press("enter")
        assert isinstance(driver.app.screen, Ask), "a name that can't be does not go on"
        await driver.type("Lab Seven")
        assert "The image will be named linux-LabSeven-<next id>-v1" in driver.words()
        await driver.press("enter")
        await driver.shows(Confirm)
        plan = driver.words()
        assert "linux-LabSeven-" in plan
        assert ".qcow2" in plan
        await driver.press("y")
        job = await driver.ended()
        image = job.details["image"]
        assert image.startswith("linux-LabSeven-")
        assert (lab.directory / "datastore-1" / f"{image}.qcow2").exists()

        def known() -> bool:
            return image in [one.name for one in driver.app.fleet.inventory.revisions]

        await driver.until(known, "the new image in the inventory")
        await driver.press("3")
        await driver.until(lambda: image in driver.cells("images", "name"), "it in the list")


async def test_status_says_what_and_why(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm3")
        await driver.press("t")
        ready = await driver.hears("vm3: READY")
        assert ready.words
        await driver.at("domains", "vm7")
        await driver.press("t")
        reload = await driver.hears("vm7: RELOAD")
        assert reload.severity == "warning"
        assert driver.app.jobs.all() == []


async def test_a_status_that_takes_its_time_is_announced(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    held = threading.Event()

    def late(*_: object) -> NodeStatus:
        assert held.wait(60)
        return NodeStatus(NodeState.POST_LOAD, "no answer")

    monkeypatch.setattr(job_work, "node_status", late)
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm3")
        await driver.press("t")
        await driver.hears("vm3: status")
        held.set()
        await driver.hears("vm3: POST_LOAD")


async def test_maintenance_needs_the_name_typed_and_takes_it_off_its_host(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm9")
        await driver.press("M")
        await driver.shows(Confirm)
        await driver.press("y", "enter")
        assert isinstance(driver.app.screen, Confirm), "y alone is no answer here"
        await driver.enter("vm9")
        await driver.ended()
        assert in_inventory(lab, "vm9").vmhost is None
        assert not [name for name in domain_names(lab, "kvm-c") if name.startswith("vm9:")]


async def test_a_load_that_can_not_be_planned_says_why(lab: Lab):
    """The image is gone from the datastore and from the repository since it was listed."""
    gone = "linux-CentOS9ClusterNode-4-v1"
    moved: list[tuple[Path, Path]] = []
    for path in [*lab.directory.glob(f"datastore-*/{gone}*"), lab.directory / "repository" / gone]:
        if path.exists():
            aside = path.with_name(f".aside-{path.name}")
            path.rename(aside)
            moved.append((aside, path))
    try:
        async with lab_console(lab.workspace) as driver:
            await driver.at("domains", "vm12")
            await driver.press("L")
            await driver.shows(Choose)
            await driver.enter(gone)
            await driver.until(lambda: driver.told, "the reason")
            assert driver.told[0].severity == "error"
            assert driver.told[0].title == "Load"
            assert gone in driver.told[0].words
            assert driver.app.jobs.all() == []
    finally:
        for aside, path in moved:
            aside.rename(path)


async def test_what_came_since_the_question_is_not_deleted(lab: Lab):
    """Somebody else loads the computer while the question stands there."""
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm6")
        await driver.press("U")
        await driver.shows(Confirm)
        await asyncio.to_thread(lambda: Targets(lab.workspace).computer("vm6", DEBIAN).load())
        await driver.enter("vm6")
        job = await driver.ended(state=JobState.FAILED)
        assert "was not there when" in job.message
        host = in_inventory(lab, "vm6").vmhost or ""
        assert f"vm6:{DEBIAN}" in domain_names(lab, host)
