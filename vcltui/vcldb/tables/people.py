"""Users, their groups, and what they may do."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Text, UniqueConstraint

from vcltui.vcldb.columntypes import Unsigned, VCLDateTime
from vcltui.vcldb.tables.base import flag, identity, maybe, number, part_of, reference, table, word

affiliation = table(
    "affiliation",
    identity(24),
    Column("name", String(40), nullable=False, unique=True),
    Column("shibname", String(60)),
    Column("dataUpdateText", Text, nullable=False),
    Column("sitewwwaddress", String(128)),
    Column("helpaddress", String(32)),
    flag("shibonly"),
    Column("theme", String(50)),
)

# The user's keys and VCL's own passwords are no business of ours, so they are not mapped.
user = table(
    "user",
    identity(24),
    Column("uid", Unsigned(32)),
    Column("unityid", String(80), nullable=False, server_default=""),
    reference("affiliationid", 24, "affiliation.id", 1),
    Column("firstname", String(20), nullable=False, server_default=""),
    Column("lastname", String(25), nullable=False, server_default=""),
    Column("preferredname", String(25)),
    Column("email", String(80), nullable=False),
    flag("emailnotices", 1),
    number("adminlevelid", 8, 1),
    flag("validated", 1),
    UniqueConstraint("unityid", "affiliationid"),
)

usergroup = table(
    "usergroup",
    identity(16),
    Column("name", String(60), nullable=False),
    maybe("affiliationid", 24, "affiliation.id"),
    maybe("ownerid", 24, "user.id"),
    maybe("editusergroupid", 16, "usergroup.id", on_delete="SET NULL"),
    flag("custom"),
    flag("courseroll"),
    number("initialmaxtime", 24, 240),
    number("totalmaxtime", 24, 360),
    number("maxextendtime", 24, 60),
    number("overlapResCount", 16, 0),
    UniqueConstraint("name", "affiliationid"),
)

usergroupmembers = table(
    "usergroupmembers",
    Column(
        "userid",
        Unsigned(24),
        ForeignKey("user.id"),
        primary_key=True,
        autoincrement=False,
        server_default="0",
    ),
    part_of("usergroupid", 16, "usergroup.id", 0, primary_key=True),
)

privnode = table(
    "privnode",
    identity(24),
    part_of("parent", 24, "privnode.id", 0),
    Column("name", String(50), nullable=False, server_default=""),
    UniqueConstraint("parent", "name"),
)

userprivtype = table(
    "userprivtype",
    identity(16),
    Column("name", String(50), nullable=False, unique=True, server_default=""),
)

# MariaDB's key is (id, privnodeid, userprivtypeid); the id alone is unique, as it is given out.
userpriv = table(
    "userpriv",
    identity(24),
    maybe("userid", 24, "user.id"),
    maybe("usergroupid", 16, "usergroup.id", on_delete="CASCADE"),
    part_of("privnodeid", 24, "privnode.id", 0),
    reference("userprivtypeid", 16, "userprivtype.id", 0),
    UniqueConstraint("userid", "privnodeid", "userprivtypeid"),
    UniqueConstraint("usergroupid", "privnodeid", "userprivtypeid"),
)

resourcetype = table(
    "resourcetype",
    identity(8),
    Column("name", String(50), nullable=False, unique=True, server_default=""),
)

resource = table(
    "resource",
    identity(24),
    reference("resourcetypeid", 8, "resourcetype.id", 0),
    number("subid", 24, 0),
    UniqueConstraint("resourcetypeid", "subid"),
)

resourcegroup = table(
    "resourcegroup",
    identity(16),
    Column("name", String(60), nullable=False, server_default=""),
    reference("ownerusergroupid", 16, "usergroup.id", 39),
    reference("resourcetypeid", 8, "resourcetype.id", 0),
    UniqueConstraint("resourcetypeid", "name"),
)

resourcegroupmembers = table(
    "resourcegroupmembers",
    part_of("resourceid", 24, "resource.id", 0, primary_key=True),
    part_of("resourcegroupid", 16, "resourcegroup.id", 0, primary_key=True),
)

resourcemap = table(
    "resourcemap",
    part_of("resourcegroupid1", 16, "resourcegroup.id", 0, primary_key=True),
    reference("resourcetypeid1", 8, "resourcetype.id", 13),
    part_of("resourcegroupid2", 16, "resourcegroup.id", 0, primary_key=True),
    reference("resourcetypeid2", 8, "resourcetype.id", 12),
)

resourcepriv = table(
    "resourcepriv",
    identity(24),
    part_of("resourcegroupid", 16, "resourcegroup.id", 0),
    part_of("privnodeid", 24, "privnode.id", 0),
    word(
        "type",
        "block",
        "cascade",
        "available",
        "administer",
        "manageGroup",
        "manageMapping",
        default="block",
    ),
    UniqueConstraint("resourcegroupid", "privnodeid", "type"),
)

variable = table(
    "variable",
    identity(16),
    Column("name", String(128), nullable=False, unique=True),
    word("serialization", "none", "yaml", "phpserialize", default="none"),
    Column("value", Text, nullable=False),
    Column("setby", String(128)),
    Column("timestamp", VCLDateTime, nullable=False),
)
