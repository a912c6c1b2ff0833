"""Takes a failed capture up again, or takes it out of the way, as VCL's own tools do."""

from __future__ import annotations

from collections.abc import Callable, Container

from sqlalchemy import Connection, delete, select, update

from vcltui.errors import ConflictError, RefusedError
from vcltui.models.basecapture import OWN_CAPTURE, CaptureState, CaptureWay
from vcltui.models.names import MAX_IMAGE_NAME, MAX_PRETTY_NAME
from vcltui.vcldb.basecapture.choices import one_node, requests_of
from vcltui.vcldb.basecapture.outcome import find_capture
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import state_id
from vcltui.vcldb.tables import (
    computer,
    computerloadlog,
    computerloadstate,
    image,
    imagerevision,
    request,
    state,
)

_CAPTURES = ("image", "checkpoint")
_LEFT_BY_CAPTURES = frozenset({"available", "reserved", "inuse", "imageinuse", "maintenance"})
BeforeCommit = Callable[[CaptureState], None]


def check_restart(database: Database, request_id: int, way: CaptureWay) -> CaptureState:
    """The failed capture that `restart_base_capture` could take up now.

    Raises RefusedError with the reason where it can't, NotFoundError.
    """
    with database.read() as connection:
        return _restartable(connection, request_id, way)


def restart_base_capture(
    database: Database,
    request_id: int,
    way: CaptureWay,
    *,
    worker: str = "",
    before_commit: BeforeCommit | None = None,
) -> CaptureState:
    """Take up a capture that failed: what VCL's dashboard does, in one transaction.

    The computer becomes inuse. For vcld the request becomes what it was (image or checkpoint)
    with the last state maintenance; for this core pending/image, which vcld leaves alone, and
    `worker` goes into the load log. Files that the failed one left have to be out of the way and
    the guest on. `before_commit` hears of it while it can still be rolled back. Raises
    RefusedError, ConflictError where it was changed meanwhile, NotFoundError.
    """
    with database.write() as connection:
        connection.execute(select(request.c.id).where(request.c.id == request_id).with_for_update())
        found = _restartable(connection, request_id, way)
        last = state_id(connection, found.laststate)
        maintenance = state_id(connection, "maintenance")
        for_vcld = way is CaptureWay.VCLD
        changed = connection.execute(
            update(request)
            .where(
                request.c.id == request_id,
                request.c.stateid == maintenance,
                request.c.laststateid == last,
            )
            .values(
                stateid=last if for_vcld else state_id(connection, "pending"),
                laststateid=maintenance if for_vcld else last,
            )
        ).rowcount
        if not changed:
            raise ConflictError(f"Request {request_id} was changed meanwhile", "Look at it again")
        if not _move_computer(connection, found, "inuse"):
            raise RefusedError(
                f"Computer {found.computer} was deleted", "Delete the request in VCL"
            )
        if not for_vcld:
            _note_worker(connection, found, worker)
        if before_commit is not None:
            before_commit(found)
    return found


def check_discard(database: Database, request_id: int) -> CaptureState:
    """The capture that `delete_failed_capture` could delete now.

    Raises RefusedError with the reason where it can't, NotFoundError.
    """
    with database.read() as connection:
        return _discardable(connection, request_id)


def delete_failed_capture(database: Database, request_id: int) -> CaptureState:
    """Delete the request of a capture on which nobody works, and free its name and computer.

    As VCL's setup: the hidden image's names get the time in seconds as a suffix, and the computer
    becomes available unless another request holds it or it was put to another use, such as a VM
    host's; a note that somebody else wrote on it stays. Raises RefusedError for any other request,
    ConflictError where it was changed meanwhile, NotFoundError.
    """
    with database.write() as connection:
        connection.execute(select(request.c.id).where(request.c.id == request_id).with_for_update())
        found = _discardable(connection, request_id)
        changed = connection.execute(
            delete(request).where(
                request.c.id == request_id,
                request.c.stateid == state_id(connection, found.state),
                request.c.laststateid == state_id(connection, found.laststate),
            )
        ).rowcount
        if not changed:
            raise ConflictError(f"Request {request_id} was changed meanwhile", "Look at it again")
        _free_names(connection, found)
        if not requests_of(connection, found.computer_id):
            _move_computer(connection, found, "available", _LEFT_BY_CAPTURES)
        return found


