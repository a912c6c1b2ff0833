"""Writes that meet other writers, and a server that is slow, busy or gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import update

from tests.mariadb import MariaDB
from vcltui.errors import ConflictError, InventoryError, VcltuiError
from vcltui.models.host import VMHost
from vcltui.models.inventory import Computer, ImageRevision
from vcltui.vcldb import computers, images, tables
from vcltui.vcldb.database import Database, open_database


@pytest.fixture
def vm1(db: Database, kvm1: VMHost) -> Computer:
    return computers.add_computer(db, hostname="vm1", vmhost="kvm1")


@pytest.fixture
def other(mariadb: MariaDB) -> Iterator[Database]:
    """Another console on the same server."""
    database = open_database(mariadb.url)
    yield database
    database.close()


def at_once(*calls: Callable[[], object]) -> list[BaseException | None]:
    """Run calls in threads that begin together; what each raised."""
    barrier = threading.Barrier(len(calls))
    outcomes: list[BaseException | None] = [None] * len(calls)

    def run(number: int) -> None:
        barrier.wait(30)
        try:
            calls[number]()
        except VcltuiError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return outcomes


def test_one_of_two_gets_the_state_and_the_other_hears_what_it_is(
    db: Database, other: Database, vm1: Computer
) -> None:
    for _ in range(20):
        outcomes = at_once(
            lambda: computers.change_state(db, vm1.id, "available", "reloading"),
            lambda: computers.change_state(other, vm1.id, "available", "maintenance"),
        )
        state = computers.get_computer(db, "vm1").state
        (lost,) = [error for error in outcomes if error is not None]
        assert isinstance(lost, ConflictError)
        assert f"is {state} now, not available" in str(lost)
        computers.change_state(db, vm1.id, state, "available")


def test_one_of_two_marks_the_last_revision_and_the_image_goes_along(
    db: Database, other: Database, base: ImageRevision
) -> None:
    second = images.get_revision(db, "linux-Base-12-v10")
    with db.write() as connection:
        connection.execute(update(tables.imagerevision).values(production=0))
    outcomes = at_once(
        lambda: images.mark_deleted(db, base.revision_id),
        lambda: images.mark_deleted(other, second.revision_id),
    )
    # A deadlock is told, and nothing was changed by the one that met it.
    for error in outcomes:
        assert error is None or "held by another program" in str(error)
    for revision, error in zip((base, second), outcomes, strict=True):
        if error is not None:
            images.mark_deleted(db, revision.revision_id)
    assert images.list_revisions(db) == []
    assert {one.deleted for one in images.list_revisions(db, deleted=True)} == {True}
    outcomes = at_once(
        lambda: images.mark_deleted(db, base.revision_id),
        lambda: images.mark_deleted(other, base.revision_id),
    )
    assert all(isinstance(error, ConflictError) for error in outcomes)


def test_an_image_is_noted_only_over_what_was_there(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    second = images.get_revision(db, "linux-Base-12-v10")
    computers.set_current_image(db, vm1.id, second)
    with pytest.raises(ConflictError, match="has linux-Base-12-v10 on kvm1 now"):
        computers.set_current_image(db, vm1.id, base, expected=vm1)
    now_there = computers.get_computer(db, "vm1")
    computers.set_current_image(db, vm1.id, base, expected=now_there)
    loaded = computers.get_computer(db, "vm1")
    computers.assign_vmhost(db, vm1.id, None)
    with pytest.raises(ConflictError, match="on no VM host now"):
        computers.set_current_image(db, vm1.id, None, expected=loaded)
    with pytest.raises(ConflictError, match="its VM host was not changed"):
        computers.assign_vmhost(db, vm1.id, None, expected=loaded)
    computers.assign_vmhost(db, vm1.id, "kvm1", expected=computers.get_computer(db, "vm1"))
    assert computers.get_computer(db, "vm1").current_image == "linux-Base-12-v1"


def test_a_capture_that_somebody_else_finished_is_a_conflict(
    db: Database, other: Database, base: ImageRevision
) -> None:
    image_id = images.next_image_id(db)
    row = images.reserve_capture(
        db,
        image_name=f"linux-New-{image_id}-v1",
        prettyname="New",
        image_id=image_id,
        based_on=base,
        owner="admin",
    )
    outcomes = at_once(
        *(
            lambda database=database: images.finish_capture(
                database, row.revision_id, size_mib=1, image_type="qcow2"
            )
            for database in (db, other)
        )
    )
    (lost,) = [error for error in outcomes if error is not None]
    assert isinstance(lost, ConflictError | InventoryError)
    assert not images.get_revision(db, f"linux-New-{image_id}-v1").deleted


def test_a_row_that_somebody_holds_is_told(db: Database, vm1: Computer, mariadb: MariaDB) -> None:
    with closing(mariadb.connect("vcl")) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE computer SET notes='x' WHERE id=%s", (vm1.id,))
        with pytest.raises(InventoryError, match="held by another program.*Try again"):
            computers.change_state(db, vm1.id, "available", "reloading")
        cursor.execute("ROLLBACK")
    computers.change_state(db, vm1.id, "available", "reloading")


def test_a_deadlock_is_told_and_leaves_nothing(
    db: Database, other: Database, vm1: Computer
) -> None:
    vm2 = computers.add_computer(db, hostname="vm2", vmhost=None)
    both = threading.Barrier(2)

    def cross(database: Database, first: int, second: int, note: str) -> None:
        machines = tables.computer
        with database.write() as connection:
            change = update(machines).values(notes=note)
            connection.execute(change.where(machines.c.id == first))
            both.wait(30)
            connection.execute(change.where(machines.c.id == second))

    outcomes = at_once(
        lambda: cross(db, vm1.id, vm2.id, "one"), lambda: cross(other, vm2.id, vm1.id, "two")
    )
    (lost,) = [error for error in outcomes if error is not None]
    assert isinstance(lost, InventoryError)
    assert "held by another program" in str(lost)
    assert computers.get_computer(db, "vm1").notes == computers.get_computer(db, "vm2").notes != ""


def test_a_server_that_goes_away_comes_back(db: Database, vm1: Computer, mariadb: MariaDB) -> None:
    assert computers.get_computer(db, "vm1") == vm1
    mariadb.stop()
    for _ in range(2):
        with pytest.raises(InventoryError, match="can't be reached") as caught:
            computers.get_computer(db, "vm1")
        assert mariadb.password not in str(caught.value)
    mariadb.start()
    assert computers.get_computer(db, "vm1") == vm1


def test_a_server_that_goes_away_within_a_write_leaves_nothing(
    db: Database, vm1: Computer, mariadb: MariaDB
) -> None:
    machines = tables.computer
    with pytest.raises(InventoryError, match="can't be reached"), db.write() as connection:
        connection.execute(update(machines).values(notes="half"))
        mariadb.stop()
        connection.execute(update(machines).values(notes="whole"))
    mariadb.start()
    assert computers.get_computer(db, "vm1").notes == ""
