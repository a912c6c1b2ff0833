"""What a diagnosis asks of the database: a few bulk queries in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from vcltui.models.evidence import (
    BlockRow,
    ComputerRow,
    DatabaseFacts,
    EndingRow,
    HostRow,
    LoadStepRow,
    ManagementNodeRow,
    RequestRow,
    ReservedRow,
    RevisionRow,
    SemaphoreRow,
)
from vcltui.vcldb import tables as t
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.hostnames import host_names
from vcltui.vcldb.hosts import LIBVIRT_PACKAGE

_laststate = t.state.alias("laststate")
_ENDINGS_SINCE = timedelta(days=7)
# What VCL's web page takes for the usual time of a load: loads of the last year of this length.
_LOADS_SINCE = timedelta(days=365)
_LOAD_SECONDS = (120, 1800)


def read_facts(database: Database) -> DatabaseFacts:
    """Everything that a diagnosis needs of the database, as of one moment.

    Its computers are those that libvirt provisions, deleted ones too, and those with a
    reservation. Raises InventoryError.
    """
    with database.read() as connection:
        moment = database_now(connection)
        return DatabaseFacts(
            now=moment,
            is_embedded=database.is_embedded,
            requests=tuple(_requests(connection)),
            reservations=tuple(_reservations(connection)),
            steps=tuple(_steps(connection)),
            semaphores=tuple(_semaphores(connection)),
            computers=tuple(_computers(connection)),
            revisions=tuple(_revisions(connection)),
            management_nodes=tuple(_management_nodes(connection)),
            hosts=tuple(_hosts(connection)),
            endings=tuple(_endings(connection, moment - _ENDINGS_SINCE)),
            blocks=tuple(_blocks(connection, moment)),
            flow=tuple(_flow(connection)),
            expected_seconds=tuple(_expected(connection, moment)),
        )


def request_select() -> Select[Any]:
    """Requests with the names of their states and their users."""
    request = t.request.c
    return (
        select(
            request.id,
            t.state.c.name.label("state"),
            _laststate.c.name.label("laststate"),
            request.start,
            request.end,
            t.user.c.unityid,
            request.logid,
        )
        .join(t.state, t.state.c.id == request.stateid)
        .join(_laststate, _laststate.c.id == request.laststateid)
        .outerjoin(t.user, t.user.c.id == request.userid)
        .order_by(request.id)
    )


def read_request(
    connection: Connection, request_id: int, *, latest: bool = False
) -> RequestRow | None:
    """One request; None where it is gone.

    `latest`: as it is now, and not as it was when the transaction began.
    """
    statement = request_select().where(t.request.c.id == request_id)
    if latest:
        statement = statement.with_for_update(read=True)
    row = connection.execute(statement).first()
    return None if row is None else RequestRow(*row)


def _requests(connection: Connection) -> list[RequestRow]:
    return [RequestRow(*row) for row in connection.execute(request_select())]


def _reservations(connection: Connection) -> list[ReservedRow]:
    row = t.reservation.c
    columns = (
        row.id, row.requestid, row.computerid, row.imageid, row.imagerevisionid,
        row.managementnodeid, row.lastcheck,
    )  # fmt: skip
    return [ReservedRow(*one) for one in connection.execute(select(*columns).order_by(row.id))]


def _steps(connection: Connection) -> list[LoadStepRow]:
    log, states = t.computerloadlog.c, t.computerloadstate.c
    rows = connection.execute(
        select(
            log.id,
            log.reservationid,
            log.computerid,
            states.loadstatename,
            states.prettyname,
            log.timestamp,
            states.est,
            log.additionalinfo,
        )
        .join(t.computerloadstate, states.id == log.loadstateid)
        .order_by(log.id)
    )
    return [
        LoadStepRow(*row[:4], row.prettyname or row.loadstatename, *row[5:7], row[7] or "")
        for row in rows
    ]


def _semaphores(connection: Connection) -> list[SemaphoreRow]:
    row = t.vcldsemaphore.c
    columns = (row.identifier, row.reservationid, row.pid, row.expires)
    found = connection.execute(select(*columns).order_by(row.identifier))
    return [SemaphoreRow(*one) for one in found]


def _computers(connection: Connection) -> list[ComputerRow]:
    names = host_names(connection)
    row = t.computer.c
    reserved = select(t.reservation.c.computerid)
    is_libvirt = (row.type == "virtualmachine") & (t.module.c.perlpackage == LIBVIRT_PACKAGE)
    rows = connection.execute(
        select(t.computer, t.state.c.name.label("state"))
        .join(t.state, t.state.c.id == row.stateid)
        .join(t.provisioning, t.provisioning.c.id == row.provisioningid)
        .join(t.module, t.module.c.id == t.provisioning.c.moduleid)
        .where(or_(is_libvirt, row.id.in_(reserved)))
        .order_by(row.hostname, row.id)
    )
    return [
        ComputerRow(
            id=one.id,
            hostname=one.hostname,
            state=one.state,
            host=names.get(one.vmhostid),
            current_image_id=one.currentimageid,
            revision_id=one.imagerevisionid,
            next_image_id=one.nextimageid,
            eth0_mac=one.eth0macaddress,
            eth1_mac=one.eth1macaddress,
            private_ip=one.privateIPaddress,
            notes=one.notes or "",
            deleted=bool(one.deleted),
        )
        for one in rows
    ]


def _revisions(connection: Connection) -> list[RevisionRow]:
    revision, image = t.imagerevision.c, t.image.c
    rows = connection.execute(
        select(
            revision.id,
            revision.imageid,
            revision.revision,
            revision.imagename,
            image.prettyname,
            image.name,
            image.deleted.label("image_deleted"),
            revision.deleted,
            revision.datedeleted,
            revision.production,
            t.operatingsystem.c.type,
        )
        .join(t.image, image.id == revision.imageid)
        .join(t.operatingsystem, t.operatingsystem.c.id == image.OSid)
        .order_by(revision.id)
    )
    return [
        RevisionRow(
            *row[:6],
            image_deleted=bool(row.image_deleted),
            deleted=bool(row.deleted),
            deleted_since=row.datedeleted,
            production=bool(row.production),
            os_type=row.type,
        )
        for row in rows
    ]


def _management_nodes(connection: Connection) -> list[ManagementNodeRow]:
    row = t.managementnode.c
    rows = connection.execute(
        select(row.id, row.hostname, row.IPaddress, t.state.c.name, row.lastcheckin)
        .join(t.state, t.state.c.id == row.stateid)
        .where(t.state.c.name != "deleted")
        .order_by(row.id)
    )
    return [ManagementNodeRow(*one) for one in rows]


def _hosts(connection: Connection) -> list[HostRow]:
    rows = connection.execute(
        select(t.vmhost.c.id, t.vmhost.c.computerid, t.computer.c.hostname)
        .join(t.computer, t.computer.c.id == t.vmhost.c.computerid)
        .where(t.computer.c.deleted == 0)
    )
    names = host_names(connection)
    return [HostRow(names[row.id], row.computerid, row.hostname) for row in rows]


def _endings(connection: Connection, since: datetime) -> list[EndingRow]:
    log, sublog = t.log.c, t.sublog.c
    rows = connection.execute(
        select(
            log.id,
            log.finalend,
            log.ending,
            sublog.computerid,
            sublog.imagerevisionid,
            sublog.hostcomputerid,
        )
        .join(t.sublog, sublog.logid == log.id)
        .where(log.finalend >= since, log.ending != "none")
        .order_by(log.id)
    )
    return [EndingRow(*row) for row in rows]


def _blocks(connection: Connection, moment: datetime) -> list[BlockRow]:
    """Block requests in work. VCL notes no time for that: the last signs of life count."""
    block, times = t.block_request.c, t.block_times.c
    begun = (
        select(times.blockRequestid, func.max(times.start).label("begun"))
        .where(times.start <= moment)
        .group_by(times.blockRequestid)
        .subquery()
    )
    logged = (
        select(t.sublog.c.blockRequestid, func.max(t.log.c.start).label("logged"))
        .join(t.log, t.log.c.id == t.sublog.c.logid)
        .where(t.sublog.c.blockRequestid.is_not(None))
        .group_by(t.sublog.c.blockRequestid)
        .subquery()
    )
    rows = connection.execute(
        select(block.id, block.name, block.managementnodeid, begun.c.begun, logged.c.logged)
        .outerjoin(begun, begun.c.blockRequestid == block.id)
        .outerjoin(logged, logged.c.blockRequestid == block.id)
        .where(block.processing == 1)
        .order_by(block.id)
    )
    return [
        BlockRow(
            row.id,
            row.name,
            row.managementnodeid,
            max((time for time in (row.begun, row.logged) if time is not None), default=None),
        )
        for row in rows
    ]


def _flow(connection: Connection) -> list[tuple[str, int | None]]:
    """The steps of a virtual machine's load in their order; empty where VCL's table has none."""
    flow, states = t.computerloadflow.c, t.computerloadstate.c
    names = {
        row.id: (str(row.loadstatename), row.est)
        for row in connection.execute(select(states.id, states.loadstatename, states.est))
    }
    following = {
        row.computerloadstateid: row.nextstateid
        for row in connection.execute(
            select(flow.computerloadstateid, flow.nextstateid).where(flow.type == "virtualmachine")
        )
    }
    first = set(following) - set(following.values())
    found: list[tuple[str, int | None]] = []
    current = min(first) if first else None
    while current is not None and current in names and len(found) < len(names):
        found.append(names[current])
        current = following.get(current)
    return found


def _expected(connection: Connection, moment: datetime) -> list[tuple[int, float]]:
    """How long a load takes as a rule, for each revision that is reserved now."""
    row, log = t.reservation.c, t.log.c
    reserved = connection.execute(
        select(row.imagerevisionid, row.imageid, t.image.c.reloadtime)
        .join(t.image, t.image.c.id == row.imageid)
        .distinct()
    ).all()
    taken: dict[int, list[float]] = {}
    for image_id, start, loaded in connection.execute(
        select(log.imageid, log.start, log.loaded).where(
            log.imageid.in_({one.imageid for one in reserved}),
            log.wasavailable == 1,
            log.ending != "failed",
            log.loaded.is_not(None),
            log.start >= moment - _LOADS_SINCE,
        )
    ):
        if start is None or loaded is None:
            continue
        seconds = (loaded - start).total_seconds()
        if _LOAD_SECONDS[0] < seconds < _LOAD_SECONDS[1]:
            taken.setdefault(image_id, []).append(seconds)
    averages = {image_id: sum(found) / len(found) for image_id, found in taken.items()}
    return [
        (one.imagerevisionid, averages.get(one.imageid, one.reloadtime * 60.0)) for one in reserved
    ]
