"""What a hypervisor driver plugin is: only what libvirt does not handle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from vcltui.disks.locks import LockTaker
from vcltui.models.cancel import CancelToken, Progress, no_progress
from vcltui.models.disk import DiskInfo
from vcltui.models.host import HostCapabilities, VMHost
from vcltui.models.inventory import ImageRevision
from vcltui.nodes.base import FileStat, Node
from vcltui.operations.step import Step

SnapshotAction = Literal["create", "revert", "delete"]

BeforePublish = Callable[[FileStat], None]
"""Is given the whole temporary file just before it is renamed to its final name."""


@dataclass(frozen=True, slots=True)
class DriverContext:
    """What a driver is given: the host's configuration, its capabilities and its node.

    `readonly`: nothing may be written on the host.
    """

    vmhost: VMHost
    capabilities: HostCapabilities
    node: Node
    readonly: bool = False


@dataclass(frozen=True, slots=True)
class DefineRequest:
    """What pre_define is asked to prepare.

    All paths are on the node. `repository_paths` are the image's files in the repository, in
    reading order, empty where it has none. `operation_id` goes into temporary names. `lock`
    takes the image's lock in the datastore, and `shared_lock` takes it with others who only read
    the image; None is the host's own lock alone.
    """

    operation_id: str
    image: ImageRevision
    master_path: str
    master_exists: bool
    repository_paths: tuple[str, ...]
    copy_on_write_path: str
    lock: LockTaker | None = None
    shared_lock: LockTaker | None = None


class Driver(ABC):
    """A hypervisor driver. `name` is shown to people ("KVM"); lower `priority` is tried first."""

    name: ClassVar[str]
    priority: ClassVar[int] = 100

    def __init__(self, context: DriverContext) -> None:
        self.context = context

    @abstractmethod
    def initialize(self) -> None:
        """Check that this driver can control the host. Raises DriverError with the reason."""

    @abstractmethod
    def get_domain_type(self) -> str:
        """The `type` of <domain>: `kvm`, `qemu`, `test`."""

    @abstractmethod
    def get_disk_driver_name(self) -> str | None:
        """The `name` of <disk><driver>: `qemu`; None where the hypervisor has none."""

    @abstractmethod
    def get_disk_format(self) -> str:
        """The `type` of <disk><driver>: `qcow2`."""

    @abstractmethod
    def get_disk_file_extension(self) -> str:
        """The extension of virtual disk files, without the dot."""

    def extend_domain_xml(self, xml: str) -> str:
        """Return the domain XML with what is particular to this hypervisor. Default: unchanged."""
        return xml

    def pre_define(self, request: DefineRequest) -> Sequence[Step]:
        """The steps that must be done before a domain is defined. Default: none."""
        return ()

    @abstractmethod
    def get_virtual_disk_file_info(self, path: str, *, in_use: bool = False) -> DiskInfo:
        """What a disk file is; `in_use` reads it beside the domain that writes to it.

        Raises NotFoundError, DiskError.
        """

    @abstractmethod
    def get_virtual_disk_size_bytes(self, path: str) -> int:
        """The virtual size of a disk in bytes. Raises NotFoundError, DiskError."""

    @abstractmethod
    def copy_virtual_disk(
        self,
        source_paths: Sequence[str],
        destination_path: str,
        disk_format: str = "qcow2",
        *,
        temporary_path: str | None = None,
        for_repository: bool = False,
        source_format: str | None = None,
        progress: Progress = no_progress,
        cancel: CancelToken | None = None,
        before_publish: BeforePublish | None = None,
    ) -> None:
        """Copy a disk, flattened, to a new file that appears under its name only when whole.

        Several `source_paths` are the parts of one split disk. `source_format` is that of a single
        one, None: told by the file itself. `before_publish` is called when the temporary file is
        whole, before it is renamed. Raises ConflictError where the
        destination exists, DiskError, NotFoundError, CancelledError; leaves no partial file.
        """

    def copy_calls(
        self,
        source_paths: Sequence[str],
        destination_path: str,
        disk_format: str = "qcow2",
        *,
        temporary_path: str | None = None,
        for_repository: bool = False,
        source_format: str | None = None,
        source_is_made: bool = False,
    ) -> tuple[str, ...]:
        """The command lines copy_virtual_disk would run, for a dry run.

        With `source_is_made` an earlier step makes the source, of `source_format`: whatever is
        there now is not looked at.
        """
        return (f"copy_virtual_disk {' '.join(source_paths)} -> {destination_path}",)

    @abstractmethod
    def create_copy_on_write_image(
        self,
        master_path: str,
        copy_on_write_path: str,
        *,
        temporary_path: str | None = None,
        before_publish: BeforePublish | None = None,
    ) -> None:
        """Create an overlay on a master, which is not altered. Raises ConflictError, DiskError."""

    def snapshot_disks(  # noqa: B027 - most drivers have nothing to do here
        self, action: SnapshotAction, paths: Sequence[str], name: str
    ) -> None:
        """Do in the disks what a snapshot needs and the hypervisor does not do itself.

        Called after libvirt created, reverted to or deleted the snapshot `name` of a domain
        with these disks. Default: nothing, as libvirt keeps disks and snapshots together.
        Raises DiskError.
        """

    @abstractmethod
    def update_windows_image(self, path: str, image: ImageRevision) -> str | None:
        """Merge the registry keys a converted Windows image needs; no-op for other systems.

        Returns a notice when the tool for it is not installed, else None. Raises DiskError.
        """
