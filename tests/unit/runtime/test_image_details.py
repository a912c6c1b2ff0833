"""What is read of an image, on real disks."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World
from vcltui.errors import DiskError, NotFoundError
from vcltui.models.domain import PowerState
from vcltui.runtime.image_details import ImageDetails, ImageUser, check_image, read_image_details


def overlay(backing: Path, path: Path) -> Path:
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(backing), str(path)],
        check=True,
    )
    return path


def details(world: World, image: str, path: Path | None = None) -> ImageDetails:
    where = path or world.master(image)
    return read_image_details(world.workspace, "kvm-a", image, "datastore", str(where))


def test_an_image_with_what_stands_on_it(world: World, image: str):
    world.computer("vm1", image).load()
    world.computer("vm2", image).load()
    world.computer("vm2").power_off()
    master = world.master(image)
    first = Path(world.computer("vm1", image).get_copy_on_write_file_path())
    second = Path(world.computer("vm2", image).get_copy_on_write_file_path())
    upper = overlay(second, world.home / "vms" / "by-hand.qcow2")
    found = details(world, image)
    assert [disk.path for disk in found.chain] == [str(master)]
    assert set(found.users) == {
        ImageUser(str(first), str(master), f"vm1:{image}", PowerState.ON, "kvm-a"),
        ImageUser(str(second), str(master), f"vm2:{image}", PowerState.OFF, "kvm-b"),
        ImageUser(str(upper), str(second)),
    }
    paths = [user.path for user in found.users]
    assert paths.index(str(upper)) == paths.index(str(second)) + 1, "below what it stands on"
    assert found.reference_path == str(master.with_suffix(".xml"))
    assert found.reference_xml == master.with_suffix(".xml").read_text()
    assert found.revision is not None
    assert found.revision.prettyname == "Base System"
    assert found.problems == ()


def test_an_image_that_stands_on_another(world: World, image: str):
    child = overlay(world.master(image), world.home / "datastore" / "child-8-v1.qcow2")
    found = details(world, "child-8-v1", child)
    assert [disk.path for disk in found.chain] == [str(child), str(world.master(image))]
    assert (found.users, found.reference_path, found.revision) == ((), "", None)
    assert [user.path for user in details(world, image).users] == [str(child)]


def test_revision_1_is_not_revision_10(world: World, image: str):
    assert details(world, f"{image}0", world.master(image)).revision is None


def test_each_part_says_why_it_could_not_be_read(world: World, image: str):
    world.computer("vm1", image).load()
    (world.home / "kvm-b.xml").unlink()
    master = world.master(image)
    master.with_suffix(".xml").unlink()
    master.with_suffix(".xml").mkdir()
    (world.home / "vms" / "broken.qcow2").write_bytes(b"QFI\xfb")
    moved = master.rename(master.with_name("moved.qcow2"))
    found = details(world, image, master)
    moved.rename(master)
    assert found.chain == ()
    told = "\n".join(found.problems)
    for words in ("Its disk could not be read", "on kvm-b could not be read", "broken.qcow2"):
        assert words in told
    assert "Its reference XML could not be read" in told
    assert [user.domain for user in found.users] == [f"vm1:{image}"]
    assert found.revision is not None


def test_a_host_without_a_profile_still_tells_the_rest(world: World, image: str):
    session = world.workspace.session("kvm-a")
    session.vmhost = replace(session.vmhost, profile=None)
    found = details(world, image)
    assert len(found.chain) == 1
    assert "no VM profile" in "\n".join(found.problems)


def test_an_unknown_host(world: World, image: str):
    with pytest.raises(NotFoundError):
        read_image_details(world.workspace, "kvm-z", image, "datastore", "/x")


def test_an_image_is_checked(world: World, image: str):
    master = world.master(image)
    assert check_image(world.workspace, "kvm-a", str(master)).consistent
    with master.open("r+b") as file:
        file.truncate(master.stat().st_size // 2)
    result = check_image(world.workspace, "kvm-a", str(master))
    assert not result.consistent
    raw = world.home / "x.raw"
    raw.write_bytes(b"\0" * 512)
    with pytest.raises(DiskError, match="has no tables"):
        check_image(world.workspace, "kvm-a", str(raw))
