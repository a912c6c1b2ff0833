"""Domains started and stopped. What is done already is fine."""

from __future__ import annotations

from collections.abc import Callable

import libvirt

from vcltui.errors import ConflictError
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import libvirt_call
from vcltui.hypervisor.lookup import lookup
from vcltui.hypervisor.power import power_state
from vcltui.models.domain import PowerState

_DISK_ERRORS = {
    libvirt.VIR_DOMAIN_DISK_ERROR_UNSPEC: "unspecified I/O error",
    libvirt.VIR_DOMAIN_DISK_ERROR_NO_SPACE: "no space left",
}
# Xen tells no state of a domain that runs and has nothing to do.
_RUNNING = frozenset({PowerState.ON, PowerState.BLOCKED, PowerState.UNKNOWN})
_FROZEN = frozenset({PowerState.SUSPENDED})
_NAMED = frozenset({PowerState.ON, PowerState.SUSPENDED})


def start(conn: Connection, uuid: str) -> None:
    """Start a domain (power_on); one that holds a process already, frozen or not, is left alone.

    Raises ConflictError for one that crashed and was kept, NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    with libvirt_call(f"Starting {domain.name()}", conn.host_name):
        if domain.isActive():
            if _power(domain) is PowerState.CRASHED:
                raise ConflictError(
                    f"The domain {domain.name()} on {conn.host_name} crashed and was kept as it "
                    "was",
                    "Power it off, then on",
                )
            return
        try:
            domain.create()
        except libvirt.libvirtError:
            # Somebody else may have started it between the question and the call.
            if not domain.isActive():
                raise


def destroy(conn: Connection, uuid: str) -> None:
    """Take a domain's power away at once (power_off), if it has any.

    Raises NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    with libvirt_call(f"Powering off {domain.name()}", conn.host_name):
        if not domain.isActive():
            return
        try:
            domain.destroy()
        except libvirt.libvirtError as error:
            # It may have stopped between the question and the call, a transient one for good.
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN and domain.isActive():
                raise


def shutdown(conn: Connection, uuid: str) -> None:
    """Ask a domain's guest to shut down, by its agent or ACPI; returns when it was asked.

    Raises ConflictError where it is not running, NotFoundError, HypervisorError.
    """
    _act(conn, uuid, "Shutting down", lambda domain: domain.shutdown(), _RUNNING)


def reboot(conn: Connection, uuid: str) -> None:
    """Ask a domain's guest to restart. Raises as shutdown."""
    _act(conn, uuid, "Restarting", lambda domain: domain.reboot(), _RUNNING)


def reset(conn: Connection, uuid: str) -> None:
    """Press a domain's reset button: no word to the guest, and its process stays.

    Raises as shutdown; a frozen domain can be reset too.
    """
    _act(conn, uuid, "Resetting", lambda domain: domain.reset(), _RUNNING | _FROZEN)


def suspend(conn: Connection, uuid: str) -> None:
    """Freeze a running domain. Raises as shutdown."""
    _act(conn, uuid, "Suspending", lambda domain: domain.suspend(), _RUNNING, done=_FROZEN)


def resume(conn: Connection, uuid: str) -> None:
    """Let a frozen or sleeping domain run. Raises as shutdown."""
    _act(conn, uuid, "Resuming", _wake, _FROZEN, done=_RUNNING)


def set_autostart(conn: Connection, uuid: str, enabled: bool) -> None:
    """Start a domain with its host, or not. Raises NotFoundError, HypervisorError."""
    domain = lookup(conn, uuid)
    with libvirt_call(f"Setting autostart of {domain.name()}", conn.host_name):
        domain.setAutostart(int(enabled))


def power_of(conn: Connection, uuid: str) -> PowerState:
    """A domain's power state now (power_status). Raises NotFoundError, HypervisorError."""
    domain = lookup(conn, uuid)
    with libvirt_call(f"Reading the state of {domain.name()}", conn.host_name):
        return _power(domain)


def error_reason(conn: Connection, uuid: str) -> str:
    """Why a domain was frozen by an I/O error: "vda: no space left"; empty where it was not.

    Raises NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    with libvirt_call(f"Reading the disk errors of {domain.name()}", conn.host_name):
        state = tuple(domain.state())
        if state != (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR):
            return ""
        return _disk_errors(domain.diskErrors())


def _disk_errors(errors: dict[str, int]) -> str:
    words = (f"{disk}: {_DISK_ERRORS.get(code, 'failed')}" for disk, code in sorted(errors.items()))
    return ", ".join(words) or "I/O error"


def _act(
    conn: Connection,
    uuid: str,
    what: str,
    action: Callable[[libvirt.virDomain], object],
    allowed: frozenset[PowerState],
    *,
    done: frozenset[PowerState] = frozenset(),
) -> None:
    """Do something to a domain in one of the states `allowed`, nothing in one of `done`."""
    domain = lookup(conn, uuid)
    name = domain.name()
    with libvirt_call(f"{what} {name}", conn.host_name):
        power = _power(domain)
        if power in done:
            return
        if power not in allowed:
            named = " or ".join(sorted(state.value for state in allowed & _NAMED))
            raise ConflictError(
                f"{what} {name} on {conn.host_name} is not possible: it is {power.value}",
                f"It must be {named}",
            )
        action(domain)


def _wake(domain: libvirt.virDomain) -> None:
    if domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED:
        domain.pMWakeup()
    else:
        domain.resume()


def _power(domain: libvirt.virDomain) -> PowerState:
    return power_state(domain.state()[0])
