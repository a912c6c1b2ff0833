"""Remedies of computers, domains and files: F, G, I, L."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.doctor.scene import Scene
from vcltui.errors import ConflictError, RefusedError
from vcltui.hypervisor import domains
from vcltui.runtime.jobs.jobs import Jobs
from vcltui.runtime.remedies import plan_remedy, run_remedy, work_for_remedy
from vcltui.vcldb import tables as t
from vcltui.vcldb.hosts import add_vmhost

DAY = 86400
ON_MARIADB = True


def _state(scene: Scene, name: str) -> str:
    names = {id_: state for state, id_ in scene.states.items()}
    return names[scene.get(t.computer, id=scene.computer_id(name))[0].stateid]


def test_f_makes_a_computer_available_and_clears_its_note(scene: Scene):
    id_ = scene.computer("vm1", state="maintenance", notes="jdoe 2026-01-01 00:00:00@disk")
    finding = scene.the(12)
    operation = plan_remedy(scene.workspace, finding, "F").operation
    assert "notes=''" in operation.steps[0].calls[0]
    run_remedy(scene.workspace, finding, "F")
    assert (_state(scene, "vm1"), scene.get(t.computer, id=id_)[0].notes) == ("available", "")
    with pytest.raises(ConflictError, match="vm1 is available now, not maintenance"):
        operation.steps[0].run(None)  # type: ignore[arg-type]


def test_f_is_refused_while_a_request_needs_the_computer(scene: Scene):
    scene.computer("vm1", state="maintenance")
    finding = scene.the(12)
    scene.request("inuse", "reserved")
    with pytest.raises(ConflictError, match="needs vm1, which was not made available"):
        run_remedy(scene.workspace, finding, "F")
    assert _state(scene, "vm1") == "maintenance"


def test_f_is_refused_while_the_vm_host_is_not_in_use(scene: Scene):
    scene.computer("vm1", state="maintenance")
    finding = scene.the(12)
    scene.computer("kvm-a", state="maintenance")
    with pytest.raises(RefusedError, match="The VM host kvm-a of vm1 is maintenance"):
        run_remedy(scene.workspace, finding, "F")
    assert _state(scene, "vm1") == "maintenance"


def test_f_is_refused_for_a_virtual_computer_on_no_host(scene: Scene):
    id_ = scene.computer("vm1", state="maintenance", vmhostid=None)
    finding = scene.the(12)
    with pytest.raises(RefusedError, match="vm1 is on no VM host"):
        run_remedy(scene.workspace, finding, "F")
    assert _state(scene, "vm1") == "maintenance"
    scene.set(t.computer, id_, type="blade")
    run_remedy(scene.workspace, finding, "F")
    assert _state(scene, "vm1") == "available"


def test_g_makes_a_reload_request(scene: Scene):
    scene.loaded("vm1")
    scene.computer("vm1", state="failed")
    finding = scene.the(11)
    planned = plan_remedy(scene.workspace, finding, "G")
    shown = planned.operation.steps[0].calls
    assert shown[0].startswith("INSERT INTO request ")
    assert "LAST_INSERT_ID()" in shown[1]
    run_remedy(scene.workspace, finding, "G")
    reservation = scene.get(t.reservation)[0]
    request = scene.request_of(reservation.id)
    assert scene.states_of(reservation.id) == ("reload", "reload")
    assert scene.get(t.user, id=request.userid)[0].unityid == "vclreload"
    assert (request.end - request.start).total_seconds() == 1200
    assert (reservation.imagerevisionid, reservation.computerid, reservation.managementnodeid) == (
        scene.image.revision_id,
        scene.computer_id("vm1"),
        1,
    )
    with pytest.raises(ConflictError, match="needs vm1"):
        planned.operation.steps[0].run(None)  # type: ignore[arg-type]
    assert len(scene.get(t.request)) == 1


def test_g_needs_an_image_and_a_live_management_node(scene: Scene):
    scene.computer("vm1", state="failed")
    finding = scene.the(11)
    with pytest.raises(RefusedError, match="vm1 has no image"):
        plan_remedy(scene.workspace, finding, "G")
    scene.loaded("vm1")
    scene.checkin(500)
    with pytest.raises(RefusedError, match="No management node that manages vm1"):
        plan_remedy(scene.workspace, finding, "G")
    assert scene.get(t.request) == []


def test_g_takes_a_management_node_that_manages_the_computer(scene: Scene):
    scene.loaded("vm1")
    id_ = scene.computer("vm1", state="failed")
    second = scene.insert(
        t.managementnode,
        hostname="mn2",
        stateid=scene.states["available"],
        lastcheckin=scene.ago(1),
        availablenetworks="",
    )
    kinds = {row.name: row.id for row in scene.get(t.resourcetype)}
    groups = []
    for kind, subject in (("managementnode", second), ("computer", id_)):
        group = scene.insert(
            t.resourcegroup, name=f"test {kind}", ownerusergroupid=1, resourcetypeid=kinds[kind]
        )
        resource = scene.insert(t.resource, resourcetypeid=kinds[kind], subid=subject)
        scene.insert(t.resourcegroupmembers, resourceid=resource, resourcegroupid=group)
        groups.append(group)
    scene.insert(
        t.resourcemap,
        resourcegroupid1=groups[0],
        resourcetypeid1=kinds["managementnode"],
        resourcegroupid2=groups[1],
        resourcetypeid2=kinds["computer"],
    )
    run_remedy(scene.workspace, scene.the(11), "G")
    assert scene.get(t.reservation)[0].managementnodeid == second


def test_i_removes_the_domain_and_its_own_disk_never_the_master(scene: Scene):
    disk = scene.load()
    master = scene.home / f"datastore/{scene.image.name}.qcow2"
    scene.world.computer("vm1").power_off()
    scene.set(t.computer, scene.computer_id("vm1"), imagerevisionid=1, currentimageid=1)
    finding = scene.the(14)
    run_remedy(scene.workspace, finding, "I")
    assert scene.world.domains() == set()
    assert not disk.exists()
    assert master.exists()


def test_i_is_refused_while_a_request_needs_the_computer(scene: Scene):
    disk = scene.load()
    scene.set(t.computer, scene.computer_id("vm1"), imagerevisionid=1, currentimageid=1)
    finding = scene.the(14)
    operation = plan_remedy(scene.workspace, finding, "I").operation
    # Its end has passed, and vcld has not dealt with it yet.
    scene.request("pending", "timeout", end=10)
    with pytest.raises(ConflictError, match="needs vm1"):
        run_remedy(scene.workspace, finding, "I")
    with pytest.raises(ConflictError, match="needs vm1"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert disk.exists()
    assert len(scene.world.domains()) == 1


def test_i_is_refused_where_something_stands_on_its_disk_or_a_host_is_silent(scene: Scene):
    disk = scene.load()
    scene.set(t.computer, scene.computer_id("vm1"), imagerevisionid=1, currentimageid=1)
    finding = scene.the(14)
    child = scene.disk("vms/other.qcow2", backing=str(disk.relative_to(scene.home)))
    with pytest.raises(RefusedError, match=r"other\.qcow2"):
        run_remedy(scene.workspace, finding, "I")
    child.unlink()
    scene.lose_host("kvm-b")
    # The test hosts' domains live as long as their connection.
    scene.domain(f"vm1:{scene.image.name}", disk=disk)
    with pytest.raises(RefusedError, match="can't be asked"):
        run_remedy(scene.workspace, scene.the(14), "I")
    assert disk.exists()


def test_i_is_refused_when_the_domain_was_started_meanwhile(scene: Scene):
    scene.load(on=False)
    scene.set(t.computer, scene.computer_id("vm1"), imagerevisionid=1, currentimageid=1)
    finding = scene.the(14)
    operation = plan_remedy(scene.workspace, finding, "I").operation
    domains.start(scene.workspace.session("kvm-a").connection, finding.target.uuid or "")
    with pytest.raises(ConflictError, match="is on now, and was not removed"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert len(scene.world.domains()) == 1


def _orphan(scene: Scene) -> Path:
    return scene.disk("vms/vm1_9-v1.qcow2", age=2 * DAY)


def test_l_renames_and_deletes_nothing(scene: Scene):
    orphan = _orphan(scene)
    content = orphan.read_bytes()
    scene.master()
    finding = scene.the(23)
    operation = run_remedy(scene.workspace, finding, "L")
    aside = [path for path in orphan.parent.iterdir() if ".partial-" in path.name]
    assert [path.read_bytes() for path in aside] == [content]
    assert operation.steps[0].calls == (f"rename {orphan} {aside[0]}",)
    assert scene.quiet(23)
    with pytest.raises(ConflictError, match="is gone, and nothing was renamed"):
        run_remedy(scene.workspace, finding, "L")


def test_l_is_refused_while_the_file_is_open(scene: Scene):
    orphan = _orphan(scene)
    finding = scene.the(23)
    with orphan.open("rb"), pytest.raises(RefusedError, match="is open on kvm-a by process"):
        run_remedy(scene.workspace, finding, "L")
    assert orphan.exists()


def test_l_is_refused_when_a_domain_or_a_disk_began_to_use_it(scene: Scene):
    orphan = _orphan(scene)
    finding = scene.the(23)
    child = scene.disk("vms/child.qcow2", backing="vms/vm1_9-v1.qcow2")
    with pytest.raises(RefusedError, match=r"in use: .*child\.qcow2"):
        run_remedy(scene.workspace, finding, "L")
    child.unlink()
    scene.domain("somebody", "kvm-b", orphan, on=False)
    with pytest.raises(RefusedError, match="domain somebody on kvm-b"):
        run_remedy(scene.workspace, finding, "L")
    assert orphan.exists()


def test_l_is_refused_where_a_host_can_not_be_asked(scene: Scene):
    orphan = _orphan(scene)
    finding = scene.the(23)
    scene.lose_host("kvm-b")
    with pytest.raises(RefusedError, match="Host kvm-b may use"):
        run_remedy(scene.workspace, finding, "L")
    assert orphan.exists()


def test_a_host_that_is_another_management_nodes_may_use_it_as_well(scene: Scene):
    orphan = _orphan(scene)
    scene.master()
    finding = scene.the(23)
    hosts = dict(scene.workspace.config.hosts)
    add_vmhost(scene.db, replace(hosts["kvm-a"], name="kvm-far"))
    scene._config(hosts=hosts)
    workspace = scene.workspace
    full = workspace.hosts()
    workspace.hosts = lambda: {k: v for k, v in full.items() if k != "kvm-far"}  # type: ignore[method-assign]
    assert scene.quiet(23)
    assert any("kvm-far is another management node's" in one for one in scene.diagnosis().unknown)
    with pytest.raises(RefusedError, match="Host kvm-far of another management node may use"):
        run_remedy(workspace, finding, "L")
    assert orphan.exists()


def test_l_is_refused_while_a_live_process_holds_a_lock_on_the_image(scene: Scene):
    name = scene.image.name
    scene.disk(f"repository/{name}/{name}.qcow2", size="16M")
    master = scene.master()
    reservation = scene.request("pending", "inuse")
    finding = scene.the(17)
    scene.lock(f"retrieve_{name}", reservation, scene.vcld(reservation))
    with pytest.raises(RefusedError, match="holds the lock retrieve_"):
        run_remedy(scene.workspace, finding, "L")
    assert master.exists()


def test_l_names_a_file_as_it_was_shown_however_late_it_is_done(scene: Scene):
    orphan, at = _orphan(scene), datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    scene.master()
    finding = scene.the(23)
    planned = plan_remedy(scene.workspace, finding, "L", at=at)
    run_remedy(scene.workspace, finding, "L", at=at)
    aside = orphan.with_name(f"{orphan.name}.partial-20260304T050607Z")
    assert planned.operation.steps[0].calls == (f"rename {orphan} {aside}",)
    assert (aside.exists(), orphan.exists()) == (True, False)


def test_a_remedy_is_a_job_like_any_other(scene: Scene):
    _orphan(scene)
    scene.master()
    finding = scene.the(23)
    planned = plan_remedy(scene.workspace, finding, "L")
    jobs = Jobs()
    job = jobs.submit(
        planned.operation.title,
        finding.host or "",
        finding.subject,
        planned.lock_name,
        work_for_remedy(scene.workspace, finding, "L"),
    )
    jobs.close()
    done = jobs.get(job.number)
    assert (done.word, done.steps[0].note.startswith("kept as ")) == ("done", True)
