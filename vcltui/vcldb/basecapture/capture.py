"""Enters the capture of a base image as VCL's setup does, in one transaction.

VCL's setup writes these rows one by one with unescaped names; here all are there or none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, select

from vcltui.errors import ConflictError
from vcltui.models.basecapture import (
    OWN_CAPTURE,
    BaseCaptureRequest,
    BaseCaptureRows,
    CaptureWay,
    RowChange,
)
from vcltui.models.basenames import first_image_name, first_words
from vcltui.vcldb.basecapture.checks import Facts, check, require
from vcltui.vcldb.basecapture.choices import choices, one_computer
from vcltui.vcldb.basecapture.permissions import plan_permissions
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.imagerows import conflict_if_taken, is_free_image_id
from vcltui.vcldb.lookup import id_of, noimage_ids, state_id
from vcltui.vcldb.rowplans import NewId, PlannedRow, Value, Words, describe_rows, write_rows
from vcltui.vcldb.tables import (
    computer,
    computerloadlog,
    computerloadstate,
    image,
    imagemeta,
    imagerevision,
    request,
    reservation,
    resource,
    resourcetype,
)

__all__ = ["check", "choices", "preview", "write_base_capture"]

_MINUTES = 60
_IMAGE, _META, _REVISION = NewId("image"), NewId("imagemeta"), NewId("imagerevision")
_RESOURCE, _REQUEST, _RESERVATION = NewId("resource"), NewId("request"), NewId("reservation")

BeforeCommit = Callable[[BaseCaptureRows], None]


def preview(
    database: Database,
    wanted: BaseCaptureRequest,
    *,
    image_id: int | None = None,
    worker: str = "",
) -> tuple[tuple[RowChange, ...], tuple[str, ...]]:
    """Every row that `write_base_capture` would write now, and its warnings.

    Raises as `write_base_capture`, but writes nothing.
    """
    with database.read() as connection:
        rows, warnings = _plan(connection, require(connection, wanted), image_id, worker)
    return describe_rows(rows), warnings


def write_base_capture(
    database: Database,
    wanted: BaseCaptureRequest,
    *,
    image_id: int | None = None,
    worker: str = "",
    before_commit: BeforeCommit | None = None,
) -> BaseCaptureRows:
    """Enter the image, the owner's rights, and the request to capture it, all or nothing.

    For vcld the request is image/image, which it takes up; else pending/image from the start,
    which it leaves alone, and `worker` (who captures) goes into the load log. `image_id` is the
    id that the image must get. `before_commit` hears of the rows while they can still be rolled
    back. Raises the error of the first check that does not hold (NotFoundError, RefusedError,
    UsageError), ConflictError for a name, id or computer that was taken meanwhile,
    InventoryError.
    """
    with database.read() as connection:
        computer_id = one_computer(connection, wanted.computer).id
    with database.write() as connection, conflict_if_taken(wanted.prettyname):
        # Before anything is read: the server's snapshot of the rest begins after the wait.
        connection.execute(
            select(computer.c.id).where(computer.c.id == computer_id).with_for_update()
        )
        facts = require(connection, wanted)
        if image_id is not None and not is_free_image_id(connection, image_id):
            raise ConflictError(
                f"The image id {image_id} was taken meanwhile",
                "Begin again; another id will be chosen",
            )
        rows, warnings = _plan(connection, facts, image_id, worker)
        ids = write_rows(connection, rows)
        written = BaseCaptureRows(
            image_id=ids["image"],
            revision_id=ids["imagerevision"],
            imagemeta_id=ids["imagemeta"],
            resource_id=ids["resource"],
            request_id=ids["request"],
            reservation_id=ids["reservation"],
            computer_id=facts.computer.id,
            image_name=first_image_name(facts.system.name, wanted.prettyname, ids["image"]),
            prettyname=wanted.prettyname,
            warnings=warnings,
        )
        if before_commit is not None:
            before_commit(written)
    return written


def _plan(
    connection: Connection, facts: Facts, image_id: int | None, worker: str
) -> tuple[tuple[PlannedRow, ...], tuple[str, ...]]:
    owner_id, login = facts.owner
    rights, warnings = plan_permissions(
        connection, owner_id, login, _RESOURCE, virtual=facts.computer.virtual
    )
    image_type = id_of(connection, resourcetype, "image", "resource type")
    rows = (
        *_image_rows(connection, facts, image_id),
        PlannedRow(resource, {"resourcetypeid": image_type, "subid": _IMAGE}, "resource"),
        *rights,
        *_request_rows(connection, facts, worker),
    )
    return rows, warnings


def _image_rows(
    connection: Connection, facts: Facts, image_id: int | None
) -> tuple[PlannedRow, ...]:
    wanted, system, time = facts.request, facts.system, database_now(connection)
    _, noimage_revision = noimage_ids(connection)
    stem = first_words(system.name, wanted.prettyname)
    sysprep = int(wanted.sysprep or not system.is_windows)
    name = Words((stem, _IMAGE, "-v0"))
    own_id: dict[str, Value] = {} if image_id is None else {"id": image_id}
    return (
        PlannedRow(imagemeta, {"sysprep": sysprep}, "imagemeta"),
        PlannedRow(
            image,
            {
                **own_id,
                "name": f"{stem}-v0",
                "prettyname": wanted.prettyname,
                "ownerid": facts.owner[0],
                "platformid": 1,
                "OSid": system.id,
                "imagemetaid": _META,
                "deleted": 1,
                "lastupdate": time,
                "size": 1,
                "architecture": wanted.architecture,
                "basedoffrevisionid": noimage_revision,
            },
            "image",
        ),
        PlannedRow(image, {"name": name}, key=_IMAGE),
        PlannedRow(
            imagerevision,
            {
                "imageid": _IMAGE,
                "revision": 0,
                "userid": facts.owner[0],
                "datecreated": time,
                "deleted": 1,
                "production": 1,
                "imagename": name,
            },
            "imagerevision",
        ),
    )


def _request_rows(connection: Connection, facts: Facts, worker: str) -> tuple[PlannedRow, ...]:
    for_vcld = facts.request.way is CaptureWay.VCLD
    time = database_now(connection)
    rows = [
        PlannedRow(
            request,
            {
                "stateid": state_id(connection, "image" if for_vcld else "pending"),
                "laststateid": state_id(connection, "image"),
                "userid": facts.owner[0],
                "forimaging": 0,
                "test": 0,
                "preload": 0,
                "start": time,
                "end": time + timedelta(minutes=_MINUTES),
                "daterequested": time,
            },
            "request",
        ),
        PlannedRow(
            reservation,
            {
                "requestid": _REQUEST,
                "computerid": facts.computer.id,
                "imageid": _IMAGE,
                "imagerevisionid": _REVISION,
                "managementnodeid": facts.node.id,
            },
            "reservation",
        ),
    ]
    info = _load_states(connection).get("info")
    if not for_vcld and info is not None:
        # A pending request without a vcld process looks stuck to people and to monitors.
        rows.append(
            PlannedRow(
                computerloadlog,
                {
                    "reservationid": _RESERVATION,
                    "computerid": facts.computer.id,
                    "loadstateid": info,
                    "timestamp": time,
                    "additionalinfo": f"{OWN_CAPTURE} {worker}".strip(),
                },
            )
        )
    return tuple(rows)


def _load_states(connection: Connection) -> dict[str, int]:
    columns = computerloadstate.c
    rows = connection.execute(select(columns.id, columns.loadstatename))
    return {row.loadstatename: row.id for row in rows}
