"""Powers domains on, off and over again (specification: power_on, power_off, power_reset)."""

from __future__ import annotations

from collections.abc import Callable

from vcltui.hypervisor import domains
from vcltui.hypervisor.connection import Connection
from vcltui.models.domain import Domain
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.context import Context, new_operation_id

PowerCall = Callable[[Connection, str], None]

_ON = ("Start", "virDomainCreate", domains.start)
_OFF = ("Power off", "virDomainDestroy", domains.destroy)

_CALLS: dict[str, tuple[str, tuple[tuple[str, str, PowerCall], ...]]] = {
    "on": ("Power on", (_ON,)),
    "off": ("Power off", (_OFF,)),
    "reset": ("Reset", (_OFF, _ON)),
    "shutdown": (
        "Shut down",
        (("Ask the guest to shut down", "virDomainShutdown", domains.shutdown),),
    ),
    "suspend": ("Suspend", (("Suspend", "virDomainSuspend", domains.suspend),)),
    "resume": ("Resume", (("Resume", "virDomainResume", domains.resume),)),
}

ACTIONS = tuple(_CALLS)


def plan_power(context: Context, domain: Domain, action: str) -> Operation:
    """Plan a power action, one of ACTIONS, on a domain.

    Powering on what is on, and off what is off, is done at once and well.
    """
    verb, calls = _CALLS[action]
    return Operation(
        id=new_operation_id(),
        kind=f"power-{action}",
        target=domain.name,
        host=context.vmhost.name,
        title=f"{verb} {domain.name}",
        steps=tuple(_step(context, domain, *step) for step in calls),
        details={"uuid": domain.uuid},
    )


def _step(context: Context, domain: Domain, words: str, name: str, call: PowerCall) -> Step:
    def run(_step: StepContext) -> None:
        call(context.session.connection, domain.uuid)

    return Step(
        name=name, title=f"{words}: {domain.name}", run=run, calls=(f"{name}({domain.name})",)
    )
