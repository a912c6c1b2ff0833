"""Two consoles and a vcld that plays on one database: each keeps out of the others' way."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial

import pymysql
import pytest

from tests.mariadb import MariaDB
from tests.unit.faults.test_mariadb_faults import world as world  # noqa: PLC0414 - a fixture
from tests.unit.provisioning.world import World, checksum
from vcltui.errors import LockedError
from vcltui.models.guest import NodeState
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_copies import plan_copy_to_repository, plan_retrieve
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, semaphores
from vcltui.vcldb.database import Database, open_database

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROUNDS = 6
VCLD_PID = 4711


@pytest.fixture
def image(world: World) -> str:
    computers.add_computer(world.workspace.inventory(), hostname="vm2", vmhost="kvm-a")
    return world.add_image("Base System")


class Vcld:
    """Works on an image under VCL's own lock, with vcld's own statements."""

    def __init__(self, server: MariaDB, world: World, image: str, reservation: int) -> None:
        self._server, self._world = server, world
        self._lock, self._reservation = f"master:{image}", reservation
        self.worked = 0
        self.disturbed: list[str] = []

    def execute(self, sql: str, *values: object) -> int:
        with closing(self._server.connect("vcl")) as connection, connection.cursor() as cursor:
            return int(cursor.execute(sql, values))

    def take(self) -> bool:
        values = (self._lock, self._reservation, VCLD_PID)
        try:
            self.execute(
                "INSERT INTO vcldsemaphore (identifier, reservationid, pid, expires)"
                " VALUES (%s, %s, %s, TIMESTAMPADD(SECOND, 7200, NOW()))",
                *values,
            )
        except pymysql.err.IntegrityError:
            return False
        return True

    def give_back(self) -> None:
        self.execute(
            "DELETE FROM vcldsemaphore WHERE identifier=%s AND pid=%s", self._lock, VCLD_PID
        )

    def play(self, ended: threading.Event) -> None:
        """Again and again: nobody copies the image or makes a disk on it while it is held."""
        while not ended.wait(0.05):
            if not self.take():
                continue
            before = self._world.files()
            ended.wait(0.1)
            made = self._world.files() - before
            self.disturbed += [one for one in made if one.endswith((".qcow2", ".part"))]
            self.give_back()
            self.worked += 1


def reserve(server: MariaDB, world: World, computer: str, image: str) -> int:
    """A request of VCL's for a computer; its reservation's id."""
    database = world.workspace.inventory()
    row = computers.get_computer(database, computer)
    with closing(server.connect("vcl")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO request (stateid, userid, laststateid, start, end, daterequested)"
            " SELECT id, 1, id, NOW() - INTERVAL 1 HOUR, NOW() + INTERVAL 9 HOUR, NOW()"
            " FROM state WHERE name = 'new'"
        )
        request = cursor.lastrowid
        cursor.execute(
            "INSERT INTO reservation (requestid, computerid, imageid, imagerevisionid,"
            " managementnodeid) SELECT %s, %s, imageid, id, (SELECT id FROM managementnode LIMIT 1)"
            " FROM imagerevision WHERE imagename = %s",
            (request, row.id, image),
        )
        return int(cursor.lastrowid)


@pytest.fixture
def second(world: World, mariadb: MariaDB) -> Iterator[World]:
    """Another console: its own state folder and connections."""
    config = replace(world.workspace.config, state_directory=world.home / "state2")
    workspace = Workspace(config)
    engine = open_database(mariadb.url)._engine
    workspace._database = Database(engine, label="MariaDB", is_embedded=True)
    yield World(world.home, workspace)
    workspace.close()


def test_two_consoles_and_vcld(
    world: World, second: World, image: str, mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(semaphores, "RETRY_SECONDS", 0.05)
    for computer in ("vm1", "vm2"):
        reserve(mariadb, world, computer, image)
    vcld = Vcld(mariadb, world, image, reserve(mariadb, world, "vm1", image))
    master = checksum(world.master(image))
    ended, failed = threading.Event(), list[Exception]()

    def console(own: World, computer: str) -> None:
        try:
            for _ in range(ROUNDS):
                own.computer(computer, image).load()
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [
        threading.Thread(target=vcld.play, args=(ended,)),
        threading.Thread(target=console, args=(world, "vm1")),
        threading.Thread(target=console, args=(second, "vm2")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads[1:]:
        thread.join(300)
        assert not thread.is_alive()
    ended.set()
    threads[0].join(60)
    assert failed == []
    assert vcld.worked
    assert vcld.disturbed == []
    assert checksum(world.master(image)) == master
    for own, computer in ((world, "vm1"), (second, "vm2")):
        assert own.computer(computer).node_status().state is NodeState.READY
        assert {one.outcome for one in own.workspace.journal.entries()} == {"done"}
    assert semaphores.list_semaphores(world.workspace.inventory()) == []


@pytest.mark.parametrize("work", ["delete", "retrieve", "copy"])
def test_what_needs_no_reservation_waits_for_vcld_too(
    world: World, image: str, mariadb: MariaDB, work: str
):
    """vcld copies to the master's own name: in the middle of that nobody may delete or copy it."""
    vcld = Vcld(mariadb, world, image, reserve(mariadb, world, "vm1", image))
    plan = {
        "delete": partial(plan_delete_image, image_name=image),
        "retrieve": partial(plan_retrieve, image_name=image),
        "copy": partial(plan_copy_to_repository, image_name=image),
    }[work]
    if work == "retrieve":
        world.master(image).rename(world.home / "away.qcow2")
    if work == "copy":
        shutil.rmtree(world.home / "repository" / image)
        vcld._lock = f"repository:{image}"
    before = world.files()
    assert vcld.take()
    with pytest.raises(LockedError, match=rf"held by reservation \d+ \(process {VCLD_PID}\)"):
        execute(world.host("kvm-a").context, f"image-{image}", plan)
    assert world.files() == before
    vcld.give_back()
    execute(world.host("kvm-a").context, f"image-{image}", plan)
    assert world.files() != before
