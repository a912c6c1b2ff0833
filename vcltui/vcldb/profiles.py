"""VM host profiles: VCL's vmprofile, with names where it has image type ids."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, delete, select

from vcltui.errors import ConflictError
from vcltui.models.host import VMProfile
from vcltui.models.names import check_pretty_name
from vcltui.vcldb.lookup import id_of, noimage_ids
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import imagetype, vmhost, vmprofile

_datastore_type = imagetype.alias("datastore_type")
_repository_type = imagetype.alias("repository_type")
# Only the embedded file gets profiles from us, and paths are longer now than VCL's 128 characters.
_PATHS = frozenset({"datastorepath", "vmpath", "repositorypath"})


def profile_tables() -> FromClause:
    """Vmprofile with its two image types, to be joined to vmhost."""
    return vmprofile.join(
        _datastore_type, _datastore_type.c.id == vmprofile.c.datastoreimagetypeid
    ).join(_repository_type, _repository_type.c.id == vmprofile.c.repositoryimagetypeid)


def profile_columns() -> list[ColumnElement[Any]]:
    """What `profile_from_row` reads."""
    names = (
        "profilename",
        "datastorepath",
        "vmpath",
        "repositorypath",
        "virtualswitch0",
        "virtualswitch1",
        "eth0generated",
        "eth1generated",
    )
    return [
        *(vmprofile.c[name] for name in names),
        _datastore_type.c.name.label("datastore_type"),
        _repository_type.c.name.label("repository_type"),
    ]


def profile_from_row(row: RowMapping) -> VMProfile:
    """The profile in a row with `profile_columns`; empty texts are None, as VCL means them."""
    repository_type = row["repository_type"]
    if repository_type == "none":
        repository_type = row["datastore_type"]
    return VMProfile(
        name=row["profilename"],
        datastore=row["datastorepath"],
        vmpath=row["vmpath"] or None,
        repository=row["repositorypath"] or None,
        datastore_image_type=row["datastore_type"],
        repository_image_type=repository_type,
        virtualswitch0=row["virtualswitch0"] or None,
        virtualswitch1=row["virtualswitch1"] or None,
        eth0_generated=bool(row["eth0generated"]),
        eth1_generated=bool(row["eth1generated"]),
    )


def ensure_profile(connection: Connection, profile: VMProfile) -> int:
    """The id of the profile of this name, inserted where it is missing.

    Raises ConflictError where one of that name has other values, NotFoundError for an image
    type that VCL does not know, UsageError for what does not fit.
    """
    check_pretty_name(profile.name)
    row = (
        connection.execute(
            select(vmprofile.c.id, *profile_columns())
            .select_from(profile_tables())
            .where(vmprofile.c.profilename == profile.name)
        )
        .mappings()
        .first()
    )
    if row is not None:
        if profile_from_row(row) != profile:
            raise ConflictError(
                f"The profile {profile.name!r} exists with other values",
                "Give the profile another name",
            )
        return int(row["id"])
    values = {
        "profilename": profile.name,
        "imageid": noimage_ids(connection)[0],
        "datastorepath": profile.datastore,
        "vmpath": profile.vmpath,
        "repositorypath": profile.repository,
        "datastoreimagetypeid": _image_type_id(connection, profile.datastore_image_type),
        "repositoryimagetypeid": _image_type_id(connection, profile.repository_image_type),
        "virtualswitch0": profile.virtualswitch0 or "",
        "virtualswitch1": profile.virtualswitch1 or "",
        "eth0generated": int(profile.eth0_generated),
        "eth1generated": int(profile.eth1_generated),
    }
    return insert_row(connection, vmprofile, values, unlimited=_PATHS)


def remove_unused_profile(connection: Connection, profile_id: int) -> None:
    """Delete a profile that no VM host uses any more."""
    used = connection.scalar(select(vmhost.c.id).where(vmhost.c.vmprofileid == profile_id).limit(1))
    if used is None:
        connection.execute(delete(vmprofile).where(vmprofile.c.id == profile_id))


def _image_type_id(connection: Connection, name: str) -> int:
    return id_of(connection, imagetype, name, "image type")
