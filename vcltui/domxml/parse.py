"""Domain XML read safely: nothing outside the text is opened, no entity is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from vcltui.domxml.facts import read_facts
from vcltui.errors import DomainXMLError
from vcltui.models.domain import DomainDefinition, DomainDisk, DomainInterface

MAX_XML_BYTES = 4 * 1024 * 1024
"""The longest string libvirt itself passes between client and daemon."""

# What may stand before a document's DOCTYPE. Matched alone, so that it can't backtrack.
_PROLOG = re.compile(r"\ufeff?(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_UNIT = re.compile(r"(?P<prefix>[kmgtpe])(?P<base>b|ib)?\Z", re.IGNORECASE)
_TARGET = re.compile(r"xvd|[hsvf]d")
_TARGET_BUSES = {"hd": "ide", "sd": "scsi", "vd": "virtio", "xvd": "xen", "fd": "fdc"}
_SOURCE_ATTRIBUTES = {"file": "file", "block": "dev", "dir": "dir"}
_INTERFACE_SOURCES = ("network", "bridge", "dev", "path", "address")


@dataclass(frozen=True, slots=True)
class ReferenceHardware:
    """The devices an image was captured with, and so has drivers for."""

    disk_bus: str
    nic_model: str


DEFAULT_REFERENCE = ReferenceHardware(disk_bus="ide", nic_model="rtl8139")
"""What practically every system has drivers for; used where nothing says otherwise."""


def parse_xml(text: str, what: str = "The domain XML") -> etree._Element:
    """The root element of an XML text; `what` names it in messages.

    Raises DomainXMLError for a text that is malformed, larger than MAX_XML_BYTES or has a
    document type declaration, which is where entities are made.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DomainXMLError(f"{what} has a character that XML can't hold") from error
    if len(data) > MAX_XML_BYTES:
        raise DomainXMLError(f"{what} has {len(data)} bytes", f"At most {MAX_XML_BYTES} are read")
    prolog = _PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        raise DomainXMLError(
            f"{what} has a document type declaration", "Remove it; entities are not read"
        )
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise DomainXMLError(f"{what} is malformed: {' '.join(error.msg.split())}") from error


def parse_domain(xml: str) -> DomainDefinition:
    """What a <domain> document says. Raises DomainXMLError."""
    root = parse_xml(xml)
    name = root.findtext("name")
    if root.tag != "domain" or not name:
        raise DomainXMLError(
            f"The XML is no domain: it is <{root.tag}>"
            if root.tag != "domain"
            else "The domain XML has no name"
        )
    vcpu = root.find("vcpu")
    return DomainDefinition(
        name=name,
        uuid=_text(root, "uuid"),
        domain_type=root.get("type", ""),
        memory_bytes=_memory_bytes(root.find("memory")),
        vcpus=1 if vcpu is None else _number(vcpu.get("current") or vcpu.text, "vcpu"),
        disks=tuple(_disk(disk) for disk in root.iterfind("devices/disk")),
        interfaces=tuple(_interface(nic) for nic in root.iterfind("devices/interface")),
        description=root.findtext("description") or "",
        facts=read_facts(root),
        nvram=_nvram(root),
    )


def disk_files(xml: str) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Everything a domain document names as a disk or as what a disk stands on.

    Absolute paths of files and devices, and pairs of a storage pool and a volume; those of
    backing stores, mirrors and snapshots included. Raises DomainXMLError.
    """
    disks = parse_xml(xml).iter("disk")
    return _files_of(source for disk in disks for source in disk.iter("source", "dataStore"))


def written_files(xml: str) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The disks of a domain document that its guest may write to, as disk_files names them.

    What they stand on is not among them. Raises DomainXMLError.
    """
    disks = [disk for disk in parse_xml(xml).iter("disk") if disk.find("readonly") is None]
    return _files_of(source for disk in disks for source in disk.iterfind("source"))


