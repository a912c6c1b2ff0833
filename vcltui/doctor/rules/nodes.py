"""Management nodes and vcld's locks: rules 1, 7, 8, 9, 29."""

from __future__ import annotations

from collections.abc import Iterator

from vcltui.doctor.facts import Unknown, VcldProcess
from vcltui.doctor.findings import Evidence, Finding, Severity, Target
from vcltui.doctor.rules.make import (
    Rule,
    a_process,
    about_case,
    about_host,
    log_evidence,
    moment,
    span,
    states,
)
from vcltui.doctor.view import Case, View
from vcltui.models.evidence import ReservedRow, SemaphoreRow

# vcld does nothing more about these. One that is deleted or timed out it still has to clear away.
_DONE_WITH = frozenset({"complete", "failed", "maintenance"})
_MOST_IDS = 10
_NOT_EXPIRED = "existing vcldsemaphore table entry has NOT expired"


def management_node_down(view: View) -> Iterator[Finding]:
    """1: nothing of a management node progresses, because its vcld does not live."""
    for node in view.management_nodes.values():
        if not view.is_down(node):
            continue
        waiting = [
            case
            for case in view.cases
            if any(row.management_node_id == node.id for row in case.reservations)
            and case.request.doing not in _DONE_WITH
            and case.request.start is not None
            and case.request.start <= view.now
        ]
        if not waiting:
            continue
        age = view.age(node.lastcheckin)
        ids = ", ".join(str(case.request.id) for case in waiting[:_MOST_IDS])
        ids += f" and {len(waiting) - _MOST_IDS} more" if len(waiting) > _MOST_IDS else ""
        waits = "1 request waits" if len(waiting) == 1 else f"{len(waiting)} requests wait"
        yield about_host(
            None,
            f"management node {node.hostname}",
            Severity.CRITICAL,
            f"vcld on {node.hostname} has not checked in for {span(age)}; {waits} for it",
            f"Start vcld on {node.hostname} (systemctl start vcld). Nothing is to be written into "
            "the database: its requests go on when vcld does",
            (
                Evidence(
                    f"managementnode[{node.hostname}].lastcheckin",
                    moment(node.lastcheckin),
                    node.lastcheckin,
                ),
                Evidence(f"managementnode[{node.hostname}].stateid", node.state),
                Evidence("ids of requests past their start", ids),
            ),
            target=Target(management_node_id=node.id),
        )


def load_waits(view: View) -> Iterator[Finding]:
    """7: a load waits for a lock that another reservation's process holds."""
    for case in view.cases:
        for row in case.reservations:
            process = view.process_of(row)
            if not isinstance(process, VcldProcess):
                continue
            for semaphore in blocking(view, row):
                yield _waits(view, case, row, process, semaphore)


def blocking(view: View, row: ReservedRow) -> list[SemaphoreRow]:
    """The locks on a reservation's image that others hold, as far as its log agrees."""
    revision = view.revision_of(row)
    if revision is None or view.requests[row.request_id].doing not in ("new", "reload"):
        return []
    found = [
        one
        for one in view.locks_on(revision.name)
        if one.reservation_id != row.id and one.expires is not None and one.expires >= view.now
    ]
    log = view.log_of(row) if found else ()
    if not isinstance(log, Unknown) and not any(one.says(_NOT_EXPIRED) for one in log):
        return []
    return found


def _waits(
    view: View, case: Case, row: ReservedRow, process: VcldProcess, semaphore: SemaphoreRow
) -> Finding:
    left = -(view.age(semaphore.expires) or 0.0)
    held = view.settings.hard_limit_seconds - left
    return about_case(
        view,
        case,
        Severity.INFO,
        f"Waits for the lock {semaphore.identifier} of reservation {semaphore.reservation_id}, "
        f"which ends in {span(left)} at the latest",
        f"Look at reservation {semaphore.reservation_id}: this one goes on when that one is done",
        (
            Evidence(
                f"vcldsemaphore[{semaphore.identifier}]",
                f"reservation {semaphore.reservation_id}, pid {semaphore.pid}, "
                f"expires {moment(semaphore.expires)}, taken or moved on {span(held)} ago",
            ),
            a_process(process),
            *log_evidence(view.log_of(row), _NOT_EXPIRED, 1),
        ),
        row=row,
    )


