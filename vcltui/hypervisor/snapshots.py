"""Snapshots of a domain. Names match exactly."""

from __future__ import annotations

from dataclasses import replace

import libvirt

from vcltui.domxml.snapshots import build_snapshot_xml, parse_snapshot
from vcltui.errors import ConflictError, NotFoundError
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import libvirt_call
from vcltui.hypervisor.lookup import lookup
from vcltui.models.domain import Snapshot


def list_snapshots(conn: Connection, uuid: str) -> list[Snapshot]:
    """A domain's snapshots, the oldest first (get_snapshot_info of the specification).

    Each names its parent and its children; a parent comes before its children. Raises
    NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    with libvirt_call(f"Listing the snapshots of {domain.name()}", conn.host_name):
        found = [_parsed(snapshot) for snapshot in domain.listAllSnapshots()]
        snapshots = [each for each in found if each is not None]
        current = _current_name(domain) if snapshots else None
    parents = _without_circles({each.name: each.parent for each in snapshots})
    snapshots = [replace(each, parent=parents[each.name]) for each in snapshots]
    children: dict[str, list[str]] = {}
    for each in sorted(snapshots, key=lambda each: each.name):
        if each.parent is not None:
            children.setdefault(each.parent, []).append(each.name)
    rows = [
        replace(each, is_current=each.name == current, children=tuple(children.get(each.name, ())))
        for each in snapshots
    ]
    # Times are whole seconds: the depth tells which of two in one second was first.
    return sorted(
        rows, key=lambda each: (each.creation_time, _depth(each.name, parents), each.name)
    )


def get_snapshot(conn: Connection, uuid: str, name: str) -> Snapshot:
    """The snapshot of exactly this name.

    Raises NotFoundError that names the snapshots there are, HypervisorError.
    """
    known = list_snapshots(conn, uuid)
    for each in known:
        if each.name == name:
            return each
    domain = lookup(conn, uuid)
    raise _missing(conn, domain, name, [each.name for each in known])


def with_descendants(conn: Connection, uuid: str, name: str) -> list[str]:
    """The names of a snapshot and of all that were taken after it, parents before children.

    Raises as get_snapshot.
    """
    get_snapshot(conn, uuid, name)
    children = {each.name: each.children for each in list_snapshots(conn, uuid)}
    names = [name]
    for each in names:
        names.extend(children.get(each, ()))
    return names


def create_snapshot(conn: Connection, uuid: str, name: str, description: str = "") -> Snapshot:
    """Take a snapshot of a domain as it is, memory included while it runs (create_snapshot).

    Raises ConflictError where the name is taken, DomainXMLError for a name that can't be one,
    NotFoundError, HypervisorError.
    """
    xml = build_snapshot_xml(name, description)
    domain = lookup(conn, uuid)
    with libvirt_call(f"Taking the snapshot {name} of {domain.name()}", conn.host_name):
        if _find(domain, name) is not None:
            raise ConflictError(
                f"The domain {domain.name()} on {conn.host_name} has a snapshot {name} already",
                "Choose another name or delete that one first",
            )
        created = parse_snapshot(domain.snapshotCreateXML(xml).getXMLDesc())
        return replace(created, is_current=_current_name(domain) == name)


def revert_snapshot(conn: Connection, uuid: str, name: str) -> None:
    """Set a domain back to a snapshot; what it did since is lost.

    Raises NotFoundError that names the snapshots there are, RefusedError where libvirt deems it
    risky, HypervisorError.
    """
    domain = lookup(conn, uuid)
    with libvirt_call(f"Reverting {domain.name()} to the snapshot {name}", conn.host_name):
        domain.revertToSnapshot(_get(conn, domain, name))


def delete_snapshot(conn: Connection, uuid: str, name: str, *, children: bool = False) -> None:
    """Delete a snapshot, with `children` also those taken after it (delete_snapshot).

    Without, its children become its parent's; the domain itself stays as it is either way.
    Raises as revert_snapshot.
    """
    domain = lookup(conn, uuid)
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN if children else 0
    with libvirt_call(f"Deleting the snapshot {name} of {domain.name()}", conn.host_name):
        _get(conn, domain, name).delete(flags)


def _without_circles(parents: dict[str, str | None]) -> dict[str, str | None]:
    """The parents, but none for a snapshot that would stand on itself.

    libvirt allows no such circle. Should a host tell of one, nobody who walks the tree of
    snapshots may go round in it for ever.
    """

    def is_in_circle(name: str) -> bool:
        seen: set[str] = set()
        above = parents[name]
        while above is not None and above != name and above not in seen:
            seen.add(above)
            above = parents.get(above)
        return above == name

    return {name: None if is_in_circle(name) else parent for name, parent in parents.items()}


def _depth(name: str, parents: dict[str, str | None]) -> int:
    """How many snapshots one stands on; the parents are without circles."""
    depth = 0
    parent = parents.get(name)
    while parent is not None:
        depth += 1
        parent = parents.get(parent)
    return depth


def _parsed(snapshot: libvirt.virDomainSnapshot) -> Snapshot | None:
    """A snapshot's model; None for one that was deleted since it was listed."""
    try:
        xml = snapshot.getXMLDesc()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
            raise
        return None
    return parse_snapshot(xml)


def _current_name(domain: libvirt.virDomain) -> str | None:
    try:
        return str(domain.snapshotCurrent().getName())
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
            raise
    return None


def _find(domain: libvirt.virDomain, name: str) -> libvirt.virDomainSnapshot | None:
    try:
        return domain.snapshotLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
            raise
    return None


def _get(conn: Connection, domain: libvirt.virDomain, name: str) -> libvirt.virDomainSnapshot:
    snapshot = _find(domain, name)
    if snapshot is not None:
        return snapshot
    raise _missing(conn, domain, name, [each.getName() for each in domain.listAllSnapshots()])


def _missing(
    conn: Connection, domain: libvirt.virDomain, name: str, known: list[str]
) -> NotFoundError:
    listed = ", ".join(map(repr, sorted(known)))
    return NotFoundError(
        f"The domain {domain.name()} on {conn.host_name} has no snapshot {name!r}",
        f"It has {listed}" if known else "It has no snapshots at all",
    )
