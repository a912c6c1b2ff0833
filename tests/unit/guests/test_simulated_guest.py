"""The sandbox's guest on real qcow2 files."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from pathlib import Path

import pytest

from vcltui.errors import CancelledError, GuestError
from vcltui.guests.simulated import SimulatedGuest
from vcltui.models.cancel import CancelToken
from vcltui.models.guest import CurrentImage
from vcltui.nodes.local import LocalNode

CURRENT = CurrentImage("linux-Base-1-v10", {"imagerevision_id": "10", "computer_id": "1"})


class Lab:
    """One simulated computer. `disk` and `running` may be set by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk: Path | None = folder / "vm1 disk,x=y.qcow2"
        self.running = True
        self.guest = self.guest_on(self.disk)

    def guest_on(self, disk: Path | None) -> SimulatedGuest:
        self.disk = disk
        return SimulatedGuest(
            node=LocalNode(),
            disk_path=lambda: None if self.disk is None else str(self.disk),
            is_running=lambda: self.running,
            macs=("52:54:00:AA:BB:01", "52:54:00:aa:bb:02"),
            work_directory=str(self.folder / "work folder"),
            power_off=self._power_off,
        )

    def _power_off(self) -> None:
        self.running = False


def qemu_img(*arguments: object) -> None:
    subprocess.run(["qemu-img", *map(str, arguments)], check=True, capture_output=True)


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path)
    qemu_img("create", "-q", "-f", "qcow2", lab.disk, "1M")
    return lab


def test_a_blank_disk_has_no_files(lab: Lab) -> None:
    assert lab.guest.read_file("notes.txt") is None
    assert lab.guest.read_current_image() is None
    with pytest.raises(GuestError, match=r"no currentimage\.txt"):
        lab.guest.set_tag("vcld_post_load", "now")


@pytest.mark.parametrize(
    "text",
    ["", "x", "grüße\n\r\n\0 \"'\\", "y" * 60_000, "\ud800"],
    ids=["empty", "short", "odd", "long", "surrogate"],
)
def test_files_are_kept(lab: Lab, text: str) -> None:
    lab.guest.write_file("notes.txt", text)
    lab.guest.write_file("../other", "z")
    assert lab.guest.read_file("notes.txt") == text
    assert lab.guest.read_file("../other") == "z"
    assert list((lab.folder / "work folder").iterdir()) == []


def test_a_full_home_is_refused_and_stays_as_it_was(lab: Lab) -> None:
    lab.guest.write_file("notes.txt", "old")
    with pytest.raises(GuestError, match="no room"):
        lab.guest.write_file("big", "x" * 70_000)
    assert lab.guest.read_file("notes.txt") == "old"
    assert lab.guest.read_file("big") is None


def test_the_rest_of_the_disk_is_left_alone(lab: Lab) -> None:
    write = ["qemu-io", "-f", "qcow2", "-c", "write -P 7 65536 983040", str(lab.disk)]
    subprocess.run(write, check=True, capture_output=True)
    lab.guest.write_file("notes.txt", "x")
    read = ["qemu-io", "-f", "qcow2", "-c", "read -P 7 65536 983040", str(lab.disk)]
    shown = subprocess.run(read, check=True, capture_output=True, text=True).stdout
    assert "Pattern verification failed" not in shown
    qemu_img("check", "-f", "qcow2", lab.disk)


def test_an_overlay_keeps_what_the_master_has_and_never_changes_it(lab: Lab) -> None:
    lab.guest.write_current_image(CURRENT)
    lab.guest.write_file("notes.txt", "in the master")
    master, overlay = lab.folder / "linux-Base-1-v1.qcow2", lab.folder / "vm1_1-v1.qcow2"
    assert lab.disk is not None
    lab.disk.rename(master)
    before = checksum(master)
    qemu_img("create", "-q", "-f", "qcow2", "-b", master, "-F", "qcow2", overlay)
    guest = lab.guest_on(overlay)
    assert guest.read_file("notes.txt") == "in the master"
    guest.write_file("notes.txt", "changed")
    assert guest.read_current_image() == CURRENT
    assert checksum(master) == before
    assert lab.guest_on(master).read_file("notes.txt") == "in the master"
    captured = lab.folder / "linux-Base-1-v2.qcow2"
    qemu_img("convert", "-q", "-f", "qcow2", "-O", "qcow2", overlay, captured)
    assert lab.guest_on(captured).read_file("notes.txt") == "changed"


