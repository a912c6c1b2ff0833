"""The driver for hosts whose QEMU emulates its guests: slow, but everywhere."""

from __future__ import annotations

from typing import ClassVar

from vcltui.drivers.qemu_img import QemuImgDriver
from vcltui.errors import DriverError


class QEMUDriver(QemuImgDriver):
    """QEMU without hardware virtualization."""

    name: ClassVar[str] = "QEMU"
    priority: ClassVar[int] = 20

    def initialize(self) -> None:
        """As Driver.initialize: libvirt must offer emulated guests."""
        context = self.context
        if context.capabilities.hypervisor != "QEMU":
            raise DriverError(
                f"{context.vmhost.name} runs {context.capabilities.hypervisor}, not QEMU",
                "Use another driver for it",
            )
        if context.capabilities.guest("qemu") is None:
            raise DriverError(
                f"libvirt offers no emulated guests on {context.vmhost.name}",
                "Install the emulator for its architecture",
            )
        self.require_qemu_img()

    def get_domain_type(self) -> str:
        """`qemu` (specification: get_domain_type)."""
        return "qemu"
