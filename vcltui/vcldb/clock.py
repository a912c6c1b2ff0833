"""The time by which rows are compared: the database server's own, if there is one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from vcltui.vcldb.columntypes import now


def database_now(connection: Connection) -> datetime:
    """The local time of the database, to the second; the embedded file has this machine's."""
    if connection.dialect.name == "sqlite":
        return now()
    told: datetime = connection.execute(select(func.now())).scalar_one()
    return told.replace(microsecond=0)
