"""VCL's locks: taken, waited for, moved on, given back; and vcld on the other side."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

import pymysql
import pytest
from sqlalchemy import select

from tests.mariadb import MariaDB
from vcltui.errors import CancelledError, LockedError, NotFoundError, UsageError
from vcltui.models.cancel import CancelToken
from vcltui.models.inventory import ImageRevision
from vcltui.vcldb import computers, reservations, semaphores, tables
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database, open_database
from vcltui.vcldb.semaphore_hold import hold

MASTER = "master:linux-Base-12-v1"


@pytest.fixture
def two(db: Database, base: ImageRevision) -> tuple[int, int]:
    """The ids of two reservations."""
    made = []
    for name in ("vm1", "vm2"):
        computer = computers.add_computer(db, hostname=name, vmhost=None)
        row = reservations.add_reservation(
            db,
            computer_id=computer.id,
            revision=base,
            state_name="pending",
            laststate_name="new",
            start=now(),
            end=now() + timedelta(hours=2),
        )
        made.append(row.id)
    return made[0], made[1]


def rows(db: Database) -> list[tuple[str, int, int, datetime]]:
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(select(tables.vcldsemaphore))]


def set_expiry(db: Database, seconds: int) -> datetime:
    with db.write() as connection:
        expires = database_now(connection) + timedelta(seconds=seconds)
        connection.execute(tables.vcldsemaphore.update().values(expires=expires))
    return expires


def no_pause(_seconds: float) -> None:
    raise AssertionError("waited")


def test_a_lock_is_one_row_and_is_given_back(db: Database, two: tuple[int, int]) -> None:
    with hold(db, MASTER, two[0], pause=no_pause) as held:
        ((identifier, reservation, pid, expires),) = rows(db)
        assert (identifier, reservation, pid) == (MASTER, two[0], os.getpid())
        with db.read() as connection:
            left = expires - database_now(connection)
        assert timedelta(seconds=7190) < left <= timedelta(seconds=7200)
        assert [one.identifier for one in semaphores.list_semaphores(db)] == [MASTER]
        held.check()
    assert rows(db) == []


def test_another_image_is_another_lock(db: Database, two: tuple[int, int]) -> None:
    other = "master:linux-Base-12-v10"
    with hold(db, MASTER, two[0], pause=no_pause), hold(db, other, two[1], pause=no_pause):
        assert len(rows(db)) == 2


def test_a_held_lock_is_waited_for_every_15_seconds(db: Database, two: tuple[int, int]) -> None:
    first = semaphores.take(db, MASTER, two[0])
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            semaphores.release(db, first)

    second = semaphores.take(db, MASTER, two[1], pause=pause)
    assert pauses == [15, 15, 15]
    assert rows(db) == [(MASTER, two[1], second.pid, second.expires)]


def test_the_owner_is_named_when_the_time_is_over(db: Database, two: tuple[int, int]) -> None:
    semaphores.take(db, MASTER, two[0])
    pauses: list[float] = []
    with pytest.raises(LockedError, match=rf"held by reservation {two[0]} \(process {os.getpid()}"):
        semaphores.take(db, MASTER, two[1], timeout_seconds=40, pause=pauses.append)
    assert pauses == [15, 15, 10]
    assert len(rows(db)) == 1


def test_waiting_is_cancelled(db: Database, two: tuple[int, int]) -> None:
    semaphores.take(db, MASTER, two[0])
    token = CancelToken()
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            semaphores.take(db, MASTER, two[1], cancel=token)
        except CancelledError as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    token.cancel()
    waiting.join(30)
    assert not waiting.is_alive()
    assert len(failed) == 1


def test_an_expired_lock_is_taken_over(db: Database, two: tuple[int, int]) -> None:
    first = semaphores.take(db, MASTER, two[0])
    expires = set_expiry(db, -1)
    assert semaphores.list_semaphores(db)[0].expired
    second = semaphores.take(db, MASTER, two[1], pause=no_pause)
    assert second.expires > expires
    for lost in (first, semaphores.Semaphore(MASTER, two[0], os.getpid(), expires)):
        assert not semaphores.release(db, lost)
        with pytest.raises(LockedError, match="taken over"):
            semaphores.refresh(db, lost)
    assert rows(db) == [(MASTER, two[1], second.pid, second.expires)]


def test_a_lock_is_moved_on_while_the_block_runs(db: Database, two: tuple[int, int]) -> None:
    with hold(db, MASTER, two[0], refresh_seconds=0.01) as held:
        expires = held.row.expires
        moved = threading.Event()
        while not moved.wait(0.01):
            if held.row.expires > expires + timedelta(seconds=1):
                moved.set()
        held.check()
        assert rows(db)[0][3] == held.row.expires
    assert rows(db) == []


def test_a_lock_that_was_taken_over_is_told_and_kept(db: Database, two: tuple[int, int]) -> None:
    with hold(db, MASTER, two[0]) as held:
        expires = set_expiry(db, 100)
        with pytest.raises(LockedError, match="taken over"):
            held.check()
        with pytest.raises(LockedError):
            held.check()
    assert [row[3] for row in rows(db)] == [expires]


def test_a_lock_needs_a_reservation_and_a_name_that_fits(
    db: Database, two: tuple[int, int]
) -> None:
    with pytest.raises(NotFoundError, match="no reservation 999 any more"):
        semaphores.take(db, MASTER, 999)
    with pytest.raises(UsageError, match="too many"):
        semaphores.take(db, "x" * 257, two[0])


def test_a_lock_goes_with_its_reservation(db: Database, two: tuple[int, int]) -> None:
    held = semaphores.take(db, MASTER, two[0])
    with db.write() as connection:
        connection.execute(tables.request.delete())
    assert rows(db) == []
    assert not semaphores.release(db, held)


# --- vcld on the other side, with its own statements ---


class Vcld:
    """Takes and gives back a lock as vcld's Semaphore module does."""

    def __init__(self, server: MariaDB, reservation_id: int) -> None:
        self.server, self.reservation_id, self.pid = server, reservation_id, 4711

    def execute(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with closing(self.server.connect("vcl")) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def obtain(self, identifier: str, seconds: int = 7200) -> bool:
        try:
            self.execute(
                "INSERT INTO vcldsemaphore (identifier, reservationid, pid, expires)"
                " VALUES (%s, %s, %s, TIMESTAMPADD(SECOND, %s, NOW()))",
                identifier,
                self.reservation_id,
                self.pid,
                seconds,
            )
        except pymysql.err.IntegrityError:
            expired = self.execute(
                "SELECT expires FROM vcldsemaphore WHERE identifier=%s AND expires < NOW()",
                identifier,
            )
            for (expires,) in expired:
                self.execute(
                    "DELETE FROM vcldsemaphore WHERE identifier=%s AND expires=%s",
                    identifier,
                    expires,
                )
            return False
        return True

    def give_back(self, identifier: str) -> None:
        self.execute("DELETE FROM vcldsemaphore WHERE identifier=%s", identifier)


@pytest.fixture
def make_vcld(mariadb: MariaDB) -> Callable[[int], Vcld]:
    return lambda reservation_id: Vcld(mariadb, reservation_id)


def test_vcltui_waits_for_vcld(
    db: Database, two: tuple[int, int], make_vcld: Callable[[int], Vcld]
) -> None:
    vcld = make_vcld(two[0])
    assert vcld.obtain(MASTER)
    with pytest.raises(LockedError, match=rf"reservation {two[0]} \(process 4711\)"):
        semaphores.take(db, MASTER, two[1], timeout_seconds=0)
    taken = semaphores.take(db, MASTER, two[1], pause=lambda _seconds: vcld.give_back(MASTER))
    assert rows(db) == [(MASTER, two[1], taken.pid, taken.expires)]


def test_vcld_waits_for_vcltui(
    db: Database, two: tuple[int, int], make_vcld: Callable[[int], Vcld]
) -> None:
    vcld = make_vcld(two[1])
    with hold(db, MASTER, two[0]):
        assert not vcld.obtain(MASTER)
        assert not vcld.obtain(MASTER)
        assert len(rows(db)) == 1
    assert vcld.obtain(MASTER)


def test_each_takes_over_what_the_other_left_to_expire(
    db: Database, two: tuple[int, int], make_vcld: Callable[[int], Vcld]
) -> None:
    vcld = make_vcld(two[0])
    assert vcld.obtain(MASTER, seconds=-1)
    ours = semaphores.take(db, MASTER, two[1], pause=no_pause)
    set_expiry(db, -1)
    assert not vcld.obtain(MASTER)  # deletes the row, as vcld does
    assert vcld.obtain(MASTER)
    assert not semaphores.release(db, ours)
    assert [row[2] for row in rows(db)] == [4711]


def test_what_a_killed_process_held_expires(
    db: Database, two: tuple[int, int], mariadb: MariaDB, make_vcld: Callable[[int], Vcld]
) -> None:
    program = """
import sys
from vcltui.vcldb.database import open_database
from vcltui.vcldb.semaphore_hold import hold
with hold(open_database(sys.argv[1]), sys.argv[2], int(sys.argv[3]), expire_seconds=2):
    print("held", flush=True)
    sys.stdin.readline()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program, mariadb.url, MASTER, str(two[0])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        child.kill()
    assert [row[2] for row in rows(db)] == [child.pid]
    vcld, waited = make_vcld(two[1]), threading.Event()
    while not vcld.obtain(MASTER):
        assert not waited.wait(0.1)
    assert [row[2] for row in rows(db)] == [4711]


def test_a_server_that_goes_away_is_forgiven_until_the_lock_expires(
    db: Database, two: tuple[int, int], mariadb: MariaDB
) -> None:
    with hold(db, MASTER, two[0]) as held:
        mariadb.stop()
        held.check()
        mariadb.start()
        held.check()
        other = open_database(mariadb.url)
        with pytest.raises(LockedError):
            semaphores.take(other, MASTER, two[1], timeout_seconds=0)
        other.close()
    assert rows(db) == []
