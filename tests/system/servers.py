"""The servers the system tests talk to: libvirtd with its `default` network, and a private sshd.

Both listen on this machine only, and only what was started here is stopped here, by process id.
"""

from __future__ import annotations

import fcntl
import getpass
import grp
import os
import pwd
import random
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import libvirt

SYSTEM_URI = "qemu:///system"
NETWORK = "default"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
KVM = Path("/dev/kvm")

# Only for a `default` network that is missing, or whose own addresses this machine already uses.
NETWORK_XML = """\
<network>
  <name>{name}</name>
  {uuid}
  <forward mode='nat'/>
  <bridge name='{bridge}' stp='on' delay='0'/>
  <ip address='192.168.{subnet}.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.{subnet}.2' end='192.168.{subnet}.254'/></dhcp>
  </ip>
</network>
"""
SUBNETS = (122, 123, 133, 144, 155, 166, 177, 188)

# libvirtd for a user other than root: no polkit, and the socket open to the user's group.
LIBVIRTD_CONF = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "{group}"
unix_sock_rw_perms = "0770"
"""

# StrictModes would refuse keys under /tmp, which everybody may write to; the files are private.
SSHD_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 100
"""

SSH_CONFIG = """\
Host *
    User {user}
    IdentityFile "{folder}/id_ed25519"
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile "{folder}/known_hosts"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 10
    LogLevel ERROR
"""


class ServerError(Exception):
    """A server of the test suite does not start or stop; the message ends with what it logged."""


