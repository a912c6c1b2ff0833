"""The whole job on a real libvirt host with real guests, by command line."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libvirt
import pytest

from .console_line import CommandLine
from .guestimage import GuestImage
from .servers import LibvirtSystem, PrivateSshd

pytestmark = pytest.mark.system

FIRST, SECOND = "vcltui-t1", "vcltui-t10"


@dataclass(frozen=True)
class Job:
    """A host with the guest's image imported, and two computers on it."""

    line: CommandLine
    folder: Path
    key: Path
    image: str

    @property
    def master(self) -> Path:
        return self.folder / "datastore" / f"{self.image}.qcow2"

    def domain(self, computer: str) -> str:
        (name,) = [
            row["name"]
            for row in self.line.json("domains")
            if row["name"].startswith(f"{computer}:")
        ]
        return str(name)

    def ssh(self, computer: str, command: str) -> str:
        """Run a command in a computer's guest as its operator would."""
        done = subprocess.run(
            [
                "ssh", "-i", str(self.key), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", f"root@{self.address(computer)}", command,
            ],
            capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout

    def address(self, computer: str) -> str:
        connection = libvirt.open("qemu:///system")
        try:
            domain = connection.lookupByName(self.domain(computer))
            source = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE
            found = domain.interfaceAddresses(source)
        finally:
            connection.close()
        return str(next(iter(found.values()))["addrs"][0]["addr"])


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_job(folder: Path, guest_image: GuestImage, uri: str, *, driver: str = "qemu") -> Job:
    """A host by `uri`, the guest's image and the two computers, made by the command line."""
    line = CommandLine(folder / "vcltui")
    line.write_config()
    for name in ("datastore", "vms", "repository"):
        (folder / name).mkdir()
    key = line.folder / "guest_key"
    shutil.copyfile(guest_image.private_key, key)
    key.chmod(0o600)
    line.run(
        "host", "add", "kvm1", "--uri", uri, "--driver", driver,
        "--datastore", str(folder / "datastore"), "--vmpath", str(folder / "vms"),
        "--repository", str(folder / "repository"), "--network", "default",
        "--guest-key", str(key), "--xml-directory", str(folder / "xml"),
        "--boot-timeout", "300",
    )  # fmt: skip
    for computer in (FIRST, SECOND):
        line.run("computer", "add", computer, "--host", "kvm1")
    line.run("image", "import", str(guest_image.qcow2), "--name", "Tiny Linux")
    (row,) = [one for one in line.json("images") if one["location"] == "datastore"]
    return Job(line, folder, key, str(row["name"]))


@pytest.fixture
def job(vm_folder: Path, guest_image: GuestImage, libvirt_system: LibvirtSystem) -> Iterator[Job]:
    made = make_job(vm_folder, guest_image, libvirt_system.uri)
    try:
        yield made
    finally:
        remove_domains()


def remove_domains() -> None:
    """Remove what a failed test left of its computers."""
    connection = libvirt.open("qemu:///system")
    try:
        for domain in connection.listAllDomains():
            if domain.name().startswith(("vcltui-t1:", "vcltui-t10:", "vcltui-t1_")):
                if domain.isActive():
                    domain.destroy()
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
    finally:
        connection.close()


def test_the_whole_job(job: Job) -> None:
    line = job.line
    master = checksum(job.master)
    plan = line.run("load", FIRST, job.image, "--dry-run")
    assert f"-b {job.master}" in plan
    assert line.json("domains") == [] or FIRST not in str(line.json("domains"))

    line.run("load", FIRST, job.image)
    name = job.domain(FIRST)
    assert name == f"{FIRST}:{job.image}"
    assert line.run("status", FIRST).startswith("READY")
    current = job.ssh(FIRST, "cat currentimage.txt")
    assert current.startswith(f"{job.image}\n")
    job.ssh(FIRST, "sed -i /vcld_post_load/d currentimage.txt && sync")
    assert line.run("status", FIRST).startswith("POST_LOAD")
    job.ssh(FIRST, "echo vcld_post_load=yes >> currentimage.txt && sync")
    assert line.run("status", FIRST).startswith("READY")

    line.run("power", "off", FIRST)
    line.run("snapshot", "create", FIRST, "before")
    line.run("power", "on", FIRST)
    assert wait_ready(job, FIRST)
    job.ssh(FIRST, "echo lost > change.txt && sync")
    line.run("power", "off", FIRST)
    line.run("snapshot", "revert", FIRST, "before", "--yes")
    line.run("power", "on", FIRST)
    assert wait_ready(job, FIRST)
    assert "change.txt" not in job.ssh(FIRST, "ls")
    job.ssh(FIRST, "echo kept > change.txt && sync")
    line.run("snapshot", "delete", FIRST, "before", "--yes")
    assert [row["name"] for row in line.json("snapshot", "list", FIRST)] == []

    line.run("capture", FIRST, "--name", "Tiny with Change")
    assert line.run("power", "status", FIRST).strip().endswith("off")
    captured = next(
        row["name"] for row in line.json("images") if "TinywithChange" in str(row["name"])
    )
    line.run("load", SECOND, str(captured))
    assert line.run("status", SECOND).startswith("READY")
    assert job.ssh(SECOND, "cat change.txt") == "kept\n"

    line.run("unload", SECOND, "--yes")
    line.run("unload", FIRST, "--yes")
    assert not [row for row in line.json("domains") if str(row["name"]).startswith("vcltui-t1")]
    assert list((job.folder / "vms").glob("*.qcow2")) == []
    assert checksum(job.master) == master
    assert {row["outcome"] for row in line.json("jobs")} == {"done"}


def wait_ready(job: Job, computer: str) -> bool:
    """Ask node_status until the guest that was powered on answers."""
    for _ in range(40):
        if job.line.run("status", computer).startswith(("READY", "POST_LOAD")):
            return True
    return False


def test_over_ssh(
    vm_folder: Path, guest_image: GuestImage, libvirt_system: LibvirtSystem, sshd: PrivateSshd
) -> None:
    try:
        job = make_job(vm_folder, guest_image, sshd.uri())
        before = checksum(job.master)
        job.line.run("load", FIRST, job.image)
        assert job.line.run("status", FIRST).startswith("READY")
        job.line.run("unload", FIRST, "--yes")
        assert checksum(job.master) == before
        sshd.change_host_key()
        error = job.line.run("load", FIRST, job.image, status=1)
        assert "host key" in error.lower()
        sshd.stop()
        error = job.line.run("power", "status", FIRST, status=1)
        assert "kvm1" in error
    finally:
        remove_domains()


def test_a_load_that_does_not_boot_leaves_nothing(job: Job) -> None:
    """The guest never answers: the load is undone after the host's boot timeout."""
    config = job.line.config
    config.write_text(
        config.read_text()
        + '[guests]\nboot_timeout_seconds = 5\nidentity_file = "/nonexistent"\n'
        + '[hosts.kvm1]\nuri = "qemu:///system"\ndriver = "qemu"\n'
        + f'xml_directory = "{job.folder / "xml"}"\n'
    )
    error = job.line.run("load", FIRST, job.image, status=1)
    assert FIRST in error
    assert not [row for row in job.line.json("domains") if str(row["name"]).startswith(FIRST)]
    assert list((job.folder / "vms").glob("*")) == []
