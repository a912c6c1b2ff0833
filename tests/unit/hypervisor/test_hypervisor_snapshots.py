from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import libvirt
import pytest

from vcltui.errors import ConflictError, DomainXMLError, NotFoundError
from vcltui.hypervisor import domains, snapshots
from vcltui.hypervisor.connection import Connection, connect
from vcltui.models.domain import PowerState, Snapshot


def uuid_of(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012d}"


VM1, VM10 = uuid_of(1), uuid_of(10)

Action = Callable[..., None]


def names(conn: Connection, uuid: str) -> set[str]:
    return {snapshot.name for snapshot in snapshots.list_snapshots(conn, uuid)}


def test_there_are_none_at_first(conn: Connection) -> None:
    assert snapshots.list_snapshots(conn, VM1) == []


@pytest.mark.parametrize(
    "name", ["VCL snapshot", "-v1", "--children", "<&\">'", "é漢", "a b  c", "x" * 200]
)
def test_names_may_be_anything_printable(conn: Connection, name: str) -> None:
    made = snapshots.create_snapshot(conn, VM1, name, "why <&>")
    assert (made.name, made.description, made.state) == (name, "why <&>", "running")
    assert made.is_current
    assert made.creation_time.tzinfo is UTC
    assert snapshots.list_snapshots(conn, VM1) == [made]
    snapshots.delete_snapshot(conn, VM1, name)
    assert snapshots.list_snapshots(conn, VM1) == []


