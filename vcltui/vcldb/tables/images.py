"""Images, their revisions, and the operating systems in them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Text, UniqueConstraint

from vcltui.vcldb.columntypes import Unsigned, VCLDateTime
from vcltui.vcldb.tables.base import (
    flag,
    identity,
    maybe,
    moment,
    number,
    part_of,
    reference,
    table,
    word,
)

module = table(
    "module",
    identity(16),
    Column("name", String(30), nullable=False, unique=True),
    Column("prettyname", String(70), nullable=False),
    Column("description", String(255), nullable=False),
    Column("perlpackage", String(150), nullable=False),
)

ostype = table("OStype", identity(8), Column("name", String(30), nullable=False, unique=True))

osinstalltype = table(
    "OSinstalltype", identity(8), Column("name", String(30), nullable=False, unique=True)
)

# OS.installtype names a row of OSinstalltype; files of the first form have no such table.
operatingsystem = table(
    "OS",
    identity(8),
    Column("name", String(20), nullable=False, unique=True),
    Column("prettyname", String(64), nullable=False, unique=True, server_default=""),
    Column("type", String(30), ForeignKey("OStype.name"), nullable=False),
    Column("installtype", String(30), nullable=False, server_default="image"),
    number("minram", 24, 512),
    Column("sourcepath", String(30)),
    maybe("moduleid", 16, "module.id"),
)

imagetype = table(
    "imagetype", identity(16), Column("name", String(16), nullable=False, unique=True)
)

imagemeta = table(
    "imagemeta",
    identity(16),
    flag("checkuser", 1),
    flag("subimages"),
    flag("sysprep", 1),
    Column("postoption", String(32)),
    Column("architecture", String(10)),
    flag("rootaccess", 1),
    Column("sethostname", Unsigned(8)),
)

image = table(
    "image",
    identity(16),
    Column("name", String(70), nullable=False, unique=True, server_default=""),
    Column("prettyname", String(80), nullable=False, unique=True, server_default=""),
    maybe("ownerid", 24, "user.id", default=1),
    reference("imagetypeid", 16, "imagetype.id", 1),
    number("platformid", 8, 1),
    reference("OSid", 8, "OS.id", 0),
    maybe("imagemetaid", 16, "imagemeta.id", on_delete="SET NULL"),
    number("minram", 24, 0),
    number("minprocnumber", 8, 0),
    number("minprocspeed", 16, 0),
    number("minnetwork", 16, 0),
    Column("maxconcurrent", Unsigned(8)),
    number("reloadtime", 8, 10),
    flag("deleted"),
    flag("test"),
    Column("lastupdate", VCLDateTime),
    flag("forcheckout", 1),
    number("maxinitialtime", 24, 0),
    word("project", "vcl", "hpc", "vclhpc", default="vcl"),
    number("size", 16, 0),
    word("architecture", "x86", "x86_64", default="x86"),
    Column("description", Text),
    Column("usage", Text),
    maybe("basedoffrevisionid", 24, "imagerevision.id"),
)

imagerevision = table(
    "imagerevision",
    identity(24),
    reference("imageid", 16, "image.id"),
    number("revision", 16),
    reference("userid", 24, "user.id"),
    Column("datecreated", VCLDateTime, nullable=False),
    flag("deleted", None),
    Column("datedeleted", VCLDateTime),
    flag("production", None),
    Column("comments", Text),
    Column("imagename", String(75), nullable=False),
    flag("autocaptured"),
    UniqueConstraint("production", "imagename"),
    UniqueConstraint("imageid", "revision"),
)

provisioning = table(
    "provisioning",
    identity(16),
    Column("name", String(30), nullable=False, unique=True),
    Column("prettyname", String(70), nullable=False),
    reference("moduleid", 16, "module.id"),
)

provisioning_osinstalltype = table(
    "provisioningOSinstalltype",
    part_of("provisioningid", 16, "provisioning.id", primary_key=True),
    part_of("OSinstalltypeid", 8, "OSinstalltype.id", primary_key=True),
)

click_throughs = table(
    "clickThroughs",
    reference("userid", 24, "user.id", 0),
    reference("imageid", 16, "image.id", 0),
    maybe("imagerevisionid", 24, "imagerevision.id"),
    moment("accepted"),
    Column("agreement", Text, nullable=False),
)
