from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from vcltui.errors import (
    CancelledError,
    ConflictError,
    HostUnreachableError,
    HypervisorError,
    NotFoundError,
)
from vcltui.hypervisor import domains
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.domains.lifecycle import _disk_errors
from vcltui.hypervisor.events import subscribe
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import PowerState
from vcltui.models.events import EventKind, HostEvent


def uuid_of(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012d}"


VM1, VM2, VM10 = uuid_of(1), uuid_of(2), uuid_of(10)

CRASHED, BLOCKED, ASLEEP, PASSING = (uuid_of(number) for number in (3, 4, 5, 6))


def power(conn: Connection, uuid: str) -> PowerState:
    return domains.power_of(conn, uuid)


@pytest.mark.parametrize("uuid", [VM1, VM10, BLOCKED])
def test_start_is_done_once_and_fine_twice(conn: Connection, uuid: str) -> None:
    for _ in range(2):
        domains.start(conn, uuid)
        assert power(conn, uuid).is_active


def test_start_touches_no_other(conn: Connection) -> None:
    before = {row.uuid: row.id for row in domains.list_domains(conn)}
    domains.start(conn, VM10)
    after = {row.uuid: row.id for row in domains.list_domains(conn)}
    assert {uuid for uuid in before if before[uuid] != after[uuid]} == {VM10}


def test_start_leaves_a_frozen_domain_alone(conn: Connection) -> None:
    domains.start(conn, VM2)
    assert power(conn, VM2) is PowerState.SUSPENDED


def test_start_refuses_a_domain_kept_after_a_crash(conn: Connection) -> None:
    with pytest.raises(ConflictError, match="crashed"):
        domains.start(conn, CRASHED)
    domains.destroy(conn, CRASHED)
    domains.start(conn, CRASHED)
    assert power(conn, CRASHED) is PowerState.ON


@pytest.mark.parametrize("uuid", [VM1, VM2, VM10, CRASHED])
def test_destroy_is_done_once_and_fine_twice(conn: Connection, uuid: str) -> None:
    for _ in range(2):
        domains.destroy(conn, uuid)
        assert power(conn, uuid) is PowerState.OFF


def test_destroy_touches_no_other(conn: Connection) -> None:
    domains.start(conn, VM10)
    domains.destroy(conn, VM1)
    assert (power(conn, VM1), power(conn, VM10)) == (PowerState.OFF, PowerState.ON)


def test_shutdown_and_reboot(conn: Connection) -> None:
    domains.reboot(conn, VM1)
    assert power(conn, VM1) is PowerState.ON
    domains.reset(conn, VM1)
    assert power(conn, VM1) is PowerState.ON
    domains.shutdown(conn, VM1)
    found = domains.find_by_uuid(conn, VM1)
    assert found is not None
    assert (found.power, found.reason) == (PowerState.OFF, "shut down")


@pytest.mark.parametrize(
    "call", [domains.shutdown, domains.reboot, domains.reset, domains.suspend, domains.resume]
)
def test_what_needs_power_refuses_without(
    conn: Connection, call: Callable[[Connection, str], None]
) -> None:
    with pytest.raises(ConflictError, match="vm10 on host1 is not possible: it is off") as caught:
        call(conn, VM10)
    assert caught.value.hint.startswith("It must be")


@pytest.mark.parametrize("call", [domains.shutdown, domains.reboot])
def test_a_frozen_guest_can_not_be_asked(
    conn: Connection, call: Callable[[Connection, str], None]
) -> None:
    with pytest.raises(ConflictError, match="suspended"):
        call(conn, VM2)


def test_suspend_and_resume_are_fine_twice(conn: Connection) -> None:
    for _ in range(2):
        domains.suspend(conn, VM1)
        found = domains.find_by_uuid(conn, VM1)
        assert found is not None
        assert (found.power, found.reason) == (PowerState.SUSPENDED, "by request")
    for _ in range(2):
        domains.resume(conn, VM1)
        assert power(conn, VM1) is PowerState.ON


def test_what_a_driver_can_not_do_is_said(conn: Connection) -> None:
    with pytest.raises(HypervisorError, match="not supported") as caught:
        domains.resume(conn, ASLEEP)
    assert "can't do it" in caught.value.hint


def test_autostart(conn: Connection) -> None:
    for enabled in (True, False):
        domains.set_autostart(conn, VM1, enabled)
        rows = {row.uuid: row.autostart for row in domains.list_domains(conn, details=True)}
        assert (rows[VM1], rows[VM10]) == (enabled, False)


