"""A guest to log in to: a folder that a private SSH server shows as the whole file system.

Only in there may the guests' scripts remove files and power off. In it `sh` is dash, which looks
programs up; the shell of busybox would take busybox's own poweroff.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from private_sshd import SshServer

from vcltui.guests.linux import LinuxGuest
from vcltui.guests.windows import WindowsGuest

APPLETS = ("cat", "mv", "rm", "sync", "sleep", "test")
ENTER = """\
#!/bin/sh
echo "$PPID" >"{root}/sshd.pid"
exec {unshare} env -i HOME=/root PATH=/bin {chroot} "{root}" /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""
POWEROFF = """\
#!/bin/sh
echo "$0 $*" >>/root/powered-off
"""


@dataclass(frozen=True)
class GuestMachine:
    """A computer that runs. `root` is its file system, `home` the home folder in it."""

    server: SshServer
    root: Path
    keys: Path

    @property
    def home(self) -> Path:
        return self.root / "root"

    def linux(self, name: str = "vm1", ports: Sequence[int] = ()) -> LinuxGuest:
        return LinuxGuest(
            self.server.target(),
            name=name,
            known_hosts_directory=self.keys,
            ports=ports or (self.server.port,),
        )

    def windows(self, name: str = "vm1") -> WindowsGuest:
        return WindowsGuest(
            self.server.target(),
            name=name,
            known_hosts_directory=self.keys,
            ports=(self.server.port,),
        )

    def put(self, path: str, text: str = "x\n", mode: int = 0o644) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file


def fill_root(root: Path) -> None:
    """The least a Linux guest has: a shell, busybox and no /proc."""
    for folder in ("bin", "dev", "root", "tmp"):
        (root / folder).mkdir(parents=True)
    shell = shutil.which("dash")
    busybox = shutil.which("busybox")
    assert shell is not None
    assert busybox is not None
    shutil.copy(os.path.realpath(shell), root / "bin/sh")
    libraries = subprocess.run(["ldd", shell], check=True, capture_output=True, text=True).stdout
    for library in re.findall(r"(?:=> |^\s*)(/\S+) \(0x", libraries, re.MULTILINE):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    shutil.copy(busybox, root / "bin/busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    (root / "dev/null").touch()
    poweroff = root / "bin/poweroff"
    poweroff.write_text(POWEROFF)
    poweroff.chmod(0o755)


def enter_script(folder: Path, root: Path) -> Path:
    """What the SSH server runs instead of a login: the command, with `root` as its root."""
    enter = folder / "enter"
    chroot = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
    unshare = "" if os.geteuid() == 0 else "unshare -r"
    enter.write_text(ENTER.format(root=root, unshare=unshare, chroot=chroot))
    enter.chmod(0o755)
    return enter
