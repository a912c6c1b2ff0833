"""VCL's locks, taken by the rules that vcld takes them by, so that each waits for the other.

Inserting the row is taking the lock, and the identifier is the table's key. A row that has
expired may be deleted by whoever waits, with the expiry that was read, and is then anybody's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from vcltui.errors import InventoryBusyError, LockedError, NotFoundError
from vcltui.models.cancel import CancelToken
from vcltui.models.semaphore import Semaphore
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.rows import check_fits
from vcltui.vcldb.tables import reservation, vcldsemaphore

EXPIRE_SECONDS = 7200
"""How long a lock is held at most without being refreshed; VCL's own figure."""
RETRY_SECONDS = 15.0
_MOST_REFUSALS = 5

Pause = Callable[[float], object]
"""Waits so many seconds between two tries."""


def master_identifier(image_name: str) -> str:
    """VCL's name for the lock of an image in a datastore."""
    return f"master:{image_name}"


def repository_identifier(image_name: str) -> str:
    """VCL's name for the lock of an image in a repository."""
    return f"repository:{image_name}"


def retrieve_identifier(image_name: str) -> str:
    """VCL's name for the lock of fetching an image from another management node."""
    return f"retrieve_{image_name}"


def list_semaphores(database: Database) -> list[Semaphore]:
    """Every lock there is, those that have expired too, by identifier. Raises InventoryError."""
    with database.read() as connection:
        today = database_now(connection)
        rows = connection.execute(select(vcldsemaphore).order_by(vcldsemaphore.c.identifier))
        return [
            Semaphore(row.identifier, row.reservationid, row.pid, row.expires, row.expires < today)
            for row in rows
            if row.expires is not None
        ]


def take(
    database: Database,
    identifier: str,
    reservation_id: int,
    *,
    cancel: CancelToken | None = None,
    timeout_seconds: float = EXPIRE_SECONDS,
    expire_seconds: int = EXPIRE_SECONDS,
    pause: Pause | None = None,
) -> Semaphore:
    """Take a lock for a reservation, trying every 15 s as vcld does.

    The row's pid is this process's. Raises LockedError, naming the owner, when it is still held
    after `timeout_seconds`; NotFoundError for a reservation that is gone; CancelledError;
    UsageError for an identifier that is too long; InventoryError.
    """
    token = cancel or CancelToken()
    wait = pause or token.wait
    check_fits(vcldsemaphore, {"identifier": identifier})
    left, refusals = timeout_seconds, _MOST_REFUSALS
    while True:
        token.raise_if_cancelled()
        try:
            taken = _insert(database, identifier, reservation_id, expire_seconds)
        except InventoryBusyError:
            # Of several that waited for a row which went, the server gives one up.
            if refusals == 0:
                raise
            refusals -= 1
            taken = None
        if taken is not None:
            return taken
        owner = _owner(database, identifier, reservation_id)
        if owner is None or (owner.expired and _delete(database, owner)):
            continue
        if left <= 0:
            raise _held(owner)
        wait(min(RETRY_SECONDS, left))
        left -= RETRY_SECONDS


def require_free(database: Database, identifier: str) -> None:
    """Raise LockedError, naming the owner, while a lock is held; for work without a reservation.

    Nothing is taken: whoever comes a moment later is not kept out. Raises InventoryError.
    """
    with database.read() as connection:
        row = connection.execute(
            select(vcldsemaphore).where(vcldsemaphore.c.identifier == identifier)
        ).first()
        if row is None or row.expires is None or row.expires < database_now(connection):
            return
    raise _held(Semaphore(row.identifier, row.reservationid, row.pid, row.expires))


def _held(owner: Semaphore) -> LockedError:
    return LockedError(
        f"The lock {owner.identifier} is held by reservation {owner.reservation_id} "
        f"(process {owner.pid}) until {owner.expires:%H:%M:%S}",
        "Try again when that has ended; the lock runs out by itself then",
    )


def refresh(
    database: Database, held: Semaphore, *, expire_seconds: int = EXPIRE_SECONDS
) -> Semaphore:
    """Move the expiry of a lock that is held on; returns it as it is now.

    Raises LockedError when somebody else has taken it over, InventoryError.
    """
    with database.write() as connection:
        expires = database_now(connection) + timedelta(seconds=expire_seconds)
        changed = connection.execute(
            update(vcldsemaphore).where(*_is(held)).values(expires=expires)
        ).rowcount
    if not changed:
        raise LockedError(
            f"The lock {held.identifier} was taken over by somebody else",
            "Somebody else works on the same image; look at it again",
        )
    return replace(held, expires=expires)


def release(database: Database, held: Semaphore) -> bool:
    """Give a lock back; False where it is not the holder's any more. Raises InventoryError."""
    return _delete(database, held)


def release_all(database: Database, reservation_id: int, pid: int) -> tuple[str, ...]:
    """Give back the locks that a process which is gone held for a reservation; their names.

    Raises InventoryError.
    """
    columns = vcldsemaphore.c
    theirs = (columns.reservationid == reservation_id, columns.pid == pid)
    with database.write() as connection:
        found = connection.scalars(select(columns.identifier).where(*theirs)).all()
        if found:
            connection.execute(delete(vcldsemaphore).where(*theirs))
    return tuple(found)


def _insert(
    database: Database, identifier: str, reservation_id: int, expire_seconds: int
) -> Semaphore | None:
    """Insert the row, in a transaction of its own; None where the database refuses it."""
    with database.write() as connection:
        expires = database_now(connection) + timedelta(seconds=expire_seconds)
        row = Semaphore(identifier, reservation_id, os.getpid(), expires)
        try:
            connection.execute(
                insert(vcldsemaphore).values(
                    identifier=row.identifier,
                    reservationid=row.reservation_id,
                    pid=row.pid,
                    expires=row.expires,
                )
            )
        except IntegrityError:
            return None
        return row


def _owner(database: Database, identifier: str, reservation_id: int) -> Semaphore | None:
    """Who holds a lock, or None where it was given back meanwhile."""
    with database.read() as connection:
        row = connection.execute(
            select(vcldsemaphore).where(vcldsemaphore.c.identifier == identifier)
        ).first()
        if row is None:
            _require_reservation(connection, reservation_id)
            return None
        expired = row.expires is None or row.expires < database_now(connection)
    return Semaphore(row.identifier, row.reservationid, row.pid, row.expires, expired)


def _require_reservation(connection: Connection, reservation_id: int) -> None:
    known = connection.scalar(select(reservation.c.id).where(reservation.c.id == reservation_id))
    if known is None:
        raise NotFoundError(
            f"There is no reservation {reservation_id} any more, so no lock can be taken for it",
            "It has ended; work without it, or make another one",
        )


def _delete(database: Database, row: Semaphore) -> bool:
    with database.write() as connection:
        return bool(connection.execute(delete(vcldsemaphore).where(*_is(row))).rowcount)


def _is(row: Semaphore) -> tuple[ColumnElement[bool], ...]:
    """Exactly the row that was written or read: an expiry that moved is another owner's."""
    columns = vcldsemaphore.c
    return (
        columns.identifier == row.identifier,
        columns.reservationid == row.reservation_id,
        columns.pid == row.pid,
        columns.expires == row.expires,
    )
