"""A guest to log in to: a private SSH server that shows a folder as the whole file system."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "nodes"))

from guest_machine import GuestMachine, enter_script, fill_root
from private_sshd import SshServer, start_sshd, stop_sshd


@pytest.fixture(scope="session")
def guest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """One SSH server; each test puts its own file system behind it."""
    folder = tmp_path_factory.mktemp("guest")
    server, process = start_sshd(folder, extra=f"ForceCommand {folder}/enter\n")
    yield server
    stop_sshd(process)


@pytest.fixture
def machine(guest_server: SshServer, tmp_path: Path) -> GuestMachine:
    root = tmp_path / "root"
    fill_root(root)
    enter_script(guest_server.folder, root)
    return GuestMachine(guest_server, root, tmp_path / "keys")
