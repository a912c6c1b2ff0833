"""How long the load of a reservation should take, step by step, as VCL's web page tells it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from vcltui.errors import NotFoundError
from vcltui.models.reservation import LoadEstimate, LoadStep
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.tables import (
    computerloadflow,
    computerloadlog,
    computerloadstate,
    image,
    log,
    reservation,
)

_FLOW_TYPE = "virtualmachine"
_HISTORY = timedelta(days=365)
# VCL leaves out what was no load, and what was stuck.
_SHORTEST_SECONDS, _LONGEST_SECONDS = 120, 1800


def expected_steps(database: Database, reservation_id: int) -> LoadEstimate:
    """The steps of a virtual computer's load in VCL's order, with those that were reached.

    Raises NotFoundError for a reservation that is gone, InventoryError.
    """
    with database.read() as connection:
        row = connection.execute(
            select(reservation.c.imageid, image.c.reloadtime)
            .join(image, image.c.id == reservation.c.imageid)
            .where(reservation.c.id == reservation_id)
        ).first()
        if row is None:
            raise NotFoundError(
                f"There is no reservation with the id {reservation_id}",
                "It may have ended; look at `vcltui reservations`",
            )
        average = _average_seconds(connection, row.imageid)
        steps = _steps(connection, reservation_id)
    return LoadEstimate(
        steps=steps,
        total_seconds=row.reloadtime * 60 if average is None else average,
        from_history=average is not None,
    )


def _average_seconds(connection: Connection, image_id: int) -> int | None:
    rows = connection.execute(
        select(log.c.start, log.c.loaded).where(
            log.c.imageid == image_id,
            log.c.wasavailable == 1,
            log.c.ending != "failed",
            log.c.loaded.is_not(None),
            log.c.start >= database_now(connection) - _HISTORY,
        )
    )
    taken = [
        seconds
        for start, loaded in rows
        if start is not None and loaded is not None
        if _SHORTEST_SECONDS < (seconds := (loaded - start).total_seconds()) < _LONGEST_SECONDS
    ]
    return round(sum(taken) / len(taken)) if taken else None


def _steps(connection: Connection, reservation_id: int) -> tuple[LoadStep, ...]:
    reached = _reached(connection, reservation_id)
    flow = computerloadflow.c
    rows = connection.execute(
        select(flow.computerloadstateid, flow.nextstateid).where(flow.type == _FLOW_TYPE)
    )
    following: dict[int, int | None] = {row.computerloadstateid: row.nextstateid for row in rows}
    states = {
        row.id: row for row in connection.execute(select(computerloadstate)) if row.id in following
    }
    begins = [one for one in following if one not in following.values()]
    steps: list[LoadStep] = []
    current = begins[0] if begins else None
    # Each is taken out as it is passed, so that an order that runs in a circle ends.
    while current is not None and current in following:
        row = states[current]
        steps.append(
            LoadStep(
                state=row.loadstatename,
                prettyname=row.prettyname or row.loadstatename,
                expected_seconds=row.est,
                reached=reached.get(current),
            )
        )
        current = following.pop(current)
    return tuple(steps)


def _reached(connection: Connection, reservation_id: int) -> dict[int, datetime]:
    columns = computerloadlog.c
    rows = connection.execute(
        select(columns.loadstateid, func.max(columns.timestamp, type_=columns.timestamp.type))
        .where(columns.reservationid == reservation_id)
        .group_by(columns.loadstateid)
    )
    return {state: time for state, time in rows if time is not None}
