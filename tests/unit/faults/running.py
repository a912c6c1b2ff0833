"""Doing something in the middle of an operation, and seeing what is there."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, checksum
from vcltui.operations.runner import Observer
from vcltui.operations.step import Step
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_import import ImportRequest, plan_import

NOBODY = 65534
_BIG_MIB = 320
BIG_BYTES = _BIG_MIB << 20


class At(Observer):
    """Does something once: when the named step begins, or when a share of a copy is done.

    `copying` names the step whose copy that is; by default any.
    """

    def __init__(
        self, where: str | float, action: Callable[[], None], copying: str | None = None
    ) -> None:
        self._where, self._action, self._copying = where, action, copying
        self.done = False

    def _act(self) -> None:
        if not self.done:
            self.done = True
            self._action()

    def step_started(self, step: Step) -> None:
        if step.name == self._where:
            self._act()

    def progressed(self, step: Step, share: float) -> None:
        if self._copying not in (None, step.name):
            return
        if isinstance(self._where, float) and share >= self._where:
            self._act()


def children(program: str) -> list[int]:
    """This process's children that run a program."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            name = Path(f"/proc/{pid}/comm")
            if name.exists() and name.read_text().strip() == program:
                found.append(int(pid))
    return found


@contextmanager
def slowed_copies(home: Path, mib_per_second: int) -> Iterator[None]:
    """Before the real qemu-img stands one that has it copy at most at a speed."""
    folder = home / "slow"
    folder.mkdir()
    slow = f'[ "$1" = convert ] && shift && set -- convert -r {mib_per_second}M "$@"'
    whole = shutil.which("qemu-img")
    (folder / "qemu-img").write_text(f'#!/bin/sh\n{slow}\nexec {whole} "$@"\n')
    (folder / "qemu-img").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield


def big_image(world: World, pretty: str = "Big System") -> str:
    """Import a disk that takes a while to be copied; returns the image's name."""
    disk = world.home / "big.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, f"{_BIG_MIB}M"], check=True)
    write = f"write -q -P 7 1M {_BIG_MIB - 1}M"  # before it is what a simulated guest keeps
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", write, disk], check=True)
    request = ImportRequest((str(disk),), pretty)
    plan = partial(plan_import, request=request)
    operation = execute(world.host().context, "image-test", plan)
    disk.unlink()
    return operation.details["image"]


def everything(world: World, suffix: str = "") -> dict[str, str]:
    """Every file of the datastore, the repository and the domains with its checksum."""
    return {
        # What a guest has written to its own disk is its own business.
        str(path.relative_to(world.home)): checksum(path) if folder != "vms" else ""
        for folder in ("datastore", "vms", "repository", "run")
        for path in sorted((world.home / folder).rglob(f"*{suffix}"))
        if path.is_file() and path.suffix != ".lock"
    }


def in_another_user(home: Path, locked_folder: str, ask: Callable[[Path], list[str]]) -> list[str]:
    """What `ask` tells, run where a folder of `home` may not be written to."""
    (home / locked_folder).mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.unit.faults.killing"])
    queue = context.SimpleQueue()
    if os.geteuid() == 0:
        for path in (home, *home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        for parent in home.parents:
            mode = parent.stat().st_mode & 0o777
            if mode & 0o001 == 0:
                parent.chmod(mode | 0o011)
    (home / locked_folder).chmod(0o500)
    process = context.Process(target=_as_nobody, args=(str(home), ask, queue))
    process.start()
    process.join(60)
    (home / locked_folder).chmod(0o700)
    assert process.exitcode == 0
    told: list[str] = queue.get()
    return told


def _as_nobody(home: str, ask: Callable[[Path], list[str]], queue) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    os.environ["HOME"] = home
    queue.put(ask(Path(home)))
