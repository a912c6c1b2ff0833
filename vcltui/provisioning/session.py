"""One VM host in use: its libvirt connection, its node and its driver, opened when first needed."""

from __future__ import annotations

import threading

from vcltui.drivers.base import Driver, DriverContext
from vcltui.drivers.discovery import choose_driver
from vcltui.errors import RefusedError, UsageError
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
        self._lock = threading.RLock()
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
        with self._lock:
            if self._connection is not None and not self._connection.is_alive():
                self._connection.close()
                self._connection = None
            if self._connection is None:
                self._connection = connect(
                    self.vmhost.uri, host_name=self.name, readonly=self.readonly
                )
            return self._connection

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
        with self._lock:
            if self._driver is None:
                context = DriverContext(self.vmhost, self.connection.capabilities(), self.node)
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

    def check_writable(self) -> None:
        """Raise RefusedError in read-only mode."""
        if self.readonly:
            raise RefusedError(
                f"Host {self.name} is open read-only, nothing was changed",
                "Run vcltui again without --readonly",
            )

    def close(self) -> None:
        """Close the connection and what the node holds open."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._node is not None:
                self._node.close()
                self._node = None
