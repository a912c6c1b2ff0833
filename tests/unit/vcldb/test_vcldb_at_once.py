"""What is read at once is of one state, in one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from vcltui.errors import InventoryError
from vcltui.models.host import VMHost
from vcltui.vcldb import computers, hosts
from vcltui.vcldb.database import Database


def begun(db: Database) -> list[str]:
    found: list[str] = []
    event.listen(db._engine, "begin", lambda _connection: found.append("begun"))
    return found


def test_several_functions_read_in_one_transaction(db: Database, kvm1: VMHost) -> None:
    transactions = begun(db)
    with db.read_at_once():
        computers.list_computers(db)
        assert [host.name for host in hosts.list_vmhosts(db)] == ["kvm1"]
    assert len(transactions) == 1
    computers.list_computers(db)
    assert len(transactions) == 2


def test_it_may_be_within_another(db: Database) -> None:
    transactions = begun(db)
    with db.read_at_once():
        with db.read_at_once():
            computers.list_computers(db)
        computers.list_computers(db)
    assert len(transactions) == 1


def test_an_error_inside_is_the_inventory_s(db: Database) -> None:
    with db.read_at_once(), pytest.raises(InventoryError), db.read() as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))
    assert computers.list_computers(db) == []
