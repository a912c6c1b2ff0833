"""The diagnosis of a workspace: everybody is asked, and told what was found."""

from __future__ import annotations

import socket

from vcltui.config import ManagementNodeAccess
from vcltui.doctor.concerning import about
from vcltui.doctor.examine import examine
from vcltui.doctor.facts import Facts, GuestFacts, Unknown
from vcltui.doctor.findings import Diagnosis
from vcltui.doctor.gather import NodeAccess, Sources, gather
from vcltui.doctor.settings import DoctorSettings
from vcltui.errors import NotFoundError, UsageError, VcltuiError
from vcltui.models.evidence import ManagementNodeRow
from vcltui.models.host import VMHost
from vcltui.nodes.base import Node
from vcltui.nodes.from_uri import node_for_uri
from vcltui.nodes.local import LocalNode
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.guests import guest_of
from vcltui.provisioning.session import HostSession
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import diagnosis as diagnosis_rows
from vcltui.vcldb import hosts as host_rows


def diagnose(
    workspace: Workspace,
    reservation: int | None = None,
    settings: DoctorSettings | None = None,
    *,
    guest_of: int | None = None,
) -> Diagnosis:
    """What is wrong now: with everything, or with one reservation and all that it stands on.

    Guests are asked where a load or a computer's state leaves it open, and that of the
    reservation or of the reservation `guest_of`. Blocks for as long as the slowest host takes.
    Raises InventoryError, NotFoundError for a reservation that does not exist.
    """
    facts = gather_facts(workspace, reservation, guest_of=guest_of)
    found = examine(facts, settings or workspace.config.doctor)
    return found if reservation is None else about(found, facts, reservation)


def diagnose_reservations(workspace: Workspace) -> Diagnosis:
    """What the database and the management nodes tell of reservations; no VM host is asked.

    Blocks for the management nodes' answers. Raises InventoryError.
    """
    with ManagementNodes(workspace) as nodes:
        sources = Sources(workspace.inventory(), sessions=(), reach=nodes.reach)
        return examine(gather(sources), workspace.config.doctor)


def gather_facts(
    workspace: Workspace, reservation: int | None = None, *, guest_of: int | None = None
) -> Facts:
    """The facts of a diagnosis. Raises as `diagnose`."""
    database = workspace.inventory()
    guests: tuple[int, ...] = ()
    if reservation is not None or guest_of is not None:
        rows = {row.id: row.computer_id for row in diagnosis_rows.read_facts(database).reservations}
        if reservation is not None and reservation not in rows:
            raise NotFoundError(
                f"There is no reservation {reservation}", "Look at `vcltui reservations`"
            )
        guests = tuple(rows[id_] for id_ in (reservation, guest_of) if id_ in rows)
    with ManagementNodes(workspace) as nodes:
        return gather(
            Sources(
                database=database,
                sessions=all_sessions(workspace),
                strangers=strangers(workspace),
                reach=nodes.reach,
                ask_guest=lambda hostname: ask_guest(workspace, hostname),
                guests=guests,
            )
        )


def all_sessions(workspace: Workspace) -> list[HostSession]:
    """The sessions of all hosts; none where no host is known."""
    try:
        return workspace.sessions()
    except UsageError:
        return []  # a database without hosts has reservations to look at all the same


def strangers(workspace: Workspace) -> list[VMHost]:
    """The libvirt hosts of VCL that this workspace does not work on."""
    known = workspace.hosts()
    return [one for one in host_rows.list_vmhosts(workspace.inventory()) if one.name not in known]


class ManagementNodes:
    """Reaches the management nodes; what was opened is closed at the end.

    This machine is a management node where its host name, or the configured name, is that of
    VCL's row. Others are reached over SSH where the configuration says so.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._opened: list[Node] = []

    def __enter__(self) -> ManagementNodes:
        return self

    def __exit__(self, *_exc: object) -> None:
        for node in self._opened:
            node.close()

    def reach(self, row: ManagementNodeRow) -> NodeAccess:
        """How a management node is reached; Unknown where nobody said how."""
        config = self._workspace.config
        access = config.management_nodes.get(row.hostname, ManagementNodeAccess())
        if access.ssh is not None:
            return NodeAccess(self._over_ssh(access.ssh, row.hostname), access.log)
        if is_this_machine(row.hostname, config.management_node):
            return NodeAccess(LocalNode(row.hostname), access.log)
        return NodeAccess(
            Unknown(
                f"it is not said how management node {row.hostname} is reached: give "
                f'[management_nodes."{row.hostname}"] ssh = "root@{row.hostname}"'
            ),
            access.log,
        )

    def _over_ssh(self, address: str, name: str) -> Node | Unknown:
        try:
            node = node_for_uri(f"vcld+ssh://{address}", name=name)
        except VcltuiError as error:
            return Unknown(error.what)
        self._opened.append(node)
        return node


def is_this_machine(hostname: str, configured: str) -> bool:
    """Whether a management node's name is this machine's, or what it is configured to be."""
    return hostname in (configured, socket.gethostname())


def ask_guest(workspace: Workspace, hostname: str) -> GuestFacts:
    """What a computer's guest says of itself; that it does not answer is an answer. Blocks."""
    try:
        context = Targets(workspace).computer(hostname).context
        guest = guest_of(context, computer_domain(context))
        if not guest.is_responding():
            return GuestFacts(answers=False, reason=f"no answer ({guest.describe()})")
        current = guest.read_current_image()
    except VcltuiError as error:
        return GuestFacts(answers=False, reason=error.what)
    if current is None:
        return GuestFacts(answers=True, reason="it has no currentimage.txt")
    return GuestFacts(True, current.image_revision_id, current.image_name)
