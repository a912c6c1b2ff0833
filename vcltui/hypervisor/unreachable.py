"""Why a connection to a host's libvirt could not be opened, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

import libvirt

from vcltui.errors import ConfigError, HostUnreachableError, VcltuiError
from vcltui.hypervisor.errors import message_of


@dataclass(frozen=True, slots=True)
class _Cause:
    pattern: re.Pattern[str]
    reason: str
    hint: str


def _cause(pattern: str, reason: str, hint: str) -> _Cause:
    return _Cause(re.compile(pattern, re.IGNORECASE | re.DOTALL), reason, hint)


_LIKE = "Use a libvirt URI such as qemu+ssh://root@host/system"
_START = "Start it there: `systemctl start libvirtd` (or virtqemud.socket)"
_GROUP = "Add your account to the group libvirt there and log in again"

# In order: the first that fits counts. ssh's own words come before what libvirt adds to them
# ("Connection reset by peer"), a changed host key before the refusal that follows from it.
_CAUSES = (
    _cause(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        "its SSH host key has changed",
        "Make sure it is the same machine, then remove the old key with `ssh-keygen -R`",
    ),
    _cause(
        r"Host key verification failed",
        "its SSH host key is not known",
        "Log in once with ssh and compare the key",
    ),
    _cause(
        r"Permission denied \(",
        "SSH accepted none of your keys",
        "Check `ssh -o BatchMode=yes` to the host; load your key into the agent",
    ),
    _cause(
        r"Could not resolve hostname|Name or service not known|unable to resolve|"
        r"Temporary failure in name resolution",
        "its name is not known",
        "Check the host name in the URI",
    ),
    _cause(
        r"(nc|ncat|netcat|virt-ssh-helper|sh):.*not found",
        "libvirt is not installed on it",
        "Install the libvirt daemon on the host",
    ),
    _cause(
        r"(connect socket to|virt-ssh-helper|\bnc: ).*(No such file|refused)",
        "libvirtd is not running",
        _START,
    ),
    _cause(
        r"connect socket to.*Permission denied|polkit|access denied by policy|"
        r"authentication (failed|unavailable)|not authorized",
        "you may not use libvirt there",
        _GROUP,
    ),
    _cause(
        r"Connection refused",
        "it refuses the connection",
        "Check that its SSH or libvirt service is running and the port in the URI",
    ),
    _cause(
        r"timed out|No route to host|Network is unreachable",
        "it does not answer",
        "Check that the host is up and the network between",
    ),
    _cause(
        r"certificate|TLS|GNUTLS",
        "the TLS certificates do not fit",
        "Check the certificates in /etc/pki, or use qemu+ssh",
    ),
    _cause(
        r"failed to parse xml document",
        "the file of its test driver can't be read",
        "Check the path in the URI",
    ),
)
_URI_FAULT = re.compile(
    r"no connection driver available|Unable to parse URI|unable to handle|"
    r"transport.* not recogni|invalid .*transport|unexpected .*URI|missing .*URI",
    re.IGNORECASE,
)


# What libvirt 9 to 11 know. Any other goes to a daemon of that name, which nobody has.
_DRIVERS = (
    "bhyve", "ch", "esx", "gsx", "hyperv", "interface", "lxc", "network", "nodedev", "nwfilter",
    "openvz", "parallels", "qemu", "remote", "secret", "storage", "test", "vbox", "vmwarefusion",
    "vmwareplayer", "vmwarews", "vpx", "vz", "xen",
)  # fmt: skip


def unreachable(error: libvirt.libvirtError, uri: str, host: str) -> VcltuiError:
    """HostUnreachableError with the cause and its remedy, or ConfigError for a URI of no use."""
    message = message_of(error)
    if _URI_FAULT.search(message):
        return ConfigError(
            f"The host {host} can't be connected to by {uri!r}: {message}",
            _LIKE,
        )
    driver = urlsplit(uri).scheme.partition("+")[0]
    if driver and driver not in _DRIVERS:
        close = get_close_matches(driver, _DRIVERS, n=1)
        hint = f"Did you mean {uri.replace(driver, close[0], 1)!r}" if close else _LIKE
        return ConfigError(
            f"The host {host} can't be connected to by {uri!r}: libvirt has no driver {driver!r}",
            hint,
        )
    # ssh's banner about a changed key is longer than what a message shows.
    whole = error.get_error_message() or message
    for cause in _CAUSES:
        if cause.pattern.search(whole):
            return HostUnreachableError(
                f"The host {host} can't be reached: {cause.reason} ({_last_words(message)})",
                cause.hint,
            )
    return HostUnreachableError(
        f"The host {host} can't be reached: {message}", f"Check `virsh -c {uri} version`"
    )


def _last_words(message: str) -> str:
    """The message without what libvirt puts before ssh's own words."""
    return message.removeprefix("Cannot recv data: ").removeprefix(
        "End of file while reading data: "
    )
