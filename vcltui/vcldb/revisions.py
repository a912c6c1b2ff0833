"""Questions about image revisions that the use cases ask."""

from __future__ import annotations

from sqlalchemy import select, update

from vcltui.models.inventory import Computer, ImageRevision, OperatingSystem
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.images import (
    get_revision,
    get_revision_by_id,
    list_operating_systems,
    list_revisions,
)
from vcltui.vcldb.lookup import noimage_ids, not_found
from vcltui.vcldb.tables import image, imagerevision


def is_live(database: Database, image_name: str) -> bool:
    """Whether a revision of exactly this name is in the inventory and not marked deleted."""
    statement = (
        select(imagerevision.c.id)
        .join(image, image.c.id == imagerevision.c.imageid)
        .where(
            imagerevision.c.imagename == image_name,
            imagerevision.c.deleted == 0,
            image.c.deleted == 0,
        )
    )
    with database.read() as connection:
        return connection.execute(statement).first() is not None


def is_finished(database: Database, revision_id: int, image_name: str, created: str = "") -> bool:
    """Whether this very revision, of exactly this name, is live or was until somebody deleted it.

    One that is reserved for a capture is neither. `created` is its time as `ImageRevision.created`
    in ISO form, "" for any.
    """
    with database.read() as connection:
        row = connection.execute(
            select(
                imagerevision.c.imagename,
                imagerevision.c.datecreated,
                imagerevision.c.datedeleted,
                imagerevision.c.deleted,
                image.c.deleted.label("image_deleted"),
            )
            .join(image, image.c.id == imagerevision.c.imageid)
            .where(imagerevision.c.id == revision_id)
        ).first()
    if row is None or row.imagename != image_name:
        return False
    if created and (row.datecreated is None or row.datecreated.isoformat() != created):
        return False
    return row.datedeleted is not None or not (row.deleted or row.image_deleted)


def latest_revision(database: Database, image_name: str) -> ImageRevision:
    """The newest revision, deleted ones too, of the image that `image_name` is a revision of.

    Raises NotFoundError, RefusedError as `get_revision`.
    """
    known = get_revision(database, image_name)
    siblings = [
        one for one in list_revisions(database, deleted=True) if one.image_id == known.image_id
    ]
    return max(siblings, key=lambda one: one.revision)


def current_revision(database: Database, computer: Computer) -> ImageRevision:
    """The revision a computer should be loaded with, `noimage` for none. Raises NotFoundError."""
    if computer.image_revision_id is not None:
        return get_revision_by_id(database, computer.image_revision_id)
    with database.read() as connection:
        _, revision_id = noimage_ids(connection)
    return get_revision_by_id(database, revision_id)


def get_operating_system(database: Database, name: str) -> OperatingSystem:
    """VCL's operating system of this name, also without its "vmware". Raises NotFoundError."""
    known = {system.name: system for system in list_operating_systems(database)}
    for wanted in (name, f"vmware{name}"):
        if wanted in known:
            return known[wanted]
    raise not_found("operating system", name, known)


def unmark_deleted(database: Database, revision_id: int) -> None:
    """Take back `images.mark_deleted`, because the files are still there."""
    with database.write() as connection:
        marked = update(imagerevision).where(imagerevision.c.id == revision_id)
        connection.execute(marked.values(deleted=0, datedeleted=None))
        of_it = select(imagerevision.c.imageid).where(imagerevision.c.id == revision_id)
        revived = update(image).where(image.c.id == of_it.scalar_subquery(), image.c.deleted == 1)
        connection.execute(revived.values(deleted=0, lastupdate=now()))
