"""vcld's log of one reservation, from the management node that works on it."""

from __future__ import annotations

from vcltui.doctor.facts import Unknown
from vcltui.doctor.vcldlog import LogBlock, read_log
from vcltui.errors import NodeError, NotFoundError
from vcltui.runtime.diagnosis import ManagementNodes
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import diagnosis as diagnosis_rows

MOST_BLOCKS = 500


def read_vcld_log(workspace: Workspace, reservation: int) -> tuple[LogBlock, ...]:
    """The last lines and blocks of vcld.log about a reservation, the oldest first. Blocks.

    Raises NotFoundError for a reservation or a log that is not there, NodeError where its
    management node can't be asked, InventoryError.
    """
    facts = diagnosis_rows.read_facts(workspace.inventory())
    row = next((one for one in facts.reservations if one.id == reservation), None)
    if row is None:
        raise NotFoundError(f"There is no reservation {reservation}", "It may be over")
    node_row = next(
        (one for one in facts.management_nodes if one.id == row.management_node_id), None
    )
    if node_row is None:
        raise NotFoundError(
            f"The management node of reservation {reservation} is not in the inventory",
            "Look at the table managementnode",
        )
    with ManagementNodes(workspace) as nodes:
        access = nodes.reach(node_row)
        if isinstance(access.node, Unknown):
            raise NodeError(f"vcld's log can't be read: {access.node.reason}")
        blocks = read_log(access.node, access.log_path)
    return tuple(one for one in blocks if one.reservation_id == reservation)[-MOST_BLOCKS:]
