"""The console in a real terminal: the main job by keys alone, and what others do outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .guestimage import GuestImage
from .servers import LibvirtSystem
from .terminal import Terminal, terminal
from .test_job import FIRST, SECOND, Job, checksum, make_job, remove_domains

pytestmark = pytest.mark.system


@pytest.fixture
def job(vm_folder: Path, guest_image: GuestImage, libvirt_system: LibvirtSystem) -> Iterator[Job]:
    made = make_job(vm_folder, guest_image, libvirt_system.uri)
    try:
        yield made
    finally:
        remove_domains()


def console_on(job: Job) -> list[str]:
    return [sys.executable, "-m", "vcltui", "--config", str(job.line.config)]


def confirm(screen: Terminal, title: str, done: str, seconds: float = 300.0) -> None:
    """Read the plan, agree, and wait for the job's end in the strip."""
    screen.wait(f"{title}", "?")
    screen.wait("y: do it")
    screen.keys("y")
    screen.wait_gone("y: do it")
    screen.wait(done, "done", seconds=seconds)


def virsh(*words: str) -> None:
    subprocess.run(
        ["virsh", "-c", "qemu:///system", *words], check=True, capture_output=True, timeout=60
    )


def test_the_main_job_by_keys_on_the_sandbox(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "vcltui", "demo", "--dir", str(tmp_path / "lab")]
    with terminal(tmp_path, argv) as screen:
        screen.wait("hosts 4/4 up", seconds=120)
        screen.wait("no domain", "vm12")
        screen.keys("/")
        screen.type("vm1 host:kvm-c")
        screen.keys("Enter")
        screen.wait("/vm1 host:kvm-c")
        screen.keys("G")
        screen.wait("computer", "vm12")
        screen.keys("L")
        screen.wait("Load which image onto vm12?")
        screen.type("debian12base-2-v2")
        screen.keys("Enter")
        confirm(screen, "Load linux-Debian12Base-2-v2 onto vm12", "Load linux-Debian12Base")
        screen.wait(" on ", "vm12", "linux-Debian12Base-2-v2")
        screen.keys("5")
        screen.wait("Steps and log")
        screen.wait("Wait until vm12 answers")
        screen.keys("0")
        screen.keys("n")
        screen.wait("Name of the snapshot of vm12")
        screen.type("before")
        screen.keys("Enter")
        confirm(screen, "Create snapshot 'before'", "Create snapshot 'before'")
        screen.wait("before", "current")
        screen.keys("C")
        screen.wait("Name of the image captured from vm12")
        screen.type("By keys")
        screen.wait("linux-Bykeys-<next id>-v1")
        screen.keys("Enter")
        confirm(screen, "Capture vm12 as linux-Bykeys", "Capture vm12")
        screen.wait(" off ", "vm12")
        screen.keys("k")
        screen.wait("computer", "vm11")
        screen.keys("L")
        screen.wait("Load which image onto vm11?")
        screen.type("bykeys")
        screen.keys("Enter")
        confirm(screen, "Load linux-Bykeys", "onto vm11")
        screen.wait(" on ", "vm11", "linux-Bykeys")
        screen.keys("O")
        confirm(screen, "Power off vm11", "Power off vm11")
        screen.wait(" off ", "vm11")
        screen.keys("j")
        screen.wait("computer", "vm12")
        screen.keys("X")
        screen.wait("Delete snapshot: which of vm12?")
        screen.keys("Enter")
        confirm(screen, "Delete snapshot 'before'", "Delete snapshot 'before'")
        screen.wait_gone("before", "current")
        screen.keys("q")
        screen.wait_for(lambda: not screen.is_alive(), "the console's end", 20)


