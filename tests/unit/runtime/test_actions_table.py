"""The whole action table: its keys, when what is possible, and a plan of each on a real world."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.provisioning.world import World, make_disk
from vcltui.errors import ConflictError, RefusedError, UsageError
from vcltui.hypervisor import domains
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import PowerState
from vcltui.operations.runner import Observer
from vcltui.provisioning.active import computer_domain
from vcltui.runtime.actions import (
    ACTIONS,
    BY_ID,
    Action,
    Arguments,
    Danger,
    Input,
    Subject,
    possible,
)
from vcltui.runtime.jobs.work import plan, work_for
from vcltui.runtime.workspace import Workspace

CHANGING = [action for action in ACTIONS if action.use_case is not None]


def subjects() -> Iterator[Subject]:
    """Every kind of thing that can be chosen."""
    yield Subject("h")
    yield Subject("h", computer="vm1")
    for power in (*PowerState, None):
        for computer in ("vm1", None):
            yield Subject("h", domain="vm1:x", uuid="u", computer=computer, power=power)
    for users in (0, 2):
        yield Subject("h", image="x-1-v1", location="datastore", path="/d/x.qcow2", users=users)
    yield Subject("h", image="x-1-v1", location="repository", path="/r/x.qcow2")


def ids(actions: list[Action]) -> set[str]:
    return {action.id for action in actions}


def all_possible(subject: Subject) -> set[str]:
    return ids([action for action in ACTIONS if possible(action, subject) is None])


def test_ids_are_unique():
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.parametrize("subject", subjects(), ids=repr)
def test_a_key_means_one_thing(subject: Subject):
    by_key: dict[str, list[str]] = defaultdict(list)
    for action in ACTIONS:
        if possible(action, subject) is None:
            by_key[action.key].append(action.id)
    assert {key: found for key, found in by_key.items() if len(found) > 1} == {}


@pytest.mark.parametrize("subject", subjects(), ids=repr)
def test_read_only_mode_leaves_what_only_reads(subject: Subject):
    shut = replace(subject, readonly=True)
    for action in ACTIONS:
        if action.danger is Danger.READS:
            assert possible(action, shut) == possible(action, subject)
        else:
            assert possible(action, shut) == "read-only mode"


@pytest.mark.parametrize("subject", subjects(), ids=repr)
def test_nothing_is_changed_on_a_host_that_does_not_answer(subject: Subject):
    silent = replace(subject, answers=False)
    changing = {action.id for action in ACTIONS if action.danger is not Danger.READS}
    assert all_possible(silent) & changing == set()


def test_what_needs_no_confirmation_has_a_small_letter():
    for action in ACTIONS:
        assert action.key.isupper() == action.danger.asks, action.id
        assert (action.danger is Danger.READS) == (action.use_case is None), action.id


def test_nothing_is_possible_on_nothing():
    assert {possible(action, None) for action in ACTIONS} == {"nothing is chosen"}


def test_power_decides():
    on = Subject("h", domain="d", power=PowerState.ON)
    power = {"power_on", "shutdown", "suspend", "resume", "power_off", "reset"}
    assert all_possible(on) & power == {"shutdown", "suspend", "power_off", "reset"}
    assert all_possible(replace(on, power=PowerState.OFF)) & power == {"power_on"}
    frozen = {"resume", "power_off", "reset"}
    assert all_possible(replace(on, power=PowerState.SUSPENDED)) & power == frozen
    assert "capture" not in all_possible(on)
    assert "capture" in all_possible(replace(on, computer="vm1"))


@pytest.fixture
def loaded(world: World, image: str) -> World:
    world.computer("vm1", image).load()
    return world


def case(world: World, image: str, action_id: str) -> tuple[Subject, Arguments]:
    """A subject and arguments with which an action can be planned."""
    if action_id == "load":
        return Subject("kvm-a", computer="vm10"), {"image": image}
    if action_id.startswith("image_"):
        master = Subject("kvm-a", image=image, location="datastore", path=str(world.master(image)))
        if action_id == "image_import":
            disk = world.home / "incoming.qcow2"
            make_disk(disk)
            return Subject("kvm-a"), {"files": str(disk), "name": "Brought In"}
        if action_id == "image_retrieve":
            world.computer("vm1").unload()
            world.master(image).rename(world.home / "away.qcow2")
            copy = world.home / "repository" / image / f"{image}.qcow2"
            return replace(master, location="repository", path=str(copy)), {}
        if action_id == "image_to_repository":
            (world.home / "repository" / image / f"{image}.qcow2").unlink()
        if action_id == "image_delete":
            world.computer("vm1").unload()
        return master, {"destination": str(world.home / "out.raw"), "format": "raw"}
    domain = computer_domain(world.computer("vm1").context)
    subject = Subject(
        "kvm-a", domain=domain.name, uuid=domain.uuid, computer="vm1", power=domain.power
    )
    connection = world.workspace.session("kvm-a").connection
    if action_id == "power_on":
        world.computer("vm1").power_off()
        return replace(subject, power=PowerState.OFF), {}
    if action_id == "resume":
        domains.suspend(connection, domain.uuid)
        return replace(subject, power=PowerState.SUSPENDED), {}
    if action_id in ("snapshot_revert", "snapshot_delete"):
        world.computer("vm1").create_snapshot(domain.name, "before")
    xml = domains.editable_xml(connection, domain.uuid)
    return subject, {
        "new_snapshot": "fresh",
        "snapshot": "before",
        "name": "Captured",
        "owner": "admin",
        "os": "vmwarelinux",
        "architecture": "x86_64",
        "sysprep": "no",
        "way": "core",
        "xml": xml.replace(">1</vcpu>", ">2</vcpu>"),
        "base_xml": xml,
    }


@pytest.mark.parametrize("action", CHANGING, ids=lambda action: action.id)
def test_each_change_plans_and_changes_nothing(loaded: World, image: str, action: Action):
    subject, arguments = case(loaded, image, action.id)
    assert possible(action, subject) is None
    files, known = loaded.files(), loaded.domains()
    operation = plan(loaded.workspace, action, subject, arguments).operation
    assert operation.host == "kvm-a"
    assert operation.title
    assert operation.steps
    assert all(step.calls for step in operation.steps)
    assert (loaded.files(), loaded.domains()) == (files, known)


def test_a_snapshot_is_made_reverted_to_and_deleted_by_its_own_arguments(loaded: World, image: str):
    subject, _ = case(loaded, image, "shutdown")

    def do(action: str, **arguments: str) -> None:
        work_for(loaded.workspace, BY_ID[action], subject, arguments)(Observer(), CancelToken())

    def names() -> dict[str, str]:
        found = loaded.computer("vm1").get_snapshot_info(subject.domain or "")
        return {one.name: one.description for one in found.values()}

    do("snapshot_create", new_snapshot="one", description="the first")
    do("snapshot_create", new_snapshot="two")
    assert names() == {"one": "the first", "two": ""}
    do("snapshot_revert", snapshot="one")
    do("snapshot_create", new_snapshot="three")
    do("snapshot_delete", snapshot="two")
    assert set(names()) == {"one", "three"}
    do("snapshot_delete", snapshot="one", children="yes")
    assert names() == {}


def test_editing_notices_what_changed_since(loaded: World, image: str):
    subject, arguments = case(loaded, image, "domain_edit")
    work = work_for(loaded.workspace, BY_ID["domain_edit"], subject, arguments)
    work(Observer(), CancelToken())
    connection = loaded.workspace.session("kvm-a").connection
    assert ">2</vcpu>" in domains.editable_xml(connection, subject.uuid or "")
    with pytest.raises(ConflictError, match="changed meanwhile"):
        work(Observer(), CancelToken())


@pytest.mark.parametrize("action", ["image_delete", "image_to_repository", "image_convert"])
def test_a_read_only_workspace_runs_no_change(world: World, image: str, action: str):
    subject, arguments = (
        Subject("kvm-a", image=image, location="datastore", path=str(world.master(image))),
        {"destination": str(world.home / "out.raw"), "format": "raw"},
    )
    files = world.files()
    with Workspace(world.workspace.config, readonly=True) as shut:
        work = work_for(shut, BY_ID[action], subject, arguments)
        with pytest.raises(RefusedError, match="read-only"):
            work(Observer(), CancelToken())
    assert world.files() == files


@pytest.mark.parametrize("action", CHANGING, ids=lambda action: action.id)
def test_a_change_of_nothing_is_a_sentence(world: World, action: Action):
    for arguments in ({}, {one.value: "" for one in Input}):
        with pytest.raises(UsageError):
            plan(world.workspace, action, Subject("kvm-a"), arguments)


@pytest.mark.parametrize(
    "action", [one for one in CHANGING if one.needs], ids=lambda action: action.id
)
def test_what_was_not_told_is_a_sentence(loaded: World, image: str, action: Action):
    subject, arguments = case(loaded, image, action.id)
    for missing in set(action.needs) - {Input.CHILDREN, Input.COMPUTER}:
        rest = {key: value for key, value in arguments.items() if key != missing.value}
        with pytest.raises(UsageError, match="was given none"):
            plan(loaded.workspace, action, subject, rest)
