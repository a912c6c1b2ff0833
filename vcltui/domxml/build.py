"""A domain's XML from its specification."""

from __future__ import annotations

from lxml import etree

from vcltui.domxml.elements import E
from vcltui.domxml.facts import facts_description, facts_element
from vcltui.domxml.spec import DiskSpec, DomainSpec, InterfaceSpec
from vcltui.domxml.text import check_text
from vcltui.errors import DomainXMLError

_X86 = frozenset({"i686", "x86_64"})
_TARGETS = {
    "ide": "hda",
    "virtio": "vda",
    "scsi": "sda",
    "sata": "sda",
    "usb": "sda",
    "xen": "xvda",
}
_INTERFACE_KINDS = frozenset({"network", "bridge"})
_VNC_ADDRESS = "127.0.0.1"


def build_domain_xml(spec: DomainSpec) -> str:
    """The <domain> document of `spec`, indented (generate_domain_xml of the specification).

    Raises DomainXMLError for a text that XML or a single line can't hold, an unknown disk bus or
    kind of interface, and memory or CPUs below 1.
    """
    if spec.memory_mib < 1 or spec.vcpus < 1:
        raise DomainXMLError(
            f"The domain {spec.name!r} would have {spec.memory_mib} MiB and {spec.vcpus} CPUs",
            "It needs at least 1 of each",
        )
    facts = spec.facts
    check_text("image name", facts.image_name)
    check_text("computer name", facts.computer_name)
    check_text("management node's name", facts.management_node)
    root = E.domain(
        E.name(check_text("domain name", spec.name)),
        E.uuid(check_text("UUID", spec.uuid)),
        E.metadata(facts_element(facts)),
        E.description(facts_description(facts)),
        E.memory(str(spec.memory_mib), unit="MiB"),
        E.currentMemory(str(spec.memory_mib), unit="MiB"),
        E.vcpu(str(spec.vcpus)),
        _os(spec),
        *_features(spec),
        *_cpu(spec),
        E.clock(offset="localtime" if spec.windows else "utc"),
        E.on_poweroff(check_text("power-off action", spec.on_poweroff)),
        E.on_reboot("restart"),
        E.on_crash("preserve"),
        _devices(spec),
        type=check_text("domain type", spec.domain_type),
    )
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def cpu_topology(vcpus: int) -> tuple[int, int, int] | None:
    """Sockets, cores and threads for a number of CPUs; None where libvirt's default is meant.

    Above 2 CPUs: two sockets, half the cores each. The product must be the number of CPUs, so an
    odd number is put on one socket.
    """
    if vcpus <= 2:
        return None
    return (1, vcpus, 1) if vcpus % 2 else (2, vcpus // 2, 1)


def _os(spec: DomainSpec) -> etree._Element:
    machine = {"machine": check_text("machine type", spec.machine)} if spec.machine else {}
    return E.os(
        E.type("hvm", arch=check_text("architecture", spec.arch), **machine), E.boot(dev="hd")
    )


def _features(spec: DomainSpec) -> list[etree._Element]:
    return [E.features(E.acpi(), E.apic())] if spec.arch in _X86 else []


def _cpu(spec: DomainSpec) -> list[etree._Element]:
    topology = cpu_topology(spec.vcpus)
    if spec.cpu_mode is None and topology is None:
        return []
    cpu = E.cpu()
    if spec.cpu_mode is not None:
        cpu.set("mode", check_text("CPU mode", spec.cpu_mode))
        cpu.append(E.model(fallback="allow"))
    if topology is not None:
        sockets, cores, threads = map(str, topology)
        cpu.append(E.topology(sockets=sockets, cores=cores, threads=threads))
    return [cpu]


def _devices(spec: DomainSpec) -> etree._Element:
    devices = E.devices()
    if spec.emulator:
        devices.append(E.emulator(check_text("emulator", spec.emulator)))
    devices.append(_disk(spec.disk))
    devices.extend(_interface(interface) for interface in spec.interfaces)
    devices.append(E.serial(E.target(port="0"), type="pty"))
    devices.append(E.console(E.target(type="serial", port="0"), type="pty"))
    if spec.vnc:
        devices.append(
            E.graphics(
                E.listen(type="address", address=_VNC_ADDRESS),
                type="vnc",
                port="-1",
                autoport="yes",
                listen=_VNC_ADDRESS,
            )
        )
    return devices


def _disk(disk: DiskSpec) -> etree._Element:
    target = _TARGETS.get(disk.bus)
    if target is None:
        raise DomainXMLError(
            f"{disk.bus!r} is no disk bus that a domain can be built with",
            f"Possible are {', '.join(_TARGETS)}",
        )
    driver = E.driver(type=check_text("disk format", disk.format))
    if disk.driver_name is not None:
        driver.set("name", check_text("disk driver's name", disk.driver_name))
    if disk.cache is not None:
        driver.set("cache", check_text("disk cache", disk.cache))
    return E.disk(
        driver,
        E.source(file=check_text("disk path", disk.path)),
        E.target(dev=target, bus=disk.bus),
        type="file",
        device="disk",
    )


def _interface(interface: InterfaceSpec) -> etree._Element:
    kind = interface.kind
    if kind not in _INTERFACE_KINDS:
        raise DomainXMLError(
            f"{kind!r} is no kind of interface that a domain can be built with",
            "Possible are network and bridge",
        )
    source = check_text("network or bridge name", interface.source)
    element = E.interface(
        E.source({kind: source}), E.model(type=check_text("NIC model", interface.model)), type=kind
    )
    if interface.mac:
        mac = check_text("MAC address", interface.mac)
        element.insert(0, E.mac(address=mac.lower()))
    return element