def wait_until(
    condition: Callable[[], bool], seconds: float, what: str, every: float = 0.1
) -> None:
    """Poll `condition` until it holds; after `seconds` raise a ServerError that names `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(f"gave up waiting for {what} after {seconds:.0f} s")
        time.sleep(every)


class _Server:
    """A child process in the foreground, with its output in a file, stopped by its id."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, ready: Callable[[], bool]) -> None:
        def settled() -> bool:
            return self.process.poll() is not None or ready()

        try:
            wait_until(settled, START_SECONDS, self.name)
            if self.process.poll() is not None:
                raise ServerError(
                    f"{self.name} ended at once with status {self.process.returncode}"
                )
        except BaseException as error:
            self.stop()
            if isinstance(error, ServerError):
                raise ServerError(
                    f"{error}: {self.log.read_text(errors='replace')[-2000:].strip()}"
                ) from None
            raise

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        self.signal(signal_number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def signal(self, number: int) -> None:
        """Send a signal to the server, if it still runs."""
        if self.process.poll() is not None:
            return
        if os.geteuid() == 0:
            self.process.send_signal(number)
        else:  # the child is sudo, which cannot pass SIGKILL on; its own child is the server
            for pid in _children(self.process.pid):
                subprocess.run(["sudo", "-n", "kill", f"-{number}", str(pid)], check=False)


@dataclass
class LibvirtSystem:
    """qemu:///system, ready for use; it may belong to these tests or have been there before."""

    folder: Path
    uri: str = SYSTEM_URI
    network: str = NETWORK
    _servers: dict[str, _Server] = field(default_factory=dict, repr=False)

    @property
    def started_here(self) -> bool:
        """True when libvirtd was started by these tests, which may then kill it."""
        return "libvirtd" in self._servers

    def kill_libvirtd(self) -> None:
        """Kill libvirtd as a crash would; domains live on. Raises when it is not ours to kill."""
        self._own_libvirtd().stop(signal.SIGKILL)

    @contextmanager
    def frozen_libvirtd(self) -> Iterator[None]:
        """Freeze libvirtd: it accepts connections and answers nothing. Raises as kill_libvirtd."""
        server = self._own_libvirtd()
        server.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            server.signal(signal.SIGCONT)

    def _own_libvirtd(self) -> _Server:
        if not self.started_here:
            raise ServerError("libvirtd was running before the tests: it is not theirs to kill")
        return self._servers["libvirtd"]

    def start_libvirtd(self) -> None:
        """Start libvirtd (and virtlogd if it does not run) and wait until it answers.

        Right after it answers it still picks up the running domains: a domain destroyed in that
        moment is gone, but libvirt may say that it was not running.
        """
        if "virtlogd" not in self._servers and not _accepts(Path("/run/libvirt/virtlogd-sock")):
            self._start("virtlogd", [], lambda: Path("/run/libvirt/virtlogd-sock").exists())
        options: list[str] = []
        if os.geteuid() != 0:
            config = self.folder / "libvirtd.conf"
            config.write_text(LIBVIRTD_CONF.format(group=grp.getgrgid(os.getegid()).gr_name))
            options = ["--config", str(config)]
        self._start("libvirtd", options, _libvirt_answers)

    def stop(self) -> None:
        """Stop what was started here, libvirtd before virtlogd."""
        for name in ("libvirtd", "virtlogd"):
            server = self._servers.pop(name, None)
            if server:
                server.stop()

    def _start(self, name: str, options: list[str], ready: Callable[[], bool]) -> None:
        server = _Server(name, [*_as_root(), _program(name), *options], self.folder / f"{name}.log")
        server.wait_ready(ready)
        self._servers[name] = server


@contextmanager
def libvirtd(folder: Path) -> Iterator[LibvirtSystem]:
    """Give qemu:///system with an active `default` network, and start whatever of it is missing.

    `folder` holds logs and a lock: test processes that share it take turns, since each may kill the
    daemon that it started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    system = LibvirtSystem(folder)
    with (folder / "libvirtd.lock").open("w") as lock, ExitStack() as undo:
        fcntl.flock(lock, fcntl.LOCK_EX)
        undo.callback(system.stop)
        close_kvm = _open_kvm_to_qemu()
        if close_kvm:
            undo.callback(close_kvm)
        if not _libvirt_answers():
            system.start_libvirtd()
        stop_network = _start_network(system)
        if stop_network:
            undo.callback(stop_network)
        yield system


def _open_kvm_to_qemu() -> Callable[[], None] | None:
    """Open /dev/kvm to QEMU's user, as udev would; return what undoes it, if it was needed.

    Where no udev runs, /dev/kvm stays 0600. libvirt then finds KVM when it probes QEMU (with
    CAP_DAC_OVERRIDE), finds it gone when it checks as libvirt-qemu, throws its cached capabilities
    away, and probes again and again: defining one domain takes a minute.
    """
    try:
        user = pwd.getpwnam("libvirt-qemu")
        before = KVM.stat()
    except (KeyError, FileNotFoundError):
        return None
    groups = os.getgrouplist(user.pw_name, user.pw_gid)
    mode = stat.S_IMODE(before.st_mode)
    if mode & 0o006 == 0o006 or (mode & 0o060 == 0o060 and before.st_gid in groups):
        return None
    chmod = [*_as_root(), "chmod"]
    _run([*chmod, f"{mode | 0o006:o}", str(KVM)])
    return lambda: _run([*chmod, f"{mode:o}", str(KVM)])


def _start_network(system: LibvirtSystem) -> Callable[[], None] | None:
    """Make the `default` network active; return what stops it, if it was started here.

    A network made here is a transient one, and leaves the configuration of this machine as it was.
    """
    with closing(libvirt.open(system.uri)) as connection:
        if NETWORK in connection.listNetworks():
            return None
        if NETWORK not in connection.listDefinedNetworks():
            _create_network(connection, uuid="")
            return lambda: _stop_network(system)
        network = connection.networkLookupByName(NETWORK)
        defined = network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
        try:
            network.create()
        except libvirt.libvirtError:  # its addresses are taken: others are found below
            _create_network(connection, uuid=f"<uuid>{network.UUIDString()}</uuid>")
        return lambda: _stop_network(system, defined)


def _create_network(connection: libvirt.virConnect, uuid: str) -> None:
    problems = []
    for subnet in SUBNETS:
        xml = NETWORK_XML.format(name=NETWORK, uuid=uuid, bridge=f"virbr{subnet}", subnet=subnet)
        try:
            connection.networkCreateXML(xml)
        except libvirt.libvirtError as error:
            problems.append(str(error))
        else:
            return
    raise ServerError(f"the network {NETWORK} cannot be started: {problems[-1]}")


def _stop_network(system: LibvirtSystem, defined: str | None = None) -> None:
    if not _libvirt_answers():  # a test killed libvirtd and did not start it again
        system.start_libvirtd()
    with closing(libvirt.open(system.uri)) as connection:
        if NETWORK in connection.listNetworks():
            connection.networkLookupByName(NETWORK).destroy()
        if defined and NETWORK not in connection.listDefinedNetworks():
            connection.networkDefineXML(defined)


@dataclass
class PrivateSshd:
    """A real sshd on 127.0.0.1 with keys, known_hosts and client configuration of its own."""

    folder: Path
    port: int
    user: str
    _server: _Server | None = field(default=None, repr=False)

    @property
    def wrapper(self) -> Path:
        """A program that takes the place of `ssh` and uses only this server's configuration."""
        return self.folder / "ssh-wrapper"

    @property
    def ssh_config(self) -> Path:
        """The client configuration, for `ssh -F`."""
        return self.folder / "ssh_config"

    @property
    def known_hosts(self) -> Path:
        """The host key that the client expects."""
        return self.folder / "known_hosts"

    @property
    def log(self) -> Path:
        """What sshd logged."""
        return self.folder / "sshd.log"

    def uri(self, path: str = "/system") -> str:
        """The libvirt URI that reaches this machine's qemu driver through this server."""
        command = quote(str(self.wrapper), safe="/")
        return f"qemu+ssh://{self.user}@127.0.0.1:{self.port}{path}?command={command}&no_tty=1"

    def change_host_key(self) -> None:
        """Restart with another host key, so that known_hosts no longer agrees."""
        self.stop()
        self._make_host_key()
        self.start()

    def trust_host_key(self) -> None:
        """Write the present host key into known_hosts."""
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def start(self) -> None:
        """Start sshd, unless it runs, on the same port as ever and wait until it answers."""
        if self._server is not None:
            return
        # A session that had only begun holds it for a moment longer than its server.
        wait_until(lambda: _is_free(self.port), STOP_SECONDS, f"port {self.port}")
        command = [
            *_as_root(),
            _program("sshd"),
            "-D",
            "-e",
            "-f",
            str(self.folder / "sshd_config"),
        ]
        self._server = _Server("sshd", command, self.log)
        self._server.wait_ready(lambda: _greets(self.port))

    def stop(self) -> None:
        """Stop sshd and end every session that it serves."""
        if not self._server:
            return
        server, self._server = self._server, None
        pids = [server.process.pid] if os.geteuid() == 0 else _children(server.process.pid)
        sessions = [session for pid in pids for session in _children(pid)]
        server.stop()
        for session in sessions:
            subprocess.run([*_as_root(), "kill", str(session)], check=False, capture_output=True)

    def _make_host_key(self) -> None:
        _make_key(self.folder / "host_key")


@contextmanager
def private_sshd(folder: Path, more: str = "") -> Iterator[PrivateSshd]:
    """Run an sshd with everything it needs in `folder`, an empty one such as tmp_path.

    `more` are lines of its configuration besides.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _run([*_as_root(), "mkdir", "-p", "-m", "0755", "/run/sshd"])
    # Only root may run sessions as root; sshd started through sudo is root as well.
    server = PrivateSshd(folder, _free_port(), getpass.getuser() if os.geteuid() else "root")
    server._make_host_key()
    _make_key(folder / "id_ed25519")
    _private(folder / "authorized_keys", (folder / "id_ed25519.pub").read_text())
    _private(folder / "sshd_config", SSHD_CONFIG.format(port=server.port, folder=folder) + more)
    _private(server.ssh_config, SSH_CONFIG.format(user=server.user, folder=folder))
    _private(
        server.wrapper,
        f'#!/bin/sh\nexec ssh -F {shlex.quote(str(server.ssh_config))} "$@"\n',
        0o700,
    )
    server.trust_host_key()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _make_key(path: Path) -> None:
    path.unlink(missing_ok=True)
    _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "vcltui-tests", "-f", str(path)])


def _private(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def _free_port() -> int:
    """A port below those that Linux hands out, so that a stopped server finds it free again."""
    candidates = range(20000, 32000)
    for port in random.sample(candidates, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerError(f"no free port between {candidates.start} and {candidates.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
            return client.recv(4) == b"SSH-"
    except OSError:
        return False


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except PermissionError:
            return True
        except OSError:
            return False
    return True


def _libvirt_answers() -> bool:
    if not any(
        _accepts(Path("/run/libvirt") / name) for name in ("libvirt-sock", "virtqemud-sock")
    ):
        return False
    try:
        libvirt.open(SYSTEM_URI).close()
    except libvirt.libvirtError:
        return False
    return True


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except FileNotFoundError:
        return []


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if not found:
        raise ServerError(f"{name} is not installed; install what tests/system/packages.txt lists")
    return found


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise ServerError(
            f"{command[0]} is not installed; install what tests/system/packages.txt lists"
        ) from error
    if done.returncode != 0:
        raise ServerError(f"{' '.join(command)} failed: {done.stderr.strip()}")
