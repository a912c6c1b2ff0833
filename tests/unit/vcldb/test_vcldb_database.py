"""Opening, making and locking an inventory, and what is said when that fails."""

from __future__ import annotations

import sqlite3
import stat
import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from vcltui.errors import InventoryError, NotFoundError, RefusedError, UsageError, VcltuiError
from vcltui.vcldb import hosts, images, tables
from vcltui.vcldb.database import Database, open_database
from vcltui.vcldb.lookup import state_id, user_id


def test_a_new_inventory_is_its_owners_alone_and_has_vcls_rows(db: Database, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with db.read() as connection:
        states = {row.name: row.id for row in connection.execute(select(tables.state))}
        node = connection.execute(select(tables.managementnode)).one()
        foreign_keys = connection.execute(text("PRAGMA foreign_keys")).scalar()
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    assert (states["available"], states["vmhostinuse"], states["servermodified"]) == (2, 20, 29)
    assert len(states) == 29
    assert node.hostname == "mn1"
    assert foreign_keys == 1
    assert broken == []
    assert db.is_embedded
    assert db.label == str(path)


@pytest.mark.parametrize("name", ["in ventory?mode=memory#x.sqlite", "100%25.db", "ümlaut.sqlite"])
def test_odd_file_names_are_file_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / "deeper" / name
    open_database(f"sqlite:///{path}", create=True).close()
    assert [file.name for file in path.parent.iterdir()] == [name]
    again = open_database(path)
    assert images.list_revisions(again) == []
    again.close()


def test_making_it_again_keeps_what_is_in_it(db: Database, path: Path) -> None:
    with db.write() as connection:
        connection.execute(insert(tables.state).values(id=99, name="ours"))
    again = open_database(path, create=True, management_node="other")
    with again.read() as connection:
        assert state_id(connection, "ours") == 99
        assert connection.execute(select(tables.managementnode.c.hostname)).scalar() == "mn1"
    again.close()


def test_a_file_left_empty_by_a_kill_is_filled(path: Path) -> None:
    path.touch()
    with pytest.raises(InventoryError, match="does not hold VCL's tables"):
        open_database(path)
    filled = open_database(path, create=True)
    assert hosts.list_vmhosts(filled) == []
    filled.close()


def test_a_missing_file_is_not_made_by_looking(path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no inventory"):
        open_database(path)
    with pytest.raises(RefusedError, match="read-only"):
        open_database(path, create=True, readonly=True)
    assert not path.exists()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"no database at all, but long enough to be looked at\n" * 40)
    before = junk.read_bytes()
    with pytest.raises(InventoryError, match="is no inventory.*Correct the path"):
        open_database(junk, create=True)
    assert junk.read_bytes() == before
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(InventoryError, match="does not hold VCL's tables"):
        open_database(other, create=True)


def test_a_folder_or_a_file_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="can't be opened"):
        open_database(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InventoryError, match="can't be made"):
        open_database(tmp_path / "file" / "inventory.sqlite", create=True)
    with pytest.raises(InventoryError, match="can't be looked at"):
        open_database(tmp_path / "file" / "inventory.sqlite")


def test_a_file_of_another_version_is_refused(db: Database, path: Path) -> None:
    with db.write() as connection:
        connection.execute(
            tables.variable.update()
            .where(tables.variable.c.name == "vcltui-schema")
            .values(value=99)
        )
    with pytest.raises(InventoryError, match="has the form '99'"):
        open_database(path)


def test_a_management_node_that_does_not_fit_leaves_nothing(path: Path) -> None:
    with pytest.raises(UsageError, match=r"managementnode\.hostname"):
        open_database(path, create=True, management_node="m" * 51)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()


def test_read_only_mode_refuses_writing(db: Database, path: Path) -> None:
    readonly = open_database(path, readonly=True)
    with pytest.raises(RefusedError, match="opened read-only"), readonly.write():
        raise AssertionError("not reached")
    with (
        pytest.raises(InventoryError, match="can't be opened or written"),
        readonly.read() as connection,
    ):
        connection.execute(insert(tables.state).values(name="new"))
    assert images.list_revisions(readonly) == []
    readonly.close()


def test_a_write_that_fails_changes_nothing(db: Database) -> None:
    with pytest.raises(RuntimeError, match="stop"), db.write() as connection:
        connection.execute(insert(tables.state).values(id=99, name="ours"))
        raise RuntimeError("stop")
    with pytest.raises(NotFoundError), db.read() as connection:
        state_id(connection, "ours")


