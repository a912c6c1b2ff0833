"""The actions on domains, on computers and on snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vcltui.errors import ConflictError, UsageError
from vcltui.models.domain import Domain
from vcltui.models.locks import owner_lock
from vcltui.provisioning import (
    capture,
    deletion,
    load,
    maintenance,
    power,
    redefinition,
    snapshotting,
)
from vcltui.runtime.actions import when
from vcltui.runtime.actions.model import (
    BASE_XML,
    Action,
    Arguments,
    Change,
    Danger,
    Input,
    Noun,
    Subject,
    UseCase,
    told,
)

if TYPE_CHECKING:
    from vcltui.provisioning.module import ProvisioningModule
    from vcltui.runtime.targets import Targets


def _power(word: str) -> UseCase:
    def use_case(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
        module, domain = _domain(targets, subject)
        return Change(
            module, subject.lock_name, lambda context: power.plan_power(context, domain, word)
        )

    return use_case


def _snapshot_create(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module, domain = _domain(targets, subject)
    name, description = told(arguments, Input.SNAPSHOT_NAME), arguments.get("description", "")
    return Change(
        module,
        subject.lock_name,
        lambda context: snapshotting.plan_create(context, domain, name, description),
    )


def _snapshot_revert(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module, domain = _domain(targets, subject)
    name = told(arguments, Input.SNAPSHOT)
    return Change(
        module, subject.lock_name, lambda context: snapshotting.plan_revert(context, domain, name)
    )


def _snapshot_delete(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module, domain = _domain(targets, subject)
    name = told(arguments, Input.SNAPSHOT)
    children = arguments.get(Input.CHILDREN.value) == "yes"
    return Change(
        module,
        subject.lock_name,
        lambda context: snapshotting.plan_delete(context, domain, name, children=children),
    )


def _load(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    computer = subject.computer or told(arguments, Input.COMPUTER)
    module = targets.computer(computer, subject.image or told(arguments, Input.IMAGE))
    return Change(module, owner_lock(computer), load.plan_load)


def _unload(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
    return Change(targets.computer(_computer(subject)), subject.lock_name, deletion.plan_unload)


def _capture(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    name = told(arguments, Input.IMAGE_NAME)
    module = targets.computer(_computer(subject))
    return Change(module, subject.lock_name, lambda context: capture.plan_capture(context, name))


def _maintenance(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
    return Change(
        targets.computer(_computer(subject)), subject.lock_name, maintenance.plan_post_maintenance
    )


def _edit(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module, domain = _domain(targets, subject)
    xml, base = told(arguments, Input.XML), arguments.get(BASE_XML)
    return Change(
        module,
        subject.lock_name,
        lambda context: redefinition.plan_redefine(context, domain, xml, base_xml=base),
    )


def _domain(targets: Targets, subject: Subject) -> tuple[ProvisioningModule, Domain]:
    if subject.domain is None:
        raise UsageError("No domain is chosen", "Choose one first")
    module, domain = targets.domain(subject.domain, subject.host)
    if subject.uuid is not None and domain.uuid != subject.uuid:
        raise ConflictError(
            f"{subject.domain} on {subject.host} is another domain than the one that was chosen",
            "Look at it and choose it again",
        )
    return module, domain


def _computer(subject: Subject) -> str:
    if subject.computer is None:
        raise UsageError("No computer is chosen", "Choose one first")
    return subject.computer


def _domain_action(
    id_: str,
    key: str,
    label: str,
    summary: str,
    danger: Danger,
    use_case: UseCase,
    refusal: Callable[[Subject], str | None],
    *needs: Input,
    in_footer: bool = True,
) -> Action:
    return Action(
        id_, key, label, summary, Noun.DOMAIN, danger, refusal, use_case, needs, in_footer=in_footer
    )


POWER = (
    _domain_action(
        "power_on", "p", "Power on", "Power the domain on",
        Danger.CHANGES, _power("on"), when.is_off,
    ),
    _domain_action(
        "shutdown", "h", "Shut down",
        "Ask the guest to shut down (ACPI); does not wait until it has",
        Danger.CHANGES, _power("shutdown"), when.is_on,
    ),
    _domain_action(
        "suspend", "z", "Suspend", "Stop the domain where it is, its memory kept",
        Danger.CHANGES, _power("suspend"), when.is_on, in_footer=False,
    ),
    _domain_action(
        "resume", "z", "Resume", "Let the suspended domain go on",
        Danger.CHANGES, _power("resume"), when.is_suspended,
    ),
    _domain_action(
        "power_off", "O", "Power off", "Power the domain off at once, as by pulling the plug",
        Danger.INTERRUPTS, _power("off"), when.is_active,
    ),
    _domain_action(
        "reset", "R", "Reset", "Power the domain off at once and back on",
        Danger.INTERRUPTS, _power("reset"), when.is_active, in_footer=False,
    ),
)  # fmt: skip
"""The domain's power."""

EDITING = (
    Action(
        "domain_edit", "e", "Edit XML",
        "Change the domain's definition; what is running changes at its next start",
        Noun.DOMAIN, Danger.CHANGES, when.has_domain, _edit, (Input.XML,),
        bulk=False, in_footer=False,
    ),
)  # fmt: skip
"""The domain's definition."""

PROVISIONING = (
    Action(
        "load", "L", "Load", "Load an image onto a computer; what is on it is deleted",
        Noun.DOMAIN, Danger.DELETES, when.has_computer_or_image, _load,
        (Input.COMPUTER, Input.IMAGE),
    ),
    _domain_action(
        "capture", "C", "Capture", "Capture what is loaded as a new image; it is shut down",
        Danger.INTERRUPTS, _capture, when.is_on_and_loaded, Input.IMAGE_NAME,
    ),
    _domain_action(
        "unload", "U", "Unload", "Delete the computer's domains with their disks",
        Danger.DESTROYS, _unload, when.is_loaded, in_footer=False,
    ),
    _domain_action(
        "maintenance", "M", "Maintenance",
        "Delete the computer's domains and take it off its host",
        Danger.DESTROYS, _maintenance, when.has_computer, in_footer=False,
    ),
)  # fmt: skip
"""What makes and ends a computer's domain."""

SNAPSHOTS = (
    Action(
        "snapshot_create", "n", "Snapshot", "Create a snapshot of the domain",
        Noun.SNAPSHOT, Danger.CHANGES, when.has_domain, _snapshot_create, (Input.SNAPSHOT_NAME,),
    ),
    Action(
        "snapshot_revert", "V", "Revert",
        "Put the domain back to a snapshot; what was written since is lost",
        Noun.SNAPSHOT, Danger.DELETES, when.has_domain, _snapshot_revert, (Input.SNAPSHOT,),
        in_footer=False,
    ),
    Action(
        "snapshot_delete", "X", "Delete snapshot", "Delete a snapshot of the domain",
        Noun.SNAPSHOT, Danger.DELETES, when.has_domain, _snapshot_delete,
        (Input.SNAPSHOT, Input.CHILDREN),
    ),
)  # fmt: skip
"""The domain's snapshots."""
