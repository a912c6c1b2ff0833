"""Management nodes, computers, and the VM hosts among them."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, String, Table, Text, UniqueConstraint

from vcltui.vcldb.columntypes import ZERO_DATE, Unsigned, VCLDateTime
from vcltui.vcldb.tables.base import (
    flag,
    identity,
    maybe,
    metadata,
    moment,
    number,
    reference,
    table,
    word,
)

state = table(
    "state", identity(8), Column("name", String(20), nullable=False, unique=True, server_default="")
)

managementnode = table(
    "managementnode",
    identity(16),
    Column("IPaddress", String(15), nullable=False, server_default=""),
    Column("hostname", String(50), nullable=False, unique=True, server_default=""),
    reference("ownerid", 24, "user.id", 1),
    reference("stateid", 8, "state.id", 0),
    Column("lastcheckin", VCLDateTime, server_default=ZERO_DATE),
    number("checkininterval", 8, 12),
    Column("installpath", String(100), nullable=False, server_default="/install"),
    flag("imagelibenable"),
    maybe("imagelibgroupid", 16, "resourcegroup.id", on_delete="SET NULL"),
    Column("imagelibuser", String(20), server_default="vclstaff"),
    Column("imagelibkey", String(100), server_default="/etc/vcl/imagelib.key"),
    number("sshport", 16, 22),
    Column("availablenetworks", Text, nullable=False),
)

# The profile's password for its hosts is not mapped, so that it can't be read by mistake.
vmprofile = table(
    "vmprofile",
    identity(16),
    Column("profilename", String(56), nullable=False, unique=True),
    reference("imageid", 16, "image.id"),
    Column("resourcepath", String(256)),
    Column("folderpath", String(256)),
    Column("repositorypath", String(128)),
    reference("repositoryimagetypeid", 16, "imagetype.id", 1),
    Column("datastorepath", String(128), nullable=False),
    reference("datastoreimagetypeid", 16, "imagetype.id", 1),
    Column("vmpath", String(128)),
    Column("virtualswitch0", String(80), nullable=False, server_default="VMnet0"),
    Column("virtualswitch1", String(80), nullable=False, server_default="VMnet2"),
    Column("virtualswitch2", String(80)),
    Column("virtualswitch3", String(80)),
    word("vmdisk", "dedicated", "shared", default="dedicated"),
    flag("eth0generated"),
    flag("eth1generated"),
)

vmhost = table(
    "vmhost",
    identity(16),
    reference("computerid", 16, "computer.id"),
    reference("vmprofileid", 16, "vmprofile.id"),
    UniqueConstraint("computerid", "vmprofileid"),
)

computer = table(
    "computer",
    identity(16),
    reference("stateid", 8, "state.id", 10),
    maybe("ownerid", 24, "user.id", default=1),
    number("platformid", 8, 1),
    Column("scheduleid", Unsigned(8)),
    maybe("vmhostid", 16, "vmhost.id", on_delete="SET NULL"),
    reference("currentimageid", 16, "image.id", 1),
    reference("nextimageid", 16, "image.id", 1),
    reference("imagerevisionid", 24, "imagerevision.id", 1),
    number("RAM", 24, 0),
    number("procnumber", 8, 1),
    number("procspeed", 16, 0),
    number("network", 16, 100),
    Column("hostname", String(36), nullable=False, server_default=""),
    Column("IPaddress", String(15), nullable=False, server_default=""),
    Column("privateIPaddress", String(15)),
    Column("eth0macaddress", String(17)),
    Column("eth1macaddress", String(17)),
    word("type", "blade", "lab", "virtualmachine", default="blade"),
    reference("provisioningid", 16, "provisioning.id"),
    flag("deleted"),
    moment("datedeleted"),
    Column("notes", Text),
    Column("lastcheck", VCLDateTime),
    Column("location", String(255)),
    number("predictivemoduleid", 16, 9),
    UniqueConstraint("hostname", "datedeleted"),
    UniqueConstraint("eth0macaddress", "datedeleted"),
    UniqueConstraint("eth1macaddress", "datedeleted"),
)

# The one table of our own. It exists only in the embedded file, because VCL has no column for a
# libvirt URI and what goes with it.
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
