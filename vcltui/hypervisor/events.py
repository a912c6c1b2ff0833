"""What happens on a host, as it happens."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Protocol

import libvirt

from vcltui.errors import HostUnreachableError
from vcltui.hypervisor.errors import is_unsupported, libvirt_call
from vcltui.models.events import EventKind, HostEvent

_log = logging.getLogger(__name__)


EventCallback = Callable[[HostEvent], None]

_LIFECYCLE = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: EventKind.DEFINED,
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: EventKind.UNDEFINED,
    libvirt.VIR_DOMAIN_EVENT_STARTED: EventKind.STARTED,
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: EventKind.SUSPENDED,
    libvirt.VIR_DOMAIN_EVENT_RESUMED: EventKind.RESUMED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED: EventKind.STOPPED,
    libvirt.VIR_DOMAIN_EVENT_SHUTDOWN: EventKind.SHUTDOWN,
    libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED: EventKind.PM_SUSPENDED,
    libvirt.VIR_DOMAIN_EVENT_CRASHED: EventKind.CRASHED,
}

_DETAILS = {
    (EventKind.DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED): "new",
    (EventKind.DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_UPDATED): "changed",
    (EventKind.DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_RENAMED): "renamed",
    (EventKind.DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT): "from snapshot",
    (EventKind.UNDEFINED, libvirt.VIR_DOMAIN_EVENT_UNDEFINED_RENAMED): "renamed",
    (EventKind.STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_BOOTED): "booted",
    (EventKind.STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_MIGRATED): "migrated here",
    (EventKind.STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_RESTORED): "restored",
    (EventKind.STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT): "from snapshot",
    (EventKind.STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_WAKEUP): "woken up",
    (EventKind.SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_PAUSED): "by request",
    (EventKind.SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED): "migrating",
    (EventKind.SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_IOERROR): "I/O error",
    (EventKind.SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG): "watchdog",
    (EventKind.SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT): "from snapshot",
    (EventKind.SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR): "a call failed",
    (EventKind.RESUMED, libvirt.VIR_DOMAIN_EVENT_RESUMED_UNPAUSED): "by request",
    (EventKind.RESUMED, libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED): "migrated",
    (EventKind.RESUMED, libvirt.VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT): "from snapshot",
    (EventKind.STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN): "shut down",
    (EventKind.STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED): "powered off",
    (EventKind.STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED): "crashed",
    (EventKind.STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED): "migrated away",
    (EventKind.STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED): "saved",
    (EventKind.STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED): "failed",
    (EventKind.STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT): "from snapshot",
    (EventKind.SHUTDOWN, libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_GUEST): "by the guest",
    (EventKind.SHUTDOWN, libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_HOST): "by the host",
    (EventKind.CRASHED, libvirt.VIR_DOMAIN_EVENT_CRASHED_PANICKED): "guest panicked",
}


class HasEvents(Protocol):
    """A connection, as far as events go."""

    @property
    def events(self) -> EventHub:
        """The hub of the connection's events."""


def subscribe(conn: HasEvents, callback: EventCallback) -> Callable[[], None]:
    """Call `callback` for each event on a host until the returned function is called.

    It hears of the life of domains, reboots and I/O errors, and once when the host ends the
    connection (at once where it has). It is called from libvirt's event thread, so it must hand
    over and return. Raises HypervisorError where the host's driver has no events.
    """
    return conn.events.subscribe(callback)


class EventHub:
    """Passes a connection's events on to any number of listeners.

    libvirt takes one registration of a kind on a connection and refuses a second.
    """

    def __init__(self, handle: libvirt.virConnect, host_name: str) -> None:
        self._handle: libvirt.virConnect | None = handle
        self._host_name = host_name
        self._registering = threading.Lock()
        self._ids: list[int] = []
        self._lock = threading.Lock()
        self._callbacks: dict[object, EventCallback] = {}
        self._lost: str | None = None

    @property
    def lost(self) -> str | None:
        """Why the host ended the connection; None while it has not."""
        return self._lost

    def subscribe(self, callback: EventCallback) -> Callable[[], None]:
        """As the function `subscribe`."""
        self._register()
        token = object()
        with self._lock:
            lost = self._lost
            self._callbacks[token] = callback
        if lost is not None:
            _tell(callback, HostEvent(EventKind.CONNECTION_LOST, detail=lost))

        def end() -> None:
            with self._lock:
                self._callbacks.pop(token, None)

        return end

    def connection_lost(self, reason: str) -> None:
        """The host ended the connection."""
        self._lost = reason
        self._publish(HostEvent(EventKind.CONNECTION_LOST, detail=reason))

    def close(self) -> None:
        """Tell nobody anything any more, and take the registrations back."""
        with self._lock:
            self._callbacks.clear()
        with self._registering:
            handle, self._handle = self._handle, None
            while self._ids and handle is not None:
                # Fails on a connection that is gone, and its registrations with it.
                with contextlib.suppress(libvirt.libvirtError):
                    handle.domainEventDeregisterAny(self._ids.pop())

    def _register(self) -> None:
        """Register with libvirt for the first listener; it stays so until the connection closes."""
        with self._registering, libvirt_call("Subscribing to events", self._host_name):
            if self._handle is None:
                raise HostUnreachableError(
                    f"The connection to {self._host_name} is closed", "Connect again"
                )
            if self._ids or self._lost is not None:
                return
            register = self._handle.domainEventRegisterAny
            kinds = (
                (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._lifecycle),
                (libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self._reboot),
                (libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, self._io_error),
            )
            for number, (kind, function) in enumerate(kinds):
                try:
                    self._ids.append(register(None, kind, function, None))
                except libvirt.libvirtError as error:
                    # Some drivers tell of lifecycles alone.
                    if number == 0 or not is_unsupported(error):
                        raise

    def _publish(self, event: HostEvent) -> None:
        with self._lock:
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            _tell(callback, event)

    def _lifecycle(
        self, _conn: object, domain: libvirt.virDomain, event: int, detail: int, _opaque: object
    ) -> None:
        kind = _LIFECYCLE.get(event)
        if kind is None:
            _log.info("%s has an event of unknown kind %d", domain.name(), event)
            return
        words = _DETAILS.get((kind, detail), "")
        self._publish(HostEvent(kind, domain.UUIDString(), domain.name(), words))

    def _reboot(self, _conn: object, domain: libvirt.virDomain, _opaque: object) -> None:
        self._publish(HostEvent(EventKind.REBOOTED, domain.UUIDString(), domain.name()))

    def _io_error(
        self,
        _conn: object,
        domain: libvirt.virDomain,
        path: str,
        alias: str,
        _action: int,
        reason: str,
        _opaque: object,
    ) -> None:
        words = f"{path or alias}: {reason}" if reason else path or alias
        self._publish(HostEvent(EventKind.IO_ERROR, domain.UUIDString(), domain.name(), words))


def _tell(callback: EventCallback, event: HostEvent) -> None:
    try:
        callback(event)
    except Exception:  # noqa: BLE001 libvirt would print a traceback over the screen
        _log.exception("A listener failed on the event %s of %s", event.kind, event.name)
