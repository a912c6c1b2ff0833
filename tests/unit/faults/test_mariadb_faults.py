"""VCL's own server stops, refuses to write or makes wait in the middle of an operation."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.mariadb import MariaDB
from tests.unit.faults.running import At, everything
from tests.unit.provisioning.world import World, vmhost
from vcltui.config import Config
from vcltui.errors import VcltuiError
from vcltui.models.domain import PowerState
from vcltui.models.guest import NodeState
from vcltui.runtime.recovery import recover
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts
from vcltui.vcldb.database import Database, open_database

pytestmark = [
    pytest.mark.slow,
    # What PyMySQL leaves of a connection whose server went away.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def world(tmp_path: Path, mariadb: MariaDB) -> Iterator[World]:
    """One host and vm1, in a MariaDB with VCL's schema that is told to be ours."""
    mariadb.run(
        "INSERT INTO managementnode (hostname, stateid, availablenetworks) VALUES ('mn1', 2, '');"
        " DELETE FROM vmprofile; DELETE FROM resource WHERE id=8",
        database="vcl",
    )
    for folder in ("datastore", "vms", "repository", "run"):
        (tmp_path / folder).mkdir()
    host = vmhost(tmp_path, "kvm-a")
    config = Config(
        files=(),
        management_node="mn1",
        state_directory=tmp_path / "state",
        inventory_url=f"sqlite:///{tmp_path / 'none.sqlite'}",
        sandbox=True,
        hosts={"kvm-a": host},
    )
    workspace = Workspace(config)
    engine = open_database(mariadb.url)._engine
    database = workspace._database = Database(engine, label="MariaDB", is_embedded=True)
    hosts.add_vmhost(database, host)
    computers.add_computer(database, hostname="vm1", vmhost="kvm-a")
    yield World(tmp_path, workspace)
    mariadb.ensure_running()
    workspace.close()
    gc.collect()  # what is left of connections is told here, where it is expected


@contextmanager
def stopped(server: MariaDB) -> Iterator[Callable[[], None]]:
    yield server.stop
    server.start()


@contextmanager
def read_only(server: MariaDB) -> Iterator[Callable[[], None]]:
    yield lambda: server.run("SET GLOBAL read_only=1")
    server.run("SET GLOBAL read_only=0")


@contextmanager
def locked(server: MariaDB) -> Iterator[Callable[[], None]]:
    """Somebody holds every row of images and computers, and does not let go."""
    with closing(server.connect("vcl")) as other, other.cursor() as cursor:

        def hold() -> None:
            cursor.execute("BEGIN")
            for table in ("image", "imagerevision", "computer"):
                cursor.execute(f"SELECT * FROM {table} FOR UPDATE")  # noqa: S608 - names above

        yield hold
        other.rollback()


@pytest.mark.parametrize("fault", [stopped, read_only, locked])
@pytest.mark.parametrize("step", ["reserve-image", "copy-to-master", "finish-image"])
def test_in_a_capture(world: World, mariadb: MariaDB, step: str, fault):
    image = world.add_image("Base System")
    world.computer("vm1", image).load()
    before = everything(world)
    with fault(mariadb) as begin:
        with pytest.raises(VcltuiError) as raised:
            world.computer("vm1", None, At(step, begin)).capture("Notes")
        assert raised.value.hint
        assert mariadb.password not in str(raised.value)
    found = recover(world.workspace)
    assert not any(one.left for one in found)
    assert world.workspace.journal.unfinished() == []
    assert everything(world) == before
    assert world.computer("vm1").power_status() is PowerState.ON
    world.computer("vm1").capture("Notes")


@pytest.mark.parametrize("fault", [stopped, read_only, locked])
def test_at_the_end_of_a_load(world: World, mariadb: MariaDB, fault):
    image = world.add_image("Base System")
    before = everything(world)
    with fault(mariadb) as begin, pytest.raises(VcltuiError) as raised:
        world.computer("vm1", image, At("update-inventory", begin)).load()
    assert raised.value.hint
    recover(world.workspace)
    assert (world.domains(), everything(world)) == (set(), before)
    world.computer("vm1", image).load()
    assert world.computer("vm1").node_status().state is NodeState.READY
