"""VM hosts of the embedded inventory."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.vcldb import computers, hosts, tables
from vcltui.vcldb.database import Database


def make_host(name: str = "kvm1", profile: str | VMProfile = "local", **changes: object) -> VMHost:
    values: dict[str, object] = {
        "name": name,
        "uri": f"qemu+ssh://root@{name}/system",
        "profile": (
            VMProfile(name=profile, datastore="/var/lib/libvirt/images")
            if isinstance(profile, str)
            else profile
        ),
        **changes,
    }
    return VMHost(**values)  # type: ignore[arg-type]


FULL = VMHost(
    name="kvm2",
    uri="qemu+ssh://root@10.0.0.2:2222/system?no_tty=1",
    profile=VMProfile(
        name="nfs",
        datastore="/srv/datastore",
        vmpath="/srv/vms",
        repository="/srv/repository",
        datastore_image_type="raw",
        repository_image_type="vmdk",
        virtualswitch0="br0",
        virtualswitch1="br1",
        eth0_generated=True,
        eth1_generated=True,
    ),
    driver="qemu",
    xml_directory="/var/tmp/vcl",
    domain_name_style="vcl25",
    guests=GuestAccess(
        method="simulated",
        user="vcl",
        identity_file="/etc/vcl/vcl.key",
        ports=(24, 22),
        proxy_jump="gate",
        boot_timeout_seconds=1.5,
        shutdown_timeout_seconds=2.5,
    ),
)


@pytest.mark.parametrize("host", [make_host("kvm1"), FULL, make_host("10.0.0.9")], ids=str)
def test_a_host_comes_back_as_it_was_added(db: Database, host: VMHost) -> None:
    added = hosts.add_vmhost(db, host)
    assert added.id is not None
    assert hosts.list_vmhosts(db) == [added]
    assert hosts.get_vmhost(db, host.name) == added
    assert {name: getattr(added, name) for name in VMHost.__slots__ if name != "id"} == {
        name: getattr(host, name) for name in VMHost.__slots__ if name != "id"
    }


def test_a_host_is_a_computer_in_vcls_state(db: Database, kvm1: VMHost) -> None:
    with db.read() as connection:
        row = connection.execute(
            select(tables.computer.c.hostname, tables.computer.c.type, tables.state.c.name).join(
                tables.state, tables.state.c.id == tables.computer.c.stateid
            )
        ).one()
    assert tuple(row) == ("kvm1", "blade", "vmhostinuse")
    assert computers.list_computers(db) == []


def test_lookups_are_exact(db: Database, kvm1: VMHost) -> None:
    kvm10 = hosts.add_vmhost(db, make_host("kvm10.example.org"))
    assert (kvm10.name, kvm1.name) == ("kvm10", "kvm1")
    assert hosts.get_vmhost(db, "kvm1").id == kvm1.id
    assert hosts.get_vmhost(db, "kvm10").id == kvm10.id
    assert hosts.get_vmhost(db, "kvm10.example.org").id == kvm10.id
    for name in ("kvm", "kvm1.example.org", "kvm%", "KVM1", "kvm10.", "kvm1' OR '1'='1", ""):
        with pytest.raises(NotFoundError) as caught:
            hosts.get_vmhost(db, name)
        assert caught.value.hint
    with pytest.raises(NotFoundError, match="Close names: kvm1, kvm10"):
        hosts.get_vmhost(db, "kvm11")


@pytest.mark.parametrize("name", ["kvm1", "kvm1.example.org", "KVM1"])
def test_a_short_name_is_given_once(db: Database, kvm1: VMHost, name: str) -> None:
    with pytest.raises(ConflictError, match="has a machine kvm1"):
        hosts.add_vmhost(db, make_host(name))
    assert hosts.list_vmhosts(db) == [kvm1]


def test_hosts_of_one_short_name_go_by_their_full_names(db: Database, kvm1: VMHost) -> None:
    other = hosts.add_vmhost(db, make_host("kvm2.b.org"))
    with db.write() as connection:
        connection.execute(
            update(tables.computer)
            .where(tables.computer.c.hostname == "kvm2.b.org")
            .values(hostname="kvm1.b.org")
        )
    assert [host.name for host in hosts.list_vmhosts(db)] == ["kvm1", "kvm1.b.org"]
    assert hosts.get_vmhost(db, "kvm1").id == kvm1.id
    assert hosts.get_vmhost(db, "kvm1.b.org").id == other.id


def test_a_machine_with_two_profiles_is_two_hosts(db: Database, kvm1: VMHost) -> None:
    nfs = hosts.add_vmhost(db, make_host("kvm2", "nfs"))
    with db.write() as connection:
        row = connection.execute(select(tables.vmhost).where(tables.vmhost.c.id == kvm1.id)).one()
        connection.execute(
            update(tables.vmhost)
            .where(tables.vmhost.c.id == nfs.id)
            .values(computerid=row.computerid)
        )
    found = {host.name: host.profile.name for host in hosts.list_vmhosts(db) if host.profile}
    assert found == {"kvm1": "local", f"kvm1-vmhost{nfs.id}": "nfs"}


def test_a_profile_is_shared_or_refused(db: Database, kvm1: VMHost) -> None:
    hosts.add_vmhost(db, make_host("kvm2"))
    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.vmprofile)) == 1
    other = VMProfile(name="local", datastore="/elsewhere")
    with pytest.raises(ConflictError, match="'local' exists with other values"):
        hosts.add_vmhost(db, make_host("kvm3", profile=other))
    assert [host.name for host in hosts.list_vmhosts(db)] == ["kvm1", "kvm2"]


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        (make_host("k" * 37), "has 37 characters"),
        (make_host("k" * 300), "has 300 characters"),
        (make_host("../etc"), "no host name"),
        (make_host("-o"), "no host name"),
        (make_host("a b"), "no host name"),
        (make_host("a\nb"), "no host name"),
        (make_host("$(reboot)"), "no host name"),
        (VMHost(name="bare", uri="qemu:///system"), "has no profile"),
        (make_host("a", "p" * 57), "vmprofile.profilename"),
        (make_host("a", "a\nb"), "is no image name"),
        (make_host("a", uri="qemu://" + "x" * 1024), "vcltui_host.uri"),
    ],
)
def test_what_does_not_fit_is_refused_whole(db: Database, host: VMHost, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        hosts.add_vmhost(db, host)
    with db.read() as connection:
        for table in (tables.computer, tables.vmhost, tables.vmprofile, tables.vcltui_host):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_long_paths_are_kept(db: Database, path: Path) -> None:
    long = "/" + "/".join(["d" * 200] * 3)
    added = hosts.add_vmhost(db, make_host("a", profile=VMProfile(name="p", datastore=long)))
    assert added.profile is not None
    assert added.profile.datastore == long


def test_names_are_data(db: Database) -> None:
    name = "'; DROP TABLE computer; -- $(id) \\ \""
    profile = VMProfile(name=name, datastore="/a'b", virtualswitch0="$(id)")
    added = hosts.add_vmhost(db, make_host("a", profile=profile))
    assert added.profile == profile


def test_an_unknown_image_type_names_those_there_are(db: Database) -> None:
    profile = VMProfile(name="p", datastore="/d", datastore_image_type="qcow")
    with pytest.raises(NotFoundError, match="Close names: qcow2"):
        hosts.add_vmhost(db, make_host("a", profile=profile))


def test_a_host_with_computers_stays(db: Database, kvm1: VMHost) -> None:
    computers.add_computer(db, hostname="vm1", vmhost="kvm1")
    computers.add_computer(db, hostname="vm10", vmhost="kvm1")
    with pytest.raises(RefusedError, match="still has 2 computers: vm1, vm10"):
        hosts.remove_vmhost(db, "kvm1")
    assert hosts.list_vmhosts(db) == [kvm1]


def test_a_removed_host_is_gone_with_its_profile_and_can_come_back(
    db: Database, kvm1: VMHost
) -> None:
    kvm10 = hosts.add_vmhost(db, make_host("kvm10", "other"))
    for _ in range(3):
        hosts.remove_vmhost(db, "kvm1")
        assert hosts.list_vmhosts(db) == [kvm10]
        with db.read() as connection:
            assert connection.scalars(select(tables.vmprofile.c.profilename)).all() == ["other"]
        assert hosts.add_vmhost(db, make_host("kvm1")).id != kvm1.id
    with pytest.raises(NotFoundError):
        hosts.remove_vmhost(db, "kvm")


def test_a_removed_computer_does_not_hold_its_host(db: Database, kvm1: VMHost) -> None:
    computers.add_computer(db, hostname="vm1", vmhost="kvm1")
    computers.remove_computer(db, "vm1")
    hosts.remove_vmhost(db, "kvm1")
    assert hosts.list_vmhosts(db) == []


def _as_vcls_own(db: Database, path: Path) -> Database:
    """The same rows seen as VCL's own database, which has no table of ours."""
    return Database(db._engine, label=str(path), is_embedded=False)


