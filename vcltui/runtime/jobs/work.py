"""From an action of the table to the work of a job, and to the plan that is shown before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vcltui.errors import UsageError
from vcltui.models.cancel import CancelToken
from vcltui.models.guest import NodeStatus
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.provisioning import execute
from vcltui.runtime import recovery
from vcltui.runtime import targets as targeting
from vcltui.runtime.actions import Action, Arguments, Change, Subject
from vcltui.runtime.jobs.jobs import Work
from vcltui.runtime.workspace import Workspace

if TYPE_CHECKING:
    from vcltui.runtime.targets import Targets


@dataclass(frozen=True, slots=True)
class Planned:
    """What an action would do, and the lock that it would do it under."""

    operation: Operation
    lock_name: str


def plan(workspace: Workspace, action: Action, subject: Subject, arguments: Arguments) -> Planned:
    """What an action would do, as a dry run prints it; nothing is changed. Blocks.

    Raises what planning raises.
    """
    change = _change(targeting.Targets(workspace), action, subject, arguments)
    return Planned(execute.plan(change.module.context, change.planner), change.lock_name)


def node_status(workspace: Workspace, subject: Subject) -> NodeStatus:
    """node_status of a subject's computer. Blocks while its guest is asked.

    Raises UsageError for a domain without a computer, and what node_status raises.
    """
    if subject.computer is None:
        raise UsageError(f"{subject.name} belongs to no computer", "Choose a computer's row")
    return targeting.Targets(workspace).computer(subject.computer).node_status()


def work_for(
    workspace: Workspace,
    action: Action,
    subject: Subject,
    arguments: Arguments,
    confirmed: Operation | None = None,
) -> Work:
    """The work of a job that does an action.

    What a killed operation left on the host is undone first, as on the command line. `confirmed`
    is the plan that the operator saw: nothing is lost that it does not lose.
    """
    may_lose = None if confirmed is None else confirmed.loses

    def work(observer: Observer, token: CancelToken) -> Operation:
        change = _change(targeting.Targets(workspace, observer, token), action, subject, arguments)
        change.module.context.session.check_writable()
        recovery.recover_before(workspace, subject.host)
        context = replace(change.module.context, may_lose=may_lose)
        return execute.execute(context, change.lock_name, change.planner)

    return work


def _change(targets: Targets, action: Action, subject: Subject, arguments: Arguments) -> Change:
    if action.use_case is None:
        raise UsageError(f"{action.label} changes nothing", "It is no job")
    return action.use_case(targets, subject, arguments)
