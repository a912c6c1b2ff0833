"""Requests that nobody works on: rules 1 to 5, 25 and what is unknown."""

from __future__ import annotations

import pytest

from tests.unit.doctor.scene import Scene
from vcltui.doctor.findings import Severity
from vcltui.doctor.settings import DoctorSettings
from vcltui.models.basecapture import OWN_CAPTURE
from vcltui.vcldb import tables as t

ON_MARIADB = True


def test_nothing_is_found_where_nothing_is_wrong(scene: Scene):
    scene.load()
    scene.request("inuse", "reserved")
    found = scene.diagnosis()
    assert found.findings == ()
    assert found.unknown == ("vcld.log on mn1: There is no log " + str(scene.log) + " on mn1",)


def test_1_a_management_node_that_is_down_comes_first_and_silences_its_requests(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.gone_pid())
    scene.checkin(181)
    found = scene.diagnosis().findings
    assert [one.number for one in found if one.number < 10] == [1]
    assert found[0].severity is Severity.CRITICAL
    assert found[0].remedies == ()
    assert "managementnode[mn1].lastcheckin" in str(found[0].evidence[0])


@pytest.mark.parametrize("seconds", [0, 179])
def test_1_one_that_checks_in_is_not_down(scene: Scene, seconds: float):
    scene.request("pending", "new")
    scene.checkin(seconds)
    assert scene.quiet(1)


def test_1_needs_requests_past_their_start(scene: Scene):
    scene.checkin(1000)
    assert scene.quiet(1)
    scene.request("new", "new", start=-600)
    assert scene.quiet(1)
    scene.request("new", "new", "vm2")
    assert scene.the(1)


@pytest.mark.parametrize("state", ["deleted", "timeout", "pending"])
def test_1_what_is_to_be_cleared_away_waits_as_well(scene: Scene, state: str):
    scene.request(state, "deleted", end=60)
    scene.checkin(1000)
    found = scene.the(1)
    assert "; 1 request waits for it" in found.summary
    (request,) = scene.get(t.request)
    assert str(found.evidence[2]) == f"ids of requests past their start = {request.id}"


def test_1_the_numbers_of_many_agree(scene: Scene):
    for _ in range(12):
        scene.request("new", "new")
    scene.checkin(1000)
    found = scene.the(1)
    assert "; 12 requests wait for it" in found.summary
    assert found.evidence[2].value.count(",") == 9
    assert found.evidence[2].value.endswith(" and 2 more")


@pytest.mark.parametrize("state", ["complete", "failed", "maintenance"])
def test_1_not_by_what_vcld_has_done_with(scene: Scene, state: str):
    scene.request(state, "new")
    scene.checkin(1000)
    assert scene.quiet(1)


def test_1_not_for_a_management_node_in_maintenance(scene: Scene):
    scene.request("new", "new")
    scene.checkin(1000)
    scene.set(t.managementnode, 1, stateid=scene.states["maintenance"])
    assert scene.quiet(1)


@pytest.mark.parametrize("laststate", ["new", "reserved", "inuse"])
def test_2_pending_and_nobody_works_on_it(scene: Scene, laststate: str):
    scene.load()
    reservation = scene.request("pending", laststate)
    found = scene.the(2)
    assert (found.rule, found.severity) == ("pending-without-process", Severity.CRITICAL)
    assert (found.reservation, found.computer, found.host) == (reservation, "vm1", "kvm-a")
    assert found.remedies == ("A",)
    assert f"pending/{laststate}" in str(found.evidence[0])
    assert reservation in scene.diagnosis().stuck


