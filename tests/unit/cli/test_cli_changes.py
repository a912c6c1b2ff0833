"""load, unload, capture, maintenance, power and snapshot."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from tests.unit.cli.cli_lab import STORED, V1, V10, Lab
from vcltui.vcldb.computers import get_computer
from vcltui.vcldb.database import open_database
from vcltui.vcldb.images import get_revision
from vcltui.vcldb.reservations import add_reservation

pytestmark = pytest.mark.slow

_OVERLAY = "datastore2/vms/vm2_21-v1.qcow2"


@pytest.fixture
def loaded(lab: Lab) -> Lab:
    """The lab with vm2 and vm20 loaded on kvm2."""
    for computer, image in (("vm2", V1), ("vm20", V10)):
        assert lab("load", computer, image).code == 0
    return lab


def test_load_prints_every_step_and_makes_the_computer_ready(lab: Lab) -> None:
    masters = lab.mark_images()
    done = lab("load", "vm2", V1)
    assert done.code == 0
    lines = done.out.splitlines()
    steps = lines[:-1]
    assert lines[-1] == f"Done: Load {V1} onto vm2"
    for number, line in enumerate(steps, 1):
        assert re.match(rf"\[{number}/{len(steps)}\] .+ \.\.\. .+", line)
    assert steps[0] == "[1/8] Check the networks of kvm2 ... networks default"
    assert lab("status", "vm2").out == f"READY: vm2 is loaded with {V1} and ready\n"
    (row,) = [row for row in lab("domains", "--json").rows if row["computer"] == "vm2"]
    assert (row["name"], row["image"], row["power"]) == (f"vm2:{V1}", V1, "on")
    assert (lab.home / _OVERLAY).exists()
    assert lab.mark_images() == masters


def test_load_as_a_process_of_its_own(lab: Lab) -> None:
    done = lab.run("load", "vm2", V10)
    assert done.code == 0
    assert done.out.endswith(f"Done: Load {V10} onto vm2\n")
    assert done.err == ""
    assert (lab.home / "datastore2/vms/vm2_21-v10.qcow2").exists()


def test_a_dry_run_prints_the_calls_and_changes_nothing(lab: Lab) -> None:
    done = lab.run("load", "vm2", V1, "--dry-run")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"Load {V1} onto vm2"
    assert lines[1] == "1. Check the networks of kvm2"
    assert any(line.startswith("   qemu-img create -f qcow2 ") for line in lines)
    assert f"   virDomainCreate(vm2:{V1})" in lines
    assert not (lab.home / _OVERLAY).exists()
    assert lab("jobs", "--json").rows == []
    assert not list((lab.home / "run/kvm2").rglob("*"))


def test_who_has_the_computer_is_told_and_not_disturbed_unasked(lab: Lab) -> None:
    database = open_database(lab.home / "inventory.sqlite")
    now = datetime.now().replace(microsecond=0)
    add_reservation(
        database,
        computer_id=get_computer(database, "vm2").id,
        revision=get_revision(database, V1),
        state_name="inuse",
        laststate_name="reserved",
        start=now - timedelta(hours=1),
        end=now + timedelta(hours=1),
    )
    said = f"Warning: Reservation 1 of admin is inuse on vm2 until {now:%Y}"
    assert said in lab("load", "vm2", V1, "--dry-run").out
    refused = lab("load", "vm2", V1)
    assert said in refused.err
    assert "Nobody can be asked" in refused.err
    assert refused.code == 2
    assert lab("load", "vm2", V1, "--yes").code == 0
    for arguments in (
        ("power", "shutdown", "vm2"),
        ("power", "reset", "vm2"),
        ("capture", "vm2", "--name", "New"),
    ):
        refused = lab(*arguments)
        assert said in refused.err
        assert refused.code == 2
    assert lab("power", "status", "vm2").out == "on\n"
    assert lab("power", "shutdown", "vm2", "--yes").code == 0
    assert lab("unload", "vm2", "--yes").code == 0  # kvm2 is one for all tests of a process


@pytest.mark.parametrize(
    "arguments",
    [
        ("unload", "vm1"),
        ("maintenance", "vm1"),
        ("capture", "vm1", "--name", "New"),
        ("load", "vm1", V10),
    ],
)
def test_other_dry_runs(lab: Lab, arguments: tuple[str, ...]) -> None:
    before = sorted(lab.home.rglob("*"))
    done = lab.run(*arguments, "--dry-run")
    assert done.code == 0, done.err
    assert re.search(r"^1\. ", done.out, re.M)
    assert sorted(lab.home.rglob("*")) == before


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("linux-Base-21-v", "There is no image"),
        ("linux-Base-21-v100", "There is no image"),
        ("linux-Base-21", "There is no image"),
        ("y" * 300, "There is no image"),
        ("../../etc/passwd", "There is no image"),
        (STORED, "is neither in the datastore nor in a repository"),
    ],
)
def test_an_image_that_is_not_there(lab: Lab, image: str, said: str) -> None:
    done = lab("load", "vm2", "--", image)
    assert done.code == 1
    assert said in done.err
    assert "image retrieve" not in done.err
    assert done.err.count("\n") == 1
    assert lab("domains", "--host", "kvm2", "--json").rows[0]["name"] == "test"


def test_a_failed_load_is_undone_and_told(lab: Lab) -> None:
    text = lab.config.read_text().replace('method = "simulated"', 'method = "ssh"')
    lab.config.write_text(text.replace("boot_timeout_seconds = 5", "boot_timeout_seconds = 1"))
    done = lab("load", "vm2", V1)
    assert done.code == 1
    assert "[6/8] Wait until vm2 answers ... failed\n" in done.out
    assert f"Undone: removed domain vm2:{V1}\n" in done.out
    assert f"Undone: removed {lab.home / _OVERLAY}\n" in done.out
    assert "Done:" not in done.out
    assert done.err.count("\n") == 1
    assert not (lab.home / _OVERLAY).exists()
    assert len(lab("domains", "--host", "kvm2", "--json").rows) == 1
    row = lab("jobs", "--json").rows[0]
    assert row["outcome"] == "failed"
    # Another process can tell the steps too, by the job's number or its id.
    (by_id,) = lab("jobs", row["id"], "--json").rows
    (by_number,) = lab("jobs", "1", "--json").rows
    assert by_id["steps"] == by_number["steps"]
    states = [step["state"] for step in by_id["steps"]]
    assert states == [*["done"] * 5, "failed", "to do", "to do"]
    failed = by_id["steps"][5]
    assert failed["title"] == "Wait until vm2 answers"
    assert failed["note"] == by_id["error"]
    assert by_id["steps"][7]["title"] == f"Note {V1} as the image of vm2"
    told = lab("jobs", "1").out
    assert told.startswith(f"Load {V1} onto vm2 on kvm2, by ")
    assert f"Error: {by_id['error']}" in told
    assert "Wait until vm2 answers" in told
    done = lab("jobs", "2")
    assert (done.code, done.out) == (1, "")
    assert done.err == "There is no job '2'. List them with `vcltui jobs --all`.\n"
    assert lab("jobs", "1", "--clean").code == 2


def test_a_failure_before_anything_was_made(lab: Lab) -> None:
    lab.config.write_text(lab.config.read_text().replace('"default"', '"missing"'))
    done = lab("load", "vm2", V1)
    assert done.code == 1
    assert "no network or interface named missing" in done.err
    assert done.out == ""


@pytest.mark.parametrize("command", ["unload", "maintenance"])
def test_without_a_terminal_what_deletes_needs_yes(loaded: Lab, command: str) -> None:
    done = loaded(command, "vm2")
    assert done.code == 2
    assert "Give --yes" in done.err
    assert (loaded.home / _OVERLAY).exists()


def test_unload_deletes_this_computers_domain_alone(loaded: Lab) -> None:
    masters = loaded.mark_images()
    done = loaded("unload", "vm2", "--yes")
    assert done.code == 0
    assert done.out.endswith("Done: Unload vm2\n")
    rows = {row["name"]: row for row in loaded("domains", "--host", "kvm2", "--json").rows}
    assert set(rows) == {"test", f"vm20:{V10}"}
    assert not (loaded.home / _OVERLAY).exists()
    assert (loaded.home / "datastore2/vms/vm20_21-v10.qcow2").exists()
    assert loaded.mark_images() == masters
    assert loaded("status", "vm2").out.startswith("RELOAD: vm2 is not loaded")


def test_unload_as_a_process_of_its_own(lab: Lab) -> None:
    done = lab.run("unload", "vm1", "-y")
    assert done.code == 0
    assert not (lab.home / "datastore/vms/vm1_21-v1.qcow2").exists()
    assert (lab.home / "datastore/vms/vm10_21-v10.qcow2").exists()


def test_load_over_a_loaded_computer_does_not_ask_without_a_terminal(loaded: Lab) -> None:
    done = loaded("load", "vm2", V10)
    assert done.code == 0
    assert f"Delete domain vm2:{V1}" in done.out
    names = {row["name"] for row in loaded("domains", "--host", "kvm2", "--json").rows}
    assert names == {"test", f"vm2:{V10}", f"vm20:{V10}"}


def test_maintenance_unloads_and_unassigns(loaded: Lab) -> None:
    assert loaded("maintenance", "vm2", "--yes").code == 0
    rows = {row["name"]: row for row in loaded("computers", "--json").rows}
    assert rows["vm2"]["host"] is rows["vm2"]["image"] is None
    assert rows["vm20"]["host"] == "kvm2"
    names = {row["name"] for row in loaded("domains", "--host", "kvm2", "--json").rows}
    assert names == {"test", f"vm20:{V10}"}


def test_capture_prints_the_image_and_it_can_be_loaded(loaded: Lab) -> None:
    masters = loaded.mark_images()
    done = loaded("capture", "vm2", "--name", "My [new] one")
    assert done.code == 0
    name = done.out.splitlines()[-1].removeprefix("Image: ")
    assert re.fullmatch(r"linux-Mynewone-\d+-v1", name)
    assert (loaded.home / f"datastore2/{name}.qcow2").exists()
    assert masters.items() <= loaded.mark_images().items()
    assert loaded("load", "vm20", name).code == 0
    assert loaded("status", "vm20").out.startswith(f"READY: vm20 is loaded with {name}")


def test_a_capture_with_a_bad_name(loaded: Lab) -> None:
    for name in ("", " ", "x" * 300, "\x1b[31m", "---"):
        done = loaded("capture", "vm2", f"--name={name}")
        assert done.code == 2
        assert done.err.count("\n") == 1
    assert loaded("power", "status", "vm2").out == "on\n"


def test_a_capture_of_what_is_off(loaded: Lab) -> None:
    assert loaded("power", "off", "vm2").code == 0
    done = loaded("capture", "vm2", "--name", "New")
    assert done.code == 1
    assert "vcltui power on vm2" in done.err


def test_power(loaded: Lab) -> None:
    expected = [
        ("off", "off"),
        ("off", "off"),
        ("on", "on"),
        ("on", "on"),
        ("reset", "on"),
        ("shutdown", "off"),
    ]
    for action, state in expected:
        assert loaded("power", action, "vm2").code == 0, action
        assert loaded("power", "status", "vm2").out == f"{state}\n"
        assert loaded("power", "status", "vm20").out == "on\n"
    (row,) = loaded("power", "status", "vm2", "--json").rows
    assert (row["host"], row["name"], row["power"]) == ("kvm2", f"vm2:{V1}", "off")


def test_power_of_a_domain_by_its_name(lab: Lab, odd_name: str) -> None:
    assert lab("power", "status", odd_name).out == "off\n"
    done = lab.run("power", "on", odd_name, "--host", "kvm1")
    assert done.code == 0
    assert "odd[red]\\u2028name" in done.out
    assert lab("-c", "test:///default", "power", "off", "test").code == 0
    assert lab("power", "status", "test").out == "off\n"


@pytest.mark.parametrize("action", ["on", "off", "reset", "status", "shutdown"])
def test_power_of_what_is_not_there(lab: Lab, action: str) -> None:
    for name in ("vm", "vm1:", f"vm1:{V1[:-1]}", "x" * 300, "", "tes", "test1"):
        done = lab("power", action, "--", name)
        assert done.code == 1
        assert "no computer and no domain" in done.err
        assert done.err.count("\n") == 1


def test_a_domain_on_another_host(lab: Lab) -> None:
    done = lab("power", "status", "test", "--host", "kvm1")
    assert done.code == 1


def test_snapshots(loaded: Lab) -> None:
    assert loaded("snapshot", "list", "vm2").err == f"vm2:{V1} has no snapshots.\n"
    for name in ("first", "second", "second1"):
        made = loaded("snapshot", "create", "vm2", name, "--description", f"the {name}")
        assert made.code == 0, made.err
    rows = loaded("snapshot", "list", "vm2", "--json").rows
    assert [row["name"] for row in rows] == ["first", "second", "second1"]
    assert [row["parent"] for row in rows] == [None, "first", "second"]
    assert [row["current"] for row in rows] == [False, False, True]
    assert rows[0]["description"] == "the first"
    assert datetime.fromisoformat(rows[0]["creation_time"]).tzinfo is not None
    assert loaded("snapshot", "revert", "vm2", "first", "--yes").code == 0
    assert loaded("snapshot", "delete", "vm2", "second", "--children", "--yes").code == 0
    assert [row["name"] for row in loaded("snapshot", "list", "vm2", "--json").rows] == ["first"]
    assert "first" in loaded("snapshot", "list", f"vm2:{V1}").out


def test_a_snapshot_without_a_name_is_named_by_the_time(loaded: Lab) -> None:
    assert loaded("snapshot", "create", "vm2").code == 0
    (row,) = loaded("snapshot", "list", "vm2", "--json").rows
    assert re.fullmatch(r"\d{8}T\d{6}Z", row["name"])


@pytest.mark.parametrize("action", ["revert", "delete"])
def test_snapshots_are_not_lost_without_being_asked(loaded: Lab, action: str) -> None:
    assert loaded("snapshot", "create", "vm2", "first").code == 0
    done = loaded("snapshot", action, "vm2", "first")
    assert done.code == 2
    assert "Give --yes" in done.err
    assert len(loaded("snapshot", "list", "vm2", "--json").rows) == 1


@pytest.mark.parametrize("action", ["revert", "delete"])
def test_an_unknown_snapshot(loaded: Lab, action: str) -> None:
    assert loaded("snapshot", "create", "vm2", "first").code == 0
    for name in ("fir", "first1", "", "x" * 300, "../first"):
        done = loaded("snapshot", action, "vm2", "--yes", "--", name)
        assert done.code == 1
        assert done.err.count("\n") == 1
    assert len(loaded("snapshot", "list", "vm2", "--json").rows) == 1


def test_a_bad_snapshot_name(loaded: Lab) -> None:
    for name in ("", "a/b", "x" * 300, "\x1b[31m"):
        done = loaded("snapshot", "create", "vm2", name)
        assert done.code == 2
        assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("load", "vm1", V10),
        ("unload", "vm1", "--yes"),
        ("maintenance", "vm1", "--yes"),
        ("capture", "vm1", "--name", "New"),
        ("power", "off", "vm1"),
        ("snapshot", "create", "vm1", "first"),
        ("image", "retrieve", STORED, "--host", "kvm1"),
        ("image", "delete", V1, "--host", "kvm2", "--yes"),
    ],
)
def test_nothing_changes_in_read_only_mode(lab: Lab, arguments: tuple[str, ...]) -> None:
    before = sorted(lab.home.rglob("*"))
    done = lab.run("--readonly", *arguments)
    assert done.code == 1
    assert "read-only" in done.err
    assert sorted(lab.home.rglob("*")) == before