def test_an_internal_snapshot_brings_the_files_back(lab: Lab) -> None:
    lab.guest.write_file("notes.txt", "before")
    qemu_img("snapshot", "-c", "snap1", lab.disk)
    lab.guest.write_file("notes.txt", "after")
    qemu_img("snapshot", "-a", "snap1", lab.disk)
    assert lab.guest.read_file("notes.txt") == "before"


def test_post_load_and_pre_capture(lab: Lab) -> None:
    lab.guest.post_load(CURRENT)
    loaded = lab.guest.read_current_image()
    assert loaded is not None
    assert loaded.post_load_done
    assert (loaded.image_name, loaded.facts) == (CURRENT.image_name, CURRENT.facts)
    lab.guest.set_tag("vcld_tainted", "yes")
    lab.guest.pre_capture(CancelToken())
    assert lab.guest.read_current_image() == CURRENT
    cancelled = CancelToken()
    cancelled.cancel()
    with pytest.raises(CancelledError):
        lab.guest.pre_capture(cancelled)


def test_only_older_domain_xml_goes(lab: Lab) -> None:
    names = ["linux-Base-1-v1.xml", "linux-Base-1-v10.xml", "notes-v1a.xml", "a-v.xml", "v1.xml"]
    for name in names:
        lab.guest.write_file(name, "old")
    lab.guest.save_domain_xml("linux-Base-1-v1", "<domain/>")
    kept = {name: lab.guest.read_file(name) for name in names}
    assert kept == {
        "linux-Base-1-v1.xml": "<domain/>",
        "linux-Base-1-v10.xml": None,
        "notes-v1a.xml": "old",
        "a-v.xml": "old",
        "v1.xml": "old",
    }


def test_it_answers_only_while_it_runs(lab: Lab) -> None:
    cancel = CancelToken()
    lab.guest.wait_for_response(0, cancel)
    assert lab.guest.is_responding()
    assert lab.guest.mac_addresses() == ("52:54:00:aa:bb:01", "52:54:00:aa:bb:02")
    lab.guest.shutdown()
    assert lab.running is False
    assert not lab.guest.is_responding()
    for call in (
        lab.guest.mac_addresses,
        lab.guest.shutdown,
        lab.guest.read_current_image,
        lambda: lab.guest.write_file("x", "y"),
        lambda: lab.guest.wait_for_response(0.2, cancel),
    ):
        with pytest.raises(GuestError, match="no answer"):
            call()
    threading.Timer(0.2, cancel.cancel).start()
    with pytest.raises(CancelledError):
        lab.guest.wait_for_response(600, cancel)


def test_waiting_ends_when_it_comes_up(lab: Lab) -> None:
    lab.running = False

    def power_on() -> None:
        lab.running = True

    threading.Timer(0.2, power_on).start()
    lab.guest.wait_for_response(60, CancelToken())
    assert lab.guest.is_responding()


def test_a_domain_without_a_disk(lab: Lab) -> None:
    guest = lab.guest_on(None)
    assert not guest.is_responding()
    with pytest.raises(GuestError, match="no answer"):
        guest.read_file("x")


def test_a_disk_that_is_missing_or_none(lab: Lab) -> None:
    missing = lab.guest_on(lab.folder / "missing.qcow2")
    with pytest.raises(GuestError, match="can't be read"):
        missing.read_file("x")
    raw = lab.folder / "raw.qcow2"
    raw.write_bytes(b"no qcow2" * 10_000)
    with pytest.raises(GuestError, match="can't be read"):
        lab.guest_on(raw).read_file("x")


@pytest.mark.parametrize(
    "start",
    [
        b"\x55\xaa a boot sector",
        b"vcltui simulated guest 1\n99999999\n{",
        b"vcltui simulated guest 1\n00000002\n[]",
        b"vcltui simulated guest 1\nabc",
        b'vcltui simulated guest 1\n00000012\n{"files": 5}',
    ],
)
def test_a_disk_of_something_else_is_not_written(lab: Lab, start: bytes) -> None:
    raw = lab.folder / "start.raw"
    raw.write_bytes(start.ljust(1 << 20, b"\0"))
    qemu_img("convert", "-q", "-f", "raw", "-O", "qcow2", raw, lab.disk)
    assert lab.disk is not None
    before = checksum(lab.disk)
    with pytest.raises(GuestError, match="something else"):
        lab.guest.write_file("x", "y")
    assert checksum(lab.disk) == before


def test_writers_do_not_lose_each_others_files(lab: Lab) -> None:
    threads = [
        threading.Thread(target=lab.guest.write_file, args=(f"file{number}", str(number)))
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lab.guest.read_file(f"file{number}") for number in range(6)] == list("012345")
