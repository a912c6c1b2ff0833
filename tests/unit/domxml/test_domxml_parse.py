from __future__ import annotations

from pathlib import Path

import pytest

from vcltui.domxml.parse import (
    DEFAULT_REFERENCE,
    MAX_XML_BYTES,
    ReferenceHardware,
    parse_domain,
    parse_xml,
    reference_hardware,
)
from vcltui.errors import DomainXMLError
from vcltui.models.domain import DomainDisk, DomainInterface

LAUGHS = (
    '<?xml version="1.0"?><!-- > --><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {name} "{("&" + previous + ";") * 10}">'
        for previous, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]><domain><name>&j;</name></domain>"
)


def domain(body: str = "", devices: str = "", kind: str = "test") -> str:
    return (
        f"<domain type='{kind}'><name>vm1</name><memory>1</memory>{body}"
        f"<devices>{devices}</devices></domain>"
    )


def test_entity_bomb_is_refused() -> None:
    with pytest.raises(DomainXMLError, match="document type declaration"):
        parse_xml(LAUGHS)


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_an_entity_does_not_read_files(scheme: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    text = (
        f'<!DOCTYPE domain [<!ENTITY x SYSTEM "{scheme}{secret}">]>'
        "<domain><name>&x;</name></domain>"
    )
    with pytest.raises(DomainXMLError) as caught:
        parse_domain(text)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE domain>",
        "\n\t<!DOCTYPE domain>",
        "<!-- <!DOCTYPE --><?x <!-- ?><!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x.dtd'>",
        '\ufeff<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE domain>',
    ],
)
def test_every_place_of_a_doctype_is_seen(prolog: str) -> None:
    with pytest.raises(DomainXMLError, match="document type declaration"):
        parse_xml(f"{prolog}<domain/>")


@pytest.mark.parametrize(
    "text",
    ["<!-- <!DOCTYPE x> --><domain/>", "<domain><![CDATA[<!DOCTYPE x>]]></domain>"],
)
def test_the_word_doctype_in_data_is_data(text: str) -> None:
    assert parse_xml(text).tag == "domain"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "<domain",
        "<domain></dom>",
        "no xml",
        "<domain>&undefined;</domain>",
        "<domain>\x00</domain>",
        "<domain>\ud800</domain>",
        "<a>" * 300 + "</a>" * 300,
        "<!-- x --><!-- " * 5000,
    ],
)
def test_malformed_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(DomainXMLError) as caught:
        parse_xml(text)
    assert "\n" not in caught.value.what


def test_too_large_is_refused() -> None:
    with pytest.raises(DomainXMLError, match="At most"):
        parse_xml("<a>" + "x" * MAX_XML_BYTES + "</a>")


def test_a_declared_encoding_does_not_matter() -> None:
    text = '<?xml version="1.0" encoding="iso-8859-1"?><a>é漢</a>'
    assert parse_xml(text).text == "é漢"


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ("<memory>1</memory>", 1024),
        ("<memory unit='KiB'>1</memory>", 1024),
        ("<memory unit='k'>1</memory>", 1024),
        ("<memory unit='KB'>1</memory>", 1000),
        ("<memory unit='b'>7</memory>", 7),
        ("<memory unit='bytes'>7</memory>", 7),
        ("<memory unit='M'>2</memory>", 2 * 1024**2),
        ("<memory unit='MiB'> 2 </memory>", 2 * 1024**2),
        ("<memory unit='MB'>2</memory>", 2_000_000),
        ("<memory unit='GiB'>3</memory>", 3 * 1024**3),
        ("<memory unit='TB'>1</memory>", 10**12),
        ("", 0),
    ],
)
def test_memory_units(memory: str, expected: int) -> None:
    assert parse_domain(f"<domain><name>a</name>{memory}</domain>").memory_bytes == expected


