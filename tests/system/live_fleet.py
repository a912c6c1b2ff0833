"""A live fleet of a real host, and what others do on that host meanwhile."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import libvirt
import pytest

from vcltui.models.domain import PowerState
from vcltui.models.host import VMHost, VMProfile
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.fleet.models import LiveDomain, LiveHost

from .servers import LibvirtSystem

NOT_TOLD_SECONDS = 0.1
DOMAIN_XML = """\
<domain type='qemu'>
  <name>{name}</name><memory unit='MiB'>{memory}</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    {disk}
    <interface type='network'><mac address='{mac}'/><source network='{network}'/></interface>
  </devices>
</domain>
"""
DISK_XML = """\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/>
</disk>
"""


class Outside:
    """What others do on the host: a connection that the fleet knows nothing of, and virsh."""

    def __init__(self, system: LibvirtSystem) -> None:
        self._system = system
        self._prefix = f"vcltui-fleet-{uuid.uuid4().hex[:8]}-"

    def name(self, word: str) -> str:
        return f"{self._prefix}{word}"

    def define(self, *words: str, memory: int = 16, disk: Path | None = None) -> None:
        with closing(libvirt.open(self._system.uri)) as connection:
            for number, word in enumerate(words):
                connection.defineXML(
                    DOMAIN_XML.format(
                        name=self.name(word),
                        memory=memory,
                        mac=f"52:54:00:f1:ee:{number:02x}",
                        network=self._system.network,
                        disk=DISK_XML.format(disk=disk) if disk else "",
                    )
                )

    def virsh(self, verb: str, word: str) -> None:
        subprocess.run(
            ["virsh", "-q", "-c", self._system.uri, verb, self.name(word)],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def remove_all(self) -> None:
        with closing(libvirt.open(self._system.uri)) as connection:
            for domain in connection.listAllDomains():
                if domain.name().startswith(self._prefix):
                    with suppress(libvirt.libvirtError):
                        domain.destroy()
                    with suppress(libvirt.libvirtError):
                        domain.undefine()


class Watched:
    """A fleet of the real host, and how long what it shows takes to come."""

    def __init__(self, uri: str, folder: Path) -> None:
        profile = VMProfile("kvm", datastore=str(folder))
        hosts = {
            "here": VMHost("here", uri, profile, driver="qemu"),
            "other": VMHost("other", "test:///default"),
        }
        self.sessions = {name: HostSession(host) for name, host in hosts.items()}
        self.fleet = Fleet(lambda: hosts, self.sessions.__getitem__, lambda: None)
        self._changed = threading.Event()
        self.fleet.subscribe(self._changed.set)
        self.fleet.start()

    def until(self, holds: Callable[[], object], seconds: float, what: str = "") -> float:
        """How many seconds it took until it holds; after `seconds` the test fails."""
        began = time.monotonic()
        while not holds():
            # Of the time of an answer alone nobody is told.
            self._changed.wait(NOT_TOLD_SECONDS)
            if time.monotonic() > began + seconds:
                pytest.fail(f"not shown after {seconds} s: {self.host}")
            self._changed.clear()
        took = time.monotonic() - began
        if what:
            print(f"{what} after {took:.3f} s")
        return took

    def close(self) -> None:
        self.fleet.close()
        for session in self.sessions.values():
            session.close()

    @property
    def host(self) -> LiveHost:
        found = self.fleet.host("here")
        return found or LiveHost("here", "")

    def domain(self, name: str) -> LiveDomain | None:
        return next((each for each in self.host.domains if each.name == name), None)

    def power(self, name: str) -> PowerState | None:
        found = self.domain(name)
        return found.power if found else None
