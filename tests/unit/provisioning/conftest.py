"""Fixtures over the small world of `world`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, vmhost
from vcltui.config import Config
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Hosts kvm-a and kvm-b on one datastore; computers vm1, vm10 (kvm-a) and vm2 (kvm-b)."""
    for folder in ("datastore", "vms", "repository", "run"):
        (tmp_path / folder).mkdir()
    known = {name: vmhost(tmp_path, name) for name in ("kvm-a", "kvm-b")}
    config = Config(
        files=(),
        management_node="mn1",
        state_directory=tmp_path / "state",
        inventory_url=f"sqlite:///{tmp_path / 'inventory.sqlite'}",
        sandbox=True,
        hosts=known,
    )
    with Workspace(config) as workspace:
        database = workspace.inventory(create=True)
        for host in known.values():
            hosts.add_vmhost(database, host)
        for name, host_name in (("vm1", "kvm-a"), ("vm10", "kvm-a"), ("vm2", "kvm-b")):
            computers.add_computer(database, hostname=name, vmhost=host_name)
        yield World(tmp_path, workspace)


@pytest.fixture
def image(world: World) -> str:
    """An image in the datastore and the repository."""
    return world.add_image("Base System")
