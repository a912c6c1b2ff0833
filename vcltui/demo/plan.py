"""What the sandbox lab consists of: invented hosts, images and computers."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class LabHost:
    """A host on libvirt's test driver. `memory_mib` is in MiB.

    `public` is the network that its profile names for a computer's second card.
    """

    name: str
    datastore: str
    cpus: tuple[int, int]
    memory_mib: int
    public: str = "public"


@dataclass(frozen=True, slots=True)
class LabImage:
    """An image; each of `revisions` is how many MiB of data that revision's disk holds."""

    prettyname: str
    os_name: str
    virtual_size_bytes: int
    revisions: tuple[int, ...]
    min_ram_mib: int = 1024
    min_cpus: int = 1
    only_in_repository: bool = False


@dataclass(frozen=True, slots=True)
class LabComputer:
    """A computer, its host and what is loaded on it: an image's pretty name and revision."""

    name: str
    host: str
    image: str | None = None
    revision: int = 1
    power: str = "on"


HOSTS = (
    LabHost("kvm-a", "datastore-1", (2, 4), 32768),
    LabHost("kvm-b", "datastore-1", (2, 4), 32768),
    LabHost("kvm-c", "datastore-2", (1, 4), 16384),
    # Where all that is wrong on hosts is staged: it lacks the network, too.
    LabHost("kvm-d", "datastore-3", (1, 4), 16384, public="dmz"),
)

IMAGES = (
    LabImage("Debian 12 Base", "linux", 8 * GIB, (8, 10)),
    LabImage("Statistics with R", "linux", 12 * GIB, (14,), min_ram_mib=2048, min_cpus=2),
    LabImage("CentOS 9 Cluster Node", "linux", 10 * GIB, (10, 12, 12), min_ram_mib=2048),
    LabImage("Windows 11 Office", "win10", 40 * GIB, (20,), min_ram_mib=4096, min_cpus=4),
    LabImage("GIS Workstation", "win10", 60 * GIB, (18,), 4096, 2, only_in_repository=True),
)

COMPUTERS = (
    LabComputer("vm1", "kvm-a", "Debian 12 Base", 2),
    LabComputer("vm2", "kvm-a", "Debian 12 Base", 1),
    LabComputer("vm3", "kvm-a", "Statistics with R"),
    LabComputer("vm4", "kvm-a"),
    LabComputer("vm5", "kvm-b", "CentOS 9 Cluster Node", 3),
    LabComputer("vm6", "kvm-b", "CentOS 9 Cluster Node", 3),
    LabComputer("vm7", "kvm-b", "Windows 11 Office", power="off"),
    LabComputer("vm8", "kvm-b"),
    LabComputer("vm9", "kvm-c", "CentOS 9 Cluster Node", 2, power="suspended"),
    LabComputer("vm10", "kvm-c", "Debian 12 Base", 2),
    LabComputer("vm11", "kvm-c"),
    LabComputer("vm12", "kvm-c"),
)