def test_in_vcls_own_database_uris_are_made_from_host_names(
    db: Database, kvm1: VMHost, path: Path
) -> None:
    kvm10 = hosts.add_vmhost(db, make_host("kvm10.example.org"))
    esx = hosts.add_vmhost(db, make_host("esx1"))
    computers.add_computer(db, hostname="vm1", vmhost="kvm10")
    foreign = computers.add_computer(db, hostname="vm2", vmhost="esx1")
    with db.write() as connection:
        connection.execute(delete(tables.vcltui_host))
        connection.execute(
            insert(tables.module).values(
                id=21, name="vmware", prettyname="", description="", perlpackage="VCL::VMware"
            )
        )
        connection.execute(
            insert(tables.provisioning).values(id=7, name="vmware", prettyname="", moduleid=21)
        )
        connection.execute(
            update(tables.computer)
            .where(tables.computer.c.id == foreign.id)
            .values(provisioningid=7)
        )
    vcl = _as_vcls_own(db, path)
    assert [(host.id, host.name, host.uri) for host in hosts.list_vmhosts(vcl)] == [
        (kvm1.id, "kvm1", "qemu+ssh://root@kvm1/system"),
        (kvm10.id, "kvm10", "qemu+ssh://root@kvm10.example.org/system"),
    ]
    assert [one.name for one in computers.list_computers(vcl)] == ["vm1"]
    assert esx.id not in [host.id for host in hosts.list_vmhosts(vcl)]
    with pytest.raises(NotFoundError):
        hosts.get_vmhost(vcl, "esx1")


def test_vcls_own_database_gets_no_hosts_or_computers_from_us(
    db: Database, kvm1: VMHost, path: Path
) -> None:
    vcl = _as_vcls_own(db, path)
    for change in (
        lambda: hosts.add_vmhost(vcl, make_host("kvm9")),
        lambda: hosts.remove_vmhost(vcl, "kvm1"),
        lambda: computers.add_computer(vcl, hostname="vm1", vmhost="kvm1"),
        lambda: computers.remove_computer(vcl, "vm1"),
    ):
        with pytest.raises(RefusedError, match="VCL's own database"):
            change()
