"""The rows of a new image or revision: entered at once, or reserved until its file is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from vcltui.errors import ConflictError, RefusedError, UsageError
from vcltui.models.inventory import ImageRevision
from vcltui.models.names import check_name, check_pretty_name
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.imagerows import (
    conflict_if_taken,
    copy_imagemeta,
    find_os,
    fitting_size,
    insert_image,
    insert_revision,
    is_free_image_id,
    read_revision,
    refuse_taken,
    select_revisions,
    split_image_name,
)
from vcltui.vcldb.lookup import id_of, user_id
from vcltui.vcldb.tables import image, imagemeta, imagerevision, imagetype, resource, resourcetype

_ARCHITECTURES = ("x86", "x86_64")
BeforeCommit = Callable[[ImageRevision], None]


def add_image(
    database: Database,
    *,
    name: str,
    prettyname: str,
    os_name: str,
    image_type: str,
    min_ram_mib: int = 512,
    min_cpus: int = 1,
    architecture: str = "x86_64",
    size_mib: int = 0,
    owner: str = "admin",
    before_commit: BeforeCommit | None = None,
) -> ImageRevision:
    """Enter an image whose file exists already as `<name>.<extension>`.

    `before_commit` hears of the revision while it can still be rolled back; when it raises, nothing
    is entered.

    A name that ends in `-<id>-v<revision>` gives the image that id, where it is free, and that
    revision. A name that differs from a known one in its revision alone is another revision of
    that image, not in production. `os_name` is VCL's name of the system, also without its
    "vmware". Raises UsageError, NotFoundError, ConflictError for a name that is taken.
    """
    check_name("image", name)
    check_pretty_name(prettyname)
    if architecture not in _ARCHITECTURES:
        raise UsageError(
            f"{architecture!r} is no architecture of VCL's",
            f"It has {' and '.join(_ARCHITECTURES)}",
        )
    stem, wanted_id, revision = split_image_name(name)
    with database.write() as connection, conflict_if_taken(name):
        owner_id = user_id(connection, owner)
        known_id = _image_with_stem(connection, stem, prettyname)
        refuse_taken(connection, name, prettyname if known_id is None else None)
        values: dict[str, Any] = {
            "name": name,
            "prettyname": prettyname,
            "ownerid": owner_id,
            "OSid": find_os(connection, os_name).id,
            "imagetypeid": id_of(connection, imagetype, image_type, "image type"),
            "minram": min_ram_mib,
            "minprocnumber": min_cpus,
            "architecture": architecture,
            "size": fitting_size(size_mib),
            "lastupdate": now(),
        }
        if wanted_id is not None and is_free_image_id(connection, wanted_id):
            values["id"] = wanted_id
        revision_id = insert_revision(
            connection,
            image_id=insert_image(connection, values) if known_id is None else known_id,
            revision=revision or 0,
            name=name,
            user_id=owner_id,
            deleted=False,
            production=known_id is None,
        )
        added = read_revision(connection, revision_id)
        if before_commit is not None:
            before_commit(added)
        return added


def require_importable(database: Database, name: str, prettyname: str) -> None:
    """Raise ConflictError where `add_image` would because of these names.

    Somebody may still take them: what enters an image looks again.
    """
    with database.read() as connection:
        known_id = _image_with_stem(connection, split_image_name(name)[0], prettyname)
        refuse_taken(connection, name, prettyname if known_id is None else None)


def require_free_name(database: Database, name: str, prettyname: str) -> None:
    """Raise ConflictError where an image or revision, deleted or not, has one of these names.

    Somebody may still take it: what enters an image looks again.
    """
    with database.read() as connection:
        refuse_taken(connection, name, prettyname)


def reserve_capture(
    database: Database,
    *,
    image_name: str,
    prettyname: str,
    image_id: int,
    based_on: ImageRevision,
    owner: str,
    before_commit: BeforeCommit | None = None,
) -> ImageRevision:
    """Enter a new image before its capture, marked as deleted as VCL does.

    `image_name` must end in `-<image_id>-v<revision>`. `before_commit` hears of the revision
    while it can still be rolled back. Raises UsageError, NotFoundError, ConflictError when the id
    or a name was taken meanwhile.
    """
    check_name("image", image_name)
    check_pretty_name(prettyname)
    _, named_id, revision = split_image_name(image_name)
    if named_id != image_id or revision is None:
        raise UsageError(
            f"{image_name!r} is no name for a capture",
            f"It must end in -{image_id}-v and the revision",
        )
    with database.write() as connection, conflict_if_taken(image_name):
        owner_id = user_id(connection, owner)
        refuse_taken(connection, image_name, prettyname)
        _reserve_image(connection, image_id, image_name, prettyname, owner_id, based_on)
        revision_id = insert_revision(
            connection,
            image_id=image_id,
            revision=revision,
            name=image_name,
            user_id=owner_id,
            deleted=True,
            production=True,
        )
        reserved = read_revision(connection, revision_id)
        if before_commit is not None:
            before_commit(reserved)
    return reserved


def finish_capture(
    database: Database, revision_id: int, *, size_mib: int, image_type: str
) -> ImageRevision:
    """Make a reserved image usable: its file is whole and under its name.

    Raises NotFoundError, ConflictError where it is not reserved any more.
    """
    with database.write() as connection:
        found = read_revision(connection, revision_id)
        type_id = id_of(connection, imagetype, image_type, "image type")
        changed = connection.execute(
            update(imagerevision)
            .where(*_is_reserved(revision_id))
            .values(deleted=0, datecreated=now())
        ).rowcount
        if not changed:
            raise ConflictError(
                f"The image {found.name} is not reserved for a capture any more",
                "Somebody else finished or deleted it; look at `vcltui images`",
            )
        changed = connection.execute(
            update(image)
            .where(image.c.id == found.image_id, image.c.deleted == 1)
            .values(deleted=0, size=fitting_size(size_mib), imagetypeid=type_id, lastupdate=now())
        ).rowcount
        if not changed:
            raise ConflictError(
                f"The row of the image {found.name} is not marked as deleted any more",
                "Somebody else changed it; look at `vcltui images`",
            )
        return read_revision(connection, revision_id)


def discard_capture(database: Database, revision_id: int, image_name: str) -> bool:
    """Remove what `reserve_capture` entered for `image_name`; returns whether there was any.

    Nothing is removed once the capture was finished, nor when the id belongs to another name or
    the image has another revision. Raises RefusedError where something stands on the rows.
    """
    with database.write() as connection:
        row = connection.execute(
            select(image.c.id, image.c.imagemetaid, imagerevision.c.imagename)
            .join(imagerevision, imagerevision.c.imageid == image.c.id)
            .where(*_is_reserved(revision_id), image.c.deleted == 1)
        ).first()
        if row is None or row.imagename != image_name:
            return False
        revisions = select(func.count()).where(imagerevision.c.imageid == row.id)
        if connection.scalar(revisions) != 1:
            return False
        try:
            _delete_image(connection, revision_id, row.id, row.imagemetaid)
        except IntegrityError as error:
            raise RefusedError(
                f"The rows of the unfinished image {image_name} are used by something else",
                "See which computer or reservation names it",
            ) from error
        return True


def _image_with_stem(connection: Connection, stem: str, prettyname: str) -> int | None:
    """The id of the image that has revisions `<stem>-v<n>`, or None.

    Raises ConflictError where its pretty name is another.
    """
    rows = connection.execute(
        select_revisions().where(
            imagerevision.c.imagename.startswith(f"{stem}-v", autoescape=True),
            image.c.deleted == 0,
        )
    )
    for row in rows:
        if split_image_name(row.imagename)[0] != stem:
            continue
        if row.prettyname != prettyname:
            raise ConflictError(
                f"{row.imagename} is a revision of {row.prettyname!r}, so another revision of it "
                f"can't be {prettyname!r}",
                f"Give the name {row.prettyname!r}, or give the file another name",
            )
        return int(row.imageid)
    return None


def _reserve_image(
    connection: Connection,
    image_id: int,
    name: str,
    prettyname: str,
    owner_id: int,
    based_on: ImageRevision,
) -> None:
    if not is_free_image_id(connection, image_id):
        raise ConflictError(
            f"The image id {image_id} of {name} was taken meanwhile",
            "Begin again; another id will be chosen",
        )
    values = {
        "id": image_id,
        "name": name,
        "prettyname": prettyname,
        "ownerid": owner_id,
        "imagetypeid": id_of(connection, imagetype, based_on.image_type, "image type"),
        "OSid": based_on.os.id,
        "imagemetaid": copy_imagemeta(connection, based_on.image_id),
        "minram": based_on.min_ram_mib,
        "minprocnumber": based_on.min_cpus,
        "architecture": based_on.architecture,
        "size": fitting_size(based_on.size_mib),
        "deleted": 1,
        "lastupdate": now(),
        "basedoffrevisionid": based_on.revision_id,
    }
    insert_image(connection, values)


def _delete_image(
    connection: Connection, revision_id: int, image_id: int, imagemeta_id: int | None
) -> None:
    type_id = id_of(connection, resourcetype, "image", "resource type")
    for statement in (
        delete(imagerevision).where(*_is_reserved(revision_id)),
        delete(resource).where(resource.c.resourcetypeid == type_id, resource.c.subid == image_id),
        delete(image).where(image.c.id == image_id, image.c.deleted == 1),
        delete(imagemeta).where(imagemeta.c.id == imagemeta_id),
    ):
        connection.execute(statement)


def _is_reserved(revision_id: int) -> tuple[ColumnElement[bool], ...]:
    """A revision of this id that is not finished yet, and that was not deleted by a person."""
    return (
        imagerevision.c.id == revision_id,
        imagerevision.c.deleted == 1,
        imagerevision.c.datedeleted.is_(None),
    )
