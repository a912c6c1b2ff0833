"""Registry changes for converted Windows images."""

from __future__ import annotations

from pathlib import Path

import pytest

from vcltui.disks.windows import is_version_5, merge_argv, merge_registry, registry_text
from vcltui.errors import DiskError
from vcltui.models.inventory import OperatingSystem


def system(name: str) -> OperatingSystem:
    return OperatingSystem(1, name, name, "windows")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("winxp", True), ("vmwarewinxp", True), ("win2003", True), ("win2003x64image", True),
     ("Windows XP", True), ("win7", False), ("win2008", False), ("win10", False),
     ("win2012", False)],
)  # fmt: skip
def test_version_5(name, expected):
    assert is_version_5(system(name)) is expected


def keys(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    lines = text.splitlines()
    assert lines[0] == "Windows Registry Editor Version 5.00"
    for line in lines[1:]:
        if line.startswith("["):
            current = found.setdefault(line[1:-1], {})
        elif line:
            name, _, value = line.partition("=")
            current[name.strip('"')] = value
    return found


SYSTEM = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001"


@pytest.mark.parametrize("name", ["winxp", "win7"])
def test_vmware_services_are_disabled(name):
    found = keys(registry_text(system(name)))
    for service in ("VMTools", "vmci", "vmmouse", "vmscsi", "vmx_svga", "vmxnet", "VClone"):
        assert found[rf"{SYSTEM}\Services\{service}"] == {"Start": "dword:00000004"}


def test_ide_drivers_start_at_boot_on_version_5_only():
    found = keys(registry_text(system("winxp")))
    assert not any("atapi" in key for key in keys(registry_text(system("win7"))))
    for name, file_name in (("atapi", "atapi"), ("IntelIde", "intelide"), ("PCIIde", "pciide")):
        values = found[rf"{SYSTEM}\Services\{name}"]
        assert values["Start"] == "dword:00000000"
        raw = bytes.fromhex(values["ImagePath"].removeprefix("hex(2):").replace(",", ""))
        assert raw.decode("utf-16-le") == f"System32\\DRIVERS\\{file_name}.sys\0"
    devices = {
        key.rpartition("\\")[2]: values for key, values in found.items() if "CriticalDevice" in key
    }
    assert devices["pci#ven_8086&dev_7010"]["Service"] == '"intelide"', "QEMU's own controller"
    assert devices["primary_ide_channel"]["Service"] == '"atapi"'
    assert devices["gendisk"] == {
        "ClassGUID": '"{4D36E967-E325-11CE-BFC1-08002BE10318}"',
        "Service": '"disk"',
    }


def test_a_missing_tool_is_a_notice(node, disks, monkeypatch):
    monkeypatch.setattr("vcltui.nodes.process.EXTRA_PATH", str(disks.folder))
    monkeypatch.setenv("PATH", str(disks.folder))
    notice = merge_registry(node, disks.path("vm1_12-v1.qcow2"), "qcow2", system("winxp"))
    assert notice is not None
    assert "virt-win-reg is not installed on node1" in notice


def stand_in(disks, monkeypatch, script: str) -> None:
    """A program in virt-win-reg's place: a Windows system to change can't be had here."""
    program = disks.folder / "virt-win-reg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{disks.folder}:/usr/bin:/bin")


def test_the_text_goes_to_the_tool_with_an_explicit_format(node, disks, monkeypatch):
    seen = disks.path("seen")
    stand_in(disks, monkeypatch, f'echo "$@" > {seen}; cat >> {seen}')
    path = disks.path("vm1_12-v1.qcow2")
    assert merge_registry(node, path, "qcow2", system("winxp")) is None
    text = Path(seen).read_text()
    assert text == f"--format=qcow2 --merge {path}\n" + registry_text(system("winxp"))
    assert merge_argv(path, "qcow2")[1:] == ["--format=qcow2", "--merge", path]


def test_a_failing_tool_is_quoted(node, disks, monkeypatch):
    stand_in(disks, monkeypatch, "cat > /dev/null; echo no operating system >&2; exit 1")
    with pytest.raises(DiskError, match="could not be changed: no operating system"):
        merge_registry(node, disks.path("vm1_12-v1.qcow2"), "qcow2", system("winxp"))
