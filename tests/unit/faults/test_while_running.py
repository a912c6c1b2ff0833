"""What breaks while an operation runs leaves nothing half-made, and says what to do next."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.unit.faults.running import At, big_image, children, everything, in_another_user
from tests.unit.provisioning.world import World, checksum, open_world
from vcltui.errors import (
    CancelledError,
    DiskError,
    NodeError,
    OperationFailedError,
    RefusedError,
    VcltuiError,
)
from vcltui.models.domain import PowerState
from vcltui.models.guest import NodeState
from vcltui.provisioning import deletion, load
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_copies import plan_retrieve
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.runtime.journal import writer as journal_writer
from vcltui.runtime.recovery import recover
from vcltui.vcldb.embedded import engine as embedded

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


@pytest.fixture
def image(world: World) -> str:
    return world.add_image("Base System")


@pytest.fixture
def stored(world: World) -> str:
    """An image of some size that is in the repository alone."""
    name = big_image(world)
    for path in (world.home / "datastore").glob(f"{name}.*"):
        path.unlink()
    return name


def retrieve(world: World, image: str, observer: At) -> None:
    context = world.targets(observer).host("kvm-a").context
    execute(context, f"image-{image}", partial(plan_retrieve, image_name=image))


def one_sentence(error: VcltuiError) -> None:
    assert error.what
    assert error.hint
    assert "\n" not in str(error)
    assert "Traceback" not in str(error)


@pytest.mark.usefixtures("slow_copies")
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_qemu_img_is_killed(world: World, stored: str, share: float, number: signal.Signals):
    before = everything(world)

    def kill() -> None:
        for pid in children("qemu-img"):
            os.kill(pid, number)

    with pytest.raises(DiskError) as raised:
        retrieve(world, stored, At(share, kill))
    one_sentence(raised.value)
    assert f"qemu-img on kvm-a was ended by signal {number.value}" in str(raised.value)
    assert everything(world) == {**before, **everything(world, ".xml")}
    assert not world.master(stored).exists()
    retrieve(world, stored, At(2.0, kill))
    assert world.master(stored).exists()


@pytest.mark.usefixtures("slow_copies")
def test_a_program_that_hangs_is_ended_by_a_cancel(world: World, stored: str):
    stopped: list[int] = []

    def hang() -> None:
        for pid in children("qemu-img"):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        world.cancel.cancel()

    began = time.monotonic()
    with pytest.raises(CancelledError):
        retrieve(world, stored, At(0.05, hang))
    assert time.monotonic() - began < 15
    assert stopped
    assert not [pid for pid in stopped if Path(f"/proc/{pid}").exists()]
    assert not world.master(stored).exists()
    assert not list(world.home.rglob(".*.part*"))


@pytest.mark.parametrize("folder", ["datastore", "repository", "vms", "run/kvm-a", "state/journal"])
def test_a_folder_that_may_not_be_written_to(world: World, image: str, folder: str):
    """As a user whom permissions bind, whoever runs the tests."""
    (world.home / "run/kvm-a").mkdir(parents=True, exist_ok=True)
    told = in_another_user(world.home, folder, _load_and_import)
    assert len(told) >= 1
    for words in told:
        assert "Permission denied" in words or "may" in words, words
        assert "Traceback" not in words
    assert not list(world.home.rglob(".*.part*"))


def _load_and_import(home: Path) -> list[str]:
    """What is told of a load and an import; the image is that of the fixture."""
    told: list[str] = []
    world = open_world(home)
    before = everything(world)
    context = world.targets().host("kvm-a").context
    request = ImportRequest((str(world.home / "datastore/linux-BaseSystem-2-v1.qcow2"),), "Mine")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: world.computer("vm1", "linux-BaseSystem-2-v1").load(),
        lambda: execute(context, "import", partial(plan_import, request=request)),
    )
    for attempt in attempts:
        try:
            attempt()
        except VcltuiError as error:
            told.append(str(error))
            assert everything(world) == before, told
        before = everything(world)
    return told


@pytest.mark.parametrize("step", ["reserve-image", "finish-image"])
@pytest.mark.parametrize("fault", ["locked", "gone"])
def test_the_inventory_fails_in_a_capture(
    world: World, image: str, step: str, fault: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "_BUSY_SECONDS", 0.2)
    world.workspace.close()
    world.computer("vm1", image).load()
    before = everything(world)
    broken = Inventory(world)
    breaks = getattr(broken, fault)
    with pytest.raises(VcltuiError) as raised:
        world.computer("vm1", None, At(step, breaks)).capture("Notes")
    one_sentence(raised.value)
    broken.mend()
    found = recover(world.workspace)
    assert [one.left for one in found] == [()] * len(found)
    assert everything(world) == before
    assert world.computer("vm1").power_status() is PowerState.ON
    name = world.computer("vm1").capture("Notes").details["image"]
    world.computer("vm2", name).load()


@pytest.mark.parametrize("fault", ["locked", "gone"])
def test_the_inventory_fails_at_the_end_of_a_load(
    world: World, image: str, fault: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "_BUSY_SECONDS", 0.2)
    world.workspace.close()
    before = everything(world)
    broken = Inventory(world)
    with pytest.raises(VcltuiError) as raised:
        world.computer("vm1", image, At("update-inventory", getattr(broken, fault))).load()
    one_sentence(raised.value)
    broken.mend()
    assert (world.domains(), everything(world)) == (set(), before)
    world.computer("vm1", image).load()
    assert world.computer("vm1").node_status().state is NodeState.READY


class Inventory:
    """The inventory's file, locked by somebody else or gone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._file = world.home / "inventory.sqlite"
        self._other: sqlite3.Connection | None = None

    def locked(self) -> None:
        self._other = sqlite3.connect(self._file, isolation_level=None)
        self._other.execute("BEGIN EXCLUSIVE")

    def gone(self) -> None:
        database = self._world.workspace.database
        assert database is not None
        database.close()
        self._file.rename(self._file.with_suffix(".away"))

    def mend(self) -> None:
        if self._other is not None:
            self._other.rollback()
            self._other.close()
        away = self._file.with_suffix(".away")
        if away.exists():
            away.rename(self._file)


