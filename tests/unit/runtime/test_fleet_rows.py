"""What hosts tell and what the inventory knows, put together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from vcltui.models.domain import PowerState, VCLFacts
from vcltui.models.inventory import Computer
from vcltui.models.reservation import ReservationRow
from vcltui.runtime.fleet.models import (
    DomainView,
    Flag,
    HostState,
    InventoryFacts,
    LiveDomain,
    LiveHost,
)
from vcltui.runtime.fleet.rows import DomainRows, domain_views, natural, owner_of

_NOW = datetime.now()
_FACTS = VCLFacts("img-v10", 1, 2, 10, 0, "vm1", "mn", load_time=_NOW)


def _computers(*names: str) -> dict[str, Computer]:
    return {
        name: Computer(number, f"{name}.example.org", vmhost="h", current_image="img-v1")
        for number, name in enumerate(names)
    }


def _inventory(*computers: Computer, reservations: tuple[ReservationRow, ...] = ()):
    return InventoryFacts(exists=True, read=True, computers=computers, reservations=reservations)


def _reservation(
    number: int, computer: str, state: str = "inuse", begins: timedelta | None = None
) -> ReservationRow:
    start = None if begins is None else _NOW + begins
    return ReservationRow(
        number, number * 10, state, "new", "ada", computer, "img-v1", "h", start, None, None
    )


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("vm1:img-v1", "vm1"),
        ("vm10:img-v1", "vm10"),
        ("vm1_Pretty_2-v1", "vm1"),
        ("vm1", "vm1"),
        ("vm11:img-v1", None),
        ("a_b:img-v1", "a_b"),
        (":img", None),
        ("", None),
    ],
)
def test_a_domain_belongs_to_exactly_the_computer_it_names(domain: str, owner: str | None):
    found = owner_of(domain, _computers("vm1", "vm10", "a", "a_b"))
    assert (found.name if found else None) == owner


def test_names_are_sorted_as_people_count():
    given = ["vm10", "vm2", "vm1", "10", "a-v10", "a-v9"]
    assert sorted(given, key=natural) == ["10", "a-v9", "a-v10", "vm1", "vm2", "vm10"]
    long = "vm" + "1" * 5000
    assert sorted([long, "vm2", "vm007", "vm7", "vm010"], key=natural) == [
        "vm2", "vm007", "vm7", "vm010", long,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("domain", "flags"),
    [
        (LiveDomain("h", "u", "vm1:img-v1", PowerState.ON), ()),
        (LiveDomain("h", "u", "vm10:img-v1", PowerState.ON), (Flag.NO_COMPUTER,)),
        (LiveDomain("other", "u", "vm1:img-v1", PowerState.ON), (Flag.OTHER_HOST,)),
        (LiveDomain("h", "u", "vm1:x", PowerState.ON, facts=_FACTS), (Flag.WRONG_IMAGE,)),
        (LiveDomain("h", "u", "vm1:x", PowerState.ON, persistent=False), (Flag.TRANSIENT,)),
    ],
)
def test_what_is_odd_about_a_domain_is_flagged(domain: LiveDomain, flags: tuple[Flag, ...]):
    host = LiveHost(domain.host, "test:///default", HostState.UP, domains=(domain,))
    known = _inventory(*_computers("vm1").values())
    (view,) = domain_views([host], known)
    assert view.flags == flags
    (view,) = domain_views([host], replace(known, read=False, computers=()))
    assert Flag.NO_COMPUTER not in view.flags


def _view_of(domain: LiveDomain | None, computer: Computer, *reservations: ReservationRow):
    domains = () if domain is None else (domain,)
    host = LiveHost("h", "test:///default", HostState.UP, answered_at=1.0, domains=domains)
    (view,) = domain_views([host], _inventory(computer, reservations=reservations))
    return view


def test_the_inventory_s_address_comes_before_the_leased_one():
    computer = _computers("vm1")["vm1"]
    known = replace(computer, private_ip="10.0.0.1")
    domain = LiveDomain("h", "u", "vm1:img-v1", PowerState.ON, address="192.168.122.9")
    assert _view_of(domain, known).address == "10.0.0.1"
    assert _view_of(domain, computer).address == "192.168.122.9"
    assert _view_of(replace(domain, address=None), computer).address is None
    assert _view_of(None, known).address == "10.0.0.1"
    # The computer is on another host, so its address is not this domain's.
    assert _view_of(domain, replace(known, vmhost="other")).address == "192.168.122.9"


_HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("reservations", "holder"),
    [
        ((), (None, "")),
        ((_reservation(7, "vm10", begins=-_HOUR),), (None, "")),
        ((_reservation(7, "vm1", "reload", -_HOUR),), (7, "reload")),
        ((_reservation(7, "vm1", begins=None),), (7, "inuse")),
        # The next one is booked already.
        (
            (_reservation(8, "vm1", "new", _HOUR), _reservation(7, "vm1", begins=-_HOUR)),
            (7, "inuse"),
        ),
        (
            (_reservation(8, "vm1", "new", 2 * _HOUR), _reservation(9, "vm1", "new", _HOUR)),
            (9, "new"),
        ),
        # The one before is not cleared away yet.
        (
            (_reservation(6, "vm1", "timeout", -2 * _HOUR), _reservation(7, "vm1", begins=-_HOUR)),
            (7, "inuse"),
        ),
        (
            (_reservation(8, "vm1", "complete", -_HOUR), _reservation(7, "vm1", begins=-2 * _HOUR)),
            (7, "inuse"),
        ),
    ],
)
def test_the_reservation_that_holds_a_computer(
    reservations: tuple[ReservationRow, ...], holder: tuple[int | None, str]
):
    computer = _computers("vm1")["vm1"]
    domain = LiveDomain("h", "u", "vm1:img-v1", PowerState.ON)
    for view in (
        _view_of(domain, computer, *reservations),
        _view_of(None, computer, *reservations),
    ):
        assert (view.reservation, view.reservation_state) == holder


def test_many_rows_do_not_cost_a_search_each():
    """With 20 hosts, 4,000 computers and as many reservations; a scan per row takes minutes."""
    computers = tuple(
        Computer(number, f"vm{number}", vmhost=f"h{number % 20}") for number in range(4000)
    )
    hosts = [
        LiveHost(
            f"h{host}",
            "test:///default",
            HostState.UP,
            answered_at=1.0,
            domains=tuple(
                LiveDomain(f"h{host}", str(number), f"vm{number}:img", PowerState.ON)
                for number in range(host, 4000, 40)
            ),
        )
        for host in range(20)
    ]
    reservations = tuple(_reservation(number, f"vm{number}") for number in range(4000))
    known = _inventory(*computers, reservations=reservations)
    began = time.process_time()
    views = domain_views(hosts, known)
    assert time.process_time() - began < 5.0
    assert len(views) == 4000
    assert all(view.reservation is not None for view in views)


# --- what stays the same object ---


def _host(name: str, *domains: LiveDomain, state: HostState = HostState.UP) -> LiveHost:
    return LiveHost(name, "test:///default", state, answered_at=1.0, domains=domains)


def _on(host: str, name: str) -> LiveDomain:
    return LiveDomain(host, f"uuid of {name}", name, PowerState.ON)


def _lab() -> tuple[DomainRows, list[LiveHost], InventoryFacts]:
    computers = (
        Computer(1, "vm1", vmhost="a"), Computer(2, "vm2", vmhost="a"),
        Computer(10, "vm10", vmhost="b"), Computer(11, "vm11", vmhost="b"),
    )  # fmt: skip
    hosts = [_host("a", _on("a", "vm2:x"), _on("a", "vm1:x")), _host("b", _on("b", "vm10:x"))]
    rows, known = DomainRows(), _inventory(*computers)
    assert rows.learn(known, hosts)
    return rows, hosts, known


def _others(before: Sequence[DomainView], after: Sequence[DomainView]) -> list[str]:
    assert [view.key for view in before] == [view.key for view in after]
    return [new.name for old, new in zip(before, after, strict=True) if old is not new]


def test_while_nothing_is_another_the_rows_are_the_same_object():
    rows, hosts, known = _lab()
    views = rows.of(hosts)
    assert [view.owner for view in views] == ["vm1", "vm2", "vm10", "vm11"]
    assert rows.of(list(hosts)) is views
    hosts[0] = replace(hosts[0], answered_at=2.0, reason="")
    assert rows.of(hosts) is views, "when it answered is no part of a row"
    assert not rows.learn(replace(known, read_at=5.0), hosts)
    assert rows.of(hosts) is views


def test_a_domain_that_is_another_is_the_only_other_row():
    rows, hosts, _known = _lab()
    views = rows.of(hosts)
    first, second = hosts[0].domains
    hosts[0] = replace(hosts[0], domains=(first, replace(second, power=PowerState.OFF)))
    after = rows.of(hosts)
    assert _others(views, after) == ["vm1:x"]
    assert rows.of_computer("vm1", hosts) is after[0]
    assert rows.of_host(hosts[0]) == after[:2]


def test_a_computer_that_is_loaded_anew_keeps_its_place():
    rows, hosts, _known = _lab()
    before = rows.of(hosts)
    first, second = hosts[0].domains
    hosts[0] = replace(hosts[0], domains=(first, _on("a", "vm1:other")))
    assert [view.owner for view in rows.of(hosts)] == ["vm1", "vm2", "vm10", "vm11"]
    hosts[0] = replace(hosts[0], domains=(first,))
    after = rows.of(hosts)
    assert [(view.owner, view.domain is None) for view in after[:2]] == [
        ("vm1", True), ("vm2", False),
    ]  # fmt: skip
    assert after[1] is before[1]
    hosts[0] = replace(hosts[0], domains=(first, second))
    assert [view.name for view in rows.of(hosts)[:2]] == ["vm1:x", "vm2:x"]


def test_what_the_inventory_says_anew_makes_the_rows_that_it_is_about():
    rows, hosts, known = _lab()
    before = rows.of(hosts)
    again = tuple(replace(one) for one in known.computers)
    assert not rows.learn(replace(known, computers=again), hosts)
    changed = (*again[:3], replace(again[3], state="failed"))
    assert rows.learn(replace(known, computers=changed), hosts)
    assert _others(before, rows.of(hosts)) == ["vm11"]
    reserved = replace(known, reservations=(_reservation(7, "vm10"),))
    before = rows.of(hosts)
    assert rows.learn(reserved, hosts)
    assert rows.of(hosts)[2].reservation == 7
    assert "vm10:x" in _others(before, rows.of(hosts))


def test_a_host_that_does_not_answer_makes_all_its_rows_old():
    rows, hosts, _known = _lab()
    before = rows.of(hosts)
    hosts[1] = replace(hosts[1], state=HostState.UNREACHABLE)
    after = rows.of(hosts)
    assert _others(before, after) == ["vm10:x", "vm11"]
    assert [view.stale for view in after] == [False, False, True, True]


def test_a_host_that_left_the_list_has_no_rows():
    rows, hosts, _known = _lab()
    rows.of(hosts)
    assert [view.owner for view in rows.of(hosts[:1])] == ["vm1", "vm2"]
    assert rows.of_computer("vm10", hosts[:1]) is None
