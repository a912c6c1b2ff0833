"""Requests and their reservations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from vcltui.errors import InventoryError
from vcltui.models.inventory import ImageRevision, Request
from vcltui.models.reservation import ReservationRow
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.hostnames import host_names
from vcltui.vcldb.lookup import require_embedded, state_id, user_id
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import (
    computer,
    imagerevision,
    managementnode,
    request,
    reservation,
    state,
    user,
)

_OVER = ("complete", "deleted")
_laststate = state.alias("laststate")


def list_reservations(database: Database) -> list[ReservationRow]:
    """Every reservation there is, in the order of their ids."""
    with database.read() as connection:
        return _read_rows(connection, _select_rows())


def get_request_for_computer(database: Database, computer_id: int) -> Request | None:
    """The request that holds a computer now: begun, and neither complete nor deleted.

    Of several it is the one that began last. None where there is none.
    """
    with database.read() as connection:
        row = connection.execute(
            select(request.c.id, reservation.c.id.label("reservation_id"), state.c.name)
            .join(reservation, reservation.c.requestid == request.c.id)
            .join(state, state.c.id == request.c.stateid)
            .where(
                reservation.c.computerid == computer_id,
                request.c.start <= now(),
                state.c.name.not_in(_OVER),
            )
            .order_by(request.c.start.desc(), request.c.id.desc())
        ).first()
    return None if row is None else Request(row.id, row.reservation_id, row.name)


def add_reservation(
    database: Database,
    *,
    computer_id: int,
    revision: ImageRevision,
    state_name: str,
    laststate_name: str,
    start: datetime,
    end: datetime,
    lastcheck: datetime | None = None,
    user_name: str = "admin",
) -> ReservationRow:
    """Enter a request with one reservation in the embedded inventory, on its management node.

    Raises NotFoundError, RefusedError in VCL's own database, where only VCL makes reservations.
    """
    require_embedded(database, "Reservations are made")
    with database.write() as connection:
        node_id = connection.scalar(select(managementnode.c.id).order_by(managementnode.c.id))
        if node_id is None:
            raise InventoryError("The inventory has no management node", "Make a new inventory")
        request_id = insert_row(
            connection,
            request,
            {
                "stateid": state_id(connection, state_name),
                "laststateid": state_id(connection, laststate_name),
                "userid": user_id(connection, user_name),
                "start": start,
                "end": end,
                "daterequested": now(),
            },
        )
        reservation_id = insert_row(
            connection,
            reservation,
            {
                "requestid": request_id,
                "computerid": computer_id,
                "imageid": revision.image_id,
                "imagerevisionid": revision.revision_id,
                "managementnodeid": node_id,
                "lastcheck": lastcheck,
            },
        )
        rows = _select_rows().where(reservation.c.id == reservation_id)
        return _read_rows(connection, rows)[0]


def _select_rows() -> Select[Any]:
    return (
        select(
            reservation.c.id,
            reservation.c.lastcheck,
            request.c.id.label("request_id"),
            request.c.start,
            request.c.end,
            state.c.name.label("state"),
            _laststate.c.name.label("laststate"),
            user.c.unityid,
            computer.c.hostname,
            computer.c.vmhostid,
            imagerevision.c.imagename,
        )
        .join(request, request.c.id == reservation.c.requestid)
        .join(state, state.c.id == request.c.stateid)
        .join(_laststate, _laststate.c.id == request.c.laststateid)
        .join(user, user.c.id == request.c.userid)
        .join(computer, computer.c.id == reservation.c.computerid)
        .join(imagerevision, imagerevision.c.id == reservation.c.imagerevisionid)
        .order_by(reservation.c.id)
    )


def _read_rows(connection: Connection, statement: Select[Any]) -> list[ReservationRow]:
    hosts = host_names(connection)
    return [
        ReservationRow(
            id=row.id,
            request_id=row.request_id,
            state=row.state,
            laststate=row.laststate,
            user=row.unityid,
            computer=row.hostname.split(".", 1)[0],
            image=row.imagename,
            host=hosts.get(row.vmhostid),
            start=row.start,
            end=row.end,
            lastcheck=row.lastcheck,
        )
        for row in connection.execute(statement)
    ]
