"""`vcltui capture --base`: a guest that was installed by hand becomes a base image."""

from __future__ import annotations

from dataclasses import replace

import click

from vcltui.cli.base_questions import BaseAnswers, complete_answers
from vcltui.cli.change import Change, Planner
from vcltui.cli.confirm import confirm, step_lines
from vcltui.cli.text import printable, say
from vcltui.errors import RefusedError, UsageError
from vcltui.models.basecapture import BaseCaptureRequest, CaptureWay
from vcltui.models.locks import owner_lock
from vcltui.operations.step import Operation
from vcltui.provisioning.basecapture.capture import plan_base_capture
from vcltui.provisioning.basecapture.checks import check_base_capture
from vcltui.provisioning.basecapture.restart import plan_base_discard, plan_base_restart
from vcltui.provisioning.module import ProvisioningModule
from vcltui.runtime.handed_over import watched
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb.basecapture import outcome as baseoutcome


def capture_base(workspace: Workspace, answers: BaseAnswers, *, dry_run: bool, yes: bool) -> None:
    """Capture a base image, or take up or give up one that failed.

    Raises UsageError for what is missing where nobody can be asked, and what planning and
    running raise.
    """
    change = Change(workspace)
    do = _Doing(change, dry_run=dry_run, yes=yes)
    if answers.discard is not None and answers.restart is not None:
        raise click.UsageError("Give --restart or --discard, not both")
    if answers.discard is not None:
        module = _module_of_request(change, answers.discard)
        number = answers.discard
        do(module, lambda context: plan_base_discard(context, number))
        return
    if answers.restart is not None:
        if answers.way is None:
            raise UsageError("Missing option '--way'", "Say whether vcld or the core captures")
        module = _module_of_request(change, answers.restart)
        number, way = answers.restart, CaptureWay(answers.way)
        operation = do(
            module, lambda context: watched(workspace, plan_base_restart(context, number, way))
        )
        _tell_end(operation, way)
        return
    request = complete_answers(workspace, answers)
    module = change.targets.computer(request.computer)
    request = replace(request, computer=module.context.computer.hostname)
    _tell_checks(module, request)
    operation = do(module, lambda context: watched(workspace, plan_base_capture(context, request)))
    _tell_end(operation, request.way)


class _Doing:
    """Prints the plan and stops there, or asks and runs it."""

    def __init__(self, change: Change, *, dry_run: bool, yes: bool) -> None:
        self._change, self._dry_run, self._yes = change, dry_run, yes

    def __call__(self, module: ProvisioningModule, planner: Planner) -> Operation | None:
        if self._dry_run:
            self._change.plan(module, planner)
            return None
        lock = owner_lock(module.context.computer.name)
        return self._change.execute(module, lock, planner, ask=self._ask)

    def _ask(self, operation: Operation) -> None:
        lines = step_lines(operation.steps)
        if self._yes:
            for line in lines:
                say(line)
        confirm(f"{operation.title}?", lines, yes=self._yes, needs_yes=True)


def _module_of_request(change: Change, request_id: int) -> ProvisioningModule:
    found = baseoutcome.read_capture(change.workspace.inventory(), request_id)
    return change.targets.computer(found.computer)


def _tell_checks(module: ProvisioningModule, request: BaseCaptureRequest) -> None:
    """Say every check on stderr. Raises RefusedError with the first that stops it."""
    lines = check_base_capture(module.context, request)
    for line in lines:
        mark = "ok  " if line.ok else "no  " if line.needed else "note"
        say(f"{mark}  {line.text}.")
    stopping = [line for line in lines if line.stops]
    if stopping:
        raise RefusedError(
            f"{stopping[0].text}. Nothing was done; {len(stopping)} of {len(lines)} checks failed"
        )


def _tell_end(operation: Operation | None, way: CaptureWay) -> None:
    """Print what was made; of what was handed to vcld the step that watched it told already."""
    if operation is not None and way is CaptureWay.CORE:
        click.echo(printable(f"Request: {operation.details['request']}"))
        click.echo(printable(f"Image: {operation.details['image']}"))
