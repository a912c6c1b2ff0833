"""One connection to one host's libvirt. Faces hold this object, never libvirt's handle."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import libvirt

from vcltui.domxml.capabilities import parse_capabilities
from vcltui.errors import HostUnreachableError
from vcltui.hypervisor import eventloop
from vcltui.hypervisor.errors import be_quiet, is_unsupported, libvirt_call, message_of
from vcltui.hypervisor.events import EventHub
from vcltui.hypervisor.unreachable import unreachable
from vcltui.models.host import HostCapabilities, HostStatus

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_SECONDS = 30.0
MOST_LEFT_ALONE = 32
"""So many attempts to connect to one host may hang before no further one is made."""

# libvirt's own keepalive stays off. When it gives a connection up under two calls, the second
# call hangs on, and libvirt before 9.8 writes into memory that is no longer its own as soon as
# the host stirs again. Whoever calls must tell for how long a host has not answered; a host that
# died ends the connection through TCP.
_NO_KEEPALIVE = -1

_CLOSE_REASONS = {
    libvirt.VIR_CONNECT_CLOSE_REASON_ERROR: "the connection failed",
    libvirt.VIR_CONNECT_CLOSE_REASON_EOF: "libvirt on the host ended",
    libvirt.VIR_CONNECT_CLOSE_REASON_CLIENT: "it was closed here",
}


class Connection:
    """An open connection; every method may be called from any thread.

    `events` is for this package; others call `events.subscribe`.
    """

    def __init__(
        self, handle: libvirt.virConnect, uri: str, host_name: str, *, readonly: bool
    ) -> None:
        self.host_name = host_name
        self.uri = uri
        self.readonly = readonly
        self._handle: libvirt.virConnect | None = handle
        self._lock = threading.RLock()
        self._capabilities: HostCapabilities | None = None
        self._hostname = ""
        self._cpus = self._installed_bytes = 0
        self._memory_ways: tuple[_MemoryWay, ...] = (_counted_memory, _free_memory)
        self.events = EventHub(handle, host_name)
        self._has_daemon = self._watch(handle)

    def _watch(self, handle: libvirt.virConnect) -> bool:
        """Hear of the connection's end; whether there is a daemon behind it."""
        try:
            handle.setKeepAlive(_NO_KEEPALIVE, 0)
            # Drivers without a daemon would take this too, and hold the handle for ever.
            handle.registerCloseCallback(self._connection_ended, None)
        except libvirt.libvirtError as error:
            _log.debug("%s is not watched: %s", self.host_name, message_of(error))
            return False
        return True

    @property
    def handle(self) -> libvirt.virConnect:
        """The handle of libvirt, for this package alone. Raises HostUnreachableError if closed."""
        handle = self._handle
        if handle is None:
            raise HostUnreachableError(
                f"The connection to {self.host_name} is closed", "Connect again"
            )
        return handle

    def is_alive(self) -> bool:
        """Whether the connection was usable when libvirt last heard of the host; asks nobody."""
        handle = self._handle
        if handle is None or self.events.lost is not None:
            return False
        try:
            return bool(handle.isAlive())
        except libvirt.libvirtError:
            return False

    def capabilities(self) -> HostCapabilities:
        """What the host can run; asked once. Raises HypervisorError."""
        with self._lock:
            if self._capabilities is None:
                self._capabilities = self._ask_capabilities()
            return self._capabilities

    def _ask_capabilities(self) -> HostCapabilities:
        handle = self.handle
        with libvirt_call("Reading the capabilities", self.host_name):
            xml, hypervisor = handle.getCapabilities(), handle.getType()
            libvirt_version = _version(handle.getLibVersion())
        try:
            hypervisor_version = _version(handle.getVersion())
        except libvirt.libvirtError as error:
            # QEMU's driver fails here where no emulator is installed: a fact, not a fault.
            _log.info("%s has no hypervisor version: %s", self.host_name, message_of(error))
            hypervisor_version = ""
        return parse_capabilities(
            xml,
            hypervisor=hypervisor,
            libvirt_version=libvirt_version,
            hypervisor_version=hypervisor_version,
        )

    def status(self) -> HostStatus:
        """The host's figures now: CPUs, memory and what of it is free, in bytes.

        Free is what a new domain could get, caches included, where the host tells that. One call
        to the host, more the first time: its name and its CPUs are asked once. Raises
        HypervisorError.
        """
        handle = self.handle
        with libvirt_call("Reading the host's figures", self.host_name):
            if not self._hostname:
                info = handle.getInfo()
                self._installed_bytes, self._cpus = info[1] * 1024 * 1024, info[2]
                self._hostname = str(handle.getHostname())
            memory_bytes, free_bytes = self._memory(handle)
        return HostStatus(
            hostname=self._hostname,
            cpus=self._cpus,
            memory_bytes=memory_bytes,
            memory_free_bytes=free_bytes,
        )

    def _memory(self, handle: libvirt.virConnect) -> tuple[int, int | None]:
        """Bytes of the host's memory and what is free of it, of one source where there is one."""
        for way in self._memory_ways:
            try:
                return way(handle, self._installed_bytes)
            except libvirt.libvirtError as error:
                if not is_unsupported(error):
                    raise
            except KeyError:
                # A hypervisor that counts other things.
                pass
            self._memory_ways = tuple(other for other in self._memory_ways if other is not way)
        return self._installed_bytes, None

    def close(self) -> None:
        """Give the connection up; closing twice is fine."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is None:
            return
        self.events.close()
        if self._has_daemon:
            # On a dead connection this fails, and there is nothing left to take back.
            with contextlib.suppress(libvirt.libvirtError):
                handle.unregisterCloseCallback()
        # libvirt closes when the last reference goes. Closing here would free the connection
        # under another thread that is in the middle of a call.

    def _connection_ended(self, _handle: object, reason: int, _opaque: object) -> None:
        self.events.connection_lost(_CLOSE_REASONS.get(reason, "the connection ended"))


def connect(
    uri: str,
    *,
    host_name: str,
    readonly: bool = False,
    timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
) -> Connection:
    """Open a connection to a host's libvirt and return it.

    SSH never asks anything on the terminal. Raises HostUnreachableError with the cause and its
    remedy, also when the host has not answered in `timeout_seconds`; ConfigError for a URI that
    libvirt can't use.
    """
    _check_test_file(uri, host_name)
    eventloop.ensure_running()
    be_quiet()
    uri_without_prompts = without_prompts(uri)
    _left_alone.check(uri_without_prompts, host_name)
    handle = _Opening(uri_without_prompts, readonly, host_name).wait(timeout_seconds)
    return Connection(handle, uri, host_name, readonly=readonly)


def without_prompts(uri: str) -> str:
    """The URI with no_tty=1 where SSH would else ask for passwords on the terminal."""
    parts = urlsplit(uri)
    if not parts.scheme.endswith("+ssh") or "no_tty" in parse_qs(parts.query):
        return uri
    return f"{uri}{'&' if parts.query else '?'}no_tty=1"


def _check_test_file(uri: str, host_name: str) -> None:
    # libvirt would report it as well, but its XML library prints to stderr on the way.
    parts = urlsplit(uri)
    if parts.scheme == "test" and parts.path not in {"", "/", "/default"}:
        path = Path(parts.path)
        if not path.is_file():
            raise HostUnreachableError(
                f"The host {host_name} can't be reached: there is no file {path}",
                "Check the path in the URI",
            )


class _Opening:
    """An attempt to connect, in a thread of its own that is left alone when it takes too long.

    libvirt's own call has no time limit: a host that drops packets holds it for minutes, a
    daemon that accepts and never answers for ever.
    """

    def __init__(self, uri: str, readonly: bool, host_name: str) -> None:
        self._uri, self._readonly, self._host_name = uri, readonly, host_name
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._abandoned = False
        self._handle: libvirt.virConnect | None = None
        self._error: Exception | None = None
        threading.Thread(target=self._open, name="libvirt-open", daemon=True).start()

    def _open(self) -> None:
        handle: libvirt.virConnect | None = None
        error: Exception | None = None
        try:
            handle = (libvirt.openReadOnly if self._readonly else libvirt.open)(self._uri)
        except Exception as raised:  # noqa: BLE001 - whoever waits is told, whatever it is
            error = raised
        with self._lock:
            self._handle, self._error = handle, error
            if self._abandoned:
                _left_alone.end(self._uri)
                if handle is not None:
                    handle.close()
        self._done.set()

    def wait(self, timeout_seconds: float) -> libvirt.virConnect:
        if not self._done.wait(timeout_seconds):
            with self._lock:
                if self._handle is None and self._error is None:
                    self._abandoned = True
                    _left_alone.begin(self._uri)
        if isinstance(self._error, libvirt.libvirtError):
            raise unreachable(self._error, self._uri, self._host_name) from self._error
        if self._error is not None:
            raise HostUnreachableError(
                f"The host {self._host_name} can't be connected to: libvirt takes no such URI",
                "Look at its URI in the configuration",
            ) from self._error
        if self._handle is None:
            raise HostUnreachableError(
                f"The host {self._host_name} did not answer in {timeout_seconds:g} seconds",
                "Check that the host is up and the network between",
            )
        return self._handle


class _LeftAlone:
    """How many attempts to connect still hang, by URI: each holds a thread and a socket."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def begin(self, uri: str) -> None:
        with self._lock:
            self._counts[uri] += 1

    def end(self, uri: str) -> None:
        with self._lock:
            self._counts[uri] -= 1

    def check(self, uri: str, host_name: str) -> None:
        """Raise HostUnreachableError where no further attempt should be made."""
        with self._lock:
            count = self._counts[uri]
        if count >= MOST_LEFT_ALONE:
            raise HostUnreachableError(
                f"The host {host_name} has let {count} attempts to connect wait without an answer",
                "Restart libvirtd there; the next attempt is made when one of them has ended",
            )


_left_alone = _LeftAlone()


def _version(number: int) -> str:
    """9007002 as libvirt counts it: "9.7.2"."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


_MemoryWay = Callable[[libvirt.virConnect, int], tuple[int, int]]


def _counted_memory(handle: libvirt.virConnect, _installed_bytes: int) -> tuple[int, int]:
    kib: dict[str, int] = handle.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    return kib["total"] * 1024, sum(kib[key] for key in ("free", "buffers", "cached")) * 1024


def _free_memory(handle: libvirt.virConnect, installed_bytes: int) -> tuple[int, int]:
    return installed_bytes, int(handle.getFreeMemory())
