"""Operations on a real host that meet a fault at every step lose nothing.

The process is killed, libvirtd is killed and started again, or the SSH connection is cut. The
steps are those of the operation's own plan: a new step is tried without a change here.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libvirt
import pytest

from tests.unit.faults.aftermath import DONE, FAILED, After
from tests.unit.faults.killing import KILLED, Stage, run_and_kill, write_sums
from tests.unit.faults.operations import CASES, Case, bystander, fill
from tests.unit.faults.running import At
from tests.unit.provisioning.world import World
from vcltui.errors import VcltuiError

from .real_world import HOST, SECOND, remove_domains, tmpfs
from .servers import LibvirtSystem, PrivateSshd, private_sshd
from .stand_in import open_written_down, stand_in_guests, write_down

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system"),
]

OPERATIONS = (
    "load", "unload", "snapshot-create", "snapshot-revert", "snapshot-delete", "power-on",
    "power-reset", "edit", "retrieve", "delete-master", "delete-last", "delete-stored",
)  # fmt: skip
"""All but those that work in the guest, which the stand-in does not do."""


ON_REAL_HOST = Stage(open_written_down)
multiprocessing.get_context("forkserver").set_forkserver_preload(
    ["tests.unit.faults.killing", "tests.system.stand_in"]
)


@dataclass
class AfterOnRealHost(After):
    """As After; the bystander's domain has the `number` that libvirt gave it when it started."""

    number: int = -1

    def _bystander_is_well(self) -> None:
        handle = self.world.workspace.session(HOST).connection.handle
        assert number_of(handle) == self.number, self.where


def number_of(handle: libvirt.virConnect) -> int:
    """The bystander's number: another one, or -1, when it was stopped since."""
    (domain,) = [each for each in handle.listAllDomains() if each.name().startswith(SECOND)]
    return int(domain.ID())


@dataclass
class Ground:
    """The one world in `home`, and `kept`, a copy of its files as they were at first."""

    home: Path
    kept: Path
    bystander: int
    faults: int = 0

    def put_back(self) -> None:
        """Images and inventory as they were at first; domains stay as they are."""
        for folder in ("datastore", "repository"):
            _copy_missing(self.kept / folder, self.home / folder)
            _remove_others(self.kept / folder, self.home / folder)
        for left in (self.home / "vms").glob("*.partial-*"):
            left.unlink()
        shutil.copyfile(self.kept / "inventory.sqlite", self.home / "inventory.sqlite")

    def ready(self, case: Case, uri: str = "") -> World:
        """The world, open and ready for an operation."""
        self.put_back()
        world = open_written_down(self.home, uri)
        case.prepare(world)
        write_sums(world)
        return world

    def steps(self, case: Case) -> list[str]:
        """The steps of an operation's plan."""
        world = self.ready(case)
        try:
            return list(dict.fromkeys(step.name for step in case.planned(world).steps))
        finally:
            world.workspace.close()

    def kill(self, case: Case, step: str, when: str) -> None:
        """Kill an operation's process there, and look at everything."""
        self.ready(case).workspace.close()
        where = f"{case.name}, {when} {step}"
        assert run_and_kill(self.home, case.name, step, when, ON_REAL_HOST) == KILLED, where
        world = open_written_down(self.home)
        try:
            AfterOnRealHost(case, world, where, number=self.bystander).look()
        finally:
            world.workspace.close()
        self.faults += 1

    def strike(
        self,
        case: Case,
        step: str,
        strike: Callable[[], None],
        mend: Callable[[], None] = lambda: None,
        uri: str = "",
    ) -> None:
        """Let an operation meet a fault there, and look at everything when it is mended."""
        world, where = self.ready(case, uri), f"{case.name}, at {step}"
        fault = At(step, strike)
        try:
            try:
                case.run(world, fault)
            except VcltuiError as error:
                print(where, error)
                assert error.hint, (where, error)
                assert "\n" not in str(error), (where, error)
            finally:
                mend()
            assert fault.done, where
            AfterOnRealHost(case, world, where, (FAILED, DONE), self.bystander).look()
        finally:
            world.workspace.close()
        self.faults += 1


def _copy_missing(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        elif not there.exists():
            shutil.copyfile(path, there)


def _remove_others(source: Path, target: Path) -> None:
    for path in target.rglob("*"):
        known = (source / path.relative_to(target)).exists()
        if path.is_file() and not known and path.suffix != ".lock":
            path.unlink()


@pytest.fixture(scope="module")
def ground(
    tmp_path_factory: pytest.TempPathFactory, libvirt_system: LibvirtSystem
) -> Iterator[Ground]:
    """Two images; both computers are loaded, and the second is the bystander."""
    home = Path(tempfile.mkdtemp(prefix="vcltui-system-", dir="/var/tmp"))
    kept, guests = tmp_path_factory.mktemp("kept"), tmp_path_factory.mktemp("guests")
    try:
        with tmpfs(home, 1024), stand_in_guests(guests, home / "vms") as access:
            write_down(home, libvirt_system.uri, access)
            world = open_written_down(home)
            try:
                fill(world)
                bystander(world)
                CASES["load"].run(world)  # a load has a domain to delete first
                number = number_of(world.workspace.session(HOST).connection.handle)
                world.workspace.close()
                for folder in ("datastore", "repository"):
                    shutil.copytree(home / folder, kept / folder)
                shutil.copyfile(home / "inventory.sqlite", kept / "inventory.sqlite")
                made = Ground(home, kept, number)
                yield made
                print(f"{made.faults} faults met at the steps of operations on a real host")
            finally:
                world.workspace.close()
                remove_domains(libvirt_system)
    finally:
        home.rmdir()


@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_around_every_step(ground: Ground, name: str) -> None:
    for step in ground.steps(CASES[name]):
        for when in ("before", "after"):
            ground.kill(CASES[name], step, when)


@pytest.mark.parametrize("name", OPERATIONS)
def test_libvirtd_is_killed_at_every_step(
    ground: Ground, libvirt_system: LibvirtSystem, name: str
) -> None:
    def kill_and_start() -> None:
        libvirt_system.kill_libvirtd()
        libvirt_system.start_libvirtd()

    for step in ground.steps(CASES[name]):
        ground.strike(CASES[name], step, kill_and_start)


@pytest.fixture(scope="module")
def way_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSshd]:
    """The SSH server by which the host is reached."""
    with private_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_ssh_connection_is_cut_at_every_step(
    ground: Ground, way_in: PrivateSshd, name: str
) -> None:
    for step in ground.steps(CASES[name]):
        ground.strike(CASES[name], step, way_in.stop, way_in.start, way_in.uri())
