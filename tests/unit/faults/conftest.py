"""Fixtures over the small world of `world`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.faults.running import slowed_copies
from tests.unit.provisioning.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Hosts kvm-a and kvm-b on one datastore; computers vm1, vm10 (kvm-a) and vm2 (kvm-b)."""
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


@pytest.fixture
def image(world: World) -> str:
    """An image in the datastore and the repository."""
    return world.add_image("Base System")


@pytest.fixture
def slow_copies(tmp_path: Path) -> Iterator[None]:
    """The real qemu-img copies no faster than can be followed, however fast the disk is."""
    with slowed_copies(tmp_path, mib_per_second=256):
        yield
