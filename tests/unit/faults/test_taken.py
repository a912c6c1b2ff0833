"""What others have taken into use since a kill is kept by the next run, which undoes the rest."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.faults.killing import run_and_kill
from tests.unit.faults.operations import BASE, CASES, OTHER, fill, image
from tests.unit.provisioning.world import World, open_world
from vcltui.domxml.parse import parse_domain
from vcltui.hypervisor import domains
from vcltui.models.domain import Domain, PowerState
from vcltui.provisioning.guests import guest_of
from vcltui.provisioning.load import current_image
from vcltui.runtime.recovery import recover, recover_before
from vcltui.vcldb import computers, images

pytestmark = pytest.mark.slow


@pytest.fixture
def killed(tmp_path: Path):
    """Gives the world as it is after an operation was killed before a step, or a change."""
    opened: list[World] = []

    def kill(case: str, step: str, when: str | int = "before") -> World:
        world = open_world(tmp_path)
        fill(world)
        world.workspace.close()
        assert run_and_kill(tmp_path, case, step, when) == -9
        opened.append(open_world(tmp_path))
        return opened[0]

    yield kill
    for world in opened:
        world.workspace.close()


def domain_of(world: World) -> Domain:
    connection = world.workspace.session("kvm-a").connection
    (found,) = (one for one in domains.list_domains(connection) if one.name.startswith("vm1:"))
    return found


def disk_of(world: World) -> Path:
    xml = domains.domain_xml(world.workspace.session("kvm-a").connection, domain_of(world).uuid)
    (source,) = [disk.source for disk in parse_domain(xml).disks]
    assert source is not None
    return Path(source)


def finish_the_load(world: World) -> None:
    """As vcld does with a computer that needs its post-load tasks alone."""
    context = world.computer("vm1", image(world, BASE)).context
    guest_of(context, domain_of(world)).post_load(current_image(context))


def make_a_snapshot(world: World) -> None:
    world.computer("vm1").create_snapshot(domain_of(world).name, "mine")


def give_it_to_a_user(world: World) -> None:
    with sqlite3.connect(world.home / "inventory.sqlite") as connection:
        connection.execute(
            "UPDATE computer SET stateid = (SELECT id FROM state WHERE name = 'inuse') "
            "WHERE hostname = 'vm1'"
        )
    connection.close()


@pytest.mark.parametrize("take", [finish_the_load, make_a_snapshot, give_it_to_a_user])
def test_a_domain_in_use_is_kept_with_its_disk(
    killed: Callable[..., World], take: Callable[[World], None]
):
    world = killed("load", "post-load")
    take(world)
    before, files = domain_of(world), world.files()
    (found,) = recover(world.workspace)
    assert found.left == ()
    assert f"kept domain {before.name}" in " ".join(found.done)
    assert domain_of(world) == before
    assert before.power is PowerState.ON
    assert world.files() == files
    assert world.workspace.journal.unfinished() == []


def test_a_domain_on_whose_disk_another_stands_is_kept(killed: Callable[..., World]):
    world = killed("load", "post-load")
    disk = disk_of(world)
    child = disk.with_name("mine.qcow2")
    make = ["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", disk, "-F", "qcow2", child]
    subprocess.run([*make, "1M"], check=True)
    (found,) = recover(world.workspace)
    assert any(f"in use by {child}" in words for words in found.left)
    assert domain_of(world).power is PowerState.ON
    child.unlink()
    assert recover(world.workspace)[0].left == ()
    assert world.domains() == set()


def test_nobody_has_taken_it(killed: Callable[..., World]):
    world = killed("load", "post-load")
    (found,) = recover(world.workspace)
    assert found.left == ()
    assert world.domains() == set()


def test_what_comes_next_on_the_host_keeps_a_domain_that_is_on(killed: Callable[..., World]):
    world = killed("load", "post-load")
    before, files = domain_of(world), world.files()
    (found,) = recover(world.workspace, host="kvm-a")
    (left,) = found.left
    assert "it is on and may be in use. Load or unload its computer" in left
    assert found.done == ()
    assert domain_of(world) == before
    assert world.files() == files
    world.computer("vm10", image(world, BASE)).load()
    assert domain_of(world) == before
    recover(world.workspace)
    assert domain_of_vm1_is_gone(world)


def domain_of_vm1_is_gone(world: World) -> bool:
    return not [name for name in world.domains() if name.startswith("vm1:")]


@pytest.mark.parametrize("replace", ["load", "unload"])
def test_the_next_load_or_unload_of_the_computer_replaces_it(
    killed: Callable[..., World], replace: str
):
    world = killed("load", "post-load")
    before = domain_of(world)
    assert recover(world.workspace, host="kvm-a")[0].left
    module = world.computer("vm1", image(world, BASE))
    module.load() if replace == "load" else module.unload()
    (found,) = recover(world.workspace, host="kvm-a")
    assert found.left == ()
    assert world.workspace.journal.unfinished() == []
    if replace == "load":
        assert domain_of(world).uuid != before.uuid
        assert disk_of(world).exists()
    else:
        assert world.domains() == set()


def test_what_comes_next_keeps_a_domain_that_ran_and_is_off(killed: Callable[..., World]):
    world = killed("load", "post-load")
    subprocess.run(
        ["qemu-io", "-f", "qcow2", "-c", "write -q -P 9 8M 1M", disk_of(world)], check=True
    )
    world.computer("vm1").power_off()
    (found,) = recover(world.workspace, host="kvm-a")
    assert f"its disk {disk_of(world)} was written to" in found.left[0]
    assert disk_of(world).exists()


def test_the_console_tells_what_is_kept_in_its_log(
    killed: Callable[..., World], caplog: pytest.LogCaptureFixture
):
    world = killed("load", "post-load")
    recover_before(world.workspace, "kvm-a")
    (line,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert "it is on and may be in use" in line


def test_what_comes_next_removes_a_domain_that_never_ran(killed: Callable[..., World]):
    world = killed("load", "power-on")
    (found,) = recover(world.workspace, host="kvm-a")
    assert found.left == ()
    assert world.domains() == set()


def lay_a_disk_on_it(world: World) -> None:
    make = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk_of(world), "-F", "qcow2"]
    subprocess.run([*make, disk_of(world).with_name("mine.qcow2")], check=True)


def move_it_to_another_host(world: World) -> None:
    database = world.workspace.inventory()
    computer = computers.get_computer(database, "vm1")
    computers.assign_vmhost(database, computer.id, "kvm-b", expected=computer)


@pytest.mark.parametrize("take", [lay_a_disk_on_it, move_it_to_another_host])
def test_a_domain_that_was_shut_down_stays_off(
    killed: Callable[..., World], take: Callable[[World], None]
):
    """Started again it would write under another disk, or answer for a computer twice."""
    world = killed("capture", "copy-to-master")
    assert domain_of(world).power is PowerState.OFF
    take(world)
    (found,) = recover(world.workspace)
    assert found.left == ()
    assert "left domain" in " ".join(found.done)
    assert domain_of(world).power is PowerState.OFF
    assert world.workspace.journal.unfinished() == []


def test_a_domain_that_nobody_needs_off_is_started_again(killed: Callable[..., World]):
    world = killed("capture", "copy-to-master")
    recover(world.workspace)
    assert domain_of(world).power is PowerState.ON


@pytest.mark.parametrize(
    ("case", "state"),
    [
        ("to-repository", "whole"),
        ("to-repository", "changed"),
        ("to-repository", "not mounted"),
        ("convert", "whole"),
        ("convert", "changed"),
    ],
)
def test_a_copy_that_is_whole_is_kept(tmp_path: Path, case: str, state: str):
    """What it was copied from may be gone since, by others who have a journal of their own."""
    world = open_world(tmp_path)
    fill(world)
    CASES[case].prepare(world)
    CASES[case].run(world)
    journal = world.workspace.journal.entries()[0].path
    lines = journal.read_text().splitlines(keepends=True)
    undo = [number for number, line in enumerate(lines) if '"event": "undo"' in line]
    journal.write_text("".join(lines[: undo[-1] + 1]))  # as a kill behind the renaming leaves it
    name = image(world, OTHER)
    copies = {
        "to-repository": world.home / "repository" / name / f"{name}.qcow2",
        "convert": world.home / "converted.vmdk",
    }
    world.master(name).unlink()
    files = world.files()
    if state == "changed":
        give_it_another_time(copies[case])
    if state == "not mounted":
        repository, away = world.home / "repository", world.home / "away"
        repository.rename(away)
        repository.mkdir()
        (found,) = recover(world.workspace)
        assert "can't be told" in found.left[0]
        repository.rmdir()
        away.rename(repository)
    (found,) = recover(world.workspace)
    assert found.left == ()
    why = "which was changed or made anew since" if state == "changed" else "which is whole"
    assert f"kept {copies[case]}, {why}" in found.done
    assert copies[case].exists()
    assert world.files() == files
    assert world.workspace.journal.unfinished() == []
    world.workspace.close()


IMPORTED = "linux-NewSystem-4-v1"


def write_other_content(path: Path) -> None:
    path.write_bytes(b"another's")


def give_it_another_time(path: Path) -> None:
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 5_000_000))


@pytest.mark.parametrize("change", [write_other_content, give_it_another_time])
@pytest.mark.parametrize("suffix", [".qcow2", ".xml"])
def test_a_file_with_the_number_of_what_was_left_is_kept(
    killed: Callable[..., World], change: Callable[[Path], None], suffix: str
):
    """A file system gives a removed file's number to the next one."""
    world = killed("import", "save-repository-xml")
    there = world.master(IMPORTED).with_suffix(suffix)
    change(there)
    (found,) = recover(world.workspace)
    assert found.left == ()
    assert f"kept {there}, which was changed or made anew since" in found.done
    assert there.exists()
    other = {".qcow2": ".xml", ".xml": ".qcow2"}[suffix]
    assert not there.with_suffix(other).exists()


