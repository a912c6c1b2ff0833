"""Deletes the domains of a computer: powered off, without snapshots, own disks, undefined."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from vcltui.disks.publish import aside_path
from vcltui.domxml.parse import parse_domain
from vcltui.errors import HostUnreachableError, RefusedError
from vcltui.hypervisor import domains, snapshots
from vcltui.models.domain import Domain, DomainDefinition
from vcltui.models.names import domain_belongs_to, file_belongs_to
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.disk_users import disk_users
from vcltui.vcldb import computers, revisions


def domains_of(context: Context, computer_name: str) -> list[Domain]:
    """The domains on the host that were made for a computer, by their names."""
    found = domains.list_domains(context.session.connection)
    return [domain for domain in found if domain_belongs_to(domain.name, computer_name)]


def plan_unload(context: Context) -> Operation:
    """Plan the deletion of every domain of the computer (specification: unload)."""
    name = context.computer.name
    return Operation(
        id=new_operation_id(),
        kind="unload",
        target=name,
        host=context.vmhost.name,
        title=f"Unload {name}",
        steps=(
            *delete_steps(context, domains_of(context, name)),
            *clear_current_image(context),
        ),
    )


def plan_delete_domain(context: Context, domain: Domain) -> Operation:
    """Plan the deletion of one domain (specification: delete_domain)."""
    return Operation(
        id=new_operation_id(),
        kind="delete-domain",
        target=domain.name,
        host=context.vmhost.name,
        title=f"Delete domain {domain.name}",
        steps=delete_steps(context, [domain]),
    )


def delete_steps(context: Context, found: list[Domain]) -> tuple[Step, ...]:
    """A step for each domain. What it deletes is settled now, and told in the step's calls.

    Raises RefusedError when a disk that would be deleted has other users.
    """
    return tuple(_delete_step(context, domain) for domain in found)


def _delete_step(context: Context, domain: Domain) -> Step:
    connection = context.session.connection
    definition = parse_domain(domains.domain_xml(connection, domain.uuid))
    own_disks = _own_disks(context, domain, definition)
    known = snapshots.list_snapshots(connection, domain.uuid) if own_disks else []
    calls = (
        f"virDomainDestroy({domain.name})",
        *(f"virDomainSnapshotDelete({domain.name}, {snapshot.name})" for snapshot in known),
        *(f"unlink {path}" for path in own_disks),
        f"virDomainUndefineFlags({domain.name}, MANAGED_SAVE|SNAPSHOTS_METADATA|NVRAM)",
    )

    def delete(step: StepContext) -> str | None:
        if domains.find_by_uuid(connection, domain.uuid) is None:
            return "already gone"
        _check_disks_are_free(context, domain, own_disks)
        domains.destroy(connection, domain.uuid)
        if own_disks:
            for snapshot in _leaves_first(context, domain):
                snapshots.delete_snapshot(connection, domain.uuid, snapshot)
        for path in own_disks:
            step.cancel.raise_if_cancelled()
            context.session.node.remove_file(path)
        domains.undefine(connection, domain.uuid)
        kept = [disk.source for disk in definition.disks if disk.source not in own_disks]
        sources = ", ".join(source for source in kept if source)
        return f"kept its disks {sources}" if sources else None

    return Step(
        name="delete-domain",
        title=f"Delete domain {domain.name}",
        run=delete,
        calls=calls,
        loses=(f"domain {domain.name} ({domain.uuid})", *own_disks),
    )


def _leaves_first(context: Context, domain: Domain) -> list[str]:
    """Names of the snapshots, children before their parents."""
    found = snapshots.list_snapshots(context.session.connection, domain.uuid)
    parents = {snapshot.name: snapshot.parent for snapshot in found}

    def depth(name: str) -> int:
        above = {name}
        parent = parents.get(name)
        while parent is not None and parent not in above:  # in a circle, if a host is damaged
            above.add(parent)
            parent = parents.get(parent)
        return len(above)

    return sorted(parents, key=depth, reverse=True)


def _own_disks(context: Context, domain: Domain, definition: DomainDefinition) -> tuple[str, ...]:
    """The disks that go with the domain: those whose file name starts with `<computer>_`.

    A domain whose name has no computer prefix keeps its disks; so does one of a host without a
    VM profile, and any disk outside the folder where copy-on-write files are made, that the
    domain only reads, or that is an image.
    """
    assignment, profile = context.assignment, context.vmhost.profile
    if assignment is None or profile is None:
        return ()
    computer = assignment.computer.name
    if not domain_belongs_to(domain.name, computer):
        return ()
    node = context.session.node
    home = node.real_path(profile.copy_on_write_directory)
    own = [
        disk.source
        for disk in definition.disks
        if disk.device == "disk"
        and not disk.readonly
        and disk.source is not None
        and file_belongs_to(disk.source, computer)
        and node.real_path(disk.source).rsplit("/", 1)[0] == home
        and node.stat(disk.source) is not None
        and not _is_image(context, disk.source)
    ]
    return tuple(dict.fromkeys(own))


def _is_image(context: Context, path: str) -> bool:
    """Whether a file is named as an image of the inventory is."""
    if context.database is None:
        return False
    return revisions.is_live(context.database, PurePosixPath(path).stem)


def _check_disks_are_free(context: Context, domain: Domain, disks: tuple[str, ...]) -> None:
    """Raise RefusedError when another disk stands on one of `disks` or a domain also uses it."""
    if not disks:
        return
    _check_runs_nowhere_else(context, domain)
    for path in disks:
        # The computer's own disk is its own host's matter: no other host is searched.
        users = disk_users(context.session, (), path, but_domain=domain.uuid, lenient=True)
        if users:
            raise RefusedError(
                f"The disk {path} of domain {domain.name} is also used by {', '.join(users)}; "
                "the domain was not deleted",
                "Delete, change or flatten what stands on it first",
            )


def _check_runs_nowhere_else(context: Context, domain: Domain) -> None:
    """Raise RefusedError when a domain that is off here was moved to another host and is on there.

    A host that is silent is passed over: the domain of this one is its own matter.
    """
    connection = context.session.connection
    here = domains.find_by_uuid(connection, domain.uuid)
    if here is None or here.power.is_active:
        return
    for other in context.other_hosts:
        try:
            there = domains.find_by_uuid(other.connection, domain.uuid)
        except HostUnreachableError:
            continue
        if there is not None and there.power.is_active:
            raise RefusedError(
                f"Domain {domain.name} is off on {context.vmhost.name} and runs on {other.name}, "
                "which has its disks; it was not deleted",
                f"Assign the computer to {other.name}, or undefine the domain here by hand",
            )


def set_aside_step(context: Context) -> tuple[Step, ...]:
    """A step that renames a copy-on-write file which no domain uses and the load would meet.

    Empty where there is none. Raises RefusedError when a domain of another computer uses it.
    """
    node, path = context.session.node, paths.copy_on_write_path(context)
    if node.stat(path) is None:
        return ()
    if _is_image(context, path):
        raise RefusedError(
            f"The disk that the load would make, {path}, has the name of an image",
            "Give the computer or the image another name, or the host a vmpath of its own",
        )
    aside = aside_path(path, datetime.now(UTC))

    def rename(_step: StepContext) -> str | None:
        if node.stat(path) is None:
            return "it went with its domain"
        _check_unused(context, path)
        node.rename_no_replace(path, aside)
        return f"kept as {aside}"

    return (
        Step(
            name="set-aside",
            title=f"Set aside the disk left at {path}",
            run=rename,
            calls=(f"rename {path} {aside}",),
        ),
    )


def _check_unused(context: Context, path: str) -> None:
    users = disk_users(context.session, context.other_hosts, path, lenient=True)
    if users:
        raise RefusedError(
            f"The disk {path} that the load would make is used by {', '.join(users)}",
            "Find out why they use another computer's disk; nothing was done to it",
        )


def clear_current_image(context: Context) -> tuple[Step, ...]:
    """A step that notes in the inventory that the computer has no image; empty without one."""
    database = context.database
    if database is None:
        return ()
    computer = context.computer

    def clear(_step: StepContext) -> None:
        computers.set_current_image(database, computer.id, None, expected=computer)

    return (
        Step(
            name="update-inventory",
            title=f"Note that {computer.name} has no image",
            run=clear,
            calls=(f"inventory: computer {computer.name}: current image = noimage",),
        ),
    )