def orphan_semaphore(view: View) -> Iterator[Finding]:
    """8: a lock whose process is gone, or that has expired."""
    for semaphore in view.facts.database.semaphores:
        alive = view.pid_alive(semaphore)
        expired = semaphore.expires is None or semaphore.expires < view.now
        if alive is not False and not expired:
            continue
        row = view.reservations.get(semaphore.reservation_id)
        evidence = [
            Evidence(
                f"vcldsemaphore[{semaphore.identifier}]",
                f"reservation {semaphore.reservation_id}, pid {semaphore.pid}, "
                f"expires {moment(semaphore.expires)}",
            )
        ]
        if alive is False:
            evidence.append(Evidence("ps -e", f"no process {semaphore.pid}"))
        target = Target(semaphore=semaphore, image=semaphore.image or None)
        remedies: tuple[str, ...] = ("J",)
        because = (
            "Delete the row. vcld takes over an expired lock by itself, so it holds nobody up"
            if expired
            else "Delete the row, then look whether a partial file was left of the image: vcld "
            "takes any master that exists as complete"
        )
        if alive:
            gone = f"it has expired while its process {semaphore.pid} runs"
            because = "Look what that process does: whoever waits for the lock may take it over"
            remedies = ()
        else:
            gone = "its process is gone" if alive is False else "it has expired"
        summary = f"The lock {semaphore.identifier} is left over: {gone}"
        severity = Severity.INFO if expired else Severity.WARNING
        case = view.case_of.get(row.request_id) if row is not None else None
        if row is None or case is None:
            yield about_host(
                None,
                f"lock {semaphore.identifier}",
                severity,
                summary,
                because,
                evidence,
                remedies,
                target=target,
            )
        else:
            yield about_case(
                view, case, severity, summary, because, evidence, remedies, row=row, target=target
            )


def cluster_child_waits(view: View) -> Iterator[Finding]:
    """9: one computer of a cluster is not ready while the others are.

    D8: a parent's load log rows count as "processed" in VCL, so only a row of `nodeready` on the
    reservation itself says that it is.
    """
    for case in view.cases:
        if len(case.reservations) < 2 or case.request.doing != "new":
            continue
        ready = {
            row.id
            for row in case.reservations
            if any(step.state == "nodeready" for step in view.steps_of(row.id))
        }
        slow = [row for row in case.reservations if row.id not in ready]
        if not ready or not slow or view.is_worked_on(case) is False:
            continue
        for row in slow:
            finding = _slow_child(view, case, row, len(ready))
            if finding is not None:
                yield finding


def _slow_child(view: View, case: Case, row: ReservedRow, ready: int) -> Finding | None:
    step = view.last_step(row.id)
    age = view.age(step.time if step else row.lastcheck)
    limit = max(
        view.settings.slow_factor * (view.est.get(step.state, 0) if step else 0),
        view.settings.slow_least_seconds,
    )
    if age is not None and age <= limit:
        return None
    process = view.process_of(row)
    evidence = [
        states(view, case),
        Evidence(
            f"computerloadlog of reservation {row.id}",
            step.state if step else "no step yet",
            step.time if step else None,
        ),
        Evidence("reservations with a row `nodeready`", f"{ready} of {len(case.reservations)}"),
    ]
    if isinstance(process, VcldProcess):
        evidence.append(a_process(process))
    elif process is None:
        evidence.append(Evidence("ps -e", f"no vcld process for reservation {row.id}"))
    still = age is None or age > view.settings.child_still_seconds
    return about_case(
        view,
        case,
        Severity.WARNING if still or process is None else Severity.INFO,
        f"{view.computer_name(row.computer_id)} holds up its cluster: {ready} of "
        f"{len(case.reservations)} computers are ready",
        "Find out what is wrong with this computer; what is done must be done to the whole "
        "request. vcld gives up after 30 min without a change",
        evidence,
        row=row,
    )


def block_request_stuck(view: View) -> Iterator[Finding]:
    """29: a block request is marked as being processed, and nothing processes it."""
    for block in view.facts.database.blocks:
        age = view.age(block.last_sign)
        if age is None or age <= view.settings.block_seconds:
            continue
        node_id = block.management_node_id
        nodes = [node_id] if node_id is not None else list(view.management_nodes)
        running = [view.running(one) for one in nodes]
        if any(isinstance(one, Unknown) or block.id in one.block_ids for one in running):
            continue
        yield about_host(
            None,
            f"block request {block.name}",
            Severity.WARNING,
            f"The block request {block.name} is marked as being processed, and nothing has "
            f"happened for {span(age)}",
            "Take the mark away, so that vcld processes it again",
            (
                Evidence(f"blockRequest[{block.id}].processing", "1", block.last_sign),
                Evidence("ps -e", f"no vcld process for block request {block.id}"),
            ),
            ("B",),
            target=Target(block_id=block.id, management_node_id=node_id),
        )


RULES = (
    Rule(1, "management-node-down", management_node_down),
    Rule(7, "load-waits", load_waits),
    Rule(8, "orphan-semaphore", orphan_semaphore),
    Rule(9, "cluster-child-waits", cluster_child_waits),
    Rule(29, "block-request-stuck", block_request_stuck),
)
