"""Reservations, and the load log that belongs to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select, update

from tests.mariadb import MariaDB
from vcltui.errors import InventoryError, NotFoundError, RefusedError
from vcltui.models.host import VMHost
from vcltui.models.inventory import Computer, ImageRevision, Request
from vcltui.models.reservation import ReservationRow
from vcltui.vcldb import computers, estimates, loadlog, reservations, tables
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database

HOUR = timedelta(hours=1)
NEVER = datetime(2024, 1, 1)


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
    db: Database, vm1: Computer, base: ImageRevision, kvm1: VMHost
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
        computer_id=vm1.id,
        computer_state="available",
        vmhost_id=kvm1.id,
        image_id=base.image_id,
        revision_id=base.revision_id,
        revision=1,
        prettyname="Base",
        management_node_id=1,
        management_node="mn1",
        user_id=1,
        affiliation="Local",
    )
    listed = reservations.list_reservations(db)
    assert listed[0] == row
    assert (listed[1].computer, listed[1].host, listed[1].lastcheck) == ("vm10", None, None)
    assert listed[1].id == unassigned.id


def test_one_query_reads_them_all(db: Database, vm1: Computer, base: ImageRevision) -> None:
    first = reserve(db, vm1, base)
    log, steps = tables.computerloadlog, tables.computerloadstate
    with db.write() as connection:
        request = dict(connection.execute(select(tables.request)).mappings().one())
        row = dict(connection.execute(select(tables.reservation)).mappings().one())
        step_ids = connection.scalars(select(steps.c.id).order_by(steps.c.id).limit(2)).all()
        ids = range(first.id + 1, first.id + 5000)
        connection.execute(
            tables.request.insert(), [{**request, "id": one, "start": NEVER} for one in ids]
        )
        connection.execute(
            tables.reservation.insert(), [{**row, "id": one, "requestid": one} for one in ids]
        )
        connection.execute(
            log.insert(),
            [
                {
                    "reservationid": one,
                    "computerid": vm1.id,
                    "loadstateid": step,
                    "timestamp": NEVER,
                }
                for one in ids
                for step in step_ids
            ],
        )
    queries: list[str] = []
    event.listen(db._engine, "before_cursor_execute", lambda *parts: queries.append(str(parts[2])))
    rows = reservations.list_reservations(db)
    assert len(rows) == 5000
    assert [query.split()[0] for query in queries if query != "BEGIN"] == ["SELECT"]
    assert {one.host for one in rows} == {"kvm1"}
    assert [one.id for one in rows] == sorted(one.id for one in rows)


def test_one_reservation_has_its_last_step(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    row, other = reserve(db, vm1, base), reserve(db, vm1, base)
    assert (row.last_step, row.last_step_time) == (None, None)
    for step in ("startload", "transfervm"):
        loadlog.insert_load_log(db, row.id, vm1.id, step, "")
    found = reservations.get_reservation(db, row.id)
    assert found.last_step == "transfervm"
    assert found.last_step_time is not None
    assert now() - found.last_step_time < HOUR
    assert reservations.get_reservation(db, other.id).last_step is None
    with pytest.raises(NotFoundError, match="no reservation with the id 999"):
        reservations.get_reservation(db, 999)


def test_what_is_deleted_still_has_its_reservation(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    row = reserve(db, vm1, base, "failed")
    with db.write() as connection:
        connection.execute(
            tables.computer.update().where(tables.computer.c.id == vm1.id).values(deleted=1)
        )
        connection.execute(tables.image.update().values(deleted=1))
        connection.execute(tables.request.update().values(forimaging=1))
    found = reservations.get_reservation(db, row.id)
    assert (found.computer_deleted, found.revision_deleted, found.forimaging) == (True, True, True)


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


# --- how long a load should take ---


def test_the_steps_of_a_load_are_in_vcls_order(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    row = reserve(db, vm1, base)
    loadlog.insert_load_log(db, row.id, vm1.id, "startload", "")
    loadlog.insert_load_log(db, row.id, vm1.id, "info", "not in the order")
    found = estimates.expected_steps(db, row.id)
    assert [step.state for step in found.steps] == [
        "statuscheck",
        "doesimageexists",
        "copyfrompartnerMN",
        "startload",
        "transfervm",
        "vmsetupconfig",
        "startvm",
        "machinebooted",
        "loadimagecomplete",
        "nodeready",
        "addinguser",
        "reserved",
    ]
    seconds = {step.state: step.expected_seconds for step in found.steps}
    assert (seconds["transfervm"], seconds["machinebooted"], seconds["startload"]) == (255, 68, 6)
    reached = {step.state: step.reached for step in found.steps if step.reached is not None}
    assert list(reached) == ["startload"]
    assert now() - reached["startload"] < HOUR
    assert (found.total_seconds, found.from_history) == (600, False)


def test_the_history_of_the_image_tells_how_long_a_load_takes(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    row = reserve(db, vm1, base)
    today = now()
    past = {"userid": 1, "computerid": vm1.id, "imageid": base.image_id, "wasavailable": 1}
    loads = [
        {"start": today - HOUR, "loaded": today - HOUR + timedelta(seconds=200)},
        {"start": today - HOUR, "loaded": today - HOUR + timedelta(seconds=401)},
        {"start": today - HOUR, "loaded": today - HOUR + timedelta(seconds=30)},
        {"start": today - HOUR, "loaded": today - HOUR + timedelta(seconds=7000)},
        {"start": today - HOUR, "loaded": None},
        {"start": today - timedelta(days=500), "loaded": today - timedelta(days=500) + HOUR / 4},
        {"start": today - HOUR, "loaded": today - HOUR / 2, "ending": "failed"},
        {"start": today - HOUR, "loaded": today - HOUR / 2 - HOUR / 4, "wasavailable": 0},
    ]
    with db.write() as connection:
        for load in loads:
            connection.execute(tables.log.insert().values({**past, **load}))
    found = estimates.expected_steps(db, row.id)
    assert (found.total_seconds, found.from_history) == (300, True)


def test_the_estimate_of_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFoundError, match="no reservation with the id 999"):
        estimates.expected_steps(db, 999)


def test_an_order_that_runs_in_a_circle_ends(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    row = reserve(db, vm1, base)
    flow = tables.computerloadflow
    with db.write() as connection:
        first = connection.execute(select(flow).where(flow.c.type == "virtualmachine")).first()
        assert first is not None
        connection.execute(
            update(flow)
            .where(flow.c.type == "virtualmachine", flow.c.nextstateid.is_(None))
            .values(nextstateid=first.nextstateid)
        )
    assert len(estimates.expected_steps(db, row.id).steps) >= 11


def test_times_are_the_databases_own(
    db: Database, vm1: Computer, base: ImageRevision, mariadb: MariaDB
) -> None:
    """The doctor compares them with the server's clock, which may be another than this one's."""
    row = reserve(db, vm1, base, start=now() + 4 * HOUR)
    assert reservations.get_request_for_computer(db, vm1.id) is None
    mariadb.run("SET GLOBAL time_zone = '+13:00'")
    try:
        db.close()  # what is connected keeps the zone it began with
        assert reservations.get_request_for_computer(db, vm1.id) is not None
        loadlog.insert_load_log(db, row.id, vm1.id, "startload", "")
        (line,) = loadlog.list_load_log(db, vm1.id)
        with db.read() as connection:
            server = database_now(connection)
    finally:
        mariadb.run("SET GLOBAL time_zone = 'SYSTEM'")
        db.close()
    assert line.time is not None
    assert server > now() + 12 * HOUR
    assert timedelta() <= server - line.time < timedelta(minutes=1)
