"""A small real world for the use cases: two hosts of libvirt's test driver, real qcow2 disks."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vcltui.config import Config
from vcltui.guests.simulated import SimulatedGuest
from vcltui.models.cancel import CancelToken
from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.operations.runner import Observer
from vcltui.operations.step import Step
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.execute import execute
from vcltui.provisioning.guests import guest_of
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.provisioning.module import ProvisioningModule
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts

HOST_XML = """<node>
  <network><name>private</name><bridge name="virbr7"/>
    <ip address="10.9.0.1" netmask="255.255.0.0"/></network>
  <network><name>public</name><bridge name="virbr8"/>
    <ip address="10.8.0.1" netmask="255.255.0.0"/></network>
  <cpu><mhz>2000</mhz><model>x86_64</model><active>4</active><nodes>1</nodes>
    <sockets>1</sockets><cores>4</cores><threads>1</threads></cpu>
  <memory>16777216</memory>
</node>"""


class StopAt(Observer):
    """Raises, or cancels, when the named step begins or ends."""

    def __init__(self, step: str, action, *, after: bool = False) -> None:
        self.step, self.action, self.after = step, action, after

    def step_started(self, step: Step) -> None:
        if step.name == self.step and not self.after:
            self.action()

    def step_finished(self, step: Step, note: str | None) -> None:
        if step.name == self.step and self.after:
            self.action()


@dataclass
class World:
    """The folder, the workspace and what tests ask of them.

    `first` is the computer that is worked on, on the host `host_name`; `second` is a bystander.
    """

    home: Path
    workspace: Workspace
    cancel: CancelToken = field(default_factory=CancelToken)
    first: str = "vm1"
    second: str = "vm2"
    host_name: str = "kvm-a"

    def targets(self, observer: Observer | None = None) -> Targets:
        return Targets(self.workspace, observer, self.cancel)

    def computer(
        self, name: str, image: str | None = None, observer: Observer | None = None
    ) -> ProvisioningModule:
        return self.targets(observer).computer(name, image)

    def guest(self, name: str) -> SimulatedGuest:
        module = self.computer(name)
        guest = guest_of(module.context, computer_domain(module.context))
        assert isinstance(guest, SimulatedGuest)
        return guest

    def host(self, name: str | None = None) -> ProvisioningModule:
        return self.targets().host(name or self.host_name)

    def add_image(
        self, pretty: str, *, revision_of: str | None = None, host: str | None = None
    ) -> str:
        """Import a small disk; returns the image's name."""
        disk = self.home / "incoming.qcow2"
        make_disk(disk)
        request = ImportRequest((str(disk),), pretty, revision_of=revision_of)
        operation = execute(
            self.host(host).context, "image-test", partial(plan_import, request=request)
        )
        disk.unlink()
        return operation.details["image"]

    def master(self, image: str) -> Path:
        return self.home / "datastore" / f"{image}.qcow2"

    def files(self) -> set[str]:
        """Every file in datastore, repository and run folders, without locks."""
        return {
            str(path.relative_to(self.home))
            for folder in ("datastore", "vms", "repository", "run")
            for path in (self.home / folder).rglob("*")
            if path.is_file() and not path.name.endswith(".lock")
        }

    def domains(self, host: str | None = None) -> set[str]:
        return set(self.host(host).get_domain_info())


def make_disk(path: Path, size: str = "64M") -> None:
    """A qcow2 disk with two MiB of data behind the first MiB."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), size], check=True)
    subprocess.run(
        ["qemu-io", "-f", "qcow2", "-c", "write -q -P 7 4M 2M", str(path)],
        check=True,
        capture_output=True,
    )


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def vmhost(home: Path, name: str, **profile: object) -> VMHost:
    """A host of the test driver with a profile in `home`."""
    xml = home / f"{name}.xml"
    if not xml.exists():
        xml.write_text(HOST_XML)
    values: dict[str, object] = {
        "name": name,
        "datastore": str(home / "datastore"),
        "vmpath": str(home / "vms"),
        "repository": str(home / "repository"),
        "virtualswitch0": "private",
        "virtualswitch1": "public",
    }
    return VMHost(
        name=name,
        uri=f"test://{xml}",
        profile=VMProfile(**{**values, **profile}),  # type: ignore[arg-type]
        driver="test",
        xml_directory=str(home / "run" / name),
        guests=GuestAccess(method="simulated"),
    )


def open_world(home: Path) -> World:
    """The world in `home`, made where it is not there yet."""
    for folder in ("datastore", "vms", "repository", "run"):
        (home / folder).mkdir(exist_ok=True)
    known = {name: vmhost(home, name) for name in ("kvm-a", "kvm-b")}
    config = Config(
        files=(),
        management_node="mn1",
        state_directory=home / "state",
        inventory_url=f"sqlite:///{home / 'inventory.sqlite'}",
        sandbox=True,
        hosts=known,
    )
    workspace = Workspace(config)
    if workspace.database is None:
        database = workspace.inventory(create=True)
        for host in known.values():
            hosts.add_vmhost(database, host)
        for name, host_name in (("vm1", "kvm-a"), ("vm10", "kvm-a"), ("vm2", "kvm-b")):
            computers.add_computer(database, hostname=name, vmhost=host_name)
    return World(home, workspace)
