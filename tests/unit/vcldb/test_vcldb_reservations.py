"""Reservations, and the load log that belongs to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select, update

from vcltui.errors import InventoryError, NotFoundError, RefusedError
from vcltui.models.host import VMHost
from vcltui.models.inventory import Computer, ImageRevision, Request
from vcltui.models.reservation import ReservationRow
from vcltui.vcldb import computers, loadlog, reservations, tables
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database

HOUR = timedelta(hours=1)


@pytest.fixture
def vm1(db: Database, kvm1: VMHost) -> Computer:
    """vm1, beside it vm10."""
    first = computers.add_computer(db, hostname="vm1.lab", vmhost="kvm1")
    computers.add_computer(db, hostname="vm10.lab", vmhost="kvm1")
    return first


def reserve(
    db: Database,
    computer: Computer,
    revision: ImageRevision,
    state: str = "inuse",
    start: datetime | None = None,
    lastcheck: datetime | None = None,
) -> ReservationRow:
    begin = start or now() - HOUR
    return reservations.add_reservation(
        db,
        computer_id=computer.id,
        revision=revision,
        state_name=state,
        laststate_name="reserved",
        start=begin,
        end=begin + 2 * HOUR,
        lastcheck=lastcheck,
    )


def test_reservations_are_listed_with_names(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    vm10 = computers.get_computer(db, "vm10")
    start = datetime(2024, 5, 1, 10)
    row = reserve(db, vm1, base, "pending", start, lastcheck=start + HOUR)
    unassigned = reserve(db, vm10, base)
    computers.assign_vmhost(db, vm10.id, None)
    assert row == ReservationRow(
        id=1,
        request_id=1,
        state="pending",
        laststate="reserved",
        user="admin",
        computer="vm1",
        image="linux-Base-12-v1",
        host="kvm1",
        start=start,
        end=start + 2 * HOUR,
        lastcheck=start + HOUR,
    )
    listed = reservations.list_reservations(db)
    assert listed[0] == row
    assert (listed[1].computer, listed[1].host, listed[1].lastcheck) == ("vm10", None, None)
    assert listed[1].id == unassigned.id


def test_the_number_of_queries_does_not_grow(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    queries: list[str] = []
    event.listen(db._engine, "before_cursor_execute", lambda *parts: queries.append(str(parts[2])))
    reserve(db, vm1, base)
    queries.clear()
    reservations.list_reservations(db)
    few = len(queries)
    for _ in range(20):
        reserve(db, vm1, base)
    queries.clear()
    assert len(reservations.list_reservations(db)) == 21
    assert len(queries) == few


def test_the_request_of_a_computer(db: Database, vm1: Computer, base: ImageRevision) -> None:
    vm10 = computers.get_computer(db, "vm10")
    assert reservations.get_request_for_computer(db, vm1.id) is None
    reserve(db, vm10, base)
    assert reservations.get_request_for_computer(db, vm1.id) is None
    reserve(db, vm1, base, "complete")
    reserve(db, vm1, base, "deleted")
    reserve(db, vm1, base, "new", start=now() + HOUR)
    assert reservations.get_request_for_computer(db, vm1.id) is None
    older = reserve(db, vm1, base, "image", start=now() - 3 * HOUR)
    assert reservations.get_request_for_computer(db, vm1.id) == Request(
        older.request_id, older.id, "image"
    )
    newer = reserve(db, vm1, base, "maintenance", start=now() - HOUR)
    found = reservations.get_request_for_computer(db, vm1.id)
    assert found == Request(newer.request_id, newer.id, "maintenance")


def test_reservations_of_what_is_not_there(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    with pytest.raises(NotFoundError, match="no VCL state 'busy'"):
        reserve(db, vm1, base, "busy")
    computers.remove_computer(db, "vm10")
    with pytest.raises(InventoryError, match="FOREIGN KEY"):
        reserve(db, Computer(id=999, hostname="gone"), base)
    assert reservations.list_reservations(db) == []


def test_vcls_own_database_gets_no_reservations_from_us(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    vcl = Database(db._engine, label="vcl", is_embedded=False)
    with pytest.raises(RefusedError, match="VCL's own database"):
        reserve(vcl, vm1, base)


def test_the_load_log_is_written(db: Database, vm1: Computer, base: ImageRevision) -> None:
    row = reserve(db, vm1, base)
    text = "copied 'a' to \"b\"; $(id)\n-- done"
    loadlog.insert_load_log(db, row.id, vm1.id, "startload", "")
    loadlog.insert_load_log(db, row.id, vm1.id, "transfervm", text)
    log, states = tables.computerloadlog, tables.computerloadstate
    with db.read() as connection:
        rows = connection.execute(
            select(log, states.c.loadstatename, states.c.est)
            .join(states, states.c.id == log.c.loadstateid)
            .order_by(log.c.id)
        ).all()
    assert [(one.loadstatename, one.est) for one in rows] == [("startload", 6), ("transfervm", 255)]
    assert rows[1].additionalinfo == text
    assert all(now() - one.timestamp < HOUR for one in rows)


def test_the_load_log_of_what_is_not_there(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    row = reserve(db, vm1, base)
    with pytest.raises(NotFoundError, match="Close names: startvm"):
        loadlog.insert_load_log(db, row.id, vm1.id, "startvm1", "")
    with pytest.raises(InventoryError, match="FOREIGN KEY"):
        loadlog.insert_load_log(db, row.id + 1, vm1.id, "startvm", "")
    with db.write() as connection:
        connection.execute(
            update(tables.request).where(tables.request.c.id == row.request_id).values(stateid=1)
        )
        connection.execute(tables.request.delete())
    assert reservations.list_reservations(db) == []
