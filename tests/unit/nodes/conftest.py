"""The nodes to try: this machine, and this machine over a private SSH server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vcltui.nodes.base import Node
from vcltui.nodes.local import LocalNode
from vcltui.nodes.ssh import SshNode

sys.path.insert(0, str(Path(__file__).parent))

from private_sshd import SshServer, start_sshd, stop_sshd


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """One server for all tests; it logs in as the user who runs them."""
    server, process = start_sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    stop_sshd(process)


@pytest.fixture(scope="session")
def ssh_node(sshd: SshServer) -> Iterator[SshNode]:
    node = SshNode(sshd.target(), "vmhost1")
    yield node
    node.close()


@pytest.fixture(params=["local", "ssh"])
def node(request: pytest.FixtureRequest) -> Node:
    """Both kinds of node, for the tests that any node must pass."""
    if request.param == "local":
        return LocalNode("vmhost1")
    found: SshNode = request.getfixturevalue("ssh_node")
    return found
