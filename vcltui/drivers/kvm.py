"""The driver for hosts whose QEMU runs guests by KVM."""

from __future__ import annotations

from typing import ClassVar

from vcltui.drivers.kvm_probe import require_kvm
from vcltui.drivers.qemu_img import QemuImgDriver
from vcltui.errors import DriverError


class KVMDriver(QemuImgDriver):
    """QEMU with hardware virtualization."""

    name: ClassVar[str] = "KVM"
    priority: ClassVar[int] = 10

    def initialize(self) -> None:
        """As Driver.initialize: libvirt must offer KVM guests, and one must really run.

        A host whose configuration names this driver is taken at its word instead of being tried.
        """
        context = self.context
        if context.capabilities.hypervisor != "QEMU":
            raise DriverError(
                f"{context.vmhost.name} runs {context.capabilities.hypervisor}, not QEMU",
                "Use another driver for it",
            )
        guest = context.capabilities.guest("kvm")
        if guest is None:
            raise DriverError(
                f"libvirt offers no KVM guests on {context.vmhost.name}",
                "Enable virtualization in its firmware and load the module kvm",
            )
        self.require_qemu_img()
        if context.vmhost.driver is None:
            directory = context.vmhost.xml_directory
            require_kvm(context.node, guest, directory, remember=not context.readonly)

    def get_domain_type(self) -> str:
        """`kvm` (specification: get_domain_type)."""
        return "kvm"