def test_the_main_job_by_keys_on_a_real_host(job: Job) -> None:
    before = checksum(job.master)
    with terminal(job.folder, console_on(job)) as screen:
        screen.wait("hosts 1/1 up")
        screen.wait("no domain", SECOND)
        screen.keys("L")
        screen.wait(f"Load which image onto {FIRST}?")
        screen.keys("Enter")
        screen.wait("y: do it")
        screen.keys("y")
        screen.keys("5")
        screen.wait("running", f"Wait until {FIRST} answers")
        screen.wait(f"Load {job.image} onto {FIRST}", "done", seconds=300)
        screen.keys("0")
        screen.wait(" on ", FIRST, job.image[:20])
        job.ssh(FIRST, "echo kept > change.txt && sync")
        screen.keys("n")
        screen.wait(f"Name of the snapshot of {FIRST}")
        screen.type("before")
        screen.keys("Enter")
        confirm(screen, "Create snapshot 'before'", "Create snapshot 'before'")
        screen.wait("before", "current")
        # libvirt suspends it while its memory is written, and nothing suspended is captured.
        screen.wait(" on ", FIRST, job.image[:20])
        screen.keys("C")
        screen.wait(f"Name of the image captured from {FIRST}")
        screen.type("By keys")
        screen.keys("Enter")
        confirm(screen, f"Capture {FIRST}", f"Capture {FIRST}")
        screen.wait(" off ", FIRST)
        screen.keys("j")
        screen.wait("computer", SECOND)
        screen.keys("L")
        screen.wait(f"Load which image onto {SECOND}?")
        screen.type("bykeys")
        screen.keys("Enter")
        confirm(screen, "Load linux-Bykeys", f"onto {SECOND}")
        assert job.ssh(SECOND, "cat change.txt") == "kept\n"
        screen.keys("O")
        confirm(screen, f"Power off {SECOND}", f"Power off {SECOND}")
        screen.wait(" off ", SECOND)
        screen.keys("k")
        screen.wait("computer", FIRST)
        screen.keys("X")
        screen.wait(f"Delete snapshot: which of {FIRST}?")
        screen.keys("Enter")
        confirm(screen, "Delete snapshot 'before'", "Delete snapshot 'before'")
        screen.wait_gone("before", "current")
        screen.keys("U")
        screen.wait(f"Type {FIRST} to go on")
        screen.type(FIRST)
        screen.keys("Enter")
        screen.wait(f"Unload {FIRST}", "done")
        screen.keys("q")
        screen.wait_for(lambda: not screen.is_alive(), "the console's end", 20)
    assert checksum(job.master) == before
    assert {row["outcome"] for row in job.line.json("jobs")} == {"done"}


_OUTSIDE = """\
<domain type='qemu'><name>vcltui-t1_outside</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>
"""


def test_what_others_do_shows_within_a_second(
    job: Job, libvirt_system: LibvirtSystem, tmp_path: Path
) -> None:
    (tmp_path / "outside.xml").write_text(_OUTSIDE)
    with terminal(job.folder, console_on(job)) as screen:
        screen.wait("hosts 1/1 up")
        virsh("define", str(tmp_path / "outside.xml"))
        assert screen.wait(" off ", FIRST) < 1.0
        virsh("start", "vcltui-t1_outside")
        assert screen.wait(" on ", FIRST) < 1.0
        virsh("suspend", "vcltui-t1_outside")
        assert screen.wait("suspended", FIRST) < 1.0
        virsh("resume", "vcltui-t1_outside")
        assert screen.wait(" on ", FIRST) < 1.0
        virsh("destroy", "vcltui-t1_outside")
        assert screen.wait(" off ", FIRST) < 1.0
        virsh("start", "vcltui-t1_outside")
        screen.wait(" on ", FIRST)
        if libvirt_system.started_here:
            libvirt_system.kill_libvirtd()
            assert screen.wait("kvm1", "unreachable") < 5.0
            libvirt_system.start_libvirtd()
            assert screen.wait("hosts 1/1 up") < 5.0
            assert screen.wait(" on ", FIRST) < 5.0
        virsh("destroy", "vcltui-t1_outside")
        screen.wait(" off ", FIRST)
        virsh("undefine", "vcltui-t1_outside")
        assert screen.wait("no domain", FIRST) < 1.0
        screen.keys("q")
        screen.wait_for(lambda: not screen.is_alive(), "the console's end", 20)
