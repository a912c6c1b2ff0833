"""What was confirmed is all that is deleted, whatever came since it was asked."""

from __future__ import annotations

from functools import partial

import pytest

from tests.unit.provisioning.world import World
from vcltui.cli.change import Change
from vcltui.errors import ConflictError
from vcltui.hypervisor import domains
from vcltui.models.cancel import CancelToken
from vcltui.models.guest import NodeState
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.provisioning.deletion import plan_unload
from vcltui.provisioning.load import plan_load
from vcltui.provisioning.snapshotting import plan_delete
from vcltui.runtime.actions import BY_ID, Subject
from vcltui.runtime.jobs.work import plan, work_for

pytestmark = pytest.mark.slow


def uuids(world: World) -> set[str]:
    connection = world.workspace.session("kvm-a").connection
    return {domain.uuid for domain in domains.list_domains(connection)}


@pytest.mark.parametrize("before", ["empty", "loaded"])
@pytest.mark.parametrize("action", ["load", "unload", "maintenance"])
def test_a_job_deletes_no_domain_that_came_since(
    world: World, image: str, action: str, before: str
):
    """The other domain has the same name and the same disk's path."""
    if before == "loaded" or action != "load":
        world.computer("vm1", image).load()
    subject, arguments = Subject("kvm-a", computer="vm1", domain=f"vm1:{image}"), {"image": image}
    confirmed = plan(world.workspace, BY_ID[action], subject, arguments).operation
    world.computer("vm1", image).load()
    others = uuids(world)
    work = work_for(world.workspace, BY_ID[action], subject, arguments, confirmed)
    with pytest.raises(ConflictError, match="was not there when"):
        work(Observer(), CancelToken())
    assert uuids(world) == others
    assert world.computer("vm1").node_status().state is NodeState.READY
    confirmed = plan(world.workspace, BY_ID[action], subject, arguments).operation
    work_for(world.workspace, BY_ID[action], subject, arguments, confirmed)(
        Observer(), CancelToken()
    )
    assert not uuids(world) & others


@pytest.mark.parametrize("command", ["load", "unload"])
def test_a_command_deletes_no_domain_that_came_since(world: World, image: str, command: str):
    world.computer("vm1", image).load()
    change = Change(world.workspace)
    module = change.targets.computer("vm1", image)

    def somebody_else(_operation: Operation) -> None:
        world.computer("vm1", image).load()

    planner = plan_load if command == "load" else plan_unload
    with pytest.raises(ConflictError, match="was not there when"):
        change.run(module, planner, getattr(module, command), ask=somebody_else)
    assert world.computer("vm1").node_status().state is NodeState.READY


def test_snapshots_that_came_since_are_kept(world: World, image: str):
    world.computer("vm1", image).load()
    module = world.computer("vm1")
    name = module.get_active_domain_name()
    module.create_snapshot(name, "first")
    change = Change(world.workspace)
    targeted, found = change.targets.domain("vm1")

    def somebody_else(_operation: Operation) -> None:
        world.computer("vm1").create_snapshot(name, "second")

    planner = partial(plan_delete, domain=found, name="first", children=True)
    with pytest.raises(ConflictError, match="'second'"):
        change.execute(targeted, "computer-vm1", planner, ask=somebody_else)
    assert set(world.computer("vm1").get_snapshot_info(name)) == {"first", "second"}
