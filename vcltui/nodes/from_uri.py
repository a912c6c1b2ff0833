"""Finds the node that belongs to a libvirt connection URI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from vcltui.errors import UsageError
from vcltui.nodes.base import Node
from vcltui.nodes.local import LocalNode
from vcltui.nodes.ssh import SshNode
from vcltui.nodes.ssh_target import HostKeyPolicy, SshTarget

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9.-]*(?:\+[A-Za-z0-9]+)?\Z")
_SSH_TRANSPORTS = frozenset({"ssh", "libssh", "libssh2"})
_YES = "1"


def node_for_uri(uri: str, *, name: str) -> Node:
    """The machine whose files and programs the libvirt at `uri` works with.

    `name` is what the node is called in messages. A URI without a host, or with the transport
    `unix`, means this machine. Any other host is logged in to over SSH, for whatever transport
    libvirt itself uses (tls, tcp ...), since libvirt gives no way to its host's files; then
    the user, port and key of the user's ssh_config hold. With an SSH transport the URI's own
    user, port and the parameters keyfile, command, no_verify, known_hosts, known_hosts_verify
    hold. Nothing is contacted yet. Raises UsageError for a URI that libvirt could not read.
    """
    target = ssh_target_of(uri)
    return LocalNode(name) if target is None else SshNode(target, name)


def ssh_target_of(uri: str) -> SshTarget | None:
    """Whom to log in to for a libvirt URI; None for this machine. Raises UsageError."""
    parts = _split(uri)
    transport = parts.scheme.partition("+")[2].lower()
    host = unquote(parts.host)
    if not host or transport == "unix":
        return None
    if transport not in _SSH_TRANSPORTS:
        return SshTarget(host)
    parameters = parts.parameters
    verify = parameters.get("known_hosts_verify", "normal")
    policy: HostKeyPolicy = "accept-new" if verify == "auto" else "strict"
    return SshTarget(
        host,
        user=unquote(parts.user) or None,
        port=parts.port,
        identity_file=parameters.get("keyfile"),
        ssh_command=parameters.get("command", "ssh"),
        no_verify=parameters.get("no_verify") == _YES or verify == "ignore",
        known_hosts_file=parameters.get("known_hosts"),
        host_key_policy=policy,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    scheme: str
    user: str
    host: str
    port: int | None
    parameters: dict[str, str]


def _split(uri: str) -> _Parts:
    if not uri.isprintable() or " " in uri:
        raise _malformed(uri, "it holds a space or a control character")
    scheme, separator, _rest = uri.partition("://")
    if not separator or not _SCHEME.match(scheme):
        raise _malformed(uri, "it does not begin with a scheme and ://")
    try:
        split = urlsplit(uri)
        port = split.port
    except ValueError as error:
        raise _malformed(uri, str(error)) from error
    if port == 0:
        raise _malformed(uri, "0 is no port")
    return _Parts(scheme, split.username or "", _host_of(split), port, _parameters(split.query))


def _host_of(split: SplitResult) -> str:
    """The host as written, since names in ssh_config keep their case."""
    address = split.netloc.rpartition("@")[2]
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0]


def _parameters(query: str) -> dict[str, str]:
    """The parameters as libvirt reads them: `&` or `;` between them, and `+` is a plus."""
    found: dict[str, str] = {}
    for part in re.split("[&;]", query):
        key, separator, value = part.partition("=")
        if separator and value:
            found[unquote(key)] = unquote(value)
    return found


def _malformed(uri: str, reason: str) -> UsageError:
    return UsageError(
        f"{uri!r} is no libvirt URI: {reason}",
        "Write it as qemu:///system or qemu+ssh://user@host/system",
    )
