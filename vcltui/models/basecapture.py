"""The manual capture of a base image: what is asked, what may be chosen, what was entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from vcltui.models.inventory import OperatingSystem

ARCHITECTURES = ("x86", "x86_64")
"""VCL's words for what an image runs on."""
OWN_CAPTURE = "vcltui captures the base image itself"
"""How the load log's note begins by which a capture by this core is known."""


class CaptureWay(Enum):
    """Who captures: VCL's daemon, which is handed the request, or this core."""

    VCLD = "vcld"
    CORE = "core"


@dataclass(frozen=True, slots=True)
class BaseCaptureRequest:
    """The answers to what VCL's setup asks.

    `owner` is a login, `login@affiliation` or user id; `computer` a host name, its first label,
    or an address, of exactly one computer; `os_name` VCL's name of the system. `prettyname` is
    what people call the image. `sysprep` counts for Windows alone. `management_node` is a host
    name; empty means the only one there is.
    """

    owner: str
    computer: str
    os_name: str
    architecture: str
    prettyname: str
    sysprep: bool = True
    way: CaptureWay = CaptureWay.CORE
    management_node: str = ""


@dataclass(frozen=True, slots=True)
class OwnerChoice:
    """A user who can own an image. `name` is what BaseCaptureRequest.owner takes."""

    id: int
    name: str
    people: str


@dataclass(frozen=True, slots=True)
class ComputerChoice:
    """A computer that could be captured, as VCL's setup prints it.

    `install_types` are those of its provisioning; `vmhost` and `profile` are None where it is on
    no VM host. `virtual` is False for what xCAT provisions.
    """

    id: int
    hostname: str
    state: str
    provisioning: str
    install_types: tuple[str, ...]
    vmhost: str | None
    profile: str | None
    public_ip: str | None
    private_ip: str | None
    virtual: bool = True
    libvirt: bool = True


@dataclass(frozen=True, slots=True)
class NodeChoice:
    """A management node; `silent_seconds` is how long ago it checked in, None for never."""

    id: int
    hostname: str
    state: str
    silent_seconds: float | None

    @property
    def is_alive(self) -> bool:
        """Whether its vcld checked in lately enough to be taken for running."""
        return (
            self.state != "maintenance"
            and self.silent_seconds is not None
            and self.silent_seconds <= ALIVE_SECONDS
        )


ALIVE_SECONDS = 180.0
"""VCL's own monitor takes a management node for dead, and restarts its vcld, after this."""


@dataclass(frozen=True, slots=True)
class ExistingRequest:
    """A request that holds a computer. `start` is local.

    `can_restart` is that of a failed capture; `can_delete` that of a capture on which nobody
    works, as VCL's setup deletes it.
    """

    request_id: int
    reservation_id: int
    state: str
    laststate: str
    user: str
    image_id: int
    image_name: str
    prettyname: str
    start: datetime | None
    reservations: int = 1

    @property
    def can_restart(self) -> bool:
        """Whether it is a capture that failed, of one computer."""
        return (
            self.state == "maintenance"
            and self.laststate in ("image", "checkpoint")
            and self.reservations == 1
        )

    @property
    def can_delete(self) -> bool:
        """Whether it is a capture that failed or that nobody has taken up yet."""
        is_capture = self.laststate == "image" and self.state in ("maintenance", "image")
        return is_capture and self.reservations == 1


@dataclass(frozen=True, slots=True)
class BaseCaptureChoices:
    """What may be chosen. `systems`, `requests` and `owner` fit the one computer that was found.

    `computers` are all that the name or address means; `systems` and `requests` are empty unless
    it is exactly one. `owners` is every user, `admin` first.
    """

    owners: tuple[OwnerChoice, ...]
    computers: tuple[ComputerChoice, ...]
    systems: tuple[OperatingSystem, ...]
    management_nodes: tuple[NodeChoice, ...]
    requests: tuple[ExistingRequest, ...]
    architectures: tuple[str, ...] = ARCHITECTURES


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check in a sentence for people. What is not `needed` stops nothing."""

    ok: bool
    text: str
    needed: bool = True

    @property
    def stops(self) -> bool:
        """Whether the capture can't begin."""
        return self.needed and not self.ok


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that would be written. An id that the database will give reads `<image.id>`."""

    table: str
    action: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BaseCaptureRows:
    """What was entered for a capture. `image_name` is VCL's first name for it, `...-v0`.

    `warnings` tell which rows of the owner's permissions could not be made.
    """

    image_id: int
    revision_id: int
    imagemeta_id: int
    resource_id: int
    request_id: int
    reservation_id: int
    computer_id: int
    image_name: str
    prettyname: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureState:
    """A capture as the inventory tells it now.

    `state` and `laststate` are the request's, "" once it is gone. `is_base` is whether it is the
    capture of a base image and not of a user's reservation. `lastcheck` is when vcld last took it
    up, "" for never.
    """

    request_id: int
    reservation_id: int
    computer_id: int
    computer: str
    image_id: int
    revision_id: int
    revision: int
    image_name: str
    prettyname: str
    system: OperatingSystem
    state: str
    laststate: str
    is_live: bool
    is_base: bool
    reservations: int
    lastcheck: str
    management_node: str
