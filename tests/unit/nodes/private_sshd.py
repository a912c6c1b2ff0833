"""A private SSH server on the loopback, with keys of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from vcltui.nodes.ssh_target import SshTarget


@dataclass(frozen=True)
class SshServer:
    """A running sshd. `folder` holds its keys, `known_hosts` and log."""

    folder: Path
    port: int
    user: str

    @property
    def identity(self) -> Path:
        return self.folder / "id"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def target(self, **changes: object) -> SshTarget:
        settings: dict[str, object] = {
            "host": "127.0.0.1",
            "user": self.user,
            "port": self.port,
            "identity_file": str(self.identity),
            "known_hosts_file": str(self.known_hosts),
            "options": ("IdentitiesOnly=yes", "IdentityAgent=none"),
        }
        return SshTarget(**{**settings, **changes})  # type: ignore[arg-type]


def make_key(path: Path) -> str:
    """Make a key pair without passphrase; returns its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_suffix(".pub").read_text()


def start_sshd(folder: Path, extra: str = "") -> tuple[SshServer, subprocess.Popen[bytes]]:
    """Start sshd in the foreground with everything it needs in `folder`; wait until it answers."""
    public = make_key(folder / "host")
    (folder / "authorized_keys").write_text(make_key(folder / "id"))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for _attempt in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        (folder / "sshd_config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nPidFile none\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\n"
            "PermitRootLogin prohibit-password\nMaxStartups 100\n"
            # As bash sees it, a shell inside another: it leaves the user's .bashrc alone.
            f"SetEnv SHLVL=1\n{extra}"
        )
        process = run_sshd(folder)
        if _answers(port, process):
            key = " ".join(public.split()[:2])
            (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}\n")
            user = pwd.getpwuid(os.getuid()).pw_name
            return SshServer(folder, port, user), process
    raise AssertionError((folder / "log").read_text())


def run_sshd(folder: Path) -> subprocess.Popen[bytes]:
    """Start sshd on the configuration that start_sshd wrote, without waiting for it."""
    sshd = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/bin:/usr/local/sbin")
    assert sshd is not None
    return subprocess.Popen(
        [sshd, "-D", "-E", str(folder / "log"), "-f", str(folder / "sshd_config")],
        stdin=subprocess.DEVNULL,
    )


def stop_sshd(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except ConnectionError:
            continue
    return False
