from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import libvirt
import pytest

from vcltui.domxml.edit import with_name, without_uuid_and_macs
from vcltui.domxml.parse import parse_domain
from vcltui.errors import ConflictError, DomainXMLError, HypervisorError, NotFoundError
from vcltui.hypervisor import domains
from vcltui.hypervisor.connection import Connection, connect
from vcltui.hypervisor.domains.listing import bulk_stats, states_one_by_one
from vcltui.models.domain import PowerState


def uuid_of(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012d}"


VM1, VM2, VM10 = uuid_of(1), uuid_of(2), uuid_of(10)

Element = Callable[..., str]
CountCalls = Callable[[], AbstractContextManager[Counter[str]]]
NOWHERE = uuid_of(99)


def test_every_state_has_its_word(conn: Connection) -> None:
    assert [(row.name, row.power, row.id is not None) for row in domains.list_domains(conn)] == [
        ("asleep", PowerState.SUSPENDED, True),
        ("blocked", PowerState.BLOCKED, True),
        ("crashed", PowerState.CRASHED, True),
        ("passing", PowerState.ON, True),
        ("vm1", PowerState.ON, True),
        ("vm10", PowerState.OFF, False),
        ("vm2", PowerState.SUSPENDED, True),
    ]


def test_a_listing_is_one_call(conn: Connection, count_calls: CountCalls) -> None:
    with count_calls() as calls:
        rows = domains.list_domains(conn)
    assert calls == {"virConnectGetAllDomainStats": 1}
    assert {(row.host, row.uuid) for row in rows if row.name.startswith("vm1")} == {
        ("host1", VM1),
        ("host1", VM10),
    }


def test_a_listing_of_many_is_one_call(
    node_uri: Callable[[str], str], domain_element: Element, count_calls: CountCalls
) -> None:
    many = "".join(domain_element(f"vm{n}", uuid_of(n)) for n in range(1, 201))
    connection = connect(node_uri(f"<node>{many}</node>"), host_name="big")
    with count_calls() as calls:
        rows = domains.list_domains(connection)
    connection.close()
    assert (len(rows), calls.total()) == (200, 1)


def test_details(conn: Connection) -> None:
    domains.set_autostart(conn, VM10, True)
    rows = {row.name: row for row in domains.list_domains(conn, details=True)}
    assert (rows["vm10"].autostart, rows["vm1"].autostart) == (True, False)
    assert (rows["passing"].persistent, rows["vm1"].persistent) == (False, True)
    assert (rows["vm10"].vcpus, rows["vm10"].memory_bytes) == (2, 512 * 1024**2)


def test_asking_one_by_one_finds_the_same(conn: Connection) -> None:
    bulk = bulk_stats(conn, libvirt.VIR_DOMAIN_STATS_STATE)
    slow = states_one_by_one(conn)
    states = [
        {domain.name(): stats["state.state"] for domain, stats in found} for found in (bulk, slow)
    ]
    assert states[0] == states[1]
    assert len(states[0]) == 7


@pytest.mark.parametrize(("name", "uuid"), [("vm1", VM1), ("vm10", VM10), ("vm2", VM2)])
def test_find_is_exact(conn: Connection, name: str, uuid: str) -> None:
    found = domains.find_domain(conn, name)
    assert found is not None
    assert (found.uuid, found.name) == (uuid, name)
    assert (found.cpu_time_ns is None) is (found.id is None)
    others = (domains.get_domain(conn, name), domains.find_by_uuid(conn, uuid))
    assert {(other.name, other.uuid, other.id) for other in others if other} == {
        (name, uuid, found.id)
    }
    assert (found.vcpus, found.memory_bytes, found.autostart) == (2, 512 * 1024**2, False)


@pytest.mark.parametrize("name", ["vm", "vm100", "VM1", "v", "-v1", "vm1 ", "", VM1])
def test_what_is_not_there_is_not_found(conn: Connection, name: str) -> None:
    assert domains.find_domain(conn, name) is None
    with pytest.raises(NotFoundError, match="host1"):
        domains.get_domain(conn, name)


def test_get_names_what_is_similar(conn: Connection) -> None:
    with pytest.raises(NotFoundError) as caught:
        domains.get_domain(conn, "vm11")
    assert "vm1" in caught.value.hint
    assert "vm10" in caught.value.hint
    assert "blocked" not in caught.value.hint


