"""What may be chosen for the capture of a base image, read as VCL's setup reads it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, func, or_, select

from vcltui.errors import NotFoundError, RefusedError
from vcltui.models.basecapture import (
    BaseCaptureChoices,
    ComputerChoice,
    ExistingRequest,
    NodeChoice,
    OwnerChoice,
)
from vcltui.models.basenames import is_latin1
from vcltui.models.inventory import OperatingSystem
from vcltui.models.numbers import number_in
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.hostnames import host_names
from vcltui.vcldb.hosts import LIBVIRT_PACKAGE
from vcltui.vcldb.lookup import not_found, user_id
from vcltui.vcldb.managing import managing_nodes
from vcltui.vcldb.tables import (
    affiliation,
    computer,
    image,
    imagerevision,
    managementnode,
    module,
    operatingsystem,
    osinstalltype,
    provisioning,
    provisioning_osinstalltype,
    request,
    reservation,
    state,
    user,
    vmhost,
    vmprofile,
)

_laststate = state.alias("laststate")
_RELOADER = "vclreload"


def choices(database: Database, computer_text: str | None = None) -> BaseCaptureChoices:
    """What may be chosen; with `computer_text` what fits the computers that it means.

    Nothing is found for a text that means no computer. Raises InventoryError.
    """
    with database.read() as connection:
        found = _meant(connection, computer_text) if computer_text else ()
        one = found[0] if len(found) == 1 else None
        return BaseCaptureChoices(
            owners=list_owners(connection),
            computers=found,
            systems=systems_for(connection, one) if one else (),
            management_nodes=list_nodes(connection),
            requests=requests_of(connection, one.id) if one else (),
        )


def list_owners(connection: Connection) -> tuple[OwnerChoice, ...]:
    """Every user but VCL's own, `admin` first; with the affiliation where two share a login."""
    rows = connection.execute(
        select(user.c.id, user.c.unityid, user.c.firstname, user.c.lastname, affiliation.c.name)
        .join(affiliation, affiliation.c.id == user.c.affiliationid)
        .where(user.c.unityid.not_in([_RELOADER, "vclsystem"]))
        .order_by(user.c.unityid, user.c.id)
    ).all()
    logins = [row.unityid for row in rows]
    found = [
        OwnerChoice(
            id=row.id,
            name=row.unityid if logins.count(row.unityid) == 1 else f"{row.unityid}@{row.name}",
            people=f"{row.firstname} {row.lastname}".strip(),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda owner: owner.name != "admin"))


def find_owner(connection: Connection, text: str) -> tuple[int, str]:
    """The id and the login of a user by login, `login@affiliation` or id.

    A number is an id, as in VCL's setup. Raises NotFoundError, RefusedError for a login that
    several users have.
    """
    if not is_latin1(text):
        raise NotFoundError(f"VCL has no user {text!r}", "Give a login, such as admin")
    number = number_in(text)
    id_ = user_id(connection, text) if number is None else number
    login = connection.scalar(select(user.c.unityid).where(user.c.id == id_))
    if login is None:
        raise NotFoundError(f"VCL has no user with the id {id_}", "Give a login, such as admin")
    return id_, str(login)


def find_computers(connection: Connection, text: str) -> tuple[ComputerChoice, ...]:
    """Every computer that a host name, its first label or an address means, by host name."""
    if not text.strip() or not is_latin1(text):
        return ()
    is_meant = or_(
        computer.c.hostname == text,
        computer.c.hostname.startswith(f"{text}.", autoescape=True),
        computer.c.IPaddress == text,
        computer.c.privateIPaddress == text,
    )
    return _read_computers(connection, is_meant)


def one_computer(connection: Connection, text: str) -> ComputerChoice:
    """The one computer that `text` means. Raises NotFoundError, RefusedError for several."""
    found = _meant(connection, text)
    if len(found) > 1:
        raise RefusedError(
            f"{text!r} means {len(found)} computers: {', '.join(one.hostname for one in found)}",
            "Give the full host name",
        )
    if not found:
        known = connection.scalars(select(computer.c.hostname).where(computer.c.deleted == 0))
        raise not_found("computer", text, known.all())
    return found[0]


def systems_for(connection: Connection, chosen: ComputerChoice) -> tuple[OperatingSystem, ...]:
    """The systems whose install type the computer's provisioning can capture, by pretty name."""
    columns = operatingsystem.c
    rows = connection.execute(
        select(columns.id, columns.name, columns.prettyname, columns.type)
        .where(columns.installtype.in_(chosen.install_types))
        .order_by(columns.prettyname)
    )
    return tuple(OperatingSystem(row.id, row.name, row.prettyname, row.type) for row in rows)


def list_nodes(connection: Connection) -> tuple[NodeChoice, ...]:
    """Every management node that is not deleted, by host name, and when it checked in."""
    columns, time = managementnode.c, database_now(connection)
    rows = connection.execute(
        select(columns.id, columns.hostname, columns.lastcheckin, state.c.name)
        .join(state, state.c.id == columns.stateid)
        .where(state.c.name != "deleted")
        .order_by(columns.hostname)
    )
    return tuple(
        NodeChoice(
            id=row.id,
            hostname=row.hostname,
            state=row.name,
            silent_seconds=(
                max((time - row.lastcheckin).total_seconds(), 0.0) if row.lastcheckin else None
            ),
        )
        for row in rows
    )