@pytest.mark.parametrize("uuid", [VM1, VM10, VM2])
def test_no_domain_is_frozen_by_an_error(conn: Connection, uuid: str) -> None:
    assert domains.error_reason(conn, uuid) == ""


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ({"vdb": 2, "vda": 1}, "vda: unspecified I/O error, vdb: no space left"),
        ({"vda": 99}, "vda: failed"),
        ({}, "I/O error"),
    ],
)
def test_disk_errors_in_words(errors: dict[str, int], words: str) -> None:
    assert _disk_errors(errors) == words


def test_wait_for_what_is_so_already(conn: Connection) -> None:
    assert domains.wait_for_power(conn, VM10, {PowerState.OFF}, 0.0, CancelToken())


def test_wait_ends_when_the_time_is_up(conn: Connection) -> None:
    assert not domains.wait_for_power(conn, VM1, {PowerState.OFF}, 0.05, CancelToken())


@pytest.mark.parametrize("uuid", [VM1, PASSING])
def test_wait_until_it_stops(conn: Connection, uuid: str) -> None:
    stopper = threading.Timer(0.1, domains.destroy, (conn, uuid))
    stopper.start()
    assert domains.wait_for_power(conn, uuid, {PowerState.OFF}, 30.0, CancelToken())
    stopper.join()
    if uuid == PASSING:
        assert domains.find_by_uuid(conn, uuid) is None


def test_another_domain_does_not_end_the_wait(conn: Connection) -> None:
    domains.start(conn, VM10)
    domains.destroy(conn, VM10)
    assert not domains.wait_for_power(conn, VM1, {PowerState.OFF}, 0.3, CancelToken())


def test_wait_can_be_cancelled(conn: Connection) -> None:
    cancel = CancelToken()
    canceller = threading.Timer(0.05, cancel.cancel)
    canceller.start()
    with pytest.raises(CancelledError):
        domains.wait_for_power(conn, VM1, {PowerState.OFF}, 30.0, cancel)
    canceller.join()


def test_wait_for_nobody(conn: Connection) -> None:
    with pytest.raises(NotFoundError):
        domains.wait_for_power(conn, uuid_of(99), {PowerState.OFF}, 1.0, CancelToken())


class Heard:
    """Collects events and waits for one kind."""

    def __init__(self) -> None:
        self.events: list[HostEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: HostEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: EventKind, uuid: str) -> HostEvent:
        def found() -> HostEvent | None:
            return next((e for e in self.events if (e.kind, e.uuid) == (kind, uuid)), None)

        with self._changed:
            event = self._changed.wait_for(found, timeout=30.0)
        assert event is not None, self.events
        return event


def test_events_tell_a_domains_life(conn: Connection) -> None:
    heard = Heard()
    end = subscribe(conn, heard)
    domains.start(conn, VM10)
    domains.suspend(conn, VM10)
    domains.resume(conn, VM10)
    domains.destroy(conn, VM10)
    domains.undefine(conn, VM10)
    heard.wait_for(EventKind.UNDEFINED, VM10)
    end()
    assert [(event.kind, event.name, event.detail) for event in heard.events] == [
        (EventKind.STARTED, "vm10", "booted"),
        (EventKind.SUSPENDED, "vm10", "by request"),
        (EventKind.RESUMED, "vm10", "by request"),
        (EventKind.STOPPED, "vm10", "powered off"),
        (EventKind.UNDEFINED, "vm10", ""),
    ]


def test_events_end_with_the_subscription(conn: Connection) -> None:
    ended, going = Heard(), Heard()
    end_first = subscribe(conn, ended)
    end = subscribe(conn, going)
    end_first()
    end_first()
    domains.start(conn, VM10)
    going.wait_for(EventKind.STARTED, VM10)
    assert ended.events == []
    end()


def test_a_listener_that_fails_disturbs_nobody(
    conn: Connection, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_event: HostEvent) -> None:
        raise ValueError("listener's fault")

    heard = Heard()
    ends = [subscribe(conn, fail), subscribe(conn, heard)]
    domains.start(conn, VM10)
    heard.wait_for(EventKind.STARTED, VM10)
    for end in ends:
        end()
    assert "A listener failed" in caplog.text
    assert "Traceback" not in capfd.readouterr().err


def test_closing_ends_the_subscriptions(conn: Connection) -> None:
    heard = Heard()
    end = subscribe(conn, heard)
    conn.close()
    end()
    assert heard.events == []
    with pytest.raises(HostUnreachableError, match="closed"):
        subscribe(conn, heard)


def test_one_listener_twice_is_two_subscriptions(conn: Connection) -> None:
    heard = Heard()
    ends = [subscribe(conn, heard), subscribe(conn, heard)]
    ends[0]()
    domains.start(conn, VM10)
    heard.wait_for(EventKind.STARTED, VM10)
    ends[1]()
    assert [event.kind for event in heard.events] == [EventKind.STARTED]
