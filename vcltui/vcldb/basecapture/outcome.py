"""How the capture of a base image ends in the inventory: done, failed, or undone by a person."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, func, select, update

from vcltui.errors import ConflictError, NotFoundError
from vcltui.models.basecapture import CaptureState
from vcltui.models.inventory import OperatingSystem
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.imagerows import conflict_if_taken, fitting_size
from vcltui.vcldb.lookup import id_of, noimage_ids, state_id, user_id
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import (
    computer,
    image,
    imagerevision,
    imagetype,
    managementnode,
    operatingsystem,
    request,
    reservation,
    state,
)

_RELOAD_MINUTES = 30
_laststate = state.alias("laststate")


def read_capture(database: Database, request_id: int) -> CaptureState:
    """What the inventory tells of a capture. Raises NotFoundError where the request is gone."""
    with database.read() as connection:
        return find_capture(connection, request_id)


def find_capture(connection: Connection, request_id: int) -> CaptureState:
    """As `read_capture`, inside a transaction; of several reservations it is the first."""
    row = connection.execute(
        select(
            request.c.id,
            request.c.forimaging,
            state.c.name.label("state"),
            _laststate.c.name.label("laststate"),
            reservation.c.id.label("reservation_id"),
            reservation.c.lastcheck,
            reservation.c.imageid,
            computer.c.id.label("computer_id"),
            computer.c.hostname,
            imagerevision.c.id.label("revision_id"),
            imagerevision.c.revision,
            imagerevision.c.imagename,
            imagerevision.c.deleted.label("revision_deleted"),
            image.c.prettyname,
            image.c.deleted,
            operatingsystem.c.id.label("os_id"),
            operatingsystem.c.name.label("os_name"),
            operatingsystem.c.prettyname.label("os_prettyname"),
            operatingsystem.c.type.label("os_type"),
            managementnode.c.hostname.label("node"),
        )
        .join(state, state.c.id == request.c.stateid)
        .join(_laststate, _laststate.c.id == request.c.laststateid)
        .join(reservation, reservation.c.requestid == request.c.id)
        .join(computer, computer.c.id == reservation.c.computerid)
        .join(image, image.c.id == reservation.c.imageid)
        .join(imagerevision, imagerevision.c.id == reservation.c.imagerevisionid)
        .join(operatingsystem, operatingsystem.c.id == image.c.OSid)
        .join(managementnode, managementnode.c.id == reservation.c.managementnodeid)
        .where(request.c.id == request_id)
        .order_by(reservation.c.id)
    ).first()
    if row is None:
        raise NotFoundError(
            f"There is no request {request_id} any more", "Look at `vcltui reservations`"
        )
    count = select(func.count()).where(reservation.c.requestid == request_id)
    return CaptureState(
        request_id=row.id,
        reservation_id=row.reservation_id,
        computer_id=row.computer_id,
        computer=row.hostname,
        image_id=row.imageid,
        revision_id=row.revision_id,
        revision=row.revision,
        image_name=row.imagename,
        prettyname=row.prettyname,
        system=OperatingSystem(row.os_id, row.os_name, row.os_prettyname, row.os_type),
        state=row.state,
        laststate=row.laststate,
        is_live=not (row.deleted or row.revision_deleted),
        is_base=bool(row.deleted) and row.revision == 0 and not row.forimaging,
        reservations=int(connection.scalar(count) or 0),
        lastcheck=str(row.lastcheck or ""),
        management_node=row.node,
    )


def is_image_live(database: Database, image_id: int) -> bool:
    """Whether an image is there and not marked as deleted."""
    with database.read() as connection:
        return connection.scalar(select(image.c.deleted).where(image.c.id == image_id)) == 0


def finish_base_capture(
    database: Database,
    *,
    image_id: int,
    revision_id: int,
    image_name: str,
    size_mib: int,
    image_type: str,
) -> None:
    """Make the image usable under its final name: its files are whole.

    `size_mib` is what the master takes on disk. Raises ConflictError where it is not hidden any
    more or the name is taken, NotFoundError for an unknown type.
    """
    with database.write() as connection, conflict_if_taken(image_name):
        time = database_now(connection)
        type_id = id_of(connection, imagetype, image_type, "image type")
        changed = connection.execute(
            update(imagerevision)
            .where(
                imagerevision.c.id == revision_id,
                imagerevision.c.imageid == image_id,
                imagerevision.c.deleted == 1,
                imagerevision.c.datedeleted.is_(None),
            )
            .values(deleted=0, datecreated=time, imagename=image_name)
        ).rowcount
        changed += connection.execute(
            update(image)
            .where(image.c.id == image_id, image.c.deleted == 1)
            .values(
                name=image_name,
                deleted=0,
                size=fitting_size(size_mib),
                lastupdate=time,
                imagetypeid=type_id,
            )
        ).rowcount
        if changed != 2:
            raise ConflictError(
                f"The image {image_name} is not waiting for its capture any more",
                "Somebody else finished or deleted it; look at `vcltui images`",
            )


def complete_base_capture(database: Database, request_id: int) -> int | None:
    """End the request of a capture whose image is live: complete/image.

    In VCL's database the computer gets a reload with the new image, as vcld does it, and the id
    of that request is returned; in the embedded file, where nobody would carry it out, the
    computer becomes available with nothing on it. Raises ConflictError where the request is not
    pending/image any more, NotFoundError.
    """
    with database.write() as connection:
        found = find_capture(connection, request_id)
        _end_request(connection, found, "complete")
        if database.is_embedded:
            _note_nothing_loaded(connection, found)
            return None
        return _insert_reload(connection, found)


def fail_base_capture(
    database: Database, request_id: int, image_id: int, lastcheck: str, note: str
) -> str | None:
    """Put a capture that did not end well where a person sees it; returns what was done.

    Request and computer go to maintenance as with vcld, the computer with `note`; where the image
    is live all the same, the request is complete. Nothing is done, and None returned, once the
    request is not pending/image, is another image's, or vcld took it up after `lastcheck`.
    """
    with database.write() as connection:
        try:
            found = find_capture(connection, request_id)
        except NotFoundError:
            return None
        is_ours = (
            (found.state, found.laststate) == ("pending", "image")
            and found.image_id == image_id
            and found.lastcheck == lastcheck
        )
        if not is_ours:
            return None
        new = "complete" if found.is_live else "maintenance"
        _end_request(connection, found, new)
        _put_into_maintenance(connection, found.computer_id, note)
    return f"request {request_id} is {new}/image, computer {found.computer} in maintenance"


def _end_request(connection: Connection, found: CaptureState, new: str) -> None:
    changed = connection.execute(
        update(request)
        .where(
            request.c.id == found.request_id,
            request.c.stateid == state_id(connection, "pending"),
            request.c.laststateid == state_id(connection, "image"),
        )
        .values(stateid=state_id(connection, new), laststateid=state_id(connection, "image"))
    ).rowcount
    if not changed:
        raise ConflictError(
            f"Request {found.request_id} is {found.state}/{found.laststate} now, not "
            f"pending/image, and was not made {new}",
            "Somebody else changed it; look at it again",
        )


def _put_into_maintenance(connection: Connection, computer_id: int, note: str) -> None:
    row = connection.execute(
        select(computer.c.stateid, computer.c.notes)
        .where(computer.c.id == computer_id, computer.c.deleted == 0)
        # Reads what is there now, not when the transaction began: a note written since is kept.
        .with_for_update()
    ).first()
    if row is None:
        return
    notes = f"{note}\n{row.notes}" if row.notes else note
    changed = connection.execute(
        update(computer)
        .where(computer.c.id == computer_id, computer.c.stateid == row.stateid)
        .values(stateid=state_id(connection, "maintenance"), notes=notes)
    ).rowcount
    if not changed:
        raise ConflictError("The computer was changed meanwhile", "Look at it again")


def maintenance_note(operator: str, reason: str) -> str:
    """A note in VCL's form: `user datetime@reason`."""
    return f"{operator} {now():%Y-%m-%d %H:%M:%S}@{reason}"


def _note_nothing_loaded(connection: Connection, found: CaptureState) -> None:
    image_id, revision_id = noimage_ids(connection)
    connection.execute(
        update(computer)
        .where(computer.c.id == found.computer_id)
        .values(
            stateid=state_id(connection, "available"),
            currentimageid=image_id,
            imagerevisionid=revision_id,
        )
    )


def _insert_reload(connection: Connection, found: CaptureState) -> int:
    time, reload = database_now(connection), state_id(connection, "reload")
    request_id = insert_row(
        connection,
        request,
        {
            "stateid": reload,
            "laststateid": reload,
            "userid": user_id(connection, "vclreload"),
            "start": time,
            "end": time + timedelta(minutes=_RELOAD_MINUTES),
            "daterequested": time,
        },
    )
    node = select(reservation.c.managementnodeid).where(reservation.c.id == found.reservation_id)
    insert_row(
        connection,
        reservation,
        {
            "requestid": request_id,
            "computerid": found.computer_id,
            "imageid": found.image_id,
            "imagerevisionid": found.revision_id,
            "managementnodeid": connection.scalar(node),
        },
    )
    return request_id
