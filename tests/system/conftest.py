"""Fixtures of the system suite: a real guest image, a real libvirtd, a real sshd."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .guestimage import GuestImage, build_guest_image
from .reaper import reaping
from .servers import LibvirtSystem, PrivateSshd, libvirtd, private_sshd


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where images stay between runs."""
    return Path(os.environ.get("VCLTUI_TEST_CACHE") or "~/.cache/vcltui-tests").expanduser()


@pytest.fixture(scope="session")
def guest_image(cache_dir: Path) -> GuestImage:
    """The bootable guest; copy its qcow2 into `vm_folder` before use."""
    return build_guest_image(cache_dir)


@pytest.fixture(scope="session")
def libvirt_system(cache_dir: Path) -> Iterator[LibvirtSystem]:
    """qemu:///system with an active `default` network."""
    with reaping(), libvirtd(cache_dir / "libvirt") as system:
        yield system


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[PrivateSshd]:
    """An sshd on 127.0.0.1 that leads to qemu:///system."""
    with private_sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def vm_folder() -> Iterator[Path]:
    """A folder whose files QEMU, as the user libvirt-qemu, can reach; tmp_path is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="vcltui-system-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
