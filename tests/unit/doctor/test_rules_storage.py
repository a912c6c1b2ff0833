"""Disks, images and networks: rules 16 to 20, 23, 24 and 27."""

from __future__ import annotations

import os
from dataclasses import replace

from tests.unit.doctor.scene import Scene
from vcltui.doctor.examine import examine
from vcltui.doctor.facts import FolderFacts, LibvirtFacts
from vcltui.doctor.findings import Severity
from vcltui.doctor.settings import DoctorSettings
from vcltui.hypervisor import domains, networks
from vcltui.models.domain import PowerState
from vcltui.runtime.diagnosis import diagnose, gather_facts

ON_MARIADB = True

DAY = 86400


def test_16_a_full_folder(scene: Scene):
    full = scene.diagnosis(DoctorSettings(full_share=0.0))
    found = [one for one in full.findings if one.number == 16]
    assert {one.host for one in found} == {"kvm-a", "kvm-b"}
    assert "datastore" in str(found[0].evidence[0])
    assert not [
        one for one in scene.diagnosis(DoctorSettings(full_share=1.0)).findings if one.number == 16
    ]


def test_16_when_a_folder_is_full_is_for_the_configuration_to_say(scene: Scene):
    scene._config(doctor=DoctorSettings(full_share=0.01))
    assert [one.number for one in diagnose(scene.workspace).findings if one.number == 16]
    scene._config(doctor=DoctorSettings(full_share=1.0))
    assert not [one.number for one in diagnose(scene.workspace).findings if one.number == 16]


def test_16_a_domain_that_was_frozen_for_want_of_room(scene: Scene):
    scene.load()
    facts = gather_facts(scene.workspace)
    host = facts.hosts["kvm-a"]
    assert isinstance(host.libvirt, LibvirtFacts)
    frozen = replace(
        host.libvirt.domains[0],
        power=PowerState.SUSPENDED,
        reason="I/O error",
        disk_error="vda: no space left",
    )
    hosts = {**facts.hosts, "kvm-a": replace(host, libvirt=LibvirtFacts((frozen,)))}
    found = [one for one in examine(replace(facts, hosts=hosts)).findings if one.number == 16]
    assert found[0].severity is Severity.CRITICAL
    assert "no space left" in str(found[0].evidence)


def test_16_one_that_somebody_suspended_is_none(scene: Scene):
    scene.load()
    connection = scene.workspace.session("kvm-a").connection
    domains.suspend(connection, domains.list_domains(connection)[0].uuid)
    assert scene.quiet(16)


def test_17_a_master_that_is_cut_off(scene: Scene):
    master = scene.master()
    scene.fill(master, 4)
    scene.aged(master, 60)
    scene.request("new", "new", start=-600)
    assert scene.quiet(17)
    os.truncate(master, master.stat().st_size - (3 << 20))
    found = scene.the(17)
    # Both hosts see the one file in the folder they share.
    assert (found.host, found.target.paths) == ("kvm-a", (str(master),))
    assert found.remedies == ("L",)


def test_17_a_master_whose_header_is_damaged(scene: Scene):
    scene.master().write_bytes(b"QFI\xfb nothing of a qcow2 file")
    assert "not whole" in scene.the(17).summary


def test_17_a_master_that_is_not_as_its_repository_copy(scene: Scene):
    name = scene.image.name
    scene.disk(f"repository/{name}/{name}.qcow2", size="16M")
    scene.master()
    found = scene.find(17)
    assert "virtual size" in found[0].summary


def test_17_only_reported_while_something_stands_on_it(scene: Scene):
    name = scene.image.name
    scene.disk(f"repository/{name}/{name}.qcow2", size="16M")
    scene.load()
    found = scene.find(17)
    assert found[0].remedies == ()
    assert "1 stand on it" in found[0].because


def test_17_only_reported_where_a_host_can_not_be_asked(scene: Scene):
    name = scene.image.name
    scene.disk(f"repository/{name}/{name}.qcow2", size="16M")
    scene.master()
    scene.lose_host("kvm-b")
    assert scene.the(17).remedies == ()


def test_17_not_while_its_lock_is_held(scene: Scene):
    name = scene.image.name
    scene.disk(f"repository/{name}/{name}.qcow2", size="16M")
    scene.master()
    reservation = scene.request("pending", "new")
    scene.lock(f"master:{name}", reservation, scene.vcld(reservation))
    assert scene.quiet(17)


def test_17_a_master_that_somebody_writes_without_a_lock(scene: Scene):
    master = scene.master(age=0)
    found = scene.the(17)
    assert (found.severity, found.remedies) == (Severity.INFO, ())
    reservation = scene.request("pending", "inuse")
    scene.lock(f"retrieve_{scene.image.name}", reservation, scene.vcld(reservation))
    scene.aged(master, 0)
    assert scene.quiet(17)


def test_18_an_image_that_is_nowhere(scene: Scene):
    reservation = scene.request("failed", "new")
    # D7 writes this row for a missing image too, D2 takes -v10 for -v1.
    scene.step(reservation, "doesimageexists", 100, "confirmed image exists")
    scene.disk(f"datastore/{scene.image.name}0.qcow2")
    found = scene.the(18)
    assert (found.reservation, found.target.image) == (reservation, scene.image.name)
    assert found.severity is Severity.CRITICAL
    scene.master()
    assert scene.quiet(18)


def test_18_before_the_load_it_is_a_warning_for_vcld_may_get_it_from_elsewhere(scene: Scene):
    reservation = scene.request("new", "new", start=-3600)
    assert scene.the(18).severity is Severity.WARNING
    scene.say(reservation, "requested image does not exist on management node")
    assert scene.the(18).severity is Severity.CRITICAL


