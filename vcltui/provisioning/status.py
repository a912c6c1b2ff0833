"""Tells whether a computer is ready to be reserved (specification: node_status)."""

from __future__ import annotations

from vcltui.errors import GuestError
from vcltui.models.domain import Domain, PowerState
from vcltui.models.guest import CurrentImage, NodeState, NodeStatus
from vcltui.models.inventory import NO_IMAGE, ImageRevision
from vcltui.provisioning import deletion
from vcltui.provisioning.context import Context
from vcltui.provisioning.guests import guest_of


def node_status(context: Context) -> NodeStatus:
    """READY, POST_LOAD or RELOAD for the computer, with the reason.

    What is expected is the image assigned. RELOAD also where no image is expected, where the
    computer has no domain, several, or one that is not on. Raises HostUnreachableError when the
    host can't be asked: that is no answer about the computer.
    """
    computer, expected = context.computer, context.image
    if expected.name == NO_IMAGE:
        return _reload(f"{computer.name} is not loaded with any image")
    found = deletion.domains_of(context, computer.name)
    on = [domain for domain in found if domain.power is PowerState.ON]
    if not found:
        return _reload(f"{computer.name} has no domain on {context.vmhost.name}")
    if len(on) != 1:
        states = ", ".join(f"{domain.name} is {domain.power.value}" for domain in found)
        return _reload(f"{computer.name} does not have exactly one domain that is on: {states}")
    return _guest_status(context, on[0], expected)


def _guest_status(context: Context, domain: Domain, expected: ImageRevision) -> NodeStatus:
    computer = context.computer
    try:
        guest = guest_of(context, domain)
        if not guest.is_responding():
            return _reload(f"{computer.name} does not answer ({guest.describe()})")
        current = guest.read_current_image()
    except GuestError as error:
        return _reload(error.what)
    return judge(computer.name, current, expected)


def judge(computer_name: str, current: CurrentImage | None, expected: ImageRevision) -> NodeStatus:
    """node_status's answer from what a guest that answers says of itself."""
    if current is None or current.image_revision_id is None:
        return _reload(f"{computer_name} does not say which image revision it is loaded with")
    if current.image_revision_id != expected.revision_id:
        return _reload(
            f"{computer_name} is loaded with {current.image_name} (revision id "
            f"{current.image_revision_id}), expected is {expected.name} "
            f"(revision id {expected.revision_id})"
        )
    if current.tainted:
        return _reload(f"{computer_name} was used since it was loaded (vcld_tainted)")
    if not current.post_load_done:
        return NodeStatus(
            NodeState.POST_LOAD,
            f"{computer_name} is loaded with {expected.name}, its post-load tasks have not run",
        )
    return NodeStatus(NodeState.READY, f"{computer_name} is loaded with {expected.name} and ready")


def _reload(reason: str) -> NodeStatus:
    return NodeStatus(NodeState.RELOAD, reason)
