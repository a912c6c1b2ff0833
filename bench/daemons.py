"""Private libvirtd's for benchmarks, each with a folder and a socket of its own.

They are session daemons, so that they share nothing with the machine's own libvirt. As root they
run as `nobody`: a libvirtd of root's would be the machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 20.0
NOBODY = 65534
CPU_OF_PROCESS = 2  # clock_getcpuclockid(3), which Python does not have
FOLDERS = ("run", "config", "cache", "data", "home")

QEMU_XML = """<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid>
<memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>
"""
TEST_XML = """<domain type='test'><name>{name}</name><uuid>{uuid}</uuid>
<memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>
"""


class Daemon:
    """A libvirtd that was started here."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.process = folder, process
        self.socket = folder / "run" / "libvirt-sock"

    @property
    def qemu_uri(self) -> str:
        """Its QEMU driver."""
        return f"qemu+unix:///session?socket={self.socket}"

    @property
    def test_uri(self) -> str:
        """Its test driver, whose one state all of its clients share."""
        return f"test+unix:///default?socket={self.socket}"

    def cpu_with_ours(self) -> float:
        """CPU seconds that it and this process have used."""
        return time.clock_gettime((~self.process.pid << 3) | CPU_OF_PROCESS) + time.process_time()

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"libvirtd does not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it by its id; once is enough."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def daemons(counts: Sequence[int]) -> Iterator[list[Daemon]]:
    """A libvirtd for each of `counts`: so many QEMU domains are defined in it when it starts.

    They are `vm0`, `vm1` ..., shut off; as files, since to define thousands takes long.
    """
    home = Path(tempfile.mkdtemp(prefix="vcltui-bench-"))
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, home, ignore_errors=True)
        home.chmod(0o755)
        started: list[Daemon] = []
        for number, count in enumerate(counts):
            folder = home / str(number)
            _prepare(folder, count)
            started.append(Daemon(folder, _start(folder)))
            undo.callback(started[-1].stop)
        for daemon in started:
            daemon.wait()
        yield started


def _prepare(folder: Path, count: int) -> None:
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, mode=0o700)
    (folder / "libvirtd.conf").write_text(
        f'unix_sock_dir = "{folder / "run"}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n'
        "max_clients = 500\nmax_anonymous_clients = 500\n"
    )
    domains = folder / "config" / "libvirt" / "qemu"
    domains.mkdir(parents=True)
    for number in range(count):
        name = f"vm{number}"
        (domains / f"{name}.xml").write_text(QEMU_XML.format(name=name, uuid=uuid.uuid4()))
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder / "home"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    command = [shutil.which("libvirtd") or "/usr/sbin/libvirtd"]
    command += ["--config", str(folder / "libvirtd.conf"), "--pid-file", str(folder / "pid")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
            **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if not os.geteuid() else {}),
        )