@pytest.mark.parametrize(("others", "hint"), [([], "no domains"), (["a"], "vcltui domains")])
def test_get_without_anything_similar(
    node_uri: Callable[[str], str], domain_element: Element, others: list[str], hint: str
) -> None:
    xml = "".join(domain_element(name, uuid_of(7)) for name in others)
    connection = connect(node_uri(f"<node>{xml}</node>"), host_name="host1")
    with pytest.raises(NotFoundError) as caught:
        domains.get_domain(connection, "vm1")
    connection.close()
    assert hint in caught.value.hint


def test_unknown_uuids(conn: Connection) -> None:
    assert domains.find_by_uuid(conn, NOWHERE) is None
    for call in (domains.start, domains.destroy, domains.undefine, domains.domain_xml):
        with pytest.raises(NotFoundError, match=NOWHERE):
            call(conn, NOWHERE)
    with pytest.raises(HypervisorError, match="Invalid UUID"):
        domains.find_by_uuid(conn, "vm1")


def test_domain_xml(conn: Connection) -> None:
    live = parse_domain(domains.domain_xml(conn, VM1))
    assert (live.name, live.disks[0].source) == ("vm1", "/images/vm1.qcow2")
    assert " id=" in domains.domain_xml(conn, VM1)
    assert " id=" not in domains.domain_xml(conn, VM1, inactive=True)


@pytest.mark.parametrize("validate", [True, False])
def test_define(conn: Connection, validate: bool) -> None:
    xml = domains.domain_xml(conn, VM10, inactive=True)
    made = domains.define(conn, without_uuid_and_macs(with_name(xml, "vm100")), validate=validate)
    assert (made.name, made.power, made.persistent) == ("vm100", PowerState.OFF, True)
    assert domains.find_domain(conn, "vm100") == made
    assert made.uuid not in (VM1, VM10)


def test_define_again_changes_the_same_domain(conn: Connection) -> None:
    xml = domains.domain_xml(conn, VM10, inactive=True)
    changed = domains.define(conn, xml.replace(">2</vcpu>", ">4</vcpu>"))
    assert (changed.uuid, changed.vcpus) == (VM10, 4)


def test_define_does_not_take_a_name_over(conn: Connection) -> None:
    xml = domains.domain_xml(conn, VM10, inactive=True)
    with pytest.raises(ConflictError, match="already exists"):
        domains.define(conn, without_uuid_and_macs(xml))
    with pytest.raises(ConflictError, match="already"):
        domains.define(conn, with_name(xml, "vm100"))
    found = domains.find_domain(conn, "vm10")
    assert found is not None
    assert found.uuid == VM10


@pytest.mark.parametrize(
    "xml",
    [
        "<domain",
        "<network><name>a</name></network>",
        "<domain type='test'><name>a</name><memory>1024</memory><os><type>hvm</type></os>"
        "<bogus/></domain>",
    ],
)
def test_define_refuses_nonsense(conn: Connection, xml: str) -> None:
    before = domains.list_domains(conn)
    with pytest.raises(DomainXMLError):
        domains.define(conn, xml)
    assert domains.list_domains(conn) == before


def test_undefine(conn: Connection) -> None:
    domains.undefine(conn, VM10)
    assert domains.find_domain(conn, "vm10") is None
    assert domains.find_domain(conn, "vm1") is not None


@pytest.mark.parametrize("uuid", [VM1, VM2])
def test_undefine_refuses_what_is_on(conn: Connection, uuid: str) -> None:
    with pytest.raises(ConflictError, match="still on"):
        domains.undefine(conn, uuid)
    assert domains.find_by_uuid(conn, uuid) is not None


def test_a_readonly_connection_changes_nothing(
    node_uri: Callable[[str], str], domain_element: Element
) -> None:
    uri = node_uri(f"<node>{domain_element('vm1', VM1)}</node>")
    connection = connect(uri, host_name="host1", readonly=True)
    with pytest.raises(HypervisorError, match="read only") as caught:
        domains.start(connection, VM1)
    assert "read-only" in caught.value.hint
    assert domains.list_domains(connection)[0].power is PowerState.OFF
    connection.close()
