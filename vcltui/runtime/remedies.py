"""Remedies of the diagnosis as jobs: planned, locked, journalled and run like everything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from vcltui.doctor import remedies
from vcltui.doctor.findings import Finding
from vcltui.doctor.remedies.context import RemedyContext
from vcltui.doctor.settings import DoctorSettings
from vcltui.errors import RefusedError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.local import LocalNode
from vcltui.operations import runner
from vcltui.operations.runner import Observer, Observers
from vcltui.operations.step import Operation
from vcltui.operations.undo import UndoAction
from vcltui.provisioning.execute import lock_path
from vcltui.runtime.diagnosis import ManagementNodes, all_sessions, strangers
from vcltui.runtime.jobs.jobs import Work
from vcltui.runtime.jobs.work import Planned
from vcltui.runtime.recovery import recover_before
from vcltui.runtime.workspace import Workspace

_LOCK_SECONDS = 10.0


def plan_remedy(
    workspace: Workspace,
    finding: Finding,
    letter: str,
    settings: DoctorSettings | None = None,
    at: datetime | None = None,
) -> Planned:
    """What a remedy would do about a finding, with every statement and call; nothing is changed.

    `at` is the moment that new file names are made of: now, without it.

    Blocks. Raises RefusedError where it may not be done, also in read-only mode; ConflictError
    where things are not any more as they were found; UsageError for a letter that is none.
    """
    _check_writable(workspace)
    with _context(workspace, settings, at) as context:
        operation = remedies.plan_remedy(context, finding, letter)
    return Planned(operation, remedies.lock_name(finding, letter))


def run_remedy(
    workspace: Workspace,
    finding: Finding,
    letter: str,
    observer: Observer | None = None,
    token: CancelToken | None = None,
    settings: DoctorSettings | None = None,
    at: datetime | None = None,
) -> Operation:
    """Do a remedy under its lock, planned anew, in the journal; returns what was run.

    `at` as it was planned with, so that what is done is what was shown.

    Raises as `plan_remedy` and as `runner.run`; LockedError while another operation works on the
    same thing. Where it raises because something changed meanwhile, nothing was changed.
    """
    _check_writable(workspace)
    if remedies.is_on_host(letter) and finding.host is not None:
        recover_before(workspace, finding.host)
    watchers = Observers((workspace.journal.observer(), observer or Observer()))
    cancel = token or CancelToken()
    with _context(workspace, settings, at) as context, _lock(workspace, finding, letter, cancel):
        operation = remedies.plan_remedy(context, finding, letter)
        runner.run(operation, _nothing_to_undo, watchers, cancel)
        return operation


def work_for_remedy(
    workspace: Workspace, finding: Finding, letter: str, at: datetime | None = None
) -> Work:
    """The work of a job that does a remedy, `at` as it was planned with."""

    def work(observer: Observer, token: CancelToken) -> Operation:
        return run_remedy(workspace, finding, letter, observer, token, at=at)

    return work


def _check_writable(workspace: Workspace) -> None:
    if workspace.readonly:
        raise RefusedError("Nothing is changed in read-only mode", "Leave out --readonly")


def _nothing_to_undo(_action: UndoAction) -> str | None:
    """A remedy's steps are each done whole or not at all, so they record nothing to undo."""
    return None


@contextmanager
def _context(
    workspace: Workspace, settings: DoctorSettings | None, at: datetime | None
) -> Iterator[RemedyContext]:
    with ManagementNodes(workspace) as nodes:
        yield RemedyContext(
            database=workspace.inventory(),
            session=workspace.session,
            sessions=lambda: all_sessions(workspace),
            strangers=lambda: strangers(workspace),
            reach=nodes.reach,
            state_directory=workspace.config.state_directory,
            management_node=workspace.config.management_node,
            settings=settings or workspace.config.doctor,
            at=at or datetime.now(UTC),
        )


@contextmanager
def _lock(
    workspace: Workspace, finding: Finding, letter: str, cancel: CancelToken
) -> Iterator[None]:
    """The lock of what a remedy changes: on the VM host for what is there, else on this machine.

    Rows of the database need none of ours: each change names the state it expects.
    """
    name = remedies.lock_name(finding, letter)
    if remedies.is_on_host(letter) and finding.host is not None:
        session = workspace.session(finding.host)
        session.check_writable()
        path = lock_path(session.vmhost, name)
        with session.node.lock(path, _LOCK_SECONDS, cancel):
            yield
        return
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:100]
    path = str(workspace.config.state_directory.absolute() / "locks" / f"{plain}.lock")
    with LocalNode("this machine").lock(path, _LOCK_SECONDS, cancel):
        yield
