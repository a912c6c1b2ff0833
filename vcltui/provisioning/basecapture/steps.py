"""The steps of a base capture by this core, the same for a first one and for a restart."""

from __future__ import annotations

from dataclasses import dataclass, field

from vcltui.models.basecapture import BaseCaptureRows, CaptureState
from vcltui.operations.step import Step, StepContext
from vcltui.operations.undo import FailBaseCapture, KeepFinished
from vcltui.provisioning.capture_steps import (
    CaptureJob,
    copying_steps,
    deleting_steps,
    preparing_steps,
)
from vcltui.provisioning.new_image import master_size_mib
from vcltui.provisioning.operator_name import operator_name
from vcltui.vcldb.basecapture import outcome as baseoutcome


@dataclass(frozen=True, slots=True)
class _Ids:
    request_id: int
    reservation_id: int
    image_id: int
    revision_id: int
    lastcheck: str


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The image of a base capture; its ids are known once its rows are entered or taken up."""

    name: str
    prettyname: str
    _ids: list[_Ids] = field(default_factory=list)

    def entered(self, rows: BaseCaptureRows | CaptureState) -> None:
        """The rows are there, and the capture is ours."""
        lastcheck = rows.lastcheck if isinstance(rows, CaptureState) else ""
        self._ids.append(
            _Ids(rows.request_id, rows.reservation_id, rows.image_id, rows.revision_id, lastcheck)
        )

    @property
    def ids(self) -> _Ids:
        """The ids of the rows."""
        return self._ids[-1]


def base_steps(job: CaptureJob, image: BaseImage) -> tuple[Step, ...]:
    """Prepare, copy, make live, delete the domain, end the request.

    The domain is deleted only when the image is whole and live. From there on nothing of the
    image is undone: what fails then leaves the computer in maintenance.
    """
    return (
        *preparing_steps(job),
        *copying_steps(job, lambda: image.ids.reservation_id),
        _finish_step(job, image),
        *deleting_steps(job),
        _complete_step(job, image),
    )


def failure(job: CaptureJob, request_id: int, image_id: int, *, lastcheck: str) -> FailBaseCapture:
    """The undo that puts request and computer into maintenance with a note in VCL's form."""
    reason = (
        f"vcltui: the capture of {job.image_name} did not end well (operation "
        f"{job.operation_id}, see vcltui jobs)"
    )
    return FailBaseCapture(
        host=job.context.vmhost.name,
        request_id=request_id,
        image_id=image_id,
        lastcheck=lastcheck,
        note=baseoutcome.maintenance_note(operator_name(), reason),
    )


def _finish_step(job: CaptureJob, image: BaseImage) -> Step:
    context = job.context

    def finish(step: StepContext) -> None:
        ids = image.ids
        step.will(KeepFinished(context.vmhost.name, image.name, ids.revision_id))
        # Behind the barrier, so that it is looked at also when the image is live already.
        step.will(failure(job, ids.request_id, ids.image_id, lastcheck=ids.lastcheck))
        baseoutcome.finish_base_capture(
            context.inventory,
            image_id=ids.image_id,
            revision_id=ids.revision_id,
            image_name=image.name,
            size_mib=master_size_mib(context, job.master),
            image_type=context.session.profile.datastore_image_type,
        )

    return Step(
        name="finish-image",
        title=f"Make {image.name} available",
        run=finish,
        calls=(
            f"inventory: image {image.name}: deleted = 0, with its size in MiB and the time",
            f"inventory: imagerevision {image.name}: deleted = 0",
        ),
    )


def _complete_step(job: CaptureJob, image: BaseImage) -> Step:
    database, computer = job.context.inventory, job.context.computer

    def complete(_step: StepContext) -> str:
        reload_id = baseoutcome.complete_base_capture(database, image.ids.request_id)
        if reload_id is None:
            return f"{computer.name} is available, with nothing on it"
        return f"request {reload_id} reloads {computer.name}"

    after = (
        f"inventory: computer {computer.name}: available, current image = noimage"
        if database.is_embedded
        else f"inventory: request reload/reload of vclreload for {computer.name}, 30 minutes"
    )
    return Step(
        name="complete-request",
        title="End the request of the capture",
        run=complete,
        calls=("inventory: request: complete/image", after),
    )
