"""Domains, their devices and snapshots, as plain facts read from libvirt."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class PowerState(Enum):
    """The specification's power_status; `value` is the word shown to people.

    `is_active`: whether the domain holds a running process on its host.
    """

    ON = "on"
    OFF = "off"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    CRASHED = "crashed"
    UNKNOWN = "unknown"

    def __init__(self, word: str) -> None:
        # Not a property: it is asked of thousands of domains at a time.
        self.is_active = word in ("on", "suspended", "blocked")


@dataclass(frozen=True, slots=True)
class VCLFacts:
    """What VCL knows of a domain; written into its description and metadata at load."""

    image_name: str
    image_id: int
    image_revision_id: int
    image_revision: int
    computer_id: int
    computer_name: str
    management_node: str
    load_time: datetime
    request_id: int | None = None
    reservation_id: int | None = None


@dataclass(frozen=True, slots=True)
class DomainDisk:
    """A disk of a domain; `device` is disk, cdrom or floppy, `source` None for an empty drive."""

    device: str
    source: str | None
    target: str
    bus: str
    driver_type: str | None
    readonly: bool = False


@dataclass(frozen=True, slots=True)
class DomainInterface:
    """A network interface of a domain. `kind` is libvirt's type: network, bridge, user ..."""

    kind: str
    source: str | None
    mac: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class DomainDefinition:
    """What a domain's XML says, parsed."""

    name: str
    uuid: str | None
    domain_type: str
    memory_bytes: int
    vcpus: int
    disks: tuple[DomainDisk, ...] = ()
    interfaces: tuple[DomainInterface, ...] = ()
    description: str = ""
    facts: VCLFacts | None = None
    nvram: str | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """One row of a host's domain listing, from one bulk call (get_domain_info).

    `reason` is libvirt's word for why it is in this state; times are CPU nanoseconds.
    """

    host: str
    name: str
    uuid: str
    id: int | None
    power: PowerState
    reason: str = ""
    vcpus: int = 0
    memory_bytes: int = 0
    cpu_time_ns: int | None = None
    persistent: bool = True
    autostart: bool | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A libvirt snapshot of a domain. `state` is the domain's state when it was taken."""

    name: str
    creation_time: datetime
    state: str
    description: str = ""
    parent: str | None = None
    is_current: bool = False
    external: bool = False
    children: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Traits:
    """The UUIDs of a host's transient domains and of those that start with it, in no bulk call."""

    transient: frozenset[str] = frozenset()
    autostart: frozenset[str] = frozenset()
