"""Several operations at the same time on the same things: one wins, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, checksum, open_world, vmhost
from vcltui.errors import LockedError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.guest import NodeState
from vcltui.operations.runner import Observer
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_copies import plan_retrieve
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts

pytestmark = pytest.mark.slow

ROUNDS = 8
LOADS = 50


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


@pytest.fixture
def image(world: World) -> str:
    return world.add_image("Base System")


def at_once(*work: Callable[[], object]) -> list[VcltuiError | None]:
    """Do everything at the same time; what each failed with, in order."""
    failed: list[VcltuiError | None] = [None] * len(work)
    start = threading.Barrier(len(work))

    def do(number: int, one: Callable[[], object]) -> None:
        start.wait()
        try:
            one()
        except VcltuiError as error:
            failed[number] = error

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    return failed


def delete(world: World, image: str, *, stored: bool = False) -> None:
    plan = partial(plan_delete_image, image_name=image, from_repository=stored)
    execute(world.host("kvm-a").context, f"image-{image}", plan)


def test_two_loads_onto_one_computer(world: World, image: str):
    """In two workspaces, as two processes have them."""
    for _ in range(ROUNDS):
        failed = at_once(*[lambda: world.computer("vm1", image).load()] * 2)
        errors = [error for error in failed if error is not None]
        assert len(errors) <= 1
        assert all(isinstance(error, LockedError) for error in errors), errors
        assert all("pid=" in str(error) for error in errors)
        assert world.computer("vm1").node_status().state is NodeState.READY
        assert len(list((world.home / "vms").glob("vm1_*"))) == 1


def test_a_load_against_the_deletion_of_its_image(world: World, image: str):
    for _ in range(ROUNDS):
        loaded, deleted = at_once(
            lambda: world.computer("vm2", image).load(), lambda: delete(world, image)
        )
        if loaded is not None:  # it vanished while the load was planned: the next one fetches it
            assert loaded.hint
            assert world.domains("kvm-b") == set()
            world.computer("vm2", image).load()
        if deleted is not None:
            assert "stand on it" in str(deleted) or "not in the" in str(deleted)
        has_disk = world.master(image).exists()
        assert has_disk
        assert world.computer("vm2").node_status().state is NodeState.READY
        world.computer("vm2").unload()


def test_a_retrieval_against_a_deletion_in_the_repository(world: World, image: str):
    copy = world.home / "repository" / image / f"{image}.qcow2"
    kept = copy.read_bytes()
    master = checksum(world.master(image))
    for _ in range(ROUNDS):
        for path in (world.master(image), world.master(image).with_suffix(".xml")):
            path.unlink(missing_ok=True)
        plan = partial(plan_retrieve, image_name=image)
        fetched, _deleted = at_once(
            lambda plan=plan: execute(world.host("kvm-b").context, f"image-{image}", plan),
            lambda: delete(world, image, stored=True),
        )
        assert world.master(image).exists() == (fetched is None)
        if fetched is None:
            assert checksum(world.master(image)) == master
        assert not list(world.home.rglob(".*.part*"))
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(kept)
        world.workspace.close()
        _make_live_again(world, image)


def _make_live_again(world: World, image: str) -> None:
    import sqlite3

    connection = sqlite3.connect(world.home / "inventory.sqlite")
    with connection:
        connection.execute("UPDATE imagerevision SET deleted = 0 WHERE imagename = ?", (image,))
        connection.execute("UPDATE image SET deleted = 0 WHERE name = ?", (image,))
    connection.close()


def test_two_captures_of_one_name_and_a_load_of_it(world: World, image: str):
    world.computer("vm1", image).load()
    world.computer("vm2", image).load()
    failed = at_once(
        lambda: world.computer("vm1").capture("Notes"),
        lambda: world.computer("vm2").capture("Notes"),
        lambda: world.computer("vm10", "Notes").load(),
    )
    assert sum(error is None for error in failed[:2]) == 1, failed
    names = {path.name for path in (world.home / "datastore").glob("*Notes*.qcow2")}
    assert len(names) == 1
    world.computer("vm10", "Notes").load()
    assert world.computer("vm10").node_status().state is NodeState.READY
    assert world.workspace.journal.unfinished() == []


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[World]:
    """Four hosts on one datastore, with fifty computers and an image in the repository alone."""
    world = open_world(tmp_path)
    image = world.add_image("Base System")
    database = world.workspace.inventory()
    names = ["kvm-a", "kvm-b", "kvm-c", "kvm-d"]
    known = {name: vmhost(tmp_path, name) for name in names}
    for name in names[2:]:
        hosts.add_vmhost(database, known[name])
    for number in range(LOADS):
        host = names[number % len(names)]
        computers.add_computer(database, hostname=f"c{number}", vmhost=host)
    world.workspace.close()
    config = replace(world.workspace.config, hosts=known)
    made = World(tmp_path, Workspace(config))
    made.master(image).unlink()
    made.master(image).with_suffix(".xml").unlink()
    yield made
    made.workspace.close()


def test_fifty_loads_on_four_hosts(crowd: World):
    """All from an empty datastore: the image is copied once, and every computer comes up."""
    copied: list[str] = []

    class Notes(Observer):
        def step_finished(self, step, note):
            if step.name == "retrieve-master" and note is None:
                copied.append(step.name)

    def load(number: int) -> None:
        crowd.computer(f"c{number}", "Base System", Notes()).load()

    failed = at_once(*(partial(load, number) for number in range(LOADS)))
    assert [error for error in failed if error is not None] == []
    assert copied == ["retrieve-master"]
    on = [
        domain.name
        for host in ("kvm-a", "kvm-b", "kvm-c", "kvm-d")
        for domain in domains.list_domains(crowd.workspace.session(host).connection)
        if domain.power.is_active
    ]
    assert len(on) == LOADS
    assert len(list((crowd.home / "vms").glob("c*_*.qcow2"))) == LOADS
    for number in range(0, LOADS, 7):
        assert crowd.computer(f"c{number}").node_status().state is NodeState.READY
    assert {one.outcome for one in crowd.workspace.journal.entries()} == {"done"}
