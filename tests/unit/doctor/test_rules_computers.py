"""Computers and their domains: rules 10 to 12, 14, 15, 21, 22, 28 and 30."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.doctor.scene import Scene
from vcltui.doctor.examine import examine
from vcltui.doctor.findings import Severity
from vcltui.runtime.diagnosis import diagnose, gather_facts
from vcltui.vcldb import tables as t
from vcltui.vcldb.images import get_revision

ON_MARIADB = True


def test_10_a_computer_that_nobody_reloads(scene: Scene):
    scene.computer("vm1", state="reloading")
    found = scene.the(10)
    assert (found.computer, found.remedies) == ("vm1", ("G",))


@pytest.mark.parametrize(
    ("state", "laststate"), [("reload", "reload"), ("new", "new"), ("pending", "inuse")]
)
def test_10_not_while_a_request_may_reload_it(scene: Scene, state: str, laststate: str):
    scene.request(state, laststate)
    scene.computer("vm1", state="reloading")
    assert scene.quiet(10)


def test_10_not_while_a_process_names_it_or_nobody_can_be_asked(scene: Scene):
    other = scene.request("pending", "new", "vm2")
    scene.vcld(other)  # its command line names vm1
    scene.computer("vm1", state="reloading")
    assert scene.quiet(10)


def test_10_not_where_nobody_can_tell_who_works_on_it(scene: Scene):
    scene.request("deleted", "inuse")
    scene.computer("vm1", state="reloading")
    assert scene.the(10)
    scene.elsewhere()
    assert scene.quiet(10)


def test_11_a_failed_computer_with_what_is_known_of_it(scene: Scene):
    scene.computer("vm1", state="failed")
    scene.ending("vm1", "failed")
    found = scene.the(11)
    assert found.remedies == ("G",)
    assert any("log[" in one.source and one.value == "failed" for one in found.evidence)
    scene.computer("vm1", state="available")
    assert scene.quiet(11)


def test_12_a_computer_in_maintenance_with_who_and_why(scene: Scene):
    scene.computer("vm1", state="maintenance", notes="jdoe 2026-01-02 03:04:05@bad disk")
    found = scene.the(12)
    assert found.summary == "vm1 is in maintenance: jdoe since 2026-01-02 03:04:05, bad disk"
    assert (found.severity, found.remedies) == (Severity.INFO, ("F",))
    scene.computer("vm1", state="available")
    assert scene.quiet(12)


def test_12_a_failed_capture_is_rule_13s_and_one_that_succeeded_is_not(scene: Scene):
    scene.computer("vm1", state="maintenance", notes="jdoe 2026-01-02 03:04:05@bad disk")
    scene.request("maintenance", "image")
    assert scene.the(12).computer == "vm1"
    assert scene.quiet(13)
    scene.hide_image(scene.image)
    assert scene.quiet(12)
    assert scene.the(13)


def test_14_nothing_where_domain_and_database_agree(scene: Scene):
    scene.load()
    scene.load("vm10")
    assert scene.quiet(14)
    assert scene.quiet(22)


def test_14_a_domain_of_a_computer_that_has_no_image(scene: Scene):
    scene.domain("vm1_Base_7-v1")
    found = scene.the(14)
    assert (found.remedies, found.target.domain) == (("I",), "vm1_Base_7-v1")
    assert "no image" in found.summary


def test_14_a_domain_with_another_image(scene: Scene):
    scene.loaded("vm1")
    scene.domain(f"vm1_Base_{scene.image.image_id}-v3")
    assert scene.the(14).remedies == ("G", "I")


def test_14_a_domain_on_another_host_than_its_computer(scene: Scene):
    scene.loaded("vm2")
    scene.domain(f"vm2:{scene.image.name}", "kvm-a")
    found = scene.the(14)
    assert (found.host, found.remedies) == ("kvm-a", ("I",))


def test_14_a_domain_of_a_computer_without_a_host_or_that_is_deleted(scene: Scene):
    scene.domain(f"vm1:{scene.image.name}")
    scene.computer("vm1", vmhostid=None)
    assert "on no VM host" in scene.the(14).summary
    scene.computer("vm1", deleted=1, datedeleted=scene.ago(60))
    assert "is deleted" in scene.the(14).summary


def test_14_only_the_whole_name_counts(scene: Scene):
    scene.load("vm10")
    scene.domain("vm100:something")
    assert scene.quiet(14)


def test_14_nothing_is_offered_while_it_is_in_use(scene: Scene):
    scene.domain("vm1_Base_7-v1")
    scene.request("inuse", "reserved")
    assert scene.the(14).remedies == ()


def test_14_not_while_it_is_being_loaded(scene: Scene):
    scene.domain("vm1_Base_7-v1")
    scene.request("pending", "new")
    assert scene.quiet(14)


def test_15_somebodys_computer_without_a_domain(scene: Scene):
    scene.request("inuse", "reserved")
    found = scene.the(15)
    assert (found.severity, found.remedies) == (Severity.CRITICAL, ("C", "G"))
    scene.load()
    assert scene.quiet(15)


def test_15_a_domain_that_is_off_is_to_be_started(scene: Scene):
    scene.load(on=False)
    scene.request("pending", "inuse", seen=10)
    found = scene.the(15)
    assert (found.remedies, found.severity) == ((), Severity.CRITICAL)
    assert "vcltui power on vm1" in found.because


def test_15_a_host_that_can_not_be_asked_may_have_it(scene: Scene):
    scene.request("inuse", "reserved")
    scene.lose_host("kvm-b")
    found = scene.the(15)
    assert (found.severity, found.remedies) == (Severity.WARNING, ())


def test_15_nothing_is_said_where_its_own_host_can_not_be_asked(scene: Scene):
    scene.request("inuse", "reserved")
    scene.lose_host("kvm-a")
    assert scene.quiet(15)


def silent_guest(scene: Scene) -> None:
    """vm1 runs, and without a disk nothing in it answers."""
    scene.loaded("vm1")
    scene.domain(f"vm1:{scene.image.name}")


def test_21_a_guest_that_runs_and_does_not_answer(scene: Scene):
    silent_guest(scene)
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "startvm", 700)
    found = scene.the(21)
    assert found.remedies == ("G",)
    assert "no answer" in str(found.evidence[2])


def test_21_not_before_vcl_itself_gives_up_and_not_when_it_is_off(scene: Scene):
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "startvm", 700)
    assert scene.quiet(21)
    silent_guest(scene)
    scene.step(reservation, "machinebooted", 500)
    assert scene.quiet(21)


def test_21_not_where_it_answers_or_was_not_asked(scene: Scene):
    scene.load()
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "startvm", 700)
    facts = gather_facts(scene.workspace)
    assert facts.guests[scene.computer_id("vm1")].answers
    assert not [one for one in examine(facts).findings if one.number == 21]
    assert not [one for one in examine(replace(facts, guests={})).findings if one.number == 21]


def test_21_windows_has_longer(scene: Scene):
    system = scene.get(t.operatingsystem, name="vmwarewin10")[0].id
    scene.set(t.image, scene.image.image_id, OSid=system)
    silent_guest(scene)
    reservation = scene.request("pending", "new")
    scene.vcld(reservation)
    scene.step(reservation, "startvm", 700)
    assert scene.quiet(21)
    scene.step(reservation, "machinebooted", 950)
    assert scene.the(21)


def test_22_a_computer_with_domains_on_two_hosts(scene: Scene):
    scene.load()
    scene.domain(f"vm1:{scene.image.name}", "kvm-b", on=False)
    found = scene.the(22)
    assert (found.host, found.remedies) == ("kvm-b", ("I",))
    assert scene.quiet(14)


def test_22_nothing_is_offered_where_both_run_or_it_is_reserved(scene: Scene):
    scene.load()
    scene.domain(f"vm1:{scene.image.name}", "kvm-b")
    found = scene.the(22)
    assert (found.severity, found.remedies) == (Severity.CRITICAL, ())


def test_22_nothing_is_offered_while_the_computer_is_reserved(scene: Scene):
    scene.load()
    scene.domain(f"vm1:{scene.image.name}", "kvm-b", on=False)
    scene.request("inuse", "reserved")
    assert scene.the(22).remedies == ()


def test_22_one_mac_address_on_two_hosts(scene: Scene):
    scene.domain("x1", "kvm-a", mac="52:54:00:00:00:01")
    scene.domain("x2", "kvm-b", mac="52:54:00:00:00:01")
    scene.domain("x3", "kvm-b", mac="52:54:00:00:00:02")
    found = scene.the(22)
    assert found.subject == "MAC address 52:54:00:00:00:01"


def test_28_the_guest_is_asked_for_one_reservation(scene: Scene):
    image = scene.world.add_image("Asked")
    scene.world.computer("vm1", image).load()
    revision = get_revision(scene.db, image)
    reservation = scene.request("reserved", "reserved", image=revision)
    assert not [one for one in diagnose(scene.workspace, reservation).findings if one.number == 28]
    other = scene.add_image("linux-Other-11-v1")
    scene.loaded("vm1", other)
    found = [one for one in diagnose(scene.workspace, reservation).findings if one.number == 28]
    assert found[0].summary == f"vm1 is loaded with {image}, not with linux-Other-11-v1"
    assert found[0].remedies == ()
    scene.set(t.request, scene.request_of(reservation).id, stateid=scene.states["complete"])
    found = [one for one in diagnose(scene.workspace, reservation).findings if one.number == 28]
    assert found[0].remedies == ("G",)


def test_28_not_where_the_guest_does_not_answer(scene: Scene):
    scene.load(on=False)
    reservation = scene.request("reserved", "reserved")
    facts = gather_facts(scene.workspace, reservation)
    answer = facts.guests[scene.computer_id("vm1")]
    assert not answer.answers
    assert not [one for one in examine(facts).findings if one.number == 28]


@pytest.mark.parametrize(
    ("state", "number", "remedies"), [("reloading", 10, ("F", "G")), ("failed", 11, ("G", "F"))]
)
def test_a_guest_that_has_its_image_may_be_made_available(
    scene: Scene, state: str, number: int, remedies: tuple[str, ...]
):
    scene.world.computer("vm1", scene.world.add_image("Asked")).load()
    scene.computer("vm1", state=state)
    assert scene.the(number).remedies == remedies
    scene.loaded("vm1", scene.image)
    assert scene.the(number).remedies == ("G",)
    assert scene.the(28).remedies == ("G",)


def _failures(scene: Scene, computer: str, failed: int, well: int) -> None:
    for _ in range(failed):
        scene.ending(computer, "failed")
    for _ in range(well):
        scene.ending(computer, "released")


def test_30_one_image_that_fails_on_several_computers(scene: Scene):
    _failures(scene, "vm1", 2, 0)
    _failures(scene, "vm2", 2, 1)
    found = scene.the(30)
    assert found.subject == f"image {scene.image.name}"
    assert "4 of 5" in found.summary


def test_30_one_vm_host_on_which_most_fails(scene: Scene):
    images = [scene.add_image(f"linux-Some{number}-{number}-v1") for number in (21, 22, 23)]
    host = scene.computer_id("kvm-a")
    for computer, image in zip(("vm1", "vm10", "vm1"), images, strict=True):
        scene.ending(computer, "failed", image, host=host)
    found = [one for one in scene.find(30) if one.subject == "host kvm-a"]
    assert "3 of 3" in found[0].summary
    assert "2 computers" in found[0].summary


def test_30_one_computer_on_which_all_fails(scene: Scene):
    _failures(scene, "vm1", 3, 1)
    _failures(scene, "vm2", 0, 9)
    assert scene.the(30).subject == "computer vm1"


def test_30_not_few_failures_among_many(scene: Scene):
    _failures(scene, "vm1", 3, 7)
    _failures(scene, "vm2", 2, 0)
    assert scene.quiet(30)
