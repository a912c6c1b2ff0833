"""What may be done to computers that VCL does not use: available again, reload, capture again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, insert, select, update

from vcltui.errors import ConflictError, NotFoundError, RefusedError
from vcltui.models.evidence import RequestRow, ReservedRow
from vcltui.models.inventory import NO_IMAGE
from vcltui.vcldb import tables as t
from vcltui.vcldb.changes import (
    PlannedChange,
    node_lives,
    planned,
    request_changed,
    request_where,
    sql_line,
)
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import ids_by_name, user_id
from vcltui.vcldb.managing import node_for
from vcltui.vcldb.rows import insert_row

_OVER = ("deleted", "failed", "timeout", "complete")
_AVAILABLE_FROM = frozenset({"reloading", "failed", "maintenance", "timeout"})


def active_request(connection: Connection, computer_id: int) -> tuple[int, str, str] | None:
    """The id and states of a request that needs a computer now; None for none."""
    request, laststate = t.request.c, t.state.alias("laststate")
    now = database_now(connection)
    row = connection.execute(
        select(request.id, t.state.c.name, laststate.c.name.label("last"))
        .join(t.reservation, t.reservation.c.requestid == request.id)
        .join(t.state, t.state.c.id == request.stateid)
        .join(laststate, laststate.c.id == request.laststateid)
        .where(
            t.reservation.c.computerid == computer_id,
            request.start < now,
            request.end > now,
            t.state.c.name.not_in(_OVER),
        )
        .with_for_update(read=True)
    ).first()
    return None if row is None else (row.id, row.name, row.last)


def unused(computer_id: int, name: str, what: str) -> Callable[[Connection], None]:
    """What checks that no request needs a computer; `what` was not done, as a past participle."""

    def check(connection: Connection) -> None:
        found = active_request(connection, computer_id)
        if found is not None:
            request_id, state, laststate = found
            raise ConflictError(
                f"Request {request_id} ({state}/{laststate}) needs {name}, which was not {what}",
                "End that request first",
            )

    return check


def check_forgotten(database: Database, computer_id: int, name: str) -> None:
    """Raise ConflictError while any request has a computer that has not ended for vcld as well.

    One whose end has passed still has a user's work on it until vcld has dealt with it.
    """
    with database.read() as connection:
        row = connection.execute(
            select(t.request.c.id, t.state.c.name)
            .join(t.reservation, t.reservation.c.requestid == t.request.c.id)
            .join(t.state, t.state.c.id == t.request.c.stateid)
            .where(
                t.reservation.c.computerid == computer_id,
                t.request.c.start <= database_now(connection),
                t.state.c.name.not_in(_OVER),
            )
        ).first()
    if row is not None:
        raise ConflictError(
            f"Request {row.id} ({row.name}) still needs {name}, and nothing was removed",
            "End that request first",
        )


def check_unused(database: Database, computer_id: int, name: str, what: str) -> None:
    """Raise ConflictError where a request needs a computer now."""
    with database.read() as connection:
        unused(computer_id, name, what)(connection)


def plan_available(database: Database, computer_id: int) -> PlannedChange:
    """Make a computer available again (F), as the web does.

    Raises NotFoundError, RefusedError for one in a state that is not to be left so.
    """
    with database.read() as connection:
        states = ids_by_name(connection, t.state)
        found = _computer(connection, computer_id)
    name, state = found.name, found.state
    if state not in _AVAILABLE_FROM:
        raise RefusedError(
            f"{name} is {state}", f"Only {', '.join(sorted(_AVAILABLE_FROM))} is made available"
        )
    row = t.computer
    change = (
        update(row)
        .where(row.c.id == computer_id, row.c.deleted == 0, row.c.stateid == states[state])
        .values(stateid=states["available"], notes="")
    )

    def host_in_use(connection: Connection) -> None:
        if state != "maintenance" or not found.is_virtual:
            return
        now = _computer(connection, computer_id)
        if now.host is None:
            raise RefusedError(
                f"{name} is on no VM host, so that it can't be used", "Assign it to one first"
            )
        host = _computer(connection, now.host)
        if host.state != "vmhostinuse":
            raise RefusedError(
                f"The VM host {host.name} of {name} is {host.state}, so that {name} can't be used",
                "Bring the host back into use first",
            )

    return planned(
        database,
        [(change, computer_changed(computer_id, state))],
        unused(computer_id, name, "made available"),
        host_in_use,
    )


def computer_changed(computer_id: int, expected: str) -> Callable[[Connection], None]:
    """What complains that a computer is not in the state it was seen in."""

    def complain(connection: Connection) -> None:
        now = _computer(connection, computer_id)
        if now.state != expected:
            raise ConflictError(
                f"{now.name} is {now.state} now, not {expected}, and was not changed",
                "Look at it again",
            )

    return complain


def plan_reload(
    database: Database, computer_id: int, minutes: float, silent_seconds: float
) -> PlannedChange:
    """A request to vcld to load a computer's image again (G).

    The image is what the computer should have, else what it is to get next. Raises NotFoundError,
    RefusedError where there is no image or no live management node for it.
    """
    with database.read() as connection:
        states = ids_by_name(connection, t.state)
        name = _computer(connection, computer_id).name
        image_id, revision_id = _image_for(connection, computer_id, name)
        node = node_for(
            connection, computer_id, name, silent_seconds, is_embedded=database.is_embedded
        )
        user = user_id(connection, "vclreload")
        now = database_now(connection)
    values = {
        "stateid": states["reload"],
        "laststateid": states["reload"],
        "userid": user,
        "start": now,
        "end": now + timedelta(minutes=minutes),
        "daterequested": now,
    }
    reserved = {
        "computerid": computer_id,
        "imageid": image_id,
        "imagerevisionid": revision_id,
        "managementnodeid": node,
    }
    check_node, check_unused = (
        node_lives(node, silent_seconds),
        _no_overlap(computer_id, name, minutes),
    )

    def apply() -> str:
        with database.write() as connection:
            check_node(connection)
            check_unused(connection)
            request_id = insert_row(connection, t.request, values)
            reservation_id = insert_row(
                connection, t.reservation, {"requestid": request_id, **reserved}
            )
        return f"request {request_id}, reservation {reservation_id}"

    # The id of the request is only known when it is there.
    second = sql_line(insert(t.reservation).values({"requestid": 0, **reserved}))
    second = second.replace("VALUES (0,", "VALUES (LAST_INSERT_ID(),")
    return PlannedChange((sql_line(insert(t.request).values(values)), second), apply)


def _no_overlap(computer_id: int, name: str, minutes: float) -> Callable[[Connection], None]:
    def check(connection: Connection) -> None:
        request = t.request.c
        now = database_now(connection)
        row = connection.execute(
            select(request.id, t.state.c.name, request.start)
            .join(t.reservation, t.reservation.c.requestid == request.id)
            .join(t.state, t.state.c.id == request.stateid)
            .where(
                t.reservation.c.computerid == computer_id,
                request.start < now + timedelta(minutes=minutes),
                request.end > now,
                t.state.c.name.not_in(_OVER),
            )
            .with_for_update(read=True)
        ).first()
        if row is not None:
            raise ConflictError(
                f"Request {row.id} ({row.name}) needs {name} from {row.start} on, so that it was "
                "not reloaded",
                "End that request first",
            )

    return check


def _image_for(connection: Connection, computer_id: int, name: str) -> tuple[int, int]:
    row = connection.execute(
        select(t.computer.c.nextimageid, t.imagerevision)
        .join(t.imagerevision, t.imagerevision.c.id == t.computer.c.imagerevisionid)
        .where(t.computer.c.id == computer_id)
    ).one()
    if row.imagename != NO_IMAGE:
        return row.imageid, row.id
    revision = t.imagerevision.c
    following = connection.execute(
        select(revision.imageid, revision.id).where(
            revision.imageid == row.nextimageid,
            revision.production == 1,
            revision.imagename != NO_IMAGE,
            revision.deleted == 0,
        )
    ).first()
    if following is None:
        raise RefusedError(
            f"{name} has no image, so that there is nothing to reload",
            f"Load one with `vcltui load {name} IMAGE`",
        )
    return following.imageid, following.id


def plan_restart_capture(
    database: Database,
    request: RequestRow,
    reservations: list[ReservedRow],
    silent_seconds: float,
) -> PlannedChange:
    """Let vcld try a failed capture again (H), as the web's dashboard does.

    Raises RefusedError unless it is one reservation's, in maintenance after image or checkpoint.
    """
    if request.state != "maintenance" or request.laststate not in ("image", "checkpoint"):
        raise RefusedError(f"Request {request.id} is {request.states}", "It is no failed capture")
    if len(reservations) != 1:
        raise RefusedError(
            f"Request {request.id} has {len(reservations)} reservations",
            "VCL restarts the capture of one computer only",
        )
    row = reservations[0]
    with database.read() as connection:
        states = ids_by_name(connection, t.state)
    computer = t.computer
    changes = [
        (
            update(computer)
            .where(computer.c.id == row.computer_id, computer.c.stateid == states["maintenance"])
            .values(stateid=states["inuse"]),
            computer_changed(row.computer_id, "maintenance"),
        ),
        (
            request_where(request, states).values(
                stateid=states[request.laststate], laststateid=states["maintenance"]
            ),
            request_changed(request),
        ),
    ]
    return planned(database, [*changes], node_lives(row.management_node_id, silent_seconds))


@dataclass(frozen=True, slots=True)
class _Computer:
    """A computer by its short name; `host` is the computer behind its VM host."""

    name: str
    state: str
    host: int | None
    is_virtual: bool


def _computer(connection: Connection, computer_id: int) -> _Computer:
    computer = t.computer.c
    row = connection.execute(
        select(computer.hostname, t.state.c.name, t.vmhost.c.computerid, computer.type)
        .join(t.state, t.state.c.id == computer.stateid)
        .outerjoin(t.vmhost, t.vmhost.c.id == computer.vmhostid)
        .where(computer.id == computer_id, computer.deleted == 0)
        .with_for_update(read=True)
    ).first()
    if row is None:
        raise NotFoundError(
            f"There is no computer with the id {computer_id} any more", "Look at it again"
        )
    short = row.hostname.split(".", 1)[0]
    return _Computer(short, row.name, row.computerid, row.type == "virtualmachine")
