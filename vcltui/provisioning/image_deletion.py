"""Deletes an image from a host, when nothing stands on it and everyone who might could be asked."""

from __future__ import annotations

from vcltui.disks import datastore, repository
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


def plan_delete_image(
    context: Context, image_name: str, *, from_repository: bool = False
) -> Operation:
    """Plan the deletion of a master and its XML, or of the repository's copy.

    The inventory's revision is marked deleted with the last copy of the image. Raises
    NotFoundError, and RefusedError with the list of users while anything stands on the image
    or a host that shares the datastore can't be asked.
    """
    check_name("image", image_name)
    files = _files(context, image_name, from_repository=from_repository)
    if not from_repository:
        _refuse_while_used(context, image_name, files[0])
    last = _is_last_copy(context, image_name, from_repository=from_repository)
    home = files[0].rsplit("/", 1)[0]
    lock = locker(
        context,
        "repository" if from_repository else "master",
        _lock_home(context, from_repository=from_repository),
        image_name,
    )

    def delete(step: StepContext) -> str | None:
        with lock(step.cancel) as held:
            if not from_repository:
                _refuse_while_used(context, image_name, files[0])
            for path in files:
                context.session.node.remove_file(path)
            if home.endswith(f"/{image_name}"):
                context.session.node.remove_empty_directory(home)
        return held.note

    step = Step(
        name="delete-image",
        title=f"Delete {image_name} from {home}",
        run=delete,
        calls=tuple(f"unlink {path}" for path in files),
        loses=files,
    )
    steps = (*(_mark_steps(context, image_name) if last else ()), step)
    return image_operation(context, new_operation_id(), "delete", image_name, steps)


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


def _is_last_copy(context: Context, image_name: str, *, from_repository: bool) -> bool:
    """Whether no host has another copy; False too where one can't be asked."""
    if _strangers(context):
        return False
    here = context.session.profile
    places = [(context.session, here.datastore, here.repository)]
    for session in context.other_hosts:
        profile = session.vmhost.profile
        if profile is not None:
            places.append((session, profile.datastore, profile.repository))
    deleted = here.repository if from_repository else here.datastore
    try:
        return not any(
            directory is not None and directory != deleted and _has(session, directory, image_name)
            for session, *directories in places
            for directory in directories
        )
    except VcltuiError:
        return False


def _has(session: HostSession, directory: str, image_name: str) -> bool:
    node = session.node
    if node.stat(directory) is None:
        return False
    found = datastore.find_master(node, directory, image_name) is not None
    return found or bool(repository.find_image_files(node, directory, image_name))


def _strangers(context: Context) -> list[VMHost]:
    """VCL's hosts of other management nodes, which are not asked."""
    if context.database is None:
        return []
    known = {context.vmhost.name, *(session.name for session in context.other_hosts)}
    return [host for host in host_rows.list_vmhosts(context.database) if host.name not in known]


def _refuse_while_used(context: Context, image_name: str, master: str) -> None:
    for stranger in _strangers(context):
        if shares_folders(context.session.profile, stranger.profile):
            raise RefusedError(
                f"Image {image_name} was not deleted, because host {stranger.name} of another "
                "management node may use it and is not asked",
                "Set all_management_nodes = true under [inventory], or do it from that node",
            )
    try:
        users = disk_users(context.session, context.other_hosts, master)
    except VcltuiError as error:
        raise RefusedError(
            f"Image {image_name} was not deleted, because {error.what}",
            error.hint,
        ) from error
    if users:
        raise RefusedError(
            f"Image {image_name} was not deleted, because these stand on it: {', '.join(users)}",
            "Unload or reload those computers first",
        )


def _mark_steps(context: Context, image_name: str) -> tuple[Step, ...]:
    """Mark the revision deleted, before its last file goes: the inventory may refuse it."""
    database = context.database
    if database is None:
        return ()
    try:
        revision = image_rows.get_revision(database, image_name)
    except NotFoundError:
        return ()

    def mark(_step: StepContext) -> None:
        image_rows.mark_deleted(database, revision.revision_id)

    return (
        Step(
            name="update-inventory",
            title=f"Mark {image_name} deleted in the inventory",
            run=mark,
            calls=(f"inventory: image {image_name}: deleted = 1",),
        ),
    )
