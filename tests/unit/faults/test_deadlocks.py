"""Two transactions lock the same rows in opposite order, and the server gives one of them up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pymysql
import pytest
from pymysql.constants import ER
from pymysql.cursors import Cursor

from tests.mariadb import MariaDB
from tests.unit.faults.running import At, everything
from tests.unit.faults.test_mariadb_faults import world as world  # noqa: PLC0414 - a fixture
from tests.unit.provisioning.world import World
from vcltui.errors import InventoryBusyError, LockedError
from vcltui.models.domain import PowerState
from vcltui.models.evidence import SemaphoreRow
from vcltui.vcldb import computers, images, reservations, semaphores
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database, open_database
from vcltui.vcldb.remedies import requests as request_remedies

pytestmark = [pytest.mark.slow]

ROWS = 200
BALLAST = [(number,) for number in range(ROWS)]
"""What the other one has written: the server gives up the transaction that wrote less."""
GIVEN_UP = "held by another program: Deadlock found"
WAITING = "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state='LOCK WAIT'"


Row = tuple[str, str, object]
"""A table, the column that is its key, and its value."""


def lock(cursor: Cursor, row: Row) -> None:
    table, key, value = row
    cursor.execute(f"SELECT * FROM {table} WHERE {key}=%s FOR UPDATE", (value,))  # noqa: S608


class Other:
    """A transaction of another program's, which meets vcltui's with one row held by each."""

    def __init__(self, server: MariaDB) -> None:
        self._server = server
        self._connection = server.connect("vcl")
        self._thread = threading.Thread(target=self._cross)
        self._wanted: Row = ("", "", 0)
        self.code = 0
        """The server's error, where this one was given up."""

    def hold(self, held: Row, wanted: Row, *, heavy: bool) -> None:
        """Hold a row; as soon as vcltui waits for it, ask for the one that vcltui holds."""
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            if heavy:
                cursor.executemany("INSERT INTO ballast VALUES (%s)", BALLAST)
            lock(cursor, held)
        self._wanted = wanted
        self._thread.start()

    def _cross(self) -> None:
        until_waiting(self._server, 1)
        with self._connection.cursor() as cursor:
            try:
                lock(cursor, self._wanted)
                cursor.execute("COMMIT")
            except pymysql.err.OperationalError as error:
                self.code = error.args[0]

    def close(self) -> None:
        """Wait for its end; what it has not committed is rolled back."""
        if self._thread.ident is not None:
            self._thread.join(60)
        self._connection.close()

    def end(self) -> int:
        """Wait for its end; returns how many rows it has written for good."""
        self._thread.join(60)
        with closing(self._server.connect("vcl")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM ballast")
            ((count,),) = cursor.fetchall()
        return int(count)


def until_waiting(server: MariaDB, transactions: int) -> None:
    """Wait until so many transactions wait for a lock.

    The server looks anew only where it was not asked for 0.1 s.
    """
    pause = threading.Event()
    with closing(server.connect("vcl")) as connection, connection.cursor() as cursor:
        for _ in range(150):
            cursor.execute(WAITING)
            ((count,),) = cursor.fetchall()
            if count >= transactions:
                return
            pause.wait(0.15)
    pytest.fail(f"{transactions} transactions never waited")


@pytest.fixture
def patient(mariadb: MariaDB) -> Iterator[MariaDB]:
    """The server; whoever waits for a lock there waits long enough to be seen."""
    mariadb.run(
        "SET GLOBAL innodb_lock_wait_timeout=30;"
        "CREATE TABLE IF NOT EXISTS ballast (id int PRIMARY KEY) ENGINE=InnoDB",
        database="vcl",
    )
    yield mariadb
    mariadb.run("SET GLOBAL innodb_lock_wait_timeout=2; DROP TABLE ballast", database="vcl")


@pytest.fixture
def other(patient: MariaDB) -> Iterator[Other]:
    with closing(Other(patient)) as made:
        yield made


@pytest.mark.parametrize("given_up", ["vcltui", "the other"])
def test_in_a_capture(world: World, other: Other, given_up: str):
    world.workspace.inventory().close()  # connections that are patient from here on
    image = world.add_image("Base System")
    world.computer("vm1", image).load()
    before = everything(world)
    rows = images.list_revisions(world.workspace.inventory(), deleted=True)

    def begin() -> None:
        """The revision's row is written first, then the image's."""
        newest = images.list_revisions(world.workspace.inventory(), deleted=True)
        (reserved,) = [one for one in newest if one not in rows]
        other.hold(
            ("image", "id", reserved.image_id),
            ("imagerevision", "id", reserved.revision_id),
            heavy=given_up == "vcltui",
        )

    module = world.computer("vm1", None, At("finish-image", begin))
    if given_up == "the other":
        made = module.capture("Notes").details["image"]
        assert (other.end(), other.code) == (0, ER.LOCK_DEADLOCK)
        assert world.master(made).exists()
        return
    with pytest.raises(InventoryBusyError, match=GIVEN_UP) as raised:
        module.capture("Notes")
    assert "Try again" in raised.value.hint
    assert (other.end(), other.code) == (ROWS, 0)
    assert images.list_revisions(world.workspace.inventory(), deleted=True) == rows
    assert everything(world) == before
    assert world.computer("vm1").power_status() is PowerState.ON
    assert world.workspace.journal.unfinished() == []
    world.computer("vm1").capture("Notes")


@pytest.fixture
def reservation(world: World) -> int:
    """A request for vm1 whose process is gone, and has left a lock."""
    database = world.workspace.inventory()
    revision = images.get_revision(database, world.add_image("Base System"))
    row = reservations.add_reservation(
        database,
        computer_id=computers.get_computer(database, "vm1").id,
        revision=revision,
        state_name="pending",
        laststate_name="inuse",
        start=now(),
        end=now() + timedelta(hours=2),
    )
    semaphores.take(database, "other", row.id)
    return row.id


def test_in_a_change_of_a_requests_state(
    world: World, patient: MariaDB, other: Other, reservation: int
):
    patient.run("UPDATE managementnode SET lastcheckin=NOW()", database="vcl")
    database = open_database(patient.url)
    request, reserved = request_remedies.request_of(database, reservation)
    locks = request_remedies.locks_of(database, [reservation])
    change = request_remedies.plan_requeue(database, request, reserved, locks, 3600.0)
    other.hold(("vcldsemaphore", "identifier", "other"), ("request", "id", request.id), heavy=True)
    with pytest.raises(InventoryBusyError, match=GIVEN_UP):
        change.apply()
    assert (other.end(), other.code) == (ROWS, 0)
    assert request_remedies.request_of(database, reservation) == (request, reserved)
    assert request_remedies.locks_of(database, [reservation]) == locks
    change.apply()
    after, _ = request_remedies.request_of(database, reservation)
    assert (after.state, after.laststate) == ("inuse", "inuse")
    assert request_remedies.locks_of(database, [reservation]) == []
    database.close()


def test_of_two_that_wait_for_a_lock_one_takes_it_and_the_other_waits_on(
    world: World, patient: MariaDB, reservation: int
):
    """Both have the key of a row that goes; the server gives one of them up."""
    (row,) = semaphores.list_semaphores(world.workspace.inventory())
    taken: list[object] = []

    def take(database: Database) -> None:
        try:
            taken.append(semaphores.take(database, row.identifier, reservation, timeout_seconds=0))
        except LockedError as error:
            taken.append(error)
        finally:
            database.close()

    with closing(patient.connect("vcl")) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("DELETE FROM vcldsemaphore WHERE identifier=%s", (row.identifier,))
        threads = [
            threading.Thread(target=take, args=(open_database(patient.url),)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        until_waiting(patient, 2)
        cursor.execute("COMMIT")
    for thread in threads:
        thread.join(60)
    (error,) = [one for one in taken if isinstance(one, LockedError)]
    (got,) = [one for one in taken if one is not error]
    assert "is held by reservation" in str(error)
    assert request_remedies.locks_of(world.workspace.inventory(), [reservation]) == [
        SemaphoreRow(got.identifier, got.reservation_id, got.pid, got.expires)  # type: ignore[attr-defined]
    ]
