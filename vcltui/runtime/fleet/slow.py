"""What of a host takes its time to read or changes seldom: driver, datastore, addresses, starts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from vcltui.errors import HostUnreachableError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.numbers import moment_of

if TYPE_CHECKING:
    from vcltui.nodes.base import Space
    from vcltui.provisioning.session import HostSession

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_PID_FOLDER = "/run/libvirt/qemu"
_PID_ENDING = ".pid"


@dataclass(frozen=True, slots=True)
class SlowFacts:
    """A host's slow facts. What can't be read is None or missing.

    `addresses` are by MAC address in lower case, `starts` (UTC) by the domain's name. `read_at`
    is the monotonic time in seconds at which the reading began, None before the first.
    """

    driver: str | None = None
    driver_problem: str | None = None
    libvirt_version: str = ""
    hypervisor: str = ""
    space: Space | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[str, datetime] = field(default_factory=dict)
    read_at: float | None = None


def read_slow(session: HostSession, macs: Iterable[str]) -> SlowFacts:
    """Read the slow facts of a host; `macs` are the MAC addresses whose IP addresses are wanted.

    Each part is read by itself: one that fails is logged and left out. Raises
    HostUnreachableError.
    """
    read_at = time.monotonic()
    connection = session.connection
    capabilities = connection.capabilities()
    hypervisor = capabilities.hypervisor
    driver, problem = None, None
    try:
        driver = session.driver.name
    except HostUnreachableError:
        raise
    except VcltuiError as error:
        problem = str(error)
    # The datastore comes last: it may be on a server that hangs.
    return SlowFacts(
        driver=driver,
        driver_problem=problem,
        libvirt_version=capabilities.libvirt_version,
        hypervisor=hypervisor,
        addresses=_tried(session, lambda: _addresses(session, macs, hypervisor)) or {},
        starts=_tried(session, lambda: _starts(session, hypervisor)) or {},
        space=_tried(session, lambda: _space(session)),
        read_at=read_at,
    )


def _tried(session: HostSession, read: Callable[[], Answer]) -> Answer | None:
    try:
        return read()
    except VcltuiError as error:
        _log.info("%s: %s", session.name, error)
    return None


def _addresses(session: HostSession, macs: Iterable[str], hypervisor: str) -> dict[str, str]:
    """One address for each MAC: the newest lease, and IPv4 before IPv6.

    The networks of libvirt's test driver don't list their leases.
    """
    connection, wanted = session.connection, set(macs)
    is_test = hypervisor == "TEST"
    found = (
        domains.leases_of_domains(connection)
        if is_test
        else domains.dhcp_addresses(connection, wanted)
    )
    return {
        mac: min(given, key=lambda address: ":" in address)
        for mac, given in found.items()
        if mac in wanted
    }


def _starts(session: HostSession, hypervisor: str) -> dict[str, datetime]:
    """When the domains of the system's QEMU were started: their PID files are written then."""
    if hypervisor != "QEMU" or urlsplit(session.vmhost.uri).path != "/system":
        return {}
    return {
        file.name.removesuffix(_PID_ENDING): moment_of(file.mtime)
        for file in session.node.list_directory(_PID_FOLDER)
        if file.is_file and file.name.endswith(_PID_ENDING)
    }


def _space(session: HostSession) -> Space | None:
    if session.vmhost.profile is None:
        return None
    return session.node.space(session.vmhost.profile.datastore)
