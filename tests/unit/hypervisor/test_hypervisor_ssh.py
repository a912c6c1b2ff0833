"""Hosts over SSH: a real ssh client speaks to a real sshd that it starts itself."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from vcltui.errors import HostUnreachableError
from vcltui.hypervisor.connection import connect


@dataclass(frozen=True)
class Host:
    """An SSH host named vmhost1, whose files are in `folder`."""

    folder: Path

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def authorized_keys(self) -> Path:
        return self.folder / "authorized_keys"

    def public(self, key: str) -> str:
        return (self.folder / f"{key}.pub").read_text()

    def uri(self, *parameters: str) -> str:
        query = "&".join((f"command={self.folder}/client", *parameters))
        return f"qemu+ssh://{getpass.getuser()}@vmhost1/system?{query}"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    for key in ("host", "other", "id"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / key)], check=True
        )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    made = Host(tmp_path)
    sshd = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/bin:/usr/local/sbin")
    (tmp_path / "sshd_config").write_text(
        f"HostKey {tmp_path}/host\nAuthorizedKeysFile {made.authorized_keys}\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\n"
        "PermitRootLogin prohibit-password\nSetEnv SHLVL=1\n"
    )
    (tmp_path / "ssh_config").write_text(
        f"Host *\nProxyCommand {sshd} -i -E {tmp_path}/log -f {tmp_path}/sshd_config\n"
        f"UserKnownHostsFile {made.known_hosts}\nGlobalKnownHostsFile /dev/null\n"
        f"IdentityFile {tmp_path}/id\nIdentitiesOnly yes\nIdentityAgent none\n"
    )
    client = tmp_path / "client"
    client.write_text(f'#!/bin/sh\nexec ssh -F {tmp_path}/ssh_config "$@"\n')
    client.chmod(0o755)
    made.known_hosts.write_text(f"vmhost1 {made.public('host')}")
    made.authorized_keys.write_text(made.public("id"))
    return made


def refusal(uri: str) -> HostUnreachableError:
    with pytest.raises(HostUnreachableError) as caught:
        connect(uri, host_name="vmhost1")
    assert "\n" not in str(caught.value)
    return caught.value


def test_an_unknown_host_key(host: Host) -> None:
    host.known_hosts.write_text("")
    error = refusal(host.uri())
    assert "SSH host key is not known" in error.what
    assert "compare the key" in error.hint


def test_a_changed_host_key(host: Host) -> None:
    host.known_hosts.write_text(f"vmhost1 {host.public('other')}")
    error = refusal(host.uri())
    assert "SSH host key has changed" in error.what
    assert "ssh-keygen -R" in error.hint


def test_no_key_accepted(host: Host) -> None:
    host.authorized_keys.write_text(host.public("other"))
    error = refusal(host.uri())
    assert "accepted none of your keys" in error.what


@pytest.mark.parametrize("proxy", ["netcat", "native"])
def test_no_daemon_at_the_other_end(host: Host, proxy: str, tmp_path: Path) -> None:
    error = refusal(host.uri(f"proxy={proxy}", f"socket={tmp_path}/none"))
    assert "libvirtd is not running" in error.what
    assert "systemctl start" in error.hint


def test_no_libvirt_at_the_other_end(host: Host) -> None:
    error = refusal(host.uri("proxy=netcat", "netcat=no-such-netcat"))
    assert "libvirt is not installed" in error.what
