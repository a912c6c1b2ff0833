"""The checks before the capture of a base image: those of the inventory, then of the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vcltui.errors import GuestError, VcltuiError
from vcltui.models.basecapture import BaseCaptureRequest, CaptureWay, CheckLine
from vcltui.models.basenames import final_image_name
from vcltui.models.domain import Domain
from vcltui.models.inventory import OperatingSystem
from vcltui.provisioning.active import active_domain
from vcltui.provisioning.capture_steps import check_is_new, check_room, require_on
from vcltui.provisioning.captured_disk import captured_disk
from vcltui.provisioning.context import Context
from vcltui.provisioning.guests import guest_of
from vcltui.vcldb import images as image_rows
from vcltui.vcldb.basecapture import capture as basecapture
from vcltui.vcldb.basecapture import checks as basechecks


def check_base_capture(context: Context, request: BaseCaptureRequest) -> tuple[CheckLine, ...]:
    """Every check with its outcome: the inventory's, then what the host and the guest tell.

    What vcld looks at itself is told too where the capture is handed over, but stops nothing
    here. Raises InventoryError.
    """
    lines = basecapture.check(context.inventory, request)
    needed = request.way is CaptureWay.CORE
    try:
        system = basechecks.system_of(context.inventory, request)
        about = with_system(context, system)
        domain = active_domain(about)
        require_on(about, domain)
    except VcltuiError as error:
        return (*lines, CheckLine(False, str(error).rstrip("."), needed))
    found = CheckLine(True, f"Domain {domain.name} has the computer's addresses and is on", needed)
    looks: tuple[Callable[[], str], ...] = (
        lambda: guest_answers(about, domain),
        lambda: _disk_fits(about, domain, system, request.prettyname),
    )
    return (*lines, found, *(_line(look, needed) for look in looks))


def with_system(context: Context, system: OperatingSystem) -> Context:
    """The context for a computer on which an unregistered system of this kind runs."""
    assigned = context.assigned()
    return replace(context, assignment=replace(assigned, image=replace(assigned.image, os=system)))


def guest_answers(context: Context, domain: Domain) -> str:
    """Raise GuestError unless the guest in `domain` answers a command now."""
    guest = guest_of(context, domain)
    if not guest.is_responding():
        raise GuestError(
            f"{context.computer.name} does not answer ({guest.describe()})",
            "Make sure that it can be logged in to with the key that is configured",
        )
    return f"{context.computer.name} answers ({guest.describe()})"


def _disk_fits(context: Context, domain: Domain, system: OperatingSystem, prettyname: str) -> str:
    """Raise what stands against copying the disk: a taken name, an unsafe chain, no room."""
    image_id = image_rows.next_image_id(context.inventory)
    name = final_image_name(system.name, prettyname, image_id)
    check_is_new(context, name)
    disk = captured_disk(context, domain)
    check_room(context, disk, name)
    return f"The disk {disk.path} fits into the datastore"


def _line(look: Callable[[], str], needed: bool) -> CheckLine:
    try:
        return CheckLine(True, look(), needed)
    except VcltuiError as error:
        return CheckLine(False, str(error).rstrip("."), needed)
