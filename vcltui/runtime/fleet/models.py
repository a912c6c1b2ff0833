"""What is known of the hosts and what is on them at one moment, as plain facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from vcltui.models.domain import DomainDefinition, PowerState, Snapshot, VCLFacts
from vcltui.models.host import HostStatus
from vcltui.models.inventory import Computer, ImageRevision

if TYPE_CHECKING:
    from vcltui.disks.images import StoredImage
    from vcltui.models.disk import DiskInfo
    from vcltui.models.reservation import ReservationRow


class HostState(Enum):
    """Whether a host answers; `value` is the word shown to people."""

    CONNECTING = "connecting"
    UP = "up"
    UNREACHABLE = "unreachable"


class Flag(Enum):
    """What is odd about a domain; `value` is the word shown to people."""

    NO_COMPUTER = "no computer"
    OTHER_HOST = "orphan"
    WRONG_IMAGE = "wrong image"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True)
class LiveDomain:
    """A domain as its host told it last.

    `facts` is what a load wrote into it. `cpu_percent` is of its own vCPUs, 0 to 100 in whole
    numbers; None for one that is off, until two samples are there, and where its host does not
    count CPU time for all its domains at once. vCPUs and memory are 0 until its XML is read.
    `started_at` (UTC) is since when it runs; where that is not `started_exactly` so, it was seen
    running then, and may have run before. `address` is one that its host has leased to it.
    """

    host: str
    uuid: str
    name: str
    power: PowerState
    reason: str = ""
    vcpus: int = 0
    memory_bytes: int = 0
    persistent: bool = True
    autostart: bool | None = None
    cpu_percent: float | None = None
    facts: VCLFacts | None = None
    started_at: datetime | None = None
    started_exactly: bool = False
    address: str | None = None


@dataclass(frozen=True, slots=True)
class LiveHost:
    """A host as it was when it answered last.

    `reason` and `hint` tell why it is unreachable. `answered_at` is the monotonic time in seconds
    of the last answer, None before the first. `driver_problem` tells why no driver fits.
    `asked_at` is the monotonic time since when an answer is waited for, noted when that takes
    its time; None while none is. The datastore's figures are None where they can't be read.
    `hypervisor` is libvirt's word for it (QEMU, TEST ...); with `libvirt_version` empty until read.
    `looked_at` is the monotonic time of these figures, of the driver and the leased addresses.
    Hosts that differ in these three times alone are equal.

    A domain that is as it was is the same object as before, and so is the tuple where all are.
    """

    name: str
    uri: str
    state: HostState = HostState.CONNECTING
    reason: str = ""
    hint: str = ""
    answered_at: float | None = field(default=None, compare=False)
    driver: str | None = None
    driver_problem: str | None = None
    status: HostStatus | None = None
    domains: tuple[LiveDomain, ...] = ()
    asked_at: float | None = field(default=None, compare=False)
    datastore_free_bytes: int | None = None
    datastore_total_bytes: int | None = None
    libvirt_version: str = ""
    hypervisor: str = ""
    looked_at: float | None = field(default=None, compare=False)

    @property
    def running(self) -> int:
        """How many domains hold a running process."""
        return sum(domain.power.is_active for domain in self.domains)

    @property
    def given_memory_bytes(self) -> int:
        """The memory of the domains that are running."""
        return sum(domain.memory_bytes for domain in self.domains if domain.power.is_active)


@dataclass(frozen=True, slots=True)
class DomainView:
    """A domain with what the inventory knows of it, or a computer on which there is none.

    `host` is empty for a computer that is on no host.
    `key` tells it from every other. `stale`: its host does not answer now. `address` is the
    inventory's, else the one that was leased. `reservation` is the id of the reservation that
    holds the computer, or will next; `reservation_state` the state of its request.
    """

    host: str
    domain: LiveDomain | None
    computer: Computer | None = None
    image: str | None = None
    flags: tuple[Flag, ...] = ()
    stale: bool = False
    address: str | None = None
    reservation: int | None = None
    reservation_state: str = ""
    key: str = field(init=False)

    def __post_init__(self) -> None:
        domain = self.domain
        key = domain_key(self.host, domain.uuid) if domain else empty_key(self.host, self.name)
        object.__setattr__(self, "key", key)

    @property
    def name(self) -> str:
        """The domain's name, or the computer's that has none."""
        if self.domain is not None:
            return self.domain.name
        return self.computer.name if self.computer else ""

    @property
    def owner(self) -> str:
        """The computer's name, or the domain's that belongs to none."""
        return self.computer.name if self.computer else self.name


def domain_key(host: str, uuid: str) -> str:
    """The key of the row of a domain."""
    return f"{host}/{uuid}"


def empty_key(host: str, computer: str) -> str:
    """The key of the row of a computer without a domain."""
    return f"{host}//{computer}"


@dataclass(frozen=True, slots=True)
class InventoryFacts:
    """The inventory as it was read last. `problem` is why it could not be read.

    `exists` is False where there is none at all. `read_at` is the monotonic time of reading.
    """

    exists: bool = False
    read: bool = False
    computers: tuple[Computer, ...] = ()
    revisions: tuple[ImageRevision, ...] = ()
    reservations: tuple[ReservationRow, ...] = ()
    problem: str | None = None
    read_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DiskChain:
    """A disk of a domain and the files it stands on; `problem` where they can't be read."""

    target: str
    source: str
    files: tuple[DiskInfo, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DomainDetails:
    """What is read of one domain when somebody looks at it.

    `addresses` are IP addresses by MAC address. `problem` is why it could not be read; what is
    shown beside it was read before, at the monotonic time `read_at`.
    """

    host: str
    uuid: str
    definition: DomainDefinition | None = None
    xml: str = ""
    snapshots: tuple[Snapshot, ...] = ()
    disks: tuple[DiskChain, ...] = ()
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str | None = None
    read_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class HostImages:
    """The images of one host. `problem` and `read_at` are as those of the details."""

    host: str
    images: tuple[StoredImage, ...] = ()
    problem: str | None = None
    read_at: float | None = field(default=None, compare=False)
