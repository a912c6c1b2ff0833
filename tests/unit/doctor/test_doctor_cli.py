"""`vcltui doctor` and what `vcltui reservations` tells of stuck ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.unit.doctor.scene import Scene
from vcltui.cli.main import cli
from vcltui.vcldb import tables as t

_CONFIG = """sandbox = true
management_node = "mn1"
state_directory = "{home}/state"
[inventory]
path = "{home}/inventory.sqlite"
[management_nodes.mn1]
log = "{home}/vcld.log"
"""


def run(scene: Scene, *arguments: str, expect: int = 0) -> Result:
    config = scene.home / "config.toml"
    config.write_text(_CONFIG.format(home=scene.home))
    scene.workspace.close()
    result = CliRunner().invoke(cli, ["--config", str(config), *arguments])
    assert result.exit_code == expect, result.output
    return result


def rows(result: Result) -> list[dict[str, Any]]:
    found = json.loads(result.stdout)
    assert isinstance(found, list)
    return found


@pytest.fixture
def stuck(scene: Scene) -> int:
    """A reservation that is pending/inuse, and nobody works on it."""
    return scene.request("pending", "inuse")


def test_nothing_is_wrong(scene: Scene):
    scene.request("reserved", "reserved")
    for host in ("kvm-a", "kvm-b"):
        scene.computer(host, deleted=1, datedeleted=scene.ago(60 if host == "kvm-a" else 90))
    assert "Nothing is wrong, as far as could be asked." in run(scene, "doctor").stdout


def test_findings_stand_under_their_reservation_with_evidence_and_remedies(
    scene: Scene, stuck: int
):
    told = run(scene, "doctor", str(stuck)).stdout
    assert f"Reservation {stuck} (request 1, vm1" in told
    assert "CRITICAL: It is pending/inuse for 5 min, and no process works on it" in told
    assert "request[1].stateid/laststateid = pending/inuse" in told
    assert "--fix A  Requeue" in told
    assert "Unknown: vcld.log on mn1" in told
    assert f"What serves reservation {stuck}:" in told
    assert "  domain: none" in told


def test_locks_loads_and_the_warnings_of_the_log_are_told_too(scene: Scene, stuck: int):
    scene.step(stuck, "startload", 600)
    scene.step(stuck, "transfervm", 510, "copying")
    scene.lock("master:x", stuck, scene.gone_pid())
    scene.say(stuck, "failed to copy", "WARNING")
    told = run(scene, "doctor", str(stuck)).stdout
    assert "starting load process: 90 s (as a rule 6 s), 15.0 times that" in told
    assert f"Lock master:x of reservation {stuck}: process " in told
    assert " is gone; expires " in told
    assert "WARNING: failed to copy" in told
    # Of loads about which nothing was found there may be thousands.
    fine = scene.request("complete", "inuse", "vm2")
    scene.step(fine, "startload", 600)
    told = run(scene, "doctor").stdout
    assert f"Load of reservation {stuck}:" in told
    assert f"Load of reservation {fine}:" not in told


def test_json_has_all_of_it(scene: Scene, stuck: int):
    found = [row for row in rows(run(scene, "doctor", "--json")) if row["reservation"] == stuck]
    assert found[0]["rule"] == "pending-without-process"
    assert found[0]["severity"] == "critical"
    assert found[0]["remedies"][0]["remedy"] == "A"
    assert set(found[0]["evidence"][0]) == {"source", "value", "time"}


def test_json_tells_beside_it_what_could_not_be_asked(scene: Scene):
    scene.request("pending", "inuse")
    scene.elsewhere()
    result = run(scene, "doctor", "--json")
    assert "pending-without-process" not in {row["rule"] for row in rows(result)}
    assert "Unknown: The processes on management node mn-far.example.org: " in result.stderr


@pytest.mark.parametrize(("severity", "code"), [("info", 3), ("warning", 3), ("critical", 3)])
def test_fail_on_tells_by_the_exit_code(scene: Scene, stuck: int, severity: str, code: int):
    run(scene, "doctor", str(stuck), "--fail-on", severity, expect=code)


def test_fail_on_critical_is_not_failed_by_less(scene: Scene):
    reservation = scene.request("pending", "deleted", end=60)
    run(scene, "doctor", str(reservation), "--fail-on", "critical")
    run(scene, "doctor", str(reservation), "--fail-on", "warning", expect=3)


def test_an_unknown_reservation(scene: Scene):
    assert "There is no reservation 999" in run(scene, "doctor", "999", expect=1).stderr


def test_dry_run_shows_the_sql_and_does_nothing(scene: Scene, stuck: int):
    told = run(scene, "doctor", str(stuck), "--fix", "A", "--dry-run").stdout
    assert "UPDATE request SET stateid=request.laststateid" in told
    assert scene.states_of(stuck) == ("pending", "inuse")


def test_fix_needs_yes_without_a_terminal_and_then_does_it(scene: Scene, stuck: int):
    assert "--yes" in run(scene, "doctor", str(stuck), "--fix", "A", expect=2).stderr
    assert scene.states_of(stuck) == ("pending", "inuse")
    told = run(scene, "doctor", str(stuck), "--fix", "A", "--yes").stdout
    assert "Put request 1 back to inuse/inuse ... done" in told
    assert scene.states_of(stuck) == ("inuse", "inuse")
    jobs = rows(run(scene, "jobs", "--json"))
    assert (jobs[0]["kind"], jobs[0]["outcome"]) == ("remedy-A", "done")


def test_fix_refuses_what_is_not_offered_and_what_is_ambiguous(scene: Scene, stuck: int):
    assert (
        "No finding is offered" in run(scene, "doctor", str(stuck), "--fix", "K", expect=1).stderr
    )
    scene.request("pending", "inuse", "vm2")
    told = run(scene, "doctor", "--fix", "A", "--yes", expect=1).stderr
    assert "is offered for 2 findings: reservation 1 (" in told
    assert " more" not in told
    assert scene.states_of(stuck) == ("pending", "inuse")


def test_of_many_findings_it_is_told_how_many_are_not_named(scene: Scene, stuck: int):
    for _ in range(6):
        scene.request("pending", "inuse", "vm2")
    told = run(scene, "doctor", "--fix", "a", "--yes", expect=1).stderr
    assert "The remedy A is offered for 7 findings: " in told
    assert told.count("reservation ") == 5
    assert " and 2 more. Name the reservation" in told


def test_a_letter_of_no_remedy_is_told_the_letters(scene: Scene):
    told = run(scene, "doctor", "--fix", "q", expect=2).stderr
    assert "'q' is no remedy. There are A, B, C, E," in told


def test_read_only_does_nothing(scene: Scene, stuck: int):
    told = run(scene, "--readonly", "doctor", str(stuck), "--fix", "A", "--yes", expect=1)
    assert "read-only" in told.stderr
    assert scene.states_of(stuck) == ("pending", "inuse")


def test_reservations_tell_which_are_stuck(scene: Scene, stuck: int):
    scene.request("reserved", "reserved", "vm2")
    found = rows(run(scene, "reservations", "--json"))
    assert [row["stuck"] for row in found] == [True, False]
    assert found[0]["findings"][0]["rule"] == "pending-without-process"
    assert found[1]["findings"] == []


def test_of_one_reservation_only_what_concerns_it_is_told_and_counted(scene: Scene, stuck: int):
    fine = scene.request("new", "new", "vm10", start=-7200, end=-9000)
    scene.master(age=90000)
    # Its management node has a block request that nobody processes, its host a stray disk.
    block = scene.insert(
        t.block_request, name="term", imageid=scene.image.image_id, numMachines=2, ownerid=1,
        managementnodeid=1, expireTime=scene.ago(-99999), processing=1,
    )  # fmt: skip
    scene.insert(t.block_times, blockRequestid=block, start=scene.ago(9000), end=scene.ago(-9000))
    other = scene.add_image("linux-Other-8-v1")
    scene.disk("datastore/linux-Nobodys-9-v1.qcow2", age=90000)
    scene.lock(f"master:{other.name}", stuck, scene.gone_pid())
    everything = {row["rule"] for row in rows(run(scene, "doctor", "--json"))}
    assert {"pending-without-process", "block-request-stuck", "orphan-semaphore"} <= everything
    result = run(scene, "doctor", str(fine), "--json", "--fail-on", "info")
    assert rows(result) == []
    # A lock of another's on its image is held against it.
    scene.lock(f"master:{scene.image.name}", stuck, scene.gone_pid())
    (found,) = rows(run(scene, "doctor", str(fine), "--json", "--fail-on", "warning", expect=3))
    assert (found["rule"], found["reservation"]) == ("orphan-semaphore", stuck)
    told = run(scene, "doctor", str(fine)).stdout
    assert f"Lock master:{scene.image.name} of reservation {stuck}: " in told
    assert other.name not in told
