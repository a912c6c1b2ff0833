"""Facts that never change, and a console that draws them: no host, no database, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from tests.unit.tui.driving import HeardConsole
from vcltui.config import Config
from vcltui.config.model import UISettings
from vcltui.disks.images import StoredImage
from vcltui.doctor.findings import (
    Diagnosis,
    Evidence,
    Finding,
    SemaphoreLife,
    Serving,
    Severity,
    Timeline,
    TimelineStep,
)
from vcltui.models.disk import DiskInfo
from vcltui.models.domain import DomainDefinition, DomainInterface, PowerState, Snapshot, VCLFacts
from vcltui.models.evidence import SemaphoreRow
from vcltui.models.host import HostStatus, VMHost, VMProfile
from vcltui.models.inventory import Computer, ImageRevision, OperatingSystem
from vcltui.models.reservation import ReservationRow
from vcltui.runtime.fleet.models import (
    DiskChain,
    DomainDetails,
    DomainView,
    HostImages,
    HostState,
    InventoryFacts,
    LiveDomain,
    LiveHost,
)
from vcltui.runtime.fleet.rows import DomainRows, domain_views
from vcltui.runtime.jobs.models import Job, JobLine, JobState, JobStep, StepState
from vcltui.runtime.log_lines import LogLine
from vcltui.runtime.workspace import Workspace
from vcltui.tui.commands import Commands
from vcltui.tui.navigation import Navigation
from vcltui.tui.terminal import SuspendingTerminal
from vcltui.tui.views import Views

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MONOTONIC = 10_000.0
GIB = 1 << 30
LINUX = OperatingSystem(1, "linux", "Generic Linux", "linux")
WINDOWS = OperatingSystem(2, "win10", "Windows 10", "windows")
BASE, OFFICE, ODD = "linux-Base12-3-v2", "win10-Office-4-v1", "linux-Odd[b]Name-5-v1"
DOMAIN_UUID = "00000000-0000-4000-8000-000000000001"


def domain(number: int, host: str, name: str, power: PowerState, **more: Any) -> LiveDomain:
    return LiveDomain(
        host,
        f"00000000-0000-4000-8000-{number:012}",
        name,
        power,
        vcpus=2,
        memory_bytes=2 * GIB,
        **more,
    )


def _facts(computer: int, image: str) -> VCLFacts:
    number = int(image.split("-")[-2])
    loaded = NOW - timedelta(hours=26)
    return VCLFacts(image, number, number, 2, computer, f"vm{computer}", "mn1", loaded)


_ON = {"started_at": NOW - timedelta(hours=26), "started_exactly": True}
HOSTS = (
    LiveHost(
        "kvm-a",
        "qemu+ssh://root@kvm-a/system",
        HostState.UP,
        answered_at=MONOTONIC - 1,
        driver="kvm",
        status=HostStatus("kvm-a", 32, 128 * GIB, 90 * GIB),
        domains=(
            domain(1, "kvm-a", f"vm1:{BASE}", PowerState.ON, reason="booted", cpu_percent=12.4,
                   address="10.0.0.1", facts=_facts(1, BASE), **_ON),
            domain(2, "kvm-a", f"vm2:{OFFICE}", PowerState.SUSPENDED, cpu_percent=0.0,
                   facts=_facts(2, OFFICE), started_at=NOW - timedelta(minutes=12)),
            domain(3, "kvm-a", f"vm10:{BASE}", PowerState.CRASHED, facts=_facts(10, BASE)),
            domain(4, "kvm-a", "stray[red]", PowerState.ON, persistent=False, cpu_percent=99.6,
                   **_ON),
        ),
        datastore_free_bytes=700 * GIB,
        datastore_total_bytes=2000 * GIB,
        libvirt_version="9.0.0",
        hypervisor="QEMU",
        looked_at=MONOTONIC,
    ),
    LiveHost(
        "kvm-b",
        "qemu+ssh://root@kvm-b/system",
        HostState.UNREACHABLE,
        reason="kvm-b does not answer: no route to [host]",
        hint="Is it on?",
        answered_at=MONOTONIC - 400,
        driver="kvm",
        status=HostStatus("kvm-b", 16, 64 * GIB, 60 * GIB),
        domains=(
            domain(5, "kvm-b", f"vm3:{BASE}", PowerState.OFF, facts=_facts(3, BASE)),
        ),
    ),
    LiveHost("kvm-c", "qemu+ssh://root@kvm-c/system", asked_at=MONOTONIC - 3),
)  # fmt: skip


def _revision(name: str, number: int, system: OperatingSystem, title: str) -> ImageRevision:
    revision = int(name.rpartition("-v")[2])
    created = datetime(2026, 2, number, 8, 0)
    return ImageRevision(number, number, revision, name, title, system, 1024, 1, created=created)


INVENTORY = InventoryFacts(
    exists=True,
    read=True,
    computers=tuple(
        Computer(number, f"vm{number}.example.org", state, host, current_image=image,
                 private_ip=f"10.0.0.{number}")
        for number, state, host, image in (
            (1, "inuse", "kvm-a", BASE), (2, "available", "kvm-a", OFFICE),
            (3, "available", "kvm-b", BASE), (4, "available", "kvm-a", "noimage"),
            (10, "failed", "kvm-a", BASE),
        )
    ),
    revisions=(
        _revision(BASE, 3, LINUX, "Base 12"),
        _revision(OFFICE, 4, WINDOWS, "Office"),
        _revision(ODD, 5, LINUX, "Odd [b]name[/b]"),
    ),
    reservations=(
        ReservationRow(71, 61, "inuse", "reserved", "ada", "vm1", BASE, "kvm-a",
                       datetime(2026, 3, 2, 8, 0), datetime(2026, 3, 2, 12, 0),
                       datetime(2026, 3, 2, 9, 25)),
        ReservationRow(72, 62, "failed", "new", "o[b]x", "vm10", BASE, "kvm-a",
                       datetime(2026, 3, 2, 9, 0), datetime(2026, 3, 2, 11, 0), None),
    ),
)  # fmt: skip
_MASTER, _OVERLAY = f"/data/{BASE}.qcow2", "/data/vms/vm1_3-v2.qcow2"
CHAIN = (
    DiskInfo(_OVERLAY, "qcow2", 8 * GIB, 300 << 20, backing_file=_MASTER),
    DiskInfo(_MASTER, "qcow2", 8 * GIB, 2 * GIB),
)
SNAPSHOTS = tuple(
    Snapshot(name, NOW - timedelta(days=9 - day), "shutoff", words, parent, name == "lecture 2")
    for day, (name, parent, words) in enumerate(
        (("clean", None, "as loaded"), ("lecture 1", "clean", ""), ("lecture 2", "lecture 1", ""),
         ("[/odd]", "clean", "[b]bold[/b]"))
    )
)  # fmt: skip
DETAILS = DomainDetails(
    "kvm-a",
    DOMAIN_UUID,
    DomainDefinition(
        f"vm1:{BASE}", DOMAIN_UUID, "kvm", 2 * GIB, 2,
        interfaces=(DomainInterface("network", "private", "52:54:00:00:00:01", "virtio"),),
    ),
    f"<domain type='kvm'>\n  <name>vm1:{BASE}</name>\n  <memory unit='GiB'>2</memory>\n</domain>\n",
    SNAPSHOTS,
    (DiskChain("vda", _OVERLAY, CHAIN),),
    {"52:54:00:00:00:01": ("10.0.0.1",)},
)  # fmt: skip
IMAGES = HostImages(
    "kvm-a",
    (
        StoredImage(BASE, "datastore", _MASTER, "qcow2", 8 * GIB, 2 * GIB, (_OVERLAY,)),
        StoredImage(ODD, "datastore", f"/data/{ODD}.qcow2", "qcow2", 20 * GIB, 512 << 20,
                    problem="its [header] can't be read"),
        StoredImage(BASE, "repository", f"/repo/{BASE}/{BASE}.qcow2", "qcow2", 8 * GIB, 2 * GIB),
    ),
)  # fmt: skip


def _steps(*states: StepState) -> tuple[JobStep, ...]:
    titles = ("Delete what is on vm1", "Make the disk", "Define the domain", "Power it on")
    return tuple(
        JobStep(f"s{number}", title, state, share=0.4 if state is StepState.RUNNING else None)
        for number, (title, state) in enumerate(zip(titles, states, strict=True))
    )


_DONE, _TODO = StepState.DONE, StepState.PENDING
_LINES = tuple(
    JobLine(NOW - timedelta(seconds=90 - second), text)
    for second, text in ((0, "begins"), (30, "copying [a] file"), (60, "running"))
)
JOBS = (
    Job(3, f"Load {BASE} onto vm4", "kvm-a", "vm4", JobState.RUNNING, began=MONOTONIC - 90,
        steps=_steps(_DONE, StepState.RUNNING, _TODO, _TODO), log=_LINES),
    Job(2, f"Capture vm2 as {OFFICE}", "kvm-a", "vm2", JobState.FAILED, began=MONOTONIC - 700,
        ended=MONOTONIC - 500, steps=_steps(_DONE, StepState.FAILED, _TODO, _TODO),
        message="No space is left on [datastore]. Free some.", log=_LINES[:2]),
    Job(1, "Power on vm3", "kvm-b", "vm3", JobState.DONE, began=MONOTONIC - 30,
        ended=MONOTONIC - 25, steps=_steps(_DONE, _DONE, _DONE, _DONE), log=_LINES[:1]),
)  # fmt: skip
LOG = tuple(
    LogLine(number, NOW - timedelta(minutes=number), level, source, text)
    for number, (level, source, text) in enumerate(
        (("error", "runtime.jobs", "The job [x] failed"),
         ("warning", "tui.kept", "The console's choices can't be kept"),
         ("info", "runtime.fleet", "kvm-b does not answer"))
    )
)  # fmt: skip


@dataclass
class FrozenFleet:
    """Facts as a fleet has them, that stay as they are."""

    live: tuple[LiveHost, ...] = HOSTS
    inventory: InventoryFacts = INVENTORY
    read: DomainDetails | None = DETAILS
    listed: HostImages | None = IMAGES
    refreshed: list[str | None] = field(default_factory=list)
    is_listed: bool = True

    def hosts(self) -> list[LiveHost]:
        return list(self.live)

    def host(self, name: str) -> LiveHost | None:
        return next((host for host in self.live if host.name == name), None)

    def domains(self, host: str | None = None) -> tuple[DomainView, ...]:
        hosts = [one for one in self.live if host in (None, one.name)]
        return domain_views(hosts, self.inventory)

    @property
    def unplaced(self) -> tuple[DomainView, ...]:
        rows = DomainRows()
        rows.learn(self.inventory, ())
        return rows.unplaced

    def computer(self, name: str) -> DomainView | None:
        found = (view for view in self.domains() if view.computer and view.computer.name == name)
        return next(found, None)

    def details(self, host: str, uuid: str) -> DomainDetails | None:
        read = self.read
        return read if read and (read.host, read.uuid) == (host, uuid) else None

    def images(self, host: str) -> HostImages | None:
        return self.listed if self.listed and self.listed.host == host else None

    def subscribe(self, _told: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    def refresh(self, host: str | None = None) -> None:
        self.refreshed.append(host)

    def start(self) -> None: ...
    def close(self) -> None: ...
    def watch_domain(self, host: str, uuid: str) -> None: ...
    def watch_images(self, host: str) -> None: ...


@dataclass
class FrozenJobs:
    """Jobs that stay as they are."""

    jobs: tuple[Job, ...] = JOBS

    def all(self) -> list[Job]:
        return list(self.jobs)

    def active(self) -> list[Job]:
        return [job for job in self.jobs if job.state.is_active]

    def subscribe(self, _told: Callable[[Job], None]) -> Callable[[], None]:
        return lambda: None

    def close(self, *, cancel: bool = False) -> None: ...


def _minutes(count: float) -> datetime:
    return NOW.replace(tzinfo=None) - timedelta(minutes=count)


STUCK = Finding(
    rule="pending-without-process",
    number=2,
    severity=Severity.CRITICAL,
    subject="reservation 72",
    summary="It is pending/new for 40 min, and no [process] works on it",
    because="vcld left it behind. Put it back for vcld.",
    evidence=(
        Evidence("request[9].stateid/laststateid", "pending/new", _minutes(40)),
        Evidence("ps -e on mn1", "no vcld process for reservation 72"),
    ),
    remedies=("A", "C"),
    reservation=72,
    request=9,
    computer="vm10",
    host="kvm-a",
)
LEFT_OVER = Finding(
    rule="orphan-files",
    number=23,
    severity=Severity.INFO,
    subject="file odd[b].qcow2 on kvm-a",
    summary="/vms/odd[b].qcow2 belongs to no domain",
    because="Put it aside.",
    evidence=(Evidence("domains that use it", "none on any host"),),
    remedies=("L",),
    host="kvm-a",
)
DIAGNOSIS = Diagnosis(
    taken=_minutes(0),
    findings=(STUCK, LEFT_OVER),
    semaphores=(
        SemaphoreLife(
            SemaphoreRow("master:linux-Odd[b]Name-5-v1", 72, 4711, _minutes(-90)),
            alive=False,
            expired=False,
            sign="process 4711 is gone",
            waiting=(71,),
        ),
    ),
    timelines=(
        Timeline(
            72,
            (
                TimelineStep("startload", "starting load process", _minutes(41), 30.0, 6),
                TimelineStep(
                    "transfervm",
                    "transferring image files",
                    _minutes(40),
                    2400.0,
                    255,
                    True,
                    slow=True,
                ),
            ),
            2430.0,
            600.0,
        ),
    ),
    unknown=("management node mn2 could not be asked",),
    serving=(
        Serving(
            72,
            process="none",
            domain=f"vm10:{BASE} on kvm-a, crashed",
            overlay="/vms/odd[b].qcow2",
            master=f"{_MASTER} (2147483648 bytes)",
            repository="unknown: host kvm-a does not [answer]",
        ),
    ),
)


@dataclass
class FrozenExaminer:
    """A diagnosis that stays as it is."""

    diagnosis: Diagnosis | None = DIAGNOSIS
    problem: str | None = None
    examined_at: float | None = MONOTONIC
    woken: int = 0

    def start(self) -> None: ...
    def close(self) -> None: ...
    def wake(self) -> None:
        self.woken += 1

    def look_at(self, reservation: int) -> None: ...


@dataclass
class FrozenLog:
    """Lines that stay as they are."""

    kept: tuple[LogLine, ...] = LOG

    def lines(self) -> list[LogLine]:
        return list(self.kept)


def frozen_workspace(home: Path, **ui: Any) -> Workspace:
    """A workspace without an inventory, whose hosts nobody asks."""
    profile = VMProfile("big", "/data", "/data/vms", "/repo", virtualswitch1="public")
    hosts = {host.name: VMHost(host.name, host.uri, profile) for host in HOSTS}
    return Workspace(
        Config(
            files=(),
            management_node="mn1",
            state_directory=home / "state",
            inventory_url=f"sqlite:///{home / 'none.sqlite'}",
            hosts=hosts,
            ui=UISettings(**ui),
        )
    )


def frozen_console(
    workspace: Workspace, fleet: FrozenFleet | None = None, jobs: FrozenJobs | None = None
) -> HeardConsole:
    """A console that draws frozen facts."""
    app = HeardConsole(workspace)
    app.desk = replace(
        app.desk,
        fleet=cast(Any, fleet or FrozenFleet()),
        jobs=cast(Any, jobs or FrozenJobs()),
        examiner=cast(Any, FrozenExaminer()),
        log=cast(Any, FrozenLog()),
    )
    app.commands = Commands(app.desk)
    app._views = Views(app, app.desk, SuspendingTerminal(app))
    app._navigation = Navigation(app, app.desk)
    return app
