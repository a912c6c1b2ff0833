"""Deletes an image from a host, when nothing stands on it and everyone who might could be asked."""

from __future__ import annotations

from vcltui.disks import datastore, repository, usage
from vcltui.domxml.parse import parse_domain
from vcltui.errors import NotFoundError, RefusedError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.names import check_name
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.new_image import image_operation
from vcltui.provisioning.publishing import locker
from vcltui.provisioning.session import HostSession
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
    kind = "repository" if from_repository else "master"
    lock = locker(context, kind, _lock_home(context, from_repository=from_repository), image_name)

    def delete(step: StepContext) -> None:
        with lock(step.cancel):
            if not from_repository:
                _refuse_while_used(context, image_name, files[0])
            for path in files:
                context.session.node.remove_file(path)
            if home.endswith(f"/{image_name}"):
                context.session.node.remove_empty_directory(home)

    step = Step(
        name="delete-image",
        title=f"Delete {image_name} from {home}",
        run=delete,
        calls=tuple(f"unlink {path}" for path in files),
    )
    steps = (*(_mark_steps(context, image_name) if last else ()), step)
    return image_operation(context, new_operation_id(), "delete", image_name, steps)


def _lock_home(context: Context, *, from_repository: bool) -> str:
    profile = context.session.profile
    return (profile.repository or "") if from_repository else profile.datastore


def _files(context: Context, image_name: str, *, from_repository: bool) -> tuple[str, ...]:
    """The image's disk files, then its XML."""
    node = context.session.node
    if from_repository:
        disks = paths.repository_files(context, image_name)
        xml = f"{disks[0].rsplit('/', 1)[0]}/{image_name}.xml" if disks else ""
    else:
        disks = tuple(filter(None, (paths.existing_master(context, image_name),)))
        xml = datastore.master_xml_path(context.session.profile, image_name)
    if not disks:
        place = "repository" if from_repository else "datastore"
        raise NotFoundError(
            f"Image {image_name} is not in the {place} of host {context.vmhost.name}",
            "List the images there with `vcltui images`",
        )
    return (*disks, xml) if xml and node.stat(xml) is not None else disks


def _is_last_copy(context: Context, image_name: str, *, from_repository: bool) -> bool:
    """Whether no host has another copy; False too where one can't be asked."""
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


def _refuse_while_used(context: Context, image_name: str, master: str) -> None:
    users = list(_users_on(context.session, context, master))
    for session in context.other_hosts:
        profile = session.vmhost.profile
        if profile is not None and profile.datastore != context.session.profile.datastore:
            continue
        try:
            users += _users_on(session, context, master)
        except VcltuiError as error:
            raise RefusedError(
                f"Image {image_name} was not deleted, because host {session.name} may use it and "
                f"can't be asked: {error.what}",
                "Try again when that host answers",
            ) from error
    if users:
        raise RefusedError(
            f"Image {image_name} was not deleted, because these stand on it: "
            f"{', '.join(sorted(set(users)))}",
            "Unload or reload those computers first",
        )


def _users_on(session: HostSession, context: Context, master: str) -> list[str]:
    """Disks that stand on the master and domains that name it, as one host sees them."""
    found = list(usage.find_users(session.node, paths.allowed_directories(context), master))
    for domain in domains.list_domains(session.connection):
        definition = parse_domain(domains.domain_xml(session.connection, domain.uuid))
        if master in {disk.source for disk in definition.disks}:
            found.append(f"domain {domain.name} on {session.name}")
    return found


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