def test_2_not_while_a_process_works_on_it(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    assert scene.quiet(2)


def test_2_the_process_of_another_reservation_does_not_count(scene: Scene):
    first = scene.request("pending", "new")
    other = scene.request("pending", "new", "vm2")
    scene.vcld(other, computer="vm2")
    assert [one.reservation for one in scene.find(2)] == [first]


def test_2_not_right_after_it_began(scene: Scene):
    reservation = scene.request("pending", "new", seen=59)
    assert scene.quiet(2)
    scene.set(t.reservation, reservation, lastcheck=scene.ago(400))
    scene.step(reservation, "begin", 30)
    assert scene.quiet(2)


def test_2_not_while_a_live_process_holds_a_lock_for_it(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.lock("master:x", reservation, scene.vcld(scene.request("pending", "new", "vm2")))
    assert scene.quiet(2)


def test_2_past_its_end_it_is_to_be_deleted(scene: Scene):
    scene.request("pending", "inuse", end=60)
    assert scene.the(2).remedies == ("C",)


def test_2_of_a_cluster_all_must_be_without_a_process(scene: Scene):
    reservation = scene.request("pending", "new", "vm1", "vm2")
    assert scene.the(2).reservation == reservation
    scene.vcld(reservation + 1, computer="vm2")
    assert scene.quiet(2)


def test_2_a_management_node_that_can_not_be_asked_is_never_taken_for_dead(scene: Scene):
    scene.load()
    scene.request("pending", "new", seen=7200)
    scene.elsewhere()
    found = scene.the(2)
    assert (found.rule, found.severity, found.remedies) == ("process-unknown", Severity.INFO, ())
    assert "how management node mn-far.example.org is reached" in found.because
    assert not scene.diagnosis().stuck


def test_2_a_computer_on_no_host_is_no_obstacle(scene: Scene):
    scene.computer("vm1", vmhostid=None)
    scene.request("pending", "new")
    assert scene.the(2).host is None


def test_3_a_reload_that_nobody_works_on(scene: Scene):
    reservation = scene.request("pending", "reload")
    assert scene.the(3).remedies == ("E", "A", "F", "G")
    scene.vcld(reservation, "reload")
    assert scene.quiet(3)


def test_4_a_capture_with_a_partial_file_wants_it_put_aside_first(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    partial = scene.master(image)
    reservation = scene.request("pending", "image", image=image)
    found = scene.the(4)
    assert found.remedies == ("L", "A")
    assert found.target.paths == (str(partial),)
    assert "Never delete the domain or its disk" in found.because
    scene.vcld(reservation, "image")
    assert scene.quiet(4)


def test_4_the_file_of_a_later_revision_is_not_its_own(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.disk("datastore/linux-New-9-v10.qcow2")
    scene.request("pending", "checkpoint", image=image)
    assert scene.the(4).remedies == ("A",)


def test_4_nothing_may_be_done_while_the_host_can_not_be_asked(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.request("pending", "image", "vm2", image=image)
    scene.set(t.computer, scene.computer_id("vm2"), vmhostid=None)
    found = scene.the(4)
    assert found.remedies == ()


@pytest.mark.parametrize(
    ("laststate", "remedies"),
    [("deleted", ("A", "E")), ("timeout", ("A", "E")), ("makeproduction", ("A",))],
)
def test_5_an_ending_that_nobody_works_on(scene: Scene, laststate: str, remedies: tuple[str, ...]):
    scene.request("pending", laststate, end=60)
    assert scene.the(5).remedies == remedies


def test_5_quotes_the_log_where_it_was_tried_before(scene: Scene):
    reservation = scene.request("pending", "deleted", end=60)
    scene.say(reservation, "failed to sanitize computer", "WARNING", "deleted")
    found = scene.the(5)
    assert found.remedies == ("E", "A")
    assert "failed to sanitize computer" in str(found.evidence[-1])


def test_5_not_before_its_end(scene: Scene):
    scene.request("pending", "deleted", end=-60)
    assert scene.quiet(5)
    # Its user ended it early, and nobody works on that: it is put back as any other.
    assert scene.the(2).remedies == ("A",)


def test_25_past_its_end_and_still_new(scene: Scene):
    scene.request("new", "new", end=60)
    assert scene.the(25).remedies == ("C",)
    assert scene.quiet(2)


def test_25_also_while_pending_without_a_process(scene: Scene):
    reservation = scene.request("pending", "new", end=60)
    assert scene.the(25).reservation == reservation
    scene.vcld(reservation)
    assert scene.quiet(25)


def test_25_not_before_its_end(scene: Scene):
    scene.request("new", "new", end=-60)
    assert scene.quiet(25)


def test_4_a_capture_that_vcltui_does_itself_is_not_taken_for_abandoned(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    reservation = scene.request("pending", "image", image=image, seen=None)
    scene.step(reservation, "info", 700, f"{OWN_CAPTURE} (operation 0123)")
    assert scene.quiet(4)
    assert scene.quiet(2)
    scene.step(reservation, "info", 1900, f"{OWN_CAPTURE} (operation 0123)")
    found = scene.diagnosis(DoctorSettings(unknown_after_seconds=600)).findings
    (told,) = [one for one in found if one.reservation == reservation]
    assert (told.rule, told.severity, told.remedies) == ("process-unknown", Severity.INFO, ())
    assert "vcltui jobs --clean" in told.because
    # vcld has begun with it since, and its process is gone.
    scene.step(reservation, "begin", 300)
    assert scene.the(4)