def test_a_refused_query_is_told_without_sql_or_values(db: Database) -> None:
    with pytest.raises(InventoryError) as caught, db.write() as connection:
        connection.execute(insert(tables.state).values(id=1, name="secret-value"))
    message = str(caught.value)
    assert "UNIQUE constraint failed: state.id" in message or "Duplicate entry '1'" in message
    assert "secret-value" not in message
    assert "INSERT" not in message


def test_a_reader_sees_one_state_while_somebody_writes(db: Database, path: Path) -> None:
    other = open_database(path)
    with db.read() as connection:
        assert (
            connection.execute(select(tables.state.c.id).where(tables.state.c.id == 99)).all() == []
        )
        wrote = threading.Event()

        def write() -> None:
            with other.write() as mine:
                mine.execute(insert(tables.state).values(id=99, name="ours"))
            wrote.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert (
            connection.execute(select(tables.state.c.id).where(tables.state.c.id == 99)).all() == []
        )
        assert not wrote.is_set()
    writer.join(30)
    assert wrote.is_set()
    with db.read() as connection:
        assert state_id(connection, "ours") == 99
    other.close()


def test_a_lock_that_is_never_given_up_is_told(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vcltui.vcldb.embedded.engine._BUSY_SECONDS", 0.05)
    impatient = open_database(path)
    with (
        db.write(),
        pytest.raises(InventoryError, match="held by another program"),
        impatient.write(),
    ):
        raise AssertionError("not reached")
    impatient.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql+pymysql://vcl:hidden@127.0.0.1:1/vcl",
        "mariadb+pymysql://vcl:hidden@127.0.0.1:1/vcl?charset=latin1",
        "mysql+pymysql://vcl:hidden@127.0.0.1:1/vcl?ssl_ca=/none/ca.pem",
        f"mysql+pymysql://vcl:hidden@127.0.0.1:1/vcl?ssl_ca={__file__}",
        "mysql+pymysql://vcl:hidden@127.0.0.1:1/vcl?no_such_option=hidden",
        "mysql+pymysql://vcl:hidden@/vcl",
        "mysql+pymysql://vcl:hidden@host",
        "postgresql://vcl:hidden@host/vcl",
        "mysql+pymysql://vcl:hidden@host:port/vcl",
        "vcl:hidden@host://vcl",
    ],
)
def test_a_database_that_can_not_be_opened_is_told_without_the_password(url: str) -> None:
    with pytest.raises(InventoryError) as caught:
        open_database(url)
    error: BaseException | None = caught.value
    assert isinstance(error, VcltuiError)
    assert error.hint
    assert "hidden" not in str(error)


def test_zero_dates_are_none_and_dates_come_back(db: Database) -> None:
    semaphore = tables.request
    moment = datetime(2024, 2, 29, 13, 5, 9)
    with db.write() as connection:
        connection.execute(insert(semaphore).values(id=1, stateid=2, laststateid=2, userid=1))
        connection.execute(
            insert(semaphore).values(
                id=2, stateid=2, laststateid=2, userid=1, start=moment, daterequested=moment
            )
        )
        connection.execute(
            text("UPDATE request SET daterequested='2024-02-00 00:00:00' WHERE id=2")
        )
        raw = connection.execute(text("SELECT start, `end` FROM request ORDER BY id")).all()
        rows = connection.execute(select(semaphore).order_by(semaphore.c.id)).all()
        later = connection.scalars(select(semaphore.c.id).where(semaphore.c.start >= moment)).all()
    zero = "0000-00-00 00:00:00"
    assert [tuple(map(str, row)) for row in raw] == [(zero, zero), ("2024-02-29 13:05:09", zero)]
    assert [(row.start, row.end) for row in rows] == [(None, None), (moment, None)]
    assert rows[1].daterequested is None
    assert later == [2]


def test_users_are_found_by_exact_login(db: Database) -> None:
    with db.write() as connection:
        connection.execute(insert(tables.affiliation).values(id=5, name="Uni", dataUpdateText=""))
        for login in ("admin", "vm1", "vm10"):
            connection.execute(insert(tables.user).values(unityid=login, affiliationid=5, email=""))
    with db.read() as connection:
        assert user_id(connection, "admin@Local") == 1
        assert user_id(connection, "vm1") != user_id(connection, "vm10")
        assert user_id(connection, "vm1@Uni") == user_id(connection, "vm1")
        with pytest.raises(RefusedError, match="admin@Local, admin@Uni"):
            user_id(connection, "admin")
        for name in ("vm", "vm1@Local", "ADMIN", "' OR 1=1 --"):
            with pytest.raises(NotFoundError):
                user_id(connection, name)
