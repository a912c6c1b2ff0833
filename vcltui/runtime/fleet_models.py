"""What is known of the hosts and what is on them at one moment, as plain facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from vcltui.disks.images import StoredImage
from vcltui.models.disk import DiskInfo
from vcltui.models.domain import DomainDefinition, PowerState, Snapshot, VCLFacts
from vcltui.models.host import HostStatus
from vcltui.models.inventory import Computer, ImageRevision
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

    `facts` is what a load wrote into it. `cpu_percent` is of its own vCPUs, 0 to 100; None for
    one that is off and until two samples are there.
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


@dataclass(frozen=True, slots=True)
class LiveHost:
    """A host as it was when it answered last.

    `reason` and `hint` tell why it is unreachable. `answered_at` is the monotonic time in seconds
    of the last answer, None before the first. `driver_problem` tells why no driver fits.
    """

    name: str
    uri: str
    state: HostState = HostState.CONNECTING
    reason: str = ""
    hint: str = ""
    answered_at: float | None = None
    driver: str | None = None
    driver_problem: str | None = None
    status: HostStatus | None = None
    domains: tuple[LiveDomain, ...] = ()

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

    `stale`: its host does not answer now.
    """

    host: str
    domain: LiveDomain | None
    computer: Computer | None = None
    image: str | None = None
    flags: tuple[Flag, ...] = ()
    stale: bool = False

    @property
    def key(self) -> str:
        """What tells it from every other."""
        return f"{self.host}/{self.domain.uuid}" if self.domain else f"{self.host}//{self.name}"

    @property
    def name(self) -> str:
        """The domain's name, or the computer's that has none."""
        if self.domain is not None:
            return self.domain.name
        return self.computer.name if self.computer else ""


@dataclass(frozen=True, slots=True)
class InventoryFacts:
    """The inventory as it was read last. `problem` is why it could not be read.

    `exists` is False where there is none at all.
    """

    exists: bool = False
    read: bool = False
    computers: tuple[Computer, ...] = ()
    revisions: tuple[ImageRevision, ...] = ()
    reservations: tuple[ReservationRow, ...] = ()
    problem: str | None = None


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

    `addresses` are IP addresses by MAC address. `problem` is why it could not be read.
    """

    host: str
    uuid: str
    definition: DomainDefinition | None = None
    xml: str = ""
    snapshots: tuple[Snapshot, ...] = ()
    disks: tuple[DiskChain, ...] = ()
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class HostImages:
    """The images of one host; `problem` is why they could not be read."""

    host: str
    images: tuple[StoredImage, ...] = ()
    problem: str | None = None
