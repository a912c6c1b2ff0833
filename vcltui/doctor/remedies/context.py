"""What remedies work with, and what several of them check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vcltui.doctor.catalogue import REMEDIES
from vcltui.doctor.facts import NodeFacts, Unknown
from vcltui.doctor.findings import Finding
from vcltui.doctor.gather import NodeAccess
from vcltui.doctor.gather_nodes import gather_log, gather_node
from vcltui.doctor.locks import CAPTURES, own_capture, owner_lives
from vcltui.doctor.settings import DoctorSettings
from vcltui.errors import ConflictError, RefusedError
from vcltui.models.evidence import (
    ComputerRow,
    ManagementNodeRow,
    RequestRow,
    ReservedRow,
    SemaphoreRow,
)
from vcltui.models.host import VMHost
from vcltui.models.inventory import Assignment, Computer, ImageRevision
from vcltui.nodes.base import Node
from vcltui.operations.step import Operation, Step
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import diagnosis as diagnosis_rows
from vcltui.vcldb.remedies import requests as request_remedies

if TYPE_CHECKING:
    from vcltui.vcldb.changes import PlannedChange
    from vcltui.vcldb.database import Database


@dataclass(frozen=True, slots=True)
class RemedyContext:
    """Whom a remedy may ask and what it changes.

    `session` opens a host by its name, `sessions` are all of them; `strangers` are VCL's other
    hosts, which are not asked. `reach` says how a management
    node is reached. `at` is the moment that new file names are made of.
    """

    database: Database
    session: Callable[[str], HostSession]
    sessions: Callable[[], list[HostSession]]
    strangers: Callable[[], list[VMHost]]
    reach: Callable[[ManagementNodeRow], NodeAccess]
    state_directory: Path
    management_node: str
    settings: DoctorSettings = field(default_factory=DoctorSettings)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def node(self, node_id: int) -> Node:
        """A management node. Raises RefusedError where it can't be reached."""
        rows = {one.id: one for one in diagnosis_rows.read_facts(self.database).management_nodes}
        if node_id not in rows:
            raise RefusedError(f"There is no management node {node_id}", "Look at it again")
        found = self.reach(rows[node_id]).node
        if isinstance(found, Unknown):
            raise RefusedError(
                f"What runs on {rows[node_id].hostname} is unknown, so nothing was done",
                found.reason[:1].upper() + found.reason[1:],
            )
        return found

    def running(self, node_id: int) -> NodeFacts:
        """What runs on a management node now. Raises RefusedError where that can't be told."""
        found = gather_node(self.node(node_id))
        if isinstance(found, Unknown):
            raise RefusedError(
                f"What runs on the management node is unknown, so nothing was done: {found.reason}",
                "Try again when it answers",
            )
        return found

    def require_dead(self, lock: SemaphoreRow, node_id: int) -> None:
        """Raise RefusedError unless the process that took a lock is certainly gone."""
        facts = diagnosis_rows.read_facts(self.database)
        log = gather_log(self.node(node_id), self._log_path(node_id))
        lives = owner_lives(lock, facts.now, self.running(node_id), log, self.settings)
        if lives is False:
            return
        what = "runs" if lives else "may be a vcltui's on another machine"
        raise RefusedError(
            f"Process {lock.pid} of reservation {lock.reservation_id} holds the lock "
            f"{lock.identifier} and {what}",
            "Wait for it",
        )

    def _log_path(self, node_id: int) -> str:
        rows = {one.id: one for one in diagnosis_rows.read_facts(self.database).management_nodes}
        return self.reach(rows[node_id]).log_path if node_id in rows else self.settings.log_path

    def computer(self, computer_id: int) -> ComputerRow:
        """A computer as it is now. Raises ConflictError where it is gone."""
        for one in diagnosis_rows.read_facts(self.database).computers:
            if one.id == computer_id:
                return one
        raise ConflictError(f"The computer {computer_id} is gone", "Look at it again")

    def host(self, finding: Finding) -> HostSession:
        """The host that a finding is about. Raises RefusedError where there is none."""
        if finding.host is None:
            raise RefusedError(
                f"{finding.subject} is on no host that could be looked at, so nothing was done",
                "Assign the computer to its host first, with `vcltui computer assign`",
            )
        return self.session(finding.host)


def provisioning_context(
    context: RemedyContext, session: HostSession, row: ComputerRow, image: ImageRevision
) -> Context:
    """What the use cases of provisioning work with, for a computer on a host and an image."""
    computer = Computer(
        id=row.id,
        hostname=row.hostname,
        state=row.state,
        vmhost=row.host,
        eth0_mac=row.eth0_mac,
        eth1_mac=row.eth1_mac,
        private_ip=row.private_ip,
    )
    return Context(
        session=session,
        state_directory=context.state_directory,
        management_node=context.management_node,
        assignment=Assignment(computer, image, context.management_node),
        database=context.database,
    )


def require_idle(
    context: RemedyContext, request: RequestRow, reservations: Iterable[ReservedRow]
) -> None:
    """Raise ConflictError while a process works on a request; RefusedError where unknown."""
    is_capture = request.state == "pending" and request.laststate in CAPTURES
    steps = diagnosis_rows.read_facts(context.database).steps if is_capture else ()
    for row in reservations:
        own = own_capture(step for step in steps if step.reservation_id == row.id)
        if own is not None:
            raise RefusedError(
                f"{own.info}, and whether that has ended can't be seen from here, so request "
                f"{request.id} was not changed",
                "Where it was begun, `vcltui jobs --clean` puts one that was killed into "
                "maintenance",
            )
        running = context.running(row.management_node_id)
        for child in running.children:
            if child.reservation_id == row.id:
                raise ConflictError(
                    f"Process {child.pid} works on reservation {row.id} of request {request.id}, "
                    "which was not changed",
                    "Wait for it",
                )
        for lock in request_remedies.locks_of(context.database, [row.id]):
            context.require_dead(lock, row.management_node_id)


def database_step(
    plan: Callable[[], PlannedChange], name: str, title: str, check: Callable[[], None]
) -> Step:
    """A step that changes the database.

    It is planned now, for its lines and its refusals; when it runs, `check` is called again and
    the change that was shown is made, or none.
    """
    check()
    change = plan()

    def run(_step: object) -> str | None:
        check()
        return change.apply()

    return Step(name=name, title=title, run=run, calls=change.lines)


def remedy_operation(finding: Finding, letter: str, steps: Iterable[Step]) -> Operation:
    """The operation of a remedy, as journal and console know it.

    The journal keeps every statement and call of it, since what they did can't be read off later.
    """
    steps = tuple(steps)
    details = {
        "rule": finding.rule,
        "remedy": letter,
        "subject": finding.subject,
        "calls": "\n".join(call for step in steps for call in step.calls),
    }
    if finding.reservation is not None:
        details["reservation"] = str(finding.reservation)
    return Operation(
        id=new_operation_id(),
        kind=f"remedy-{letter}",
        target=finding.computer or finding.subject,
        host=finding.host or "",
        title=f"{REMEDIES[letter].label}: {finding.subject}",
        steps=steps,
        details=details,
    )


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; whether it came to be within the time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
