"""The registry keys that a Windows image converted from VMware needs under KVM."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vcltui.disks import qemuimg
from vcltui.errors import CommandError, CommandMissingError, DiskError
from vcltui.models.inventory import OperatingSystem
from vcltui.models.reason import reason_of
from vcltui.nodes.base import Node

MERGE_TIMEOUT_SECONDS = 600.0

_DISABLED = 4
_BOOT = 0
_SERVICES = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services"
_DEVICES = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\CriticalDeviceDatabase"
_CONTROLLER_CLASS = "{4D36E96A-E325-11CE-BFC1-08002BE10318}"
_DISK_CLASS = "{4D36E967-E325-11CE-BFC1-08002BE10318}"

_VMWARE_SERVICES = (
    "VClone",
    "VMTools",
    "VMUpgradeHelper",
    "vmci",
    "vmmouse",
    "vmscsi",
    "vmx_svga",
    "vmxnet",
)

_IDE_DEVICES = {
    "atapi": ("primary_ide_channel", "secondary_ide_channel", "*pnp0600"),
    "pciide": (
        "pci#cc_0101",
        "pci#ven_0e11&dev_ae33",
        "pci#ven_1039&dev_0601",
        "pci#ven_1039&dev_5513",
        "pci#ven_1042&dev_1000",
        "pci#ven_105a&dev_4d33",
        "pci#ven_1095&dev_0640",
        "pci#ven_1095&dev_0646",
        "pci#ven_1095&dev_0646&REV_05",
        "pci#ven_1095&dev_0646&REV_07",
        "pci#ven_1095&dev_0648",
        "pci#ven_1095&dev_0649",
        "pci#ven_1097&dev_0038",
        "pci#ven_10ad&dev_0001",
        "pci#ven_10ad&dev_0150",
        "pci#ven_10b9&dev_5215",
        "pci#ven_10b9&dev_5219",
        "pci#ven_10b9&dev_5229",
        "pci#ven_1106&dev_0571",
    ),
    "intelide": tuple(
        f"pci#ven_8086&dev_{device}"
        for device in ("1222", "1230", "2411", "2421", "7010", "7111", "7199")
    ),
}

_IDE_DRIVERS = {
    "atapi": ("SCSI miniport", 0x19, "atapi.sys"),
    "IntelIde": ("System Bus Extender", 0x04, "intelide.sys"),
    "PCIIde": ("System Bus Extender", 0x03, "pciide.sys"),
}

_VERSION_5 = re.compile(r"win(?:dows)?[ _-]?(?:2000|2003|xp)", re.IGNORECASE)


def is_version_5(os: OperatingSystem) -> bool:
    """Whether a system is Windows 2000, XP or 2003, told by its name."""
    return bool(_VERSION_5.search(os.name) or _VERSION_5.search(os.prettyname))


def registry_text(os: OperatingSystem) -> str:
    """The changes as text that regedit and virt-win-reg read.

    VMware's services and drivers are disabled; on Windows 5.x the builtin IDE drivers start at
    boot, so that a system that only knew a SCSI disk finds its disk on an IDE bus.
    """
    keys = [_key(_SERVICES, name, {"Start": _dword(_DISABLED)}) for name in _VMWARE_SERVICES]
    if is_version_5(os):
        keys += _ide_keys()
    return "Windows Registry Editor Version 5.00\n\n" + "\n".join(keys)


def merge_argv(path: str, file_format: str) -> list[str]:
    """The command that merges the changes, which it reads from its standard input."""
    return ["virt-win-reg", f"--format={file_format}", "--merge", qemuimg.disk_path(path)]


def merge_registry(node: Node, path: str, file_format: str, os: OperatingSystem) -> str | None:
    """Merge the changes into the Windows system on a disk that no domain has open.

    Returns a notice, with nothing done, where virt-win-reg is not installed; else None. Raises
    DiskError.
    """
    if not node.has_program("virt-win-reg"):
        return _not_installed(node)
    argv = merge_argv(path, file_format)
    try:
        node.run(argv, input_text=registry_text(os), timeout_seconds=MERGE_TIMEOUT_SECONDS)
    except CommandMissingError:
        return _not_installed(node)
    except CommandError as error:
        raise DiskError(
            f"The registry of the Windows system on {path} on {node.name} could not be changed: "
            f"{reason_of(error.stderr, error.what)}",
            "Try virt-win-reg on the host by hand",
        ) from error
    return None


def _not_installed(node: Node) -> str:
    return (
        f"virt-win-reg is not installed on {node.name}, so the registry was left as it is; "
        "an image converted from VMware may not start"
    )


def _ide_keys() -> list[str]:
    keys = [
        _key(_DEVICES, device, {"ClassGUID": _string(_CONTROLLER_CLASS), "Service": _string(name)})
        for name, devices in _IDE_DEVICES.items()
        for device in devices
    ]
    disk = {"ClassGUID": _string(_DISK_CLASS), "Service": _string("disk")}
    keys.append(_key(_DEVICES, "gendisk", disk))
    for name, (group, tag, file_name) in _IDE_DRIVERS.items():
        values = {
            "ErrorControl": _dword(1),
            "Group": _string(group),
            "Start": _dword(_BOOT),
            "Tag": _dword(tag),
            "Type": _dword(1),
            "ImagePath": _expandable(rf"System32\DRIVERS\{file_name}"),
        }
        keys.append(_key(_SERVICES, name, values))
    return keys


def _key(parent: str, name: str, values: Mapping[str, str]) -> str:
    lines = [f"[{parent}\\{name}]", *(f'"{key}"={value}' for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _dword(value: int) -> str:
    return f"dword:{value:08x}"


def _string(value: str) -> str:
    return f'"{value}"'


def _expandable(value: str) -> str:
    """An expandable string, which regedit writes as the bytes of UTF-16 with its final NUL."""
    return "hex(2):" + (value + "\0").encode("utf-16-le").hex(",")
