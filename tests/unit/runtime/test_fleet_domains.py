"""The live domains of a host: put together of their parts, and kept where nothing is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.hypervisor.libvirt_calls import count_calls
from tests.unit.runtime.fleet_hosts import PATIENCE_SECONDS, XML, Hosts
from vcltui.errors import HypervisorError
from vcltui.hypervisor import events
from vcltui.models.domain import Domain, PowerState, Traits
from vcltui.runtime.fleet import host as fleet_host
from vcltui.runtime.fleet.domains import LiveDomains
from vcltui.runtime.fleet.host import HostWatcher
from vcltui.runtime.fleet.sheets import Sheet, Sheets
from vcltui.runtime.fleet.slow import SlowFacts
from vcltui.runtime.fleet.starts import Starts

_TRAITS, _SLOW = Traits(frozenset(), frozenset()), SlowFacts()


class Known:
    """Live domains of the sheets of vm1 and vm2, which have two vCPUs each."""

    def __init__(self) -> None:
        self.sheets, self.starts = Sheets(), Starts()
        self.sheets._sheets = {
            f"u{number}": Sheet(vcpus=2, macs=(f"52:54:00:00:00:0{number}",)) for number in (1, 2)
        }
        self.domains = LiveDomains("h", self.sheets, self.starts)
        self.seconds = 100.0

    def look(self, *rows: Domain, traits: Traits = _TRAITS, slow: SlowFacts = _SLOW):
        self.seconds += 2.0
        self.starts.settle(rows, self.starts.take_heard())
        return self.domains.look(rows, self.seconds, traits, slow)


def _row(number: int, cpu: float | None = None, power: PowerState = PowerState.ON) -> Domain:
    used = None if cpu is None else int(cpu * 1e9)
    return Domain("h", f"vm{number}", f"u{number}", 1, power, cpu_time_ns=used)


def test_the_use_of_the_cpus_needs_two_looks_and_is_told_in_whole_percent():
    known = Known()

    def use(cpu: float | None, power: PowerState = PowerState.ON) -> float | None:
        return known.look(_row(1, cpu, power))[0].cpu_percent

    assert use(10.0) is None
    assert use(10.0) == 0.0
    assert use(10.82) == 20.0
    assert use(10.83) == 0.0
    assert use(40.0) == 100.0
    # The counter begins anew with each start.
    assert use(3.0) is None
    assert use(3.4) == 10.0
    assert use(None) is None
    assert use(3.8) is None
    assert use(4.2) == 10.0
    known.domains.forget_use()
    assert use(4.6) is None
    assert use(5.0, PowerState.SUSPENDED) is None


def test_a_domain_that_used_its_cpus_and_does_no_more_is_told_so():
    known, row = Known(), _row(1, 10.0)
    known.look(_row(1, 9.2))
    assert known.look(row)[0].cpu_percent == 20.0
    rows = (row,)
    for _ in range(2):
        known.seconds += 2.0
        found = known.domains.look(rows, known.seconds, _TRAITS, _SLOW)
        assert found[0].cpu_percent == 0.0


def test_the_use_of_the_cpus_alone_is_no_news():
    known = Known()
    known.look(_row(1, 10.0))
    assert known.domains.take_news()
    known.look(_row(1, 10.8))
    assert not known.domains.take_news()
    known.look(_row(1, 10.8, PowerState.SUSPENDED))
    assert known.domains.take_news()
    known.look()
    assert known.domains.take_news()
    assert not known.domains.take_news()


def test_only_a_domain_of_which_something_is_new_is_another_object():
    known = Known()
    one, two = _row(1), _row(2)
    first = known.look(one, two)
    assert known.look(one, two) is first
    assert known.look(replace(one), replace(two)) is first
    second = known.look(one, replace(two, power=PowerState.OFF))
    assert (second[0] is first[0], second[1] is first[1]) == (True, False)
    third = known.look(
        one, replace(two, power=PowerState.OFF), traits=Traits(frozenset({"u1"}), frozenset())
    )
    assert (third[0].persistent, third[1] is second[1]) == (False, True)
    assert known.look(one) == second[:1]


def test_what_the_slow_lane_read_is_told_and_the_use_of_the_cpus_kept():
    known = Known()
    known.look(_row(1, 9.2), _row(2, power=PowerState.OFF))
    before = known.look(_row(1, 10.0), _row(2, power=PowerState.OFF))
    leased = {"52:54:00:00:00:01": "10.0.0.1", "52:54:00:00:00:02": "10.0.0.2"}
    after = known.domains.learn(SlowFacts(addresses=leased))
    # One that is off has no address, whatever is leased still.
    assert [one.address for one in after] == ["10.0.0.1", None]
    assert after[0] == replace(before[0], address="10.0.0.1")
    assert after[1] is before[1]
    assert known.domains.learn(SlowFacts(addresses=leased)) is after


def test_a_start_that_is_known_better_is_told():
    known = Known()
    found = known.look(_row(1))
    assert not found[0].started_exactly
    at = datetime(2026, 1, 1, tzinfo=UTC)
    known.starts._heard = {"u1": at}
    again = known.look(_row(1))
    assert (again[0].started_at, again[0].started_exactly) == (at, True)


@pytest.fixture(params=[4, 40])
def watcher(hosts: Hosts, told: list[str], request: pytest.FixtureRequest) -> Iterator[HostWatcher]:
    """Watches a host with few or many domains, of which half are on, after its first look."""
    handle = hosts.sessions["kvm-a"].connection.handle
    for number in range(request.param):
        domain = handle.defineXML(XML.format(name=f"vm{number}"))
        if number % 2:
            domain.create()
    made = HostWatcher(hosts.known["kvm-a"], hosts.open, told.append)
    made._turn()
    told.clear()
    yield made
    made.stop()


@pytest.fixture
def told() -> list[str]:
    """Whom the watcher told that something is new."""
    return []


def until_heard(watcher: HostWatcher) -> None:
    assert watcher.lane._woken.wait(PATIENCE_SECONDS)


def test_a_look_at_a_host_on_which_nothing_is_new_is_one_call(
    watcher: HostWatcher, told: list[str]
):
    before = watcher.facts
    with count_calls() as calls:
        watcher._turn()
    assert dict(calls) == {"virConnectGetAllDomainStats": 1}
    assert told == []
    after = watcher.facts
    assert after.domains is before.domains
    assert before.answered_at is not None
    assert after.answered_at is not None
    assert after.answered_at > before.answered_at


def test_a_look_with_the_memory_of_the_host_is_two_calls(
    watcher: HostWatcher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fleet_host, "CHECK_SECONDS", 0.0)
    with count_calls() as calls:
        watcher._turn()
    assert dict(calls) == {"virConnectGetAllDomainStats": 1, "virNodeGetFreeMemory": 1}


def test_after_a_start_the_xml_of_that_domain_alone_is_read(
    watcher: HostWatcher, hosts: Hosts, told: list[str]
):
    before = watcher.facts.domains
    hosts.sessions["kvm-a"].connection.handle.lookupByName("vm2").create()
    until_heard(watcher)
    with count_calls() as calls:
        watcher._turn()
    assert dict(calls) == {
        "virConnectGetAllDomainStats": 1,
        "virDomainLookupByUUIDString": 1,
        "virDomainGetXMLDesc": 1,
    }
    assert told == ["kvm-a"]
    others = [new for new, old in zip(watcher.facts.domains, before, strict=True) if new is not old]
    assert [(one.name, one.power, one.started_exactly) for one in others] == [
        ("vm2", PowerState.ON, True)
    ]


def test_a_host_without_events_is_looked_at_in_doubt(hosts: Hosts, monkeypatch: pytest.MonkeyPatch):
    handle = hosts.sessions["kvm-a"].connection.handle
    handle.defineXML(XML.format(name="vm1"))

    def refuses(*_arguments: object) -> None:
        raise HypervisorError("There are no events")

    monkeypatch.setattr(events, "subscribe", refuses)
    watcher = HostWatcher(hosts.known["kvm-a"], hosts.open, lambda _name: None)
    watcher._turn()
    (first,) = watcher.facts.domains
    handle.lookupByName("vm1").undefine()
    handle.defineXML(XML.format(name="vm1"))
    watcher._turn()
    (second,) = watcher.facts.domains
    assert (second.name, second.uuid == first.uuid) == ("vm1", False)
    watcher.stop()
