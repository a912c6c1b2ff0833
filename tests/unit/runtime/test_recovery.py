"""What a killed process left is told by the journal and cleaned up by the next run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, checksum, open_world
from vcltui.models.guest import NodeState
from vcltui.operations.undo import KeepFinished, RemovePublished
from vcltui.runtime.journal import KILLED, RECOVERED
from vcltui.runtime.recovery import recover
from vcltui.vcldb import images

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
LOAD_STEPS = ("copy-on-write", "write-xml", "define-domain", "wait-for-guest", "update-inventory")
CAPTURE_STEPS = (
    "reserve-image",
    "save-xml",
    "shutdown",
    "copy-to-master",
    "copy-to-repository",
    "finish-image",
)


def kill_at(world: World, kind: str, computer: str, image: str, step: str, when: str) -> None:
    world.workspace.close()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.unit.runtime.killed_at",
            str(world.home),
            kind,
            computer,
            image,
            step,
            when,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr


def clean(world: World) -> list[str]:
    found = recover(world.workspace.journal, world.workspace.session, world.workspace.inventory())
    assert [one.left for one in found] == [()] * len(found)
    return [note for one in found for note in one.done]


@pytest.fixture
def world(tmp_path: Path):
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


@pytest.fixture
def image(world: World) -> str:
    return world.add_image("Base System")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", LOAD_STEPS)
def test_a_killed_load(world: World, image: str, step: str, when: str):
    files, master = world.files(), checksum(world.master(image))
    kill_at(world, "load", "vm1", image, step, when)
    (entry,) = [one for one in world.workspace.journal.entries() if one.kind == "load"]
    assert (entry.outcome, entry.step, entry.target) == (KILLED, step, "vm1")
    clean(world)
    assert world.files() == files
    assert checksum(world.master(image)) == master
    assert world.workspace.journal.entries()[0].outcome in (RECOVERED, KILLED)
    assert world.workspace.journal.unfinished() == []
    world.computer("vm1", image).load()
    assert world.computer("vm1").node_status().state is NodeState.READY


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", CAPTURE_STEPS)
def test_a_killed_capture(world: World, image: str, step: str, when: str):
    kill_at(world, "capture", "vm1", image, step, when)
    master = checksum(world.master(image))
    clean(world)
    assert checksum(world.master(image)) == master
    assert not list(world.home.rglob("*.part"))
    known = {one.name for one in images.list_revisions(world.workspace.inventory(), deleted=True)}
    kept = [name for name in known if "Notes" in name]
    files = {path.name for path in world.home.rglob("*Notes*") if path.is_file()}
    files = {name for name in files if not name.endswith(".lock")}
    if step == "finish-image" and when == "after":
        assert len(kept) == 1
        assert files == {f"{kept[0]}.qcow2", f"{kept[0]}.xml"}
        world.computer("vm2", kept[0]).load()
    else:
        assert (kept, files) == ([], set())
    assert world.workspace.journal.unfinished() == []


def test_a_file_taken_into_use_is_not_removed(world: World, image: str):
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    disk = next((world.home / "vms").glob("vm1_*.qcow2"))
    child = world.home / "vms" / "mine.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", child], check=True
    )
    (found,) = recover(
        world.workspace.journal, world.workspace.session, world.workspace.inventory()
    )
    assert "in use by" in " ".join(found.left)
    assert disk.exists()
    child.unlink()
    assert any(str(disk) in note for note in clean(world))
    assert not disk.exists()


def test_another_file_at_the_same_path_is_not_removed(world: World, image: str):
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    disk = next((world.home / "vms").glob("vm1_*.qcow2"))
    other = disk.with_name("other")
    other.write_text("somebody's")
    other.replace(disk)
    clean(world)
    assert disk.read_text() == "somebody's"


def test_an_entry_of_an_unknown_host_stays(world: World, image: str):
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    path = next(iter(world.workspace.journal.unfinished())).path
    path.write_text(path.read_text().replace('"host": "kvm-a"', '"host": "lost"'))
    (found,) = recover(
        world.workspace.journal, world.workspace.session, world.workspace.inventory()
    )
    assert "lost" in found.left[0]
    assert len(world.workspace.journal.unfinished()) == 1


def test_a_torn_line_is_no_obstacle(world: World, image: str):
    kill_at(world, "load", "vm1", image, "write-xml", "after")
    path = world.workspace.journal.unfinished()[0].path
    with path.open("a") as file:
        file.write('{"event": "undo", "rec')
    assert clean(world)
    assert world.workspace.journal.unfinished() == []


def test_journal_files_are_private_and_tell_who_and_what(world: World, image: str):
    world.computer("vm1", image).load()
    path = world.workspace.journal.entries()[0].path
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    begin = json.loads(path.read_text().splitlines()[0])
    assert (begin["kind"], begin["target"], begin["host"]) == ("load", "vm1", "kvm-a")
    assert begin["user"]
    kinds = {type(action) for entry in world.workspace.journal.entries() for action in entry.undo}
    assert kinds == set()
    assert RemovePublished.__name__ in path.read_text()
    assert KeepFinished.__name__ not in path.read_text()
