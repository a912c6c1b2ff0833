"""Fixtures over the small world of `world`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

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
def slow_copies(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real qemu-img copies no faster than can be followed, however fast the disk is."""
    folder = tmp_path_factory.mktemp("slow")
    whole = shutil.which("qemu-img")
    slow = '[ "$1" = convert ] && shift && set -- convert -r 256M "$@"'
    script = f'#!/bin/sh\n{slow}\nexec {whole} "$@"\n'
    (folder / "qemu-img").write_text(script)
    (folder / "qemu-img").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
