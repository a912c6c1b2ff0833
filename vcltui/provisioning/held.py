"""Whom an operation on a computer disturbs: the reservation that holds the computer."""

from __future__ import annotations

from vcltui.errors import NotFoundError
from vcltui.operations.step import Operation
from vcltui.provisioning.context import Context
from vcltui.vcldb import reservations

_DISTURB_NOBODY = frozenset({"power-on", "power-resume", "snapshot-create"})


def warnings(context: Context, operation: Operation) -> tuple[str, ...]:
    """A sentence on the reservation that holds the computer now; none where nobody is disturbed.

    Raises InventoryError.
    """
    assignment, database = context.assignment, context.database
    if database is None or assignment is None or operation.kind in _DISTURB_NOBODY:
        return ()
    request = reservations.get_request_for_computer(database, assignment.computer.id)
    if request is None:
        return ()
    try:
        found = reservations.get_reservation(database, request.reservation_id)
    except NotFoundError:
        return ()  # ended since
    until = f" until {found.end:%Y-%m-%d %H:%M}" if found.end is not None else ""
    return (
        f"Reservation {found.id} of {found.user} is {found.state} on {assignment.computer.name}"
        f"{until}",
    )
