from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest
from lxml import etree

from vcltui.domxml.build import build_domain_xml, cpu_topology
from vcltui.domxml.parse import parse_domain
from vcltui.domxml.spec import DiskSpec, DomainSpec, InterfaceSpec
from vcltui.domxml.validate import validate_domain
from vcltui.errors import DomainXMLError
from vcltui.models.domain import VCLFacts

GOLDEN = Path(__file__).parent / "golden"
Make = Callable[..., DomainSpec]

CASES: dict[str, dict[str, object]] = {
    "qemu-plain": {"on_poweroff": "destroy"},
    "kvm-windows-4cpu": {
        "name": "vm10:win7-Base13-v10",
        "domain_type": "kvm",
        "vcpus": 4,
        "cpu_mode": "host-model",
        "windows": True,
        "emulator": "/usr/bin/qemu-system-x86_64",
        "machine": "pc",
        "disk": DiskSpec("/images/vm10_13-v10.qcow2", "qcow2", "ide", "qemu", "none"),
    },
    "test-3cpu-arm": {
        "domain_type": "test",
        "arch": "aarch64",
        "vcpus": 3,
        "vnc": False,
        "interfaces": (),
        "disk": DiskSpec("/images/a b <&>'\".raw", "raw", "scsi"),
    },
    "hostile-name": {"name": "vm1:<&\">]]>'é漢"},
}


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, make_spec: Make) -> None:
    xml = build_domain_xml(make_spec(**CASES[case]))
    path = GOLDEN / f"{case}.xml"
    if os.environ.get("VCLTUI_REGENERATE") == "1":
        path.write_text(xml, encoding="utf-8")
    assert xml == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_what_is_built_fits_the_schema_and_reads_back(case: str, make_spec: Make) -> None:
    spec = make_spec(**CASES[case])
    xml = build_domain_xml(spec)
    assert validate_domain(xml)
    domain = parse_domain(xml)
    assert (domain.name, domain.uuid, domain.domain_type) == (
        spec.name,
        spec.uuid,
        spec.domain_type,
    )
    assert domain.memory_bytes == spec.memory_mib * 1024 * 1024
    assert domain.vcpus == spec.vcpus
    assert domain.facts == spec.facts
    assert [(d.source, d.bus, d.driver_type) for d in domain.disks] == [
        (spec.disk.path, spec.disk.bus, spec.disk.format)
    ]
    assert [(n.kind, n.source, n.mac, n.model) for n in domain.interfaces] == [
        (n.kind, n.source, n.mac, n.model) for n in spec.interfaces
    ]


@pytest.mark.parametrize("domain_type", ["kvm", "qemu", "test"])
@pytest.mark.parametrize("bus", ["ide", "virtio", "scsi", "sata", "usb", "xen"])
def test_every_type_and_bus_fits_the_schema(domain_type: str, bus: str, make_spec: Make) -> None:
    spec = make_spec(domain_type=domain_type, disk=DiskSpec("/d.qcow2", "qcow2", bus))
    assert validate_domain(build_domain_xml(spec))


def test_libvirt_keeps_the_facts(make_spec: Make) -> None:
    spec = make_spec(domain_type="test", arch="i686")
    connection = libvirt.open("test:///default")
    try:
        domain = connection.defineXMLFlags(
            build_domain_xml(spec), libvirt.VIR_DOMAIN_DEFINE_VALIDATE
        )
        assert parse_domain(domain.XMLDesc()).facts == spec.facts
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("vcpus", "topology"),
    [(1, None), (2, None), (3, (1, 3, 1)), (4, (2, 2, 1)), (5, (1, 5, 1)), (8, (2, 4, 1))],
)
def test_topology(vcpus: int, topology: tuple[int, int, int] | None, make_spec: Make) -> None:
    assert cpu_topology(vcpus) == topology
    element = etree.fromstring(build_domain_xml(make_spec(vcpus=vcpus))).find("cpu/topology")
    written = None if element is None else tuple(int(value) for value in element.values())
    assert written == topology


@pytest.mark.parametrize(("windows", "offset"), [(True, "localtime"), (False, "utc")])
def test_clock(windows: bool, offset: str, make_spec: Make) -> None:
    root = etree.fromstring(build_domain_xml(make_spec(windows=windows)))
    assert root.find("clock").get("offset") == offset


@pytest.mark.parametrize(
    ("bus", "target"), [("ide", "hda"), ("virtio", "vda"), ("scsi", "sda"), ("sata", "sda")]
)
def test_disk_target(bus: str, target: str, make_spec: Make) -> None:
    root = etree.fromstring(build_domain_xml(make_spec(disk=DiskSpec("/d", "raw", bus))))
    assert root.find("devices/disk/target").get("dev") == target


def test_lifecycle_is_vcls(make_spec: Make) -> None:
    root = etree.fromstring(build_domain_xml(make_spec()))
    actions = [root.findtext(f"on_{event}") for event in ("poweroff", "reboot", "crash")]
    assert actions == ["preserve", "restart", "preserve"]


def test_the_screen_listens_on_the_host_alone(make_spec: Make) -> None:
    graphics = etree.fromstring(build_domain_xml(make_spec())).find("devices/graphics")
    assert dict(graphics.attrib) == {
        "type": "vnc",
        "port": "-1",
        "autoport": "yes",
        "listen": "127.0.0.1",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "vm1\x00"},
        {"name": "vm1\nvm10"},
        {"name": "vm1\x1b[31m"},
        {"name": "vm1\ud800"},
        {"name": "vm1\ufffe"},
        {"name": ""},
        {"emulator": "/usr/bin/\x07"},
        {"memory_mib": 0},
        {"vcpus": 0},
        {"disk": DiskSpec("/d", "raw", "sd-card")},
        {"disk": DiskSpec("", "raw", "ide")},
        {"disk": DiskSpec("/a\x01", "raw", "ide")},
        {"interfaces": (InterfaceSpec("user", "x", "virtio"),)},
        {"interfaces": (InterfaceSpec("bridge", "", "virtio"),)},
        {"interfaces": (InterfaceSpec("bridge", "br\n0", "virtio"),)},
    ],
)
def test_what_no_domain_can_be_made_of_is_refused(
    changes: dict[str, object], make_spec: Make
) -> None:
    with pytest.raises(DomainXMLError):
        build_domain_xml(make_spec(**changes))


def test_a_line_break_in_a_fact_is_refused(make_spec: Make, facts: VCLFacts) -> None:
    hostile = replace(facts, image_name="a-v1\nrequest ID: 1")
    with pytest.raises(DomainXMLError, match="image name"):
        build_domain_xml(make_spec(facts=hostile))
