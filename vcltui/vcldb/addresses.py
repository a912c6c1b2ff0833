"""MAC and IPv4 addresses of computers: checked, made up, and each used once."""

from __future__ import annotations

import hashlib
import ipaddress
import re

from sqlalchemy import Connection, select

from vcltui.errors import ConflictError, UsageError
from vcltui.vcldb.tables import computer

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
_QEMU_PREFIX = "52:54:00"


def check_mac(mac: str) -> str:
    """A MAC address in lower case with colons. Raises UsageError for anything else."""
    text = mac.strip().lower().replace("-", ":")
    if not _MAC.match(text) or text == "00:00:00:00:00:00" or int(text[:2], 16) & 1:
        raise UsageError(
            f"{mac[:40]!r} is no MAC address of a network card",
            "It should look like 52:54:00:12:34:56",
        )
    return text


def check_ip(address: str) -> str:
    """An IPv4 address in its usual form. Raises UsageError for anything else."""
    try:
        return str(ipaddress.IPv4Address(address.strip()))
    except ValueError:
        raise UsageError(
            f"{address[:40]!r} is no IPv4 address", "It should look like 10.0.0.5"
        ) from None


def choose_macs(
    connection: Connection, hostname: str, eth0_mac: str | None, eth1_mac: str | None
) -> tuple[str, str]:
    """The two MAC addresses of a new computer.

    Those that are not given are made from the host name, so that a computer that is added
    again gets the same ones. Raises UsageError, and ConflictError naming who has one already.
    """
    owners = _mac_owners(connection)
    chosen: list[str] = []
    for mac in (eth0_mac, eth1_mac):
        if mac is not None:
            chosen.append(_unused(check_mac(mac), owners))
            owners[chosen[-1]] = hostname
    if eth0_mac is None:
        chosen.insert(0, _made_up(f"{hostname}/eth0", owners))
        owners[chosen[0]] = hostname
    if eth1_mac is None:
        chosen.append(_made_up(f"{hostname}/eth1", owners))
    return chosen[0], chosen[1]


def check_ips_unused(connection: Connection, private_ip: str | None, public_ip: str) -> None:
    """Raise ConflictError where a computer that is not deleted has one of these addresses."""
    for column, address in (
        (computer.c.privateIPaddress, private_ip),
        (computer.c.IPaddress, public_ip),
    ):
        if not address:
            continue
        owner = connection.scalar(
            select(computer.c.hostname).where(computer.c.deleted == 0, column == address)
        )
        if owner is not None:
            raise ConflictError(
                f"The address {address} belongs to {owner} already", "Give another one"
            )


def _mac_owners(connection: Connection) -> dict[str, str]:
    columns = (computer.c.hostname, computer.c.eth0macaddress, computer.c.eth1macaddress)
    rows = connection.execute(select(*columns).where(computer.c.deleted == 0))
    return {mac.lower(): hostname for hostname, *macs in rows for mac in macs if mac}


def _unused(mac: str, owners: dict[str, str]) -> str:
    if mac in owners:
        raise ConflictError(
            f"The MAC address {mac} belongs to {owners[mac]} already",
            "Give another one, or none to have one made",
        )
    return mac


def _made_up(seed: str, owners: dict[str, str]) -> str:
    attempt = 0
    while True:
        digest = hashlib.sha256(f"{seed}/{attempt}".encode()).hexdigest()
        mac = f"{_QEMU_PREFIX}:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}"
        if mac not in owners:
            return mac
        attempt += 1
