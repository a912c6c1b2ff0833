"""Loads, locks, clusters, captures and block requests: rules 6 to 9, 13, 26, 29."""

from __future__ import annotations

import pytest

from tests.unit.doctor.scene import Scene
from vcltui.doctor.findings import Severity
from vcltui.vcldb import tables as t

ON_MARIADB = True

_NOT_EXPIRED = "existing vcldsemaphore table entry has NOT expired"


def test_6_a_slow_load_with_its_process_alive(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "startload", 800)
    found = scene.the(6)
    assert (found.severity, found.remedies) == (Severity.WARNING, ())
    assert "startload" in found.summary


def test_6_a_step_has_three_times_what_is_expected_of_it_or_the_next(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "startload", 700)  # three times 255 s, which transfervm takes
    assert scene.quiet(6)
    scene.step(reservation, "vmsetupconfig", 130)  # at least 120 s
    assert scene.the(6)


def test_6_waits_while_the_file_grows(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "transfervm", 900)
    disk = scene.disk(f"vms/vm1_{scene.image.image_id}-v1.qcow2", age=10)
    assert scene.the(6).severity is Severity.INFO
    scene.aged(disk, 600)
    assert scene.the(6).severity is Severity.WARNING


def test_6_past_the_hard_limit_the_process_may_be_ended(scene: Scene):
    reservation = scene.request("pending", "new", start=9000)
    pid = scene.vcld(reservation)
    scene.step(reservation, "transfervm", 7300)
    found = scene.the(6)
    assert (found.severity, found.remedies, found.target.pid) == (Severity.CRITICAL, ("K",), pid)


def test_6_the_file_of_a_later_revision_does_not_count(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "transfervm", 900)
    scene.disk(f"datastore/{scene.image.name}0.qcow2", age=10)
    found = scene.the(6)
    assert found.severity is Severity.WARNING
    assert "df " in str(found.evidence[-1])
    scene.disk(f"datastore/.{scene.image.name}.qcow2.vcltui-0123.part", age=10)
    assert scene.the(6).severity is Severity.INFO


def test_6_what_still_copies_or_can_not_be_seen_is_not_ended(scene: Scene):
    reservation = scene.request("pending", "new", start=9000)
    scene.vcld(reservation)
    scene.step(reservation, "transfervm", 7300)
    disk = scene.disk(f"vms/vm1_{scene.image.image_id}-v1.qcow2", age=10)
    assert (scene.the(6).severity, scene.the(6).remedies) == (Severity.INFO, ())
    scene.aged(disk, 600)
    assert scene.the(6).remedies == ("K",)
    scene.computer("vm1", vmhostid=None)
    found = scene.the(6)
    assert (found.severity, found.remedies) == (Severity.CRITICAL, ())
    assert "can't be seen" in found.because


def test_6_but_not_one_that_owns_a_lock(scene: Scene):
    reservation = scene.request("pending", "new", start=9000)
    scene.lock("master:x", reservation, scene.vcld(reservation))
    scene.step(reservation, "transfervm", 7300)
    assert scene.the(6).remedies == ()


