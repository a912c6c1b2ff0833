"""Deletes an image from a host, when nothing stands on it and everyone who might could be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from vcltui.disks import datastore, repository
from vcltui.disks.identities import may_be_one
from vcltui.errors import DiskError, NotFoundError, RefusedError, VcltuiError
from vcltui.models.host import VMHost
from vcltui.models.names import check_name
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.disk_users import disk_users, shares_folders
from vcltui.provisioning.locking import locker
from vcltui.provisioning.new_image import image_operation
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import hosts as host_rows
from vcltui.vcldb import images as image_rows
from vcltui.vcldb import revisions
from vcltui.vcldb.database import Database


def plan_delete_image(
    context: Context, image_name: str, *, from_repository: bool = False
) -> Operation:
    """Plan the deletion of a master and its XML, or of the repository's copy.

    The inventory's revision is marked deleted with the last copy of the image, when nothing is
    in the way any more. Raises NotFoundError, and RefusedError with the list of users while
    anything stands on the image or a host that shares its folder can't be asked.
    """
    check_name("image", image_name)
    files = _files(context, image_name, from_repository=from_repository)
    _refuse_while_used(context, image_name, files)
    copies = _find_copies(context, image_name, files)
    # The inventory goes first, as it may refuse; its row stays when no file can go.
    marked = _live_revision(context, image_name) if copies.is_last else None
    node, home = context.session.node, files[0].rsplit("/", 1)[0]
    lock = locker(
        context,
        "repository" if from_repository else "master",
        _lock_home(context, from_repository=from_repository),
        image_name,
    )

    def delete(step: StepContext) -> str | None:
        with lock(step.cancel) as held:
            _refuse_while_used(context, image_name, files)
            if marked:
                image_rows.mark_deleted(*marked)
            try:
                for path in files:
                    node.remove_file(path)
            except VcltuiError:
                if marked and all(node.stat(path) is not None for path in files):
                    revisions.unmark_deleted(*marked)
                raise
            if home.endswith(f"/{image_name}"):
                node.remove_empty_directory(home)
        return held.note

    marks = (f"inventory: image {image_name}: deleted = 1",) if marked else ()
    step = Step(
        name="delete-image",
        title=f"Delete {image_name} from {home}",
        run=delete,
        calls=(*marks, *(f"unlink {path}" for path in files)),
        loses=files,
    )
    operation = image_operation(context, new_operation_id(), "delete", image_name, (step,))
    warnings = tuple(f"It goes for {host} too, which shares the folder" for host in copies.shared)
    return replace(operation, warnings=warnings)


def _live_revision(context: Context, image_name: str) -> tuple[Database, int] | None:
    """The revision of exactly this name, to be marked deleted; None where there is none."""
    database = context.database
    if database is None:
        return None
    try:
        revision = image_rows.get_revision(database, image_name)
    except NotFoundError:
        return None
    # Another image may have the name of the file as its pretty name.
    return (database, revision.revision_id) if revision.name == image_name else None


def _lock_home(context: Context, *, from_repository: bool) -> str:
    profile = context.session.profile
    return (profile.repository or "") if from_repository else profile.datastore


def _files(context: Context, image_name: str, *, from_repository: bool) -> tuple[str, ...]:
    """The image's disk files, then its XML; the XML alone where a deletion was cut short."""
    node, profile = context.session.node, context.session.profile
    if from_repository:
        disks = _repository_files(context, image_name)
        xml = repository.xml_path(profile, image_name) if profile.repository else None
        if disks:
            xml = f"{disks[0].rsplit('/', 1)[0]}/{image_name}.xml"
    else:
        disks = tuple(filter(None, (paths.existing_master(context, image_name),)))
        xml = datastore.master_xml_path(profile, image_name)
    files = (*disks, xml) if xml is not None and node.stat(xml) is not None else disks
    if not files:
        place = "repository" if from_repository else "datastore"
        raise NotFoundError(
            f"Image {image_name} is not in the {place} of host {context.vmhost.name}",
            "List the images there with `vcltui images`",
        )
    return files


def _repository_files(context: Context, image_name: str) -> tuple[str, ...]:
    """All files of an image in the repository, those of a deletion that was cut short as well."""
    profile = context.session.profile
    try:
        found = paths.repository_files(context, image_name)
    except DiskError:
        found = ()  # a part is missing
    if profile.repository is None:
        return found
    every = repository.belonging_files(context.session.node, profile.repository, image_name)
    return every or found


@dataclass(frozen=True, slots=True)
class _Copies:
    """Where else an image is: `shared` are the hosts that see the very files that go.

    `is_last`: no host has it in other files. False where that can't be told.
    """

    shared: tuple[str, ...]
    is_last: bool


def _find_copies(context: Context, image_name: str, files: Sequence[str]) -> _Copies:
    node = context.session.node
    going = [stat for stat in map(node.stat, files) if stat is not None]
    shared, is_last = [], not _strangers(context)
    for session in (context.session, *context.other_hosts):
        try:
            found = [session.node.stat(path) for path in _copies_on(session, image_name)]
        except VcltuiError:
            is_last = False
            continue
        # Folders of one name may be one folder, or each host's own.
        same = [any(may_be_one(stat, one) for one in going) for stat in found if stat is not None]
        is_last = is_last and all(same)
        if session is not context.session and any(same):
            shared.append(session.name)
    return _Copies(tuple(shared), is_last)


def _copies_on(session: HostSession, image_name: str) -> list[str]:
    """The files of an image in a host's datastore and repository, without its XML."""
    profile, node = session.vmhost.profile, session.node
    if profile is None:
        return []
    found: list[str] = []
    for folder in (profile.datastore, profile.repository):
        if folder is None or node.stat(folder) is None:
            continue
        master = datastore.find_master(node, folder, image_name)
        found += [master] if master else []
        found += repository.belonging_files(node, folder, image_name)
    return found


def _strangers(context: Context) -> list[VMHost]:
    """VCL's hosts of other management nodes, which are not asked."""
    if context.database is None:
        return []
    known = {context.vmhost.name, *(session.name for session in context.other_hosts)}
    return [host for host in host_rows.list_vmhosts(context.database) if host.name not in known]


def _refuse_while_used(context: Context, image_name: str, files: Sequence[str]) -> None:
    for stranger in _strangers(context):
        if shares_folders(context.session.profile, stranger.profile):
            raise RefusedError(
                f"Image {image_name} was not deleted, because host {stranger.name} of another "
                "management node may use it and is not asked",
                "Set all_management_nodes = true under [inventory], or do it from that node",
            )
    disks = [path for path in files if not path.endswith(".xml")]
    # A split VMDK's descriptor stands on its parts, under whatever folder's name.
    own = {PurePosixPath(disk).name for disk in disks} if len(disks) > 1 else set()
    users: set[str] = set()
    try:
        for disk in disks:
            found = disk_users(context.session, context.other_hosts, disk)
            users.update(user for user in found if PurePosixPath(user).name not in own)
    except VcltuiError as error:
        raise RefusedError(
            f"Image {image_name} was not deleted, because {error.what}",
            error.hint,
        ) from error
    if users:
        raise RefusedError(
            f"Image {image_name} was not deleted, because these stand on it: "
            f"{', '.join(sorted(users))}",
            "Unload or reload those computers first",
        )
