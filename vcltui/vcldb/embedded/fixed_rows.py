"""The rows that an embedded inventory has from the start, with VCL 2.5's own ids and names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, insert

from vcltui.vcldb import tables
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.embedded.fixed_groups import insert_groups
from vcltui.vcldb.rows import check_fits

SCHEMA_VARIABLE = "vcltui-schema"
SCHEMA_VERSION = "2"

_STATES = {
    1: "deleted",
    2: "available",
    3: "reserved",
    4: "classreserved",
    5: "failed",
    6: "reloading",
    7: "imageinuse",
    8: "inuse",
    9: "cleaning",
    10: "maintenance",
    11: "timeout",
    12: "complete",
    13: "new",
    14: "pending",
    15: "imageprep",
    16: "image",
    17: "makeproduction",
    18: "tomaintenance",
    19: "reload",
    20: "vmhostinuse",
    21: "tovmhostinuse",
    22: "tohpc",
    23: "hpc",
    24: "checkpoint",
    25: "serverinuse",
    26: "rebootsoft",
    27: "reinstall",
    28: "reboothard",
    29: "servermodified",
}

_OS_TYPES = {1: "windows", 2: "linux", 3: "unix", 4: "osx"}

# VCL's systems for virtual machines, and the one that its "noimage" row names.
_SYSTEMS = (
    (2, "sun4x_58", "Solaris 5.8 (Lab)", "unix", "none"),
    (16, "vmwarewinxp", "Windows XP (VMware)", "windows", "vmware"),
    (31, "vmwarewin2008", "Windows Server 2008 (VMware)", "windows", "vmware"),
    (33, "vmwarewinvista", "Windows Vista (VMware)", "windows", "vmware"),
    (35, "vmwarewin7", "Windows 7 (VMware)", "windows", "vmware"),
    (36, "vmwarelinux", "Generic Linux (VMware)", "linux", "vmware"),
    (37, "vmwarewin2003", "Windows 2003 Server (VMware)", "windows", "vmware"),
    (39, "vmwareosx", "OSX Snow Leopard (VMware)", "osx", "vmware"),
    (44, "vmwareubuntu", "Ubuntu (VMware)", "linux", "vmware"),
    (45, "vmwarewin8", "Windows 8.x (VMware)", "windows", "vmware"),
    (47, "vmwarewin2012", "Windows Server 2012 (VMware)", "windows", "vmware"),
    (56, "vmwarewin10", "Windows 10.x (VMware)", "windows", "vmware"),
    (58, "vmwarewin2016", "Windows Server 2016 (VMware)", "windows", "vmware"),
)

# VCL has no "raw"; hosts without VCL do.
_IMAGE_TYPES = {
    1: "none",
    2: "partimage",
    3: "partimage-ng",
    4: "lab",
    5: "kickstart",
    6: "vmdk",
    7: "qcow2",
    8: "vdi",
    9: "raw",
}

_MODULES = (
    (23, "base_module", "VCL Base Module", "VCL::Module"),
    (
        27,
        "provisioning_libvirt",
        "Libvirt Provisioning Module",
        "VCL::Module::Provisioning::libvirt",
    ),
)

_PROVISIONINGS = ((9, "libvirt", "Libvirt Virtualization API", 27), (10, "none", "None", 23))

_USERS = (
    (1, "admin", "vcl", "admin", "root@localhost"),
    (2, "vclreload", "vcl", "reload", ""),
    (3, "vclsystem", "vcl", "system", ""),
)

# Name, what people read, expected seconds; VCL's rows that are not only for bare metal.
_LOAD_STATES = (
    ("info", "info", 2),
    ("loadimageblade", "must reload computer", 0),
    ("statuscheck", "computer status check", 10),
    ("loadimagecomplete", "running post configuration", 0),
    ("loadimagefailed", "preparing computer failed", 2),
    ("failed", "reservation failed", 2),
    ("WARNING", "WARNING", 2),
    ("reserved", "ready for Connect", 0),
    ("doesimageexists", "confirming image exists locally", 4),
    ("copyfrompartnerMN", "copy image from partner management node", 0),
    ("startload", "starting load process", 6),
    ("transfervm", "transferring image files to host server", 255),
    ("vmsetupconfig", "creating configuration file", 2),
    ("startvm", "starting virtual machine", 3),
    ("machinebooted", "machine booting", 68),
    ("nodeready", "resource ready", 0),
    ("addinguser", "adding user account", 18),
    ("postreserve", "post reserve completed", 0),
    ("connected", "detected user connection", 2),
    ("timeout", "timeout", 2),
    ("repeat", "repeat", 0),
    ("deleted", "deleted", None),
    ("begin", "beginning to process reservation", 0),
    ("exited", "vcld process exited", 0),
    ("acknowledgetimeout", "start acknowledge timeout", 0),
    ("noinitialconnection", "initial user connection not detected", 0),
    ("initialconnecttimeout", "initial user connection timeout", 0),
    ("reconnecttimeout", "user reconnection timeout", 0),
)


def insert_fixed_rows(connection: Connection, management_node: str) -> None:
    """Fill the empty tables of an embedded inventory.

    `management_node` is the name of the one row in managementnode, at most 50 characters.
    """

    def fill(table: Table, rows: list[dict[str, Any]]) -> None:
        connection.execute(insert(table), rows)

    fill(tables.state, _named(_STATES))
    fill(
        tables.affiliation,
        [{"id": 1, "name": "Local", "dataUpdateText": ""}],
    )
    fill(
        tables.user,
        [
            dict(zip(("id", "unityid", "firstname", "lastname", "email"), row, strict=True))
            for row in _USERS
        ],
    )
    node = {"id": 1, "hostname": management_node, "stateid": 2, "availablenetworks": ""}
    check_fits(tables.managementnode, node)
    fill(tables.managementnode, [node])
    fill(
        tables.module,
        [
            {"id": id_, "name": name, "prettyname": pretty, "description": "", "perlpackage": perl}
            for id_, name, pretty, perl in _MODULES
        ],
    )
    fill(
        tables.provisioning,
        [
            {"id": id_, "name": name, "prettyname": pretty, "moduleid": module_id}
            for id_, name, pretty, module_id in _PROVISIONINGS
        ],
    )
    fill(tables.ostype, _named(_OS_TYPES))
    fill(
        tables.operatingsystem,
        [
            dict(zip(("id", "name", "prettyname", "type", "installtype"), row, strict=True))
            for row in _SYSTEMS
        ],
    )
    fill(tables.imagetype, _named(_IMAGE_TYPES))
    fill(
        tables.computerloadstate,
        [
            {"loadstatename": name, "prettyname": pretty, "est": seconds}
            for name, pretty, seconds in _LOAD_STATES
        ],
    )
    insert_groups(connection)
    _fill_noimage(connection)
    connection.execute(
        insert(tables.variable).values(
            name=SCHEMA_VARIABLE, value=SCHEMA_VERSION, setby="vcltui", timestamp=now()
        )
    )


def _named(names: dict[int, str]) -> list[dict[str, Any]]:
    return [{"id": id_, "name": name} for id_, name in names.items()]


def _fill_noimage(connection: Connection) -> None:
    """VCL's stand-in for "nothing is loaded"."""
    connection.execute(
        insert(tables.image).values(
            id=1, name="noimage", prettyname="No Image", OSid=2, minprocnumber=1
        )
    )
    connection.execute(
        insert(tables.imagerevision).values(
            id=1,
            imageid=1,
            revision=0,
            userid=1,
            datecreated=now(),
            deleted=0,
            production=1,
            imagename="noimage",
        )
    )
    connection.execute(insert(tables.resource).values(id=4, resourcetypeid=13, subid=1))
