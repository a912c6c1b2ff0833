"""The main job on the sandbox without a screen, each step printed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from vcltui.demo.lab import Lab
from vcltui.errors import VcltuiError
from vcltui.guests.simulated import SimulatedGuest
from vcltui.models.domain import PowerState
from vcltui.models.guest import NodeState
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation, Step
from vcltui.provisioning import paths
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.execute import execute
from vcltui.provisioning.guests import guest_of
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.provisioning.module import ProvisioningModule
from vcltui.runtime.targets import Targets

_IMAGE, _FIRST, _SECOND = "Debian 12 Base", "vm4", "vm11"
_SNAPSHOT, _FILE = "before the change", "notes.txt"

Echo = Callable[[str], None]


class TourError(VcltuiError):
    """Something on the tour was not as it must be."""


class _Steps(Observer):
    """Prints each operation and its steps."""

    def __init__(self, echo: Echo) -> None:
        self._echo, self._count, self._total = echo, 0, 0

    def begun(self, operation: Operation) -> None:
        self._count, self._total = 0, len(operation.steps)
        self._echo(f"\n{operation.title}")

    def step_finished(self, step: Step, note: str | None) -> None:
        self._count += 1
        self._echo(f"  [{self._count}/{self._total}] {step.title}{f': {note}' if note else ''}")


def run_tour(lab: Lab, echo: Echo) -> None:
    """Load, look, snapshot, change, revert, capture, load the capture elsewhere, unload.

    Raises TourError when what is seen is not what was done, and what the operations raise.
    """
    echo(f"vcltui sandbox in {lab.directory}: invented hosts, real disks, simulated guests")
    targets = Targets(lab.workspace, _Steps(echo))
    first = targets.computer(_FIRST, _IMAGE)
    image, master = first.context.image.name, paths.master_path(first.context)
    before = _checksum(master)

    first.load()
    first = targets.computer(_FIRST)
    _expect_ready(first, echo)
    domain = computer_domain(first.context).name

    first.create_snapshot(domain, _SNAPSHOT, "made by the tour")
    _guest(first).write_file(_FILE, "changed after the snapshot")
    first.revert_snapshot(domain, _SNAPSHOT)
    if _guest(first).read_file(_FILE) is not None:
        raise TourError(f"{_FILE} is still there after {domain} was put back")
    echo(f"  {_FILE}, made after the snapshot, is gone")
    echo(f"\nThe snapshots of {domain}: {', '.join(first.get_snapshot_info(domain))}")
    _guest(first).write_file(_FILE, "this goes into the image")
    first.delete_snapshot(domain, _SNAPSHOT)

    pretty = f"Tour {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    captured = first.capture(pretty).details["image"]
    second = targets.computer(_SECOND, captured)
    second.load()
    second = targets.computer(_SECOND)
    _expect_ready(second, echo)
    found = _guest(second).read_file(_FILE)
    if found != "this goes into the image":
        raise TourError(f"The captured image has {found!r} in {_FILE}")
    echo(f"  {_FILE} on {_SECOND}: {found}")

    second.power_off()
    if second.power_status() is not PowerState.OFF:
        raise TourError(f"{_SECOND} was powered off and is {second.power_status().value}")
    second.unload()
    first.unload()
    _delete_image(targets, captured, first, second)
    if _checksum(master) != before:
        raise TourError(f"The master image of {image} is not what it was")
    echo(f"\nThe master {Path(master).name} is unchanged: sha256 {before[:16]}...")
    echo("Tour done. Nothing outside the sandbox was touched.")


def _delete_image(targets: Targets, image: str, *modules: ProvisioningModule) -> None:
    """Delete the captured image from the datastores of the modules' hosts and the repository."""
    hosts = [targets.host(module.context.vmhost.name).context for module in modules]
    for context in hosts:
        execute(context, f"image-{image}", partial(plan_delete_image, image_name=image))
    in_repository = partial(plan_delete_image, image_name=image, from_repository=True)
    execute(hosts[0], f"image-{image}", in_repository)


def _expect_ready(module: ProvisioningModule, echo: Echo) -> None:
    status = module.node_status()
    echo(f"\n{module.context.computer.name} is {status.state.value}: {status.reason}")
    if status.state is not NodeState.READY:
        raise TourError(f"{module.context.computer.name} is {status.state.value}: {status.reason}")


def _guest(module: ProvisioningModule) -> SimulatedGuest:
    guest = guest_of(module.context, computer_domain(module.context))
    if not isinstance(guest, SimulatedGuest):
        raise TourError(f"The guest of {module.context.computer.name} is not a simulated one")
    return guest


def _checksum(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
