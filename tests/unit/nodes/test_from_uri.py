"""Which machine a libvirt URI's files are on."""

from __future__ import annotations

import pytest

from vcltui.errors import UsageError
from vcltui.nodes.from_uri import node_for_uri, ssh_target_of
from vcltui.nodes.local import LocalNode
from vcltui.nodes.ssh import SshNode
from vcltui.nodes.ssh_target import SshTarget


@pytest.mark.parametrize(
    "uri",
    [
        "qemu:///system",
        "qemu:///session",
        "test:///default",
        "test:///tmp/a/host.xml",
        "qemu+unix:///system",
        "qemu+unix:///system?socket=/run/libvirt/libvirt-sock",
        "xen:///",
        "qemu+ssh:///system",
    ],
)
def test_no_host_means_this_machine(uri: str) -> None:
    node = node_for_uri(uri, name="vm-host")
    assert isinstance(node, LocalNode)
    assert (node.name, node.is_local) == ("vm-host", True)


def test_a_host_means_ssh() -> None:
    node = node_for_uri("qemu+ssh://root@vmhost1/system", name="vmhost1")
    assert isinstance(node, SshNode)
    assert (node.name, node.is_local) == ("vmhost1", False)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("qemu+ssh://vm1/system", SshTarget("vm1")),
        ("qemu+ssh://vm10/system", SshTarget("vm10")),
        ("qemu+ssh://Root@VM1.Example.org:24/system", SshTarget("VM1.Example.org", "Root", 24)),
        ("qemu+ssh://[2001:db8::1]/system", SshTarget("2001:db8::1")),
        ("qemu+ssh://op@[fe80::1%25eth0]:2222/system", SshTarget("fe80::1%eth0", "op", 2222)),
        ("qemu+ssh://dom%5Cop@vm1/system", SshTarget("vm1", "dom\\op")),
        (
            "qemu+ssh://root@vm1/system?keyfile=/root/.ssh/vcl%20key&no_tty=1",
            SshTarget("vm1", "root", identity_file="/root/.ssh/vcl key"),
        ),
        (
            "qemu+ssh://vm1/system?command=/opt/bin/ssh+x;no_verify=1",
            SshTarget("vm1", ssh_command="/opt/bin/ssh+x", no_verify=True),
        ),
        ("qemu+ssh://vm1/system?no_verify=0&keyfile=", SshTarget("vm1")),
        (
            "qemu+libssh2://vm1/system?known_hosts=/etc/vcl/known_hosts&known_hosts_verify=auto",
            SshTarget("vm1", known_hosts_file="/etc/vcl/known_hosts", host_key_policy="accept-new"),
        ),
        ("qemu+libssh://vm1/system?known_hosts_verify=ignore", SshTarget("vm1", no_verify=True)),
        ("qemu+tls://vm1/system", SshTarget("vm1")),
        ("qemu://vm1/system", SshTarget("vm1")),
        ("qemu+tcp://op@vm1:16509/system", SshTarget("vm1")),
        ("qemu+ext://vm1/system?command=/usr/bin/relay", SshTarget("vm1")),
    ],
)
def test_the_target_of_a_uri(uri: str, expected: SshTarget) -> None:
    assert ssh_target_of(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "system",
        "qemu:/system",
        "://vm1/system",
        "qemu+ssh+x://vm1/system",
        "qemu+ssh://vm1:port/system",
        "qemu+ssh://vm1:99999/system",
        "qemu+ssh://vm1:0/system",
        "qemu+ssh://[2001:db8::1/system",
        "qemu+ssh://-oProxyCommand=touch%20x/system",
        "qemu+ssh://%2DoProxyCommand=x/system",
        "qemu+ssh://-l@vm1/system",
        "qemu+ssh://vm1/system\n",
        "qemu+ssh://vm 1/system",
        "qemu+ssh://vm1%00/system",
        "qemu+ssh://vm1/system?keyfile=/a%00b",
    ],
)
def test_malformed_uris(uri: str) -> None:
    with pytest.raises(UsageError):
        ssh_target_of(uri)