def test_a_full_disk_under_the_journal(world: World, image: str, monkeypatch: pytest.MonkeyPatch):
    """Nothing begins without its record; and what was done is never undone for want of its end."""
    whole, free = journal_writer.write_line, 6

    def write(file: object, event: str, **values: object) -> None:
        nonlocal free
        free -= 1
        if free < 0 and (event != "end" or values["error"] is not None):
            raise OSError(28, "No space left on device")
        whole(file, event, **values)

    files = everything(world)
    monkeypatch.setattr(journal_writer, "write_line", write)
    with pytest.raises(NodeError, match="journal .* can't be written"):
        world.computer("vm1", image).load()
    assert (world.domains(), everything(world)) == (set(), files)
    free = 0
    with pytest.raises(RefusedError, match="nothing was begun"):
        world.computer("vm1", image).load()
    monkeypatch.undo()
    assert world.workspace.journal.unfinished() == []
    free = 100
    monkeypatch.setattr(journal_writer, "write_line", _ends_only_when_cut_short(whole))
    world.computer("vm1", image).load()
    monkeypatch.undo()
    assert world.workspace.journal.unfinished() == []
    assert recover(world.workspace) == []
    assert world.computer("vm1").node_status().state is NodeState.READY


def _ends_only_when_cut_short(whole: Callable[..., None]) -> Callable[..., None]:
    """A disk that became full: the end is written only where the file was cut short before."""

    def write(file, event: str, **values: object) -> None:
        if event == "end" and os.fstat(file.fileno()).st_size > 1200:
            raise OSError(28, "No space left on device")
        whole(file, event, **values)

    return write


def test_an_observer_that_fails_does_not_stop_the_undo(world: World, image: str):
    files = everything(world)

    class Broken(At):
        def undone(self, *_what: object) -> None:
            raise BrokenPipeError

        def ended(self, *_what: object) -> None:
            raise BrokenPipeError

    def fail() -> None:
        raise DiskError("it broke", "Mend it")

    with pytest.raises(DiskError, match="it broke"):
        world.computer("vm1", image, Broken("power-on", fail)).load()
    assert (world.domains(), everything(world)) == (set(), files)
    assert world.workspace.journal.entries()[0].outcome == "failed"


def test_the_clock_jumps(world: World, image: str, monkeypatch: pytest.MonkeyPatch):
    jumps = iter(range(10_000))

    class Jumping(datetime):
        @classmethod
        def now(cls, _tz=None):
            number = next(jumps)
            real = datetime.now(UTC)
            return real + timedelta(days=400 * (1 if number % 2 else -1), seconds=number)

    for module in (journal_writer, deletion, load):
        monkeypatch.setattr(module, "datetime", Jumping)
    master = checksum(world.master(image))
    for _ in range(3):
        world.computer("vm1", image).load()
    assert world.computer("vm1").node_status().state is NodeState.READY
    world.computer("vm1").unload()
    world.computer("vm1", image).load()
    world.computer("vm1").capture("Notes")
    assert checksum(world.master(image)) == master
    assert world.workspace.journal.unfinished() == []
    assert recover(world.workspace) == []
    assert {one.outcome for one in world.workspace.journal.entries()} == {"done"}


def test_what_can_not_be_undone_is_told_and_left_to_the_next_run(world: World, image: str):
    def lose() -> None:
        (world.home / "vms").rename(world.home / "unmounted")
        raise DiskError("it broke", "Mend it")

    with pytest.raises((OperationFailedError, DiskError)) as raised:
        world.computer("vm1", image, At("write-xml", lose)).load()
    one_sentence(raised.value)
    (world.home / "unmounted").rename(world.home / "vms")
    recover(world.workspace)
    assert world.workspace.journal.unfinished() == []
    world.computer("vm1", image).load()
