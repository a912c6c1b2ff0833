"""The face has every name of the specification, and each says what it does."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from tests.unit.provisioning.world import World
from vcltui.domxml.parse import parse_domain
from vcltui.drivers.base import Driver
from vcltui.drivers.qemu_img import QemuImgDriver
from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.hypervisor import domains, snapshots
from vcltui.models.domain import PowerState, Snapshot
from vcltui.provisioning import deletion
from vcltui.provisioning.module import ProvisioningModule

SPECIFICATION = """
    initialize load unload capture node_status does_image_exist get_image_size
    get_image_repository_search_paths retrieve_image power_status power_on power_off
    power_reset post_maintenance_action driver get_driver_name get_domain_name
    get_active_domain_name get_domain_file_base_name get_domain_xml_directory_path
    get_domain_xml_file_path get_master_image_directory_path get_master_image_file_path
    get_copy_on_write_file_path get_repository_image_directory_path
    get_repository_image_file_path delete_existing_domains delete_domain define_domain
    generate_domain_xml get_domain_info get_domain_xml domain_exists get_snapshot_info
    create_snapshot revert_snapshot delete_snapshot get_image_size_bytes
    find_repository_image_file_paths get_node_network_info get_node_interface_info
""".split()
DRIVER_SPECIFICATION = """
    initialize get_domain_type get_disk_driver_name get_disk_format get_disk_file_extension
    extend_domain_xml pre_define get_virtual_disk_file_info get_virtual_disk_size_bytes
    copy_virtual_disk create_copy_on_write_image update_windows_image
