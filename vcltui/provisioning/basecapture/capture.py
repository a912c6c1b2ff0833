"""Captures a base image: a guest that somebody installed by hand and no image stands for yet.

The guest of a Linux is prepared as for any capture (see `guests.linux`): its own hook
vcl_pre_capture, then the clean-up of keys, logs, leases and net rules, keeping what
~/.vclcontrol/vcl_exclude_list names. What VCL's own daemon also does there is not done: it adds
no users and removes none, sets no password of root, writes no rc.local and no currentimage.txt,
leaves firewall and network configuration as they are, and keeps the host keys. Where that
matters, the hook has to do it, or the capture is handed over to vcld.
"""

from __future__ import annotations

from dataclasses import replace

from vcltui.errors import RefusedError
from vcltui.models.basecapture import BaseCaptureRequest, CaptureWay, RowChange
from vcltui.models.basenames import final_image_name
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.active import active_domain
from vcltui.provisioning.basecapture.checks import guest_answers, with_system
from vcltui.provisioning.basecapture.steps import BaseImage, base_steps, failure
from vcltui.provisioning.capture_steps import (
    CaptureJob,
    check_is_new,
    check_room,
    new_master,
    require_on,
)
from vcltui.provisioning.captured_disk import captured_disk
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.vcldb import images as image_rows
from vcltui.vcldb.basecapture import capture as basecapture
from vcltui.vcldb.basecapture import checks as basechecks

KIND = "capture-base"


def plan_base_capture(context: Context, request: BaseCaptureRequest) -> Operation:
    """Plan the capture of the computer's guest as a base image, by this core or by vcld.

    By vcld it is one step that enters the rows; `base_watch.watch` then tells how it goes. By this
    core everything follows: the guest is prepared, shut down and copied, the image made live, and
    the domain deleted, as vcld deletes it. When a step fails or is cancelled, files are removed
    and the domain is on again, and the rows stay with the request in maintenance:
    `base_restart.plan_base_restart` takes it up again. The operation's `details` get the ids of
    the rows when they are entered.

    Raises the error of the first check that does not hold (NotFoundError, UsageError,
    RefusedError, ConflictError), GuestError where the guest does not answer, and what the host
    raises.
    """
    wanted = replace(request, computer=context.computer.hostname)
    if wanted.way is CaptureWay.VCLD:
        return _plan_hand_over(context, wanted)
    return _plan_own(context, wanted)


def _plan_hand_over(context: Context, wanted: BaseCaptureRequest) -> Operation:
    operation_id, details = new_operation_id(), {"prettyname": wanted.prettyname, "way": "vcld"}
    changes, warnings = basecapture.preview(context.inventory, wanted)

    def enter(_step: StepContext) -> str:
        rows = basecapture.write_base_capture(context.inventory, wanted)
        details.update(image=rows.image_name, request=str(rows.request_id))
        return f"request {rows.request_id}, image id {rows.image_id}"

    return Operation(
        id=operation_id,
        kind=KIND,
        target=context.computer.name,
        host=context.vmhost.name,
        title=f"Hand the capture of {context.computer.name} as {wanted.prettyname!r} to vcld",
        steps=(
            Step(
                name="enter-rows",
                title="Enter the image and the request for vcld",
                run=enter,
                calls=(*row_lines(changes), *warnings),
            ),
        ),
        details=details,
    )


def _plan_own(context: Context, wanted: BaseCaptureRequest) -> Operation:
    database = context.inventory
    operation_id = new_operation_id()
    worker = f"(operation {operation_id})"
    image_id = image_rows.next_image_id(database)
    changes, warnings = basecapture.preview(database, wanted, image_id=image_id, worker=worker)
    system = basechecks.system_of(database, wanted)
    about = with_system(context, system)
    name = final_image_name(system.name, wanted.prettyname, image_id)
    job = plan_job(about, operation_id, name)
    image = BaseImage(name=name, prettyname=wanted.prettyname)

    def enter(step: StepContext) -> str:
        rows = basecapture.write_base_capture(
            database,
            wanted,
            image_id=image_id,
            worker=worker,
            before_commit=lambda rows: step.will(
                failure(job, rows.request_id, rows.image_id, lastcheck="")
            ),
        )
        image.entered(rows)
        details.update(request=str(rows.request_id))
        return f"request {rows.request_id}, image id {rows.image_id}"

    enter_step = Step(
        name="enter-rows",
        title=f"Enter the image {wanted.prettyname!r} and its request",
        run=enter,
        calls=(*row_lines(changes), *warnings),
    )
    details = {
        "image": name,
        "domain": job.domain.name,
        "prettyname": wanted.prettyname,
        "way": "core",
    }
    return Operation(
        id=operation_id,
        kind=KIND,
        target=context.computer.name,
        host=context.vmhost.name,
        title=f"Capture {context.computer.name} as base image {name}",
        steps=(enter_step, *base_steps(job, image)),
        details=details,
    )


def plan_job(context: Context, operation_id: str, name: str) -> CaptureJob:
    """What a capture of the computer's guest as `name` works with; the host is asked.

    Raises RefusedError where the domain is not on, its disk is unsafe or another at its next
    start, or there is no room, ConflictError where files of the name are there, GuestError.
    """
    domain = active_domain(context)
    require_on(context, domain)
    guest_answers(context, domain)
    check_is_new(context, name)
    disk = captured_disk(context, domain)
    if disk.path.startswith(f"{context.session.profile.datastore}/{name}."):
        raise RefusedError(f"The disk {disk.path} has the name that the image would get")
    check_room(context, disk, name)
    return CaptureJob(
        context=context,
        operation_id=operation_id,
        disk=disk,
        image_name=name,
        master=new_master(context, name),
    )


def row_lines(changes: tuple[RowChange, ...]) -> tuple[str, ...]:
    """Rows in lines for people: `inventory: insert image: name = ..., ...`."""
    return tuple(
        f"inventory: {change.action} {change.table}: "
        + ", ".join(f"{name} = {value}" for name, value in change.columns)
        for change in changes
    )
