"""The embedded inventory: one SQLite file with VCL's tables, for those without VCL."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from vcltui.errors import InventoryError
from vcltui.vcldb import tables
from vcltui.vcldb.embedded import upgrade
from vcltui.vcldb.embedded.fixed_rows import SCHEMA_VERSION, insert_fixed_rows
from vcltui.vcldb.messages import not_an_inventory

WRITE_OPTION = "vcltui_write"
_BUSY_SECONDS = 20.0
_MODE = 0o600


def make_file(path: Path) -> None:
    """Make an empty file that its owner alone may read, and its folder, where they are missing.

    Raises InventoryError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _MODE))
    except OSError as error:
        raise InventoryError(
            f"The inventory {path} can't be made: {error.strerror}",
            "Name another file under [inventory] in config.toml",
        ) from error


def make_engine(path: Path, *, readonly: bool) -> Engine:
    """An engine on an existing file; SQLite makes no new one by itself."""
    url = URL.create(
        "sqlite", database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"}
    )
    # Without an isolation level the driver leaves it to _begin where transactions begin.
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        if readonly:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that read first and then asks for the write lock could be refused at
        # once, without any waiting, if another one wrote meanwhile.
        write = connection.get_execution_options().get(WRITE_OPTION)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def fill_if_empty(connection: Connection, label: str, management_node: str) -> None:
    """Make the tables and fixed rows in a file that has no table yet, all or nothing.

    Raises UsageError for a name of a management node that does not fit, InventoryError for
    another program's database.
    """
    names = inspect(connection).get_table_names()
    if tables.state.name in names:
        return
    if names:
        raise not_an_inventory(label)
    tables.metadata.create_all(connection)
    insert_fixed_rows(connection, management_node)


def check(connection: Connection, label: str) -> None:
    """Raise InventoryError for a file that another version of vcltui made."""
    version = upgrade.read_version(connection)
    if version is None:
        raise not_an_inventory(label)
    if version in upgrade.OLD_VERSIONS:
        raise InventoryError(
            f"The inventory {label} has the older form {version!r}, which is not read as it is",
            "Open it once without --readonly, which brings it up to date",
        )
    if version != SCHEMA_VERSION:
        raise InventoryError(
            f"The inventory {label} has the form {version!r}, this vcltui reads {SCHEMA_VERSION!r}",
            "Use the vcltui that made it",
        )
