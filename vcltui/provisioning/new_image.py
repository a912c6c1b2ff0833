"""The inventory's part in a new image: hidden or absent until its files are whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vcltui.models.inventory import ImageRevision
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.operations.undo import DiscardRevision, KeepFinished
from vcltui.provisioning.context import Context
from vcltui.provisioning.sizes import size_mib
from vcltui.vcldb import images as image_rows


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image revision that an operation makes; `master` is its path on the host.

    `based_on` is the image it was captured from. `reserved` holds the row from the reserving
    step on.
    """

    name: str
    prettyname: str
    image_id: int
    master: str
    based_on: ImageRevision
    reserved: list[ImageRevision] = field(default_factory=list)


def reserve_step(context: Context, image: NewImage) -> Step:
    """A step that writes the rows of the new image as deleted, so that nobody uses it yet."""

    def reserve(step: StepContext) -> str:
        row = image_rows.reserve_capture(
            context.inventory,
            image_name=image.name,
            prettyname=image.prettyname,
            image_id=image.image_id,
            based_on=image.based_on,
            owner=image.based_on.owner,
            # A row that nothing recorded would keep its names taken for good.
            before_commit=lambda reserved: step.will(
                DiscardRevision(context.vmhost.name, image.name, reserved.revision_id)
            ),
        )
        image.reserved.append(row)
        return f"image id {row.image_id}, revision id {row.revision_id}"

    return Step(
        name="reserve-image",
        title=f"Reserve the name {image.name}",
        run=reserve,
        calls=(f"inventory: new image {image.name} (id {image.image_id}): deleted = 1",),
    )


def finish_step(context: Context, image: NewImage) -> Step:
    """A step that makes the image live; from its end on, nothing of it is undone."""

    def finish(step: StepContext) -> None:
        revision_id = image.reserved[0].revision_id
        step.will(KeepFinished(context.vmhost.name, image.name, revision_id))
        image_rows.finish_capture(
            context.inventory,
            revision_id,
            size_mib=master_size_mib(context, image.master),
            image_type=context.session.profile.datastore_image_type,
        )

    return Step(
        name="finish-image",
        title=f"Make {image.name} available",
        run=finish,
        calls=(f"inventory: image {image.name}: deleted = 0",),
    )


def master_size_mib(context: Context, master: str) -> int:
    """What a master takes on disk, in MiB, as VCL's image.size counts it."""
    disk = context.session.driver.get_virtual_disk_file_info(master)
    return size_mib(disk.disk_size_bytes)


def image_operation(
    context: Context, operation_id: str, kind: str, image_name: str, steps: Sequence[Step]
) -> Operation:
    """An operation about an image on the context's host."""
    return Operation(
        id=operation_id,
        kind=f"image-{kind}",
        target=image_name,
        host=context.vmhost.name,
        title=f"{kind.capitalize()} image {image_name}",
        steps=tuple(steps),
        details={"image": image_name},
    )
