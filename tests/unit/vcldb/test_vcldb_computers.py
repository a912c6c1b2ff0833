"""Virtual computers of the embedded inventory."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from vcltui.errors import (
    ConflictError,
    InventoryError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from vcltui.models.host import VMHost
from vcltui.models.inventory import Computer, ImageRevision
from vcltui.vcldb import computers, hosts, reservations, tables
from vcltui.vcldb.database import Database

START = datetime(2024, 1, 1, 12)


def add(db: Database, hostname: str, **options: str | int | None) -> Computer:
    return computers.add_computer(db, hostname=hostname, vmhost="kvm1", **options)  # type: ignore[arg-type]


@pytest.fixture
def vm1(db: Database, kvm1: VMHost) -> Computer:
    """vm1, beside it vm10."""
    first = add(db, "vm1.lab.example")
    add(db, "vm10.lab.example")
    return first


def test_a_computer_comes_back_as_it_was_added(db: Database, kvm1: VMHost) -> None:
    added = add(
        db,
        "vm1.lab.example",
        eth0_mac="52-54-00-AA-bb-01",
        eth1_mac="00:16:3e:00:00:02",
        private_ip="10.0.0.5",
        public_ip="192.0.2.5",
        ram_mib=4096,
        cpus=4,
    )
    assert added == Computer(
        id=added.id,
        hostname="vm1.lab.example",
        state="available",
        vmhost="kvm1",
        private_ip="10.0.0.5",
        public_ip="192.0.2.5",
        eth0_mac="52:54:00:aa:bb:01",
        eth1_mac="00:16:3e:00:00:02",
        vmhost_id=kvm1.id,
    )
    assert computers.list_computers(db) == [added]
    with db.read() as connection:
        row = connection.execute(
            select(tables.computer).where(tables.computer.c.id == added.id)
        ).one()
    assert (row.RAM, row.procnumber, row.type, row.ownerid) == (4096, 4, "virtualmachine", 1)
    assert row.datedeleted is None


def test_an_unassigned_computer_has_no_host(db: Database) -> None:
    assert computers.add_computer(db, hostname="vm1", vmhost=None).vmhost is None


def test_lookups_are_exact(db: Database, vm1: Computer) -> None:
    vm10 = computers.get_computer(db, "vm10")
    assert vm10.hostname == "vm10.lab.example"
    assert computers.get_computer(db, "vm1") == vm1
    assert computers.get_computer(db, "vm1.lab.example") == vm1
    for name in ("vm", "vm1.lab", "vm1.", "VM1", "vm_", "vm%", " vm1", "vm1\n", "", "' OR 1=1 --"):
        with pytest.raises(NotFoundError):
            computers.get_computer(db, name)
    with pytest.raises(NotFoundError, match=r"no computer 'vm11'.*Close names: vm1, vm10"):
        computers.get_computer(db, "vm11")
    with pytest.raises(NotFoundError, match=r"Close names: vm10\.$"):
        computers.get_computer(db, "VM10")


def test_the_sentence_for_a_very_long_name_is_short(db: Database, vm1: Computer) -> None:
    with pytest.raises(NotFoundError) as caught:
        computers.get_computer(db, "v" * 100_000)
    assert len(str(caught.value)) < 300


def test_two_computers_of_one_name_are_both_named(db: Database, vm1: Computer) -> None:
    other = add(db, "vm2.b.example")
    with db.write() as connection:
        connection.execute(
            update(tables.computer)
            .where(tables.computer.c.id == other.id)
            .values(hostname="vm1.b.example")
        )
    with pytest.raises(RefusedError, match=r"vm1\.b\.example, vm1\.lab\.example"):
        computers.get_computer(db, "vm1")
    assert computers.get_computer(db, "vm1.b.example").id == other.id


@pytest.mark.parametrize(
    "hostname",
    [
        "v" * 37,
        "v" * 300,
        "vm1_2",
        "-vm",
        "vm 1",
        "vm\n1",
        "$(reboot)",
        "a'b",
        "../x",
        "",
        "10.0.0.5",
    ],
)
def test_what_is_no_name_is_refused(db: Database, kvm1: VMHost, hostname: str) -> None:
    with pytest.raises(UsageError):
        add(db, hostname)
    assert computers.list_computers(db) == []


@pytest.mark.parametrize("hostname", ["vm1", "vm1.other.example", "VM1", "kvm1", "kvm1.lab"])
def test_a_short_name_is_given_once(db: Database, vm1: Computer, hostname: str) -> None:
    with pytest.raises(ConflictError, match="has a machine"):
        add(db, hostname)
    assert len(computers.list_computers(db)) == 2


def test_an_unknown_host_is_told(db: Database, vm1: Computer) -> None:
    with pytest.raises(NotFoundError, match="Close names: kvm1"):
        computers.add_computer(db, hostname="vm2", vmhost="kvm10")
    with pytest.raises(NotFoundError, match="no user 'nobody'"):
        add(db, "vm2", owner="nobody")


# --- addresses ---


def test_made_up_macs_are_qemus_stable_and_all_different(db: Database, kvm1: VMHost) -> None:
    added = [add(db, f"vm{number}") for number in range(1, 40)]
    macs = [mac for one in added for mac in (one.eth0_mac, one.eth1_mac)]
    assert len(set(macs)) == 78
    assert all(mac and re.fullmatch(r"52:54:00(:[0-9a-f]{2}){3}", mac) for mac in macs)
    computers.remove_computer(db, "vm7")
    again = add(db, "vm7")
    assert (again.eth0_mac, again.eth1_mac) == (added[6].eth0_mac, added[6].eth1_mac)


def test_a_made_up_mac_that_is_taken_gives_way(db: Database, kvm1: VMHost) -> None:
    first = add(db, "vm1")
    computers.remove_computer(db, "vm1")
    add(db, "vm2", eth0_mac="02:00:00:00:00:02", eth1_mac=first.eth0_mac)
    again = add(db, "vm1")
    assert again.eth0_mac not in (first.eth0_mac, first.eth1_mac)
    assert again.eth1_mac == first.eth1_mac


def test_a_mac_is_used_once_on_either_card(db: Database, vm1: Computer) -> None:
    for card in ("eth0_mac", "eth1_mac"):
        for mac in (vm1.eth0_mac, (vm1.eth1_mac or "").upper()):
            with pytest.raises(ConflictError, match=r"belongs to vm1\.lab\.example"):
                add(db, "vm2", **{card: mac})
    with pytest.raises(ConflictError, match="belongs to vm2"):
        add(db, "vm2", eth0_mac="02:00:00:00:00:02", eth1_mac="02:00:00:00:00:02")


@pytest.mark.parametrize(
    "mac",
    [
        "52:54:00:12:34",
        "52:54:00:12:34:56:78",
        "52:54:00:12:34:5g",
        "525400123456",
        "01:00:5e:00:00:01",
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "52:54:00:12:34:56\n52:54:00:12:34:57",
        "",
    ],
)
def test_what_is_no_mac_is_refused(db: Database, kvm1: VMHost, mac: str) -> None:
    for card in ("eth0_mac", "eth1_mac"):
        with pytest.raises(UsageError, match="is no MAC address"):
            add(db, "vm1", **{card: mac})


@pytest.mark.parametrize("address", ["10.0.0", "10.0.0.256", "fe80::1", "10.0.0.1/24", "1"])
def test_what_is_no_address_is_refused(db: Database, kvm1: VMHost, address: str) -> None:
    for kind in ("private_ip", "public_ip"):
        with pytest.raises(UsageError, match="is no IPv4 address"):
            add(db, "vm1", **{kind: address})


def test_an_address_is_used_once(db: Database, kvm1: VMHost) -> None:
    add(db, "vm1", private_ip="10.0.0.1", public_ip="192.0.2.1")
    with pytest.raises(ConflictError, match=r"10\.0\.0\.1 belongs to vm1"):
        add(db, "vm10", private_ip="10.0.0.1")
    with pytest.raises(ConflictError, match=r"192\.0\.2\.1 belongs to vm1"):
        add(db, "vm10", public_ip="192.0.2.1")
    assert add(db, "vm10", private_ip="10.0.0.10").private_ip == "10.0.0.10"


# --- changes ---


def test_a_state_is_changed_only_from_the_expected_one(db: Database, vm1: Computer) -> None:
    computers.change_state(db, vm1.id, "available", "reloading")
    with pytest.raises(ConflictError, match=r"vm1\.lab\.example is reloading now, not available"):
        computers.change_state(db, vm1.id, "available", "maintenance")
    computers.change_state(db, vm1.id, "reloading", "reloading")
    states = {one.name: one.state for one in computers.list_computers(db)}
    assert states == {"vm1": "reloading", "vm10": "available"}


@pytest.mark.parametrize(("expected", "new"), [("avail", "inuse"), ("available", "in use")])
def test_states_that_vcl_does_not_have(
    db: Database, vm1: Computer, expected: str, new: str
) -> None:
    with pytest.raises(NotFoundError, match="no VCL state"):
        computers.change_state(db, vm1.id, expected, new)
    assert computers.get_computer(db, "vm1").state == "available"


def test_the_current_image_is_set_and_cleared(
    db: Database, vm1: Computer, base: ImageRevision
) -> None:
    computers.set_current_image(db, vm1.id, base)
    loaded = computers.get_computer(db, "vm1")
    assert (loaded.current_image, loaded.image_revision_id) == (base.name, base.revision_id)
    assert computers.get_computer(db, "vm10").current_image is None
    computers.set_current_image(db, vm1.id, None)
    assert computers.get_computer(db, "vm1") == vm1


def test_an_image_that_is_gone_is_not_set(db: Database, vm1: Computer, base: ImageRevision) -> None:
    with db.write() as connection:
        connection.execute(
            tables.imagerevision.delete().where(tables.imagerevision.c.id == base.revision_id)
        )
    with pytest.raises(NotFoundError, match="no revision"):
        computers.set_current_image(db, vm1.id, base)
    assert computers.get_computer(db, "vm1").current_image is None


def test_a_computer_is_assigned_and_unassigned(db: Database, vm1: Computer, kvm1: VMHost) -> None:
    hosts.add_vmhost(db, VMHost("kvm10", "test:///default", kvm1.profile))
    computers.assign_vmhost(db, vm1.id, "kvm10")
    assert computers.get_computer(db, "vm1").vmhost == "kvm10"
    computers.assign_vmhost(db, vm1.id, None)
    assert computers.get_computer(db, "vm1").vmhost is None
    with pytest.raises(NotFoundError, match="no VM host 'kvm'"):
        computers.assign_vmhost(db, vm1.id, "kvm")
    assert computers.get_computer(db, "vm10").vmhost == "kvm1"


def test_changes_of_a_computer_that_is_gone(db: Database, vm1: Computer) -> None:
    computers.remove_computer(db, "vm1")
    for change in (
        lambda: computers.change_state(db, vm1.id, "available", "inuse"),
        lambda: computers.set_current_image(db, vm1.id, None),
        lambda: computers.assign_vmhost(db, vm1.id, None),
    ):
        with pytest.raises(NotFoundError, match=f"no computer with the id {vm1.id}"):
            change()


def test_a_removed_computer_leaves_its_name_free_again_and_again(
    db: Database, vm1: Computer
) -> None:
    for _ in range(4):
        computers.remove_computer(db, "vm1")
        with pytest.raises(NotFoundError):
            computers.get_computer(db, "vm1")
        add(db, "vm1.lab.example")
    with db.read() as connection:
        removed = tables.computer.c
        dates = connection.scalars(
            select(removed.datedeleted).where(
                removed.hostname == "vm1.lab.example", removed.deleted == 1
            )
        ).all()
        assert connection.scalar(select(func.count()).where(removed.vmhostid.is_not(None))) == 2
    assert len(set(dates)) == 4


@pytest.mark.parametrize(
    ("state", "is_used"),
    [("inuse", True), ("pending", True), ("new", True), ("complete", False), ("deleted", False)],
)
def test_a_computer_that_a_request_uses_stays(
    db: Database, vm1: Computer, base: ImageRevision, state: str, is_used: bool
) -> None:
    reservations.add_reservation(
        db,
        computer_id=vm1.id,
        revision=base,
        state_name=state,
        laststate_name="new",
        start=START + timedelta(days=20_000),
        end=START + timedelta(days=20_001),
    )
    computers.remove_computer(db, "vm10")
    if is_used:
        with pytest.raises(RefusedError, match=rf"vm1 is used by request 1 \({state}\)"):
            computers.remove_computer(db, "vm1")
    else:
        computers.remove_computer(db, "vm1")
    assert [one.name for one in computers.list_computers(db)] == (["vm1"] if is_used else [])


def test_rows_that_break_a_rule_are_refused(db: Database, vm1: Computer) -> None:
    with pytest.raises(InventoryError, match="FOREIGN KEY"), db.write() as connection:
        connection.execute(
            insert(tables.computer).values(hostname="x", provisioningid=9, stateid=77)
        )
    with pytest.raises(UsageError, match=r"70000 is out of range for computer\.RAM|computer\.proc"):
        add(db, "vm2", cpus=256)
