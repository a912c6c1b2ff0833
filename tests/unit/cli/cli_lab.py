"""A small lab of real disks, libvirt test hosts and an inventory, and the command line on it."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from vcltui.cli.main import cli
from vcltui.models.host import VMHost, VMProfile
from vcltui.vcldb.computers import add_computer, get_computer, set_current_image
from vcltui.vcldb.database import open_database
from vcltui.vcldb.hosts import add_vmhost
from vcltui.vcldb.images import get_revision
from vcltui.vcldb.newimages import add_image

V1, V10 = "linux-Base-21-v1", "linux-Base-21-v10"
STORED = "linux-Stored-22-v1"
ESCAPE_NAME = "odd[red]\u2028name"

_NODE = """<node>
  {domains}
  <network><name>private</name><bridge name='vbr1'/>
    <ip address='10.0.0.1' netmask='255.0.0.0'/></network>
  <cpu><mhz>2000</mhz><model>x86_64</model><active>4</active><nodes>1</nodes><sockets>1</sockets>
    <cores>4</cores><threads>1</threads></cpu>
  <memory>8388608</memory>
</node>"""

_CONFIG = """sandbox = true
management_node = "mn"
state_directory = "state"
[inventory]
path = "inventory.sqlite"
[guests]
method = "simulated"
boot_timeout_seconds = 5
[profiles.p1]
datastore = "datastore"
vmpath = "datastore/vms"
repository = "repository"
virtualswitch0 = "private"
[hosts.kvm1]
uri = "test://{home}/kvm1.xml"
profile = "p1"
xml_directory = "run/kvm1"
[profiles.p2]
datastore = "datastore2"
vmpath = "datastore2/vms"
virtualswitch0 = "default"
[hosts.kvm2]
uri = "test:///default"
profile = "p2"
xml_directory = "run/kvm2"
"""


def domain_element(name: str, number: int, disk: Path, state: int = 1) -> str:
    return f"""<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
      <name>{name}</name><uuid>11111111-0000-4000-8000-{number:012d}</uuid>
      <memory>524288</memory><vcpu>2</vcpu><os><type>hvm</type></os>
      <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
      <source file='{disk}'/><target dev='vda'/></disk></devices>
      <test:runstate>{state}</test:runstate></domain>"""


SANDBOX_LINE = "This is a sandbox: its hosts are invented and its guests simulated.\n"


@dataclass(frozen=True)
class Done:
    """What a command left; `err` is without the line that each begins with on a sandbox."""

    code: int
    out: str
    raw_err: str

    @property
    def err(self) -> str:
        return self.raw_err.replace(SANDBOX_LINE, "")

    @property
    def rows(self) -> list[dict[str, Any]]:
        found = json.loads(self.out)
        assert isinstance(found, list)
        return found


class Lab:
    """Two hosts: kvm1 from a file with loaded computers, kvm2 on `test:///default`.

    `kvm2`'s domains live as long as the test. Computers: vm1 and vm10 on kvm1, loaded with the
    revisions 1 and 10 of one image; vm2 and vm20 on kvm2, with nothing; `away` on no host.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.config = home / "config.toml"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "xdg"),
            "XDG_STATE_HOME": str(home / "xdg-state"),
            "VCLTUI_CONFIG": str(self.config),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def disk(self, path: str, size: str = "8M", backing: str | None = None) -> Path:
        whole = self.home / path
        argv = ["qemu-img", "create", "-q", "-f", "qcow2"]
        if backing is not None:
            argv += ["-b", str(self.home / backing), "-F", "qcow2", str(whole)]
        else:
            argv += [str(whole), size]
        subprocess.run(argv, check=True, capture_output=True)
        return whole

    def __call__(self, *arguments: str, stdin: str | None = None) -> Done:
        """Run a command in this process, where kvm2 keeps its domains."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("LIBVIRT_DEFAULT_URI", "NO_COLOR"):
                patch.delenv(name, raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            result: Result = CliRunner().invoke(cli, list(arguments), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "vcltui", *arguments],
            env=self.environment | options.pop("env", {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments: str, **options: Any) -> Done:
        """Run a command as a process of its own."""
        with self.start(*arguments, **options) as process:
            out, err = process.communicate(timeout=60)
        assert "Traceback" not in err + out, err + out
        return Done(process.returncode, out, err)

    def on_terminal(self, *arguments: str, answer: str = "", **extra: str) -> Done:
        """Run a command on a terminal and type `answer`; stdout and stderr come together."""
        controller, terminal = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "vcltui", *arguments],
            env=self.environment | {"TERM": "xterm"} | extra,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        ) as process:
            os.close(terminal)
            os.write(controller, answer.encode())
            shown = _read_all(controller)
            process.wait(timeout=60)
        os.close(controller)
        return Done(process.returncode, shown, shown)

    def mark_images(self) -> dict[str, bytes]:
        """The content of every master image, by its path."""
        return {str(path): path.read_bytes() for path in self.home.glob("datastore*/*.qcow2")}


def _read_all(descriptor: int) -> str:
    data = b""
    while select.select([descriptor], [], [], 60)[0]:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        data += piece
    return data.decode(errors="replace")


def build_template(home: Path) -> None:
    """What all labs begin with: disks, and an inventory that does not tell where it is."""
    lab = Lab(home)
    for folder in ("datastore/vms", "datastore2/vms", "repository", "run/kvm1", "run/kvm2"):
        (home / folder).mkdir(parents=True)
    for store in ("datastore", "datastore2"):
        for name in (V1, V10):
            lab.disk(f"{store}/{name}.qcow2")
    (home / "repository" / STORED).mkdir()
    lab.disk(f"repository/{STORED}/{STORED}.qcow2")
    lab.disk("foreign.qcow2")
    _fill_inventory(home / "inventory.sqlite")


def _fill_inventory(path: Path) -> None:
    database = open_database(path, create=True, management_node="mn")
    for host in ("kvm1", "kvm2"):
        add_vmhost(database, VMHost(host, "test:///default", VMProfile(host, "/configured")))
    for name in (V1, V10):
        add_image(database, name=name, prettyname="Base", os_name="linux", image_type="qcow2")
    add_image(database, name=STORED, prettyname="Stored", os_name="linux", image_type="qcow2")
    for name, vmhost in (
        ("vm1", "kvm1"),
        ("vm10", "kvm1"),
        ("vm2", "kvm2"),
        ("vm20", "kvm2"),
        ("away", None),
    ):
        add_computer(database, hostname=f"{name}.example.org", vmhost=vmhost)
    for name, image in (("vm1", V1), ("vm10", V10)):
        computer = get_computer(database, name)
        set_current_image(database, computer.id, get_revision(database, image))
    database.close()


def copy_template(template: Path, home: Path) -> Lab:
    """A lab in the empty folder `home`."""
    shutil.copytree(template, home, dirs_exist_ok=True)
    lab = Lab(home)
    first = lab.disk("datastore/vms/vm1_21-v1.qcow2", backing=f"datastore/{V1}.qcow2")
    tenth = lab.disk("datastore/vms/vm10_21-v10.qcow2", backing=f"datastore/{V10}.qcow2")
    domains = (
        domain_element(f"vm1:{V1}", 1, first),
        domain_element(f"vm10:{V10}", 10, tenth),
        domain_element(ESCAPE_NAME, 99, home / "foreign.qcow2", state=5),
    )
    (home / "kvm1.xml").write_text(_NODE.format(domains="".join(domains)))
    lab.config.write_text(_CONFIG.format(home=home))
    return lab