def test_6_not_without_a_process(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.step(reservation, "startload", 800)
    assert scene.quiet(6)


def test_7_a_load_that_waits_for_anothers_lock(scene: Scene):
    waiting, owner = scene.request("pending", "new"), scene.request("pending", "new", "vm2")
    scene.vcld(waiting)
    scene.step(waiting, "startload", 800)
    scene.lock(f"master:{scene.image.name}", owner, scene.vcld(owner, computer="vm2"))
    scene.say(waiting, _NOT_EXPIRED)
    found = scene.the(7)
    assert (found.reservation, found.severity) == (waiting, Severity.INFO)
    assert f"reservation {owner}" in found.because
    assert "taken or moved on 60 min ago" in str(found.evidence[0])
    assert scene.quiet(6)
    life = scene.diagnosis().semaphores[0]
    assert (life.alive, life.expired, life.waiting) == (True, False, (waiting,))


def test_7_nobody_waits_whose_process_is_not_seen(scene: Scene):
    owner = scene.request("pending", "new", "vm2")
    scene.request("new", "new")
    scene.lock(f"master:{scene.image.name}", owner, scene.vcld(owner, computer="vm2"))
    assert scene.quiet(7)
    assert scene.diagnosis().semaphores[0].waiting == ()


def test_7_not_for_the_lock_of_a_later_revision(scene: Scene):
    waiting, owner = scene.request("pending", "new"), scene.request("pending", "new", "vm2")
    scene.vcld(waiting)
    scene.lock(f"master:{scene.image.name}0", owner, scene.vcld(owner, computer="vm2"))
    scene.say(waiting, _NOT_EXPIRED)
    assert scene.quiet(7)


def test_7_not_where_the_log_says_nothing_of_it(scene: Scene):
    waiting, owner = scene.request("pending", "new"), scene.request("pending", "new", "vm2")
    scene.vcld(waiting)
    scene.lock(f"master:{scene.image.name}", owner, scene.vcld(owner, computer="vm2"))
    scene.say(waiting, "copying the image")
    assert scene.quiet(7)


def test_8_a_lock_whose_process_is_gone(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.gone_pid())
    found = scene.the(8)
    assert (found.severity, found.remedies) == (Severity.WARNING, ("J",))
    assert found.target.semaphore is not None
    assert found.target.semaphore.identifier == "master:x"


def test_8_an_expired_lock_blocks_nobody(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.gone_pid(), expires=10)
    assert scene.the(8).severity is Severity.INFO


def test_8_an_expired_lock_of_a_process_that_runs_is_told_and_kept(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.vcld(reservation), expires=10)
    found = scene.the(8)
    assert (found.severity, found.remedies) == (Severity.INFO, ())


def test_8_an_expired_lock_whose_owner_is_unknown_may_be_deleted(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.gone_pid(), expires=10)
    scene.elsewhere()
    assert scene.the(8).remedies == ("J",)


def test_8_not_a_lock_whose_process_runs(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.vcld(reservation))
    assert scene.quiet(8)


def test_8_not_where_the_management_node_can_not_be_asked(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.gone_pid())
    scene.elsewhere()
    assert scene.quiet(8)


def test_8_a_lock_that_was_just_taken_may_be_a_vcltuis_on_another_machine(scene: Scene):
    reservation = scene.request("pending", "new")
    gone = scene.gone_pid()
    scene.lock("master:x", reservation, gone, expires=-7100)
    assert scene.quiet(8)
    assert scene.quiet(2)
    # vcld.log says that it was a process of vcld's own, which is gone.
    scene.log.write_text(
        f"{scene.ago(30):%Y-%m-%d %H:%M:%S}|{gone}|{reservation}|{reservation}|new|a.pm:b|1|c\n"
    )
    assert scene.the(8)
    assert scene.the(2)


def test_9_the_computer_that_holds_up_its_cluster(scene: Scene):
    parent = scene.request("pending", "new", "vm1", "vm2")
    scene.vcld(parent)
    scene.vcld(parent + 1, computer="vm2")
    scene.step(parent, "nodeready", 500)
    scene.step(parent + 1, "startload", 2000)
    found = scene.the(9)
    assert (found.reservation, found.computer, found.remedies) == (parent + 1, "vm2", ())
    assert "1 of 2" in found.summary


def test_9_d8_the_parents_rows_do_not_make_a_child_ready(scene: Scene):
    parent = scene.request("pending", "new", "vm1", "vm2")
    scene.vcld(parent)
    scene.vcld(parent + 1, computer="vm2")
    for step in ("begin", "startload", "nodeready", "reserved"):
        scene.step(parent, step, 1900)
    scene.set(t.reservation, parent + 1, lastcheck=scene.ago(1900))
    assert scene.the(9).reservation == parent + 1


def test_9_not_while_the_child_moves_or_when_all_are_ready(scene: Scene):
    parent = scene.request("pending", "new", "vm1", "vm2")
    scene.vcld(parent)
    scene.vcld(parent + 1, computer="vm2")
    scene.step(parent, "nodeready", 500)
    scene.step(parent + 1, "startload", 100)
    assert scene.quiet(9)
    scene.step(parent + 1, "nodeready", 90)
    assert scene.quiet(9)


def test_13_a_failed_capture(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    partial = scene.master(image)
    reservation = scene.request("maintenance", "image", image=image)
    scene.computer("vm1", state="maintenance")
    scene.say(reservation, "failed to capture image", "WARNING", "image")
    found = scene.the(13)
    assert (found.remedies, found.target.paths) == (("L", "H"), (str(partial),))
    assert "failed to capture image" in str(found.evidence[-1])
    assert scene.quiet(12)
    partial.unlink()
    assert scene.the(13).remedies == ("H",)


def test_13_not_when_the_image_was_finished(scene: Scene):
    scene.request("maintenance", "image")
    scene.computer("vm1", state="maintenance")
    assert scene.quiet(13)


def test_13_a_cluster_can_not_be_restarted(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.request("maintenance", "image", "vm1", "vm2", image=image)
    scene.computer("vm1", state="maintenance")
    assert scene.the(13).remedies == ()


def test_26_a_computer_that_another_request_holds(scene: Scene):
    blocker = scene.request("maintenance", "image", start=9000, end=600)
    blocked = scene.request("new", "new", start=60)
    found = scene.the(26)
    assert found.reservation == blocked
    assert f"request {scene.request_of(blocker).id}" in found.summary


@pytest.mark.parametrize("state", ["failed", "complete", "deleted", "reload"])
def test_26_not_by_one_that_is_over(scene: Scene, state: str):
    scene.request(state, "inuse", start=9000)
    reservation = scene.request("new", "new", start=60)
    assert reservation not in [one.reservation for one in scene.find(26)]


def test_26_not_by_one_past_its_end_which_vcld_completes_itself(scene: Scene):
    scene.request("inuse", "reserved", start=9000, end=600)
    reservation = scene.request("new", "new", start=60)
    assert scene.quiet(26)
    scene.request("inuse", "reserved", start=9000)
    assert reservation in [one.reservation for one in scene.find(26)]


@pytest.mark.parametrize("states", [("pending", "image"), ("image", "image")])
def test_26_a_capture_holds_its_computer_whatever_its_end(scene: Scene, states: tuple[str, str]):
    scene.request(*states, start=9000, end=600)
    reservation = scene.request("new", "new", start=60)
    assert scene.the(26).reservation == reservation


def test_26_not_by_one_that_begins_later_or_is_on_another_computer(scene: Scene):
    scene.request("new", "new", start=60)
    scene.request("new", "new", start=-7200, end=-9000)
    scene.request("inuse", "reserved", "vm10")
    assert scene.quiet(26)


def _block(scene: Scene, processing: int, begun: float) -> int:
    block = scene.insert(
        t.block_request,
        name="class",
        imageid=scene.image.image_id,
        numMachines=2,
        ownerid=1,
        managementnodeid=1,
        expireTime=scene.ago(-99999),
        processing=processing,
    )
    scene.insert(
        t.block_times, blockRequestid=block, start=scene.ago(begun), end=scene.ago(begun - 9000)
    )
    return block


def test_29_a_block_request_that_nobody_processes(scene: Scene):
    block = _block(scene, 1, 4000)
    found = scene.the(29)
    assert (found.remedies, found.target.block_id) == (("B",), block)


def test_29_not_within_the_hour_and_not_when_unmarked(scene: Scene):
    _block(scene, 1, 3000)
    _block(scene, 0, 9000)
    assert scene.quiet(29)


def test_29_not_while_a_process_works_on_it(scene: Scene):
    block = _block(scene, 1, 4000)
    scene.named(f"vclblock |{block}| start")
    assert scene.quiet(29)


def test_the_timeline_has_each_step_with_what_it_took(scene: Scene):
    reservation = scene.request("pending", "new")
    for name, ago in (("begin", 500), ("statuscheck", 490), ("startload", 400), ("transfervm", 90)):
        scene.step(reservation, name, ago)
    found = scene.diagnosis().timeline(reservation)
    assert [step.state for step in found.steps] == ["statuscheck", "startload", "transfervm"]
    took = [round(step.elapsed_seconds or 0, -1) for step in found.steps]
    assert took == [90, 310, 90]
    assert (found.steps[0].expected_seconds, found.steps[-1].running) == (10, True)
    assert found.steps[0].factor == pytest.approx(9, abs=0.2)