def test_18_one_in_the_repository_is_enough(scene: Scene):
    scene.request("new", "new")
    name = scene.image.name
    scene.disk(f"repository/{name}/{name}.qcow2")
    assert scene.quiet(18)


def test_18_not_where_the_host_can_not_be_asked(scene: Scene):
    scene.request("new", "new")
    scene.computer("vm1", vmhostid=None)
    assert scene.quiet(18)


def test_19_a_disk_whose_master_is_gone(scene: Scene):
    scene.load()
    assert scene.quiet(19)
    (scene.home / f"datastore/{scene.image.name}.qcow2").unlink()
    found = scene.the(19)
    assert (found.severity, found.computer) == (Severity.CRITICAL, "vm1")


def test_20_a_switch_that_is_not_there_or_not_active(scene: Scene):
    assert scene.quiet(20)
    hosts = dict(scene.workspace.config.hosts)
    profile = hosts["kvm-a"].profile
    assert profile is not None
    hosts["kvm-a"] = replace(hosts["kvm-a"], profile=replace(profile, virtualswitch1="br-public"))
    scene._config(hosts=hosts)
    # Where libvirt lists no interface, not even lo, it has no driver for them.
    assert scene.quiet(20)
    assert any("has the bridge br-public" in one for one in scene.diagnosis().unknown)
    scene.interface("lo")
    found = scene.the(20)
    assert (found.host, found.subject) == ("kvm-a", "network br-public on kvm-a")
    assert "private" in str(found.evidence[0])
    scene.interface("br-public")
    assert scene.quiet(20)


def test_20_an_inactive_network(scene: Scene):
    connection = scene.workspace.session("kvm-b").connection
    connection.handle.networkLookupByName("private").destroy()
    assert "not active" in scene.the(20).summary
    assert not next(
        one for one in networks.list_networks(connection) if one.name == "private"
    ).active


def test_23_a_disk_that_belongs_to_no_domain(scene: Scene):
    scene.master()
    old = scene.disk("vms/vm1_7-v1.qcow2", age=2 * DAY)
    found = scene.the(23)
    assert (found.severity, found.remedies) == (Severity.INFO, ("L",))
    assert (found.target.paths, found.computer) == ((str(old),), "vm1")


def test_23_not_a_new_one_one_in_use_or_one_of_another_form(scene: Scene):
    disk = scene.load()
    scene.aged(disk, 2 * DAY)
    scene.disk("vms/vm1_9-v9.qcow2", age=60)
    scene.disk("vms/notes.qcow2", age=2 * DAY)
    scene.disk("vms/vm2_9-v9.qcow2.partial-20260101T000000Z", age=2 * DAY)
    assert scene.quiet(23)


def test_23_not_what_something_stands_on(scene: Scene):
    scene.disk("vms/vm1_7-v1.qcow2", age=2 * DAY)
    scene.disk("vms/other.qcow2", backing="vms/vm1_7-v1.qcow2", age=2 * DAY)
    assert scene.quiet(23)


def test_23_not_while_a_host_can_not_be_asked(scene: Scene):
    scene.disk("vms/vm1_7-v1.qcow2", age=2 * DAY)
    scene.lose_host("kvm-b")
    assert scene.quiet(23)


def test_23_not_while_somebody_may_work_on_the_computer(scene: Scene):
    scene.disk("vms/vm1_7-v1.qcow2", age=2 * DAY)
    scene.request("pending", "new")
    assert scene.the(23)
    scene.elsewhere()
    assert scene.quiet(23)


def test_24_vcls_own_defect_on_a_newer_host(scene: Scene):
    reservation = scene.request("pending", "new")
    assert scene.quiet(24)
    scene.say(reservation, "output: Backing file specified without backing format", "WARNING")
    found = scene.the(24)
    assert found.host == "kvm-a"
    facts = gather_facts(scene.workspace)
    old = {name: replace(host, qemu_img=(5, 2, 0)) for name, host in facts.hosts.items()}
    older = examine(replace(facts, hosts=old))
    assert not [one for one in older.findings if one.number == 24]


def test_27_files_of_a_capture_that_was_never_finished(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.master(image)
    scene.master()
    found = scene.the(27)
    assert (found.subject, found.remedies) == ("image linux-New-9-v1", ("L",))


def test_27_not_while_the_capture_may_go_on(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.master(image)
    scene.master()
    scene.request("maintenance", "image", image=image)
    assert scene.quiet(27)


def test_27_files_without_a_row(scene: Scene):
    scene.master()
    scene.disk("datastore/linux-Unknown-99-v1.qcow2")
    scene.disk("datastore/notes.qcow2")
    found = scene.the(27)
    assert (found.severity, found.remedies) == (Severity.INFO, ("L",))


def test_27_an_image_without_files(scene: Scene):
    found = scene.the(27)
    assert "no host has its files" in found.summary
    scene.lose_host("kvm-b")
    facts = gather_facts(scene.workspace)
    assert isinstance(facts.hosts["kvm-a"].folders, FolderFacts)
    # The host that is lost to libvirt still lets its files be seen here; both must be known.
    hosts = {
        name: replace(host, folders=host.libvirt) if name == "kvm-b" else host  # type: ignore[arg-type]
        for name, host in facts.hosts.items()
    }
    found_then = examine(replace(facts, hosts=hosts)).findings
    assert not [one for one in found_then if one.number == 27]
