"""What interrupts, deletes or destroys is never done before its question, by no way there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.unit.tui.driving import Driver, lab_console
from vcltui.demo.lab import Lab
from vcltui.hypervisor import domains
from vcltui.runtime.actions import ACTIONS, Action, Danger
from vcltui.runtime.targets import Targets
from vcltui.tui.commands import command_name
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.simple import Ask, Choose

pytestmark = pytest.mark.slow

ASKING = [action for action in ACTIONS if action.danger.asks]
UNUSED = ("linux-CentOS9ClusterNode-4-v1", "linux-StatisticswithR-3-v1")


def everything(lab: Lab) -> tuple[object, ...]:
    """Every file of images and disks, and every domain with its power and snapshots."""
    files = {
        str(path): path.stat().st_mtime_ns
        for path in lab.directory.rglob("*")
        if (path.is_file() and "datastore" in str(path)) or "repository" in str(path)
    }
    known = {
        (session.name, one.uuid): one.power
        for session in lab.workspace.sessions()
        for one in domains.list_domains(session.connection)
    }
    return files, known


@pytest.fixture
def snapshots(lab: Lab) -> Iterator[Lab]:
    """vm1 and vm2 have a snapshot each."""
    for computer in ("vm1", "vm2"):
        module, domain = Targets(lab.workspace).domain(computer)
        module.create_snapshot(domain.name, "one")
    yield lab
    for computer in ("vm1", "vm2"):
        module, domain = Targets(lab.workspace).domain(computer)
        module.delete_snapshot(domain.name, "one")


async def by_key(driver: Driver, action: Action) -> None:
    await driver.press(action.key)


async def by_command(driver: Driver, action: Action) -> None:
    await driver.command(command_name(action))


async def by_palette(driver: Driver, action: Action) -> None:
    await driver.press("ctrl+p")
    await driver.type(f"{action.label}:")
    await driver.until(
        lambda: any(line.startswith(f"{action.label}:") for line in driver.options()), "the offer"
    )
    await driver.press("enter")


async def marked(driver: Driver, action: Action) -> None:
    """Two rows at once, by the key."""
    pane = "images" if action.id == "image_delete" else "domains"
    for row in UNUSED if pane == "images" else ("vm1", "vm2"):
        await driver.at(pane, row)
        await driver.press("space")
    await driver.press(action.key)


async def to_the_question(driver: Driver) -> Confirm:
    """Answer what is asked before, until only the confirmation is left."""
    for _ in range(12):
        await driver.until(
            lambda: isinstance(driver.app.screen, Ask | Choose | Confirm), "a question"
        )
        assert driver.app.jobs.all() == []
        screen = driver.app.screen
        if isinstance(screen, Confirm):
            return screen
        if isinstance(screen, Choose):
            await driver.choose(re.findall(r"[\w.-]+", driver.options()[0])[0])
        else:
            await driver.enter("Made Here")
        await driver.until(lambda shown=screen: driver.app.screen is not shown, "its end")
    raise AssertionError("it asks for ever")


@pytest.mark.parametrize("way", [by_key, by_command, by_palette, marked])
@pytest.mark.parametrize("action", ASKING, ids=lambda action: action.id)
async def test_nothing_is_done_before_the_question_is_answered(
    snapshots: Lab, action: Action, way: Callable[..., object]
):
    lab = snapshots
    if way is marked and not action.bulk:
        return
    before = everything(lab)
    async with lab_console(lab.workspace) as driver:
        if action.id == "image_delete":
            await driver.command("images host:kvm-a where:datastore")
            await driver.at("images", UNUSED[0])
        else:
            await driver.at("domains", "vm1")
        await way(driver, action)
        await to_the_question(driver)
        if action.danger is Danger.DESTROYS:
            await driver.press("y")  # goes into the line, where a word has to be typed
            await driver.enter("yes")
            assert isinstance(driver.app.screen, Confirm)
        await driver.press("escape")
        await driver.back()
        assert driver.app.jobs.all() == []
    assert everything(lab) == before
