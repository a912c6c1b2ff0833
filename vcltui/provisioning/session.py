"""One VM host in use: its libvirt connection, its node and its driver, opened when first needed."""

from __future__ import annotations

import threading

from vcltui.drivers.base import Driver, DriverContext
from vcltui.drivers.discovery import choose_driver
from vcltui.errors import HostUnreachableError, RefusedError, UsageError
from vcltui.hypervisor.connection import Connection, connect
from vcltui.models.host import VMHost, VMProfile
from vcltui.nodes.base import Node
from vcltui.nodes.from_uri import node_for_uri


class HostSession:
    """Holds exactly one connection to a host; safe to use from several threads.

    `notices` are sentences about drivers that were passed over. Everything raises
    HostUnreachableError, NodeUnreachableError or DriverError when first needed, not before.
    """

    def __init__(self, vmhost: VMHost, *, readonly: bool = False) -> None:
        self.vmhost = vmhost
        self.readonly = readonly
        self.notices: tuple[str, ...] = ()
        # Opening may take as long as the host likes; closing never waits for it.
        self._opening = threading.RLock()
        self._lock = threading.Lock()
        self._times_closed = 0
        self._connection: Connection | None = None
        self._node: Node | None = None
        self._driver: Driver | None = None

    @property
    def name(self) -> str:
        """The VM host's name."""
        return self.vmhost.name

    @property
    def connection(self) -> Connection:
        """The libvirt connection; opened again when the old one has died."""
        with self._opening:
            with self._lock:
                known, times_closed = self._connection, self._times_closed
            if known is not None:
                if known.is_alive():
                    return known
                known.close()
            opened = connect(self.vmhost.uri, host_name=self.name, readonly=self.readonly)
            with self._lock:
                if self._times_closed == times_closed:
                    self._connection = opened
                    return opened
            opened.close()
            raise HostUnreachableError(
                f"Host {self.name} was left while it was being connected to", "Try again"
            )

    @property
    def node(self) -> Node:
        """Commands and files on the host."""
        with self._lock:
            if self._node is None:
                self._node = node_for_uri(self.vmhost.uri, name=self.name)
            return self._node

    @property
    def driver(self) -> Driver:
        """The hypervisor driver: the configured one, or the first that initializes."""
        with self._opening:
            if self._driver is None:
                context = DriverContext(
                    self.vmhost, self.connection.capabilities(), self.node, self.readonly
                )
                self._driver, notices = choose_driver(context)
                self.notices = tuple(notices)
            return self._driver

    @property
    def profile(self) -> VMProfile:
        """The host's VM profile. Raises UsageError for a host that has none."""
        if self.vmhost.profile is None:
            raise UsageError(
                f"Host {self.name} has no VM profile, so vcltui does not know where its disks are",
                "Add it with `vcltui host add`, or give it a profile in the configuration",
            )
        return self.vmhost.profile

    def learn(self, vmhost: VMHost) -> None:
        """Take over what else is known of the same host by now, such as its profile."""
        with self._opening:
            self.vmhost = vmhost
            self._driver = None  # it was chosen by what was known before

    def check_writable(self) -> None:
        """Raise RefusedError in read-only mode."""
        if self.readonly:
            raise RefusedError(
                f"Host {self.name} is open read-only, nothing was changed",
                "Run vcltui again without --readonly",
            )

    def close(self) -> None:
        """Close the connection and what the node holds open; waits for no host."""
        with self._lock:
            connection, self._connection = self._connection, None
            node, self._node = self._node, None
            self._times_closed += 1
        if connection is not None:
            connection.close()
        if node is not None:
            node.close()
