"""The actions on images, by keys, on the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.unit.tui.driving import Driver, lab_console
from vcltui.demo.files import make_disk
from vcltui.demo.lab import Lab
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.simple import Ask, Choose
from vcltui.tui.screens.image import ImageScreen

pytestmark = pytest.mark.slow

STATISTICS = "linux-StatisticswithR-3-v1"
OLD_NODE = "linux-CentOS9ClusterNode-4-v1"
IN_USE = "linux-Debian12Base-2-v2"
ONLY_STORED = "win10-GISWorkstation-6-v1"


async def at_image(
    driver: Driver, name: str, where: str = "datastore", host: str = "kvm-a"
) -> None:
    """Set the cursor on an image of one host."""
    await driver.command(f"images host:{host} where:{where}")
    await driver.at("images", name)
    subject = driver.app.subject
    assert subject is not None
    assert (subject.image, subject.location, subject.host) == (name, where, host)


async def test_info_shows_what_stands_on_it(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, IN_USE)
        await driver.press("i")
        await driver.shows(ImageScreen)
        await driver.until(lambda: "vm1:" in driver.part(), "its users")
        assert f"{IN_USE}.qcow2" in driver.part()
        assert "What stands on it: 1 disk" in driver.part()


async def test_check_is_run_and_shown(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, OLD_NODE)
        await driver.press("v")
        screen = await driver.shows(ImageScreen)
        assert screen.shown == "check"
        await driver.until(lambda: "corruptions  0" in driver.part(), "the check's result")
        assert driver.app.jobs.all() == []


async def test_to_the_repository_without_a_question_and_back_by_retrieve(lab: Lab):
    master = lab.directory / "datastore-1" / f"{ONLY_STORED}.qcow2"
    assert not master.exists()
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, ONLY_STORED, "repository")
        assert driver.offers("image_retrieve")
        assert not driver.offers("image_to_repository")
        await driver.press("r")
        job = await driver.ended()
        assert ONLY_STORED in job.title
        assert master.exists()
        stored = list((lab.directory / "repository").rglob(f"{ONLY_STORED}*"))
        for path in stored:
            if path.is_file():
                path.unlink()
        await at_image(driver, ONLY_STORED)
        assert driver.offers("image_to_repository")
        assert not driver.offers("image_retrieve")
        await driver.press("w")
        await driver.ended(2)
        assert list((lab.directory / "repository").rglob(f"{ONLY_STORED}*.qcow2"))


async def test_convert_asks_for_format_and_file(lab: Lab):
    made = lab.directory / "datastore-1" / "converted.raw"
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, OLD_NODE)
        await driver.press("f")
        await driver.shows(Choose)
        await driver.enter("raw")
        asked = await driver.shows(Ask)
        suggested = asked.query_one(Input).value
        assert suggested.endswith(f"{OLD_NODE}-converted.raw")
        await driver.enter(str(made))
        await driver.shows(Confirm)
        assert str(made) in driver.words()
        await driver.press("y")
        await driver.ended()
        assert made.exists()


async def test_import_a_file_of_the_host(lab: Lab):
    source = lab.directory / "incoming" / "brought [in].qcow2"
    node = lab.workspace.session("kvm-a").node
    make_disk(node, source, 1 << 30, 2, seed=5)
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, OLD_NODE)
        await driver.press("a")
        await driver.shows(Ask)
        await driver.enter(str(source))
        await driver.until(lambda: "Name of the image of" in driver.words(), "the name")
        assert str(source) in driver.words()
        await driver.enter("Brought In")
        await driver.shows(Confirm)
        await driver.press("y")
        job = await driver.ended()
        image = job.details["image"]
        assert (lab.directory / "datastore-1" / f"{image}.qcow2").exists()
        assert source.exists()


async def test_an_import_of_what_is_not_there_says_so(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, OLD_NODE)
        await driver.press("a")
        await driver.shows(Ask)
        await driver.enter("/no/such [file].qcow2")
        await driver.until(lambda: "Name of the image of" in driver.words(), "the name")
        await driver.enter("Nothing")
        await driver.until(lambda: driver.told, "the reason")
        assert "/no/such [file].qcow2" in driver.told[0].words
        assert not driver.told[0].markup
        assert driver.app.jobs.all() == []


async def test_an_image_in_use_can_not_be_deleted(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, IN_USE)
        assert not driver.offers("image_delete")
        await driver.press("D")
        assert driver.settled
        await driver.until(lambda: driver.told, "why the key does nothing")
        assert "1 disk stands on it" in driver.told[0].words
        await driver.command(f"image-delete {IN_USE}")
        await driver.until(
            lambda: any("Choose one by the cursor" in told.words for told in driver.told),
            "the reason",
        )
        assert driver.app.jobs.all() == []


async def test_delete_needs_the_name_typed(lab: Lab):
    master = lab.directory / "datastore-1" / f"{OLD_NODE}.qcow2"
    async with lab_console(lab.workspace) as driver:
        await at_image(driver, OLD_NODE)
        await driver.press("D")
        await driver.shows(Confirm)
        assert str(master) in driver.words()
        await driver.enter(OLD_NODE[:-1])
        await driver.until(lambda: driver.told, "the refusal")
        assert master.exists()
        await driver.enter(OLD_NODE)
        await driver.ended()
        assert not master.exists()
        left: list[Path] = list((lab.directory / "repository").rglob(f"{OLD_NODE}*.qcow2"))
        assert left, "what is in the repository stays"
        await driver.until(
            lambda: OLD_NODE not in driver.cells("images", "name"), "it gone from the list"
        )
