"""Runs an operation in a process of its own and kills that, at a step or before a change."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import libvirt

from tests.unit.faults.frozen_hosts import write_down
from tests.unit.faults.operations import CASES, Case, bystander
from tests.unit.provisioning.world import World, checksum, open_world
from vcltui.nodes.local import LocalNode
from vcltui.operations.runner import Observer
from vcltui.operations.step import Step
from vcltui.vcldb.database import Database

HOSTS = ("kvm-a", "kvm-b")
KILLED = -9
"""How a process ends that is killed."""
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.unit.faults.killing"])

_CHANGES = (
    *(
        (LocalNode, name)
        for name in ("remove_file", "remove_empty_directory", "rename_no_replace", "write_text")
    ),
    *(
        (libvirt.virDomain, name)
        for name in ("create", "destroy", "undefineFlags", "setAutostart", "snapshotCreateXML")
    ),
    (libvirt.virDomain, "revertToSnapshot"),
    (libvirt.virDomainSnapshot, "delete"),
    (libvirt.virConnect, "defineXMLFlags"),
    (Database, "write"),
)
"""The calls by which vcltui changes files, hosts and inventory."""


def _nothing(*_what: object) -> None:
    pass


@dataclass(frozen=True)
class Stage:
    """Where operations are killed: functions of modules, which another process finds again.

    `open` opens the world of a folder. `begin` makes it ready in the process that is killed;
    `leave` keeps what would outlive that process by itself on a real host.
    """

    open: Callable[[Path], World]
    begin: Callable[[World, Case], None] = _nothing
    leave: Callable[[World], None] = _nothing


def _begin(world: World, case: Case) -> None:
    bystander(world)
    case.prepare(world)
    write_sums(world)


def _leave(world: World) -> None:
    """The hosts live on."""
    write_down(world, *HOSTS)


SIMULATED = Stage(open_world, _begin, _leave)
"""Hosts of libvirt's test driver, whose domains live in the process."""


class Killer(Observer):
    """Ends the process as a power failure would: around the named step, or at a change.

    `when` is before or after the step; or a number: before the change of that number, counted
    from the operation's first step.
    """

    def __init__(self, step: str, when: str | int, last_will: Callable[[], None]) -> None:
        self._step, self._when, self._last_will = step, when, last_will
        self._changes = 0
        self._begun = False

    def step_started(self, step: Step) -> None:
        if not self._begun and isinstance(self._when, int):
            for owner, name in _CHANGES:
                setattr(owner, name, self._counting(getattr(owner, name)))
        self._begun = True
        if step.name == self._step and self._when == "before":
            self.die()

    def step_finished(self, step: Step, note: str | None) -> None:
        if step.name == self._step and self._when == "after":
            self.die()

    def die(self) -> None:
        self._last_will()
        os.kill(os.getpid(), signal.SIGKILL)

    def _counting(self, change: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **named: object) -> object:
            if self._changes == self._when:
                self.die()
            self._changes += 1
            return change(*args, **named)

        return counted


def _run(home: str, stage: Stage, name: str, step: str, when: str | int) -> None:
    world, case = stage.open(Path(home)), CASES[name]
    stage.begin(world, case)
    case.run(world, Killer(step, when, partial(stage.leave, world)))
    stage.leave(world)
    os._exit(0)


def run_and_kill(
    home: Path, name: str, step: str, when: str | int, stage: Stage = SIMULATED
) -> int:
    """Run a case in a new process; returns how it ended: KILLED, or 0 at its own end."""
    process = _SERVER.Process(target=_run, args=(str(home), stage, name, step, when))
    process.start()
    process.join(120)
    assert process.exitcode is not None, f"{name} hangs at {step}"
    return process.exitcode


def write_sums(world: World) -> None:
    """Write down what there is before an operation, for who looks after it."""
    (world.home / "before.json").write_text(json.dumps(sums(world)))


def sums(world: World) -> dict[str, str]:
    """The files of datastore, repository and domains with their checksums, but hidden ones."""
    return {
        str(path.relative_to(world.home)): checksum(path)
        for folder in ("datastore", "repository", "vms")
        for path in sorted((world.home / folder).rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".lock"
    }
