"""What may be done to requests that are stuck, and to vcld's locks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, delete, insert, select, update

from vcltui.errors import ConflictError, NotFoundError, RefusedError
from vcltui.models.evidence import RequestRow, ReservedRow, SemaphoreRow
from vcltui.vcldb import tables as t
from vcltui.vcldb.changes import (
    PlannedChange,
    Statement,
    node_lives,
    planned,
    request_changed,
    request_where,
)
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.diagnosis import read_request
from vcltui.vcldb.lookup import ids_by_name

_COMPLETABLE = frozenset({"reload", "deleted", "timeout"})
_TO_DELETED_RESERVED = frozenset({"new/*", "pending/new", "reserved/new", "pending/reserved"})
_TO_DELETED_INUSE = frozenset({"inuse/reserved", "pending/inuse"})


def request_of(database: Database, reservation_id: int) -> tuple[RequestRow, list[ReservedRow]]:
    """A reservation's request with all its reservations, as they are now.

    Raises NotFoundError.
    """
    row = t.reservation.c
    with database.read() as connection:
        request_id = connection.scalar(select(row.requestid).where(row.id == reservation_id))
        request = None if request_id is None else read_request(connection, request_id)
        if request is None:
            raise NotFoundError(
                f"Reservation {reservation_id} is gone", "Nothing is left to be done about it"
            )
        columns = (
            row.id, row.requestid, row.computerid, row.imageid, row.imagerevisionid,
            row.managementnodeid, row.lastcheck,
        )  # fmt: skip
        found = connection.execute(
            select(*columns).where(row.requestid == request_id).order_by(row.id)
        )
        return request, [ReservedRow(*one) for one in found]


def plan_requeue(
    database: Database,
    request: RequestRow,
    reservations: Sequence[ReservedRow],
    dead_locks: Sequence[SemaphoreRow],
    silent_seconds: float,
) -> PlannedChange:
    """Put a pending request back (A): its last state again, without what its process left.

    `dead_locks` are those of processes that are gone. Raises RefusedError for a request that is
    not pending.
    """
    if request.state != "pending":
        raise RefusedError(
            f"Request {request.id} is {request.states}, not pending", "Only that is put back"
        )
    with database.read() as connection:
        states = ids_by_name(connection, t.state)
        begin = _load_state(connection, "begin")
        newest = _newest_begin(connection, reservations, begin)
    ids = [row.id for row in reservations]
    log = t.computerloadlog
    changes: list[tuple[Statement, Callable[[Connection], None] | None]] = [
        (
            request_where(request, states).values(stateid=t.request.c.laststateid),
            request_changed(request),
        ),
        (delete(log).where(log.c.reservationid.in_(ids), log.c.loadstateid == begin), None),
    ]
    changes += [(_delete_lock(one), None) for one in dead_locks]
    nodes = sorted({row.management_node_id for row in reservations})
    return planned(
        database,
        changes,
        *(node_lives(node, silent_seconds) for node in nodes),
        _untouched(request, reservations, begin, newest),
    )


def _untouched(
    request: RequestRow, reservations: Sequence[ReservedRow], begin: int, newest: int
) -> Callable[[Connection], None]:
    """What checks that no child of vcld has begun with the request since it was looked at."""
    known = {row.id: row.lastcheck for row in reservations}

    def check(connection: Connection) -> None:
        row = t.reservation.c
        rows = connection.execute(
            select(row.id, row.lastcheck)
            .where(row.requestid == request.id)
            .with_for_update(read=True)
        )
        seen = {one.id: one.lastcheck for one in rows}
        if seen and seen != known:
            raise ConflictError(
                f"Request {request.id} was looked at by vcld meanwhile, and was not changed",
                "Look at it again",
            )
        if _newest_begin(connection, reservations, begin) != newest:
            raise ConflictError(
                f"vcld began with request {request.id} meanwhile, and it was not changed",
                "Look at it again",
            )

    return check


def _newest_begin(connection: Connection, reservations: Sequence[ReservedRow], begin: int) -> int:
    log = t.computerloadlog.c
    found = connection.scalars(
        select(log.id)
        .where(log.reservationid.in_([row.id for row in reservations]), log.loadstateid == begin)
        .with_for_update(read=True)
    )
    return max(found, default=0)


def _load_state(connection: Connection, name: str) -> int:
    states = t.computerloadstate.c
    found = connection.scalar(select(states.id).where(states.loadstatename == name))
    return int(found or 0)


def plan_delete(database: Database, request: RequestRow) -> PlannedChange:
    """End a request as the web's deleteRequest does (C).

    One that has begun is handed to vcld as deleted, one that has not is deleted at once. Raises
    RefusedError for one in maintenance, or that is ending already.
    """
    if request.state in ("maintenance", "deleted", "complete"):
        raise RefusedError(f"Request {request.id} is {request.states}", "It can't be deleted")
    with database.read() as connection:
        states = ids_by_name(connection, t.state)
        now = database_now(connection)
    noted: list[tuple[Statement, Callable[[Connection], None] | None]] = []
    if request.log_id is not None:
        entry = {"logid": request.log_id, "end": now, "timestamp": now, "other": "released"}
        noted.append((insert(t.changelog).values(entry), None))
    if request.start is not None and request.start > now:
        row = t.request
        gone = delete(row).where(
            row.c.id == request.id,
            row.c.stateid == states[request.state],
            row.c.laststateid == states[request.laststate],
        )
        return planned(database, [(gone, request_changed(request)), *noted])
    values = _deleted_states(request, states)
    change = request_where(request, states).values(**values)
    return planned(database, [(change, request_changed(request)), *noted])


def _deleted_states(request: RequestRow, states: dict[str, int]) -> dict[str, Any]:
    """The states that the web gives a request that is deleted."""
    if request.state == "new" or request.states in _TO_DELETED_RESERVED:
        return {"stateid": states["deleted"], "laststateid": states["reserved"]}
    if request.states in _TO_DELETED_INUSE:
        return {"stateid": states["deleted"], "laststateid": states["inuse"]}
    if request.state == "pending":
        return {"stateid": states["deleted"]}
    return {"stateid": states["deleted"], "laststateid": states[request.state]}


def plan_complete(database: Database, request: RequestRow) -> PlannedChange:
    """Mark a request complete that is pending in reload, deleted or timeout (E).

    Raises RefusedError for any other.
    """
    if request.state != "pending" or request.laststate not in _COMPLETABLE:
        raise RefusedError(
            f"Request {request.id} is {request.states}",
            "Only one that is pending in reload, deleted or timeout is completed",
        )
    with database.read() as connection:
        states = ids_by_name(connection, t.state)
    change = request_where(request, states).values(stateid=states["complete"])
    return planned(database, [(change, request_changed(request))])


def plan_delete_lock(
    database: Database, semaphore: SemaphoreRow, *, process_gone: bool
) -> PlannedChange:
    """Delete the row of a lock (J), compared on all that makes it this lock.

    Raises RefusedError for one that has not expired and whose process is not known to be gone.
    """
    with database.read() as connection:
        expired = semaphore.expires is None or semaphore.expires < database_now(connection)
    if not (expired or process_gone):
        raise RefusedError(
            f"The lock {semaphore.identifier} has not expired, and its process "
            f"{semaphore.pid} is not known to be gone",
            "Wait for its end",
        )

    def complain(connection: Connection) -> None:
        row = t.vcldsemaphore.c
        now = connection.execute(
            select(row.reservationid, row.pid, row.expires)
            .where(row.identifier == semaphore.identifier)
            .with_for_update(read=True)
        ).first()
        what = (
            "is gone"
            if now is None
            else f"belongs to process {now.pid} of reservation {now.reservationid} now, until "
            f"{now.expires}"
        )
        raise ConflictError(
            f"The lock {semaphore.identifier} {what}, and nothing was deleted", "Look at it again"
        )

    return planned(database, [(_delete_lock(semaphore), complain)])


def _delete_lock(semaphore: SemaphoreRow) -> Delete:
    row = t.vcldsemaphore
    return delete(row).where(
        row.c.identifier == semaphore.identifier,
        row.c.pid == semaphore.pid,
        row.c.expires == semaphore.expires,
    )


def locks_on(database: Database, image_name: str) -> list[SemaphoreRow]:
    """The locks on an image that have not expired."""
    row = t.vcldsemaphore.c
    with database.read() as connection:
        now = database_now(connection)
        found = [
            SemaphoreRow(*one)
            for one in connection.execute(
                select(row.identifier, row.reservationid, row.pid, row.expires)
            )
        ]
    return [
        one
        for one in found
        if one.image == image_name and one.expires is not None and one.expires >= now
    ]


def locks_of(database: Database, reservation_ids: Sequence[int]) -> list[SemaphoreRow]:
    """The locks that reservations' processes took."""
    row = t.vcldsemaphore.c
    with database.read() as connection:
        return [
            SemaphoreRow(*one)
            for one in connection.execute(
                select(row.identifier, row.reservationid, row.pid, row.expires)
                .where(row.reservationid.in_(reservation_ids))
                .order_by(row.identifier)
            )
        ]


def plan_unmark_block(database: Database, block_id: int) -> PlannedChange:
    """Take the mark of being processed from a block request (B)."""
    row = t.block_request

    def complain(_connection: Connection) -> None:
        raise ConflictError(
            f"Block request {block_id} is not marked any more, and nothing was changed",
            "Nothing is to be done",
        )

    change = update(row).where(row.c.id == block_id, row.c.processing == 1).values(processing=0)
    return planned(database, [(change, complain)])
