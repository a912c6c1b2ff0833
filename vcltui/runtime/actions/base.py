"""The capture of a base image, by this core or by vcld."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vcltui.errors import RefusedError, UsageError
from vcltui.models import basecapture
from vcltui.provisioning.basecapture import capture as base_capture
from vcltui.provisioning.basecapture import checks as base_checks
from vcltui.runtime import handed_over
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
from vcltui.vcldb.basecapture import choices as basechoices

if TYPE_CHECKING:
    from vcltui.models.basecapture import BaseCaptureRequest
    from vcltui.operations.step import Operation
    from vcltui.provisioning.context import Context
    from vcltui.runtime.targets import Targets


def _capture_base(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    request = basecapture.BaseCaptureRequest(
        owner=told(arguments, Input.OWNER),
        computer="",
        os_name=told(arguments, Input.SYSTEM),
        architecture=told(arguments, Input.ARCHITECTURE),
        prettyname=told(arguments, Input.IMAGE_NAME),
        sysprep=told(arguments, Input.SYSPREP) == "yes",
        way=basecapture.CaptureWay(told(arguments, Input.WAY)),
    )
    if subject.computer is None:
        raise UsageError("No computer is chosen", "Choose one first")
    module = targets.computer(subject.computer)
    computer, workspace = module.context.computer, targets.workspace
    request = replace(
        request,
        computer=computer.hostname,
        management_node=basechoices.node_for_capture(
            workspace.inventory(), workspace.config.management_node, computer.id
        ),
    )
    return Change(
        module,
        subject.lock_name,
        lambda context: handed_over.watched(workspace, _plan(context, request)),
    )


def _plan(context: Context, request: BaseCaptureRequest) -> Operation:
    """The plan with every check that holds; raises RefusedError with those that do not."""
    lines = base_checks.check_base_capture(context, request)
    stopping = [line.text for line in lines if line.stops]
    if stopping:
        raise RefusedError(
            f"{'; '.join(stopping)}. Nothing was done",
            f"{len(stopping)} of {len(lines)} checks failed",
        )
    operation = base_capture.plan_base_capture(context, request)
    return replace(operation, checked=tuple(line.text for line in lines if line.ok))


BASE = (
    Action(
        "capture_base", "K", "Base image",
        "Capture a guest that was installed by hand as a base image, by this core or by vcld",
        Noun.DOMAIN, Danger.INTERRUPTS, when.has_computer, _capture_base,
        (
            Input.OWNER, Input.SYSTEM, Input.ARCHITECTURE, Input.SYSPREP, Input.IMAGE_NAME,
            Input.WAY,
        ),
        bulk=False, in_footer=False,
    ),
)  # fmt: skip
"""The capture of a base image."""
