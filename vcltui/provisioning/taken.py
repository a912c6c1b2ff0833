"""Whether what a killed operation left behind has been taken into use since."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.disks.marks import Known, compare
from vcltui.errors import GuestError
from vcltui.hypervisor import snapshots
from vcltui.models.domain import Domain
from vcltui.operations.undo import RemovePublished, UndoAction
from vcltui.provisioning.context import Context
from vcltui.provisioning.guests import guest_of
from vcltui.provisioning.session import HostSession

_SOMEBODYS = frozenset({"reserved", "inuse"})
"""States in which VCL has given a computer to a user."""


def taken_into_use(session: HostSession, computer: Context | None, domain: Domain) -> str | None:
    """Why the domain of a load that did not end is somebody's by now; None where nothing says so.

    `computer` is the context of the computer it was loaded for, where the inventory still knows
    one. Raises HostUnreachableError, InventoryError.
    """
    if snapshots.list_snapshots(session.connection, domain.uuid):
        return "it has snapshots, which no load makes"
    if computer is None:
        return None
    if computer.computer.state in _SOMEBODYS:
        return f"computer {computer.computer.name} is {computer.computer.state}"
    if computer.session.name != session.name or not domain.power.is_active:
        return None
    try:
        guest = guest_of(computer, domain)
        current = guest.read_current_image() if guest.is_responding() else None
    except GuestError:
        return None
    if current is None or not current.tags:
        return None
    return f"its guest was made ready since ({', '.join(sorted(current.tags))})"


def may_be_in_use(
    session: HostSession, domain: Domain, recorded: Sequence[UndoAction]
) -> str | None:
    """Why the domain of a load that did not end may be somebody's; None where it never ran.

    A guest that does not answer may be one that somebody sits at all the same, so that it is on
    is enough. `recorded` is what undoes the load. Raises HostUnreachableError.
    """
    if domain.power.is_active:
        return "it is on and may be in use"
    for action in recorded:
        if not isinstance(action, RemovePublished) or action.path.endswith(".xml"):
            continue
        there = session.node.stat(action.path)
        if there is not None and compare(action, there) is Known.CHANGED:
            return f"its disk {action.path} was written to"
    return None