def one_node(connection: Connection, hostname: str) -> NodeChoice:
    """The management node of this host name, or the only one for an empty one.

    Raises NotFoundError, RefusedError where one of several has to be named.
    """
    nodes = list_nodes(connection)
    if not hostname and len(nodes) == 1:
        return nodes[0]
    if not hostname and nodes:
        raise RefusedError(
            f"VCL has {len(nodes)} management nodes: {', '.join(node.hostname for node in nodes)}",
            "Say which one manages the computer",
        )
    for node in nodes:
        if node.hostname == hostname:
            return node
    raise not_found("management node", hostname, [node.hostname for node in nodes])


def node_for_capture(database: Database, own: str, computer_id: int) -> str:
    """The management node to capture a computer by: `own`, else the one that manages it.

    Empty where VCL has one alone, or where it does not tell which it is. Raises InventoryError.
    """
    with database.read() as connection:
        nodes = {node.id: node.hostname for node in list_nodes(connection)}
        managing = managing_nodes(connection, computer_id) & set(nodes)
    if own in nodes.values():
        return own
    return nodes[managing.pop()] if len(managing) == 1 else ""


def requests_of(connection: Connection, computer_id: int) -> tuple[ExistingRequest, ...]:
    """Every request of a computer that is not over, by id."""
    per_request = (
        select(reservation.c.requestid, func.count().label("count"))
        .group_by(reservation.c.requestid)
        .subquery()
    )
    rows = connection.execute(
        select(
            request.c.id,
            request.c.start,
            reservation.c.id.label("reservation_id"),
            reservation.c.imageid,
            state.c.name.label("state"),
            _laststate.c.name.label("laststate"),
            user.c.unityid,
            image.c.prettyname,
            imagerevision.c.imagename,
            per_request.c.count.label("reservations"),
        )
        .join(reservation, reservation.c.requestid == request.c.id)
        .join(per_request, per_request.c.requestid == request.c.id)
        .join(state, state.c.id == request.c.stateid)
        .join(_laststate, _laststate.c.id == request.c.laststateid)
        .join(user, user.c.id == request.c.userid)
        .join(image, image.c.id == reservation.c.imageid)
        .join(imagerevision, imagerevision.c.id == reservation.c.imagerevisionid)
        .where(reservation.c.computerid == computer_id, state.c.name != "complete")
        .order_by(request.c.id)
    )
    return tuple(
        ExistingRequest(
            request_id=row.id,
            reservation_id=row.reservation_id,
            state=row.state,
            laststate=row.laststate,
            user=row.unityid,
            image_id=row.imageid,
            image_name=row.imagename,
            prettyname=row.prettyname,
            start=row.start,
            reservations=row.reservations,
        )
        for row in rows
    )


def _meant(connection: Connection, text: str) -> tuple[ComputerChoice, ...]:
    """As `find_computers`; a whole host name means that computer alone."""
    found = find_computers(connection, text)
    exact = tuple(one for one in found if one.hostname == text)
    return exact if len(exact) == 1 else found


def _read_computers(
    connection: Connection, is_meant: ColumnElement[bool]
) -> tuple[ComputerChoice, ...]:
    rows = connection.execute(
        select(
            computer.c.id,
            computer.c.hostname,
            computer.c.vmhostid,
            computer.c.IPaddress,
            computer.c.privateIPaddress,
            computer.c.provisioningid,
            computer.c.type,
            state.c.name.label("state"),
            provisioning.c.prettyname.label("provisioning"),
            module.c.name.label("module"),
            module.c.perlpackage,
            vmprofile.c.profilename,
        )
        .join(state, state.c.id == computer.c.stateid)
        .join(provisioning, provisioning.c.id == computer.c.provisioningid)
        .join(module, module.c.id == provisioning.c.moduleid)
        .outerjoin(vmhost, vmhost.c.id == computer.c.vmhostid)
        .outerjoin(vmprofile, vmprofile.c.id == vmhost.c.vmprofileid)
        .where(computer.c.deleted == 0, is_meant)
        .order_by(computer.c.hostname)
    ).all()
    hosts = host_names(connection)
    types = _install_types(connection)
    return tuple(
        ComputerChoice(
            id=row.id,
            hostname=row.hostname,
            state=row.state,
            provisioning=row.provisioning,
            install_types=types.get(row.provisioningid, ()),
            vmhost=hosts.get(row.vmhostid),
            profile=row.profilename,
            public_ip=row.IPaddress or None,
            private_ip=row.privateIPaddress or None,
            virtual="xcat" not in row.module.lower(),
            libvirt=row.perlpackage == LIBVIRT_PACKAGE and row.type == "virtualmachine",
        )
        for row in rows
    )


def _install_types(connection: Connection) -> dict[int, tuple[str, ...]]:
    """The names of the install types of each provisioning, by its id."""
    link = provisioning_osinstalltype.c
    rows = connection.execute(
        select(link.provisioningid, osinstalltype.c.name)
        .join(osinstalltype, osinstalltype.c.id == link.OSinstalltypeid)
        .order_by(osinstalltype.c.name)
    )
    found: dict[int, tuple[str, ...]] = {}
    for row in rows:
        found[row.provisioningid] = (*found.get(row.provisioningid, ()), row.name)
    return found
