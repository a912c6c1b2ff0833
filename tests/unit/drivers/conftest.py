"""A host with real folders, real disks and whatever capabilities a test wants."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from vcltui.drivers.base import DriverContext
from vcltui.models.host import GuestCapability, HostCapabilities, VMHost, VMProfile
from vcltui.nodes.local import LocalNode


class Host:
    """A VM host on this machine with a datastore, a vmpath and a repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.datastore, self.vmpath, self.repository = (
            root / name for name in ("datastore", "vms", "repository")
        )
        for folder in (self.datastore, self.vmpath, self.repository):
            folder.mkdir()
        self.node = LocalNode("node1")

    def context(
        self, hypervisor: str = "TEST", driver: str | None = None, **profile: str
    ) -> DriverContext:
        types = {"TEST": ("test",), "QEMU": ("qemu", "kvm")}.get(hypervisor, ())
        guest = GuestCapability("x86_64", "/usr/bin/qemu-system-x86_64", types)
        base = VMProfile("profile1", str(self.datastore), str(self.vmpath), str(self.repository))
        return DriverContext(
            vmhost=VMHost(
                "host1",
                "test:///default",
                profile=replace(base, **profile),
                driver=driver,
                xml_directory=str(self.root / "xml"),
            ),
            capabilities=HostCapabilities(hypervisor, "x86_64", (guest,)),
            node=self.node,
        )

    def disk(self, path: Path, pattern: int | None = None, file_format: str = "qcow2") -> str:
        path.parent.mkdir(exist_ok=True)
        run("qemu-img", "create", "-q", "-f", file_format, str(path), "8M")
        if pattern is not None:
            self.write(path, pattern, file_format)
        return str(path)

    def write(self, path: Path | str, pattern: int, file_format: str = "qcow2") -> None:
        run("qemu-io", "-f", file_format, "-c", f"write -P {pattern} 0 4M", str(path))

    def reads(self, path: Path | str, pattern: int, file_format: str = "qcow2") -> bool:
        out = run("qemu-io", "-f", file_format, "-c", f"read -P {pattern} 0 4M", str(path))
        return "verification failed" not in out

    def files(self) -> list[str]:
        """Every file but the locks, relative to the root."""
        found = (item for item in self.root.rglob("*") if item.is_file())
        return sorted(str(item.relative_to(self.root)) for item in found if item.suffix != ".lock")


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)
