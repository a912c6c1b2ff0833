"""VCL's tables: its own names, and of their columns those that are used here.

`vcltui_host` is the one table of our own. It exists only in the embedded file, because VCL has
no column for a libvirt URI and what goes with it.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, MetaData, String, Table, Text, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from vcltui.vcldb.columntypes import ZERO_DATE, Unsigned, VCLDateTime

metadata = MetaData()


def _table(name: str, *items: SchemaItem) -> Table:
    # As in MariaDB, the id of a deleted row is not given out again.
    return Table(name, metadata, *items, sqlite_autoincrement=True)


def _id(bits: int) -> Column[int]:
    return Column("id", Unsigned(bits), primary_key=True)


def _flag(name: str, default: int | None = 0) -> Column[int]:
    server_default = None if default is None else str(default)
    return Column(name, Unsigned(8), nullable=False, server_default=server_default)


def _reference(name: str, bits: int, target: str, *, default: int | None = None) -> Column[int]:
    server_default = None if default is None else str(default)
    return Column(
        name, Unsigned(bits), ForeignKey(target), nullable=False, server_default=server_default
    )


state = _table(
    "state", _id(8), Column("name", String(20), nullable=False, unique=True, server_default="")
)

affiliation = _table(
    "affiliation",
    _id(24),
    Column("name", String(40), nullable=False, unique=True),
    Column("dataUpdateText", Text, nullable=False),
)

user = _table(
    "user",
    _id(24),
    Column("unityid", String(80), nullable=False, server_default=""),
    _reference("affiliationid", 24, "affiliation.id", default=1),
    Column("firstname", String(20), nullable=False, server_default=""),
    Column("lastname", String(25), nullable=False, server_default=""),
    Column("email", String(80), nullable=False),
    UniqueConstraint("unityid", "affiliationid"),
)

managementnode = _table(
    "managementnode",
    _id(16),
    Column("IPaddress", String(15), nullable=False, server_default=""),
    Column("hostname", String(50), nullable=False, unique=True, server_default=""),
    _reference("ownerid", 24, "user.id", default=1),
    _reference("stateid", 8, "state.id", default=0),
    Column("availablenetworks", Text, nullable=False),
)

variable = _table(
    "variable",
    _id(16),
    Column("name", String(128), nullable=False, unique=True),
    Column("serialization", String(12), nullable=False, server_default="none"),
    Column("value", Text, nullable=False),
    Column("setby", String(128)),
    Column("timestamp", VCLDateTime, nullable=False),
)

module = _table(
    "module",
    _id(16),
    Column("name", String(30), nullable=False, unique=True),
    Column("prettyname", String(70), nullable=False),
    Column("description", String(255), nullable=False),
    Column("perlpackage", String(150), nullable=False),
)

provisioning = _table(
    "provisioning",
    _id(16),
    Column("name", String(30), nullable=False, unique=True),
    Column("prettyname", String(70), nullable=False),
    _reference("moduleid", 16, "module.id"),
)

ostype = _table("OStype", _id(8), Column("name", String(30), nullable=False, unique=True))

operatingsystem = _table(
    "OS",
    _id(8),
    Column("name", String(20), nullable=False, unique=True),
    Column("prettyname", String(64), nullable=False, unique=True, server_default=""),
    Column("type", String(30), ForeignKey("OStype.name"), nullable=False),
    Column("installtype", String(30), nullable=False, server_default="image"),
)

imagetype = _table("imagetype", _id(16), Column("name", String(16), nullable=False, unique=True))

imagemeta = _table(
    "imagemeta",
    _id(16),
    _flag("checkuser", 1),
    _flag("subimages", 0),
    _flag("sysprep", 1),
    Column("postoption", String(32)),
    Column("architecture", String(10)),
    _flag("rootaccess", 1),
    Column("sethostname", Unsigned(8)),
)

image = _table(
    "image",
    _id(16),
    Column("name", String(70), nullable=False, unique=True, server_default=""),
    Column("prettyname", String(80), nullable=False, unique=True, server_default=""),
    Column("ownerid", Unsigned(24), ForeignKey("user.id"), server_default="1"),
    _reference("imagetypeid", 16, "imagetype.id", default=1),
    _reference("OSid", 8, "OS.id", default=0),
    Column("imagemetaid", Unsigned(16), ForeignKey("imagemeta.id", ondelete="SET NULL")),
    Column("minram", Unsigned(24), nullable=False, server_default="0"),
    Column("minprocnumber", Unsigned(8), nullable=False, server_default="0"),
    _flag("deleted"),
    Column("lastupdate", VCLDateTime),
    Column("size", Unsigned(16), nullable=False, server_default="0"),
    Column("architecture", String(6), nullable=False, server_default="x86"),
    Column("basedoffrevisionid", Unsigned(24), ForeignKey("imagerevision.id")),
)

imagerevision = _table(
    "imagerevision",
    _id(24),
    _reference("imageid", 16, "image.id"),
    Column("revision", Unsigned(16), nullable=False),
    _reference("userid", 24, "user.id"),
    Column("datecreated", VCLDateTime, nullable=False),
    _flag("deleted", None),
    Column("datedeleted", VCLDateTime),
    _flag("production", None),
    Column("imagename", String(75), nullable=False),
    UniqueConstraint("production", "imagename"),
    UniqueConstraint("imageid", "revision"),
)

resourcetype = _table(
    "resourcetype",
    _id(8),
    Column("name", String(50), nullable=False, unique=True, server_default=""),
)

resource = _table(
    "resource",
    _id(24),
    _reference("resourcetypeid", 8, "resourcetype.id", default=0),
    Column("subid", Unsigned(24), nullable=False, server_default="0"),
    UniqueConstraint("resourcetypeid", "subid"),
)

vmprofile = _table(
    "vmprofile",
    _id(16),
    Column("profilename", String(56), nullable=False, unique=True),
    _reference("imageid", 16, "image.id"),
    Column("repositorypath", String(128)),
    _reference("repositoryimagetypeid", 16, "imagetype.id", default=1),
    Column("datastorepath", String(128), nullable=False),
    _reference("datastoreimagetypeid", 16, "imagetype.id", default=1),
    Column("vmpath", String(128)),
    Column("virtualswitch0", String(80), nullable=False, server_default="VMnet0"),
    Column("virtualswitch1", String(80), nullable=False, server_default="VMnet2"),
    _flag("eth0generated"),
    _flag("eth1generated"),
)

vmhost = _table(
    "vmhost",
    _id(16),
    _reference("computerid", 16, "computer.id"),
    _reference("vmprofileid", 16, "vmprofile.id"),
    UniqueConstraint("computerid", "vmprofileid"),
)

computer = _table(
    "computer",
    _id(16),
    _reference("stateid", 8, "state.id", default=10),
    Column("ownerid", Unsigned(24), ForeignKey("user.id"), server_default="1"),
    Column("vmhostid", Unsigned(16), ForeignKey("vmhost.id", ondelete="SET NULL")),
    _reference("currentimageid", 16, "image.id", default=1),
    _reference("nextimageid", 16, "image.id", default=1),
    _reference("imagerevisionid", 24, "imagerevision.id", default=1),
    Column("RAM", Unsigned(24), nullable=False, server_default="0"),
    Column("procnumber", Unsigned(8), nullable=False, server_default="1"),
    Column("hostname", String(36), nullable=False, server_default=""),
    Column("IPaddress", String(15), nullable=False, server_default=""),
    Column("privateIPaddress", String(15)),
    Column("eth0macaddress", String(17)),
    Column("eth1macaddress", String(17)),
    Column("type", String(14), nullable=False, server_default="blade"),
    _reference("provisioningid", 16, "provisioning.id"),
    _flag("deleted"),
    Column("datedeleted", VCLDateTime, nullable=False, server_default=ZERO_DATE),
    Column("notes", Text),
    UniqueConstraint("hostname", "datedeleted"),
    UniqueConstraint("eth0macaddress", "datedeleted"),
    UniqueConstraint("eth1macaddress", "datedeleted"),
)

request = _table(
    "request",
    _id(24),
    _reference("stateid", 8, "state.id", default=0),
    _reference("userid", 24, "user.id", default=0),
    _reference("laststateid", 8, "state.id", default=0),
    Column("start", VCLDateTime, nullable=False, server_default=ZERO_DATE),
    Column("end", VCLDateTime, nullable=False, server_default=ZERO_DATE),
    Column("daterequested", VCLDateTime, nullable=False, server_default=ZERO_DATE),
)

reservation = _table(
    "reservation",
    _id(24),
    Column(
        "requestid",
        Unsigned(24),
        ForeignKey("request.id", ondelete="CASCADE"),
        nullable=False,
        server_default="0",
    ),
    _reference("computerid", 16, "computer.id", default=0),
    _reference("imageid", 16, "image.id", default=0),
    _reference("imagerevisionid", 24, "imagerevision.id", default=0),
    _reference("managementnodeid", 16, "managementnode.id", default=1),
    Column("lastcheck", VCLDateTime, server_default=ZERO_DATE),
)

computerloadstate = _table(
    "computerloadstate",
    _id(16),
    Column("loadstatename", String(24), nullable=False, unique=True),
    Column("prettyname", String(50)),
    Column("est", Unsigned(8)),
)

computerloadlog = _table(
    "computerloadlog",
    _id(32),
    Column(
        "reservationid",
        Unsigned(24),
        ForeignKey("reservation.id", ondelete="CASCADE"),
        nullable=False,
    ),
    _reference("computerid", 16, "computer.id"),
    _reference("loadstateid", 16, "computerloadstate.id"),
    Column("timestamp", VCLDateTime),
    Column("additionalinfo", Text),
)

vcldsemaphore = Table(
    "vcldsemaphore",
    metadata,
    Column("identifier", String(256), primary_key=True),
    Column(
        "reservationid",
        Unsigned(24),
        ForeignKey("reservation.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("pid", Unsigned(24), nullable=False),
    Column("expires", VCLDateTime, nullable=False),
)

vcltui_host = Table(
    "vcltui_host",
    metadata,
    Column(
        "vmhostid",
        Unsigned(16),
        ForeignKey("vmhost.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("uri", String(1024), nullable=False),
    Column("driver", String(64)),
    Column("xml_directory", String(1024), nullable=False),
    Column("domain_name_style", String(16), nullable=False),
    Column("guest_method", String(16), nullable=False),
    Column("guest_user", String(64), nullable=False),
    Column("guest_identity_file", String(1024)),
    Column("guest_ports", String(128), nullable=False),
    Column("guest_proxy_jump", String(256)),
    Column("guest_boot_timeout_seconds", Float, nullable=False),
    Column("guest_shutdown_timeout_seconds", Float, nullable=False),
)