def test_the_files_of_an_image_that_others_made_since_are_kept(killed: Callable[..., World]):
    world = killed("import", "register-image")
    images.add_image(
        world.workspace.inventory(),
        name=IMPORTED,
        prettyname="Theirs",
        os_name="linux",
        image_type="qcow2",
    )
    files = world.files()
    (found,) = recover(world.workspace)
    (first, *_) = found.left
    assert f"an image {IMPORTED} came into the inventory since" in first
    assert len(found.left) == len([path for path in files if IMPORTED in path]) == 4
    assert world.files() == files
    assert len(world.workspace.journal.unfinished()) == 1


@pytest.mark.parametrize("mounted", [True, False])
@pytest.mark.parametrize("when", [0, 1, "before"])
def test_nothing_is_told_of_a_folder_that_is_not_mounted(
    killed: Callable[..., World], when: str | int, mounted: bool
):
    world = killed("import", "save-xml" if when == "before" else "change", when)
    before = {path for path in world.files() if IMPORTED in path}
    assert before
    folder, away = world.home / "datastore", world.home / "away"
    folder.rename(away)
    if mounted:
        folder.mkdir()
    (found,) = recover(world.workspace)
    words = "is another than it was" if mounted else "is not there"
    (left,) = found.left
    assert f"left in {folder} on kvm-a can't be told: the folder {words}" in left
    if mounted:
        folder.rmdir()
    away.rename(folder)
    (found,) = recover(world.workspace)
    assert found.left == ()
    assert not [path for path in world.files() if IMPORTED in path]
    assert world.workspace.journal.unfinished() == []


def test_a_disk_that_a_guest_wrote_to_is_set_aside(killed: Callable[..., World]):
    world = killed("load", "post-load")
    disk = disk_of(world)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -q -P 9 8M 1M", disk], check=True)
    now = datetime.now(UTC)
    taken = [
        disk.with_name(f"{disk.name}.partial-{now + timedelta(seconds=ahead):%Y%m%dT%H%M%SZ}")
        for ahead in range(30)
    ]
    for path in taken:
        path.touch()
    recover(world.workspace)
    assert world.domains() == set()
    (aside,) = set((world.home / "vms").glob("vm1_*")) - set(taken)
    assert aside.name.startswith(f"{disk.name}.partial-")
    read = ["qemu-io", "-r", "-f", "qcow2", "-c", "read -q -P 9 8M 1M", aside]
    assert subprocess.run(read, check=True, capture_output=True).stdout == b""
    assert world.workspace.journal.unfinished() == []
    world.computer("vm1", image(world, BASE)).load()