def test_a_circle_of_parents_that_a_host_tells_of_has_an_end(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        snapshots.create_snapshot(conn, VM1, name)
    true = snapshots._parsed
    circle = {"a": "c", "b": "a", "c": "b", "d": "c"}

    def told(snapshot: libvirt.virDomainSnapshot) -> Snapshot | None:
        found = true(snapshot)
        return found and replace(found, parent=circle[found.name])

    monkeypatch.setattr(snapshots, "_parsed", told)
    rows = {each.name: each for each in snapshots.list_snapshots(conn, VM1)}
    assert {name: row.parent for name, row in rows.items()} == {
        "a": None, "b": None, "c": None, "d": "c",
    }  # fmt: skip
    assert rows["c"].children == ("d",)
    assert snapshots.with_descendants(conn, VM1, "c") == ["c", "d"]


def test_the_tree(conn: Connection) -> None:
    snapshots.create_snapshot(conn, VM1, "a")
    snapshots.create_snapshot(conn, VM1, "b")
    snapshots.revert_snapshot(conn, VM1, "a")
    snapshots.create_snapshot(conn, VM1, "c")
    snapshots.create_snapshot(conn, VM1, "d")
    rows = {each.name: each for each in snapshots.list_snapshots(conn, VM1)}
    assert [(rows[name].parent, rows[name].children) for name in "abcd"] == [
        (None, ("b", "c")),
        ("a", ()),
        ("a", ("d",)),
        ("c", ()),
    ]
    assert [name for name in "abcd" if rows[name].is_current] == ["d"]
    listed = [each.name for each in snapshots.list_snapshots(conn, VM1)]
    assert listed[0] == "a"
    assert listed.index("c") < listed.index("d")
    assert snapshots.with_descendants(conn, VM1, "a") == ["a", "b", "c", "d"]
    assert snapshots.with_descendants(conn, VM1, "c") == ["c", "d"]
    assert snapshots.list_snapshots(conn, VM10) == []


def test_snapshots_of_a_host_are_read(
    node_uri: Callable[[str], str], domain_element: Callable[..., str]
) -> None:
    extra = "".join(
        f"""<test:domainsnapshot><name>s{n}</name><state>shutoff</state>
        <creationTime>{time}</creationTime><description>d{n}</description>
        <domain type='test'><name>vm1</name><uuid>{VM1}</uuid><memory>1024</memory>
        <os><type>hvm</type></os></domain><active>{int(n == 1)}</active></test:domainsnapshot>"""
        for n, time in ((1, 1300000000), (10, 1200000000))
    )
    connection = connect(
        node_uri(f"<node>{domain_element('vm1', VM1, extra=extra)}</node>"), host_name="host1"
    )
    rows = snapshots.list_snapshots(connection, VM1)
    connection.close()
    assert [(each.name, each.is_current, each.state, each.description) for each in rows] == [
        ("s10", False, "shutoff", "d10"),
        ("s1", True, "shutoff", "d1"),
    ]
    assert rows[0].creation_time == datetime.fromtimestamp(1200000000, UTC)


def test_a_taken_name_is_a_conflict(conn: Connection) -> None:
    first = snapshots.create_snapshot(conn, VM1, "-v1")
    with pytest.raises(ConflictError, match="-v1 already"):
        snapshots.create_snapshot(conn, VM1, "-v1")
    assert snapshots.list_snapshots(conn, VM1) == [first]
    snapshots.create_snapshot(conn, VM1, "-v10")
    assert names(conn, VM1) == {"-v1", "-v10"}


def test_delete_is_exact(conn: Connection) -> None:
    for name in ("-v10", "-v1", "-v11"):
        snapshots.create_snapshot(conn, VM1, name)
    snapshots.delete_snapshot(conn, VM1, "-v1")
    assert names(conn, VM1) == {"-v10", "-v11"}


def test_parents_come_before_children_of_the_same_second(conn: Connection) -> None:
    for name in "zyx":
        snapshots.create_snapshot(conn, VM1, name)
    assert [each.name for each in snapshots.list_snapshots(conn, VM1)] == ["z", "y", "x"]


def test_delete_joins_what_was_around(conn: Connection) -> None:
    for name in "abc":
        snapshots.create_snapshot(conn, VM1, name)
    snapshots.delete_snapshot(conn, VM1, "b")
    assert snapshots.get_snapshot(conn, VM1, "c").parent == "a"


def test_delete_with_children(conn: Connection) -> None:
    for name in "abc":
        snapshots.create_snapshot(conn, VM1, name)
    snapshots.delete_snapshot(conn, VM1, "b", children=True)
    assert names(conn, VM1) == {"a"}


def test_revert_sets_the_state_back(conn: Connection) -> None:
    snapshots.create_snapshot(conn, VM1, "on")
    domains.destroy(conn, VM1)
    snapshots.create_snapshot(conn, VM1, "off")
    snapshots.revert_snapshot(conn, VM1, "on")
    found = domains.find_by_uuid(conn, VM1)
    assert found is not None
    assert (found.power, found.reason) == (PowerState.ON, "from snapshot")
    snapshots.revert_snapshot(conn, VM1, "off")
    assert domains.power_of(conn, VM1) is PowerState.OFF
    assert domains.power_of(conn, VM10) is PowerState.OFF


@pytest.mark.parametrize(
    "action",
    [
        snapshots.revert_snapshot,
        snapshots.delete_snapshot,
        snapshots.get_snapshot,
        snapshots.with_descendants,
    ],
)
@pytest.mark.parametrize("name", ["-v", "-v1", "v10", "-V10", "", "-v100"])
def test_what_is_not_there_is_not_found(conn: Connection, action: Action, name: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        action(conn, VM1, name)
    assert caught.value.hint == "It has no snapshots at all"
    snapshots.create_snapshot(conn, VM1, "-v10")
    with pytest.raises(NotFoundError) as caught:
        action(conn, VM1, name)
    assert caught.value.hint == "It has '-v10'"
    assert names(conn, VM1) == {"-v10"}


@pytest.mark.parametrize("name", ["", "a\nb", "a\x00", "\x1b[2J"])
def test_a_name_that_can_not_be_one_is_refused(conn: Connection, name: str) -> None:
    with pytest.raises(DomainXMLError):
        snapshots.create_snapshot(conn, VM1, name)
    assert names(conn, VM1) == set()


def test_an_unknown_domain(conn: Connection) -> None:
    for call in (snapshots.list_snapshots, lambda c, u: snapshots.create_snapshot(c, u, "a")):
        with pytest.raises(NotFoundError):
            call(conn, uuid_of(99))


def test_undefine_takes_the_snapshots_along(conn: Connection) -> None:
    snapshots.create_snapshot(conn, VM10, "VCL snapshot")
    domains.undefine(conn, VM10)
    assert domains.find_domain(conn, "vm10") is None
