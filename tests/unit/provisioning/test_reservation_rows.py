"""Work for a reservation: VCL's load log and VCL's locks, on hosts of the test driver."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.unit.provisioning.world import StopAt, World
from vcltui.errors import LockedError, VcltuiError
from vcltui.models.reservation import ReservationRow
from vcltui.provisioning import locking
from vcltui.vcldb import (
    computers,
    estimates,
    images,
    loadlog,
    reservations,
    semaphore_hold,
    tables,
)
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.semaphores import list_semaphores, master_identifier, take


@pytest.fixture
def database(world: World) -> Database:
    return world.workspace.inventory()


@pytest.fixture
def reservation(world: World, image: str, database: Database) -> ReservationRow:
    return reservations.add_reservation(
        database,
        computer_id=computers.get_computer(database, "vm1").id,
        revision=images.get_revision(database, image),
        state_name="pending",
        laststate_name="new",
        start=now() - timedelta(minutes=1),
        end=now() + timedelta(hours=1),
    )


def lines(database: Database, row: ReservationRow) -> list[tuple[str, str]]:
    return [(line.state, line.info) for line in loadlog.list_load_log(database, row.computer_id)]


def test_a_load_for_a_reservation_is_seen_in_vcl(
    world: World, image: str, reservation: ReservationRow, database: Database
) -> None:
    world.computer("vm1", image).load()
    assert [state for state, _ in lines(database, reservation)] == [
        "statuscheck",
        "loadimageblade",
        "doesimageexists",
        "startload",
        "transfervm",
        "vmsetupconfig",
        "startvm",
        "machinebooted",
        "loadimagecomplete",
    ]
    estimate = estimates.expected_steps(database, reservation.id)
    reached = {step.state for step in estimate.steps if step.reached is not None}
    # In VCL's own order, with none of its steps left out before the user is added.
    done = [step.state for step in estimate.steps if step.state in reached]
    assert done == [
        "statuscheck", "doesimageexists", "startload", "transfervm", "vmsetupconfig", "startvm",
        "machinebooted", "loadimagecomplete",
    ]  # fmt: skip
    assert "reserved" not in reached


def test_a_load_by_hand_is_not(world: World, image: str, database: Database) -> None:
    world.computer("vm1", image).load()
    with database.read() as connection:
        assert connection.execute(select(tables.computerloadlog)).all() == []


def test_a_failed_load_is_seen_in_vcl(
    world: World, image: str, reservation: ReservationRow, database: Database
) -> None:
    def lose() -> None:
        world.master(image).unlink()

    with pytest.raises(VcltuiError):
        world.computer("vm1", image, StopAt("check-networks", lose, after=True)).load()
    *_, (state, info) = lines(database, reservation)
    assert state == "loadimagefailed"
    assert image in info


def test_a_load_log_that_can_not_be_written_stops_nothing_and_is_told(
    world: World, image: str, reservation: ReservationRow, database: Database
) -> None:
    def end_reservation() -> None:
        with database.write() as connection:
            connection.execute(tables.request.delete())

    module = world.computer("vm1", image, StopAt("copy-on-write", end_reservation, after=True))
    module.load()
    assert computers.get_computer(database, "vm1").current_image == image
    entry = world.workspace.journal.entries()[0]
    events = [json.loads(line) for line in entry.path.read_text().splitlines()]
    notes = {event["name"]: event["note"] for event in events if event["event"] == "finished"}
    assert "VCL's load log was not told" in notes["define-domain"]
    assert entry.outcome == "done"


def test_a_load_waits_for_vcld_and_holds_the_lock_itself(
    world: World,
    image: str,
    reservation: ReservationRow,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[str] = []

    def look() -> None:
        held.extend(one.identifier for one in list_semaphores(database))

    module = world.computer("vm1", image)
    driver = module.context.session.driver
    create = driver.create_copy_on_write_image

    def watched(*args: object, **kwargs: object) -> None:
        look()
        create(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(driver, "create_copy_on_write_image", watched)
    module.load()
    assert held == [master_identifier(image)]
    assert list_semaphores(database) == []


def test_a_load_is_refused_while_vcld_holds_the_image(
    world: World,
    image: str,
    reservation: ReservationRow,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = reservations.add_reservation(
        database,
        computer_id=computers.get_computer(database, "vm2").id,
        revision=images.get_revision(database, image),
        state_name="pending",
        laststate_name="new",
        start=now() - timedelta(minutes=1),
        end=now() + timedelta(hours=1),
    )
    theirs = take(database, master_identifier(image), other.id)
    hold = semaphore_hold.hold
    monkeypatch.setattr(
        semaphore_hold, "hold", lambda *args, **more: hold(*args, **more, timeout_seconds=0)
    )
    with pytest.raises(LockedError, match=f"held by reservation {other.id}"):
        world.computer("vm1", image).load()
    assert [one.identifier for one in list_semaphores(database)] == [theirs.identifier]
    assert not any(name.startswith("vms/") for name in world.files())


def test_a_lock_that_is_lost_publishes_nothing(
    world: World, image: str, reservation: ReservationRow, database: Database
) -> None:
    module = world.computer("vm1", image)
    driver = module.context.session.driver
    create = driver.create_copy_on_write_image

    def lose_lock(*args: object, **kwargs: object) -> None:
        with database.write() as connection:
            connection.execute(tables.vcldsemaphore.update().values(pid=4711))
        create(*args, **kwargs)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "create_copy_on_write_image", lose_lock)
        with pytest.raises(LockedError, match="taken over"):
            module.load()
    assert not any(name.startswith("vms/") for name in world.files())
    assert [one.pid for one in list_semaphores(database)] == [4711]


def test_work_without_a_reservation_says_so_where_vcld_may_be_at_work(
    world: World, image: str, database: Database
) -> None:
    vcl = Database(database._engine, label="vcl", is_embedded=False)
    context = world.host().context
    for known, note in ((database, None), (vcl, locking.ALONE)):
        world.workspace._database = known
        lock = locking.locker(world.host().context, "master", str(world.home / "datastore"), image)
        with lock(context.cancel) as held:
            assert held.note == note
            held.check()
    world.workspace._database = database
