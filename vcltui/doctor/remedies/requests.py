"""Remedies of requests: A requeue, C delete, E complete, H restart a capture."""

from __future__ import annotations

from vcltui.disks import datastore, repository
from vcltui.disks.check import check_disk
from vcltui.disks.info import virtual_size_bytes
from vcltui.doctor.findings import Finding
from vcltui.doctor.locks import CAPTURES
from vcltui.doctor.remedies.context import (
    RemedyContext,
    database_step,
    provisioning_context,
    remedy_operation,
    require_idle,
)
from vcltui.doctor.settings import FLOW
from vcltui.errors import GuestError, NotFoundError, RefusedError
from vcltui.models.domain import Domain, PowerState
from vcltui.models.evidence import RequestRow, ReservedRow, SemaphoreRow
from vcltui.operations.step import Operation
from vcltui.provisioning.active import active_domain
from vcltui.provisioning.context import Context
from vcltui.provisioning.guests import guest_of
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import diagnosis as diagnosis_rows
from vcltui.vcldb import images
from vcltui.vcldb.remedies import computers as computer_remedies
from vcltui.vcldb.remedies import requests as request_remedies

_COPYING = frozenset({"startload", "transfervm"})


def plan_requeue(context: RemedyContext, finding: Finding) -> Operation:
    """A: put the request back for vcld. Refused for what would be done on partial files."""
    request, rows = _request(context, finding)
    dead: list[SemaphoreRow] = []

    def check() -> None:
        require_requeueable(context, finding, request, rows)

    require_idle(context, request, rows)
    # Nobody works on it, so whoever took these is gone.
    dead += request_remedies.locks_of(context.database, [row.id for row in rows])
    step = database_step(
        lambda: request_remedies.plan_requeue(
            context.database, request, rows, dead, context.settings.node_silent_seconds
        ),
        "requeue",
        f"Put request {request.id} back to {request.laststate}/{request.laststate}",
        check,
    )
    return remedy_operation(finding, "A", [step])


def plan_delete(context: RemedyContext, finding: Finding) -> Operation:
    """C: end the request. Refused while a process works on it."""
    request, rows = _request(context, finding)

    def check() -> None:
        if request.state in ("pending", "new"):
            require_idle(context, request, rows)

    step = database_step(
        lambda: request_remedies.plan_delete(context.database, request),
        "delete-request",
        f"Delete request {request.id} ({request.states})",
        check,
    )
    return remedy_operation(finding, "C", [step])


def plan_complete(context: RemedyContext, finding: Finding) -> Operation:
    """E: mark the request complete. Refused while a process works on it."""
    request, rows = _request(context, finding)
    step = database_step(
        lambda: request_remedies.plan_complete(context.database, request),
        "complete",
        f"Mark request {request.id} complete",
        lambda: require_idle(context, request, rows),
    )
    return remedy_operation(finding, "E", [step])


def plan_restart_capture(context: RemedyContext, finding: Finding) -> Operation:
    """H: let vcld capture again.

    Refused while partial files are there, the domain is off or its guest does not answer.
    """
    request, rows = _request(context, finding)

    def check() -> None:
        require_idle(context, request, rows)
        require_capturable(context, finding, rows[0], answering=True)

    step = database_step(
        lambda: computer_remedies.plan_restart_capture(
            context.database, request, rows, context.settings.node_silent_seconds
        ),
        "restart-capture",
        f"Put request {request.id} back to {request.laststate}",
        check,
    )
    return remedy_operation(finding, "H", [step])


def require_requeueable(
    context: RemedyContext, finding: Finding, request: RequestRow, rows: list[ReservedRow]
) -> None:
    """Raise ConflictError or RefusedError where vcld must not do a pending request again now."""
    require_idle(context, request, rows)
    if request.laststate in CAPTURES:
        require_capturable(context, finding, rows[0])
    elif request.laststate in ("new", "reload"):
        _require_whole_masters(context, rows)


