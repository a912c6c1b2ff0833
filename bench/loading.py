"""What the benchmarks of loads share: hosts to load onto, a load without a guest, and counts."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.calls import counted_calls
from vcltui.config import Config
from vcltui.models.host import VMHost, VMProfile
from vcltui.models.locks import owner_lock
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.provisioning.context import Context
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.provisioning.load import plan_load
from vcltui.provisioning.module import ProvisioningModule
from vcltui.runtime.recovery import recover
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts

GUEST_STEPS = frozenset({"wait-for-guest", "post-load"})


@dataclass(frozen=True)
class Lab:
    """Hosts with one datastore, computers on them, and an image."""

    folder: Path
    workspace: Workspace
    image: str

    @property
    def master(self) -> Path:
        return self.folder / "datastore" / f"{self.image}.qcow2"

    @property
    def stored(self) -> Path:
        return self.folder / "repository" / self.image / f"{self.image}.qcow2"

    def computer(self, name: str, observer: Observer | None = None) -> ProvisioningModule:
        return Targets(self.workspace, observer).computer(name, self.image)

    def load(self, name: str, observer: Observer | None = None) -> Operation:
        """A load as a job does it, up to the start of its guest: that is not waited for."""
        module = self.computer(name, observer)
        host = module.context.session
        host.check_writable()
        recover(self.workspace, host=host.name)
        return execute(module.context, owner_lock(name), _without_guest)


def _without_guest(context: Context) -> Operation:
    operation = plan_load(context)
    steps = tuple(step for step in operation.steps if step.name not in GUEST_STEPS)
    return replace(operation, steps=steps)


def make_folders(folder: Path) -> None:
    for name in ("datastore", "vms", "repository", "xml"):
        (folder / name).mkdir(mode=0o755, parents=True)


def profile(folder: Path, **values: str) -> VMProfile:
    return VMProfile(
        "bench",
        str(folder / "datastore"),
        vmpath=str(folder / "vms"),
        repository=str(folder / "repository"),
        **values,
    )


@contextmanager
def make_lab(
    folder: Path, known: Sequence[VMHost], names: Sequence[str], disk: Path
) -> Iterator[Lab]:
    """A lab in `folder` with computers `names`, put onto the hosts in turn, and `disk` imported."""
    config = Config(
        files=(),
        management_node="bench",
        state_directory=folder / "state",
        inventory_url=f"sqlite:///{folder / 'inventory.sqlite'}",
        hosts={host.name: host for host in known},
    )
    with Workspace(config) as workspace:
        database = workspace.inventory(create=True)
        for host in known:
            hosts.add_vmhost(database, host)
        for number, name in enumerate(names):
            host = known[number % len(known)].name
            computers.add_computer(database, hostname=name, vmhost=host)
        request = ImportRequest((str(disk),), "Bench")
        context = Targets(workspace).host(known[0].name).context
        done = execute(context, "image-bench", partial(plan_import, request=request))
        yield Lab(folder, workspace, done.details["image"])


def make_disk(path: Path, mebibytes: int) -> None:
    """A qcow2 disk with so much data that no two clusters of it are alike."""
    raw = path.with_suffix(".raw")
    with raw.open("wb") as file, Path("/dev/urandom").open("rb") as source:
        for _ in range(mebibytes):
            file.write(source.read(1 << 20))
    argv = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(path)]
    subprocess.run(argv, check=True)
    raw.unlink()


def create_overlay(master: Path, disk: Path) -> None:
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(master), str(disk)]
    subprocess.run(argv, check=True)


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Counts processes started, calls to libvirt's hosts and fsyncs, in all threads."""
    counts: Counter[str] = Counter()
    lock = threading.Lock()

    def counted(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the function takes
            with lock:
                counts[what] += 1
            return function(*arguments)

        return call

    fork, fsync = subprocess._fork_exec, os.fsync  # type: ignore[attr-defined]
    subprocess._fork_exec = counted("processes", fork)  # type: ignore[attr-defined]
    os.fsync = counted("fsyncs", fsync)
    try:
        with counted_calls() as calls:
            yield counts
        counts["libvirt calls"] = calls.total()
    finally:
        subprocess._fork_exec, os.fsync = fork, fsync  # type: ignore[attr-defined]
