"""Requests and their reservations."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Subquery, bindparam, func, select

from vcltui.errors import InventoryError, NotFoundError
from vcltui.models.inventory import ImageRevision, Request
from vcltui.models.reservation import ReservationRow
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.hostnames import host_name, host_name_table
from vcltui.vcldb.lookup import require_embedded, state_id, user_id
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import (
    affiliation,
    computer,
    computerloadlog,
    computerloadstate,
    image,
    imagerevision,
    managementnode,
    request,
    reservation,
    state,
    user,
)

_OVER = ("complete", "deleted")
_laststate = state.alias("laststate")
_computer_state = state.alias("computer_state")


def list_reservations(database: Database) -> list[ReservationRow]:
    """Every reservation there is, in the order of their ids; one query. Raises InventoryError."""
    with database.read() as connection:
        return _read_rows(connection, _select_rows())


def get_reservation(database: Database, reservation_id: int) -> ReservationRow:
    """The reservation with this id. Raises NotFoundError, InventoryError."""
    with database.read() as connection:
        rows = _read_rows(connection, _select_rows().where(reservation.c.id == reservation_id))
    if not rows:
        raise NotFoundError(
            f"There is no reservation with the id {reservation_id}",
            "It may have ended; look at `vcltui reservations`",
        )
    return rows[0]


def get_request_for_computer(database: Database, computer_id: int) -> Request | None:
    """The request that holds a computer now: begun, and neither complete nor deleted.

    Of several it is the one that began last. None where there is none.
    """
    with database.read() as connection:
        wanted = {"computer": computer_id, "now": database_now(connection)}
        row = connection.execute(_select_holding(), wanted).first()
    return None if row is None else Request(row.id, row.reservation_id, row.name)


@cache
def _select_holding() -> Select[Any]:
    return (
        select(request.c.id, reservation.c.id.label("reservation_id"), state.c.name)
        .join(reservation, reservation.c.requestid == request.c.id)
        .join(state, state.c.id == request.c.stateid)
        .where(
            reservation.c.computerid == bindparam("computer"),
            request.c.start <= bindparam("now"),
            state.c.name.not_in(_OVER),
        )
        .order_by(request.c.start.desc(), request.c.id.desc())
    )


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


def _last_steps() -> Subquery:
    """The newest row of each reservation's load log; its id grows with time."""
    newest = (
        select(func.max(computerloadlog.c.id).label("id"))
        .group_by(computerloadlog.c.reservationid)
        .subquery("newest_step")
    )
    return (
        select(
            computerloadlog.c.reservationid,
            computerloadlog.c.timestamp,
            computerloadstate.c.loadstatename,
        )
        .join(newest, newest.c.id == computerloadlog.c.id)
        .join(computerloadstate, computerloadstate.c.id == computerloadlog.c.loadstateid)
        .subquery("last_step")
    )


def _select_rows() -> Select[Any]:
    host, step = host_name_table(), _last_steps()
    return (
        select(
            reservation.c.id,
            reservation.c.lastcheck,
            reservation.c.managementnodeid,
            request.c.id.label("request_id"),
            request.c.start,
            request.c.end,
            request.c.logid,
            request.c.forimaging,
            request.c.userid,
            state.c.name.label("state"),
            _laststate.c.name.label("laststate"),
            user.c.unityid,
            affiliation.c.name.label("affiliation"),
            computer.c.id.label("computer_id"),
            computer.c.hostname,
            computer.c.vmhostid,
            computer.c.deleted.label("computer_deleted"),
            _computer_state.c.name.label("computer_state"),
            imagerevision.c.id.label("revision_id"),
            imagerevision.c.imagename,
            imagerevision.c.revision,
            imagerevision.c.deleted.label("revision_deleted"),
            image.c.id.label("image_id"),
            image.c.prettyname,
            image.c.deleted.label("image_deleted"),
            managementnode.c.hostname.label("management_node"),
            step.c.loadstatename.label("last_step"),
            step.c.timestamp.label("last_step_time"),
            *(column.label(f"host_{column.name}") for column in host.c),
        )
        .join(request, request.c.id == reservation.c.requestid)
        .join(state, state.c.id == request.c.stateid)
        .join(_laststate, _laststate.c.id == request.c.laststateid)
        .join(user, user.c.id == request.c.userid)
        .join(affiliation, affiliation.c.id == user.c.affiliationid)
        .join(computer, computer.c.id == reservation.c.computerid)
        .join(_computer_state, _computer_state.c.id == computer.c.stateid)
        .join(imagerevision, imagerevision.c.id == reservation.c.imagerevisionid)
        .join(image, image.c.id == imagerevision.c.imageid)
        .join(managementnode, managementnode.c.id == reservation.c.managementnodeid)
        .outerjoin(host, host.c.id == computer.c.vmhostid)
        .outerjoin(step, step.c.reservationid == reservation.c.id)
        .order_by(reservation.c.id)
    )


def _read_rows(connection: Connection, statement: Select[Any]) -> list[ReservationRow]:
    found = connection.execute(statement).all()
    # Unpacked, in the order of _select_rows: to ask each of thousands of rows for each column takes
    # a quarter longer.
    return [
        ReservationRow(
            id=id_,
            request_id=request_id,
            state=state_name,
            laststate=laststate,
            user=unityid,
            computer=hostname.split(".", 1)[0],
            image=imagename,
            host=None
            if host_id is None
            else host_name(host_id, host_hostname, shared=host_shared, turn=host_turn),
            start=start,
            end=end,
            lastcheck=lastcheck,
            computer_id=computer_id,
            computer_state=computer_state,
            computer_deleted=bool(computer_deleted),
            vmhost_id=vmhost_id,
            image_id=image_id,
            revision_id=revision_id,
            revision=revision,
            revision_deleted=bool(revision_deleted or image_deleted),
            prettyname=prettyname,
            management_node_id=management_node_id,
            management_node=management_node,
            user_id=user_id,
            affiliation=affiliation_name,
            forimaging=bool(forimaging),
            log_id=log_id,
            last_step=last_step,
            last_step_time=last_step_time,
        )
        for (
            id_,
            lastcheck,
            management_node_id,
            request_id,
            start,
            end,
            log_id,
            forimaging,
            user_id,
            state_name,
            laststate,
            unityid,
            affiliation_name,
            computer_id,
            hostname,
            vmhost_id,
            computer_deleted,
            computer_state,
            revision_id,
            imagename,
            revision,
            revision_deleted,
            image_id,
            prettyname,
            image_deleted,
            management_node,
            last_step,
            last_step_time,
            host_id,
            host_hostname,
            host_shared,
            host_turn,
        ) in found
    ]
