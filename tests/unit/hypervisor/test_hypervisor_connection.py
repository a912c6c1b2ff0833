from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.hypervisor.hanging_server import HangingServer
from vcltui.errors import ConfigError, HostUnreachableError
from vcltui.hypervisor import connection, domains, networks, stats
from vcltui.hypervisor.connection import Connection, connect, without_prompts
from vcltui.hypervisor.events import subscribe
from vcltui.models.domain import PowerState
from vcltui.models.host import HostInterface, HostStatus, Network


def uuid_of(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012d}"


VM1, VM10 = uuid_of(1), uuid_of(10)


def test_status(conn: Connection) -> None:
    status = conn.status()
    assert status.hostname
    assert (status.cpus, status.memory_bytes) == (4, 8 * 1024**3)
    assert isinstance(status, HostStatus)
    assert status.memory_free_bytes is None or status.memory_free_bytes <= status.memory_bytes


def test_whatever_opening_raises_is_told_at_once() -> None:
    for uri in ("test:///\udcff", "qemu:///\0"):
        with pytest.raises((HostUnreachableError, ConfigError), match="kvm1"):
            connect(uri, host_name="kvm1", timeout_seconds=30)


def test_the_status_is_one_call_after_the_first(
    conn: Connection, count_calls: Callable[[], contextlib.AbstractContextManager[dict[str, int]]]
) -> None:
    first = conn.status()
    with count_calls() as calls:
        again = conn.status()
    # The test driver has no statistics of its memory, which is found out once.
    assert dict(calls) == {"virNodeGetFreeMemory": 1}
    assert again == first


def test_capabilities_are_asked_once(
    conn: Connection, count_calls: Callable[[], contextlib.AbstractContextManager[dict[str, int]]]
) -> None:
    with count_calls() as calls:
        first, second = conn.capabilities(), conn.capabilities()
    assert calls["virConnectGetCapabilities"] == 1
    assert first is second
    assert (first.hypervisor, first.host_arch) == ("TEST", "i686")
    assert first.guest("test") is not None
    assert len(first.libvirt_version.split(".")) == 3


def test_a_closed_connection_says_so(conn: Connection) -> None:
    assert conn.is_alive()
    conn.close()
    conn.close()
    assert not conn.is_alive()
    for call in (conn.status, conn.capabilities, lambda: domains.list_domains(conn)):
        with pytest.raises(HostUnreachableError, match="closed"):
            call()


def test_closing_gives_the_handle_up(conn: Connection) -> None:
    end = subscribe(conn, lambda _event: None)
    handle = weakref.ref(conn.handle)
    conn.close()
    # libvirt's event thread lets go of what it holds for the subscription.
    for _ in range(1000):
        if handle() is None:
            break
        threading.Event().wait(0.01)
    assert handle() is None
    end()


def test_closing_during_calls_is_safe(node_uri: Callable[[str], str], node_xml: str) -> None:
    connection = connect(node_uri(node_xml), host_name="host1")
    started = threading.Barrier(5)

    def work() -> int:
        started.wait()
        done = 0
        with contextlib.suppress(HostUnreachableError):
            while True:
                done += len(domains.list_domains(connection))
        return done

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(work) for _ in range(4)]
        started.wait()
        domains.list_domains(connection)
        connection.close()
        assert all(future.result() % 7 == 0 for future in futures)


