"""One connection to one host's libvirt. Faces hold this object, never libvirt's handle."""

from __future__ import annotations

import contextlib
import logging
import threading
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
KEEPALIVE_INTERVAL_SECONDS = 5
KEEPALIVE_COUNT = 3
"""A host is given up after this many unanswered keepalives: 20 seconds in all."""

_CLOSE_REASONS = {
    libvirt.VIR_CONNECT_CLOSE_REASON_ERROR: "the connection failed",
    libvirt.VIR_CONNECT_CLOSE_REASON_EOF: "libvirt on the host ended",
    libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE: "the host stopped answering",
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
        self._hostname: str | None = None
        self.events = EventHub(handle, host_name)
        self._has_daemon = self._watch(handle)

    def _watch(self, handle: libvirt.virConnect) -> bool:
        """Keep the connection alive and hear of its end; whether there is a daemon behind it."""
        try:
            handle.setKeepAlive(KEEPALIVE_INTERVAL_SECONDS, KEEPALIVE_COUNT)
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

        Free is what a new domain could get, caches included, where the host tells that. Raises
        HypervisorError.
        """
        handle = self.handle
        with libvirt_call("Reading the host's figures", self.host_name):
            info = handle.getInfo()
            if self._hostname is None:
                self._hostname = str(handle.getHostname())
            memory_bytes, free_bytes = _memory(handle, info[1])
        return HostStatus(
            hostname=self._hostname,
            cpus=info[2],
            memory_bytes=memory_bytes,
            memory_free_bytes=free_bytes,
        )

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
    handle = _Opening(without_prompts(uri), readonly).wait(timeout_seconds, host_name)
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

    libvirt's own call has no time limit: a host that drops packets holds it for minutes.
    """

    def __init__(self, uri: str, readonly: bool) -> None:
        self._uri, self._readonly = uri, readonly
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._abandoned = False
        self._handle: libvirt.virConnect | None = None
        self._error: libvirt.libvirtError | None = None
        threading.Thread(target=self._open, name="libvirt-open", daemon=True).start()

    def _open(self) -> None:
        try:
            handle = (libvirt.openReadOnly if self._readonly else libvirt.open)(self._uri)
        except libvirt.libvirtError as error:
            self._error = error
        else:
            with self._lock:
                self._handle = handle
                if self._abandoned:
                    handle.close()
        self._done.set()

    def wait(self, timeout_seconds: float, host_name: str) -> libvirt.virConnect:
        if not self._done.wait(timeout_seconds):
            with self._lock:
                self._abandoned = self._handle is None
        if self._error is not None:
            raise unreachable(self._error, self._uri, host_name) from self._error
        if self._handle is None:
            raise HostUnreachableError(
                f"The host {host_name} did not answer in {timeout_seconds:g} seconds",
                "Check that the host is up and the network between",
            )
        return self._handle


def _version(number: int) -> str:
    """9007002 as libvirt counts it: "9.7.2"."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def _memory(handle: libvirt.virConnect, installed_mib: int) -> tuple[int, int | None]:
    """Bytes of a host's memory and what is free of it, from one source where there is one."""
    try:
        kib: dict[str, int] = handle.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
        return kib["total"] * 1024, sum(kib[key] for key in ("free", "buffers", "cached")) * 1024
    except libvirt.libvirtError as error:
        if not is_unsupported(error):
            raise
    except KeyError:
        # A hypervisor that counts other things.
        pass
    installed_bytes = installed_mib * 1024 * 1024
    try:
        return installed_bytes, int(handle.getFreeMemory())
    except libvirt.libvirtError as error:
        if not is_unsupported(error):
            raise
    return installed_bytes, None
