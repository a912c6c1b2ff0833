"""Takes a base capture that failed up again, or takes it out of the way."""

from __future__ import annotations

from vcltui.errors import RefusedError
from vcltui.hypervisor import domains
from vcltui.models.basecapture import CaptureState, CaptureWay
from vcltui.models.basenames import final_image_name
from vcltui.models.domain import Domain, PowerState
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.active import active_domain
from vcltui.provisioning.basecapture.aside import set_aside_steps
from vcltui.provisioning.basecapture.checks import with_system
from vcltui.provisioning.basecapture.steps import BaseImage, base_steps, failure
from vcltui.provisioning.capture_steps import (
    CaptureJob,
    check_room,
    new_master,
)
from vcltui.provisioning.captured_disk import captured_disk
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.guests import wait_for_guest
from vcltui.vcldb.basecapture import restart as baserestart

KIND = "restart-capture"


def plan_base_restart(context: Context, request_id: int, way: CaptureWay) -> Operation:
    """Plan to take up a failed capture of the context's computer, by this core or by vcld.

    Files that it left are put aside by renaming, the domain is powered on and its guest waited
    for; then the request is handed back to vcld, or this core captures. Fails as a first capture
    does. Raises RefusedError where the request is no failed capture of this computer, its image is
    live, or a left file is in use; NotFoundError.
    """

    def still_failed() -> CaptureState:
        return baserestart.check_restart(context.inventory, request_id, way)

    found = still_failed()
    _check_computer(context, found)
    about = with_system(context, found.system)
    name = final_image_name(found.system.name, found.prettyname, found.image_id, found.revision)
    operation_id = new_operation_id()
    domain = active_domain(about)
    disk = captured_disk(about, domain)
    check_room(about, disk, name)
    job = CaptureJob(
        context=about,
        operation_id=operation_id,
        disk=disk,
        image_name=name,
        master=new_master(about, name),
    )
    image = BaseImage(name=name, prettyname=found.prettyname)
    own_steps = base_steps(job, image) if way is CaptureWay.CORE else ()
    return Operation(
        id=operation_id,
        kind=KIND,
        target=context.computer.name,
        host=context.vmhost.name,
        title=f"Capture {context.computer.name} again as {name} (request {request_id})",
        steps=(
            *set_aside_steps(about, name, still_failed),
            _power_on_step(about, domain),
            _take_up_step(job, image, found, way),
            *own_steps,
        ),
        details={
            "image": name,
            "domain": domain.name,
            "prettyname": found.prettyname,
            "request": str(request_id),
            "way": way.value,
        },
    )


def plan_base_discard(context: Context, request_id: int) -> Operation:
    """Plan to give a failed capture up: its files put aside, its request deleted, its name freed.

    The computer becomes available; its domain is kept as it is. Raises RefusedError where the
    request is no capture of a base image that failed or waits, or as plan_base_restart;
    NotFoundError.
    """

    def still_failed() -> CaptureState:
        return baserestart.check_discard(context.inventory, request_id)

    found = still_failed()
    _check_computer(context, found)
    name = final_image_name(found.system.name, found.prettyname, found.image_id, found.revision)

    def discard(_step: StepContext) -> str:
        baserestart.delete_failed_capture(context.inventory, request_id)
        return f"the name {found.prettyname!r} is free again"

    step = Step(
        name="delete-request",
        title=f"Delete request {request_id} and free the name {found.prettyname!r}",
        run=discard,
        calls=(
            f"inventory: delete request {request_id} where it is {found.state}/{found.laststate}",
            f"inventory: image {found.image_id}: its names get the time as a suffix",
            f"inventory: computer {context.computer.name}: available",
        ),
    )
    return Operation(
        id=new_operation_id(),
        kind="discard-capture",
        target=context.computer.name,
        host=context.vmhost.name,
        title=f"Give up the capture of {context.computer.name} (request {request_id})",
        steps=(*set_aside_steps(context, name, still_failed), step),
        details={"image": name, "request": str(request_id)},
    )


def _check_computer(context: Context, found: CaptureState) -> None:
    if found.computer_id != context.computer.id:
        raise RefusedError(
            f"Request {found.request_id} is about {found.computer}, not {context.computer.name}",
            "Name that computer",
        )


def _power_on_step(context: Context, domain: Domain) -> Step:
    def power_on(step: StepContext) -> str:
        connection = context.session.connection
        found = domains.find_by_uuid(connection, domain.uuid)
        was_on = found is not None and found.power is PowerState.ON
        if not was_on:
            domains.start(connection, domain.uuid)
        guest = wait_for_guest(context, domain.uuid, step.cancel, new_host_key=False)
        return f"{'was on' if was_on else 'powered on'}, answers ({guest.describe()})"

    return Step(
        name="power-on",
        title=f"Power on {domain.name} and wait for its guest",
        run=power_on,
        calls=(f"virDomainCreate({domain.name}) if it is off", "guest: answers"),
    )


def _take_up_step(job: CaptureJob, image: BaseImage, found: CaptureState, way: CaptureWay) -> Step:
    database = job.context.inventory

    def take_up(step: StepContext) -> str:
        if way is CaptureWay.VCLD:
            baserestart.restart_base_capture(database, found.request_id, way)
            return f"vcld takes request {found.request_id} up"
        restarted = baserestart.restart_base_capture(
            database,
            found.request_id,
            way,
            worker=f"(operation {job.operation_id})",
            before_commit=lambda now: step.will(
                failure(job, now.request_id, now.image_id, lastcheck=now.lastcheck)
            ),
        )
        image.entered(restarted)
        return f"request {found.request_id} is pending/image, vcld leaves it alone"

    state = (
        f"{found.laststate}/maintenance" if way is CaptureWay.VCLD else f"pending/{found.laststate}"
    )
    return Step(
        name="take-up",
        title=f"Take up request {found.request_id}",
        run=take_up,
        calls=(
            f"inventory: request {found.request_id}: {state}, where it is "
            f"maintenance/{found.laststate}",
            f"inventory: computer {job.context.computer.name}: inuse",
        ),
    )
