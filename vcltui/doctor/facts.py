"""Everything a diagnosis is made from, gathered once: frozen facts, no policy.

What could not be asked is `Unknown`, with the reason. It is a value of its own: nothing may be
concluded from it, least of all that something is gone or dead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vcltui.doctor.vcldlog import LogBlock
from vcltui.models.domain import PowerState
from vcltui.models.evidence import DatabaseFacts
from vcltui.models.host import HostInterface, Network, VMProfile


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be asked, and why: one sentence without its full stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """A domain on a host. `disks` are the paths of its disks, `macs` in lower case.

    Discs in a drive are among its disks, `first_disk` is no such.
    `image` and `revision_id` are what a load noted in it, where it was made by one that notes.
    `disk_error` is why it was frozen: "vda: no space left"; empty for none.
    """

    host: str
    name: str
    uuid: str
    power: PowerState
    reason: str = ""
    disks: tuple[str, ...] = ()
    first_disk: str | None = None
    macs: tuple[str, ...] = ()
    image: str | None = None
    revision_id: int | None = None
    disk_error: str = ""


@dataclass(frozen=True, slots=True)
class LibvirtFacts:
    """What a host's libvirt told. `leases` are the addresses by MAC that its networks gave."""

    domains: tuple[DomainFacts, ...] = ()
    networks: tuple[Network, ...] = ()
    interfaces: tuple[HostInterface, ...] = ()
    leases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file on a host. `age_seconds` is since its last change, by the time of the look.

    Of a disk: `backing` is the path it stands on, `backing_exists` whether that is there (None:
    it stands on nothing, or that can't be told); `problem` is what is wrong with it; `whole` is
    what a check of it found, None where none was made.
    """

    path: str
    size_bytes: int
    disk_size_bytes: int
    age_seconds: float
    is_disk: bool = False
    virtual_size_bytes: int = 0
    backing: str | None = None
    backing_exists: bool | None = None
    problem: str | None = None
    whole: bool | None = None
    inode: int = 0

    @property
    def identity(self) -> tuple[str, int, int]:
        """What is the same when several hosts that share a folder see one file."""
        return (self.path, self.inode, self.size_bytes)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """The room on the file system of a folder, in bytes."""

    path: str
    free_bytes: int
    total_bytes: int

    @property
    def used_share(self) -> float:
        """How full it is, 0.0 to 1.0."""
        return 1 - self.free_bytes / self.total_bytes if self.total_bytes > 0 else 0.0


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What lies in a host's folders: the datastore, the overlays' folder, repository, XML files.

    The repository's files are those of all its images' folders too. `overlays` are the
    datastore's where the profile has no folder of its own for them. `repository` None: the profile
    has none.
    """

    datastore: tuple[FileFacts, ...] = ()
    overlays: tuple[FileFacts, ...] = ()
    repository: tuple[FileFacts, ...] | None = None
    definitions: tuple[FileFacts, ...] = ()
    spaces: tuple[SpaceFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a machine; `arguments` is its whole command line."""

    pid: int
    arguments: str


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What one VM host told; each part may be unknown on its own.

    `processes` are those that run or copy disks (QEMU's programs). `qemu_img` is the version of
    its qemu-img as numbers.
    """

    name: str
    profile: VMProfile | None
    libvirt: LibvirtFacts | Unknown
    folders: FolderFacts | Unknown
    processes: tuple[Process, ...] | Unknown
    qemu_img: tuple[int, ...] | Unknown = Unknown("it was not asked")


@dataclass(frozen=True, slots=True)
class VcldProcess:
    """A child of vcld that works on a reservation; `state` is the one that it works on."""

    pid: int
    request_id: int
    reservation_id: int
    state: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What runs on a management node: vcld's children, and the ids of all processes.

    `block_ids` are the block requests that a process works on.
    """

    children: tuple[VcldProcess, ...] = ()
    pids: frozenset[int] = frozenset()
    block_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class GuestFacts:
    """What a computer's guest answered; `revision_id` is from its currentimage.txt.

    `answers` False: it was tried and did not answer, `reason` says how.
    """

    answers: bool
    revision_id: int | None = None
    image: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it. Hosts go by name, management nodes by id, guests by the computer's id.

    `logs` are the blocks and lines of vcld.log's end, by management node. A computer without an
    entry in `guests` was not asked.
    """

    database: DatabaseFacts
    hosts: Mapping[str, HostFacts] = field(default_factory=dict)
    nodes: Mapping[int, NodeFacts | Unknown] = field(default_factory=dict)
    logs: Mapping[int, tuple[LogBlock, ...] | Unknown] = field(default_factory=dict)
    guests: Mapping[int, GuestFacts] = field(default_factory=dict)