def _files_of(
    sources: Iterable[etree._Element],
) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    paths: set[str] = set()
    volumes: set[tuple[str, str]] = set()
    for source in sources:
        named = (source.get("file"), source.get("dev"))
        paths.update(path for path in named if path and path.startswith("/"))
        pool, volume = source.get("pool"), source.get("volume")
        if pool and volume:
            volumes.add((pool, volume))
    return frozenset(paths), frozenset(volumes)


def reference_hardware(xml: str | None) -> ReferenceHardware:
    """The first disk's bus and the first NIC's model of an image's reference XML.

    What it does not say, or None for the XML, gives DEFAULT_REFERENCE's. Raises DomainXMLError.
    """
    if xml is None:
        return DEFAULT_REFERENCE
    domain = parse_domain(xml)
    buses = [disk.bus for disk in domain.disks if disk.device == "disk" and disk.bus]
    models = [nic.model for nic in domain.interfaces if nic.model]
    return ReferenceHardware(
        disk_bus=buses[0] if buses else DEFAULT_REFERENCE.disk_bus,
        nic_model=models[0] if models else DEFAULT_REFERENCE.nic_model,
    )


def _text(parent: etree._Element, path: str) -> str | None:
    return (parent.findtext(path) or "").strip() or None


def _number(text: str | None, element: str) -> int:
    # int() alone would take "1_000" and other alphabets' digits.
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > 20:
        raise DomainXMLError(f"The domain XML has {stripped[:40]!r} as its {element}, no number")
    return int(stripped)


def _memory_bytes(memory: etree._Element | None) -> int:
    """A scaled integer of libvirt: KiB without a unit; KB is 1000, KiB and k are 1024 bytes."""
    if memory is None:
        return 0
    value, unit = _number(memory.text, "memory"), memory.get("unit", "KiB")
    if unit.lower() in {"b", "byte", "bytes"}:
        return value
    match = _UNIT.match(unit)
    if match is None:
        raise DomainXMLError(f"The domain XML gives its memory in {unit!r}, which is no unit")
    base = 1000 if (match["base"] or "").lower() == "b" else 1024
    return int(value * base ** ("kmgtpe".index(match["prefix"].lower()) + 1))


def _disk(disk: etree._Element) -> DomainDisk:
    target, driver = disk.find("target"), disk.find("driver")
    dev = "" if target is None else target.get("dev", "")
    bus = "" if target is None else target.get("bus", "")
    prefix = _TARGET.match(dev)
    return DomainDisk(
        device=disk.get("device", "disk"),
        source=_disk_source(disk),
        target=dev,
        bus=bus or (_TARGET_BUSES[prefix[0]] if prefix else ""),
        driver_type=None if driver is None else driver.get("type"),
        readonly=disk.find("readonly") is not None,
    )


def _disk_source(disk: etree._Element) -> str | None:
    """The path of a file or device; `<pool>/<volume>`; `<protocol>:<name>` of a network disk."""
    kind, source = disk.get("type", "file"), disk.find("source")
    if source is None:
        return None
    if kind in _SOURCE_ATTRIBUTES:
        return source.get(_SOURCE_ATTRIBUTES[kind])
    if kind == "volume":
        return f"{source.get('pool', '')}/{source.get('volume', '')}"
    if kind == "network":
        return f"{source.get('protocol', '')}:{source.get('name', '')}"
    return f"{kind}:"


def _interface(interface: etree._Element) -> DomainInterface:
    source, mac, model = (interface.find(name) for name in ("source", "mac", "model"))
    named = () if source is None else (source.get(key) for key in _INTERFACE_SOURCES)
    address = "" if mac is None else mac.get("address", "").lower()
    return DomainInterface(
        kind=interface.get("type", ""),
        source=next((value for value in named if value), None),
        mac=address or None,
        model=None if model is None else model.get("type"),
    )


def _nvram(root: etree._Element) -> str | None:
    nvram = root.find("os/nvram")
    if nvram is None:
        return None
    source = nvram.find("source")
    return (nvram.text or "").strip() or None if source is None else source.get("file")
