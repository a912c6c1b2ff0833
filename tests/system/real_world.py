"""A small world on qemu:///system, whose guests hold a disk and run nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import libvirt

from tests.unit.provisioning.world import World, make_disk
from vcltui.config import Config
from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts

from .servers import LibvirtSystem

HOST, FIRST, SECOND = "kvm1", "vcltui-f1", "vcltui-f2"
NO_GUESTS = GuestAccess(
    boot_timeout_seconds=2, shutdown_timeout_seconds=1, identity_file="/nonexistent"
)
"""Nobody answers in the domains, and nobody is waited for."""


def real_world(
    home: Path, uri: str, guests: GuestAccess = NO_GUESTS, addresses: tuple[str, ...] = ()
) -> World:
    """The world in `home`, made where it is not there yet, on the host that `uri` leads to.

    `addresses` are those of the computers' guests.
    """
    for folder in ("datastore", "vms", "repository", "run"):
        (home / folder).mkdir(exist_ok=True)
    profile = VMProfile(HOST, str(home / "datastore"), str(home / "vms"), str(home / "repository"))
    host = VMHost(HOST, uri, profile, driver="qemu", xml_directory=str(home / "run"), guests=guests)
    config = Config(
        files=(),
        management_node="mn1",
        state_directory=home / "state",
        inventory_url=f"sqlite:///{home / 'inventory.sqlite'}",
        sandbox=False,
        hosts={HOST: host},
    )
    workspace = Workspace(config)
    if workspace.database is None:
        database = workspace.inventory(create=True)
        hosts.add_vmhost(database, host)
        for number, name in enumerate((FIRST, SECOND)):
            address = addresses[number] if addresses else None
            computers.add_computer(database, hostname=name, vmhost=HOST, private_ip=address)
    return World(home, workspace, first=FIRST, second=SECOND, host_name=HOST)


def bring_image(world: World) -> str:
    """Import a small disk; returns the image's name."""
    disk = world.home / "incoming.qcow2"
    make_disk(disk)
    plan = partial(plan_import, request=ImportRequest((str(disk),), "Base System"))
    return execute(world.host().context, "import", plan).details["image"]


def names(system: LibvirtSystem) -> set[str]:
    """The names of the computers' domains."""
    connection = libvirt.open(system.uri)
    try:
        found = {domain.name() for domain in connection.listAllDomains()}
        return {name for name in found if name.startswith((FIRST, SECOND))}
    finally:
        connection.close()


def remove_domains(system: LibvirtSystem, computers: tuple[str, ...] = (FIRST, SECOND)) -> None:
    """Remove what is left of the computers' domains, but for their disks."""
    connection = libvirt.open(system.uri)
    try:
        for domain in connection.listAllDomains():
            if domain.name().startswith(computers):
                if domain.isActive():
                    domain.destroy()
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
    finally:
        connection.close()


@contextmanager
def tmpfs(folder: Path, mebibytes: int) -> Iterator[None]:
    """A file system of its own of this size on a folder."""
    options = f"size={mebibytes}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill a file system but for some bytes; returns what fills it."""
    filler = folder / "filler"
    room = os.statvfs(folder)
    with filler.open("wb") as file, suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, max(room.f_bavail * room.f_frsize - leave, 1))
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while leave == 0:
            file.write(bytes(4096))
    return filler
