"""Remedies of locks and processes: B block requests, J locks, K vcld's children."""

from __future__ import annotations

from vcltui.doctor.facts import VcldProcess
from vcltui.doctor.findings import Finding
from vcltui.doctor.remedies.context import (
    RemedyContext,
    database_step,
    remedy_operation,
    wait_until,
)
from vcltui.doctor.remedies.requests import require_requeueable
from vcltui.doctor.settings import FLOW
from vcltui.errors import ConflictError, RefusedError
from vcltui.nodes.base import Node
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.vcldb import diagnosis as diagnosis_rows
from vcltui.vcldb.remedies import requests as request_remedies

_END_SECONDS = 30.0


def plan_unmark_block(context: RemedyContext, finding: Finding) -> Operation:
    """B: take the mark of being processed from a block request that nobody processes."""
    block_id = finding.target.block_id
    if block_id is None:
        raise RefusedError(f"{finding.subject} is no block request", "Nothing was done")

    def check() -> None:
        chosen = finding.target.management_node_id
        nodes = diagnosis_rows.read_facts(context.database).management_nodes
        for node in [one.id for one in nodes] if chosen is None else [chosen]:
            if block_id in context.running(node).block_ids:
                raise ConflictError(
                    f"A process works on {finding.subject}, and nothing was changed", "Wait for it"
                )

    step = database_step(
        lambda: request_remedies.plan_unmark_block(context.database, block_id),
        "unmark-block",
        f"Take the mark from {finding.subject}",
        check,
    )
    return remedy_operation(finding, "B", [step])


def plan_delete_lock(context: RemedyContext, finding: Finding) -> Operation:
    """J: delete the row of a lock that has expired, or whose process is gone."""
    semaphore = finding.target.semaphore
    if semaphore is None:
        raise RefusedError(f"{finding.subject} is no lock", "Nothing was done")

    def gone() -> bool:
        """Whether the process that took it is gone; an expired lock needs no answer."""
        facts = diagnosis_rows.read_facts(context.database)
        if semaphore.expires is None or semaphore.expires < facts.now:
            return False
        rows = {row.id: row for row in facts.reservations}
        row = rows.get(semaphore.reservation_id)
        if row is None:
            raise ConflictError(
                f"The lock {semaphore.identifier} is gone with its reservation",
                "Nothing is left to be done",
            )
        context.require_dead(semaphore, row.management_node_id)
        return True

    def check() -> None:
        gone()

    step = database_step(
        lambda: request_remedies.plan_delete_lock(context.database, semaphore, process_gone=gone()),
        "delete-lock",
        f"Delete the lock {semaphore.identifier}",
        check,
    )
    return remedy_operation(finding, "J", [step])


def plan_end_process(context: RemedyContext, finding: Finding) -> Operation:
    """K: ask a child of vcld to end, see that it does, then put its request back.

    Refused for one that owns a lock, since what it copies would be left partial.
    """
    pid, node_id = finding.target.pid, finding.target.management_node_id
    if pid is None or node_id is None or finding.reservation is None:
        raise RefusedError(f"{finding.subject} has no process", "Nothing was done")
    reservation = finding.reservation
    node = context.node(node_id)
    _child(context, node_id, pid, reservation)
    _require_stuck(context, reservation)
    argv = kill_argv(node, pid)

    def end(_step: StepContext) -> str:
        child = _child(context, node_id, pid, reservation)
        _require_stuck(context, reservation)
        node.run(kill_argv(node, child.pid))
        if not wait_until(lambda: pid not in context.running(node_id).pids, _END_SECONDS):
            raise ConflictError(
                f"Process {pid} still runs {_END_SECONDS:.0f} s after it was asked to end",
                "Look at what it waits for; it is not killed harder than this",
            )
        return f"process {pid} has ended"

    request, rows = request_remedies.request_of(context.database, reservation)
    shown = request_remedies.plan_requeue(
        context.database, request, rows, (), context.settings.node_silent_seconds
    )

    def requeue(_step: StepContext) -> str | None:
        request, rows = request_remedies.request_of(context.database, reservation)
        if request.state != "pending":
            return f"vcld put it back itself: {request.states}"
        require_requeueable(context, finding, request, rows)
        dead = request_remedies.locks_of(context.database, [row.id for row in rows])
        return request_remedies.plan_requeue(
            context.database, request, rows, dead, context.settings.node_silent_seconds
        ).apply()

    steps = [
        Step("end-process", f"End process {pid} on {node.name}", end, (" ".join(argv),)),
        Step(
            "requeue",
            f"Put request {finding.request} back",
            requeue,
            shown.lines,
        ),
    ]
    return remedy_operation(finding, "K", steps)


def _require_stuck(context: RemedyContext, reservation: int) -> None:
    """Raise ConflictError for a load that has gone on, to a step that is not past VCL's limit."""
    facts = diagnosis_rows.read_facts(context.database)
    of_loads = {name for name, _ in FLOW}
    steps = [
        one for one in facts.steps if one.reservation_id == reservation and one.state in of_loads
    ]
    last = steps[-1] if steps else None
    limit = context.settings.hard_limit_seconds
    if last is None or last.time is None or (facts.now - last.time).total_seconds() <= limit:
        now = last.state if last is not None else "at no step"
        raise ConflictError(
            f"The load of reservation {reservation} is {now} now, so its process was not ended",
            "Look at it again",
        )


def _child(context: RemedyContext, node_id: int, pid: int, reservation: int) -> VcldProcess:
    """The child of vcld that is to end, as it is now. Raises ConflictError, RefusedError."""
    for child in context.running(node_id).children:
        if (child.pid, child.reservation_id) == (pid, reservation):
            break
    else:
        raise ConflictError(
            f"Process {pid} does not work on reservation {reservation} any more",
            "Nothing was done; look at it again",
        )
    held = [
        one.identifier
        for one in diagnosis_rows.read_facts(context.database).semaphores
        if one.pid == pid or one.reservation_id == reservation
    ]
    if held:
        raise RefusedError(
            f"Process {pid} holds the lock {held[0]}, so it was not ended",
            "What it copies would be left partial; wait for it",
        )
    return child


def kill_argv(node: Node, pid: int) -> list[str]:
    """The command that asks a process and what it started to end.

    Its process group is asked where it leads one. Else vcld itself may be in the group, so that
    the process and its descendants are named one by one. Raises ConflictError for a process that
    is gone, and CommandError.
    """
    table: dict[int, tuple[int, int]] = {}
    for line in node.run(("ps", "-e", "-o", "pid=,ppid=,pgid=")).stdout.splitlines():
        numbers = line.split()
        if len(numbers) == 3 and all(one.isdecimal() for one in numbers):
            table[int(numbers[0])] = (int(numbers[1]), int(numbers[2]))
    if pid not in table:
        raise ConflictError(f"Process {pid} has ended already", "Look at it again")
    if table[pid][1] == pid:
        return ["kill", "-TERM", "--", f"-{pid}"]
    chosen = [pid]
    for one in chosen:  # grows while it is walked
        children = (child for child, (parent, _) in table.items() if parent == one)
        chosen += [child for child in children if child not in chosen]
    return ["kill", "-TERM", "--", *map(str, chosen)]
