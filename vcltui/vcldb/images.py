"""Images and their revisions: looked up and marked as deleted.

What enters new ones is in `newimages` and is named here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, update

from vcltui.errors import ConflictError, NotFoundError, RefusedError
from vcltui.models.inventory import NO_IMAGE, ImageRevision, OperatingSystem
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.imagerows import (
    read_revision,
    read_systems,
    revision_from_row,
    select_revisions,
)
from vcltui.vcldb.lookup import noimage_ids, not_found
from vcltui.vcldb.newimages import (
    add_image,
    discard_capture,
    finish_capture,
    require_free_name,
    require_importable,
    reserve_capture,
)
from vcltui.vcldb.tables import image, imagerevision, request, reservation, state

__all__ = [
    "add_image",
    "discard_capture",
    "finish_capture",
    "get_revision",
    "get_revision_by_id",
    "list_operating_systems",
    "list_revisions",
    "mark_deleted",
    "next_image_id",
    "require_free_name",
    "require_importable",
    "reserve_capture",
]

_OVER = ("complete", "deleted")


def list_revisions(database: Database, *, deleted: bool = False) -> list[ImageRevision]:
    """Every revision of every image but `noimage`, by name; with `deleted` those marked so too."""
    with database.read() as connection:
        return _read_revisions(connection, deleted=deleted)


def list_operating_systems(database: Database) -> list[OperatingSystem]:
    """Every operating system that VCL knows, by name."""
    with database.read() as connection:
        return read_systems(connection)


def get_revision(database: Database, image_name: str) -> ImageRevision:
    """The revision of exactly this image name; an image's name or pretty name means its
    production revision.

    Raises NotFoundError naming close ones, RefusedError where several images match.
    """
    with database.read() as connection:
        exact = _of_name(connection, image_name) if image_name.isprintable() else []
        if len(exact) == 1:
            return exact[0]
        revisions = _read_revisions(connection, deleted=True)
        rows = connection.execute(select(image.c.id, image.c.name))
        names = {row.id: row.name for row in rows}
    current = [one for one in revisions if not one.deleted]
    found = [one for one in current if one.name == image_name]
    if not found:
        found = [
            one
            for one in current
            if one.production and image_name in (names.get(one.image_id), one.prettyname)
        ]
    if len(found) > 1:
        raise RefusedError(
            f"{image_name!r} is the name of {len(found)} images: "
            f"{', '.join(one.name for one in found)}",
            "Give the whole image name",
        )
    if found:
        return found[0]
    if any(one.name == image_name for one in revisions):
        raise NotFoundError(
            f"The image {image_name!r} is marked as deleted", "Choose another revision"
        )
    raise not_found("image", image_name, _known_names(current))


def get_revision_by_id(database: Database, revision_id: int) -> ImageRevision:
    """The revision with this imagerevision.id, `noimage` and deleted ones too.

    Raises NotFoundError.
    """
    with database.read() as connection:
        return read_revision(connection, revision_id)


def next_image_id(database: Database) -> int:
    """The id that the next new image would get; another program can take it first."""
    with database.read() as connection:
        return int(connection.scalar(select(func.max(image.c.id))) or 0) + 1


def mark_deleted(database: Database, revision_id: int) -> None:
    """Mark a revision as deleted, and its image with its last revision.

    Raises NotFoundError, ConflictError where it is marked already, RefusedError while a request
    uses it or while it is the production revision of an image that has others.
    """
    with database.write() as connection:
        found = read_revision(connection, revision_id)
        if found.deleted:
            raise _marked_already(found)
        # Held until the end, so that of two last revisions the later one takes the image along.
        connection.execute(select(image.c.id).where(image.c.id == found.image_id).with_for_update())
        others = _other_names(connection, found)
        _refuse_deletion(connection, found, others)
        changed = connection.execute(
            update(imagerevision)
            .where(imagerevision.c.id == revision_id, imagerevision.c.deleted == 0)
            .values(deleted=1, datedeleted=now())
        ).rowcount
        if changed and not others:
            connection.execute(
                update(image)
                .where(image.c.id == found.image_id, image.c.deleted == 0)
                .values(deleted=1, lastupdate=now())
            )
    if not changed:
        raise _marked_already(found)


def _marked_already(found: ImageRevision) -> ConflictError:
    return ConflictError(
        f"The image {found.name} is marked as deleted already", "Look at `vcltui images`"
    )


def _read_revisions(connection: Connection, *, deleted: bool) -> list[ImageRevision]:
    noimage, _ = noimage_ids(connection)
    statement = select_revisions().where(imagerevision.c.imageid != noimage)
    if not deleted:
        statement = statement.where(imagerevision.c.deleted == 0, image.c.deleted == 0)
    return [revision_from_row(row) for row in connection.execute(statement)]


def _of_name(connection: Connection, name: str) -> list[ImageRevision]:
    """The revisions of exactly this name that are not deleted."""
    rows = connection.execute(_select_of_name(), {"name": name})
    found = [revision_from_row(row) for row in rows]
    return [one for one in found if one.name == name]


@cache
def _select_of_name() -> Select[Any]:
    return select_revisions().where(
        imagerevision.c.imagename == bindparam("name"),
        imagerevision.c.imagename != NO_IMAGE,
        imagerevision.c.deleted == 0,
        image.c.deleted == 0,
    )


def _known_names(revisions: Iterable[ImageRevision]) -> list[str]:
    return [name for one in revisions for name in (one.name, one.prettyname)]


def _other_names(connection: Connection, revision: ImageRevision) -> list[str]:
    """The names of the image's other revisions that are not deleted."""
    return list(
        connection.scalars(
            select(imagerevision.c.imagename)
            .where(
                imagerevision.c.imageid == revision.image_id,
                imagerevision.c.id != revision.revision_id,
                imagerevision.c.deleted == 0,
            )
            # Reads what is there now, not when the transaction began.
            .with_for_update()
        )
    )


def _refuse_deletion(connection: Connection, revision: ImageRevision, others: list[str]) -> None:
    if revision.production and others:
        raise RefusedError(
            f"The image {revision.name} is in production and has other revisions: "
            f"{', '.join(others)}",
            "Delete those first, or make one of them the production revision in VCL",
        )
    used = connection.execute(
        select(request.c.id, state.c.name)
        .join(reservation, reservation.c.requestid == request.c.id)
        .join(state, state.c.id == request.c.stateid)
        .where(reservation.c.imagerevisionid == revision.revision_id, state.c.name.not_in(_OVER))
    ).first()
    if used is not None:
        raise RefusedError(
            f"The image {revision.name} is used by request {used.id} ({used.name})",
            "End the reservation first",
        )
