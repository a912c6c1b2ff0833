"""VM hosts in VCL's own database: those of one management node, by resource groups."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from tests.mariadb import MariaDB
from vcltui.config import Config
from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts, tables
from vcltui.vcldb.database import Database

NODE, COMPUTER = 16, 12


@pytest.fixture
def vcl(db: Database, mariadb: MariaDB) -> Database:
    """kvm1 with vm1, kvm2 with vm2, kvm3 alone; told to be VCL's own."""
    profile = VMProfile(name="p", datastore="/d")
    for number in (1, 2, 3):
        hosts.add_vmhost(db, VMHost(f"kvm{number}", uri="qemu:///system", profile=profile))
    for number in (1, 2):
        computers.add_computer(db, hostname=f"vm{number}.lab", vmhost=f"kvm{number}")
    with db.write() as connection:
        connection.execute(
            insert(tables.managementnode),
            [
                {"id": 5, "hostname": "mn5.example.org", "stateid": 2, "availablenetworks": ""},
                {"id": 6, "hostname": "mn6.example.org", "stateid": 2, "availablenetworks": ""},
            ],
        )
    return Database(db._engine, label="VCL", is_embedded=False)


def enter(db: Database, kind: int, subid: int, group: int) -> None:
    """Put a thing into a resource group."""
    with db.write() as connection:
        known = connection.scalar(
            select(tables.resource.c.id).where(
                tables.resource.c.resourcetypeid == kind, tables.resource.c.subid == subid
            )
        )
        key = (
            known
            or connection.execute(
                insert(tables.resource).values(resourcetypeid=kind, subid=subid)
            ).inserted_primary_key[0]
        )
        connection.execute(
            insert(tables.resourcegroupmembers).values(resourceid=key, resourcegroupid=group)
        )


def computer_id(db: Database, hostname: str) -> int:
    with db.read() as connection:
        return connection.execute(
            select(tables.computer.c.id).where(tables.computer.c.hostname == hostname)
        ).scalar_one()


def names(db: Database, node: str | None) -> list[str]:
    return [host.name for host in hosts.list_vmhosts(db, management_node=node)]


def test_hosts_are_those_of_the_nodes_groups(vcl: Database) -> None:
    enter(vcl, NODE, 5, 3)  # allManagementNodes, mapped to "All VM Computers" (5)
    enter(vcl, COMPUTER, computer_id(vcl, "vm1.lab"), 5)
    enter(vcl, COMPUTER, computer_id(vcl, "kvm3"), 5)
    enter(vcl, COMPUTER, computer_id(vcl, "vm2.lab"), 9)
    with vcl.write() as connection:
        connection.execute(
            tables.resourcemap.delete().where(tables.resourcemap.c.resourcegroupid2 == 9)
        )
    assert names(vcl, "mn5.example.org") == ["kvm1", "kvm3"]
    assert names(vcl, "mn5") == ["kvm1", "kvm3"]
    assert names(vcl, "MN5.example.org") == ["kvm1", "kvm3"]
    assert names(vcl, "mn6.example.org") == []
    assert names(vcl, None) == ["kvm1", "kvm2", "kvm3"]


def test_a_machine_that_is_no_management_node_sees_all(vcl: Database) -> None:
    assert names(vcl, "laptop") == ["kvm1", "kvm2", "kvm3"]
    assert names(vcl, "mn5.elsewhere.org") == ["kvm1", "kvm2", "kvm3"]


def test_a_mapping_that_was_entered_the_other_way_round(vcl: Database) -> None:
    enter(vcl, NODE, 6, 3)
    enter(vcl, COMPUTER, computer_id(vcl, "vm2.lab"), 1)
    with vcl.write() as connection:
        connection.execute(tables.resourcemap.delete())
        connection.execute(
            insert(tables.resourcemap).values(
                resourcegroupid1=1,
                resourcetypeid1=COMPUTER,
                resourcegroupid2=3,
                resourcetypeid2=NODE,
            )
        )
    assert names(vcl, "mn6") == ["kvm2"]


def test_the_workspace_shows_this_nodes_hosts_unless_told_otherwise(
    vcl: Database, tmp_path: Path
) -> None:
    enter(vcl, NODE, 5, 3)
    enter(vcl, COMPUTER, computer_id(vcl, "vm1.lab"), 5)
    for all_nodes, shown in ((False, ["kvm1"]), (True, ["kvm1", "kvm2", "kvm3"])):
        config = Config(
            files=(),
            management_node="mn5.example.org",
            state_directory=tmp_path,
            inventory_url="mysql+pymysql://none/vcl",
            all_management_nodes=all_nodes,
            guests=GuestAccess(identity_file="/etc/vcl/vcl.key"),
        )
        workspace = Workspace(config)
        workspace._database = vcl
        assert sorted(workspace.hosts()) == shown
        keys = {host.guests.identity_file for host in workspace.hosts().values()}
        assert keys == {"/etc/vcl/vcl.key"}


def test_hosts_are_reached_by_ssh_and_deleted_ones_are_gone(vcl: Database) -> None:
    with vcl.write() as connection:
        machines = tables.computer
        connection.execute(
            update(machines).where(machines.c.hostname == "kvm3").values(deleted=1, notes="gone")
        )
        connection.execute(
            update(machines)
            .where(machines.c.hostname == "kvm2")
            .values(hostname="kvm2 .lab", notes="Gerät für Größe")
        )
    found = {host.name: host.uri for host in hosts.list_vmhosts(vcl)}
    assert found == {
        "kvm1": "qemu+ssh://root@kvm1/system",
        "kvm2 ": "qemu+ssh://root@kvm2%20.lab/system",
    }


def test_latin1_text_and_computers_without_a_host(vcl: Database, mariadb: MariaDB) -> None:
    with vcl.write() as connection:
        machines = tables.computer
        connection.execute(
            update(machines)
            .where(machines.c.hostname == "vm1.lab")
            .values(vmhostid=None, notes="Gerät für Größe")
        )
    found = computers.get_computer(vcl, "vm1")
    assert (found.vmhost, found.notes) == (None, "Gerät für Größe")
