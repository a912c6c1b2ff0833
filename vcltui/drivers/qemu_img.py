"""What the drivers have in common whose disks are made by qemu-img."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from vcltui.disks import qemuimg
from vcltui.disks.check import require_whole_once
from vcltui.disks.copy import copy_command, copy_disk
from vcltui.disks.datastore import is_copy_on_write_name
from vcltui.disks.formats import format_of, format_of_type
from vcltui.disks.info import disk_info, virtual_size_bytes
from vcltui.disks.overlay import create_overlay
from vcltui.disks.publish import temporary_path
from vcltui.disks.safety import is_inside
from vcltui.disks.windows import merge_registry
from vcltui.drivers.base import BeforePublish, DefineRequest, Driver
from vcltui.drivers.disk_steps import (
    copy_on_write_step,
    registry_step,
    retrieve_step,
)
from vcltui.errors import ConfigError, DriverError, NotFoundError, RefusedError
from vcltui.models.cancel import CancelToken, Progress, no_progress
from vcltui.models.disk import DiskInfo
from vcltui.models.host import VMProfile
from vcltui.models.inventory import ImageRevision
from vcltui.operations.step import Step


class QemuImgDriver(Driver):
    """Disk operations by qemu-img; what can run on the host is left to the subclasses."""

    @abstractmethod
    def initialize(self) -> None:
        """As Driver.initialize; subclasses also call require_qemu_img."""

    def require_qemu_img(self) -> None:
        """Raise DriverError where qemu-img is not installed on the host."""
        if not self.context.node.has_program("qemu-img"):
            raise DriverError(
                f"qemu-img is not installed on {self.context.node.name}",
                "Install the package qemu-utils there",
            )

    @property
    def profile(self) -> VMProfile:
        """The host's VM profile. Raises ConfigError for a host that has none."""
        found = self.context.vmhost.profile
        if found is None:
            raise ConfigError(
                f"The host {self.context.vmhost.name} has no VM profile", "Give it a datastore"
            )
        return found

    @property
    def disk_directories(self) -> tuple[str, ...]:
        """The folders that the disks of the host may refer to."""
        profile = self.profile
        folders = (profile.datastore, profile.copy_on_write_directory, profile.repository)
        return tuple(dict.fromkeys(folder for folder in folders if folder))

    def get_disk_driver_name(self) -> str | None:
        """`qemu` (specification: get_disk_driver_name)."""
        return "qemu"

    def get_disk_format(self) -> str:
        """The datastore's disk format, `qcow2` by default (specification: get_disk_format)."""
        return format_of_type(self.get_disk_file_extension())

    def get_disk_file_extension(self) -> str:
        """The datastore's image type (specification: get_disk_file_extension)."""
        profile = self.context.vmhost.profile
        return profile.datastore_image_type if profile else "qcow2"

    def get_virtual_disk_file_info(self, path: str, *, in_use: bool = False) -> DiskInfo:
        """As Driver.get_virtual_disk_file_info."""
        return disk_info(self.context.node, path, in_use=in_use)

    def get_virtual_disk_size_bytes(self, path: str) -> int:
        """As Driver.get_virtual_disk_size_bytes."""
        return virtual_size_bytes(self.context.node, path)

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
        """As Driver.copy_virtual_disk. Raises RefusedError for an unsafe source or too little room.

        `for_repository` writes a qcow2 file that every QEMU reads.
        """
        copy_disk(
            self.context.node,
            source_paths,
            destination_path,
            disk_format,
            temporary=temporary_path or _own_temporary(destination_path),
            allowed_directories=self.disk_directories,
            source_format=source_format,
            compat10=for_repository,
            progress=progress,
            cancel=cancel,
            before_publish=before_publish,
        )

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
        """As Driver.copy_calls. Raises NotFoundError, DiskError, RefusedError for bad sources."""
        temporary = temporary_path or destination_path
        if source_is_made and source_format is not None:
            command = qemuimg.command_line(
                qemuimg.convert_argv(
                    source_paths, source_format, temporary, disk_format, compat10=for_repository
                )
            )
        else:
            command = copy_command(
                self.context.node,
                source_paths,
                disk_format,
                temporary=temporary,
                allowed_directories=self.disk_directories,
                source_format=source_format,
                compat10=for_repository,
            )
        if temporary_path is None:
            return (command,)
        return (command, f"rename {temporary} {destination_path}")

    def create_copy_on_write_image(
        self,
        master_path: str,
        copy_on_write_path: str,
        *,
        temporary_path: str | None = None,
        before_publish: BeforePublish | None = None,
    ) -> None:
        """As Driver.create_copy_on_write_image.

        Raises RefusedError where the master's files lead out of the datastore.
        """
        create_overlay(
            self.context.node,
            master_path,
            copy_on_write_path,
            temporary=temporary_path or _own_temporary(copy_on_write_path),
            allowed_directories=(self.profile.datastore,),
            before_publish=before_publish,
        )

    def update_windows_image(self, path: str, image: ImageRevision) -> str | None:
        """As Driver.update_windows_image. Raises RefusedError for what is no domain's own disk."""
        if not image.os.is_windows:
            return None
        node = self.context.node
        folder = node.real_path(self.profile.copy_on_write_directory)
        if not is_copy_on_write_name(path) or not is_inside(node.real_path(path), folder):
            raise RefusedError(
                f"{path} on {node.name} is no domain's own disk, so its registry is not touched",
                "Only the disk that a load made may be changed",
            )
        return merge_registry(node, path, self.get_disk_format(), image.os)

    def pre_define(self, request: DefineRequest) -> Sequence[Step]:
        """The steps to a domain's disk (specification: pre_define).

        `retrieve-master` where the datastore lacks the image, `copy-on-write`, and for Windows
        `windows-registry`. Nothing is written while planning, but a master that is there is
        checked, so that a cut-off one is refused before the computer's old domain is deleted.
        Raises NotFoundError where the repository lacks the image too, DiskError and RefusedError
        for files that can't be used.
        """
        steps: list[Step] = []
        master_format = self.get_disk_format()
        if not request.master_exists:
            if not request.repository_paths:
                raise NotFoundError(
                    f"The image {request.image.name} is neither in {self.profile.datastore} nor "
                    f"in {self.profile.repository or 'a repository'} on "
                    f"{self.context.vmhost.name}",
                    "Retrieve it from another host or management node",
                )
            steps.append(retrieve_step(self, request))
        else:
            master_format = format_of(self.context.node, request.master_path)
            if master_format == "qcow2":
                require_whole_once(self.context.node, request.master_path)
        steps.append(copy_on_write_step(self, request, master_format))
        if request.image.os.is_windows:
            steps.append(registry_step(self, request))
        return [*steps[:-1], replace(steps[-1], load_state="transfervm")]


def _own_temporary(path: str) -> str:
    """A temporary for a caller that has no operation to name it by."""
    return temporary_path(path, uuid4().hex)
