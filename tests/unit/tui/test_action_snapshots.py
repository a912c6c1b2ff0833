"""Snapshots by keys: make, go back, delete alone or with what stands on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.unit.tui.driving import Driver, lab_console
from vcltui.demo.lab import Lab
from vcltui.hypervisor import domains, snapshots
from vcltui.models.domain import Domain
from vcltui.models.locks import owner_lock
from vcltui.operations.step import Operation
from vcltui.provisioning.context import Context
from vcltui.provisioning.execute import execute
from vcltui.provisioning.snapshotting import plan_create, plan_delete
from vcltui.runtime.targets import Targets
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.simple import Ask, Choose

pytestmark = pytest.mark.slow


def uuid(lab: Lab, computer: str) -> str:
    connection = lab.workspace.session("kvm-a").connection
    (found,) = [
        one.uuid for one in domains.list_domains(connection) if one.name.startswith(f"{computer}:")
    ]
    return found


def tree(lab: Lab, computer: str) -> dict[str, str | None]:
    """Each snapshot with the one it stands on."""
    connection = lab.workspace.session("kvm-a").connection
    found = snapshots.list_snapshots(connection, uuid(lab, computer))
    return {one.name: one.parent for one in found}


TREE = ["└─ one", "   └─ two", "      └─ thr"]
"""The snapshots as they are shown, one on the other."""


@pytest.fixture
def three(lab: Lab) -> Iterator[Lab]:
    """vm2 with `one`, `two` on it and `three` on that."""
    for name in ("one", "two", "three"):
        change(lab, lambda context, domain, name=name: plan_create(context, domain, name))
    yield lab
    for name in list(tree(lab, "vm2")):
        change(
            lab,
            lambda context, domain, name=name: plan_delete(context, domain, name, children=False),
        )


def change(lab: Lab, planner: Callable[[Context, Domain], Operation]) -> None:
    """Change vm2, as an action does."""
    module, domain = Targets(lab.workspace).domain("vm2")
    execute(module.context, owner_lock("vm2"), lambda context: planner(context, domain))


async def known(driver: Driver, *names: str) -> None:
    """Wait until the snapshots of the cursor's domain are read."""

    def holds() -> bool:
        subject = driver.app.subject
        if subject is None or subject.uuid is None:
            return False
        details = driver.app.fleet.details(subject.host, subject.uuid)
        return details is not None and {one.name for one in details.snapshots} == set(names)

    await driver.until(holds, f"the snapshots {names}")


async def test_create_asks_for_the_name(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm1")
        await driver.press("n")
        await driver.shows(Ask)
        await driver.enter("before update")
        await driver.shows(Confirm)
        assert "before update" in driver.words()
        await driver.press("y")
        await driver.ended()
        assert tree(lab, "vm1") == {"before update": None}
        await known(driver, "before update")
        await driver.until(lambda: "before update" in driver.words("#detail-text"), "its line")


async def test_revert_to_a_chosen_one(three: Lab):
    async with lab_console(three.workspace) as driver:
        await driver.at("domains", "vm2")
        await known(driver, "one", "two", "three")
        await driver.press("V")
        await driver.shows(Choose)
        assert [line[:12].rstrip() for line in driver.options()] == TREE
        await driver.enter("two")
        await driver.shows(Confirm)
        assert "two" in driver.words()
        await driver.press("y")
        await driver.ended()
        connection = three.workspace.session("kvm-a").connection
        found = snapshots.list_snapshots(connection, uuid(three, "vm2"))
        assert [one.name for one in found if one.is_current] == ["two"]


async def test_delete_of_a_leaf_asks_for_no_children(three: Lab):
    async with lab_console(three.workspace) as driver:
        await driver.at("domains", "vm2")
        await known(driver, "one", "two", "three")
        await driver.press("X")
        await driver.shows(Choose)
        await driver.enter("three")
        await driver.shows(Confirm)
        await driver.press("y")
        await driver.ended()
        assert tree(three, "vm2") == {"one": None, "two": "one"}


@pytest.mark.parametrize(
    ("answer", "left"), [("only", {"one": None, "three": "one"}), ("all", {"one": None})]
)
async def test_delete_asks_whether_with_what_stands_on_it(
    three: Lab, answer: str, left: dict[str, str | None]
):
    async with lab_console(three.workspace) as driver:
        await driver.at("domains", "vm2")
        await known(driver, "one", "two", "three")
        await driver.press("X")
        await driver.shows(Choose)
        await driver.type("two")
        await driver.press("enter")
        await driver.until(lambda: "Delete snapshot two" in driver.words(), "the second question")
        assert all("three" in line for line in driver.options())
        await driver.enter(answer)
        await driver.shows(Confirm)
        await driver.press("y")
        await driver.ended()
        assert tree(three, "vm2") == left


async def test_on_the_domains_screen_the_cursor_says_which(three: Lab):
    async with lab_console(three.workspace) as driver:
        await driver.at("domains", "vm2")
        await driver.press("enter")
        await driver.press("tab", "tab")
        await driver.until(lambda: driver.app.screen.query("#snapshots-list"), "the tab")
        await driver.until(lambda: len(driver.table("snapshots-list").keys) == 3, "the snapshots")
        await driver.at("snapshots-list", "   └─ two")
        assert driver.app.subject is not None
        assert driver.app.subject.snapshot == "two"
        await driver.press("V")
        await driver.shows(Confirm)
        assert "two" in driver.words()
        await driver.press("n")


@pytest.mark.parametrize("cursor", ["vm1", "vm5"])
@pytest.mark.parametrize("line", ["snapshot-delete vm2", "snapshot-delete vm2 two"])
async def test_a_command_on_a_domain_that_is_not_looked_at_asks_the_same(
    three: Lab, line: str, cursor: str
):
    async with lab_console(three.workspace) as driver:
        await driver.at("domains", cursor)
        await driver.command(line)
        await driver.shows(Choose)
        if not line.endswith("two"):
            assert [each[:12].rstrip() for each in driver.options()] == TREE
            await driver.enter("two")
            await driver.until(lambda: "Delete snapshot two" in driver.words(), "the question")
        assert all("three" in each for each in driver.options())
        await driver.press("escape")
        await driver.back()
        assert set(tree(three, "vm2")) == {"one", "two", "three"}


async def test_where_there_is_none_it_says_so(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm3")
        await known(driver)
        await driver.press("V")
        await driver.until(lambda: driver.told, "the reason")
        assert "vm3 has none" in driver.told[0].words
        assert driver.settled