def require_capturable(
    context: RemedyContext, finding: Finding, row: ReservedRow, *, answering: bool = False
) -> None:
    """Raise RefusedError where a capture would meet its own partial files, or no running domain.

    Also where the host can't be asked; with `answering` where the guest is silent.
    """
    session = context.host(finding)
    revision = images.get_revision_by_id(context.database, row.revision_id)
    if revision.deleted:
        files = _image_files(session, revision.name)
        if files:
            raise RefusedError(
                f"The capture left {' and '.join(files)}, which vcld would not overwrite",
                "Put that aside first (L)",
            )
    inner = provisioning_context(context, session, context.computer(row.computer_id), revision)
    name = inner.computer.name
    try:
        domain = active_domain(inner)
    except NotFoundError as error:
        raise RefusedError(
            f"{name} has no domain on {session.name} any more, so that there is nothing to capture",
            "Look for its disk, and define the domain again by hand",
        ) from error
    if domain.power is not PowerState.ON:
        raise RefusedError(
            f"The domain {domain.name} on {session.name} is {domain.power.value}, and only one "
            "that is on is captured",
            f"Power it on first: vcltui power on {name}",
        )
    if answering:
        _require_answer(inner, domain)


def _require_answer(inner: Context, domain: Domain) -> None:
    """Raise RefusedError for a guest that vcld could not prepare either."""
    try:
        guest = guest_of(inner, domain)
        told = "" if guest.is_responding() else f"no answer ({guest.describe()})"
    except GuestError as error:
        told = error.what
    if told:
        raise RefusedError(
            f"The guest of {inner.computer.name} has to answer for a capture: {told}",
            "See that it can be logged in to with the key that is configured",
        )


def _require_whole_masters(context: RemedyContext, rows: list[ReservedRow]) -> None:
    """Raise RefusedError where vcld would load from a partial master, which it can't tell (D3)."""
    facts = diagnosis_rows.read_facts(context.database)
    of_loads = {name for name, _ in FLOW}
    last = {one.reservation_id: one.state for one in facts.steps if one.state in of_loads}
    hosts = {one.id: one.host for one in facts.computers}
    names = {one.id: one.name for one in facts.revisions}
    for row in rows:
        held = any(one.image and one.reservation_id == row.id for one in facts.semaphores)
        if not held and last.get(row.id) not in _COPYING:
            continue
        host = hosts.get(row.computer_id)
        if host is None:
            raise RefusedError(
                f"Reservation {row.id} may have left a partial master, and its computer is on no "
                "host that could be looked at",
                "Assign the computer to its host first, with `vcltui computer assign`",
            )
        require_whole_master(context, context.session(host), names.get(row.revision_id, ""))


def require_whole_master(context: RemedyContext, session: HostSession, image_name: str) -> None:
    """Raise RefusedError where an image's master on a host is there and seems to be partial."""
    node, profile = session.node, session.profile
    master = datastore.find_master(node, profile.datastore, image_name)
    if master is None:
        return
    if master.endswith(".qcow2"):
        checked = check_disk(node, master, in_use=True)
        if not checked.consistent:
            raise RefusedError(checked.summary, "Put it aside first (L)")
    if profile.repository is None:
        return
    copies = repository.find_image_files(node, profile.repository, image_name)
    if len(copies) != 1:
        return
    here, there = node.stat(master), node.stat(copies[0])
    if virtual_size_bytes(node, master) != virtual_size_bytes(node, copies[0]):
        raise RefusedError(
            f"{master} has another virtual size than {copies[0]}", "Put it aside first (L)"
        )
    least = context.settings.smaller_share * (there.disk_size_bytes if there else 0)
    if here is not None and here.disk_size_bytes < least:
        raise RefusedError(
            f"{master} is smaller than {copies[0]}, as a copy that was cut off is",
            "Put it aside first (L)",
        )


def _image_files(session: HostSession, image_name: str) -> list[str]:
    node, profile = session.node, session.profile
    master = datastore.find_master(node, profile.datastore, image_name)
    found = [master] if master else []
    if profile.repository:
        found += repository.find_image_files(node, profile.repository, image_name)
    return found


def _request(context: RemedyContext, finding: Finding) -> tuple[RequestRow, list[ReservedRow]]:
    if finding.reservation is None:
        raise RefusedError(f"{finding.subject} is no reservation", "Nothing was done")
    return request_remedies.request_of(context.database, finding.reservation)
