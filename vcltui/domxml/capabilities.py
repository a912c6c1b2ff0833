"""What a host can run, from its capabilities document."""

from __future__ import annotations

from lxml import etree

from vcltui.domxml.parse import parse_xml
from vcltui.errors import DomainXMLError
from vcltui.models.host import GuestCapability, HostCapabilities

_WHAT = "The capabilities XML"


def parse_capabilities(
    xml: str, *, hypervisor: str, libvirt_version: str = "", hypervisor_version: str = ""
) -> HostCapabilities:
    """A host's capabilities from libvirt's <capabilities> document and what it says of itself.

    `hypervisor` is libvirt's type (QEMU, TEST ...); versions are like "9.0.0". Raises
    DomainXMLError.
    """
    root = parse_xml(xml, _WHAT)
    arch = (root.findtext("host/cpu/arch") or "").strip()
    if root.tag != "capabilities" or not arch:
        raise DomainXMLError(f"{_WHAT} does not name the host's architecture")
    return HostCapabilities(
        hypervisor=hypervisor,
        host_arch=arch,
        guests=tuple(_guest(element) for element in root.iterfind("guest/arch")),
        libvirt_version=libvirt_version,
        hypervisor_version=hypervisor_version,
    )


def _guest(arch: etree._Element) -> GuestCapability:
    emulator = arch.findtext("emulator") or arch.findtext("domain/emulator")
    return GuestCapability(
        arch=arch.get("name", ""),
        emulator=emulator.strip() if emulator else None,
        domain_types=tuple(domain.get("type", "") for domain in arch.iterfind("domain")),
        # iter, not iterfind: a domain type may have machine types of its own.
        machines=tuple(machine.text or "" for machine in arch.iter("machine")),
    )
