"""Rows of VCL's database that tell how its requests, computers and locks are doing.

Times are local and without a zone, as VCL keeps them; None is VCL's zero date, "never".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request. `state` and `laststate` are VCL's names; `user` is None where the row is gone."""

    id: int
    state: str
    laststate: str
    start: datetime | None
    end: datetime | None
    user: str | None = None
    log_id: int | None = None

    @property
    def doing(self) -> str:
        """What vcld does or is to do with it: behind `pending` stands the last state."""
        return self.laststate if self.state == "pending" else self.state

    @property
    def states(self) -> str:
        """Both states as VCL's people write them: `pending/reload`."""
        return f"{self.state}/{self.laststate}"


@dataclass(frozen=True, slots=True)
class ReservedRow:
    """A reservation: the part of a request that is about one computer."""

    id: int
    request_id: int
    computer_id: int
    image_id: int
    revision_id: int
    management_node_id: int
    lastcheck: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoadStepRow:
    """A row of the load log. `est_seconds` is VCL's expectation of the step, None for unknown."""

    id: int
    reservation_id: int
    computer_id: int
    state: str
    prettyname: str
    time: datetime | None
    est_seconds: int | None = None
    info: str = ""


@dataclass(frozen=True, slots=True)
class SemaphoreRow:
    """A lock of vcld's (`vcldsemaphore`); `identifier` is such as `master:<image name>`."""

    identifier: str
    reservation_id: int
    pid: int
    expires: datetime | None

    @property
    def image(self) -> str:
        """The image it is about; empty for a lock of another kind."""
        for prefix in ("master:", "repository:", "retrieve_"):
            if self.identifier.startswith(prefix):
                return self.identifier.removeprefix(prefix)
        return ""


@dataclass(frozen=True, slots=True)
class ComputerRow:
    """A computer. `host` is the name of the VM host it is assigned to, None for none."""

    id: int
    hostname: str
    state: str
    host: str | None
    current_image_id: int
    revision_id: int
    next_image_id: int
    eth0_mac: str | None = None
    eth1_mac: str | None = None
    private_ip: str | None = None
    notes: str = ""
    deleted: bool = False

    @property
    def name(self) -> str:
        """The short name: the host name up to its first dot."""
        return self.hostname.split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """An image revision. `name` is imagerevision.imagename; `image_deleted` is image.deleted.

    `deleted_since` is imagerevision.datedeleted: a revision that is deleted and has none was never
    finished.
    """

    id: int
    image_id: int
    revision: int
    name: str
    prettyname: str
    image_name: str
    image_deleted: bool = False
    deleted: bool = False
    deleted_since: datetime | None = None
    production: bool = True
    os_type: str = "linux"


@dataclass(frozen=True, slots=True)
class ManagementNodeRow:
    """A management node; `lastcheckin` is when its vcld last told that it lives."""

    id: int
    hostname: str
    address: str
    state: str
    lastcheckin: datetime | None


@dataclass(frozen=True, slots=True)
class HostRow:
    """A VM host: its name here, and the computer row behind it."""

    name: str
    computer_id: int
    hostname: str


@dataclass(frozen=True, slots=True)
class EndingRow:
    """How a reservation of the log ended, on which computer and VM host, with which revision."""

    log_id: int
    time: datetime | None
    ending: str
    computer_id: int | None
    revision_id: int | None
    host_computer_id: int | None = None


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block request that is marked as being processed.

    `last_sign` is the last thing that is known to have happened for it: a computer reserved, or
    a block time begun.
    """

    id: int
    name: str
    management_node_id: int | None
    last_sign: datetime | None


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the database told, all of it in one transaction. `now` is the time by its own clock.

    `expected_seconds` is how long a load of a revision takes as a rule; `flow` is the order of a
    virtual machine's load steps. `steps` are in the order of their ids. `is_embedded`: there is
    no vcld that could look after it.
    """

    now: datetime
    is_embedded: bool = False
    requests: tuple[RequestRow, ...] = ()
    reservations: tuple[ReservedRow, ...] = ()
    steps: tuple[LoadStepRow, ...] = ()
    semaphores: tuple[SemaphoreRow, ...] = ()
    computers: tuple[ComputerRow, ...] = ()
    revisions: tuple[RevisionRow, ...] = ()
    management_nodes: tuple[ManagementNodeRow, ...] = ()
    hosts: tuple[HostRow, ...] = ()
    endings: tuple[EndingRow, ...] = ()
    blocks: tuple[BlockRow, ...] = ()
    flow: tuple[tuple[str, int | None], ...] = ()
    expected_seconds: tuple[tuple[int, float], ...] = ()
