"""VM hosts: what the configuration says of one, and what its libvirt says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class VMProfile:
    """VCL's VM host profile: where disks live and which networks a domain is put on.

    Paths are paths on the VM host. `vmpath` falls back to the datastore; no `repository` means
    that there is none. `virtualswitch0` carries the private, `virtualswitch1` the public NIC; a
    domain has no second NIC where virtualswitch1 is None.
    """

    name: str
    datastore: str
    vmpath: str | None = None
    repository: str | None = None
    datastore_image_type: str = "qcow2"
    repository_image_type: str = "qcow2"
    virtualswitch0: str | None = "default"
    virtualswitch1: str | None = None
    eth0_generated: bool = False
    eth1_generated: bool = False

    @property
    def copy_on_write_directory(self) -> str:
        """Where the domains' own disks are made."""
        return self.vmpath or self.datastore


@dataclass(frozen=True, slots=True)
class GuestAccess:
    """How guests on a host are reached. `method` is `ssh` or `simulated`.

    `boot_seconds` is how long a simulated guest takes to answer after a load.
    """

    method: str = "ssh"
    user: str = "root"
    identity_file: str | None = None
    ports: tuple[int, ...] = (22, 24)
    proxy_jump: str | None = None
    boot_timeout_seconds: float = 605.0
    shutdown_timeout_seconds: float = 300.0
    boot_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class VMHost:
    """A VM host as configured. `driver` None means: the first driver that initializes.

    `domain_name_style` is `seed` (`<computer>:<image>`) or `vcl25`
    (`<computer>_<prettyname>_<id>-v<revision>`). `profile` is None for a host that was only
    named by its URI; such a host can be looked at and powered, not loaded onto.
    """

    name: str
    uri: str
    profile: VMProfile | None = None
    driver: str | None = None
    id: int | None = None
    xml_directory: str = "/tmp/vcl"  # noqa: S108 - the folder that VCL uses
    domain_name_style: str = "seed"
    guests: GuestAccess = field(default_factory=GuestAccess)


@dataclass(frozen=True, slots=True)
class GuestCapability:
    """One <guest> of the host's capabilities: an architecture and what can run it."""

    arch: str
    emulator: str | None
    domain_types: tuple[str, ...]
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostCapabilities:
    """What a host's libvirt can run. `hypervisor` is libvirt's type: QEMU, TEST, Xen ..."""

    hypervisor: str
    host_arch: str
    guests: tuple[GuestCapability, ...] = ()
    libvirt_version: str = ""
    hypervisor_version: str = ""

    def guest(self, domain_type: str, arch: str | None = None) -> GuestCapability | None:
        """The guest entry that offers `domain_type` on `arch` (default: the host's), or None."""
        wanted = arch or self.host_arch
        for guest in self.guests:
            if guest.arch == wanted and domain_type in guest.domain_types:
                return guest
        return None


@dataclass(frozen=True, slots=True)
class HostStatus:
    """A host's figures at one moment."""

    hostname: str
    cpus: int
    memory_bytes: int
    memory_free_bytes: int | None


@dataclass(frozen=True, slots=True)
class Network:
    """A libvirt network on a host."""

    name: str
    active: bool
    autostart: bool
    bridge: str | None = None


@dataclass(frozen=True, slots=True)
class HostInterface:
    """A physical or bridge interface on a host."""

    name: str
    active: bool
    mac: str | None = None
