"""Whether KVM runs guests on a host, or is only advertised.

A host's /dev/kvm can be there, and libvirt list KVM for it, while every guest dies at its start
or hardly moves: nested and partial virtualization do that. The only proof is a guest that runs.
"""

from __future__ import annotations

import re

from vcltui.errors import CommandError, CommandMissingError, DriverError, NodeError, NotFoundError
from vcltui.models.host import GuestCapability
from vcltui.models.reason import quoted
from vcltui.nodes.base import Node

TIMEOUT_SECONDS = 10.0
"""The firmware needs a third of a second, even when emulated."""

_PC_ARCHITECTURES = ("x86_64", "i686")
_BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id"
_BOOT_ID = re.compile(r"[0-9a-f-]{36}\Z")

_verdicts: dict[tuple[str, str, str], str | None] = {}


def probe_argv(guest: GuestCapability, accelerator: str = "kvm") -> list[str]:
    """The command of a guest that ends by itself with status 0 if the accelerator works.

    On a PC the firmware is run: it finds nothing to boot and resets at once, which ends QEMU.
    Other architectures have no firmware that does so, so there only a start is tried.
    """
    emulator = guest.emulator or f"qemu-system-{guest.arch}"
    if guest.arch not in _PC_ARCHITECTURES:
        start = ["-machine", "none", "-S", "-monitor", "stdio"]
        return [emulator, "-accel", accelerator, *start, "-display", "none", "-nodefaults"]
    # The host's own CPU model is what libvirt gives guests, and what fails first.
    cpu = ["-cpu", "host"] if accelerator == "kvm" else []
    small = ["-machine", "q35", "-m", "16", "-display", "none", "-nodefaults", "-no-user-config"]
    return [
        emulator,
        "-accel",
        accelerator,
        *cpu,
        *small,
        "-no-reboot",
        "-boot",
        "reboot-timeout=1",
    ]


def require_kvm(
    node: Node, guest: GuestCapability, cache_directory: str, *, remember: bool = True
) -> None:
    """Raise DriverError with the reason when KVM guests don't run on the node.

    The answer is kept until the node boots again: in this process, and a good one also in a file
    in `cache_directory` on the node, unless `remember` is false: then nothing is written there. A
    bad one is tried again by the next process, since its cause may have been mended.
    """
    boot_id = _boot_id(node)
    key = (node.name, boot_id, guest.emulator or guest.arch)
    if key not in _verdicts:
        _verdicts[key] = _verdict(node, guest, cache_directory, boot_id, remember=remember)
    reason = _verdicts[key]
    if reason is not None:
        raise DriverError(
            f"KVM is advertised by {node.name}, but its guests don't run: {reason}",
            'Mend it, or set driver = "qemu" for the host',
        )


def _verdict(
    node: Node, guest: GuestCapability, cache_directory: str, boot_id: str, *, remember: bool
) -> str | None:
    cache_file = f"{cache_directory.rstrip('/')}/kvm-works-{boot_id}"
    if boot_id and _exists(node, cache_file):
        return None
    reason = _try(node, guest)
    if reason is None and boot_id and remember:
        try:
            node.make_directory(cache_directory)
            node.write_text(cache_file, "")
        except NodeError:
            return None  # not remembered, so tried again by the next process
    return reason


def _try(node: Node, guest: GuestCapability) -> str | None:
    """None when a guest ran to its end, else the reason why not."""
    try:
        result = node.run(
            probe_argv(guest), input_text="quit\n", timeout_seconds=TIMEOUT_SECONDS, check=False
        )
    except CommandMissingError:
        return f"the emulator {guest.emulator or guest.arch} is not installed"
    except CommandError:
        return f"one did not get through its firmware within {TIMEOUT_SECONDS:g} seconds"
    if result.exit_status == 0:
        return None
    if "Permission denied" in result.stderr:
        # Only we may not use /dev/kvm; libvirt, which runs the guests, says that it may.
        return None
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    said = [line for line in lines if "error" in line or "ssert" in line] or lines
    return quoted(said[0]) if said else f"QEMU ended with status {result.exit_status}"


def _exists(node: Node, path: str) -> bool:
    try:
        return node.stat(path) is not None
    except NodeError:
        return False


def _boot_id(node: Node) -> str:
    """The kernel's id of the present boot; empty where it can't be read."""
    try:
        text = node.read_text(_BOOT_ID_FILE, 64).strip()
    except (NodeError, NotFoundError):
        return ""
    return text if _BOOT_ID.match(text) else ""
