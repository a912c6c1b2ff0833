"""VCL's things: computers, images and their revisions, requests and reservations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NO_IMAGE = "noimage"
"""The image that VCL notes for a computer on which nothing is loaded."""


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """VCL's OS row. `type` is linux or windows."""

    id: int
    name: str
    prettyname: str
    type: str

    @property
    def is_windows(self) -> bool:
        """Whether this is a Windows system."""
        return self.type == "windows"


@dataclass(frozen=True, slots=True)
class Computer:
    """VCL's computer row, with names where VCL has ids. `vmhost` is the VM host's short name.

    `vmhost_id` is what the row has, which may be a VM host that is deleted and has no name.
    """

    id: int
    hostname: str
    state: str = "available"
    vmhost: str | None = None
    private_ip: str | None = None
    public_ip: str | None = None
    eth0_mac: str | None = None
    eth1_mac: str | None = None
    current_image: str | None = None
    image_revision_id: int | None = None
    next_image_id: int | None = None
    notes: str = ""
    deleted: bool = False
    vmhost_id: int | None = None

    @property
    def name(self) -> str:
        """The short name: the host name up to its first dot."""
        return self.hostname.split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class ImageRevision:
    """One revision of an image; `name` is imagerevision.imagename, such as `linux-Base12-v3`.

    `min_ram_mib` is in MiB; `architecture` is VCL's x86 or x86_64. `size_mib` as VCL's image.size.
    """

    image_id: int
    revision_id: int
    revision: int
    name: str
    prettyname: str
    os: OperatingSystem
    min_ram_mib: int = 512
    min_cpus: int = 1
    architecture: str = "x86_64"
    image_type: str = "qcow2"
    production: bool = True
    deleted: bool = False
    created: datetime | None = None
    size_mib: int = 0
    owner: str = "admin"


@dataclass(frozen=True, slots=True)
class Request:
    """The request and reservation an operation is done for. `state` as in request.stateid."""

    request_id: int
    reservation_id: int
    state: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a provisioning module works on: VCL's data structure of one reservation.

    `request` is None for work that an operator does by hand.
    """

    computer: Computer
    image: ImageRevision
    management_node: str
    request: Request | None = None
