"""The load log, in which VCL's web pages and people see how far a load has come."""

from __future__ import annotations

from sqlalchemy import select

from vcltui.models.reservation import LoadLogLine
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import not_found
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import computerloadlog, computerloadstate


def list_load_log(
    database: Database, computer_id: int, limit: int = 200
) -> tuple[LoadLogLine, ...]:
    """The last `limit` rows of a computer's load log, the newest last.

    VCL deletes the rows of a reservation that has ended together with it. Raises InventoryError.
    """
    log, states = computerloadlog.c, computerloadstate.c
    statement = (
        select(
            log.timestamp,
            log.reservationid,
            states.loadstatename,
            states.prettyname,
            log.additionalinfo,
        )
        .join(computerloadstate, states.id == log.loadstateid)
        .where(log.computerid == computer_id)
        .order_by(log.id.desc())
        .limit(limit)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    return tuple(
        LoadLogLine(
            time=row.timestamp,
            reservation_id=row.reservationid,
            state=row.loadstatename,
            prettyname=row.prettyname or row.loadstatename,
            info=row.additionalinfo or "",
        )
        for row in reversed(rows)
    )


def insert_load_log(
    database: Database,
    reservation_id: int,
    computer_id: int,
    load_state_name: str,
    additional_info: str,
) -> None:
    """Write one row of the load log, dated now.

    `load_state_name` is VCL's name of a step, such as `transfervm`. Raises NotFoundError for a
    step that VCL does not have, InventoryError for a reservation or computer that is gone.
    """
    states = computerloadstate.c
    with database.write() as connection:
        ids = {
            name: id_ for id_, name in connection.execute(select(states.id, states.loadstatename))
        }
        if load_state_name not in ids:
            raise not_found("step of VCL's load log", load_state_name, ids)
        insert_row(
            connection,
            computerloadlog,
            {
                "reservationid": reservation_id,
                "computerid": computer_id,
                "loadstateid": ids[load_state_name],
                "timestamp": database_now(connection),
                "additionalinfo": additional_info,
            },
        )
