"""A master stays while anything stands on it, or may: each way in which that is hard to see."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, make_disk
from vcltui.disks.usage import DiskSearch
from vcltui.errors import RefusedError
from vcltui.hypervisor import domains
from vcltui.nodes.local import LocalNode
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.provisioning.redefinition import plan_redefine
from vcltui.vcldb import images, revisions

DOMAIN = (
    "<domain type='test'><name>by-hand</name><memory unit='MiB'>64</memory><os><type>hvm</type>"
    "</os><devices><disk type='file' device='{device}'><driver name='qemu' type='{driver}'/>"
    "<source file='{disk}'/><target dev='vda' bus='virtio'/></disk></devices></domain>"
)


def delete(world: World, image: str, *, from_repository: bool = False) -> None:
    planner = partial(plan_delete_image, image_name=image, from_repository=from_repository)
    execute(world.host("kvm-a").context, f"image-{image}", planner)


def folders(world: World, host: str, **changed: str | None) -> None:
    """Give a host other folders."""
    session = world.workspace.session(host)
    for folder in filter(None, changed.values()):
        Path(folder).mkdir(exist_ok=True)
    session.vmhost = replace(session.vmhost, profile=replace(session.profile, **changed))


def overlay(backing: Path, path: Path, file_format: str = "qcow2") -> Path:
    options = ["-q", "-f", file_format, "-b", backing, "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", *options, path], check=True)
    return path


def made(path: Path) -> Path:
    make_disk(path)
    return path


def define(world: World, host: str, disk: Path, driver: str = "qcow2", device: str = "disk"):
    xml = DOMAIN.format(disk=disk, driver=driver, device=device)
    return domains.define(world.workspace.session(host).connection, xml, validate=False)


def test_the_folder_of_the_domains_disks_is_not_mounted(world: World, image: str):
    world.computer("vm1", image).load()
    mount, unmounted = world.home / "vms", world.home / "vms.unmounted"
    mount.rename(unmounted)
    mount.mkdir()
    with pytest.raises(RefusedError, match=r"vm1:.* can't be told: its disk .* is not there"):
        delete(world, image)
    mount.rmdir()
    unmounted.rename(mount)
    assert world.master(image).exists()
    world.computer("vm1").unload()
    delete(world, image)


@pytest.mark.parametrize(("driver", "device"), [("raw", "disk"), ("qcow2", "cdrom")])
def test_a_raw_disk_or_medium_that_is_gone_stands_on_nothing(
    world: World, image: str, driver: str, device: str
):
    define(world, "kvm-a", world.home / "gone", driver, device)
    delete(world, image)
    assert not world.master(image).exists()


def test_a_host_whose_profile_has_other_folders_by_now(world: World, image: str):
    world.computer("vm2", image).load()
    new = str(world.home / "new")
    folders(world, "kvm-b", datastore=new, vmpath=new, repository=None)
    folders(world, "kvm-a", vmpath=str(world.home / "vms-a"))
    with pytest.raises(RefusedError, match="domain vm2:.* on kvm-b"):
        delete(world, image)
    assert world.master(image).exists()


def test_a_repository_that_is_another_hosts_datastore(world: World, image: str):
    flat = world.home / "flat"
    folders(world, "kvm-b", datastore=str(flat))
    shutil.copy(world.master(image), flat)
    world.computer("vm2", image).load()
    folders(world, "kvm-a", repository=str(flat))
    with pytest.raises(RefusedError, match="domain vm2:.* on kvm-b"):
        delete(world, image, from_repository=True)
    assert (flat / f"{image}.qcow2").exists()


@pytest.mark.parametrize("place", ["repository/child", "datastore/child", "vms/child"])
def test_a_disk_in_a_folder_of_its_own(world: World, image: str, place: str):
    folder = world.home / place
    folder.mkdir()
    child = overlay(world.master(image), folder / "child.qcow2")
    with pytest.raises(RefusedError, match=str(child)):
        delete(world, image)
    assert world.master(image).exists()


def test_an_overlay_that_is_named_raw(world: World, image: str):
    child = overlay(world.master(image), world.home / "vms" / "disk.raw")
    with pytest.raises(RefusedError, match=str(child)):
        delete(world, image)


def test_a_qed_disk_can_not_be_followed(world: World, image: str):
    overlay(world.master(image), world.home / "vms" / "old.qed", "qed")
    with pytest.raises(RefusedError, match="can't be told: .* is a QED disk"):
        delete(world, image)


def test_a_descriptor_that_only_qemu_reads(world: World, image: str):
    """A blank line stands in it."""
    master = world.master(image)
    descriptor = world.home / "vms" / "x.vmdk"
    descriptor.write_text(f'# Disk DescriptorFile\nversion=1\n\nRW 2048 FLAT "{master}" 0\n\n')
    with pytest.raises(RefusedError, match=str(descriptor)):
        delete(world, image)


def test_a_loop_device(tmp_path: Path):
    """What the kernel says of the device is all that is made up here."""
    master = made(tmp_path / "master.qcow2")
    disk = overlay(master, tmp_path / "disk.qcow2")

    class Node(LocalNode):
        def read_text(self, path: str, max_bytes: int = 1 << 20) -> str:
            return f"{disk}\n" if path == "/sys/block/loop7/loop/backing_file" else ""

    assert DiskSearch(Node("kvm-a"), str(master)).leads_there("/dev/loop7")


def test_a_second_look_at_one_file_that_has_another_device(tmp_path: Path):
    """As through a second mount of the file system."""
    master = made(tmp_path / "master.qcow2")
    shutil.copytree(tmp_path, mount := tmp_path / "mount")

    class Node(LocalNode):
        def stat(self, path: str):
            found = super().stat(path)
            if found is None or not path.startswith(str(mount)):
                return found
            first = super().stat(path.replace(str(mount), str(tmp_path)))
            assert first is not None
            return replace(first, path=path, device=first.device + 1)

    disk = overlay(mount / "master.qcow2", tmp_path / "disk.qcow2")
    assert DiskSearch(Node("kvm-a"), str(master)).leads_there(str(disk))


def test_a_domain_that_was_moved_to_another_host(world: World, image: str):
    world.computer("vm1", image).load()
    here, there = (world.workspace.session(name).connection for name in ("kvm-a", "kvm-b"))
    (domain,) = domains.list_domains(here)
    xml = domains.domain_xml(here, domain.uuid, inactive=True)
    domains.destroy(here, domain.uuid)
    domains.define(there, xml, validate=False)
    domains.start(there, domain.uuid)
    (disk,) = (world.home / "vms").glob("vm1_*.qcow2")
    with pytest.raises(RefusedError, match="off on kvm-a and runs on kvm-b"):
        world.computer("vm1").unload()
    assert disk.exists()
    assert len(domains.list_domains(here)) == 1
    domains.destroy(there, domain.uuid)
    domains.undefine(there, domain.uuid)
    world.computer("vm1").unload()
    assert not disk.exists()


def test_a_master_on_which_only_another_hosts_domain_stands_is_not_written(
    world: World, image: str
):
    folders(world, "kvm-b", vmpath=str(world.home / "vms-b"))
    world.computer("vm2", image).load()
    disk = made(world.home / "vms" / "mine.qcow2")
    domain = define(world, "kvm-a", disk)
    context = replace(world.host("kvm-a").context, database=None)
    xml = domains.editable_xml(context.session.connection, domain.uuid)
    edited = xml.replace(str(disk), str(world.master(image)))
    with pytest.raises(RefusedError, match="domain vm2:.* on kvm-b"):
        execute(context, "computer-mine", lambda here: plan_redefine(here, domain, edited))


def test_a_master_as_a_pools_volume_is_not_written(world: World, image: str):
    world.computer("vm1", image).load()
    context = world.computer("vm1").context
    connection = context.session.connection
    pool = connection.handle.storagePoolDefineXML(
        "<pool type='dir'><name>ds</name><target>"
        f"<path>{world.home / 'datastore'}</path></target></pool>",
        0,
    )
    pool.create(0)
    pool.createXML(f"<volume><name>{image}.qcow2</name><capacity>1</capacity></volume>", 0)
    (domain,) = domains.list_domains(connection)
    (disk,) = (world.home / "vms").glob("vm1_*.qcow2")
    xml = domains.editable_xml(connection, domain.uuid).replace(
        "<disk type='file'", "<disk type='volume'"
    )
    edited = xml.replace(f"file='{disk}'", f"pool='ds' volume='{image}.qcow2'")
    with pytest.raises(RefusedError, match=f"would write to {world.master(image)}"):
        execute(context, "computer-vm1", lambda here: plan_redefine(here, domain, edited))


# --- images with the names of domains' disks ---


def named_as_a_disk(world: World, name: str) -> Path:
    """A live image whose master has a name as a load gives it to the disk of vm1."""
    for host in ("kvm-a", "kvm-b"):
        folders(world, host, vmpath=None)
    images.add_image(
        world.workspace.inventory(),
        name=name,
        prettyname="Lab",
        os_name="linux",
        image_type="qcow2",
    )
    return made(world.master(name))


def test_a_load_does_not_put_an_image_aside(world: World, image: str):
    revision = images.get_revision(world.workspace.inventory(), image)
    master = named_as_a_disk(world, f"vm1_{revision.image_id}-v{revision.revision}")
    with pytest.raises(RefusedError, match="has the name of an image"):
        world.computer("vm1", image).load()
    assert master.exists()


@pytest.mark.parametrize("mode", ["<readonly/>", ""])
def test_an_unload_keeps_an_image_that_the_domain_has(world: World, image: str, mode: str):
    master = named_as_a_disk(world, "vm1_tools-v1")
    world.computer("vm1", image).load()
    connection = world.workspace.session("kvm-a").connection
    (domain,) = domains.list_domains(connection)
    xml = domains.editable_xml(connection, domain.uuid)
    domains.destroy(connection, domain.uuid)
    disk = (
        "</disk><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{master}'/><target dev='vdz' bus='virtio'/>{mode}</disk>"
    )
    domains.define(connection, xml.replace("</disk>", disk, 1), validate=False)
    world.computer("vm1").unload()
    assert master.exists()
    assert revisions.is_live(world.workspace.inventory(), "vm1_tools-v1")
