"""libvirt's errors turned into vcltui's, at the boundary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from vcltui.errors import (
    ConflictError,
    DomainXMLError,
    HostUnreachableError,
    HypervisorError,
    LockedError,
    NotFoundError,
    RefusedError,
    VcltuiError,
)

_NOT_FOUND = frozenset(
    {
        libvirt.VIR_ERR_NO_DOMAIN,
        libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT,
        libvirt.VIR_ERR_NO_NETWORK,
        libvirt.VIR_ERR_NO_INTERFACE,
    }
)
_CONFLICT = frozenset({libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_DOM_EXIST})
_LOCKED = frozenset({libvirt.VIR_ERR_OPERATION_TIMEOUT, libvirt.VIR_ERR_RESOURCE_BUSY})
_XML = frozenset(
    {
        libvirt.VIR_ERR_XML_ERROR,
        libvirt.VIR_ERR_XML_DETAIL,
        libvirt.VIR_ERR_XML_INVALID_SCHEMA,
    }
)
_UNSUPPORTED = frozenset({libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_UNSUPPORTED})
_DENIED = frozenset(
    {
        libvirt.VIR_ERR_ACCESS_DENIED,
        libvirt.VIR_ERR_AUTH_FAILED,
        libvirt.VIR_ERR_AUTH_CANCELLED,
        libvirt.VIR_ERR_AUTH_UNAVAILABLE,
    }
)
# What the client side of libvirt's protocol reports by itself: the daemon never answered.
_CONNECTION_DOMAINS = frozenset({libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE})
_CONNECTION_CODES = frozenset(
    {
        libvirt.VIR_ERR_INTERNAL_ERROR,
        libvirt.VIR_ERR_RPC,
        libvirt.VIR_ERR_SYSTEM_ERROR,
        libvirt.VIR_ERR_NO_CONNECT,
    }
)
_TAKEN = re.compile("is already defined|already exists")
_MAX_MESSAGE = 400


def be_quiet() -> None:
    """Keep libvirt from printing its errors to stderr itself, over a console's screen."""
    libvirt.registerErrorHandler(_ignore, None)


def _ignore(_context: object, _error: object) -> None:
    """Every error is raised as an exception as well."""


@contextmanager
def libvirt_call(what: str, host: str) -> Iterator[None]:
    """Turn a libvirtError of the block into an error of vcltui's tree.

    `what` says what the block does, to what, such as "Starting vm1"; `host` is the host's name.
    """
    try:
        yield
    except libvirt.libvirtError as error:
        raise translated(error, what, host) from error


def translated(error: libvirt.libvirtError, what: str, host: str) -> VcltuiError:
    """The error of vcltui's tree that says what a libvirtError means."""
    code = error.get_error_code()
    sentence = f"{what} on {host} failed: {message_of(error)}"
    if is_connection_error(error):
        return HostUnreachableError(
            f"The connection to {host} is lost: {message_of(error)}", "Connect again"
        )
    if code in _NOT_FOUND:
        return NotFoundError(sentence, "It may have been removed meanwhile; refresh the listing")
    if code in _CONFLICT or is_name_clash(error):
        return ConflictError(sentence, "Look at its present state and try again")
    if code in _LOCKED:
        return LockedError(sentence, "Another operation works on it; try again when it is done")
    if code in _XML:
        return DomainXMLError(sentence, "Correct the XML")
    if code == libvirt.VIR_ERR_SNAPSHOT_REVERT_RISKY:
        return RefusedError(sentence, "Power the domain off first")
    if code == libvirt.VIR_ERR_OPERATION_DENIED:
        return HypervisorError(sentence, "Connect without read-only mode")
    if code in _DENIED:
        return HypervisorError(sentence, f"Ask for the right to manage libvirt on {host}")
    if code in _UNSUPPORTED or code == libvirt.VIR_ERR_CONFIG_UNSUPPORTED:
        return HypervisorError(sentence, "The hypervisor of this host can't do it")
    return HypervisorError(sentence, f"See the log of libvirt on {host}")


def is_connection_error(error: libvirt.libvirtError) -> bool:
    """Whether the call never got an answer from the host's libvirt."""
    code = error.get_error_code()
    return code == libvirt.VIR_ERR_INVALID_CONN or (
        code in _CONNECTION_CODES and error.get_error_domain() in _CONNECTION_DOMAINS
    )


def is_name_clash(error: libvirt.libvirtError) -> bool:
    """Whether a domain or snapshot could not be made because its name is taken."""
    return (
        error.get_error_code() == libvirt.VIR_ERR_OPERATION_FAILED
        and _TAKEN.search(message_of(error)) is not None
    )


def is_unsupported(error: libvirt.libvirtError) -> bool:
    """Whether the host's driver does not know a call, or one of its flags."""
    code = error.get_error_code()
    return code in _UNSUPPORTED or (
        code == libvirt.VIR_ERR_INVALID_ARG and message_of(error).startswith("unsupported flags")
    )


def message_of(error: libvirt.libvirtError) -> str:
    """The message of libvirt on one line, at most 400 characters, without its final full stop."""
    text = " ".join((error.get_error_message() or str(error)).split()).rstrip(".")
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}..."
