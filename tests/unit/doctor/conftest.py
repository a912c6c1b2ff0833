"""The scene of a test; the remedies are tried on VCL's own MariaDB too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mariadb import MariaDB
from tests.unit.doctor.scene import Scene
from vcltui.doctor import gather_nodes
from vcltui.doctor.facts import Process
from vcltui.doctor.gather_hosts import read_processes
from vcltui.nodes.base import Node
from vcltui.vcldb.database import Database, open_database


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scene" not in metafunc.fixturenames:
        return
    kinds = [pytest.param("sqlite")]
    if getattr(metafunc.module, "ON_MARIADB", False):
        kinds.append(pytest.param("mariadb", marks=pytest.mark.mariadb))
    metafunc.parametrize("scene", kinds, indirect=True)


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """Nothing is wrong yet."""
    made = Scene(tmp_path, _mariadb(request) if request.param == "mariadb" else None)

    def own_processes(node: Node) -> list[Process]:
        """What really runs, without the processes of tests that run at the same time."""
        own = {process.pid for process in made.processes} | made.children
        found = read_processes(node)
        return [one for one in found if one.pid in own or not one.arguments.startswith("vcl")]

    monkeypatch.setattr(gather_nodes, "read_processes", own_processes)
    yield made
    made.close()


def _mariadb(request: pytest.FixtureRequest) -> Database:
    """VCL's database as its schema makes it, with a management node; hosts can be added to it."""
    server: MariaDB = request.getfixturevalue("mariadb")
    server.run(
        "INSERT INTO managementnode (id, hostname, stateid, availablenetworks)"
        " VALUES (1, 'mn1', 2, ''); DELETE FROM vmprofile; DELETE FROM resource WHERE id=8;"
        " INSERT INTO imagetype (id, name) VALUES (9, 'raw')",
        database="vcl",
    )
    opened = open_database(server.url)
    return Database(opened._engine, label="MariaDB", is_embedded=True)
