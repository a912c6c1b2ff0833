"""Waiting for a domain to be on or off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from vcltui.errors import HypervisorError, NotFoundError
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.domains.lifecycle import power_of
from vcltui.hypervisor.events import subscribe
from vcltui.hypervisor.lookup import lookup
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import PowerState

_TURN_SECONDS = 0.2
# Events end a wait; a look without one covers an event that never came.
_WITHOUT_EVENT_SECONDS = 5.0


def wait_for_power(
    conn: Connection,
    uuid: str,
    states: Collection[PowerState],
    timeout_seconds: float,
    cancel: CancelToken,
) -> bool:
    """Wait until a domain is in one of `states`; False when the time was up before.

    A domain that vanishes meanwhile, as transient ones do, counts as off. Raises CancelledError,
    NotFoundError where there is no such domain at first, HypervisorError.
    """
    lookup(conn, uuid)
    deadline = time.monotonic() + timeout_seconds
    with _Waker(conn, uuid) as waker:
        while True:
            if _power_or_off(conn, uuid) in states:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            waker.wait(left, cancel)


def _power_or_off(conn: Connection, uuid: str) -> PowerState:
    try:
        return power_of(conn, uuid)
    except NotFoundError:
        return PowerState.OFF


class _Waker:
    """Says when a domain's state is worth looking at."""

    def __init__(self, conn: Connection, uuid: str) -> None:
        self._conn, self._uuid = conn, uuid
        self._woken = threading.Event()
        self._end: Callable[[], None] | None = None

    def __enter__(self) -> _Waker:
        try:
            self._end = subscribe(
                self._conn,
                lambda event: self._woken.set() if event.uuid in {self._uuid, ""} else None,
            )
        except HypervisorError:
            # No events from this driver: every turn looks.
            self._end = None
        return self

    def __exit__(self, *_details: object) -> None:
        if self._end is not None:
            self._end()

    def wait(self, seconds: float, cancel: CancelToken) -> None:
        """Wait until the state is worth looking at, `seconds` at most. Raises CancelledError."""
        end = time.monotonic() + min(seconds, _WITHOUT_EVENT_SECONDS)
        while (left := end - time.monotonic()) > 0:
            cancel.raise_if_cancelled()
            turn = min(left, _TURN_SECONDS)
            if self._end is None:
                cancel.wait(turn)
                return
            if self._woken.wait(turn):
                self._woken.clear()
                return