""".split()


@pytest.mark.parametrize("name", SPECIFICATION)
def test_the_module_has_and_documents(name: str):
    method = getattr(ProvisioningModule, name)
    text = inspect.getdoc(method) or ""
    assert "Specification:" in text, f"{name} does not name its source"
    assert len(text.splitlines()[0]) > 15
    assert inspect.signature(method).return_annotation not in (inspect.Signature.empty, "None")
    assert re.search(r"libvirt\.pm|Provisioning\.pm", text)


@pytest.mark.parametrize("name", DRIVER_SPECIFICATION)
def test_the_driver_has_and_documents(name: str):
    assert inspect.getdoc(getattr(Driver, name))
    assert callable(getattr(QemuImgDriver, name))


def test_names_and_paths(world: World, image: str):
    module = world.computer("vm1", image)
    image_id = module.context.image.image_id
    assert module.initialize().name == "Test"
    assert module.get_driver_name() == "Test"
    assert module.get_domain_name() == f"vm1:{image}"
    assert module.get_domain_file_base_name() == f"vm1_{image_id}-v1"
    run = str(world.home / "run" / "kvm-a")
    assert module.get_domain_xml_directory_path() == run
    assert module.get_domain_xml_file_path() == f"{run}/vm1_{image_id}-v1.xml"
    assert module.get_master_image_directory_path() == str(world.home / "datastore")
    assert module.get_master_image_file_path() == str(world.master(image))
    assert module.get_copy_on_write_file_path() == str(
        world.home / "vms" / f"vm1_{image_id}-v1.qcow2"
    )
    repository = world.home / "repository" / image
    assert module.get_repository_image_directory_path() == str(repository)
    assert module.get_repository_image_file_path() == str(repository / f"{image}.qcow2")
    assert module.find_repository_image_file_paths() == (str(repository / f"{image}.qcow2"),)
    assert module.get_image_size_bytes() >= 2 << 20
    assert module.get_image_size() == module.get_image_size_bytes() >> 20
    assert any(
        str(world.home / "repository") in p for p in module.get_image_repository_search_paths()
    )
    assert {"private", "public"} <= set(module.get_node_network_info())
    assert isinstance(module.get_node_interface_info(), dict)


def test_power(world: World, image: str):
    world.computer("vm1", image).load()
    module = world.computer("vm1")
    module.power_off()
    module.power_off()
    assert module.power_status() is PowerState.OFF
    module.power_on()
    module.power_on()
    assert module.power_status() is PowerState.ON
    module.power_reset()
    assert module.power_status(f"vm1:{image}") is PowerState.ON
    with pytest.raises(NotFoundError):
        module.power_status("vm1:")


def test_snapshots_reach_the_disk(world: World, image: str):
    world.computer("vm1", image).load()
    module, name = world.computer("vm1"), f"vm1:{image}"
    guest = world.guest("vm1")
    module.create_snapshot(name, "VCL snapshot", "first")
    guest.write_file("a.txt", "later")
    with pytest.raises(ConflictError):
        module.create_snapshot(name, "VCL snapshot")
    with pytest.raises(NotFoundError, match="VCL snapshot"):
        module.revert_snapshot(name, "VCL snap")
    module.revert_snapshot(name, "VCL snapshot")
    assert world.guest("vm1").read_file("a.txt") is None
    assert module.get_snapshot_info(name)["VCL snapshot"].description == "first"
    module.delete_snapshot(name, "VCL snapshot")
    assert module.get_snapshot_info(name) == {}
    disk = module.driver().get_virtual_disk_file_info(module.get_copy_on_write_file_path())
    assert disk.snapshots == ()
    for bad in ("", "a\nb", "a/b", "x" * 201):
        with pytest.raises(UsageError):
            module.create_snapshot(name, bad)


def test_a_snapshot_with_an_external_one_after_it_is_kept(world: World, image: str):
    """The file of an external one may be what other disks stand on."""
    module = world.computer("vm1", image)
    module.load()
    (name,) = world.domains()
    module.create_snapshot(name, "internal")
    connection = world.workspace.session("kvm-a").connection
    (found,) = domains.list_domains(connection)
    handle = connection.handle.lookupByUUIDString(found.uuid)
    definition = handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    (disk,) = parse_domain(definition).disks
    for child, parent in (("between", "internal"), ("outside", "between")):
        kind = "external" if child == "outside" else "internal"
        file = f"<source file='{world.home}/vms/outside.qcow2'/>" if kind == "external" else ""
        handle.snapshotCreateXML(
            f"<domainsnapshot><name>{child}</name><state>shutoff</state>"
            f"<creationTime>1700000000</creationTime><parent><name>{parent}</name></parent>"
            f"<disks><disk name='{disk.target}' snapshot='{kind}'>{file}</disk></disks>"
            f"{definition}</domainsnapshot>",
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE,
        )
    with pytest.raises(RefusedError, match="'outside' of domain .* is external"):
        module.delete_snapshot(name, "internal", children=True)
    assert set(module.get_snapshot_info(name)) == {"internal", "between", "outside"}


def test_an_unload_takes_the_snapshots_along(world: World, image: str):
    world.computer("vm1", image).load()
    module, name = world.computer("vm1"), f"vm1:{image}"
    for snapshot in ("one", "two", "three"):
        module.create_snapshot(name, snapshot)
    module.unload()
    assert world.domains() == set()


def test_maintenance(world: World, image: str):
    world.computer("vm1", image).load()
    world.computer("vm1").post_maintenance_action()
    assert world.domains() == set()
    with pytest.raises(RefusedError, match="on no VM host"):
        world.computer("vm1")


def test_retrieve(world: World, image: str):
    with pytest.raises(ConflictError, match="already in the datastore"):
        world.computer("vm1", image).retrieve_image()
    world.master(image).unlink()
    (world.home / "datastore" / f"{image}.xml").unlink()
    operation = world.computer("vm1", image).retrieve_image()
    assert [step.name for step in operation.steps] == ["save-xml", "copy-to-master"]
    assert world.master(image).exists()


def test_readonly_changes_nothing(world: World, image: str):
    module = world.computer("vm1", image)
    module.context.session.readonly = True
    with pytest.raises(RefusedError, match="read-only"):
        module.load()
    assert world.domains() == set()


@pytest.mark.parametrize("name", ["vm", "vm100", "VM1", "vm1 ", "-h", "$(id)", "x" * 300, ""])
def test_unknown_computers(world: World, name: str):
    with pytest.raises((NotFoundError, UsageError)):
        world.computer(name)


@pytest.mark.parametrize("name", ["nothing", "linux-Base", "../x", "a b", "x" * 300])
def test_unknown_images(world: World, image: str, name: str):
    with pytest.raises((NotFoundError, UsageError)):
        world.computer("vm1", name)


def test_snapshots_in_a_circle_are_deleted_in_some_order(
    monkeypatch: pytest.MonkeyPatch,
):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    parents = {"a": "c", "b": "a", "c": "b", "d": "c", "e": "d"}
    told = [Snapshot(name, when, "running", parent=above) for name, above in parents.items()]
    monkeypatch.setattr(snapshots, "list_snapshots", lambda *_which: told)
    nothing: Any = SimpleNamespace(session=SimpleNamespace(connection=None), uuid="")
    found = deletion._leaves_first(nothing, nothing)
    assert found[:2] == ["e", "d"]
    assert sorted(found) == sorted(parents)
