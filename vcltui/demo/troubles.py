"""The troubles that need a host to be seen on: all on one, which has a datastore of its own."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from vcltui.guests.current_image import FILE_NAME, render
from vcltui.guests.simulated_disk import write_home
from vcltui.hypervisor import domains
from vcltui.models.guest import CurrentImage
from vcltui.models.inventory import Computer, ImageRevision
from vcltui.models.names import seed_domain_name
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import computers, images
from vcltui.vcldb.database import Database
from vcltui.vcldb.staging import Stage

HOST = "kvm-d"
FIRST_COMPUTER = 51
_DOMAIN = """<domain type='test'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>512</memory><vcpu>1</vcpu>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='{device}'><driver name='qemu' type='{format}'/>
      <source file='{disk}'/><target dev='{target}'/></disk>
    <interface type='network'><mac address='{mac}'/><source network='private'/></interface>
  </devices>
</domain>
"""


@dataclass(frozen=True)
class Troubles:
    """Stages them. `session` is the host's, `other` that of a host which gets a stray domain."""

    database: Database
    made: Stage
    session: HostSession
    other: HostSession
    base: ImageRevision
    newer: ImageRevision

    def stage(self, master: Path) -> int:
        """Stage all of them on copies of `master`, the base image's.

        Returns the reservation of the guest that does not answer.
        """
        self._copy(master, self.base.name)
        self._copy(master, "linux-Nobodys-49-v1")
        silent = self._silent_guest()
        self._captures()
        self._mismatches()
        self._images()
        return silent

    # --- what is staged ---

    def _silent_guest(self) -> int:
        """A load that was killed while it waited for its guest, which does not answer."""
        computer = self._computer(loaded=True)
        disc = self._datastore / "vms" / "rescue.iso"
        disc.write_bytes(b"\0" * 2048)
        self._define(self.session, computer, self.base, disc, device="cdrom")
        reservation = self.made.request("pending/new", [computer.id], self.base, began=30, seen=25)[
            0
        ]
        for name, minutes in (
            ("begin", 26.0), ("statuscheck", 25.0), ("doesimageexists", 24.5), ("startload", 24.0),
            ("transfervm", 22.0), ("vmsetupconfig", 21.5), ("startvm", 21.0),
        ):  # fmt: skip
            self.made.step(reservation, name, minutes)
        self.made.computer(computer.id, "reloading")
        return reservation

    def _captures(self) -> None:
        """One that vcld gave up and one that it left, each with half a file."""
        for name, pretty, states, state in (
            ("linux-Unfinished-46-v1", "Unfinished", "maintenance/image", "maintenance"),
            ("linux-Leftbehind-47-v1", "Left behind", "pending/image", "inuse"),
        ):
            computer = self._computer(loaded=True)
            image = self._image(name, pretty)
            self.made.hide(image)
            self._loaded_domain(computer, self.base)
            self._disk(self._datastore / f"{name}.qcow2", "1G")
            self.made.request(states, [computer.id], image, began=300, ends=-60, seen=240)
            self.made.computer(computer.id, state)

    def _mismatches(self) -> None:
        """Domains and guests that are not as the database says."""
        unexpected = self._computer()
        self._loaded_domain(unexpected, self.base)
        missing = self._computer(loaded=True)
        self.made.request("inuse/reserved", [missing.id], self.base, began=90, seen=1)
        self.made.computer(missing.id, "inuse")

        without_base = self._computer(loaded=True)
        gone = self._copy(self._datastore / f"{self.base.name}.qcow2", "linux-Removed-48-v1")
        disk = self._overlay(without_base, self.base, gone)
        gone.unlink()
        self._define(self.session, without_base, self.base, disk, on=False)

        twice = self._computer(loaded=True)
        self._loaded_domain(twice, self.base)
        stray = self._overlay(
            twice,
            self.newer,
            Path(self.other.profile.datastore) / f"{self.newer.name}.qcow2",
            Path(self.other.profile.copy_on_write_directory),
        )
        self._define(self.other, twice, self.newer, stray, on=False)

        reloading, failed, cared_for = (self._computer(loaded=True) for _ in range(3))
        self._loaded_domain(reloading, self.base, says=self.base)
        self.made.computer(reloading.id, "reloading")
        self._loaded_domain(failed, self.base, says=self.newer)
        self.made.computer(failed.id, "failed")
        self._loaded_domain(cared_for, self.base)
        self.made.computer(cared_for.id, "maintenance", "admin 2026-11-20 09:15:00@fan is broken")

    def _images(self) -> None:
        """One without files that somebody wanted, and one of which half was copied."""
        lost = self._image("linux-Lost-44-v1", "Lost")
        self.made.request("failed/new", [self._computer().id], lost, began=20, seen=19)
        half = self._image("linux-Halfcopied-45-v1", "Half copied")
        self._disk(self._datastore / f"{half.name}.qcow2", "1G")
        assert self.session.profile.repository is not None  # noqa: S101 - as the sandbox has it
        copy = Path(self.session.profile.repository) / half.name
        copy.mkdir()
        self._disk(copy / f"{half.name}.qcow2", "2G")

    # --- what it is made of ---

    @property
    def _datastore(self) -> Path:
        return Path(self.session.profile.datastore)

    def _computer(self, *, loaded: bool = False) -> Computer:
        """Another computer of the host; `loaded`: with the base image, as the database says."""
        taken = {one.name for one in computers.list_computers(self.database)}
        name = next(f"vm{n}" for n in range(FIRST_COMPUTER, 1000) if f"vm{n}" not in taken)
        made = computers.add_computer(self.database, hostname=f"{name}.lab.example", vmhost=HOST)
        if loaded:
            self.made.loaded(made.id, self.base)
        return made

    def _image(self, name: str, pretty: str) -> ImageRevision:
        return images.add_image(
            self.database, name=name, prettyname=pretty, os_name="linux", image_type="qcow2"
        )

    def _copy(self, master: Path, name: str) -> Path:
        path = self._datastore / f"{name}.qcow2"
        shutil.copyfile(master, path)
        return _aged(path)

    def _disk(self, path: Path, size: str) -> Path:
        self.session.node.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), size])
        return _aged(path)

    def _overlay(
        self, computer: Computer, image: ImageRevision, backing: Path, folder: Path | None = None
    ) -> Path:
        base = f"{computer.name}_{image.image_id}-v{image.revision}.qcow2"
        path = (folder or Path(self.session.profile.copy_on_write_directory)) / base
        argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(backing), "-F", "qcow2"]
        self.session.node.run([*argv, str(path)])
        return path

    def _loaded_domain(
        self, computer: Computer, image: ImageRevision, *, says: ImageRevision | None = None
    ) -> None:
        """A domain that runs on an overlay of the image; `says` is what its guest tells."""
        disk = self._overlay(computer, image, self._datastore / f"{image.name}.qcow2")
        if says is not None:
            told = CurrentImage(says.name, {"imagerevision_id": str(says.revision_id)})
            write_home(
                self.session.node, str(disk), self.session.vmhost.xml_directory,
                {FILE_NAME: render(told)},
            )  # fmt: skip
        self._define(self.session, computer, image, disk)

    def _define(
        self,
        session: HostSession,
        computer: Computer,
        image: ImageRevision,
        disk: Path,
        *,
        device: str = "disk",
        on: bool = True,
    ) -> None:
        """Define a domain, and start it if it is to be on."""
        is_disk = device == "disk"
        xml = _DOMAIN.format(
            name=seed_domain_name(computer, image),
            uuid=uuid.uuid4(),
            device=device,
            format="qcow2" if is_disk else "raw",
            disk=disk,
            target="vda" if is_disk else "sda",
            mac=computer.eth0_mac,
        )
        domain = domains.define(session.connection, xml)
        if on:
            domains.start(session.connection, domain.uuid)


def _aged(path: Path) -> Path:
    """The file, as if it had not been written to lately."""
    old = path.stat().st_mtime - 3600
    os.utime(path, (old, old))
    return path
