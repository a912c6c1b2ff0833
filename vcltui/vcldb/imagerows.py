"""The rows of an image: read as one revision, inserted together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, or_, select
from sqlalchemy.exc import IntegrityError

from vcltui.errors import ConflictError, NotFoundError
from vcltui.models.inventory import ImageRevision, OperatingSystem
from vcltui.vcldb.columntypes import Unsigned, now
from vcltui.vcldb.lookup import id_of, not_found
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import (
    image,
    imagemeta,
    imagerevision,
    imagetype,
    operatingsystem,
    resource,
    resourcetype,
    user,
)

_REVISION = re.compile(r"(?P<stem>.+)-v(?P<revision>[0-9]{1,5})\Z", re.ASCII | re.DOTALL)
_IMAGE_ID = re.compile(r".+-(?P<id>[0-9]{1,5})\Z", re.ASCII | re.DOTALL)


def split_image_name(name: str) -> tuple[str, int | None, int | None]:
    """An image name without its `-v<revision>`, the image id at the end of that, the revision.

    `linux-Base-12-v3` is (`linux-Base-12`, 12, 3); what is not there is None.
    """
    match = _REVISION.match(name)
    if match is None:
        return name, None, None
    stem = match["stem"]
    id_match = _IMAGE_ID.match(stem)
    return stem, int(id_match["id"]) if id_match else None, int(match["revision"])


@cache
def select_revisions() -> Select[Any]:
    """What `revision_from_row` reads, of every revision."""
    return (
        select(
            imagerevision,
            image.c.prettyname,
            image.c.name,
            image.c.minram,
            image.c.minprocnumber,
            image.c.architecture,
            image.c.size,
            image.c.deleted.label("image_deleted"),
            imagetype.c.name.label("image_type"),
            operatingsystem.c.id.label("os_id"),
            operatingsystem.c.name.label("os_name"),
            operatingsystem.c.prettyname.label("os_prettyname"),
            operatingsystem.c.type.label("os_type"),
            user.c.unityid,
        )
        .join(image, image.c.id == imagerevision.c.imageid)
        .join(imagetype, imagetype.c.id == image.c.imagetypeid)
        .join(operatingsystem, operatingsystem.c.id == image.c.OSid)
        .outerjoin(user, user.c.id == image.c.ownerid)
        .order_by(imagerevision.c.imagename)
    )


def revision_from_row(row: Row[Any]) -> ImageRevision:
    """The model of one row of `select_revisions`."""
    return ImageRevision(
        image_id=row.imageid,
        revision_id=row.id,
        revision=row.revision,
        name=row.imagename,
        prettyname=row.prettyname,
        os=OperatingSystem(
            id=row.os_id, name=row.os_name, prettyname=row.os_prettyname, type=row.os_type
        ),
        min_ram_mib=row.minram,
        min_cpus=row.minprocnumber,
        architecture=row.architecture,
        image_type=row.image_type,
        production=bool(row.production),
        deleted=bool(row.deleted or row.image_deleted),
        created=row.datecreated,
        size_mib=row.size,
        owner=row.unityid or "",
    )


def read_systems(connection: Connection) -> list[OperatingSystem]:
    """Every operating system, by name."""
    columns = operatingsystem.c
    rows = connection.execute(
        select(columns.id, columns.name, columns.prettyname, columns.type).order_by(columns.name)
    )
    return [OperatingSystem(row.id, row.name, row.prettyname, row.type) for row in rows]


def find_os(connection: Connection, name: str) -> OperatingSystem:
    """The system of this name or, without it, of "vmware" and this name. Raises NotFoundError."""
    systems = {system.name: system for system in read_systems(connection)}
    for known in (name, f"vmware{name}"):
        if known in systems:
            return systems[known]
    raise not_found("operating system", name, systems)


def read_revision(connection: Connection, revision_id: int) -> ImageRevision:
    """The revision with this id. Raises NotFoundError."""
    row = connection.execute(select_revisions().where(imagerevision.c.id == revision_id)).first()
    if row is None:
        raise NotFoundError(
            f"There is no image revision with the id {revision_id}", "Look at `vcltui images`"
        )
    return revision_from_row(row)


def is_free_image_id(connection: Connection, image_id: int) -> bool:
    """Whether an image can have this id: it fits the column and no row has it."""
    kind = image.c.id.type
    if not isinstance(kind, Unsigned) or not 0 < image_id <= kind.maximum:
        return False
    return connection.scalar(select(image.c.id).where(image.c.id == image_id)) is None


def insert_image(connection: Connection, values: dict[str, Any]) -> int:
    """Insert an image and the resource row by which VCL grants access to it; returns its id."""
    image_id = insert_row(connection, image, values)
    type_id = id_of(connection, resourcetype, "image", "resource type")
    insert_row(connection, resource, {"resourcetypeid": type_id, "subid": image_id})
    return image_id


def insert_revision(
    connection: Connection,
    *,
    image_id: int,
    revision: int,
    name: str,
    user_id: int,
    deleted: bool,
    production: bool,
) -> int:
    """Insert a revision that was made now; returns its id."""
    values = {
        "imageid": image_id,
        "revision": revision,
        "userid": user_id,
        "datecreated": now(),
        "deleted": int(deleted),
        "production": int(production),
        "imagename": name,
    }
    return insert_row(connection, imagerevision, values)


def copy_imagemeta(connection: Connection, image_id: int) -> int | None:
    """Copy the image's settings row (sysprep, root access ...) for another image; returns its id.

    None where the image has none, which means VCL's defaults.
    """
    row = connection.execute(
        select(imagemeta)
        .join(image, image.c.imagemetaid == imagemeta.c.id)
        .where(image.c.id == image_id)
    ).first()
    if row is None:
        return None
    values = {name: value for name, value in row._mapping.items() if name != "id"}
    values["subimages"] = 0
    key = connection.execute(insert(imagemeta).values(values)).inserted_primary_key
    return None if key is None else int(key[0])


def refuse_taken(connection: Connection, name: str, prettyname: str | None) -> None:
    """Raise ConflictError where an image or revision, deleted or not, has one of these names."""
    is_taken = [image.c.name == name]
    if prettyname is not None:
        is_taken.append(image.c.prettyname == prettyname)
    row = connection.execute(
        select(image.c.name, image.c.prettyname, image.c.deleted).where(or_(*is_taken))
    ).first()
    if row is None:
        row = connection.execute(
            select(imagerevision.c.imagename, image.c.prettyname, imagerevision.c.deleted)
            .join(image, image.c.id == imagerevision.c.imageid)
            .where(imagerevision.c.imagename == name)
        ).first()
    if row is not None:
        kind = "a deleted image" if row.deleted else "the image"
        raise ConflictError(
            f"The name of {name} ({prettyname or row.prettyname}) is taken by {kind} "
            f"{row[0]} ({row.prettyname})",
            "Give another name",
        )


def fitting_size(size_mib: int) -> int:
    """An image's size as far as VCL's column can tell it: 65,535 MiB stands for that or more."""
    kind = image.c.size.type
    return min(max(size_mib, 0), kind.maximum) if isinstance(kind, Unsigned) else size_mib


@contextmanager
def conflict_if_taken(name: str) -> Iterator[None]:
    """Turn the database's refusal of a double id or name into ConflictError.

    Another program can insert it between our look and our insert.
    """
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(
            f"The image {name} can't be entered: its id or name was taken meanwhile",
            "Begin again; another id will be chosen",
        ) from error
