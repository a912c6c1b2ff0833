"""hosts, computers, domains, images, reservations, jobs and status."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.unit.cli.cli_lab import SANDBOX_LINE, STORED, V1, V10, Lab
from vcltui.vcldb.computers import get_computer
from vcltui.vcldb.database import open_database
from vcltui.vcldb.images import get_revision
from vcltui.vcldb.reservations import add_reservation

_LOST = """
[hosts.lost]
uri = "test:///nonexistent/node.xml"
profile = "p1"
"""


@pytest.fixture
def with_lost_host(lab: Lab) -> Lab:
    lab.config.write_text(lab.config.read_text() + _LOST)
    return lab


def test_hosts(lab: Lab) -> None:
    rows = lab.run("hosts", "--json").rows
    assert rows == [
        {
            "name": "kvm1",
            "uri": f"test://{lab.home}/kvm1.xml",
            "state": "up",
            "driver": "Test",
            "domains": 3,
            "running": 2,
            "reason": None,
        },
        {
            "name": "kvm2",
            "uri": "test:///default",
            "state": "up",
            "driver": "Test",
            "domains": 1,
            "running": 1,
            "reason": None,
        },
    ]


def test_hosts_as_a_table(lab: Lab) -> None:
    done = lab.run("hosts")
    lines = done.out.splitlines()
    assert lines[0].split() == ["NAME", "STATE", "DRIVER", "DOMAINS", "RUNNING", "URI"]
    assert lines[2].split() == ["kvm2", "up", "Test", "1", "1", "test:///default"]
    assert "\x1b" not in done.out
    assert done.raw_err == SANDBOX_LINE


def test_a_host_that_cannot_be_reached_is_a_row(with_lost_host: Lab) -> None:
    done = with_lost_host.run("hosts", "--json")
    assert done.code == 1, "as with the other listings"
    (row,) = [row for row in done.rows if row["name"] == "lost"]
    assert row["state"] == "unreachable"
    assert row["domains"] is row["running"] is row["driver"] is None
    assert "no file /nonexistent/node.xml" in row["reason"]
    assert "unreachable" in with_lost_host.run("hosts").out


def test_other_listings_show_the_rest_and_exit_1(with_lost_host: Lab) -> None:
    done = with_lost_host.run("domains", "--json")
    assert done.code == 1
    assert {row["host"] for row in done.rows} == {"kvm1", "kvm2"}
    assert done.err.startswith("The host lost can't be reached")
    assert done.err.count("\n") == 1


def test_only_a_lost_host(lab: Lab) -> None:
    done = lab.run("-c", "test:///nonexistent/node.xml", "domains")
    assert (done.code, done.out) == (1, "")
    assert "There are no domains" not in done.err


def test_domains(lab: Lab, odd_name: str) -> None:
    rows = lab.run("domains", "--json").rows
    keys = {"host", "name", "uuid", "power", "computer", "image", "vcpus", "memory_bytes"}
    assert all(keys <= set(row) for row in rows)
    known = {row["name"]: row for row in rows}
    assert set(known) == {f"vm1:{V1}", f"vm10:{V10}", odd_name, "test"}
    for computer, image in (("vm1", V1), ("vm10", V10)):
        row = known[f"{computer}:{image}"]
        assert (row["computer"], row["image"]) == (computer, image)
        assert (row["host"], row["power"]) == ("kvm1", "on")
        assert (row["vcpus"], row["memory_bytes"]) == (2, 512 << 20)
    assert known[odd_name]["computer"] is known[odd_name]["image"] is None
    assert known[odd_name]["power"] == "off"


def test_what_is_numbered_comes_in_the_order_of_the_numbers(lab: Lab) -> None:
    names = [row["name"] for row in lab("computers", "--json").rows]
    assert names == ["away", "vm1", "vm2", "vm10", "vm20"]
    lab("load", "vm20", V1)
    lab("load", "vm2", V1)
    computers = [row["computer"] for row in lab("domains", "--host", "kvm2", "--json").rows]
    assert [one for one in computers if one] == ["vm2", "vm20"]


def test_a_mistake_in_the_configuration_exits_2_however_it_is_met(lab: Lab) -> None:
    for command in (("images",), ("images", "--host", "test"), ("image", "info", V1)):
        done = lab("-c", "test:///default", *command)
        assert (done.code, done.out) == (2, ""), command
        assert "has no VM profile" in done.err
    state = lab.config.read_text()
    lab.config.write_text(state.replace('path = "inventory.sqlite"', 'path = "/etc/hostname"'))
    done = lab("computers")
    assert done.code == 2
    assert "/etc/hostname is no inventory" in done.err
    assert "aside" not in done.err
    lab.config.write_text(state.replace('path = "inventory.sqlite"', 'path = "missing"'))
    for command in (("computers",), ("status", "vm1"), ("doctor",)):
        done = lab(*command)
        assert done.code == 2, command
        assert "There is no inventory yet" in done.err


def test_domains_of_one_host(lab: Lab) -> None:
    assert [row["name"] for row in lab("domains", "--host", "kvm2", "--json").rows] == ["test"]
    assert [row["name"] for row in lab("-c", "test:///default", "domains", "--json").rows] == [
        "test"
    ]


@pytest.mark.parametrize("command", ["domains", "images"])
def test_an_unknown_host(lab: Lab, command: str) -> None:
    for host in ("kvm", "kvm11", "x" * 300, "--", "../kvm1", "\x1b[31m"):
        done = lab(command, f"--host={host}")
        assert done.code == 1
        assert done.err.startswith("There is no host")
        assert "\x1b" not in done.err


def test_names_are_data_in_tables(lab: Lab) -> None:
    assert "odd[red]\\u2028name" in lab.run("domains").out


def test_images(lab: Lab) -> None:
    rows = lab.run("images", "--json").rows
    found = {(row["host"], row["location"], row["name"]): row for row in rows}
    assert set(found) == {
        ("kvm1", "datastore", V1),
        ("kvm1", "datastore", V10),
        ("kvm1", "repository", STORED),
        ("kvm2", "datastore", V1),
        ("kvm2", "datastore", V10),
    }
    first = found["kvm1", "datastore", V1]
    assert first["path"] == str(lab.home / f"datastore/{V1}.qcow2")
    assert first["format"] == "qcow2"
    assert first["virtual_size_bytes"] == 8 << 20
    assert 0 < first["disk_size_bytes"] < 8 << 20
    assert first["used_by"] == [str(lab.home / "datastore/vms/vm1_21-v1.qcow2")]
    assert found["kvm1", "datastore", V10]["used_by"] == [
        str(lab.home / "datastore/vms/vm10_21-v10.qcow2")
    ]
    assert found["kvm2", "datastore", V1]["used_by"] == []


def test_images_in_binary_units(lab: Lab) -> None:
    assert "8.0 MiB" in lab("images", "--host", "kvm2").out


def test_a_damaged_image_is_shown_with_its_problem(lab: Lab) -> None:
    (lab.home / "datastore2/linux-Broken-9-v1.qcow2").write_bytes(b"nonsense")
    done = lab("images", "--host", "kvm2")
    assert "PROBLEM" in done.out
    assert "damaged" in done.out


def test_images_of_a_host_without_a_profile(lab: Lab) -> None:
    done = lab("-c", "test:///default", "images")
    assert done.code == 2
    assert "has no VM profile" in done.err


def test_computers(lab: Lab) -> None:
    rows = {row["name"]: row for row in lab.run("computers", "--json").rows}
    assert list(rows) == ["away", "vm1", "vm2", "vm10", "vm20"]
    assert (rows["vm1"]["host"], rows["vm1"]["image"]) == ("kvm1", V1)
    assert (rows["vm10"]["host"], rows["vm10"]["image"]) == ("kvm1", V10)
    assert rows["away"]["host"] is rows["vm2"]["image"] is None
    assert rows["vm1"]["hostname"] == "vm1.example.org"


def test_reservations(lab: Lab) -> None:
    assert lab.run("reservations", "--json").rows == []
    assert lab("reservations").err == "There are no reservations.\n"
    database = open_database(lab.home / "inventory.sqlite")
    made = add_reservation(
        database,
        computer_id=get_computer(database, "vm10").id,
        revision=get_revision(database, V10),
        state_name="inuse",
        laststate_name="reserved",
        start=datetime(2026, 1, 2, 3, 4),
        end=datetime(2026, 1, 2, 5, 4),
    )
    database.close()
    (row,) = lab.run("reservations", "--json").rows
    assert row["id"] == made.id
    assert row["request_id"] == made.request_id
    assert (row["state"], row["laststate"]) == ("inuse", "reserved")
    assert (row["computer"], row["image"], row["host"]) == ("vm10", V10, "kvm1")
    assert (row["start"], row["end"]) == ("2026-01-02T03:04:00", "2026-01-02T05:04:00")
    assert row["lastcheck"] is None
    assert "2026-01-02 03:04" in lab("reservations").out


def test_status_is_an_answer_whatever_it_says(lab: Lab) -> None:
    loaded = lab.run("status", "vm1")
    assert loaded.code == 0
    assert loaded.out.startswith("RELOAD: vm1 ")
    empty = lab.run("status", "vm2", "--json")
    assert empty.code == 0
    assert empty.rows == [
        {
            "computer": "vm2",
            "host": "kvm2",
            "image": "noimage",
            "state": "RELOAD",
            "reason": "vm2 is not loaded with any image",
        }
    ]


@pytest.mark.parametrize("command", ["status", "unload", "maintenance"])
def test_an_unknown_computer(lab: Lab, command: str) -> None:
    names = ["vm", "vm100", "VM1", "vm1*", "vm%", "x" * 300, "../vm1", "", "' OR 1=1", "\x1b[31m"]
    for name in names:
        done = lab(command, "--", name)
        assert done.code == 1
        assert done.err.startswith("There is no computer")
        assert done.err.count("\n") == 1
        assert len(done.err) < 400
        assert "\x1b" not in done.err


def test_a_computer_on_no_host(lab: Lab) -> None:
    done = lab("status", "away")
    assert done.code == 1
    assert "away is on no VM host" in done.err


def test_a_host_that_is_lost_is_no_answer_about_its_computer(lab: Lab) -> None:
    Path(lab.home / "kvm1.xml").unlink()
    done = lab("status", "vm1")
    assert done.code == 1
    assert "kvm1 can't be reached" in done.err


def test_jobs(lab: Lab) -> None:
    assert lab("jobs").err == "Nothing was done yet.\n"
    assert lab("load", "vm2", V1).code == 0
    assert lab("power", "off", "vm2").code == 0
    last, first = lab.run("jobs", "--json").rows
    assert (first["kind"], first["target"], first["host"]) == ("load", "vm2", "kvm2")
    assert (first["outcome"], first["error"], first["left"]) == ("done", None, False)
    assert first["title"] == f"Load {V1} onto vm2"
    assert first["details"]["image"] == V1
    assert datetime.fromisoformat(first["started"]) <= datetime.fromisoformat(first["ended"])
    assert last["kind"] == "power-off"
    assert f"Load {V1} onto vm2" in lab("jobs").out


def test_jobs_of_long_ago_are_listed_when_asked_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vcltui.cli.jobs._MOST", 1)
    assert lab("load", "vm2", V1).code == 0
    assert lab("power", "off", "vm2").code == 0
    done = lab("jobs", "--json")
    assert [row["kind"] for row in done.rows] == ["power-off"]
    assert done.err == "Not listed, but with --all: 1 older.\n"
    everything = lab("jobs", "--all", "--json")
    assert [row["kind"] for row in everything.rows] == ["power-off", "load"]
    assert everything.err == ""


def test_nothing_to_clean(lab: Lab) -> None:
    done = lab("jobs", "--clean")
    assert (done.code, done.err) == (0, "Nothing was left to clean up.\n")
    assert lab("jobs", "--clean", "--json").rows == []
    refused = lab("-r", "jobs", "--clean")
    assert refused.code == 1
    assert "read-only" in refused.err