@pytest.mark.parametrize(
    "text",
    [
        "<network><name>a</name></network>",
        "<domain/>",
        "<domain><name></name></domain>",
        "<domain><name>a</name><memory unit='furlong'>1</memory></domain>",
        "<domain><name>a</name><memory>much</memory></domain>",
        "<domain><name>a</name><memory>-1</memory></domain>",
        "<domain><name>a</name><memory>1_0</memory></domain>",
        "<domain><name>a</name><vcpu>" + "9" * 5000 + "</vcpu></domain>",
    ],
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(DomainXMLError):
        parse_domain(text)


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        (
            "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
            "<source file='/i/vm1_1-v1.qcow2'/><target dev='vda' bus='virtio'/></disk>",
            DomainDisk("disk", "/i/vm1_1-v1.qcow2", "vda", "virtio", "qcow2"),
        ),
        (
            "<disk type='block'><source dev='/dev/sdb'/><target dev='sdaa'/></disk>",
            DomainDisk("disk", "/dev/sdb", "sdaa", "scsi", None),
        ),
        (
            "<disk type='volume'><source pool='p' volume='v'/><target dev='hda'/></disk>",
            DomainDisk("disk", "p/v", "hda", "ide", None),
        ),
        (
            "<disk type='network'><source protocol='rbd' name='p/i'/><target dev='xvda'/></disk>",
            DomainDisk("disk", "rbd:p/i", "xvda", "xen", None),
        ),
        (
            "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>",
            DomainDisk("cdrom", None, "hdc", "ide", None, readonly=True),
        ),
        (
            "<disk type='nvme'><source type='pci'/><target dev='vdb'/></disk>",
            DomainDisk("disk", "nvme:", "vdb", "virtio", None),
        ),
    ],
)
def test_disks(disk: str, expected: DomainDisk) -> None:
    assert parse_domain(domain(devices=disk)).disks == (expected,)


@pytest.mark.parametrize(
    ("interface", "expected"),
    [
        (
            "<interface type='network'><mac address='52:54:00:AA:00:01'/>"
            "<source network='default' bridge='virbr0'/><model type='virtio'/></interface>",
            DomainInterface("network", "default", "52:54:00:aa:00:01", "virtio"),
        ),
        (
            "<interface type='bridge'><source bridge='br0'/></interface>",
            DomainInterface("bridge", "br0", None, None),
        ),
        (
            "<interface type='direct'><source dev='eth0' mode='vepa'/></interface>",
            DomainInterface("direct", "eth0", None, None),
        ),
        ("<interface type='user'/>", DomainInterface("user", None, None, None)),
    ],
)
def test_interfaces(interface: str, expected: DomainInterface) -> None:
    assert parse_domain(domain(devices=interface)).interfaces == (expected,)


@pytest.mark.parametrize(
    ("body", "nvram"),
    [
        ("<os><nvram template='/t'>/n/vm1.fd</nvram></os>", "/n/vm1.fd"),
        ("<os><nvram type='file'><source file='/n/vm1.fd'/></nvram></os>", "/n/vm1.fd"),
        ("<os><nvram/></os>", None),
        ("", None),
    ],
)
def test_nvram(body: str, nvram: str | None) -> None:
    assert parse_domain(domain(body)).nvram == nvram


@pytest.mark.parametrize(
    ("vcpu", "expected"),
    [("<vcpu current='2'>4</vcpu>", 2), ("<vcpu placement='static'>4</vcpu>", 4), ("", 1)],
)
def test_vcpus(vcpu: str, expected: int) -> None:
    assert parse_domain(domain(vcpu)).vcpus == expected


DISK = "<disk device='{}'><source file='/d'/><target dev='{}' {}/></disk>"


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ("", ReferenceHardware("ide", "rtl8139")),
        (DISK.format("disk", "vda", "bus='virtio'"), ReferenceHardware("virtio", "rtl8139")),
        (
            DISK.format("cdrom", "hdc", "bus='ide'") + DISK.format("disk", "sda", "bus='sata'"),
            ReferenceHardware("sata", "rtl8139"),
        ),
        (DISK.format("disk", "vda", ""), ReferenceHardware("virtio", "rtl8139")),
        (
            "<interface type='user'/><interface type='user'><model type='e1000'/></interface>",
            ReferenceHardware("ide", "e1000"),
        ),
    ],
)
def test_reference_hardware(devices: str, expected: ReferenceHardware) -> None:
    assert reference_hardware(domain(devices=devices)) == expected


def test_reference_hardware_without_xml() -> None:
    assert reference_hardware(None) == DEFAULT_REFERENCE == ReferenceHardware("ide", "rtl8139")


def test_reference_hardware_of_malformed_xml_is_refused() -> None:
    with pytest.raises(DomainXMLError):
        reference_hardware("<domain")
