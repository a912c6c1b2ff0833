"""An image is marked deleted with its last copy only, wherever that is."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World
from vcltui.domxml.edit import with_name
from vcltui.domxml.parse import parse_domain
from vcltui.errors import NodeError, NotFoundError, RefusedError, UsageError
from vcltui.hypervisor import domains
from vcltui.models.host import VMHost, VMProfile
from vcltui.nodes.base import FileStat
from vcltui.nodes.local import LocalNode
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.vcldb import hosts, images, revisions


def delete(world: World, image: str, *, from_repository: bool = False) -> list[str]:
    planner = partial(plan_delete_image, image_name=image, from_repository=from_repository)
    operation = execute(world.host("kvm-a").context, f"image-{image}", planner)
    return [step.name for step in operation.steps]


@pytest.fixture
def elsewhere(world: World, image: str) -> Path:
    """kvm-b gets a datastore of its own with a copy of the image."""
    datastore = world.home / "datastore-b"
    datastore.mkdir()
    shutil.copy(world.master(image), datastore)
    session = world.workspace.session("kvm-b")
    profile = replace(session.profile, datastore=str(datastore), vmpath=str(datastore))
    session.vmhost = replace(session.vmhost, profile=profile)
    return datastore


def test_who_else_loses_it_is_told(world: World, image: str):
    operation = plan_delete_image(world.host("kvm-a").context, image)
    assert operation.warnings == ("It goes for kvm-b too, which shares the folder",)


def test_the_last_copy_takes_the_row_along(world: World, image: str):
    assert delete(world, image) == ["delete-image"]
    assert revisions.is_live(world.workspace.inventory(), image)
    assert delete(world, image, from_repository=True) == ["delete-image"]
    assert not revisions.is_live(world.workspace.inventory(), image)
    assert not (world.home / "repository" / image).exists()
    with pytest.raises(NotFoundError):
        images.get_revision(world.workspace.inventory(), image)


def test_a_copy_in_another_hosts_datastore_keeps_the_row(world: World, image: str, elsewhere: Path):
    delete(world, image, from_repository=True)
    assert delete(world, image) == ["delete-image"]
    assert revisions.is_live(world.workspace.inventory(), image)
    assert (elsewhere / f"{image}.qcow2").exists()


def test_revision_1_is_not_revision_10(world: World, image: str):
    ten = image.removesuffix("-v1") + "-v10"
    shutil.copy(world.master(image), world.master(ten))
    delete(world, image)
    assert world.master(ten).exists()


@pytest.mark.parametrize("name", ["../x", "a b", "-rf", "$(id)", "x" * 300])
def test_bad_names(world: World, name: str):
    with pytest.raises(UsageError):
        delete(world, name)


def stand_elsewhere(world: World, image: str, host: str, *, outside: Path) -> Path:
    """A domain on `host` whose disk lies in another folder; two files stand between."""
    outside.mkdir()
    backing = world.master(image)
    for name in ("middle.qcow2", "top.qcow2"):
        disk = outside / name
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-b", backing, "-F", "qcow2", disk],
            check=True,
        )
        backing = disk
    world.computer("vm1" if host == "kvm-a" else "vm2", image).load()
    connection = world.workspace.session(host).connection
    (domain,) = domains.list_domains(connection)
    xml = domains.domain_xml(connection, domain.uuid)
    domains.destroy(connection, domain.uuid)
    domains.undefine(connection, domain.uuid)
    (source,) = [disk.source for disk in parse_domain(xml).disks]
    assert source is not None
    Path(source).unlink()
    domains.define(connection, with_name(xml.replace(source, str(backing)), "by-hand"))
    return backing


@pytest.mark.parametrize("host", ["kvm-a", "kvm-b"])
def test_a_disk_outside_the_folders_that_stands_on_it(
    world: World, image: str, host: str, tmp_path: Path
):
    stand_elsewhere(world, image, host, outside=tmp_path / "outside")
    with pytest.raises(RefusedError, match=f"domain by-hand on {host}"):
        delete(world, image)
    assert world.master(image).exists()


def test_an_unreadable_disk_outside_the_folders(world: World, image: str, tmp_path: Path):
    disk = stand_elsewhere(world, image, "kvm-b", outside=tmp_path / "outside")
    disk.write_bytes(disk.read_bytes()[:90])
    with pytest.raises(RefusedError, match="can't be told"):
        delete(world, image)
    assert world.master(image).exists()


def test_a_link_and_a_loop_are_seen_through(world: World, image: str, tmp_path: Path):
    disk = stand_elsewhere(world, image, "kvm-a", outside=tmp_path / "outside")
    kept = disk.with_name("elsewhere.qcow2")
    disk.rename(kept)
    disk.symlink_to(kept)
    with pytest.raises(RefusedError, match="domain by-hand"):
        delete(world, image)
    disk.unlink()
    for one, other in ((disk, kept), (kept, disk)):
        one.unlink(missing_ok=True)
        subprocess.run(
            [
                "qemu-img",
                "create",
                "-q",
                "-u",
                "-f",
                "qcow2",
                "-b",
                other,
                "-F",
                "qcow2",
                one,
                "1M",
            ],
            check=True,
        )
    delete(world, image)
    assert not world.master(image).exists()


def test_a_volume_of_a_storage_pool_is_followed(world: World, image: str, tmp_path: Path):
    disk = stand_elsewhere(world, image, "kvm-a", outside=tmp_path / "outside")
    connection = world.workspace.session("kvm-a").connection
    (domain,) = domains.list_domains(connection)
    xml = domains.domain_xml(connection, domain.uuid)
    xml = xml.replace(f"<source file='{disk}'/>", "<source pool='none' volume='top.qcow2'/>")
    domains.define(connection, xml.replace("<disk type='file'", "<disk type='volume'"))
    with pytest.raises(RefusedError, match="volume top.qcow2 of the pool none"):
        delete(world, image)
    assert world.master(image).exists()


def test_a_split_image_goes_with_its_descriptor(world: World, image: str):
    folder = world.home / "repository" / image
    options = ["-o", "subformat=twoGbMaxExtentSparse"]
    disk, target = folder / f"{image}.qcow2", folder / f"{image}.vmdk"
    subprocess.run(
        ["qemu-img", "convert", "-f", "qcow2", "-O", "vmdk", *options, disk, target], check=True
    )
    disk.unlink()
    assert len(list(folder.glob("*.vmdk"))) == 2
    delete(world, image, from_repository=True)
    assert not folder.exists()


@pytest.mark.parametrize("shared", [False, True])
def test_a_datastore_that_is_mounted_elsewhere_on_another_host(
    world: World, image: str, tmp_path: Path, shared: bool
):
    """The folder has another name there, and the disks that stand on it another folder."""
    mounted, own = tmp_path / "mounted", tmp_path / "own"
    repository = world.home / "repository" if shared else own
    mounted.symlink_to(world.home / "datastore")
    own.mkdir()
    session = world.workspace.session("kvm-b")
    profile = replace(
        session.profile, datastore=str(mounted), vmpath=str(own), repository=str(repository)
    )
    session.vmhost = replace(session.vmhost, profile=profile)
    world.computer("vm2", image).load()
    with pytest.raises(RefusedError, match="domain vm2:.* on kvm-b"):
        delete(world, image)
    assert world.master(image).exists()
    world.computer("vm2").unload()
    delete(world, image)
    assert not world.master(image).exists()


@pytest.mark.parametrize("shared", [True, False])
def test_a_host_of_another_management_node(world: World, image: str, shared: bool):
    """It is in the database, and not among those that this node works on."""
    folder = str(world.home / ("datastore" if shared else "other"))
    profile = VMProfile("theirs", folder, folder)
    hosts.add_vmhost(world.workspace.inventory(), VMHost("kvm-z", "test:///default", profile))
    ours = (world.workspace.session("kvm-b"),)

    def delete_here(*, from_repository: bool) -> list[str]:
        planner = partial(plan_delete_image, image_name=image, from_repository=from_repository)
        context = replace(world.host("kvm-a").context, other_hosts=ours)
        return [step.name for step in execute(context, f"image-{image}", planner).steps]

    if shared:
        with pytest.raises(RefusedError, match="kvm-z of another management node"):
            delete_here(from_repository=False)
        assert world.master(image).exists()
        return
    assert delete_here(from_repository=False) == ["delete-image"]
    assert delete_here(from_repository=True) == ["delete-image"]
    assert revisions.is_live(world.workspace.inventory(), image), "kvm-z may have a copy"


def test_each_host_may_have_a_datastore_of_its_own_under_one_name(world: World, image: str):
    """The file on kvm-b is another one, so it is not the last copy that goes."""

    class Node(LocalNode):
        def stat(self, path: str) -> FileStat | None:
            found = super().stat(path)
            return None if found is None else replace(found, inode=found.inode + 1)

    world.workspace.session("kvm-b")._node = Node("kvm-b")
    delete(world, image, from_repository=True)
    delete(world, image)
    assert not world.master(image).exists()
    assert revisions.is_live(world.workspace.inventory(), image)


def test_the_row_goes_only_when_nothing_is_in_the_way(
    world: World, image: str, monkeypatch: pytest.MonkeyPatch
):
    delete(world, image, from_repository=True)
    database = world.workspace.inventory()
    context = world.host("kvm-a").context
    operation = plan_delete_image(context, image)
    overlay = world.home / "vms" / "late.qcow2"
    options = ["-q", "-f", "qcow2", "-b", world.master(image), "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", *options, overlay], check=True)
    with pytest.raises(RefusedError, match=r"late\.qcow2"):
        execute(context, f"image-{image}", lambda _: operation)
    assert revisions.is_live(database, image)
    overlay.unlink()

    def fail(self: LocalNode, path: str) -> bool:
        raise NodeError(f"Can't remove {path}")

    with monkeypatch.context() as patch:
        patch.setattr(LocalNode, "remove_file", fail)
        with pytest.raises(NodeError):
            delete(world, image)
    assert revisions.is_live(database, image)
    assert world.master(image).exists()
    delete(world, image)
    assert not revisions.is_live(database, image)


def test_a_file_that_has_an_images_pretty_name(world: World, image: str):
    pretty = images.get_revision(world.workspace.inventory(), image).prettyname.replace(" ", "")
    other = world.add_image(pretty)
    stray = world.home / "datastore" / f"{pretty}.qcow2"
    shutil.copy(world.master(other), stray)
    delete(world, pretty)
    assert not stray.exists()
    assert revisions.is_live(world.workspace.inventory(), other)
    assert world.master(other).exists()


def test_an_image_with_the_name_of_a_part_is_another_image(world: World):
    repository = world.home / "repository"
    for name in ("web", "web-s001"):
        create = ["qemu-img", "create", "-q", "-f", "vmdk", repository / f"{name}.vmdk", "1M"]
        subprocess.run(create, check=True)
    delete(world, "web", from_repository=True)
    with pytest.raises(NotFoundError):
        delete(world, "web", from_repository=True)
    assert [path.name for path in repository.glob("web*")] == ["web-s001.vmdk"]
