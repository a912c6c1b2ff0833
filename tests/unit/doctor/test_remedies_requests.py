"""Remedies of requests, locks and processes: A, B, C, E, H, J, K."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest

from tests.unit.doctor.scene import Scene, wait_for_name
from vcltui.doctor.catalogue import REMEDIES
from vcltui.doctor.findings import Finding, Severity
from vcltui.errors import ConflictError, RefusedError, UsageError
from vcltui.hypervisor import domains
from vcltui.models.basecapture import OWN_CAPTURE
from vcltui.operations.step import Operation
from vcltui.runtime.remedies import plan_remedy, run_remedy
from vcltui.vcldb import tables as t

ON_MARIADB = True


def lines(operation: Operation) -> str:
    return "\n".join(call for step in operation.steps for call in step.calls)


def test_a_puts_the_request_back_and_takes_away_what_its_process_left(scene: Scene):
    scene.load()
    reservation = scene.request("pending", "new")
    scene.step(reservation, "begin", 300)
    scene.step(reservation, "statuscheck", 290)
    gone = scene.gone_pid()
    scene.lock("other", reservation, gone)
    finding = scene.the(2)
    planned = plan_remedy(scene.workspace, finding, "A")
    states = scene.states
    request = scene.request_of(reservation).id
    first, second, third = lines(planned.operation).splitlines()
    assert first.startswith("UPDATE request SET stateid=request.laststateid WHERE ")
    assert first.endswith(
        f"request.id = {request} AND request.stateid = {states['pending']} AND "
        f"request.laststateid = {states['new']}"
    )
    assert second.startswith("DELETE FROM computerloadlog WHERE ")
    assert f"reservationid IN ({reservation})" in second
    assert third.startswith("DELETE FROM vcldsemaphore WHERE ")
    assert f"identifier = 'other' AND vcldsemaphore.pid = {gone}" in third
    assert third.endswith(f"expires = '{scene.get(t.vcldsemaphore)[0].expires}'")
    assert scene.states_of(reservation) == ("pending", "new")
    run_remedy(scene.workspace, finding, "A")
    assert scene.states_of(reservation) == ("new", "new")
    assert [row.additionalinfo for row in scene.get(t.computerloadlog)] == [""]
    assert scene.get(t.vcldsemaphore) == []
    assert scene.quiet(2)
    entry = scene.workspace.journal.entries()[0]
    assert (entry.kind, entry.outcome) == ("remedy-A", "done")
    assert entry.details["rule"] == "pending-without-process"
    assert entry.details["calls"] == lines(planned.operation)


def test_a_of_a_cluster_puts_the_whole_request_back(scene: Scene):
    reservation = scene.request("pending", "inuse", "vm1", "vm2")
    scene.step(reservation + 1, "begin", 300)
    run_remedy(scene.workspace, scene.the(2), "A")
    assert scene.states_of(reservation + 1) == ("inuse", "inuse")
    assert scene.get(t.computerloadlog) == []


def test_a_race_changes_nothing_and_says_what_is_there_now(scene: Scene):
    scene.load()
    reservation = scene.request("pending", "inuse")
    scene.step(reservation, "begin", 300)
    finding = scene.the(2)
    request = scene.request_of(reservation)
    scene.set(t.request, request.id, stateid=scene.states["deleted"])
    with pytest.raises(RefusedError, match="deleted/inuse"):
        run_remedy(scene.workspace, finding, "A")
    assert scene.states_of(reservation) == ("deleted", "inuse")
    assert len(scene.get(t.computerloadlog)) == 1


def test_a_race_between_the_plan_and_the_change(scene: Scene, monkeypatch):
    """The change itself names the states it expects, whatever was looked at before."""
    reservation = scene.request("pending", "inuse")
    scene.step(reservation, "begin", 300)
    finding = scene.the(2)
    operation = plan_remedy(scene.workspace, finding, "A").operation
    request = scene.request_of(reservation)
    scene.set(t.request, request.id, laststateid=scene.states["timeout"])
    with pytest.raises(ConflictError, match="is pending/timeout now, not pending/inuse"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert len(scene.get(t.computerloadlog)) == 1
    scene.set(t.request, request.id, laststateid=scene.states["inuse"])
    scene.set(t.reservation, reservation, lastcheck=scene.ago(0))
    with pytest.raises(ConflictError, match="looked at by vcld meanwhile"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert scene.states_of(reservation) == ("pending", "inuse")


def test_a_is_refused_when_a_process_has_begun_with_it(scene: Scene):
    reservation = scene.request("pending", "inuse")
    finding = scene.the(2)
    scene.vcld(reservation, "inuse")
    with pytest.raises(ConflictError, match=f"works on reservation {reservation}"):
        run_remedy(scene.workspace, finding, "A")
    assert scene.states_of(reservation) == ("pending", "inuse")


def test_a_is_refused_where_the_management_node_can_not_be_asked_or_is_down(scene: Scene):
    reservation = scene.request("pending", "inuse")
    finding = scene.the(2)
    scene.checkin(400)
    with pytest.raises(RefusedError, match="has not checked in lately"):
        run_remedy(scene.workspace, finding, "A")
    scene.checkin(0)
    scene.elsewhere()
    with pytest.raises(RefusedError, match="is unknown, so nothing was done"):
        plan_remedy(scene.workspace, finding, "A")
    assert scene.states_of(reservation) == ("pending", "inuse")


def test_a_is_refused_while_the_load_may_have_left_a_partial_master(scene: Scene):
    master = scene.master()
    scene.fill(master, 4)
    os.truncate(master, master.stat().st_size - (3 << 20))
    reservation = scene.request("pending", "new")
    scene.step(reservation, "startload", 300)
    with pytest.raises(RefusedError, match="cut off"):
        plan_remedy(scene.workspace, scene.the(2), "A")
    assert scene.states_of(reservation) == ("pending", "new")
    run_remedy(scene.workspace, scene.the(17), "L")
    assert [".partial-" in path.name for path in (scene.home / "datastore").iterdir()] == [True]
    run_remedy(scene.workspace, scene.the(2), "A")
    assert scene.states_of(reservation) == ("new", "new")


def test_a_for_a_capture_only_after_its_files_are_put_aside(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    partial = scene.master(image)
    scene.load(on=False)
    reservation = scene.request("pending", "image", image=image)
    with pytest.raises(RefusedError, match="Put that aside first"):
        plan_remedy(scene.workspace, scene.the(4), "A")
    run_remedy(scene.workspace, scene.the(4), "L")
    assert not partial.exists()
    with pytest.raises(RefusedError, match="Power it on first: vcltui power on vm1"):
        plan_remedy(scene.workspace, scene.the(4), "A")
    scene.world.computer("vm1").power_on()
    run_remedy(scene.workspace, scene.the(4), "A")
    assert scene.states_of(reservation) == ("image", "image")


def test_a_is_refused_for_a_capture_that_vcltui_took_up_meanwhile(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.load()
    reservation = scene.request("pending", "image", image=image)
    finding = scene.the(4)
    operation = plan_remedy(scene.workspace, finding, "A").operation
    scene.step(reservation, "info", 0, f"{OWN_CAPTURE} (operation 0123)")
    with pytest.raises(
        RefusedError, match=r"itself \(operation 0123\), and whether that has ended"
    ):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert scene.states_of(reservation) == ("pending", "image")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("pending", "reserved"), ("deleted", "reserved")),
        (("pending", "inuse"), ("deleted", "inuse")),
        (("pending", "serverinuse"), ("deleted", "serverinuse")),
    ],
)
def test_c_hands_a_request_that_has_begun_to_vcld(scene: Scene, before, after):
    reservation = scene.request(*before, end=60)
    run_remedy(scene.workspace, scene.the(2), "C")
    assert scene.states_of(reservation) == after


@pytest.mark.parametrize("state", ["new", "pending"])
def test_c_of_one_that_never_got_anywhere_notes_it_in_the_change_log(scene: Scene, state: str):
    entry = scene.insert(
        t.log,
        userid=1,
        start=scene.ago(600),
        initialend=scene.ago(60),
        finalend=scene.ago(60),
        imageid=scene.image.image_id,
    )
    reservation = scene.request(state, "new", end=60, logid=entry)
    run_remedy(scene.workspace, scene.the(25), "C")
    assert scene.states_of(reservation) == ("deleted", "reserved")
    noted = scene.get(t.changelog)
    assert [(row.logid, row.other) for row in noted] == [(entry, "released")]


def test_c_of_an_inuse_request_whose_domain_is_gone(scene: Scene):
    reservation = scene.request("inuse", "reserved")
    run_remedy(scene.workspace, scene.the(15), "C")
    assert scene.states_of(reservation) == ("deleted", "inuse")


def test_c_race(scene: Scene):
    reservation = scene.request("new", "new", end=60)
    operation = plan_remedy(scene.workspace, scene.the(25), "C").operation
    scene.set(t.request, scene.request_of(reservation).id, stateid=scene.states["pending"])
    with pytest.raises(ConflictError, match="is pending/new now, not new/new"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert scene.states_of(reservation) == ("pending", "new")
    assert scene.get(t.changelog) == []


def test_e_completes_a_reload_and_keeps_its_last_state(scene: Scene):
    reservation = scene.request("pending", "reload")
    finding = scene.the(3)
    operation = plan_remedy(scene.workspace, finding, "E").operation
    run_remedy(scene.workspace, finding, "E")
    assert scene.states_of(reservation) == ("complete", "reload")
    with pytest.raises(ConflictError, match="is complete/reload now"):
        operation.steps[0].run(None)  # type: ignore[arg-type]


def test_h_lets_a_failed_capture_be_tried_again(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.load()
    reservation = scene.request("maintenance", "image", image=image)
    computer = scene.computer("vm1", state="maintenance")
    finding = scene.the(13)
    operation = plan_remedy(scene.workspace, finding, "H").operation
    run_remedy(scene.workspace, finding, "H")
    assert scene.states_of(reservation) == ("image", "maintenance")
    assert scene.get(t.computer, id=computer)[0].stateid == scene.states["inuse"]
    with pytest.raises(ConflictError, match="vm1 is inuse now, not maintenance"):
        operation.steps[0].run(None)  # type: ignore[arg-type]


def test_h_changes_the_computer_only_together_with_the_request(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.load()
    reservation = scene.request("maintenance", "image", image=image)
    computer = scene.computer("vm1", state="maintenance")
    operation = plan_remedy(scene.workspace, scene.the(13), "H").operation
    scene.set(t.request, scene.request_of(reservation).id, stateid=scene.states["deleted"])
    with pytest.raises(ConflictError, match="is deleted/image now"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert scene.get(t.computer, id=computer)[0].stateid == scene.states["maintenance"]


@pytest.mark.parametrize(
    ("state", "number", "letter"), [("pending", 4, "A"), ("maintenance", 13, "H")]
)
def test_a_capture_whose_domain_is_gone_is_not_begun_again(scene: Scene, state, number, letter):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    reservation = scene.request(state, "image", image=image)
    scene.computer("vm1", state="maintenance")
    with pytest.raises(RefusedError, match="vm1 has no domain on kvm-a any more"):
        plan_remedy(scene.workspace, scene.the(number), letter)
    assert scene.states_of(reservation) == (state, "image")


def test_h_finds_a_domain_of_another_name_by_its_address(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    mac = scene.get(t.computer, id=scene.computer_id("vm1"))[0].eth0macaddress
    scene.domain("made by hand", disk=scene.disk("vms/by-hand.qcow2"), mac=mac, on=False)
    reservation = scene.request("maintenance", "image", image=image)
    scene.computer("vm1", state="maintenance")
    finding = scene.the(13)
    with pytest.raises(RefusedError, match="The domain made by hand on kvm-a is off"):
        plan_remedy(scene.workspace, finding, "H")
    connection = scene.workspace.session("kvm-a").connection
    domains.start(connection, domains.list_domains(connection)[0].uuid)
    run_remedy(scene.workspace, finding, "H")
    assert scene.states_of(reservation) == ("image", "maintenance")


def test_h_is_refused_while_the_guest_does_not_answer(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.domain("vm1:linux-New-9-v1")  # without a disk nothing answers
    scene.request("maintenance", "image", image=image)
    scene.computer("vm1", state="maintenance")
    with pytest.raises(RefusedError, match="guest of vm1 has to answer for a capture"):
        plan_remedy(scene.workspace, scene.the(13), "H")


def test_h_is_refused_while_the_domain_is_off(scene: Scene):
    image = scene.add_image("linux-New-9-v1")
    scene.hide_image(image)
    scene.load(on=False)
    scene.request("maintenance", "image", image=image)
    scene.computer("vm1", state="maintenance")
    with pytest.raises(RefusedError, match="only one that is on is captured"):
        plan_remedy(scene.workspace, scene.the(13), "H")


def test_j_deletes_exactly_the_lock_that_was_seen(scene: Scene):
    reservation = scene.request("pending", "inuse")
    gone = scene.gone_pid()
    scene.lock("master:x", reservation, gone)
    scene.lock("master:x0", reservation, os.getpid())
    finding = scene.the(8)
    operation = plan_remedy(scene.workspace, finding, "J").operation
    run_remedy(scene.workspace, finding, "J")
    assert [row.identifier for row in scene.get(t.vcldsemaphore)] == ["master:x0"]
    with pytest.raises(ConflictError, match="is gone, and nothing was deleted"):
        operation.steps[0].run(None)  # type: ignore[arg-type]


def test_j_leaves_a_lock_that_somebody_else_took_meanwhile(scene: Scene):
    reservation = scene.request("pending", "inuse")
    scene.lock("master:x", reservation, scene.gone_pid())
    operation = plan_remedy(scene.workspace, scene.the(8), "J").operation
    with scene.db.write() as connection:
        connection.execute(t.vcldsemaphore.update().values(pid=os.getpid()))
    with pytest.raises(ConflictError, match=f"belongs to process {os.getpid()}"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert len(scene.get(t.vcldsemaphore)) == 1


def test_j_is_refused_where_the_owner_can_not_be_asked_for(scene: Scene):
    reservation = scene.request("pending", "inuse")
    scene.lock("master:x", reservation, scene.gone_pid())
    finding = scene.the(8)
    scene.elsewhere()
    with pytest.raises(RefusedError, match="unknown"):
        plan_remedy(scene.workspace, finding, "J")


def test_b_takes_the_mark_from_a_block_request(scene: Scene):
    scene.request("reserved", "reserved")
    block = scene.insert(
        t.block_request,
        name="class",
        imageid=scene.image.image_id,
        numMachines=2,
        ownerid=1,
        managementnodeid=1,
        expireTime=scene.ago(-99999),
        processing=1,
    )
    scene.insert(t.block_times, blockRequestid=block, start=scene.ago(4000), end=scene.ago(-4000))
    finding = scene.the(29)
    operation = plan_remedy(scene.workspace, finding, "B").operation
    run_remedy(scene.workspace, finding, "B")
    assert scene.get(t.block_request)[0].processing == 0
    with pytest.raises(ConflictError, match="not marked any more"):
        operation.steps[0].run(None)  # type: ignore[arg-type]


def _slow(scene: Scene) -> tuple[int, int]:
    reservation = scene.request("pending", "new", start=9000)
    pid = scene.vcld(reservation)
    scene.step(reservation, "vmsetupconfig", 7300)
    return reservation, pid


def test_k_ends_the_process_and_puts_the_request_back(scene: Scene):
    reservation, pid = _slow(scene)
    finding = scene.the(6)
    planned = plan_remedy(scene.workspace, finding, "K")
    shown = lines(planned.operation)
    assert shown.startswith(f"kill -TERM -- -{pid}\nUPDATE request SET stateid=request.laststateid")
    # Reaped by us as vcld reaps its children, else it would stay in the list of processes.
    threading.Thread(target=scene.processes[-1].wait, daemon=True).start()
    run_remedy(scene.workspace, finding, "K")
    assert scene.states_of(reservation) == ("new", "new")


def test_k_never_asks_the_group_of_vcld_itself_to_end(scene: Scene):
    reservation = scene.request("pending", "new", start=9000)
    request = scene.request_of(reservation).id
    title = f"vcld '|1|{request}|{reservation}|new|' vm1>kvm-a image admin"
    script = (
        "import subprocess,sys,time\n"
        f"one = subprocess.Popen([{title!r}, '600'], executable='/usr/bin/sleep')\n"
        "print(one.pid, flush=True)\n"
        "one.wait()\n"
        "time.sleep(600)\n"
    )
    daemon = subprocess.Popen(
        ["python3", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    scene.processes.append(daemon)  # type: ignore[arg-type]
    assert daemon.stdout is not None
    child = int(daemon.stdout.readline())
    daemon.stdout.close()
    wait_for_name(child, title)
    scene.children.add(child)
    scene.step(reservation, "vmsetupconfig", 7300)
    finding = scene.the(6)
    planned = plan_remedy(scene.workspace, finding, "K")
    assert lines(planned.operation).startswith(f"kill -TERM -- {child}\n")
    run_remedy(scene.workspace, finding, "K")
    assert daemon.poll() is None
    assert scene.states_of(reservation) == ("new", "new")


def test_k_leaves_a_load_that_has_gone_on_meanwhile(scene: Scene):
    reservation, _ = _slow(scene)
    finding = scene.the(6)
    operation = plan_remedy(scene.workspace, finding, "K").operation
    scene.step(reservation, "startvm", 5)
    with pytest.raises(ConflictError, match="is startvm now, so its process was not ended"):
        operation.steps[0].run(None)  # type: ignore[arg-type]
    assert scene.processes[-1].poll() is None
    assert scene.states_of(reservation) == ("pending", "new")


def test_k_does_not_put_back_what_left_a_partial_master(scene: Scene):
    master = scene.master()
    scene.fill(master, 4)
    os.truncate(master, master.stat().st_size - (3 << 20))
    scene.aged(master, 7300)
    reservation = scene.request("pending", "new", start=9000)
    scene.vcld(reservation)
    scene.step(reservation, "transfervm", 7300)
    finding = scene.the(6)
    threading.Thread(target=scene.processes[-1].wait, daemon=True).start()
    with pytest.raises(RefusedError, match="Put it aside first"):
        run_remedy(scene.workspace, finding, "K")
    assert scene.states_of(reservation) == ("pending", "new")
    assert scene.the(2).remedies == ("A",)


def test_k_is_refused_for_one_that_took_a_lock_meanwhile(scene: Scene):
    reservation, pid = _slow(scene)
    finding = scene.the(6)
    scene.lock("master:x", reservation, pid)
    with pytest.raises(RefusedError, match="holds the lock master:x"):
        run_remedy(scene.workspace, finding, "K")
    assert scene.processes[-1].poll() is None


def test_k_does_not_touch_a_process_that_works_on_something_else(scene: Scene):
    reservation, _ = _slow(scene)
    finding = scene.the(6)
    scene.processes[-1].terminate()
    scene.processes[-1].wait()
    with pytest.raises(ConflictError, match="does not work on reservation"):
        run_remedy(scene.workspace, finding, "K")
    assert scene.states_of(reservation) == ("pending", "new")


def test_a_letter_that_is_not_offered_is_refused(scene: Scene):
    scene.load()
    scene.request("pending", "inuse")
    finding = scene.the(2)
    with pytest.raises(RefusedError, match="Possible here: A"):
        plan_remedy(scene.workspace, finding, "C")
    with pytest.raises(UsageError, match="is no remedy"):
        plan_remedy(scene.workspace, finding, "Z")


@pytest.mark.parametrize("letter", sorted(REMEDIES))
def test_no_remedy_is_even_planned_in_read_only_mode(scene: Scene, letter: str):
    finding = Finding("any", 1, Severity.INFO, "x", "x", "x", (), remedies=tuple(REMEDIES))
    scene.workspace.readonly = True
    for attempt in (plan_remedy, run_remedy):
        with pytest.raises(RefusedError, match="read-only"):
            attempt(scene.workspace, finding, letter)
    assert scene.workspace.journal.entries() == []


def test_nothing_is_done_in_read_only_mode(scene: Scene):
    reservation = scene.request("pending", "inuse")
    finding = scene.the(2)
    scene.workspace.readonly = True
    with pytest.raises(RefusedError, match="read-only"):
        run_remedy(scene.workspace, finding, "A")
    assert scene.states_of(reservation) == ("pending", "inuse")


def test_of_two_that_put_one_request_back_at_once_one_is_told_of_the_other(scene: Scene):
    reservation = scene.request("pending", "inuse")
    finding = scene.the(2)
    plans = [plan_remedy(scene.workspace, finding, "A").operation for _ in range(2)]
    start = threading.Barrier(2)
    ended: list[ConflictError | None] = []

    def do(operation: Operation) -> None:
        start.wait()
        try:
            operation.steps[0].run(None)  # type: ignore[arg-type]
        except ConflictError as error:
            ended.append(error)
        else:
            ended.append(None)

    threads = [threading.Thread(target=do, args=(one,)) for one in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [one.what for one in ended if one is not None]
    assert told == ["Request 1 is inuse/inuse now, not pending/inuse, and was not changed"]
    assert scene.states_of(reservation) == ("inuse", "inuse")
