"""An inventory with what a base capture needs, alike in SQLite and in VCL's own schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text, update

from vcltui.models.basecapture import BaseCaptureRequest, CaptureWay
from vcltui.vcldb import tables
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import id_of, state_id

LINUX = BaseCaptureRequest(
    owner="admin",
    computer="vm1",
    os_name="vmwarelinux",
    architecture="x86_64",
    prettyname="My Base 7",
)
FOR_VCLD = BaseCaptureRequest(
    owner="admin",
    computer="vm1",
    os_name="vmwarewin10",
    architecture="x86_64",
    prettyname="Windows Base",
    sysprep=False,
    way=CaptureWay.VCLD,
)


@dataclass
class Inventory:
    """A database and what tests ask of it."""

    database: Database

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row, every column that the database itself has, by id."""
        with self.database.read() as connection:
            quote = '"' if self.database.is_embedded else "`"
            found = connection.execute(text(f"SELECT * FROM {quote}{table}{quote}"))  # noqa: S608
            rows = [dict(row._mapping) for row in found]
        return sorted(rows, key=lambda row: [str(value).zfill(12) for value in row.values()])

    def added(self, before: dict[str, list[dict[str, Any]]], table: str) -> list[dict[str, Any]]:
        return [row for row in self.rows(table) if row not in before[table]]

    def all_rows(self) -> dict[str, list[dict[str, Any]]]:
        return {table.name: self.rows(table.name) for table in _TABLES}

    def state(self, name: str) -> int:
        with self.database.read() as connection:
            return state_id(connection, name)

    def computer(self, name: str = "vm1") -> dict[str, Any]:
        return next(row for row in self.rows("computer") if row["hostname"] == name)

    def request(self, id_: int) -> tuple[str, str]:
        names = {row["id"]: row["name"] for row in self.rows("state")}
        row = next(row for row in self.rows("request") if row["id"] == id_)
        return names[row["stateid"]], names[row["laststateid"]]

    def update(self, table: Any, id_: int, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(table).where(table.c.id == id_).values(**values))

    def insert(self, table: Any, **values: Any) -> int:
        with self.database.write() as connection:
            key = connection.execute(insert(table).values(**values)).inserted_primary_key
            return int(key[0])

    def check_in(self, seconds_ago: float = 5, node: str = "mn1") -> None:
        with self.database.write() as connection:
            seen = database_now(connection) - timedelta(seconds=seconds_ago)
            connection.execute(
                update(tables.managementnode)
                .where(tables.managementnode.c.hostname == node)
                .values(lastcheckin=seen)
            )

    def add_computer(self, hostname: str, **values: Any) -> int:
        with self.database.write() as connection:
            given = {
                "hostname": hostname,
                "stateid": state_id(connection, "available"),
                "type": "virtualmachine",
                "provisioningid": id_of(connection, tables.provisioning, "libvirt", "provisioning"),
                "vmhostid": connection.scalar(select(tables.vmhost.c.id)),
            }
            key = connection.execute(
                insert(tables.computer).values({**given, **values})
            ).inserted_primary_key
            return int(key[0])


_TABLES = (
    tables.imagemeta,
    tables.image,
    tables.imagerevision,
    tables.resource,
    tables.privnode,
    tables.userpriv,
    tables.resourcegroup,
    tables.resourcemap,
    tables.resourcepriv,
    tables.resourcegroupmembers,
    tables.request,
    tables.reservation,
    tables.computerloadlog,
    tables.computer,
)


def fill(database: Database, host: str = "kvm1", **vm1: Any) -> Inventory:
    """Management node mn1, a VM host with a profile, and vm1 on it."""
    inventory = Inventory(database)
    with database.write() as connection:
        if connection.scalar(select(tables.managementnode.c.id)) is None:
            connection.execute(
                insert(tables.managementnode).values(
                    hostname="mn1", stateid=state_id(connection, "available"), availablenetworks=""
                )
            )
        profile = connection.execute(
            insert(tables.vmprofile).values(profilename="local", imageid=1, datastorepath="/ds")
        ).inserted_primary_key
        none = id_of(connection, tables.provisioning, "none", "provisioning")
        machine = connection.execute(
            insert(tables.computer).values(
                hostname=host,
                stateid=state_id(connection, "vmhostinuse"),
                provisioningid=none,
            )
        ).inserted_primary_key
        connection.execute(
            insert(tables.vmhost).values(computerid=machine[0], vmprofileid=profile[0])
        )
    inventory.add_computer("vm1", privateIPaddress="10.1.0.1", IPaddress="10.2.0.1", **vm1)
    return inventory


def is_recent(value: datetime | str, seconds: float = 60) -> bool:
    if isinstance(value, str):
        value = datetime.strptime(value, "%Y-%m-%d %H:%M:%S")
    return abs((datetime.now() - value).total_seconds()) < seconds
