"""Creates, reverts to and deletes snapshots of a domain."""

from __future__ import annotations

from vcltui.domxml.parse import parse_domain
from vcltui.drivers.base import SnapshotAction
from vcltui.errors import ConflictError, RefusedError, UsageError, VcltuiError
from vcltui.hypervisor import domains, snapshots
from vcltui.models.domain import Domain, Snapshot
from vcltui.operations.step import Operation, Step, StepContext, StepFunction
from vcltui.provisioning.context import Context, new_operation_id

_MAX_NAME = 200
_CALLS = {
    "create": "virDomainSnapshotCreateXML",
    "revert": "virDomainRevertToSnapshot",
    "delete": "virDomainSnapshotDelete",
}


def plan_create(context: Context, domain: Domain, name: str, description: str = "") -> Operation:
    """Plan a snapshot. Raises UsageError for a bad name, ConflictError where it exists."""
    if not name.strip() or not name.isprintable() or len(name) > _MAX_NAME or "/" in name:
        raise UsageError(
            f"{name[:40]!r} is no snapshot name",
            f"It needs 1 to {_MAX_NAME} printable characters without a slash",
        )
    there = snapshots.list_snapshots(context.session.connection, domain.uuid)
    if any(snapshot.name == name for snapshot in there):
        raise ConflictError(
            f"Domain {domain.name} already has a snapshot named {name!r}", "Choose another name"
        )

    def create(_step: StepContext) -> None:
        snapshots.create_snapshot(context.session.connection, domain.uuid, name, description)
        try:
            _in_disks(context, domain, "create", name)
        except VcltuiError:
            snapshots.delete_snapshot(context.session.connection, domain.uuid, name)
            raise

    return _operation(context, domain, "create", name, create)


def plan_revert(context: Context, domain: Domain, name: str) -> Operation:
    """Plan going back to a snapshot; what was written since is lost. Raises NotFoundError."""
    snapshots.get_snapshot(context.session.connection, domain.uuid, name)

    def revert(_step: StepContext) -> None:
        snapshots.revert_snapshot(context.session.connection, domain.uuid, name)
        _in_disks(context, domain, "revert", name)

    return _operation(context, domain, "revert", name, revert)


def plan_delete(
    context: Context, domain: Domain, name: str, *, children: bool = False
) -> Operation:
    """Plan the deletion of a snapshot, with `children` of all that follow from it too.

    Raises NotFoundError; RefusedError where one of them is external, which is not made here.
    """

    def names() -> list[str]:
        """All that goes, as it is now."""
        connection = context.session.connection
        found = snapshots.with_descendants(connection, domain.uuid, name)
        gone = found if children else [name]
        for snapshot in snapshots.list_snapshots(connection, domain.uuid):
            if snapshot.name in gone:
                _refuse_external(snapshot, domain)
        return gone

    def delete(_step: StepContext) -> None:
        gone = names()
        snapshots.delete_snapshot(context.session.connection, domain.uuid, name, children=children)
        for snapshot in gone:
            _in_disks(context, domain, "delete", snapshot)

    lost = tuple(f"snapshot {one!r} of {domain.name} ({domain.uuid})" for one in names())
    return _operation(context, domain, "delete", name, delete, loses=lost)


def _in_disks(context: Context, domain: Domain, action: SnapshotAction, name: str) -> None:
    """Let the driver do in the disks what the hypervisor does not."""
    definition = parse_domain(domains.domain_xml(context.session.connection, domain.uuid))
    disks = [disk.source for disk in definition.disks if disk.device == "disk" and disk.source]
    context.session.driver.snapshot_disks(action, disks, name)


def _refuse_external(snapshot: Snapshot, domain: Domain) -> None:
    if snapshot.external:
        raise RefusedError(
            f"Snapshot {snapshot.name!r} of domain {domain.name} is external: its disk is a file "
            "of its own that other disks may stand on",
            "Delete it with `virsh snapshot-delete` after looking at the disks",
        )


def _operation(
    context: Context,
    domain: Domain,
    verb: str,
    name: str,
    run: StepFunction,
    *,
    loses: tuple[str, ...] = (),
) -> Operation:
    call = f"{_CALLS[verb]}({domain.name}, {name!r})"
    title = f"{verb.capitalize()} snapshot {name!r} of {domain.name}"
    return Operation(
        id=new_operation_id(),
        kind=f"snapshot-{verb}",
        target=domain.name,
        host=context.vmhost.name,
        title=title,
        steps=(Step(name=f"snapshot-{verb}", title=title, run=run, calls=(call,), loses=loses),),
        details={"uuid": domain.uuid, "snapshot": name},
    )
