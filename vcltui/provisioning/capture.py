"""Captures the image that is loaded on a computer (specification: capture)."""

from __future__ import annotations

from vcltui.errors import RefusedError
from vcltui.models import names
from vcltui.models.inventory import NO_IMAGE
from vcltui.operations.step import Operation, Step
from vcltui.provisioning.active import active_domain
from vcltui.provisioning.capture_steps import (
    CaptureJob,
    check_is_new,
    check_room,
    copying_steps,
    deleting_steps,
    new_master,
    preparing_steps,
    require_on,
)
from vcltui.provisioning.captured_disk import captured_disk
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.new_image import NewImage, finish_step, reserve_step
from vcltui.vcldb import images as image_rows


def plan_capture(context: Context, prettyname: str) -> Operation:
    """Plan the capture of what is loaded on the computer as a new image.

    The new image's first revision is 1. Steps follow the specification, with two changes that
    lose nothing: the rows of the new image are hidden (deleted) until its files are whole, and
    the domain is left off but kept unless the request's state is `image`.

    Raises NotFoundError, UsageError; ConflictError where the name or a file of it is there;
    RefusedError where nothing is loaded, the domain is not on, its disk is unsafe or another at
    its next start, or the copies would find no room, as far as that can be told while the guest
    is still writing.
    """
    names.check_pretty_name(prettyname)
    domain = active_domain(context)
    require_on(context, domain)
    if context.image.name == NO_IMAGE:
        raise RefusedError(
            f"The inventory knows of no image on {context.computer.name}, so nothing tells what "
            f"system {domain.name} has",
            "Load an image onto it, or import its disk with `vcltui image import`",
        )
    image_id = image_rows.next_image_id(context.inventory)
    name = names.captured_image_name(context.image.os.name, prettyname, image_id, 1)
    image = NewImage(
        name=name,
        prettyname=prettyname,
        image_id=image_id,
        master=new_master(context, name),
        based_on=context.image,
    )
    check_is_new(context, name)
    image_rows.require_free_name(context.inventory, name, prettyname)
    disk = captured_disk(context, domain)
    room_left = check_room(context, disk, name)
    job = CaptureJob(
        context=context,
        operation_id=new_operation_id(),
        disk=disk,
        image_name=name,
        master=image.master,
    )
    return Operation(
        id=job.operation_id,
        kind="capture",
        target=context.computer.name,
        host=context.vmhost.name,
        title=f"Capture {context.computer.name} as {name}",
        steps=_steps(job, image),
        details={"image": name, "domain": domain.name, "prettyname": prettyname},
        checked=(
            f"{domain.name} is on",
            f"no image is named {name} or {prettyname!r} yet, and no file of that name is there",
            f"the disk {disk.path} stands on nothing outside the allowed folders",
            *room_left,
        ),
    )


def _steps(job: CaptureJob, image: NewImage) -> tuple[Step, ...]:
    context = job.context
    request = context.assigned().request
    ends_the_domain = request is not None and request.state == "image"
    return (
        reserve_step(context, image),
        *preparing_steps(job),
        *copying_steps(job),
        finish_step(context, image),
        *(deleting_steps(job) if ends_the_domain else ()),
    )
