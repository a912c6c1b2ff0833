"""The actions on images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcltui.errors import UsageError
from vcltui.provisioning import image_copies, image_deletion, image_import, paths
from vcltui.runtime.actions import when
from vcltui.runtime.actions.model import (
    Action,
    Arguments,
    Change,
    Danger,
    Input,
    Noun,
    Subject,
    told,
)
from vcltui.runtime.actions.views import view

if TYPE_CHECKING:
    from vcltui.operations.step import Operation
    from vcltui.provisioning.context import Context
    from vcltui.runtime.targets import Targets


def _to_repository(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
    image = _image(subject)
    return Change(
        targets.host(subject.host),
        subject.lock_name,
        lambda context: image_copies.plan_copy_to_repository(context, image),
    )


def _retrieve(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
    image = _image(subject)
    return Change(
        targets.host(subject.host),
        subject.lock_name,
        lambda context: image_copies.plan_retrieve(context, image),
    )


def _convert(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    _image(subject)
    destination, disk_format = told(arguments, Input.DESTINATION), told(arguments, Input.FORMAT)

    def planner(context: Context) -> Operation:
        first, *more = _files(context, subject)
        return image_copies.plan_convert(
            context, first, destination, disk_format, further_parts=tuple(more)
        )

    return Change(targets.host(subject.host), f"convert-{destination}", planner)


def _files(context: Context, subject: Subject) -> tuple[str, ...]:
    """The image's files: one, or in a repository all parts of a split disk, in order."""
    if subject.location == "repository":
        files = paths.repository_files(context, subject.image)
        if subject.path in files:
            return files
    return (subject.path,)


def _import(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    lines = (line.strip() for line in told(arguments, Input.FILES).split("\n"))
    name = told(arguments, Input.IMAGE_NAME)
    request = image_import.ImportRequest(sources=tuple(filter(None, lines)), prettyname=name)
    return Change(
        targets.host(subject.host),
        f"import-{name}",
        lambda context: image_import.plan_import(context, request),
    )


def _delete(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
    image, from_repository = _image(subject), subject.location == "repository"
    return Change(
        targets.host(subject.host),
        subject.lock_name,
        lambda context: image_deletion.plan_delete_image(
            context, image, from_repository=from_repository
        ),
    )


def _image(subject: Subject) -> str:
    if subject.image is None:
        raise UsageError("No image is chosen", "Choose one first")
    return subject.image


IMAGES = (
    view(
        "image_info", "i", "Info",
        "What the image's file is, what it stands on and what stands on it",
        when.has_image, noun=Noun.IMAGE, in_footer=True,
    ),
    view(
        "image_check", "v", "Check", "Check the image's file for damage; nothing is repaired",
        when.has_image, noun=Noun.IMAGE, needs_answer=True, in_footer=True,
    ),
    Action(
        "image_to_repository", "w", "To repository",
        "Copy the image from the datastore to the repository",
        Noun.IMAGE, Danger.CHANGES, when.is_master, _to_repository,
    ),
    Action(
        "image_retrieve", "r", "Retrieve", "Copy the image from the repository to the datastore",
        Noun.IMAGE, Danger.CHANGES, when.is_in_repository, _retrieve,
    ),
    Action(
        "image_convert", "f", "Convert", "Convert the image's disk to a new file on its host",
        Noun.IMAGE, Danger.CHANGES, when.has_image, _convert, (Input.FORMAT, Input.DESTINATION),
        bulk=False, in_footer=False,
    ),
    Action(
        "image_import", "a", "Import",
        "Import disk files of the host as a new image; several are the parts of one disk",
        Noun.IMAGE, Danger.CHANGES, when.has_host, _import, (Input.FILES, Input.IMAGE_NAME),
        bulk=False, in_footer=False,
    ),
    Action(
        "image_delete", "D", "Delete image",
        "Delete the image's files from the datastore, or from the repository",
        Noun.IMAGE, Danger.DESTROYS, when.is_deletable_image, _delete,
    ),
)  # fmt: skip
"""The images of a host."""
