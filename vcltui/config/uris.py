"""VM hosts that were only named by a libvirt URI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from vcltui.config.values import Place, libvirt_uri
from vcltui.errors import ConfigError, UsageError
from vcltui.models.host import GuestAccess, VMHost
from vcltui.models.names import MAX_IMAGE_NAME

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def host_from_uri(uri: str, guests: GuestAccess | None = None) -> VMHost:
    """The VM host behind a libvirt URI, named by its host part or else by what it is.

    `qemu+ssh://root@kvm1/system` is `kvm1`, with a port `kvm1-2222`; `qemu:///system` is `local`,
    `qemu:///session` `local-session`, `test:///default` `test`, `test:///lab/a.xml` `a`. Raises
    UsageError.
    """
    try:
        libvirt_uri(uri, Place(Path("the command line"), "the URI"))
        name = _name(uri)
    except (ConfigError, ValueError):
        raise UsageError(
            f"{uri[:80]!r} is no libvirt URI",
            "It should look like qemu:///system or qemu+ssh://root@kvm1/system",
        ) from None
    return VMHost(name=name, uri=uri, guests=guests or GuestAccess())


def hosts_from_uris(uris: Iterable[str], guests: GuestAccess | None = None) -> dict[str, VMHost]:
    """The VM hosts behind several URIs, by name; a URI that comes twice is one host.

    Hosts that would have the same name are numbered from the second on: `local`, `local-2`.
    Raises UsageError.
    """
    hosts: dict[str, VMHost] = {}
    for uri in dict.fromkeys(uris):
        host = host_from_uri(uri, guests)
        name, number = host.name, 1
        while name in hosts:
            number += 1
            name = f"{host.name}-{number}"
        hosts[name] = VMHost(name=name, uri=uri, guests=host.guests)
    return hosts


def _name(uri: str) -> str:
    if "://" not in uri:
        return uri
    parts = urlsplit(uri)
    driver = parts.scheme.split("+", 1)[0]
    last = parts.path.rsplit("/", 1)[-1]
    if parts.hostname:
        words = [parts.hostname, str(parts.port) if parts.port else ""]
        words += [] if last in ("", "system", "default") else [last]
    elif driver == "test":
        words = ["test" if last in ("", "default") else Path(last).stem]
    else:
        words = ["local", "" if driver == "qemu" else driver]
        words += [] if last in ("", "system") else [last]
    name = _UNSAFE.sub("-", "-".join(filter(None, words)))
    name = re.sub(r"\.{2,}", ".", name).strip("._-")
    return name[: MAX_IMAGE_NAME - 4] or driver
