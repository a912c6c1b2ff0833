"""Scenes of stuck reservations: rows in a real database, real disks, domains and processes."""

from __future__ import annotations

import subprocess
import time
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from tests.unit.provisioning.world import World, open_world
from vcltui.config import ManagementNodeAccess
from vcltui.doctor.examine import examine
from vcltui.doctor.findings import Diagnosis, Finding
from vcltui.doctor.settings import DoctorSettings
from vcltui.hypervisor import domains
from vcltui.models.host import VMHost
from vcltui.models.inventory import ImageRevision
from vcltui.runtime.diagnosis import gather_facts
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts, images
from vcltui.vcldb import tables as t
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import ids_by_name

NODE = "mn1"
_DOMAIN = """<domain type='test'><name>{name}</name><uuid>{uuid}</uuid>
<memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os><devices>{disk}{nics}</devices>
</domain>"""


def wait_for_name(pid: int, title: str) -> None:
    """Wait until the system shows the name of a process that has just begun: it runs before."""
    deadline = time.monotonic() + 60
    while not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title.encode()):
        assert time.monotonic() < deadline, f"{title} never ran"
        time.sleep(0.001)


class Scene:
    """Hosts kvm-a and kvm-b on one datastore; computers vm1, vm10 (kvm-a) and vm2 (kvm-b).

    The management node mn1 is this machine and its vcld checked in just now. Ages and times are
    in seconds before now; a negative age is in the future.
    """

    def __init__(self, home: Path, database: Database | None = None) -> None:
        """`database`: VCL's own in place of the embedded file, with hosts and computers added."""
        self.home = home
        self.world: World = open_world(home)
        self._own = database
        if database is not None:
            hosts_of = self.world.workspace.config.hosts
            for host in hosts_of.values():
                hosts.add_vmhost(database, host)
            for name, host_name in (("vm1", "kvm-a"), ("vm10", "kvm-a"), ("vm2", "kvm-b")):
                computers.add_computer(database, hostname=name, vmhost=host_name)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.children: set[int] = set()
        self._config(management_nodes={NODE: ManagementNodeAccess(log=str(self.log))})
        self.db: Database = self.workspace.inventory()
        with self.db.read() as connection:
            self.states = ids_by_name(connection, t.state)
        self.checkin(0)
        self.image = self.add_image("linux-Base-7-v1")

    @property
    def workspace(self) -> Workspace:
        return self.world.workspace

    @property
    def log(self) -> Path:
        return self.home / "vcld.log"

    def _config(self, **changes: Any) -> None:
        config = replace(self.world.workspace.config, **changes)
        self.world.workspace.close()
        self.world.workspace = Workspace(config, readonly=self.world.workspace.readonly)
        if self._own is not None:
            self.world.workspace._database = self._own

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait()
        self.workspace.close()

    # --- asking ---

    def diagnosis(self, settings: DoctorSettings | None = None) -> Diagnosis:
        return examine(gather_facts(self.workspace), settings)

    def find(self, number: int) -> list[Finding]:
        return [one for one in self.diagnosis().findings if one.number == number]

    def the(self, number: int) -> Finding:
        found = self.find(number)
        assert len(found) == 1, [(one.number, one.subject, one.summary) for one in found]
        return found[0]

    def quiet(self, number: int) -> bool:
        return not self.find(number)

    # --- rows ---

    def insert(self, table: Any, **values: Any) -> int:
        with self.db.write() as connection:
            key = connection.execute(insert(table).values(**values)).inserted_primary_key
        return int(key[0]) if key else 0

    def set(self, table: Any, id_: int, **values: Any) -> None:
        with self.db.write() as connection:
            connection.execute(update(table).where(table.c.id == id_).values(**values))

    def get(self, table: Any, **where: Any) -> list[Any]:
        conditions = [table.c[name] == value for name, value in where.items()]
        with self.db.read() as connection:
            return list(connection.execute(select(table).where(*conditions)))

    def ago(self, seconds: float) -> datetime:
        return now() - timedelta(seconds=seconds)

    def checkin(self, seconds: float | None, node: int = 1) -> None:
        """When the management node's vcld last checked in; None for never."""
        with self.db.write() as connection:
            values = {"lastcheckin": None if seconds is None else self.ago(seconds)}
            connection.execute(
                update(t.managementnode).where(t.managementnode.c.id == node).values(**values)
            )

    def elsewhere(self) -> None:
        """The management node is another machine, which nobody said how to reach."""
        self.set(t.managementnode, 1, hostname="mn-far.example.org")

    def add_image(self, name: str, pretty: str | None = None) -> ImageRevision:
        return images.add_image(
            self.db, name=name, prettyname=pretty or name, os_name="linux", image_type="qcow2"
        )

    def hide_image(self, image: ImageRevision) -> None:
        """An image as a capture that is not finished has it."""
        self.set(t.image, image.image_id, deleted=1)
        self.set(t.imagerevision, image.revision_id, deleted=1)

    def computer_id(self, name: str) -> int:
        return int(self.get(t.computer, hostname=name, deleted=0)[0].id)

    def computer(self, name: str, **values: Any) -> int:
        """Change a computer; `state` is a name."""
        id_ = self.computer_id(name)
        if "state" in values:
            values["stateid"] = self.states[values.pop("state")]
        self.set(t.computer, id_, **values)
        return id_

    def loaded(self, name: str, image: ImageRevision | None = None) -> None:
        computers.set_current_image(self.db, self.computer_id(name), image or self.image)

    def request(
        self,
        state: str,
        laststate: str,
        *names: str,
        start: float = 600,
        end: float = -3600,
        seen: float | None = 300,
        image: ImageRevision | None = None,
        **values: Any,
    ) -> int:
        """A request for computers (default vm1), last looked at `seen` ago; its reservation's id.

        Of a cluster it is the first one's; the others have the ids after it.
        """
        chosen = image or self.image
        request = self.insert(
            t.request,
            stateid=self.states[state],
            laststateid=self.states[laststate],
            userid=1,
            start=self.ago(start),
            end=self.ago(end),
            daterequested=self.ago(start),
            **values,
        )
        made = [
            self.insert(
                t.reservation,
                requestid=request,
                computerid=self.computer_id(name),
                imageid=chosen.image_id,
                imagerevisionid=chosen.revision_id,
                managementnodeid=1,
                lastcheck=None if seen is None else self.ago(seen),
            )
            for name in names or ("vm1",)
        ]
        return made[0]

    def request_of(self, reservation: int) -> Any:
        row = self.get(t.reservation, id=reservation)[0]
        return self.get(t.request, id=row.requestid)[0]

    def states_of(self, reservation: int) -> tuple[str, str]:
        names = {id_: name for name, id_ in self.states.items()}
        row = self.request_of(reservation)
        return names[row.stateid], names[row.laststateid]

    def step(self, reservation: int, name: str, ago: float, info: str = "") -> None:
        """A row of the load log."""
        state = self.get(t.computerloadstate, loadstatename=name)[0].id
        computer = self.get(t.reservation, id=reservation)[0].computerid
        self.insert(
            t.computerloadlog,
            reservationid=reservation,
            computerid=computer,
            loadstateid=state,
            timestamp=self.ago(ago),
            additionalinfo=info,
        )

    def lock(self, identifier: str, reservation: int, pid: int, expires: float = -3600) -> None:
        """A row of vcldsemaphore that expires so many seconds ago."""
        with self.db.write() as connection:
            connection.execute(
                insert(t.vcldsemaphore).values(
                    identifier=identifier,
                    reservationid=reservation,
                    pid=pid,
                    expires=self.ago(expires),
                )
            )

    def ending(
        self,
        computer: str,
        ending: str,
        image: ImageRevision | None = None,
        host: int | None = None,
    ) -> None:
        """A reservation of the log that ended an hour ago; `host` is a VM host's computer id."""
        chosen = image or self.image
        log = self.insert(
            t.log,
            userid=1,
            start=self.ago(7200),
            initialend=self.ago(3600),
            finalend=self.ago(3600),
            ending=ending,
            imageid=chosen.image_id,
        )
        self.insert(
            t.sublog,
            logid=log,
            imageid=chosen.image_id,
            imagerevisionid=chosen.revision_id,
            computerid=self.computer_id(computer),
            managementnodeid=1,
            hostcomputerid=host,
        )

    # --- processes, log, files, domains ---

    def vcld(self, reservation: int, state: str = "new", computer: str = "vm1") -> int:
        """A real process that is named as vcld names its children; its id."""
        request = self.get(t.reservation, id=reservation)[0].requestid
        title = f"vcld '|1|{request}|{reservation}|{state}|' {computer}>kvm-a image admin"
        return self.named(title)

    def named(self, title: str) -> int:
        """A real process that is named so; its id."""
        self.processes.append(
            subprocess.Popen([title, "600"], executable="/usr/bin/sleep", start_new_session=True)
        )
        wait_for_name(self.processes[-1].pid, title)
        return self.processes[-1].pid

    def gone_pid(self) -> int:
        """The id of a process that has ended."""
        process = subprocess.Popen(["/bin/true"])
        process.wait()
        return process.pid

    def say(self, reservation: int, message: str, severity: str = "", state: str = "new") -> None:
        """A line, or a block of a warning, in vcld.log."""
        request = self.get(t.reservation, id=reservation)[0].requestid
        stamp = f"{self.ago(30):%Y-%m-%d %H:%M:%S}"
        head = f"\n---- {severity} ----\n" if severity else ""
        line = f"{stamp}|77|{request}|{reservation}|{state}|KVM.pm:load|700|{message}\n"
        with self.log.open("a") as file:
            file.write(f"{head}{line}")

    def disk(self, path: str, backing: str | None = None, size: str = "8M", age: float = 0) -> Path:
        """A qcow2 file under the scene's folder, changed `age` ago."""
        whole = self.home / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        argv = ["qemu-img", "create", "-q", "-f", "qcow2"]
        if backing is None:
            argv += [str(whole), size]
        else:
            argv += ["-b", str(self.home / backing), "-F", "qcow2", str(whole)]
        subprocess.run(argv, check=True)
        self.aged(whole, age)
        return whole

    def aged(self, path: Path, seconds: float) -> None:
        import os

        stamp = datetime.now().timestamp() - seconds
        os.utime(path, (stamp, stamp))

    def fill(self, path: Path, mib: int) -> None:
        """Write data into a disk."""
        subprocess.run(
            ["qemu-io", "-f", "qcow2", "-c", f"write -q -P 5 0 {mib}M", str(path)],
            check=True,
            capture_output=True,
        )

    def master(self, image: ImageRevision | None = None, age: float = 600) -> Path:
        return self.disk(f"datastore/{(image or self.image).name}.qcow2", age=age)

    def domain(
        self,
        name: str,
        host: str = "kvm-a",
        disk: Path | None = None,
        mac: str | None = None,
        on: bool = True,
    ) -> str:
        """A domain; its UUID."""
        drive = ""
        if disk is not None:
            drive = (
                "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
                f"<source file='{disk}'/><target dev='vda'/></disk>"
            )
        nics = (
            f"<interface type='network'><mac address='{mac}'/><source network='private'/>"
            "</interface>"
        )
        xml = _DOMAIN.format(name=name, uuid=uuid.uuid4(), disk=drive, nics=nics if mac else "")
        connection = self.workspace.session(host).connection
        made = domains.define(connection, xml, validate=False)
        if on:
            domains.start(connection, made.uuid)
        return made.uuid

    def interface(self, name: str, host: str = "kvm-a") -> None:
        """An interface of the host's own, such as a bridge, that is up."""
        handle = self.workspace.session(host).connection.handle
        made = handle.interfaceDefineXML(
            f"<interface type='ethernet' name='{name}'><start mode='none'/></interface>"
        )
        made.create()

    def load(self, name: str = "vm1", host: str = "kvm-a", on: bool = True) -> Path:
        """The image's master, and a computer that is loaded with it; its disk."""
        image = self.image
        if not (self.home / f"datastore/{image.name}.qcow2").exists():
            self.master()
        base = f"{name}_{image.image_id}-v{image.revision}"
        disk = self.disk(f"vms/{base}.qcow2", backing=f"datastore/{image.name}.qcow2")
        self.loaded(name)
        self.domain(f"{name}:{image.name}", host, disk, on=on)
        return disk

    def lose_host(self, name: str) -> None:
        """A host that can't be asked any more."""
        hosts = dict(self.workspace.config.hosts)
        found: VMHost = hosts[name]
        self._config(hosts={**hosts, name: replace(found, uri=f"test://{self.home}/gone.xml")})
        self.db = self.workspace.inventory()
