"""Remedies of computers: F make available, G reload, I remove a domain."""

from __future__ import annotations

from vcltui.disks import usage
from vcltui.doctor.findings import Finding
from vcltui.doctor.naming import may_see
from vcltui.doctor.remedies.context import (
    RemedyContext,
    database_step,
    provisioning_context,
    remedy_operation,
)
from vcltui.domxml.parse import parse_domain
from vcltui.errors import ConflictError, NotFoundError, RefusedError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.domain import Domain
from vcltui.models.evidence import ComputerRow
from vcltui.models.names import domain_belongs_to, file_belongs_to
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.deletion import delete_steps
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import images
from vcltui.vcldb.remedies import computers as computer_remedies


def plan_available(context: RemedyContext, finding: Finding) -> Operation:
    """F: make the computer available."""
    computer_id = _computer_id(finding)
    step = database_step(
        lambda: computer_remedies.plan_available(context.database, computer_id),
        "make-available",
        f"Make {finding.computer} available",
        lambda: None,
    )
    return remedy_operation(finding, "F", [step])


def plan_reload(context: RemedyContext, finding: Finding) -> Operation:
    """G: ask vcld to load the computer again. Refused while a request needs the computer."""
    computer_id, settings = _computer_id(finding), context.settings
    step = database_step(
        lambda: computer_remedies.plan_reload(
            context.database, computer_id, settings.reload_minutes, settings.node_silent_seconds
        ),
        "reload-request",
        f"Ask vcld to reload {finding.computer}",
        lambda: computer_remedies.check_unused(
            context.database, computer_id, finding.computer or "", "reloaded"
        ),
    )
    return remedy_operation(finding, "G", [step])


def plan_remove_domain(context: RemedyContext, finding: Finding) -> Operation:
    """I: delete a domain that should not be, with the disk that a load made for it.

    Refused unless its whole name is the computer's, while a request needs the computer, or while
    anything on any host stands on its disk or a host can't be asked.
    """
    session, computer = context.host(finding), context.computer(_computer_id(finding))
    domain = _domain(session, finding)
    image = images.get_revision_by_id(context.database, computer.revision_id)
    inner = provisioning_context(context, session, computer, image)
    deletes = delete_steps(inner, [domain])

    def check(_step: StepContext) -> None:
        _check_removable(context, session, computer, domain)

    _check_removable(context, session, computer, domain)
    first = Step(
        name="check-unused",
        title=f"Check that nobody needs {domain.name}",
        run=check,
        calls=(f"inventory: no request may need computer {computer.name} now",),
    )
    return remedy_operation(finding, "I", [first, *deletes])


def _check_removable(
    context: RemedyContext, session: HostSession, computer: ComputerRow, domain: Domain
) -> None:
    if not domain_belongs_to(domain.name, computer.name):
        raise RefusedError(
            f"The domain {domain.name} is not named after {computer.name}", "Nothing was removed"
        )
    computer_remedies.check_forgotten(context.database, computer.id, computer.name)
    now = domains.find_by_uuid(session.connection, domain.uuid)
    if now is None or now.name != domain.name:
        raise ConflictError(f"The domain {domain.name} is gone", "Nothing is left to be done")
    if now.power is not domain.power:
        raise ConflictError(
            f"The domain {domain.name} is {now.power.value} now, and was not removed",
            "Look at it again",
        )
    definition = parse_domain(domains.domain_xml(session.connection, domain.uuid))
    for disk in definition.disks:
        if disk.source and file_belongs_to(disk.source, computer.name):
            require_unused(context, session, disk.source, ignoring=(session.name, domain.uuid))


def require_unused(
    context: RemedyContext,
    here: HostSession,
    path: str,
    *,
    ignoring: tuple[str, str] = ("", ""),
) -> None:
    """Raise RefusedError where a disk or domain on any host stands on a file or uses it.

    Also where a host that may have the folder can't be asked. `ignoring` is a host's name and the
    UUID of the one domain that may use it.
    """
    name = path.rsplit("/", 1)[-1]
    for stranger in context.strangers():
        if stranger.profile is None or may_see(stranger.profile, path):
            raise RefusedError(
                f"Host {stranger.name} of another management node may use {path} and is not asked",
                "Set all_management_nodes = true under [inventory], or do it from that node",
            )
    for session in context.sessions():
        try:
            users = _users(session, here, path, name, ignoring)
        except VcltuiError as error:
            raise RefusedError(
                f"Host {session.name} may use {path} and can't be asked ({error.what}), so nothing "
                "was done",
                "Try again when that host answers",
            ) from error
        if users:
            raise RefusedError(
                f"{path} is in use: {', '.join(sorted(users))}", "Nothing may be done to it"
            )


def _users(
    session: HostSession, here: HostSession, path: str, name: str, ignoring: tuple[str, str]
) -> list[str]:
    found: list[str] = []
    for domain in domains.list_domains(session.connection):
        if (session.name, domain.uuid) == ignoring:
            continue
        try:
            xml = domains.domain_xml(session.connection, domain.uuid)
        except NotFoundError:
            continue
        sources = [disk.source for disk in parse_domain(xml).disks if disk.source]
        # A shared folder may be mounted elsewhere on another host: the file's name tells, too.
        same = path in sources or (
            session.name != here.name and any(one.endswith(f"/{name}") for one in sources)
        )
        if same:
            found.append(f"domain {domain.name} on {session.name}")
    profile, node = session.vmhost.profile, session.node
    if profile is not None and node.stat(path) is not None:
        folders = dict.fromkeys((profile.datastore, profile.copy_on_write_directory))
        found += usage.find_users(node, tuple(folders), path)
    return found


def _domain(session: HostSession, finding: Finding) -> Domain:
    uuid = finding.target.uuid
    found = domains.find_by_uuid(session.connection, uuid) if uuid else None
    if found is None or found.name != finding.target.domain:
        raise ConflictError(
            f"The domain {finding.target.domain} is not on {session.name} any more",
            "Nothing is left to be done",
        )
    return found


def _computer_id(finding: Finding) -> int:
    if finding.target.computer_id is None:
        raise RefusedError(f"{finding.subject} is no computer", "Nothing was done")
    return finding.target.computer_id
