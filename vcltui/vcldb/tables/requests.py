"""Requests and reservations, what hangs on them, how their loads go, and what is left of them."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text, UniqueConstraint

from vcltui.vcldb.columntypes import ZERO_DATE, Unsigned, VCLDateTime
from vcltui.vcldb.tables.base import (
    flag,
    identity,
    maybe,
    metadata,
    moment,
    number,
    part_of,
    reference,
    table,
    word,
)

log = table(
    "log",
    identity(32),
    reference("userid", 24, "user.id", 0),
    word("nowfuture", "now", "future", default="now"),
    moment("start"),
    Column("loaded", VCLDateTime),
    moment("initialend"),
    moment("finalend"),
    flag("wasavailable"),
    word(
        "ending",
        "deleted",
        "released",
        "failed",
        "failedtest",
        "noack",
        "nologin",
        "timeout",
        "EOR",
        "none",
        default="none",
    ),
    Column("requestid", Unsigned(24)),
    maybe("computerid", 16, "computer.id"),
    Column("remoteIP", String(15)),
    reference("imageid", 16, "image.id", 0),
    number("size", 16, 1450),
)

block_request = table(
    "blockRequest",
    identity(24),
    Column("name", String(80), nullable=False),
    reference("imageid", 16, "image.id"),
    number("numMachines", 8),
    maybe("groupid", 16, "usergroup.id", on_delete="SET NULL"),
    word("repeating", "weekly", "monthly", "list", default="weekly"),
    reference("ownerid", 24, "user.id"),
    maybe("managementnodeid", 16, "managementnode.id"),
    Column("expireTime", VCLDateTime, nullable=False),
    flag("processing", None),
    word("status", "requested", "accepted", "completed", "rejected", "deleted", default="accepted"),
    Column("comments", Text),
)

block_times = table(
    "blockTimes",
    identity(24),
    part_of("blockRequestid", 24, "blockRequest.id"),
    Column("start", VCLDateTime, nullable=False),
    Column("end", VCLDateTime, nullable=False),
    flag("processed"),
    flag("skip"),
)

sublog = table(
    "sublog",
    identity(32),
    reference("logid", 32, "log.id", 0),
    reference("imageid", 16, "image.id", 0),
    reference("imagerevisionid", 24, "imagerevision.id"),
    reference("computerid", 16, "computer.id", 0),
    Column("IPaddress", String(15)),
    reference("managementnodeid", 16, "managementnode.id", 0),
    number("predictivemoduleid", 16, 8),
    maybe("hostcomputerid", 16, "computer.id"),
    maybe("blockRequestid", 24, "blockRequest.id"),
    Column("blockStart", VCLDateTime),
    Column("blockEnd", VCLDateTime),
)

changelog = table(
    "changelog",
    identity(32),
    reference("logid", 32, "log.id", 0),
    maybe("userid", 24, "user.id"),
    Column("reservationid", Unsigned(24)),
    Column("start", VCLDateTime),
    Column("end", VCLDateTime),
    maybe("computerid", 16, "computer.id"),
    Column("remoteIP", String(15)),
    Column("wasavailable", Unsigned(8)),
    moment("timestamp"),
    Column("other", String(255)),
    UniqueConstraint("userid", "reservationid", "remoteIP"),
)

request = table(
    "request",
    identity(24),
    reference("stateid", 8, "state.id", 0),
    reference("userid", 24, "user.id", 0),
    reference("laststateid", 8, "state.id", 0),
    maybe("logid", 32, "log.id"),
    flag("forimaging"),
    flag("test"),
    flag("preload"),
    moment("start"),
    moment("end"),
    moment("daterequested"),
    Column("datemodified", VCLDateTime),
    flag("checkuser", 1),
)

# The passwords that VCL keeps for its users are not mapped: reservation.pw and those of
# reservationaccounts.
reservation = table(
    "reservation",
    identity(24),
    part_of("requestid", 24, "request.id", 0),
    reference("computerid", 16, "computer.id", 0),
    reference("imageid", 16, "image.id", 0),
    reference("imagerevisionid", 24, "imagerevision.id", 0),
    reference("managementnodeid", 16, "managementnode.id", 1),
    Column("remoteIP", String(15)),
    Column("lastcheck", VCLDateTime, server_default=ZERO_DATE),
    Column("connectIP", String(15)),
    Column("connectport", Unsigned(16)),
)

reservationaccounts = table(
    "reservationaccounts",
    part_of("reservationid", 24, "reservation.id"),
    reference("userid", 24, "user.id"),
    UniqueConstraint("reservationid", "userid"),
)

natport = table(
    "natport",
    part_of("reservationid", 24, "reservation.id"),
    number("nathostid", 16),
    number("publicport", 16),
    number("connectmethodportid", 8),
    UniqueConstraint("reservationid", "connectmethodportid"),
    UniqueConstraint("nathostid", "publicport"),
)

serverrequest = table(
    "serverrequest",
    identity(24),
    Column("name", String(255), nullable=False),
    number("serverprofileid", 16, 0),
    part_of("requestid", 24, "request.id"),
    Column("fixedIP", String(15)),
    Column("fixedMAC", String(17)),
    maybe("admingroupid", 16, "usergroup.id"),
    maybe("logingroupid", 16, "usergroup.id"),
    flag("monitored"),
    UniqueConstraint("requestid"),
)

computerloadstate = table(
    "computerloadstate",
    identity(16),
    Column("loadstatename", String(24), nullable=False, unique=True),
    Column("prettyname", String(50)),
    Column("est", Unsigned(8)),
)

computerloadflow = table(
    "computerloadflow",
    reference("computerloadstateid", 16, "computerloadstate.id"),
    maybe("nextstateid", 16, "computerloadstate.id"),
    Column("type", String(14)),
)

computerloadlog = table(
    "computerloadlog",
    identity(32),
    part_of("reservationid", 24, "reservation.id"),
    reference("computerid", 16, "computer.id"),
    reference("loadstateid", 16, "computerloadstate.id"),
    Column("timestamp", VCLDateTime),
    Column("additionalinfo", Text),
)

vcldsemaphore = Table(
    "vcldsemaphore",
    metadata,
    Column("identifier", String(256), primary_key=True),
    part_of("reservationid", 24, "reservation.id"),
    number("pid", 24),
    Column("expires", VCLDateTime, nullable=False),
)
