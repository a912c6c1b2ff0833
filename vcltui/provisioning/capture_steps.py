"""What every capture is made of: its checks, and the steps in the guest and on its disk."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vcltui.disks import datastore, repository, room
from vcltui.disks.formats import format_of_type
from vcltui.errors import ConflictError, GuestError, RefusedError
from vcltui.hypervisor import domains
from vcltui.models.domain import Domain, PowerState
from vcltui.operations.step import Step, StepContext
from vcltui.operations.undo import StartDomain
from vcltui.provisioning import deletion, paths
from vcltui.provisioning.captured_disk import CapturedDisk, require_same_disks
from vcltui.provisioning.context import Context
from vcltui.provisioning.guests import wait_for_guest
from vcltui.provisioning.locking import ReservationId
from vcltui.provisioning.storing import master_step, master_xml_step, repository_steps

ANSWER_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class CaptureJob:
    """What one capture works with; `master` is a path on the node."""

    context: Context
    operation_id: str
    disk: CapturedDisk
    image_name: str
    master: str

    @property
    def domain(self) -> Domain:
        """The domain that is captured."""
        return self.disk.domain

    @property
    def domain_xml(self) -> str:
        """Its definition, which goes with the image."""
        return self.disk.domain_xml


def new_master(context: Context, image_name: str) -> str:
    """Path on the node of the master that a capture makes."""
    profile = context.session.profile
    return f"{profile.datastore}/{image_name}.{profile.datastore_image_type}"


def require_on(context: Context, domain: Domain) -> None:
    """Raise RefusedError for a domain that is not on, as it has to be when a capture begins."""
    if domain.power is not PowerState.ON:
        raise RefusedError(
            f"Domain {domain.name} is {domain.power.value}, and a capture begins with the guest on",
            f"Power it on with `vcltui power on {context.computer.name}`",
        )


def check_room(context: Context, disk: CapturedDisk, image_name: str) -> tuple[str, ...]:
    """Raise RefusedError where the master and its repository copy would find no room.

    Returns what room there is, for people.
    """
    node, profile = context.session.node, context.session.profile
    types = {new_master(context, image_name): profile.datastore_image_type}
    if profile.repository is not None:
        types[repository.image_path(profile, image_name)] = profile.repository_image_type
    needed = {
        path: room.copy_bytes(
            node, disk.path, disk.file_format, format_of_type(image_type), in_use=True
        )
        for path, image_type in types.items()
    }
    return room.require_room(node, needed)


def files_of(context: Context, name: str) -> tuple[str, ...]:
    """The files that an image of this name has on the node: master, its XML, repository."""
    there = [
        *filter(None, (paths.existing_master(context, name),)),
        *paths.repository_files(context, name),
    ]
    xml = datastore.master_xml_path(context.session.profile, name)
    if context.session.node.stat(xml) is not None:
        there.append(xml)
    return tuple(there)


def check_is_new(context: Context, name: str) -> None:
    """Raise ConflictError where the master or a repository file of the new name exists."""
    there = files_of(context, name)
    if there:
        raise ConflictError(
            f"Files of image {name} are already on host {context.vmhost.name}: {', '.join(there)}",
            "Find out whose they are; they were not touched",
        )


def preparing_steps(job: CaptureJob) -> tuple[Step, ...]:
    """The guest is prepared and shut down, its XML saved beside the master."""
    return (
        _pre_capture_step(job),
        master_xml_step(job.context, job.operation_id, job.image_name, job.domain_xml),
        _shutdown_step(job),
    )


def copying_steps(job: CaptureJob, reservation: ReservationId | None = None) -> tuple[Step, ...]:
    """The disk becomes the master, and the master its copy in the repository.

    `reservation` is as in `locking.locker`.
    """
    context, operation_id, name = job.context, job.operation_id, job.image_name
    copy = master_step(
        context,
        operation_id,
        name,
        (job.disk.path,),
        job.master,
        source_format=job.disk.file_format,
        reservation=reservation,
    )
    return (
        _of_planned_disks(job, copy),
        *repository_steps(
            context,
            operation_id,
            name,
            job.master,
            job.domain_xml,
            new_master=True,
            reservation=reservation,
        ),
    )


def deleting_steps(job: CaptureJob) -> tuple[Step, ...]:
    """The captured domain is deleted with its own disks, as long as they are what was captured.

    Raises RefusedError when a disk that would be deleted has other users.
    """
    return tuple(
        _of_planned_disks(job, step, may_be_gone=True)
        for step in deletion.delete_steps(job.context, [job.domain])
    )


def _of_planned_disks(job: CaptureJob, step: Step, *, may_be_gone: bool = False) -> Step:
    """The step, refused unless the domain is off and has the disks that were planned."""

    def run(running: StepContext) -> str | None:
        require_same_disks(job.context, job.disk, off=True, may_be_gone=may_be_gone)
        return step.run(running)

    return replace(step, run=run)


def _pre_capture_step(job: CaptureJob) -> Step:
    def prepare(step: StepContext) -> str:
        guest = wait_for_guest(
            job.context,
            job.domain.uuid,
            step.cancel,
            new_host_key=False,
            timeout_seconds=ANSWER_TIMEOUT_SECONDS,
        )
        guest.pre_capture(step.cancel)
        guest.save_domain_xml(job.image_name, job.domain_xml)
        return f"prepared through {guest.describe()}"

    return Step(
        name="pre-capture",
        title=f"Prepare the guest of {job.context.computer.name}",
        run=prepare,
        calls=("guest: pre_capture, left on", f"guest: write ~/{job.image_name}.xml"),
    )


def _shutdown_step(job: CaptureJob) -> Step:
    context, domain = job.context, job.domain
    seconds = context.vmhost.guests.shutdown_timeout_seconds

    def shut_down(step: StepContext) -> str:
        connection = context.session.connection
        # Looked at while it is still on: a refusal costs it nothing.
        require_same_disks(context, job.disk)
        try:
            wait_for_guest(
                context,
                domain.uuid,
                step.cancel,
                new_host_key=False,
                timeout_seconds=ANSWER_TIMEOUT_SECONDS,
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
