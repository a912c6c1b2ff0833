"""Actions as jobs on a small real world: what a dry run shows is what is done, or nothing is."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from tests.unit.provisioning.world import World
from tests.unit.runtime.told_jobs import Told
from vcltui.errors import UsageError
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import PowerState
from vcltui.operations import runner
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation, Step
from vcltui.runtime.actions import ACTIONS, BY_ID, Input, Subject
from vcltui.runtime.jobs.models import Job, JobState
from vcltui.runtime.jobs.work import plan, work_for
from vcltui.vcldb import tables
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.lookup import state_id


def test_load_power_snapshots_status_and_unload_as_jobs(world: World, told: Told):
    image = world.add_image("Base System")
    workspace = world.workspace

    def do(action_id: str, subject: Subject, **arguments: str) -> Job:
        work = work_for(workspace, BY_ID[action_id], subject, arguments)
        job = told.jobs.submit(action_id, "kvm-a", "vm1", subject.lock_name, work)
        ended = told.end_of(job.number)
        assert ended.state is JobState.DONE, ended.message
        return ended

    empty = Subject("kvm-a", domain=None, computer="vm1")
    planned = plan(workspace, BY_ID["load"], empty, {"image": image}).operation
    assert world.domains() == set()
    loaded = do("load", empty, image=image)
    assert [step.title for step in loaded.steps] == [step.title for step in planned.steps]
    on = Subject("kvm-a", domain=f"vm1:{image}", computer="vm1", power=PowerState.ON)
    assert world.computer("vm1").node_status().state.value == "READY"
    do("suspend", on)
    do("resume", on)
    do("snapshot_create", on, new_snapshot="one")
    do("snapshot_revert", on, snapshot="one")
    do("snapshot_delete", on, snapshot="one")
    do("power_off", on)
    assert world.computer("vm1").power_status() is PowerState.OFF
    do("power_on", on)
    do("unload", on)
    assert world.domains() == set()
    kinds = [entry.kind for entry in workspace.journal.entries() if entry.target != image]
    assert kinds[0] == "unload"
    assert "load" in kinds


def test_a_load_that_is_cancelled_leaves_nothing(world: World, told: Told):
    image = world.add_image("Base System")
    before = world.files()
    subject = Subject("kvm-a", computer="vm1")
    work = work_for(world.workspace, BY_ID["load"], subject, {"image": image})

    def stopped(observer: Observer, token: CancelToken) -> Operation:
        class Stop(Observer):
            def step_started(self, step: Step) -> None:
                if step.name == "power-on":
                    token.cancel()

        return work(runner.Observers((observer, Stop())), token)

    job = told.jobs.submit("Load", "kvm-a", "vm1", subject.lock_name, stopped)
    ended = told.end_of(job.number)
    assert ended.state is JobState.CANCELLED
    assert world.domains() == set()
    assert world.files() == before
    assert world.workspace.journal.entries()[0].outcome == "cancelled"
    assert any(line.text.startswith("undo: ") for line in ended.log)


def test_what_changes_nothing_is_no_job(world: World):
    views = [action for action in ACTIONS if action.use_case is None]
    for action in views:
        with pytest.raises(UsageError):
            plan(world.workspace, action, Subject("kvm-a", computer="vm1"), {})
    assert views


def test_a_read_only_host_is_left_as_it_is(world: World, told: Told):
    image = world.add_image("Base System")
    before = world.files()
    world.workspace.session("kvm-a").readonly = True
    subject = Subject("kvm-a", computer="vm1")
    work = work_for(world.workspace, BY_ID["load"], subject, {"image": image})
    job = told.jobs.submit("Load", "kvm-a", "vm1", subject.lock_name, work)
    ended = told.end_of(job.number)
    assert ended.state is JobState.FAILED
    assert "read-only" in ended.message
    assert world.files() == before
    assert world.domains() == set()


def test_a_base_capture_that_is_handed_to_vcld_is_watched_by_its_job(world: World, told: Told):
    image = world.add_image("Base System")
    world.computer("vm1", image).load()
    database = world.workspace.inventory()
    with database.write() as connection:
        connection.execute(update(tables.managementnode).values(lastcheckin=now()))
        # A site has several; the capture is this one's.
        connection.execute(
            insert(tables.managementnode).values(
                id=7, hostname="mn0", stateid=2, availablenetworks=""
            )
        )
    subject = Subject("kvm-a", domain=f"vm1:{image}", computer="vm1", power=PowerState.ON)
    arguments = {
        Input.OWNER: "admin", Input.SYSTEM: "vmwarelinux", Input.ARCHITECTURE: "x86_64",
        Input.IMAGE_NAME: "By Hand", Input.SYSPREP: "no", Input.WAY: "vcld",
    }  # fmt: skip
    given = {key.value: text for key, text in arguments.items()}
    work = work_for(world.workspace, BY_ID["capture_base"], subject, given)
    job = told.jobs.submit("Base image", "kvm-a", "vm1", subject.lock_name, work)

    told.until(lambda seen: any("is image/image" in line.text for line in seen.log))
    with database.write() as connection:  # vcld gives up
        failed = state_id(connection, "maintenance")
        connection.execute(update(tables.request).values(stateid=failed))
    ended = told.end_of(job.number)
    assert ended.state is JobState.FAILED
    assert "The capture of request 1 failed" in ended.message
    assert "Request: 1" in [line.text for line in ended.log]
    assert [step.name for step in ended.steps] == ["enter-rows", "watch-vcld"]
