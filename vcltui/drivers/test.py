"""The driver for libvirt's test hypervisor, which the sandbox's hosts are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from vcltui.disks.snapshots import create_snapshots, delete_snapshots, revert_snapshots
from vcltui.drivers.base import SnapshotAction
from vcltui.drivers.qemu_img import QemuImgDriver
from vcltui.errors import DriverError


class TestDriver(QemuImgDriver):
    """Domains that only libvirt pretends, with real disks."""

    __test__: ClassVar[bool] = False  # no test case, whatever pytest thinks of its name

    name: ClassVar[str] = "Test"
    priority: ClassVar[int] = 30

    def initialize(self) -> None:
        """As Driver.initialize: only for libvirt's test hypervisor."""
        context = self.context
        if context.capabilities.hypervisor.upper() != "TEST":
            raise DriverError(
                f"{context.vmhost.name} runs {context.capabilities.hypervisor}, "
                "not libvirt's test hypervisor",
                "Use another driver for it",
            )
        self.require_qemu_img()

    def snapshot_disks(self, action: SnapshotAction, paths: Sequence[str], name: str) -> None:
        """As Driver.snapshot_disks: libvirt's test hypervisor never touches a disk."""
        work = {"create": create_snapshots, "revert": revert_snapshots, "delete": delete_snapshots}
        work[action](self.context.node, paths, name)

    def get_domain_type(self) -> str:
        """`test` (specification: get_domain_type)."""
        return "test"
