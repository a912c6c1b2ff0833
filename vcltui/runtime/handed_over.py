"""A capture that is handed to vcld, and watched until vcld is done with it."""

from __future__ import annotations

from dataclasses import replace

from vcltui.doctor.facts import Unknown
from vcltui.errors import CancelledError, VcltuiError
from vcltui.models.basecapture import CaptureState, CaptureWay
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.basecapture.watch import CaptureOutcome, watch
from vcltui.provisioning.vcld_log import VcldLog
from vcltui.runtime.diagnosis import ManagementNodes
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import diagnosis as diagnosis_rows
from vcltui.vcldb.basecapture import outcome as baseoutcome


def watched(workspace: Workspace, operation: Operation) -> Operation:
    """The operation, followed by a step that tells what vcld does, where it hands a capture over.

    The step fails as the capture does. A cancel ends the watching alone: vcld goes on.
    """
    if operation.details.get("way") != CaptureWay.VCLD.value:
        return operation
    details = operation.details

    def follow(step: StepContext) -> str:
        # The steps before have entered it.
        return _follow(workspace, int(details["request"]), step)

    last = Step(
        name="watch-vcld",
        title="Watch vcld until the capture has ended",
        run=follow,
        calls=("inventory: read the request and its load log, every 2 s", "read vcld.log"),
    )
    return replace(operation, steps=(*operation.steps, last))


def _follow(workspace: Workspace, request_id: int, step: StepContext) -> str:
    database = workspace.inventory()
    step.say(f"Request: {request_id}")
    outcome = None
    with ManagementNodes(workspace) as nodes:
        log = _log(workspace, nodes, baseoutcome.read_capture(database, request_id), step)
        try:
            for line in watch(database, request_id, log=log, cancel=step.cancel):
                step.say(f"{line.source}: {line.text}")
                outcome = line.outcome
        except CancelledError:
            return "no longer watched; vcld goes on"
    if outcome is CaptureOutcome.FAILED:
        raise VcltuiError(
            f"The capture of request {request_id} failed",
            f"Look at vcld.log; `vcltui capture --base --restart {request_id}` takes it up again",
        )
    return "vcld has captured the image"


def _log(
    workspace: Workspace, nodes: ManagementNodes, capture: CaptureState, step: StepContext
) -> VcldLog | None:
    """The log of the management node that the capture belongs to; None where it can't be read."""
    for row in diagnosis_rows.read_facts(workspace.inventory()).management_nodes:
        if row.hostname != capture.management_node:
            continue
        access = nodes.reach(row)
        if isinstance(access.node, Unknown):
            step.say(f"vcld.log: can't be read: {access.node.reason}")
            return None
        return VcldLog(access.node, capture.reservation_id, access.log_path)
    return None
