"""What a killed process left is told by the journal and cleaned up by the next run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, open_world
from vcltui.disks.marks import remove_published
from vcltui.operations.runner import Outcome
from vcltui.operations.undo import KeepFinished, RemoveFile, RemovePublished, to_record
from vcltui.provisioning.execute import lock_path
from vcltui.runtime.recovery import recover

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


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


def published(world: World, path: Path, known_image: str = "") -> RemovePublished:
    """The undo of a file as it is now."""
    node = world.workspace.session("kvm-a").node
    whole = node.stat(str(path))
    assert whole is not None
    return remove_published(node, "kvm-a", str(path), whole, known_image=known_image)


def clean(world: World) -> list[str]:
    found = recover(world.workspace)
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


def test_a_file_taken_into_use_is_not_removed(world: World, image: str):
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    disk = next((world.home / "vms").glob("vm1_*.qcow2"))
    child = world.home / "vms" / "mine.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", child], check=True
    )
    (found,) = recover(world.workspace)
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
    (found,) = recover(world.workspace)
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


def test_a_retrieved_image_that_a_load_stands_on_is_kept(world: World, image: str):
    """The disk that stands on it lies in another folder than the master."""
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    (entry,) = world.workspace.journal.unfinished()
    master = world.master(image)
    record = to_record(published(world, master, known_image=image))
    with entry.path.open("a") as file:
        file.write(json.dumps({"event": "undo", "record": record}) + "\n")
    world.computer("vm2", image).load()
    (found,) = recover(world.workspace)
    assert "vm2_" in " ".join(found.left)
    assert master.exists()


def test_what_was_done_when_the_process_was_killed_stays(world: World, image: str):
    kill_at(world, "load", "vm1", image, "update-inventory", "after")
    (entry,) = [one for one in world.workspace.journal.entries() if one.kind == "load"]
    assert (entry.outcome, entry.undo) == (Outcome.DONE.value, ())
    assert recover(world.workspace) == []
    assert list((world.home / "vms").glob("vm1_*.qcow2"))


def test_what_another_version_wrote_is_never_carried_out(world: World, image: str):
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    (entry,) = world.workspace.journal.unfinished()
    with entry.path.open("a") as file:
        file.write('{"event": "undo", "record": {"kind": "RemoveEverything", "path": "/"}}\n')
    (found,) = recover(world.workspace)
    assert "another version" in found.left[0]


def test_nothing_is_undone_while_somebody_works_on_the_computer(world: World, image: str):
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    (entry,) = world.workspace.journal.unfinished()
    session = world.workspace.session("kvm-a")
    with session.node.lock(lock_path(session.vmhost, entry.lock_name), 0.0):
        (found,) = recover(world.workspace)
    assert f"{os.getpid()}" in found.left[0]
    assert list((world.home / "vms").glob("vm1_*.qcow2"))
    assert clean(world)


def test_a_file_of_which_an_older_version_wrote_down_the_number_alone_is_kept(
    world: World, image: str
):
    kill_at(world, "load", "vm1", image, "write-xml", "after")
    (entry,) = world.workspace.journal.unfinished()
    lines = [json.loads(line) for line in entry.path.read_text().splitlines()]
    for line in lines:
        if line.get("record", {}).get("kind") == RemovePublished.__name__:
            for new in ("device", "size_bytes", "mtime_us", "folder", "known_image"):
                del line["record"][new]
        if line.get("record", {}).get("kind") == RemoveFile.__name__:
            del line["record"]["folder"]
    entry.path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (found,) = recover(world.workspace)
    assert len(found.left) == 2
    assert all("it was kept. Find out whose it is" in words for words in found.left)
    disk = next((world.home / "vms").glob("vm1_*.qcow2"))
    disk.unlink()
    for xml in (world.home / "run" / "kvm-a").glob("*.xml"):
        xml.unlink()
    assert clean(world) == []
    assert world.workspace.journal.unfinished() == []


def test_what_was_undone_already_is_not_undone_again(world: World, image: str):
    kill_at(world, "load", "vm1", image, "define-domain", "before")
    (entry,) = world.workspace.journal.unfinished()
    disk = next((world.home / "vms").glob("vm1_*.qcow2"))
    (undo,) = [each for each in entry.undo if getattr(each, "path", "") == str(disk)]
    barrier = KeepFinished("kvm-a", "linux-Other-9-v1", 1)
    with entry.path.open("a") as file:
        for done, error in ((undo, "it hangs"), (undo, None), (barrier, None)):
            if done is barrier:
                file.write(json.dumps({"event": "undo", "record": to_record(done)}) + "\n")
            event = {"event": "undone", "record": to_record(done), "error": error}
            file.write(json.dumps(event) + "\n")
    (again,) = world.workspace.journal.unfinished()
    assert undo not in again.undo
    assert len(again.undo) == len(entry.undo)
    assert again.undo[-1] == barrier
    clean(world)
    assert disk.exists()
