from __future__ import annotations

import libvirt
import pytest

from vcltui.errors import (
    ConfigError,
    ConflictError,
    DomainXMLError,
    HostUnreachableError,
    HypervisorError,
    LockedError,
    NotFoundError,
    RefusedError,
    VcltuiError,
)
from vcltui.hypervisor.errors import is_unsupported, libvirt_call, message_of
from vcltui.hypervisor.power import power_state, state_reason
from vcltui.hypervisor.unreachable import unreachable
from vcltui.models.domain import PowerState


def libvirt_error(
    code: int, message: str = "it failed.", domain: int = libvirt.VIR_FROM_QEMU
) -> libvirt.libvirtError:
    error = libvirt.libvirtError("call failed")
    error.err = (code, domain, message, libvirt.VIR_ERR_ERROR, "", "", "", -1, -1)
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (libvirt_error(libvirt.VIR_ERR_NO_DOMAIN), NotFoundError),
        (libvirt_error(libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT), NotFoundError),
        (libvirt_error(libvirt.VIR_ERR_NO_NETWORK), NotFoundError),
        (libvirt_error(libvirt.VIR_ERR_OPERATION_INVALID), ConflictError),
        (
            libvirt_error(libvirt.VIR_ERR_OPERATION_FAILED, "domain 'a' already exists"),
            ConflictError,
        ),
        (libvirt_error(libvirt.VIR_ERR_OPERATION_TIMEOUT), LockedError),
        (libvirt_error(libvirt.VIR_ERR_RESOURCE_BUSY), LockedError),
        (libvirt_error(libvirt.VIR_ERR_XML_DETAIL), DomainXMLError),
        (libvirt_error(libvirt.VIR_ERR_XML_INVALID_SCHEMA), DomainXMLError),
        (libvirt_error(libvirt.VIR_ERR_SNAPSHOT_REVERT_RISKY), RefusedError),
        (libvirt_error(libvirt.VIR_ERR_OPERATION_FAILED), HypervisorError),
        (libvirt_error(libvirt.VIR_ERR_ACCESS_DENIED), HypervisorError),
        (libvirt_error(libvirt.VIR_ERR_OPERATION_DENIED), HypervisorError),
        (libvirt_error(libvirt.VIR_ERR_NO_SUPPORT), HypervisorError),
        # The same code is a fault of QEMU's driver, or the end of the connection.
        (libvirt_error(libvirt.VIR_ERR_INTERNAL_ERROR), HypervisorError),
        (
            libvirt_error(libvirt.VIR_ERR_INTERNAL_ERROR, domain=libvirt.VIR_FROM_RPC),
            HostUnreachableError,
        ),
        (
            libvirt_error(libvirt.VIR_ERR_SYSTEM_ERROR, domain=libvirt.VIR_FROM_RPC),
            HostUnreachableError,
        ),
        (libvirt_error(libvirt.VIR_ERR_INVALID_CONN), HostUnreachableError),
    ],
)
def test_every_code_becomes_an_error_of_the_tree(
    error: libvirt.libvirtError, expected: type[VcltuiError]
) -> None:
    with pytest.raises(VcltuiError) as caught, libvirt_call("Starting vm1", "host1"):
        raise error
    assert type(caught.value) is expected
    assert caught.value.__cause__ is error
    assert "host1" in caught.value.what
    assert message_of(error) in caught.value.what
    assert caught.value.hint


def test_other_errors_pass() -> None:
    with pytest.raises(ConflictError, match="as it was"), libvirt_call("Starting vm1", "host1"):
        raise ConflictError("as it was")


def test_a_message_is_one_short_line() -> None:
    assert message_of(libvirt_error(1, "two\n lines.\n")) == "two lines"
    assert len(message_of(libvirt_error(1, "x" * 5000))) < 500
    assert message_of(libvirt.libvirtError("no details")) == "no details"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (libvirt_error(libvirt.VIR_ERR_NO_SUPPORT), True),
        (libvirt_error(libvirt.VIR_ERR_INVALID_ARG, "unsupported flags (0x4) in function f"), True),
        (libvirt_error(libvirt.VIR_ERR_INVALID_ARG, "Invalid UUID"), False),
        (libvirt_error(libvirt.VIR_ERR_INTERNAL_ERROR), False),
    ],
)
def test_what_a_driver_does_not_know(error: libvirt.libvirtError, expected: bool) -> None:
    assert is_unsupported(error) is expected


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
            "you may not use libvirt",
        ),
        (
            "authentication unavailable: no polkit agent available to authenticate action "
            "'org.libvirt.unix.manage'",
            "you may not use libvirt",
        ),
        ("Cannot recv data: ssh: connect to host h port 22: No route to host", "does not answer"),
        ("Cannot recv data: ssh: Could not resolve hostname h: Unknown", "name is not known"),
        ("Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file", "TLS"),
        ("something new", "something new"),
    ],
)
def test_causes_of_no_connection(message: str, reason: str) -> None:
    error = libvirt_error(libvirt.VIR_ERR_SYSTEM_ERROR, message, libvirt.VIR_FROM_RPC)
    found = unreachable(error, "qemu+ssh://h/system", "host1")
    assert type(found) is HostUnreachableError
    assert reason in found.what
    assert found.hint


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        ("qemuu:///system", "Did you mean 'qemu:///system'"),
        ("qemuu+ssh://root@h/system", "Did you mean 'qemu+ssh://root@h/system'"),
        ("http://h/", "qemu+ssh://root@host/system"),
    ],
)
def test_a_driver_that_libvirt_has_not_is_no_daemon_that_is_off(uri: str, hint: str) -> None:
    message = "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file"
    error = libvirt_error(libvirt.VIR_ERR_SYSTEM_ERROR, message, libvirt.VIR_FROM_RPC)
    found = unreachable(error, uri, "host1")
    assert type(found) is ConfigError
    assert "libvirt has no driver" in found.what
    assert hint in found.hint
    assert "systemctl" not in str(found)
    for fine in ("qemu:///system", "xen+tls://h/", "an-alias"):
        assert type(unreachable(error, fine, "host1")) is HostUnreachableError


@pytest.mark.parametrize("state", range(-1, 20))
def test_every_state_number_has_a_power_state(state: int) -> None:
    assert isinstance(power_state(state), PowerState)
    assert state_reason(state, 99) == ""


def test_a_domain_frozen_by_a_full_disk_says_so() -> None:
    assert power_state(libvirt.VIR_DOMAIN_PAUSED) is PowerState.SUSPENDED
    reason = state_reason(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR)
    assert reason == "I/O error"
