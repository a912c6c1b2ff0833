"""The parts that the system suite stands on work by themselves, without any vcltui code."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import libvirt
import pytest

from .guestimage import GuestImage, build_guest_image
from .servers import LibvirtSystem, PrivateSshd, wait_until

pytestmark = pytest.mark.system

BOOT_SECONDS = 120
STOP_SECONDS = 60

DOMAIN_XML = """\
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='{machine}'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <cpu mode='host-model'><model fallback='allow'/></cpu>
  <clock offset='utc'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <source network='{network}'/>
      <model type='virtio'/>
    </interface>
    <interface type='network'>
      <source network='{network}'/>
      <model type='virtio'/>
    </interface>
    <serial type='pty'><log file='{console_log}'/></serial>
    <console type='pty'/>
    <graphics type='vnc' autoport='yes' listen='127.0.0.1'/>
  </devices>
</domain>
"""


@dataclass
class Guest:
    """A domain that runs the guest image, and the way into it."""

    domain: libvirt.virDomain
    image: GuestImage
    folder: Path

    @property
    def console(self) -> str:
        return (self.folder / "console.log").read_text(errors="replace")

    def addresses(self) -> list[str]:
        source = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE
        found = self.domain.interfaceAddresses(source).values()
        return [address["addr"] for nic in found for address in nic["addrs"]]

    def ssh(self, command: str, address: str | None = None) -> subprocess.CompletedProcess[str]:
        known_hosts = self.folder / "known_hosts"
        known_hosts.write_text(f"guest {self.image.host_public_key}\n")
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "5",
            "GlobalKnownHostsFile": "/dev/null",
            "HostKeyAlias": "guest",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(known_hosts),
        }
        arguments = [f"-o{name}={value}" for name, value in options.items()]
        target = f"root@{address or self.addresses()[0]}"
        return subprocess.run(
            ["ssh", "-F", "none", "-i", self.image.private_key, *arguments, target, command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def start(self) -> None:
        self.domain.create()
        wait_until(lambda: len(self.addresses()) == 2, BOOT_SECONDS, "two leases")
        wait_until(lambda: self.ssh("true").returncode == 0, BOOT_SECONDS, "SSH")

    def wait_off(self) -> None:
        wait_until(lambda: not self.domain.isActive(), STOP_SECONDS, "power off")

    def check_file_system(self) -> subprocess.CompletedProcess[str]:
        disk, raw = self.folder / "guest.qcow2", self.folder / "guest.img"
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk, raw], check=True)
        return subprocess.run(
            ["/usr/sbin/fsck.vfat", "-n", raw], capture_output=True, text=True, check=False
        )


@pytest.fixture(params=["pc", "q35"])
def guest(
    request: pytest.FixtureRequest,
    libvirt_system: LibvirtSystem,
    guest_image: GuestImage,
    vm_folder: Path,
) -> Iterator[Guest]:
    disk = vm_folder / "guest.qcow2"
    shutil.copy(guest_image.qcow2, disk)
    name = f"vcltui-parts-{uuid.uuid4().hex[:12]}"
    xml = DOMAIN_XML.format(
        name=name,
        machine=request.param,
        disk=disk,
        network=libvirt_system.network,
        console_log=vm_folder / "console.log",
    )
    with closing(libvirt.open(libvirt_system.uri)) as connection:
        domain = connection.defineXML(xml)
        try:
            yield Guest(domain, guest_image, vm_folder)
        finally:
            remove_domain(libvirt_system, name)


def remove_domain(system: LibvirtSystem, name: str) -> None:
    with closing(libvirt.open(system.uri)) as connection:
        domain = connection.lookupByName(name)
        with suppress(libvirt.libvirtError):
            domain.destroy()
        domain.undefine()


def test_guest_keeps_its_files_and_can_be_shut_down_two_ways(guest: Guest) -> None:
    guest.start()
    assert all(guest.ssh("true", address).returncode == 0 for address in guest.addresses())
    written = guest.ssh("echo centos-base-1-v0 >currentimage.txt && sync && pwd")
    assert written.stdout == "/root\n", written.stderr

    guest.domain.shutdown()
    guest.wait_off()
    checked = guest.check_file_system()
    assert checked.returncode == 0, checked.stdout

    guest.start()
    assert guest.ssh("cat /root/currentimage.txt").stdout == "centos-base-1-v0\n"
    guest.ssh("poweroff")
    guest.wait_off()
    checked = guest.check_file_system()
    assert checked.returncode == 0, checked.stdout
    assert "guest: /root is on /dev/vda" in guest.console
    assert "vcl-guest:~#" in guest.console


@pytest.mark.parametrize("guest", ["pc"], indirect=True)
def test_written_file_survives_a_hard_power_off(guest: Guest) -> None:
    guest.start()
    assert guest.ssh("echo kept >currentimage.txt").returncode == 0
    guest.domain.destroy()
    guest.start()
    assert guest.ssh("cat currentimage.txt").stdout == "kept\n"


def test_guest_image_is_built_once(guest_image: GuestImage, cache_dir: Path) -> None:
    before = guest_image.qcow2.stat()
    again = build_guest_image(cache_dir)
    assert again == guest_image
    assert again.qcow2.stat().st_ino == before.st_ino
    assert not list(cache_dir.glob(".building-*"))


def test_qemu_over_ssh_lists_the_same_domains(
    libvirt_system: LibvirtSystem, sshd: PrivateSshd
) -> None:
    name = f"vcltui-parts-{uuid.uuid4().hex[:12]}"
    xml = (
        f"<domain type='qemu'><name>{name}</name><memory>1024</memory>"
        "<os><type>hvm</type></os></domain>"
    )
    with closing(libvirt.open(libvirt_system.uri)) as local:
        domain = local.defineXML(xml)
        try:
            with closing(libvirt.open(sshd.uri())) as remote:
                assert name in remote.listDefinedDomains()
        finally:
            domain.undefine()


def test_changed_host_key_is_refused_until_it_is_trusted(
    libvirt_system: LibvirtSystem, sshd: PrivateSshd
) -> None:
    sshd.change_host_key()
    # libvirt keeps only 1,024 bytes of what ssh says, and of anything longer only an EOVERFLOW. A
    # long path to known_hosts makes ssh's warning longer than that.
    refused = r"Host key verification failed|Value too large for defined data type"
    with pytest.raises(libvirt.libvirtError, match=refused):
        libvirt.open(sshd.uri())
    answer = subprocess.run(
        [sshd.wrapper, "-p", str(sshd.port), "127.0.0.1", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Host key verification failed" in answer.stderr
    sshd.trust_host_key()
    libvirt.open(sshd.uri()).close()


def test_stopped_sshd_ends_its_sessions(libvirt_system: LibvirtSystem, sshd: PrivateSshd) -> None:
    with closing(libvirt.open(sshd.uri())) as remote:
        sshd.stop()
        with pytest.raises(libvirt.libvirtError):
            remote.getLibVersion()
        with pytest.raises(libvirt.libvirtError):
            libvirt.open(sshd.uri())
