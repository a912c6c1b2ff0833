"""The console answers to keys while what its jobs work with is frozen, killed or stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mariadb import MariaDB
from tests.unit.faults.running import big_image, children, slowed_copies
from tests.unit.faults.test_mariadb_faults import world as on_mariadb  # noqa: F401 - a fixture
from tests.unit.provisioning.world import World, open_world
from tests.unit.tui.driving import Driver, console, until
from vcltui.runtime.jobs.models import Job, JobState
from vcltui.tui.dialogs.confirm import Confirm

pytestmark = [
    pytest.mark.slow,
    # What PyMySQL leaves of a connection whose server went away.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


async def frozen_copy() -> list[int]:
    """The programs of a copy that has begun; they are frozen."""
    await until(lambda: children("qemu-img"), "a copy")
    found = children("qemu-img")
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    return found


async def retrieve(driver: Driver, image: str) -> None:
    await driver.command("images host:kvm-a where:repository")
    await driver.at("images", image)
    await driver.press("r")


async def failed(driver: Driver, number: int) -> Job:
    """A job's end, which is told with its reason and a remedy, and nothing else."""
    job = await driver.ended(number, JobState.FAILED)
    told = [one for one in driver.told if job.title in one.title or job.title in one.words]
    assert told[-1].severity == "error"
    assert job.message in told[-1].words
    assert "Traceback" not in told[-1].words
    return job


async def test_while_a_copy_is_frozen_and_then_killed(world: World):
    image = big_image(world)
    for path in (world.home / "datastore").glob(f"{image}.*"):
        path.unlink()
    async with console(world.workspace) as driver:
        # However fast the disk is, the copy is still under way when the key is done with.
        with slowed_copies(world.home, mib_per_second=32):
            await retrieve(driver, image)
            programs = await frozen_copy()
        await driver.answers_to_keys()
        assert driver.app.jobs.get(1).state is JobState.RUNNING
        for pid in programs:
            os.kill(pid, signal.SIGKILL)
        job = await failed(driver, 1)
        assert "qemu-img on kvm-a was ended by signal 9" in job.message
        assert not world.master(image).exists()
        await driver.answers_to_keys()
        await retrieve(driver, image)
        await driver.ended(2)
        assert world.master(image).exists()
    assert world.workspace.journal.unfinished() == []


async def test_while_the_database_is_stopped_under_a_capture(
    on_mariadb: World,  # noqa: F811 - the fixture
    mariadb: MariaDB,
):
    world = on_mariadb
    world.computer("vm1", big_image(world)).load()
    async with console(world.workspace) as driver:
        await driver.at("domains", "vm1")
        await driver.press("C")
        await driver.enter("Notes")
        await driver.shows(Confirm)
        with slowed_copies(world.home, mib_per_second=32):
            await driver.press("y")
            programs = await frozen_copy()
        mariadb.stop()
        for pid in programs:
            os.kill(pid, signal.SIGCONT)
        await driver.answers_to_keys()
        job = await failed(driver, 1)
        assert "can't be reached" in job.message
        await driver.until(lambda: driver.app.fleet.inventory.problem, "the problem's showing")
        await driver.answers_to_keys()
        mariadb.start()
        await driver.press("ctrl+r")
        await driver.until(lambda: driver.app.fleet.inventory.problem is None, "the inventory")