def _discardable(connection: Connection, request_id: int) -> CaptureState:
    found = find_capture(connection, request_id)
    if found.laststate != "image" or found.state not in ("maintenance", "image"):
        raise RefusedError(
            f"Request {request_id} is {found.state}/{found.laststate}, no capture that failed "
            "or waits",
            "Only such a one is deleted here; end others in VCL",
        )
    if found.reservations != 1 or not found.is_base:
        raise RefusedError(
            f"Request {request_id} is no capture of one base image", "Delete it in VCL"
        )
    return found


def _restartable(connection: Connection, request_id: int, way: CaptureWay) -> CaptureState:
    found = find_capture(connection, request_id)
    if found.state != "maintenance" or found.laststate not in _CAPTURES:
        raise RefusedError(
            f"Request {request_id} is {found.state}/{found.laststate}, no capture that failed",
            "Only maintenance/image and maintenance/checkpoint are taken up again",
        )
    if found.reservations != 1:
        raise RefusedError(
            f"Request {request_id} has {found.reservations} reservations",
            "A capture of several computers can't be taken up again",
        )
    if found.is_live:
        raise RefusedError(
            f"The image {found.image_name} of request {request_id} is whole and in the inventory",
            "End the request in VCL; there is nothing to capture again",
        )
    if way is CaptureWay.VCLD:
        node = one_node(connection, found.management_node)
        if not node.is_alive:
            raise RefusedError(
                f"vcld does not run on {node.hostname}, so nobody would take the request up",
                "Start vcld there, or capture with vcltui itself",
            )
    elif not found.is_base:
        raise RefusedError(
            f"Request {request_id} captures what a user reserved, not a base image",
            "Hand it over to vcld",
        )
    return found


def _move_computer(
    connection: Connection, found: CaptureState, new: str, only_from: Container[str] | None = None
) -> bool:
    """Give the computer another state; our own note on it goes.

    Whatever its state is now, or `only_from` some. False where it is deleted or in none of them.
    """
    row = connection.execute(
        select(computer.c.stateid, computer.c.notes, state.c.name)
        .join(state, state.c.id == computer.c.stateid)
        .where(computer.c.id == found.computer_id, computer.c.deleted == 0)
        # Reads what is there now, not when the transaction began.
        .with_for_update()
    ).first()
    if row is None or (only_from is not None and row.name not in only_from):
        return False
    notes = row.notes or ""
    first, _, rest = notes.partition("\n")
    changed = connection.execute(
        update(computer)
        .where(computer.c.id == found.computer_id, computer.c.stateid == row.stateid)
        .values(stateid=state_id(connection, new), notes=rest if "@vcltui:" in first else notes)
    ).rowcount
    if not changed:
        raise ConflictError(f"Computer {found.computer} was changed meanwhile", "Look at it again")
    return True


def _note_worker(connection: Connection, found: CaptureState, worker: str) -> None:
    info = connection.scalar(
        select(computerloadstate.c.id).where(computerloadstate.c.loadstatename == "info")
    )
    if info is not None:
        connection.execute(
            computerloadlog.insert().values(
                reservationid=found.reservation_id,
                computerid=found.computer_id,
                loadstateid=info,
                timestamp=database_now(connection),
                additionalinfo=f"{OWN_CAPTURE} {worker}".strip(),
            )
        )


def _free_names(connection: Connection, found: CaptureState) -> None:
    suffix = f"{database_now(connection).timestamp():.0f}"
    name = f"{found.image_name[: MAX_IMAGE_NAME - len(suffix)]}{suffix}"
    pretty = f"{found.prettyname[: MAX_PRETTY_NAME - len(suffix)]}{suffix}"
    changed = connection.execute(
        update(image)
        .where(image.c.id == found.image_id, image.c.deleted == 1)
        .values(name=name, prettyname=pretty)
    ).rowcount
    changed += connection.execute(
        update(imagerevision)
        .where(imagerevision.c.id == found.revision_id, imagerevision.c.deleted == 1)
        .values(imagename=name)
    ).rowcount
    if changed != 2:
        raise ConflictError(
            f"The image {found.image_name} was finished meanwhile", "Look at `vcltui images`"
        )
