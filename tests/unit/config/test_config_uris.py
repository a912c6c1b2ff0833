"""Hosts that are only named by a libvirt URI."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcltui.config import host_from_uri, hosts_from_uris
from vcltui.errors import UsageError
from vcltui.models.host import GuestAccess, VMHost
from vcltui.models.names import check_name


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("qemu:///system", "local"),
        ("qemu:///session", "local-session"),
        ("qemu:///system?socket=/run/libvirt-sock", "local"),
        ("xen:///system", "local-xen"),
        ("test:///default", "test"),
        ("test:///srv/lab/vm1.xml", "vm1"),
        ("test:///srv/lab/vm10.xml", "vm10"),
        ("test:///srv/a b", None),
        ("qemu+ssh://root@kvm1/system", "kvm1"),
        ("qemu+ssh://root@kvm10.example.org/system?no_tty=1", "kvm10.example.org"),
        ("qemu+ssh://root@kvm1:2222/system", "kvm1-2222"),
        ("qemu+ssh://kvm1/session", "kvm1-session"),
        ("qemu+tls://[fe80::1]/system", "fe80-1"),
        ("test+tcp://kvm1/default", "kvm1"),
        ("my-alias", "my-alias"),
        ("", None),
        ("--help", None),
        ("qemu:system", None),
        ("qemu+ssh://kvm1:port/system", None),
        ("qemu+ssh://[kvm1/system", None),
        ("qemu:///sys\ntem", None),
        ("q" * 300, None),
    ],
)
def test_a_host_is_named_by_its_uri(uri: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(UsageError, match="is no libvirt URI"):
            host_from_uri(uri)
    else:
        assert host_from_uri(uri) == VMHost(name=name, uri=uri)


def test_hosts_of_one_name_are_numbered_and_one_uri_is_one_host() -> None:
    uris = ["test:///a/x.xml", "test:///b/x.xml", "test:///a/x.xml", "test:///c/x.xml"]
    guests = GuestAccess(user="vcl")
    hosts = hosts_from_uris(uris, guests)
    assert {name: host.uri for name, host in hosts.items()} == {
        "x": uris[0],
        "x-2": uris[1],
        "x-3": uris[3],
    }
    assert all(host.name == name and host.guests == guests for name, host in hosts.items())


@settings(deadline=None)
@given(
    st.tuples(
        st.sampled_from(["qemu:///", "test:///", "qemu+ssh://", "xen+tcp://root@", ""]), st.text()
    ).map("".join)
)
def test_any_text_is_a_host_with_a_safe_name_or_told(uri: str) -> None:
    try:
        host = host_from_uri(uri)
    except UsageError as error:
        assert str(error).isprintable()
    else:
        assert check_name("host", host.name) == host.name
        assert host.uri == uri


def test_the_configuration_is_read_without_the_database_library() -> None:
    code = "import sys, vcltui.config; print({'sqlalchemy', 'libvirt'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
