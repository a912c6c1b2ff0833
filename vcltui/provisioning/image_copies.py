"""Copies images between repository and datastore, and converts disk files."""

from __future__ import annotations

from vcltui.disks import datastore
from vcltui.disks.formats import (
    DISK_FORMATS,
    require_fitting_content,
    require_fitting_name,
)
from vcltui.disks.safety import check_disk_is_safe
from vcltui.errors import ConflictError, NotFoundError, UsageError
from vcltui.models.names import check_name
from vcltui.operations.step import Operation
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.locking import locker
from vcltui.provisioning.new_image import image_operation
from vcltui.provisioning.publishing import copy_step
from vcltui.provisioning.storing import master_step, master_xml_step, repository_steps


def plan_retrieve(context: Context, image_name: str) -> Operation:
    """Plan the copy of an image from the repository to the datastore (retrieve_image).

    Raises ConflictError where the datastore has it, NotFoundError where the repository has not.
    """
    check_name("image", image_name)
    profile, node = context.session.profile, context.session.node
    existing = paths.existing_master(context, image_name)
    if existing is not None:
        raise ConflictError(
            f"Image {image_name} is already in the datastore of host {context.vmhost.name}: "
            f"{existing}",
            "There is nothing to do",
        )
    files = paths.repository_files(context, image_name)
    if not files:
        raise NotFoundError(
            f"Image {image_name} is not in the repository of host {context.vmhost.name} "
            f"({profile.repository or 'it has none'})",
            "Copy its files there first, or import it with `vcltui image import`",
        )
    operation_id = new_operation_id()
    source_xml = f"{files[0].rsplit('/', 1)[0]}/{image_name}.xml"
    has_xml = node.stat(datastore.master_xml_path(profile, image_name)) is not None
    steps = []
    # Kept once they are whole, since a load may stand on them from then on; the XML first, so
    # that no master is ever there without it.
    if not has_xml and node.stat(source_xml) is not None:
        xml = node.read_text(source_xml)
        steps.append(master_xml_step(context, operation_id, image_name, xml, keep=True))
    master = paths.master_path(context, image_name)
    steps.append(master_step(context, operation_id, image_name, files, master, keep=True))
    return image_operation(context, operation_id, "retrieve", image_name, steps)


def plan_copy_to_repository(context: Context, image_name: str) -> Operation:
    """Plan the copy of a master to the repository. Raises ConflictError, NotFoundError."""
    check_name("image", image_name)
    profile, node = context.session.profile, context.session.node
    master = paths.existing_master(context, image_name)
    if master is None:
        raise NotFoundError(
            f"Image {image_name} is not in the datastore of host {context.vmhost.name}",
            "Retrieve or import it first",
        )
    if profile.repository is None:
        raise NotFoundError(
            f"Profile {profile.name} of host {context.vmhost.name} has no repository",
            "Give the profile a repository path",
        )
    there = paths.repository_files(context, image_name)
    if there:
        raise ConflictError(
            f"Image {image_name} is already in the repository: {', '.join(there)}",
            "There is nothing to do",
        )
    source_xml = datastore.master_xml_path(profile, image_name)
    xml = node.read_text(source_xml) if node.stat(source_xml) is not None else None
    operation_id = new_operation_id()
    steps = repository_steps(
        context, operation_id, image_name, master, xml, last=True, known_image=image_name
    )
    return image_operation(context, operation_id, "copy", image_name, steps)


def plan_convert(
    context: Context,
    source: str,
    destination: str,
    disk_format: str,
    *,
    further_parts: tuple[str, ...] = (),
) -> Operation:
    """Plan the conversion of a disk file on the host into a new file of another format.

    `further_parts` are the other parts of a split disk, in order. Raises UsageError for a path
    that is not absolute or a format that is none, ConflictError where the new file exists,
    NotFoundError where its folder is missing, RefusedError for an unsafe disk, and where the name
    of the disk or of the new file says another format than what it is.
    """
    node = context.session.node
    for path in (source, *further_parts, destination):
        if not path.startswith("/"):
            raise UsageError(f"{path!r} is no absolute path", "Give the whole path on the host")
    if disk_format not in DISK_FORMATS:
        raise UsageError(
            f"{disk_format!r} is no disk format", f"Possible are {', '.join(sorted(DISK_FORMATS))}"
        )
    require_fitting_name(destination, disk_format)
    home = destination.rsplit("/", 1)[0] or "/"
    if node.stat(home) is None:
        raise NotFoundError(
            f"There is no folder {home} on host {context.vmhost.name}", "Make it first"
        )
    if not further_parts:
        require_fitting_content(node, source)
        check_disk_is_safe(node, source, paths.allowed_directories(context))
    if node.stat(destination) is not None:
        raise ConflictError(f"{destination} exists already", "Choose another name")
    operation_id = new_operation_id()
    step = copy_step(
        context,
        operation_id,
        name="convert",
        title=f"Convert {source} to {destination}",
        sources=(source, *further_parts),
        destination=destination,
        disk_format=disk_format,
        lock=locker(context, "master", home, "convert"),
        last=True,
    )
    return image_operation(context, operation_id, "convert", destination, [step])