def test_two_hosts_have_two_states(node_uri: Callable[[str], str], node_xml: str) -> None:
    uri = node_uri(node_xml)
    first, second = (connect(uri, host_name=name) for name in ("host1", "host10"))
    domains.start(first, VM10)
    states = [domains.power_of(each, VM10) for each in (first, second)]
    for each in (first, second):
        each.close()
    assert states == [PowerState.ON, PowerState.OFF]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("qemu+ssh://h/system", "qemu+ssh://h/system?no_tty=1"),
        (
            "qemu+ssh://root@h:22/system?keyfile=/k",
            "qemu+ssh://root@h:22/system?keyfile=/k&no_tty=1",
        ),
        ("qemu+ssh://h/system?no_tty=0", "qemu+ssh://h/system?no_tty=0"),
        ("qemu:///system", "qemu:///system"),
        ("qemu+tls://h/system", "qemu+tls://h/system"),
        ("test:///default", "test:///default"),
    ],
)
def test_ssh_asks_nothing(uri: str, expected: str) -> None:
    assert without_prompts(uri) == expected


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """A port that is bound, so that nobody else gets it, and not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize(
    ("uri", "reason", "hint"),
    [
        ("qemu+unix:///system?socket={tmp}/none", "libvirtd is not running", "start libvirtd"),
        ("qemu+tcp://127.0.0.1:{port}/system", "refuses the connection", "port"),
        ("qemu+ssh://127.0.0.1:{port}/system", "refuses the connection", "SSH"),
        ("test://{tmp}/none.xml", "no file", "path"),
        ("test://{tmp}/bad.xml", "host1", ""),
    ],
)
def test_what_can_not_be_reached(
    uri: str,
    reason: str,
    hint: str,
    refusing_port: int,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "bad.xml").write_text("<node><domain></node>")
    with pytest.raises(HostUnreachableError) as caught:
        connect(uri.format(tmp=tmp_path, port=refusing_port), host_name="host1")
    assert reason in caught.value.what
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_socket_nobody_listens_on_is_a_daemon_that_died(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(HostUnreachableError, match="libvirtd is not running"):
        connect(f"qemu+unix:///system?socket={path}", host_name="host1")


@pytest.mark.parametrize("uri", ["not a uri", "qemu+pigeon://h/system"])
def test_a_uri_of_no_use_is_a_configuration_fault(uri: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(uri, host_name="host1")
    assert caught.value.exit_code == 2
    assert repr(uri) in caught.value.what


def test_a_host_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(HostUnreachableError, match=r"did not answer in 0\.2 seconds"):
            connect(f"qemu+tcp://127.0.0.1:{port}/system", host_name="host1", timeout_seconds=0.2)


def test_a_host_that_hangs_up_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            server.accept()[0].close()

        hang_up = threading.Thread(target=answer)
        hang_up.start()
        with pytest.raises(HostUnreachableError, match="host1"):
            connect(f"qemu+tcp://127.0.0.1:{port}/system", host_name="host1")
        hang_up.join()


def test_networks(conn: Connection) -> None:
    assert networks.list_networks(conn) == [
        Network("private", active=True, autostart=False, bridge="vbr1"),
        Network("private1", active=True, autostart=False, bridge="vbr10"),
    ]


def test_active_networks_by_name(conn: Connection) -> None:
    assert networks.active_networks(conn) == {"private", "private1"}
    conn.handle.networkLookupByName("private1").destroy()
    assert networks.active_networks(conn) == {"private"}


def test_interfaces(conn: Connection) -> None:
    assert networks.list_interfaces(conn) == [
        HostInterface("eth0", active=True, mac="aa:bb:cc:dd:ee:00"),
        HostInterface("eth1", active=True, mac="aa:bb:cc:dd:ee:01"),
    ]


def test_addresses(conn: Connection) -> None:
    assert domains.dhcp_addresses(conn, ["52:54:00:00:00:01"]) == {}
    addresses = domains.domain_addresses(conn, VM1)
    assert list(addresses) == ["52:54:00:00:00:01"]
    assert all(address.startswith("10.") for address in addresses["52:54:00:00:00:01"])
    assert addresses.items() <= domains.leases_of_domains(conn).items()
    assert domains.domain_addresses(conn, VM10) == {}


def test_survey(conn: Connection) -> None:
    found = stats.Survey(conn).look()
    rows = {row.uuid: row for row in found}
    assert len(rows) == 7
    assert [row.name for row in found] == sorted(row.name for row in found)
    assert (rows[VM1].power, rows[VM10].power) == (PowerState.ON, PowerState.OFF)
    assert (rows[VM1].id is None, rows[VM10].id is None) == (False, True)
    # The test driver tells no CPU time for all at once, and is not asked for it one by one.
    assert {row.cpu_time_ns for row in found} == {None}


@pytest.mark.parametrize("heard_of", [None, frozenset(), frozenset({"vm10", "vm2", "gone"})])
def test_of_a_survey_only_what_is_new_is_another_object(
    conn: Connection, heard_of: frozenset[str] | None
) -> None:
    survey = stats.Survey(conn)
    first = survey.look()
    assert survey.look(heard_of) is first
    domains.start(conn, VM10)
    second = survey.look(heard_of)
    others = [new for new, old in zip(second, first, strict=True) if new is not old]
    assert [(row.name, row.power, row.id is None) for row in others] == [
        ("vm10", PowerState.ON, False)
    ]
    domains.destroy(conn, VM10)
    domains.undefine(conn, VM10)
    third = survey.look(heard_of)
    assert [id(row) for row in third] == [id(row) for row in second if row.uuid != VM10]


@pytest.mark.parametrize("heard_of", [None, frozenset({"vm1", "vm10"})])
def test_a_survey_knows_a_domain_of_which_was_heard_for_another(
    conn: Connection, domain_element: Callable[..., str], heard_of: frozenset[str] | None
) -> None:
    survey = stats.Survey(conn)
    before = {row.name: row for row in survey.look()}
    domains.destroy(conn, VM1)
    domains.start(conn, VM1)
    domains.undefine(conn, VM10)
    conn.handle.defineXML(domain_element("vm10", uuid_of(11)))
    after = {row.name: row for row in survey.look(heard_of)}
    assert (after["vm1"].uuid, after["vm1"].id == before["vm1"].id) == (VM1, False)
    assert after["vm10"].uuid == uuid_of(11)
    assert after["vm2"] is before["vm2"]


def test_a_survey_is_one_call_and_traits_are_two(
    conn: Connection,
    count_calls: Callable[[], contextlib.AbstractContextManager[dict[str, int]]],
) -> None:
    survey = stats.Survey(conn)
    with count_calls() as counted:
        survey.look()
        survey.look(frozenset())
    assert dict(counted) == {"virConnectGetAllDomainStats": 2}
    with count_calls() as counted:
        found = stats.traits(conn)
    assert dict(counted) == {"virConnectListAllDomains": 2}
    assert found.transient == {uuid_of(6)}
    assert found.autostart == frozenset()


def test_attempts_that_hang_are_limited_and_none_is_lost_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_LEFT_ALONE", 2)
    server = HangingServer(tmp_path / "hang.sock")

    def refusal() -> str:
        with pytest.raises(HostUnreachableError) as caught:
            connect(server.uri, host_name="host1", timeout_seconds=0.2)
        return caught.value.what

    assert [refusal() for _ in range(2)] == ["The host host1 did not answer in 0.2 seconds"] * 2
    assert "has let 2 attempts" in refusal()
    server.close()
    for _ in range(1000):
        if "attempts" not in refusal():
            break
        threading.Event().wait(0.01)
    assert "can't be reached" in refusal()
