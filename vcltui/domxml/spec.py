"""Everything that is decided about a domain before its XML is built."""

from __future__ import annotations

from dataclasses import dataclass

from vcltui.models.domain import VCLFacts


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """The domain's one disk. `path` is on the host; `format` is qcow2, raw ...

    `bus` is ide, virtio, scsi, sata, usb or xen. `driver_name` and `cache` are left to the
    hypervisor where None.
    """

    path: str
    format: str
    bus: str
    driver_name: str | None = None
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class InterfaceSpec:
    """A network interface. `kind` is `network` or `bridge`, `source` its name on the host.

    libvirt makes a MAC address up where `mac` is None.
    """

    kind: str
    source: str
    model: str
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class DomainSpec:
    """A domain to be defined.

    `domain_type` is kvm, qemu or test; `cpu_mode` is `host-model` or None; `windows` sets the
    clock to local time. `on_poweroff` is VCL's `preserve`; QEMU's driver in libvirt takes
    `destroy` only.
    """

    name: str
    uuid: str
    domain_type: str
    arch: str
    memory_mib: int
    vcpus: int
    disk: DiskSpec
    interfaces: tuple[InterfaceSpec, ...]
    facts: VCLFacts
    emulator: str | None = None
    machine: str | None = None
    cpu_mode: str | None = None
    windows: bool = False
    vnc: bool = True
    on_poweroff: str = "preserve"
