"""Captures the image that is loaded on a computer (specification: capture)."""

from __future__ import annotations

from dataclasses import dataclass

from vcltui.disks import datastore
from vcltui.disks.safety import check_disk_is_safe
from vcltui.domxml.parse import parse_domain
from vcltui.errors import ConflictError, GuestError, RefusedError
from vcltui.hypervisor import domains
from vcltui.models import names
from vcltui.models.domain import Domain, PowerState
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.operations.undo import StartDomain
from vcltui.provisioning import deletion, paths
from vcltui.provisioning.active import active_domain
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.guests import wait_for_guest
from vcltui.provisioning.new_image import NewImage, finish_step, reserve_step
from vcltui.provisioning.storing import master_step, master_xml_step, repository_steps
from vcltui.vcldb import images as image_rows

_ANSWER_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Capture:
    """What one capture works with; `disk` is a path on the node."""

    context: Context
    operation_id: str
    domain: Domain
    disk: str
    image: NewImage
    domain_xml: str


def plan_capture(context: Context, prettyname: str) -> Operation:
    """Plan the capture of what is loaded on the computer as a new image.

    The new image's first revision is 1. Steps follow the specification, with two changes that
    lose nothing: the rows of the new image are hidden (deleted) until its files are whole, and
    the domain is left off but kept unless the request's state is `image`. Raises NotFoundError,
    RefusedError (domain not on, files or name already there, unsafe disk), UsageError.
    """
    names.check_pretty_name(prettyname)
    domain = active_domain(context)
    if domain.power is not PowerState.ON:
        raise RefusedError(
            f"Domain {domain.name} is {domain.power.value}, and a capture begins with the guest on",
            f"Power it on with `vcltui power on {context.computer.name}`",
        )
    xml = domains.domain_xml(context.session.connection, domain.uuid, inactive=True)
    image_id = image_rows.next_image_id(context.inventory)
    name = names.captured_image_name(context.image.os.name, prettyname, image_id, 1)
    profile = context.session.profile
    image = NewImage(
        name=name,
        prettyname=prettyname,
        image_id=image_id,
        master=f"{profile.datastore}/{name}.{profile.datastore_image_type}",
        based_on=context.image,
    )
    _check_is_new(context, name)
    capture = _Capture(
        context=context,
        operation_id=new_operation_id(),
        domain=domain,
        disk=_first_disk(context, domain, xml),
        image=image,
        domain_xml=xml,
    )
    return Operation(
        id=capture.operation_id,
        kind="capture",
        target=context.computer.name,
        host=context.vmhost.name,
        title=f"Capture {context.computer.name} as {name}",
        steps=_steps(capture),
        details={"image": name, "domain": domain.name, "prettyname": prettyname},
    )


def _first_disk(context: Context, domain: Domain, xml: str) -> str:
    disks = [
        disk.source for disk in parse_domain(xml).disks if disk.device == "disk" and disk.source
    ]
    if not disks:
        raise RefusedError(f"Domain {domain.name} has no disk that could be captured")
    check_disk_is_safe(context.session.node, disks[0], paths.allowed_directories(context))
    return disks[0]


def _check_is_new(context: Context, name: str) -> None:
    """Raise ConflictError where the master or a repository file of the new name exists."""
    there = [
        *filter(None, (paths.existing_master(context, name),)),
        *paths.repository_files(context, name),
    ]
    xml = datastore.master_xml_path(context.session.profile, name)
    if context.session.node.stat(xml) is not None:
        there.append(xml)
    if there:
        raise ConflictError(
            f"Files of image {name} are already on host {context.vmhost.name}: {', '.join(there)}",
            "Find out whose they are; they were not touched",
        )


def _steps(capture: _Capture) -> tuple[Step, ...]:
    context, image, operation_id = capture.context, capture.image, capture.operation_id
    request = context.assigned().request
    ends_the_domain = request is not None and request.state == "image"
    return (
        reserve_step(context, image),
        _pre_capture_step(capture),
        master_xml_step(context, operation_id, image.name, capture.domain_xml),
        _shutdown_step(capture),
        master_step(context, operation_id, image.name, (capture.disk,), image.master),
        *repository_steps(context, operation_id, image.name, image.master, capture.domain_xml),
        finish_step(context, image),
        *(deletion.delete_steps(context, [capture.domain]) if ends_the_domain else ()),
    )


def _pre_capture_step(capture: _Capture) -> Step:
    def prepare(step: StepContext) -> str:
        guest = wait_for_guest(
            capture.context,
            capture.domain.uuid,
            step.cancel,
            new_host_key=False,
            timeout_seconds=_ANSWER_TIMEOUT_SECONDS,
        )
        guest.pre_capture(step.cancel)
        guest.save_domain_xml(capture.image.name, capture.domain_xml)
        return f"prepared through {guest.describe()}"

    return Step(
        name="pre-capture",
        title=f"Prepare the guest of {capture.context.computer.name}",
        run=prepare,
        calls=("guest: pre_capture, left on", f"guest: write ~/{capture.image.name}.xml"),
    )


def _shutdown_step(capture: _Capture) -> Step:
    context, domain = capture.context, capture.domain
    seconds = context.vmhost.guests.shutdown_timeout_seconds

    def shut_down(step: StepContext) -> str:
        connection = context.session.connection
        try:
            wait_for_guest(
                context,
                domain.uuid,
                step.cancel,
                new_host_key=False,
                timeout_seconds=_ANSWER_TIMEOUT_SECONDS,
            ).shutdown()
            stopped = domains.wait_for_power(
                connection, domain.uuid, {PowerState.OFF}, seconds, step.cancel
            )
            reason = f"was still on after {seconds:.0f} s"
        except GuestError as error:
            stopped, reason = False, error.what
        if stopped:
            return "shut down by itself"
        domains.destroy(connection, domain.uuid)
        return f"powered off: the guest {reason}"

    return Step(
        name="shutdown",
        title=f"Shut down {domain.name}",
        run=shut_down,
        calls=("guest: shutdown", f"virDomainDestroy({domain.name}) if it does not stop"),
        undo=(StartDomain(context.vmhost.name, domain.name, domain.uuid),),
    )
