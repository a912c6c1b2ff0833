"""The steps that put an image into a host's datastore and repository."""

from __future__ import annotations

from vcltui.disks import datastore, repository
from vcltui.disks.formats import format_of_type
from vcltui.operations.step import Step
from vcltui.provisioning.context import Context
from vcltui.provisioning.locking import ReservationId, locker
from vcltui.provisioning.publishing import copy_step, text_step


def master_step(
    context: Context,
    operation_id: str,
    image_name: str,
    sources: tuple[str, ...],
    master: str,
    *,
    source_format: str | None = None,
    reservation: ReservationId | None = None,
    keep: bool = False,
) -> Step:
    """A step that copies `sources` to the new master image at `master`.

    `reservation` is as in `locker`, `source_format` and `keep` as in copy_step.
    """
    profile = context.session.profile
    return copy_step(
        context,
        operation_id,
        name="copy-to-master",
        title=f"Copy the disk to {master}",
        sources=sources,
        destination=master,
        disk_format=format_of_type(profile.datastore_image_type),
        lock=locker(context, "master", profile.datastore, image_name, reservation=reservation),
        source_format=source_format,
        keep=keep,
    )


def master_xml_step(
    context: Context, operation_id: str, image_name: str, xml: str, *, keep: bool = False
) -> Step:
    """A step that writes the reference XML beside the master; `keep` as in text_step."""
    return text_step(
        context,
        operation_id,
        name="save-xml",
        title="Save the domain XML beside the master",
        path=datastore.master_xml_path(context.session.profile, image_name),
        text=xml,
        keep=keep,
    )


def repository_steps(
    context: Context,
    operation_id: str,
    image_name: str,
    master: str,
    xml: str | None,
    *,
    new_master: bool = False,
    last: bool = False,
    reservation: ReservationId | None = None,
    known_image: str = "",
) -> tuple[Step, ...]:
    """Steps that copy the master and its XML to the repository; empty where there is none.

    `new_master` tells that an earlier step makes the master, whatever is there now.
    `last` is as in copy_step, `reservation` as in `locker`, `known_image` as in text_step.
    """
    profile = context.session.profile
    if profile.repository is None:
        return ()
    path = repository.image_path(profile, image_name)
    is_made = new_master or context.session.node.stat(master) is None
    copy = copy_step(
        context,
        operation_id,
        name="copy-to-repository",
        title=f"Copy the image to {path}",
        sources=(master,),
        destination=path,
        disk_format=format_of_type(profile.repository_image_type),
        lock=locker(context, "repository", profile.repository, image_name, reservation=reservation),
        for_repository=True,
        new_folder=True,
        last=last,
        source_format=format_of_type(profile.datastore_image_type) if is_made else None,
        source_is_made=is_made,
    )
    if xml is None:
        return (copy,)
    save = text_step(
        context,
        operation_id,
        name="save-repository-xml",
        title="Save the domain XML in the repository",
        path=repository.xml_path(profile, image_name),
        text=xml,
        new_folder=True,
        known_image=known_image,
    )
    # The XML first, since with the disk the image is there and may be retrieved.
    return (save, copy)
