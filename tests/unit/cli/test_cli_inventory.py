"""`vcltui host` and `vcltui computer`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.cli_lab import V1, Lab


@pytest.fixture
def empty(tmp_path: Path) -> Lab:
    """A configuration without hosts and an inventory that is not there yet."""
    (tmp_path / "config.toml").write_text('state_directory = "state"\nmanagement_node = "mn"\n')
    (tmp_path / "store").mkdir()
    return Lab(tmp_path)


def _add(lab: Lab, name: str, *more: str, uri: str = "test:///default"):
    return lab("host", "add", name, "--uri", uri, "--datastore", f"{lab.home}/store", *more)


def _host_names(lab: Lab) -> list[str]:
    return [row["name"] for row in lab("hosts", "--json").rows]


def test_the_first_host_makes_the_inventory(empty: Lab) -> None:
    done = empty.run(
        "host", "add", "kvm1", "--uri", "test:///default", "--datastore", f"{empty.home}/store"
    )
    assert (done.code, done.out) == (0, "Added host kvm1: driver Test, networks default\n")
    assert (empty.home / "state/inventory.sqlite").exists()
    assert _host_names(empty) == ["kvm1"]
    assert empty("images", "--json").rows == []


def test_a_key_that_can_not_be_read_is_told_before_the_host_is_added(empty: Lab) -> None:
    folder, missing = str(empty.home), f"{empty.home}/missing.key"
    for key, reason in ((missing, "No such file or directory"), (folder, "Is a directory")):
        done = _add(empty, "kvm1", "--guest-key", key)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"The SSH key {key} can't be read: {reason}. Name ")
    assert not (empty.home / "state/inventory.sqlite").exists()
    done = _add(empty, "kvm1", "--guest-key", missing, "--no-check")
    assert done.code == 0
    assert "can't be read" in done.err


def test_everything_that_can_be_said_of_a_host(empty: Lab) -> None:
    key = empty.home / "key"
    key.write_text("a private key")
    done = _add(
        empty,
        "kvm1",
        *("--vmpath", f"{empty.home}/store", "--repository", f"{empty.home}/store"),
        *("--driver", "test", "--network", "default", "--network", "eth1"),
        *("--image-type", "qcow2", "--repository-image-type", "vmdk"),
        *("--eth0-generated", "--eth1-generated", "--xml-directory", f"{empty.home}/xml"),
        *("--name-style", "vcl25", "--guest-user", "vcl", "--guest-key", str(key)),
        *("--guest-port", "2222", "--guest-port", "22", "--guest-proxy-jump", "jump"),
        *("--boot-timeout", "30"),
    )
    assert done.code == 0, done.err
    assert _host_names(empty) == ["kvm1"]


def test_a_host_that_cannot_be_used_is_not_added(empty: Lab) -> None:
    for more, uri, said in (
        ((), "test:///nonexistent.xml", "can't be reached"),
        (("--network", "missing"), "test:///default", "no network or interface named missing"),
        (("--vmpath", "/nonexistent"), "test:///default", "no folder /nonexistent"),
        (("--repository", "/etc/hostname"), "test:///default", "no folder /etc/hostname"),
        (("--driver", "kvm"), "test:///default", "not QEMU"),
    ):
        done = _add(empty, "kvm1", *more, uri=uri)
        assert done.code == 1, more
        assert done.err.startswith("Host kvm1 was not added: ")
        assert said in done.err
        assert "--no-check" in done.err
        assert done.err.count("\n") == 1
    assert not (empty.home / "state/inventory.sqlite").exists()


def test_a_host_that_cannot_be_used_now_can_be_added_all_the_same(empty: Lab) -> None:
    done = _add(empty, "kvm1", "--no-check", uri="test:///nonexistent.xml")
    assert (done.code, done.out) == (0, "Added host kvm1: not checked\n")
    assert "can't be reached" in done.err
    assert [row["state"] for row in empty("hosts", "--json").rows] == ["unreachable"]


def test_host_options_that_have_no_meaning(empty: Lab) -> None:
    for arguments in (
        ("kvm1", "--network", "a", "--network", "b", "--network", "c"),
        ("kvm1", "--vmpath", "relative"),
        ("kvm1", "--guest-port", "0"),
        ("kvm1", "--guest-port", "65536"),
        ("kvm1", "--boot-timeout", "0"),
        ("kvm1", "--name-style", "mine"),
        ("../kvm1",),
        ("",),
        ("x" * 300,),
        ("\x1b[31m",),
    ):
        done = _add(empty, *arguments)
        assert done.code == 2, arguments
        assert done.err.count("\n") == 1
    assert _add(empty, "kvm1", uri="no uri").code == 2
    assert not (empty.home / "state/inventory.sqlite").exists()


def test_a_host_is_added_once(empty: Lab) -> None:
    assert _add(empty, "kvm1").code == 0
    assert _add(empty, "kvm10").code == 0
    again = _add(empty, "kvm1")
    assert again.code == 1
    assert "kvm1" in again.err
    assert _host_names(empty) == ["kvm1", "kvm10"]


def test_a_host_is_removed_by_its_exact_name(empty: Lab) -> None:
    assert _add(empty, "kvm1").code == 0
    assert _add(empty, "kvm10").code == 0
    assert empty("host", "remove", "kvm1").code == 2
    assert empty("host", "remove", "kvm", "--yes").code == 1
    assert empty.run("host", "remove", "kvm1", "--yes").out == "Removed host kvm1\n"
    assert _host_names(empty) == ["kvm10"]


def test_computers_come_and_go(empty: Lab) -> None:
    assert _add(empty, "kvm1").code == 0
    given = ("--mac", "52-54-00-00-00-01", "--mac2", "52:54:00:00:01:01", "--ip", "10.0.0.1")
    done = empty("computer", "add", "vm1", "--host", "kvm1", *given, "--public-ip", "192.0.2.1")
    assert done.out == "Added computer vm1 on kvm1: MAC 52:54:00:00:00:01, 52:54:00:00:01:01\n"
    assert empty.run("computer", "add", "vm10", "--host", "kvm1").code == 0
    rows = {row["name"]: row for row in empty("computers", "--json").rows}
    assert (rows["vm1"]["private_ip"], rows["vm1"]["public_ip"]) == ("10.0.0.1", "192.0.2.1")
    assert rows["vm10"]["eth0_mac"].startswith("52:54:00:")
    assert empty("host", "remove", "kvm1", "--yes").code == 1
    assert empty("computer", "remove", "vm1").code == 2
    assert empty("computer", "remove", "vm1", "--yes").out == "Removed computer vm1\n"
    assert [row["name"] for row in empty("computers", "--json").rows] == ["vm10"]


def test_computers_that_are_refused(lab: Lab) -> None:
    for arguments, code in (
        (("vm1", "--host", "kvm1"), 1),
        (("vm30", "--host", "kvm"), 1),
        (("vm30", "--host", "kvm1", "--mac", "nonsense"), 2),
        (("vm30", "--host", "kvm1", "--ip", "10.0.0.300"), 2),
        (("vm_30", "--host", "kvm1"), 2),
        (("x" * 300, "--host", "kvm1"), 2),
        (("", "--host", "kvm1"), 2),
        (("../x", "--host", "kvm1"), 2),
        (("vm30",), 2),
    ):
        done = lab("computer", "add", *arguments)
        assert done.code == code, (arguments, done.err)
        assert done.err.count("\n") == 1
    assert len(lab("computers", "--json").rows) == 5


def test_assign(lab: Lab) -> None:
    assert lab("computer", "assign", "away", "kvm2").out == "Assigned computer away to kvm2\n"
    assert lab("computer", "assign", "away", "--none").code == 0
    refused = lab("computer", "assign", "vm1", "kvm2")
    assert refused.code == 1
    assert f"vm1 still has vm1:{V1} on kvm1" in refused.err
    assert lab("computer", "assign", "vm1", "kvm1").code == 0
    assert lab("computer", "assign", "away", "kvm").code == 1
    assert lab("computer", "assign", "vm", "kvm1").code == 1
    hosts = {row["name"]: row["host"] for row in lab("computers", "--json").rows}
    assert (hosts["vm1"], hosts["away"]) == ("kvm1", None)


def test_a_computer_of_a_lost_host_is_assigned_only_when_told_so(lab: Lab) -> None:
    (lab.home / "kvm1.xml").unlink()
    refused = lab("computer", "assign", "vm1", "kvm2")
    assert refused.code == 1
    assert "Give --yes if that host is lost" in refused.err
    assert lab("computer", "assign", "vm1", "kvm2", "--yes").code == 0
    hosts = {row["name"]: row["host"] for row in lab("computers", "--json").rows}
    assert (hosts["vm1"], hosts["vm10"]) == ("kvm2", "kvm1")


def test_the_inventory_is_not_changed_in_read_only_mode(lab: Lab) -> None:
    before = (lab.home / "inventory.sqlite").read_bytes()
    for arguments in (
        ("computer", "add", "vm30", "--host", "kvm1"),
        ("computer", "remove", "vm20", "--yes"),
        ("computer", "assign", "away", "kvm2"),
        ("host", "remove", "kvm1", "--yes"),
    ):
        done = lab("--readonly", *arguments)
        assert done.code == 1, arguments
        assert "read-only" in done.err
    assert (lab.home / "inventory.sqlite").read_bytes() == before


def test_no_inventory_is_made_in_read_only_mode(empty: Lab) -> None:
    done = empty("-r", "host", "add", "kvm1", "--uri", "test:///default", "--datastore", "/tmp")
    assert done.code == 1
    assert "read-only" in done.err
    assert not (empty.home / "state").exists()
