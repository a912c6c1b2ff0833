"""The examiner beside the live fleet: it goes on over a database that is away for ten seconds."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mariadb import MariaDB
from tests.unit.provisioning.world import open_world
from vcltui.runtime import examiner
from vcltui.runtime.examiner import Examiner
from vcltui.runtime.workspace import Workspace

PATIENCE_SECONDS = 60.0


@pytest.fixture
def workspace(tmp_path: Path, mariadb: MariaDB) -> Iterator[Workspace]:
    """Two hosts of the test driver, and VCL's own database."""
    world = open_world(tmp_path)
    config = replace(world.workspace.config, inventory_url=mariadb.url)
    world.workspace.close()
    with Workspace(config) as made:
        yield made


def test_a_database_that_is_away_is_told_and_looked_for_again(
    workspace: Workspace, mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(examiner, "RETRY_SECONDS", 0.05)
    told: queue.Queue[None] = queue.Queue()
    watched = Examiner(workspace, lambda: told.put(None))
    watched.start()
    try:
        told.get(timeout=PATIENCE_SECONDS)
        assert (watched.problem, watched.diagnosis is None) == (None, False)
        mariadb.stop()
        watched.wake()
        told.get(timeout=PATIENCE_SECONDS)
        assert "can't be reached" in (watched.problem or "")
        assert mariadb.password not in (watched.problem or "")
        # What was found is kept, and nobody has to ask for another look.
        assert watched.diagnosis is not None
        mariadb.start()
        while watched.problem is not None:
            told.get(timeout=PATIENCE_SECONDS)
    finally:
        watched.close()
