"""The load log, in which VCL's web pages and people see how far a load has come."""

from __future__ import annotations

from sqlalchemy import select

from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import not_found
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import computerloadlog, computerloadstate


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
                "timestamp": now(),
                "additionalinfo": additional_info,
            },
        )
