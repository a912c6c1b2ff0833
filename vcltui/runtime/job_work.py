"""From an action of the table to the work of a job, and to the plan that is shown before."""

from __future__ import annotations

from vcltui.models.cancel import CancelToken
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.provisioning.execute import execute
from vcltui.runtime.actions import Action, Arguments, Subject
from vcltui.runtime.jobs import Work
from vcltui.runtime.recovery import recover
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace


def plan(workspace: Workspace, action: Action, subject: Subject, arguments: Arguments) -> Operation:
    """What an action would do, as a dry run prints it; nothing is changed. Blocks.

    Raises what planning raises.
    """
    change = action.use_case(Targets(workspace), subject, arguments)
    return change.planner(change.module.context)


def work_for(workspace: Workspace, action: Action, subject: Subject, arguments: Arguments) -> Work:
    """The work of a job that does an action.

    What a killed operation left on the host is undone first, as on the command line.
    """

    def work(observer: Observer, token: CancelToken) -> Operation:
        change = action.use_case(Targets(workspace, observer, token), subject, arguments)
        change.module.context.session.check_writable()
        recover(workspace.journal, workspace.session, workspace.database, host=subject.host)
        return execute(change.module.context, change.lock_name, change.planner)

    return work
