"""The SSH command line: nothing in it can be taken for an option or a token."""

from __future__ import annotations

import subprocess

import pytest

from vcltui.errors import UsageError
from vcltui.nodes.ssh_target import SshTarget


def settings_of(target: SshTarget) -> dict[str, str]:
    """What the real ssh makes of a target's options, as `ssh -G` tells."""
    argv = target.client_argv()
    command = [argv[0], "-F", "none", *argv[1:], "-G", "--", target.host]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, str] = {}
    for line in shown.splitlines():
        name, _space, value = line.partition(" ")
        found.setdefault(name, value)
    return found


def test_argv_quotes_the_command_and_guards_the_host() -> None:
    argv = SshTarget("vm1").argv(["ls", "a b", "$(x)"])
    assert argv[0] == "ssh"
    assert argv[-3:] == ["--", "vm1", "ls 'a b' '$(x)'"]


def test_defaults_leave_the_rest_to_ssh_config() -> None:
    argv = SshTarget("vm1").client_argv()
    assert not {"-l", "-p"} & set(argv)
    for word in ("KnownHosts", "IdentityFile", "ProxyJump"):
        assert not any(word in argument for argument in argv)


def test_ssh_understands_every_setting() -> None:
    found = settings_of(
        SshTarget(
            "2001:db8::1",
            user="op",
            port=24,
            identity_file="/keys/%h and more",
            known_hosts_file="/known hosts/%h",
            proxy_jump="op@gate:2222",
            options=("ConnectTimeout=5",),
        )
    )
    assert (found["hostname"], found["user"], found["port"]) == ("2001:db8::1", "op", "24")
    assert found["batchmode"] == "yes"
    assert found["stricthostkeychecking"] == "true"
    assert found["userknownhostsfile"] == "/known hosts/%h"
    assert found["identityfile"] == "/keys/%%h and more", "ssh expands it later"
    assert found["proxyjump"] == "op@gate:2222"
    assert found["connecttimeout"] == "5", "a target's own options win"
    assert found["requesttty"] == "false"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (SshTarget("vm1"), "true"),
        (SshTarget("vm1", host_key_policy="accept-new"), "accept-new"),
        (SshTarget("vm1", no_verify=True), "false"),
        (SshTarget("vm1", no_verify=True, host_key_policy="accept-new"), "false"),
    ],
)
def test_host_key_policy(target: SshTarget, expected: str) -> None:
    assert settings_of(target)["stricthostkeychecking"] == expected


@pytest.mark.parametrize(
    "host",
    [
        "-oProxyCommand=touch pwned",
        "",
        "a b",
        "a;b",
        "$(x)",
        "a\nb",
        "user@host",
        "%h",
        "a/b",
        "`x`",
    ],
)
def test_impossible_hosts(host: str) -> None:
    with pytest.raises(UsageError):
        SshTarget(host)


@pytest.mark.parametrize("user", ["-oProxyCommand=x", "", "a b", "a;b", "a\n", "$(x)", "a'b"])
def test_impossible_users(user: str) -> None:
    with pytest.raises(UsageError):
        SshTarget("vm1", user=user)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_impossible_ports(port: int) -> None:
    with pytest.raises(UsageError):
        SshTarget("vm1", port=port)


@pytest.mark.parametrize("path", ["", 'a"b', "a'b", "a\\b", "a\nb"])
def test_impossible_files(path: str) -> None:
    with pytest.raises(UsageError):
        SshTarget("vm1", identity_file=path)
    with pytest.raises(UsageError):
        SshTarget("vm1", known_hosts_file=path)


@pytest.mark.parametrize(
    "jump", ["-oProxyCommand=x", "", "gate,", "gate,-x", "a b", "$(x)", "a;b", "%h", "u@-x"]
)
def test_impossible_jumps(jump: str) -> None:
    with pytest.raises(UsageError):
        SshTarget("vm1", proxy_jump=jump)


@pytest.mark.parametrize(
    "jump", ["gate", "op@gate", "op@gate:22", "gate1,op@gate2:2222", "[2001:db8::1]:22"]
)
def test_possible_jumps(jump: str) -> None:
    assert settings_of(SshTarget("vm1", proxy_jump=jump))["proxyjump"] == jump


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (SshTarget("vm1"), "vm1"),
        (SshTarget("vm10", user="root", port=24), "root@vm10:24"),
        (SshTarget("2001:db8::1", port=22), "[2001:db8::1]:22"),
    ],
)
def test_shown(target: SshTarget, text: str) -> None:
    assert str(target) == text
