"""Files of the first form, which had fewer tables and columns, are brought up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from vcltui.errors import InventoryError
from vcltui.vcldb import computers, hosts, images, reservations, tables
from vcltui.vcldb.database import open_database

FIRST_FORM = Path(__file__).parents[2] / "data" / "inventory-form1.sql"


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST_FORM.read_text())
    connection.close()
    return path


def test_an_old_file_gets_what_came_later_and_keeps_what_it_has(old_file: Path) -> None:
    database = open_database(old_file)
    with database.read() as connection:
        inspector = inspect(connection)
        for table in tables.metadata.tables.values():
            known = {column["name"] for column in inspector.get_columns(table.name)}
            assert {column.name for column in table.columns} <= known
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        steps = connection.execute(select(tables.computerloadflow)).all()
    assert len(steps) == 12
    assert [host.name for host in hosts.list_vmhosts(database)] == ["kvm1"]
    assert computers.get_computer(database, "vm1").current_image == "linux-Base-12-v1"
    assert [row.computer for row in reservations.list_reservations(database)] == ["vm1"]
    images.add_image(
        database,
        name="linux-New-13-v1",
        prettyname="New",
        os_name="vmwarelinux",
        image_type="qcow2",
    )
    database.close()
    again = open_database(old_file, readonly=True)
    assert len(images.list_revisions(again)) == 2
    again.close()


def test_a_new_file_has_the_same_tables_and_rows_as_an_upgraded_one(
    old_file: Path, tmp_path: Path
) -> None:
    upgraded = open_database(old_file)
    made = open_database(tmp_path / "new.sqlite", create=True, management_node="mn1")
    for name in ("resourcetype", "resourcegroup", "usergroup", "OSinstalltype", "resourcemap"):
        table = tables.metadata.tables[name]
        with upgraded.read() as one, made.read() as other:
            rows = one.execute(select(table)).all()
            assert rows == other.execute(select(table)).all()
            assert rows
    upgraded.close()
    made.close()


def test_an_old_file_is_not_changed_in_read_only_mode(old_file: Path) -> None:
    before = old_file.read_bytes()
    with pytest.raises(InventoryError, match="older form '1'.*without --readonly"):
        open_database(old_file, readonly=True)
    assert old_file.read_bytes() == before
