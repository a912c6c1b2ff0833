"""The date of a removal, by which VCL tells a removed computer from a new one of its name."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from vcltui.vcldb.columntypes import now
from vcltui.vcldb.tables import computer


def removal_date(connection: Connection, computer_id: int) -> datetime:
    """The value of datedeleted for a computer: now, or the first second after that is free.

    Name and MAC addresses are unique together with this date, which has no fractions.
    """
    row = connection.execute(select(computer).where(computer.c.id == computer_id)).one()
    same = [computer.c.hostname == row.hostname]
    for column in (computer.c.eth0macaddress, computer.c.eth1macaddress):
        value = row._mapping[column]
        if value is not None:
            same.append(column == value)
    latest = connection.scalar(
        select(func.max(computer.c.datedeleted)).where(computer.c.deleted == 1, or_(*same))
    )
    today = now()
    return today if latest is None or latest < today else latest + timedelta(seconds=1)
