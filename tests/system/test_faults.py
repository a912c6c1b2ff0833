"""Real faults under a real host: file systems that are full or closed, libvirtd and sshd killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.unit.faults.running import BIG_BYTES, At, big_image, children, everything, slowed_copies
from tests.unit.provisioning.world import World, checksum, open_world
from tests.unit.tui.driving import console, plain_environment
from vcltui.errors import VcltuiError
from vcltui.hypervisor import domains
from vcltui.hypervisor.connection import Connection
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import PowerState
from vcltui.models.host import VMHost
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_copies import plan_copy_to_repository, plan_retrieve
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.provisioning.session import HostSession
from vcltui.provisioning.snapshotting import plan_create
from vcltui.runtime.jobs.models import JobState
from vcltui.runtime.recovery import recover
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.vcldb import images

from .guestimage import GuestImage
from .real_world import bring_image, fill, names, real_world, remove_domains, tmpfs
from .servers import LibvirtSystem, PrivateSshd, wait_until
from .test_job import FIRST, Job, make_job
from .test_job import remove_domains as remove_job_domains

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system"),
]

MIB = 1 << 20


@pytest.fixture
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world of the test driver, of which a folder is a file system with room for two images."""
    folder = tmp_path / getattr(request, "param", "datastore")
    folder.mkdir()
    with tmpfs(folder, 2 * BIG_BYTES // MIB + 80):
        world = open_world(tmp_path)
        yield world
        world.workspace.close()


BIG = "Big System"
Run = Callable[[World, Observer], object]


def image_operation(world: World, observer: Observer, plan: Callable[..., Operation]) -> None:
    context = world.targets(observer).host(world.host_name).context
    execute(context, "image-test", plan)


def powers(world: World) -> dict[str, PowerState]:
    return {name: domain.power for name, domain in world.host().get_domain_info().items()}


def retrieve(world: World, image: str) -> Run:
    for path in (world.home / "datastore").glob(f"{image}.*"):
        path.unlink()
    return partial(image_operation, plan=partial(plan_retrieve, image_name=image))


def import_another(world: World, image: str) -> Run:
    disk = shutil.copyfile(world.master(image), world.home / "another.qcow2")
    request = ImportRequest((str(disk),), "Another System")
    return partial(image_operation, plan=partial(plan_import, request=request))


def capture(world: World, image: str) -> Run:
    world.computer("vm1", image).load()
    return lambda world, observer: world.computer("vm1", None, observer).capture("Notes")


def copy_to_repository(world: World, image: str) -> Run:
    shutil.rmtree(world.home / "repository" / image)
    return partial(image_operation, plan=partial(plan_copy_to_repository, image_name=image))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize(
    ("prepare", "small"),
    [
        (retrieve, "datastore"),
        (import_another, "datastore"),
        (import_another, "repository"),
        (capture, "datastore"),
        (capture, "repository"),
        (copy_to_repository, "repository"),
    ],
    indirect=["small"],
)
def test_the_disk_becomes_full(
    small: World, request: pytest.FixtureRequest, prepare: Callable[[World, str], Run], share: float
):
    full = request.node.callspec.params["small"]
    step = "copy-to-master" if full == "datastore" else "copy-to-repository"
    folder = small.home / full
    run = prepare(small, big_image(small, BIG))
    files, rows = everything(small), images.list_revisions(small.workspace.inventory())
    power = powers(small)

    def become_full() -> None:
        """While the copy is held, leave room for its share and no more."""
        held = children("qemu-img")
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        written = sum(path.stat().st_blocks * 512 for path in folder.rglob(".*.part"))
        fill(folder, leave=max(int(share * BIG_BYTES) - written, 0))
        for pid in held:
            os.kill(pid, signal.SIGCONT)

    fault = At(step if share == 0.0 else 0.02, become_full, copying=step)
    with (
        slowed_copies(small.home, mib_per_second=256),  # so that its first share is heard in time
        pytest.raises(VcltuiError, match=r"no space is left|are free") as raised,
    ):
        run(small, fault)
    assert fault.done
    assert raised.value.hint
    (folder / "filler").unlink()
    assert not list(small.home.rglob(".*.part*"))
    left = everything(small)
    kept = set(left) - set(files)  # an XML beside which the master was to be retrieved
    assert all(name.endswith(".xml") and prepare is retrieve for name in kept), kept
    assert files == {name: left[name] for name in files}
    assert images.list_revisions(small.workspace.inventory()) == rows
    assert powers(small) == power
    assert small.workspace.journal.unfinished() == []
    run(small, Observer())
    assert small.workspace.journal.unfinished() == []
    assert set(files) < set(everything(small))


def test_the_datastore_is_read_only(small: World):
    image = small.add_image("Base System")
    small.computer("vm1", image).load()
    datastore = small.home / "datastore"
    before = everything(small)
    subprocess.run(["mount", "-o", "remount,ro", datastore], check=True)
    try:
        for attempt in (
            lambda: small.computer("vm1").capture("Notes"),
            lambda: small.add_image("New System"),
            lambda: small.computer("vm2", image).load(),
        ):
            with pytest.raises(VcltuiError, match="Read-only file system") as raised:
                attempt()
            assert raised.value.hint
        assert everything(small) == before
        assert small.computer("vm1").power_status() is PowerState.ON
    finally:
        subprocess.run(["mount", "-o", "remount,rw", datastore], check=True)
    (small.home / "incoming.qcow2").unlink()
    assert not any(one.left for one in recover(small.workspace))
    small.computer("vm2", image).load()
    small.computer("vm1").capture("Notes")


@pytest.fixture
def real(vm_folder: Path, libvirt_system: LibvirtSystem) -> Iterator[World]:
    """A world on qemu:///system, whose guests hold a disk and run nothing."""
    made = real_world(vm_folder, libvirt_system.uri)
    yield made
    made.workspace.close()
    remove_domains(libvirt_system)


@pytest.mark.parametrize("step", ["define-domain", "power-on", "wait-for-guest"])
def test_libvirtd_is_killed_in_a_load(real: World, libvirt_system: LibvirtSystem, step: str):
    image = bring_image(real)
    master = checksum(real.master(image))
    with pytest.raises(VcltuiError) as raised:
        real.computer("vcltui-f1", image, At(step, libvirt_system.kill_libvirtd)).load()
    assert raised.value.hint
    libvirt_system.start_libvirtd()
    found = recover(real.workspace)
    assert [one.left for one in found] == [()] * len(found)
    assert names(libvirt_system) == set()
    assert list((real.home / "vms").iterdir()) == []
    assert checksum(real.master(image)) == master
    assert real.workspace.journal.unfinished() == []


def define_by_hand(real: World, image: str) -> str:
    """A domain of the computer with a disk of its own, running nothing; returns its UUID."""
    disk = real.home / "vms" / "vcltui-f1_1-v1.qcow2"
    make = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", real.master(image), "-F", "qcow2"]
    subprocess.run([*make, disk], check=True)
    xml = f"""<domain type='qemu'><name>vcltui-f1:{image}</name><memory unit='MiB'>64</memory>
      <os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
      <disk type='file' device='disk'><driver name='qemu' type='qcow2' error_policy='stop'/>
      <source file='{disk}'/><target dev='vda' bus='virtio'/></disk></devices></domain>"""
    connection = real.workspace.session("kvm1").connection
    uuid = domains.define(connection, xml).uuid
    domains.start(connection, uuid)
    return uuid


def test_libvirtd_is_killed_in_a_snapshot(real: World, libvirt_system: LibvirtSystem):
    image = bring_image(real)
    uuid = define_by_hand(real, image)
    module = real.computer("vcltui-f1", image)
    domain = domains.get_domain(module.context.session.connection, f"vcltui-f1:{image}")
    observer = At("snapshot-create", libvirt_system.kill_libvirtd)
    context = real.computer("vcltui-f1", image, observer).context
    with pytest.raises(VcltuiError):
        execute(context, "computer-vcltui-f1", lambda c: plan_create(c, domain, "first"))
    libvirt_system.start_libvirtd()
    connection = real.workspace.session("kvm1").connection
    assert domains.power_of(connection, uuid) is PowerState.ON  # the guest never noticed
    real.computer("vcltui-f1", image).create_snapshot(domain.name, "second")
    assert set(real.computer("vcltui-f1", image).get_snapshot_info(domain.name)) == {"second"}


def test_libvirtd_is_killed_in_a_deletion(real: World, libvirt_system: LibvirtSystem):
    image = bring_image(real)
    define_by_hand(real, image)
    observer = At("delete-domain", libvirt_system.kill_libvirtd)
    with pytest.raises(VcltuiError):
        real.computer("vcltui-f1", image, observer).unload()
    libvirt_system.start_libvirtd()
    assert names(libvirt_system)
    assert list((real.home / "vms").iterdir())
    real.computer("vcltui-f1", image).unload()
    assert names(libvirt_system) == set()
    assert list((real.home / "vms").iterdir()) == []
    assert real.master(image).exists()


async def test_the_console_answers_to_keys_while_libvirtd_hangs_under_a_job(
    real: World, libvirt_system: LibvirtSystem, monkeypatch: pytest.MonkeyPatch
):
    plain_environment(monkeypatch)
    uuid = define_by_hand(real, bring_image(real))
    async with console(real.workspace) as driver:
        await driver.at("domains", real.first)
        await driver.press("O")
        await driver.shows(Confirm)
        with libvirt_system.frozen_libvirtd():
            await driver.press("y")
            await driver.back()
            await driver.answers_to_keys()
            (host,) = [one.name for one in driver.app.fleet.hosts()]

            def told() -> str:
                found = driver.app.fleet.host(host)
                return found.reason if found is not None else ""

            await driver.until(lambda: "has not answered for" in told(), "the hang told")
            await driver.answers_to_keys()
            assert driver.app.jobs.get(1).state is JobState.RUNNING
        await driver.ended(1)
    assert domains.power_of(real.workspace.session(host).connection, uuid) is PowerState.OFF


@pytest.mark.parametrize("step", ["copy-on-write", "define-domain", "wait-for-guest"])
def test_the_ssh_connection_is_cut(
    vm_folder: Path, libvirt_system: LibvirtSystem, sshd: PrivateSshd, step: str
):
    real = real_world(vm_folder, sshd.uri())
    try:
        image = bring_image(real)
        master = checksum(real.master(image))
        with pytest.raises(VcltuiError) as raised:
            real.computer("vcltui-f1", image, At(step, sshd.stop)).load()
        assert raised.value.hint
        sshd.start()
        found = recover(real.workspace)
        assert [one.left for one in found] == [()] * len(found)
        assert names(libvirt_system) == set()
        assert list((real.home / "vms").iterdir()) == []
        assert checksum(real.master(image)) == master
    finally:
        real.workspace.close()
        remove_domains(libvirt_system)


def test_a_domain_that_runs_out_of_space(
    vm_folder: Path, guest_image: GuestImage, libvirt_system: LibvirtSystem
):
    """Its guest is held, nothing it wrote is lost, and with room again it goes on."""
    job = make_job(vm_folder, guest_image, libvirt_system.uri)
    with tmpfs(vm_folder / "vms", 64):
        try:
            job.line.run("load", FIRST, job.image)
            filler = fill(vm_folder / "vms", leave=4 * MIB)
            job.ssh(FIRST, "(dd if=/dev/urandom of=big bs=1M count=20; sync) >/dev/null 2>&1 &")
            with Connected(libvirt_system, job.domain(FIRST)) as (connection, uuid):
                held = {PowerState.SUSPENDED}
                assert domains.wait_for_power(connection, uuid, held, 90, CancelToken())
                assert "no space left" in domains.error_reason(connection, uuid)
                (row,) = [one for one in job.line.json("domains") if FIRST + ":" in one["name"]]
                assert row["power"] == "suspended"
                (full,) = frozen_domains(job)
                assert full["severity"] == "critical"
                assert "no space left" in str(full["evidence"])
                error = job.line.run("capture", FIRST, "--name", "Notes", status=1)
                assert "is suspended" in error
                filler.unlink()
                domains.resume(connection, uuid)
                assert frozen_domains(job) == []
                wait_until(lambda: "20971520" in job.ssh(FIRST, "wc -c big || true"), 90, "dd", 1)
            assert job.line.run("status", FIRST).startswith("READY")
        finally:
            remove_job_domains()


def frozen_domains(job: Job) -> list[dict[str, Any]]:
    """What the doctor says of domains that were frozen for want of room."""
    found = (one for one in job.line.json("doctor") if one["rule"] == "storage-full")
    return [one for one in found if "frozen by I/O errors" in one["summary"]]


class Connected:
    """A connection, and the UUID of a domain."""

    def __init__(self, system: LibvirtSystem, name: str) -> None:
        self._session = HostSession(VMHost("here", system.uri))
        self._name = name

    def __enter__(self) -> tuple[Connection, str]:
        connection = self._session.connection
        return connection, domains.get_domain(connection, self._name).uuid

    def __exit__(self, *_exc: object) -> None:
        self._session.close()
