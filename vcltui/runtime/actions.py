"""The one table of what can be done to a domain or a computer.

Bindings, footer, palette and help are made from it, so that they can't drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from vcltui.errors import UsageError
from vcltui.models.domain import Domain, PowerState
from vcltui.operations.step import Operation
from vcltui.provisioning.capture import plan_capture
from vcltui.provisioning.context import Context
from vcltui.provisioning.deletion import plan_unload
from vcltui.provisioning.load import plan_load
from vcltui.provisioning.maintenance import plan_post_maintenance
from vcltui.provisioning.module import ProvisioningModule
from vcltui.provisioning.power import plan_power
from vcltui.provisioning.snapshotting import plan_create, plan_delete, plan_revert
from vcltui.runtime.targets import Targets

Planner = Callable[[Context], Operation]


class Danger(Enum):
    """What an action does to what is there; the higher, the more is asked before."""

    READS = "reads"
    CHANGES = "changes"
    INTERRUPTS = "interrupts"
    DELETES = "deletes"


class Input(Enum):
    """What an action has to be told besides its subject."""

    NOTHING = "nothing"
    IMAGE = "image"
    IMAGE_NAME = "image name"
    SNAPSHOT = "snapshot"
    SNAPSHOT_NAME = "snapshot name"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is done to: a domain, the computer that it is for, or both.

    `computer` is None for a domain that belongs to none, `domain` for a computer with nothing on
    it. `answers` is whether the host does now.
    """

    host: str
    answers: bool = True
    domain: str | None = None
    computer: str | None = None
    power: PowerState | None = None
    readonly: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return self.computer or self.domain or self.host

    @property
    def lock_name(self) -> str:
        """The lock of everything that changes this computer or domain."""
        owner = self.computer or re.split("[:_]", self.domain or "", maxsplit=1)[0]
        return f"computer-{owner}"


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is ready to be planned and run: with what, under which lock, by which plan."""

    module: ProvisioningModule
    lock_name: str
    planner: Planner


Arguments = Mapping[str, str]
UseCase = Callable[[Targets, Subject, Arguments], Change]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done.

    `refusal` says in a few words why it is not possible on a subject now, None when it is.
    `label` stands in the footer, `summary` is what help and palette say.
    """

    id: str
    key: str
    label: str
    summary: str
    danger: Danger
    use_case: UseCase
    refusal: Callable[[Subject], str | None]
    needs: Input = Input.NOTHING


def possible(action: Action, subject: Subject | None) -> str | None:
    """Why an action is not possible on a subject now, in a few words; None when it is."""
    if subject is None:
        return "nothing is chosen"
    if subject.readonly:
        return "read-only mode"
    if not subject.answers:
        return f"{subject.host} does not answer"
    return action.refusal(subject)


# --- when ---


def _has_domain(subject: Subject) -> str | None:
    return None if subject.domain else "no domain is chosen"


def _is_off(subject: Subject) -> str | None:
    if subject.power is not None and subject.power.is_active:
        return f"it is {subject.power.value}"
    return _has_domain(subject)


def _is_active(subject: Subject) -> str | None:
    if subject.power is not None and not subject.power.is_active:
        return f"it is {subject.power.value}"
    return _has_domain(subject)


def _is_on(subject: Subject) -> str | None:
    if subject.power is not None and subject.power not in (PowerState.ON, PowerState.BLOCKED):
        return f"it is {subject.power.value}"
    return _has_domain(subject)


def _is_suspended(subject: Subject) -> str | None:
    if subject.power is not PowerState.SUSPENDED:
        return "it is not suspended"
    return _has_domain(subject)


def _has_computer(subject: Subject) -> str | None:
    return None if subject.computer else "the inventory knows no computer for it"


def _is_loaded(subject: Subject) -> str | None:
    return _has_computer(subject) or _has_domain(subject)


def _is_on_and_loaded(subject: Subject) -> str | None:
    return _has_computer(subject) or _is_on(subject)


# --- what ---


def _power(word: str) -> UseCase:
    def use_case(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
        module, domain = _domain(targets, subject)
        return Change(module, subject.lock_name, lambda context: plan_power(context, domain, word))

    return use_case


def _snapshot_create(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module, domain = _domain(targets, subject)
    name, description = arguments["snapshot"], arguments.get("description", "")
    return Change(
        module,
        subject.lock_name,
        lambda context: plan_create(context, domain, name, description),
    )


def _snapshot_revert(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module, domain = _domain(targets, subject)
    name = arguments["snapshot"]
    return Change(module, subject.lock_name, lambda context: plan_revert(context, domain, name))


def _snapshot_delete(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module, domain = _domain(targets, subject)
    name, children = arguments["snapshot"], arguments.get("children") == "yes"
    return Change(
        module,
        subject.lock_name,
        lambda context: plan_delete(context, domain, name, children=children),
    )


def _load(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    module = targets.computer(_computer(subject), arguments["image"])
    return Change(module, subject.lock_name, plan_load)


def _unload(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
    return Change(targets.computer(_computer(subject)), subject.lock_name, plan_unload)


def _capture(targets: Targets, subject: Subject, arguments: Arguments) -> Change:
    name = arguments["name"]
    module = targets.computer(_computer(subject))
    return Change(module, subject.lock_name, lambda context: plan_capture(context, name))


def _maintenance(targets: Targets, subject: Subject, _arguments: Arguments) -> Change:
    return Change(targets.computer(_computer(subject)), subject.lock_name, plan_post_maintenance)


def _domain(targets: Targets, subject: Subject) -> tuple[ProvisioningModule, Domain]:
    if subject.domain is None:
        raise UsageError("No domain is chosen", "Choose one first")
    return targets.domain(subject.domain, subject.host)


def _computer(subject: Subject) -> str:
    if subject.computer is None:
        raise UsageError("No computer is chosen", "Choose one first")
    return subject.computer


ACTIONS = (
    Action(
        "power_on", "p", "Power on", "Power the domain on", Danger.CHANGES, _power("on"), _is_off
    ),
    Action(
        "shutdown",
        "h",
        "Shut down",
        "Ask the guest to shut down (ACPI); does not wait until it has",
        Danger.CHANGES,
        _power("shutdown"),
        _is_on,
    ),
    Action(
        "suspend",
        "z",
        "Suspend",
        "Stop the domain where it is, its memory kept",
        Danger.CHANGES,
        _power("suspend"),
        _is_on,
    ),
    Action(
        "resume",
        "z",
        "Resume",
        "Let the suspended domain go on",
        Danger.CHANGES,
        _power("resume"),
        _is_suspended,
    ),
    Action(
        "power_off",
        "O",
        "Power off",
        "Power the domain off at once, as by pulling the plug",
        Danger.INTERRUPTS,
        _power("off"),
        _is_active,
    ),
    Action(
        "reset",
        "R",
        "Reset",
        "Power the domain off at once and back on",
        Danger.INTERRUPTS,
        _power("reset"),
        _is_active,
    ),
    Action(
        "load",
        "L",
        "Load",
        "Load an image onto the computer; what is on it is deleted",
        Danger.DELETES,
        _load,
        _has_computer,
        Input.IMAGE,
    ),
    Action(
        "unload",
        "U",
        "Unload",
        "Delete the computer's domains with their disks",
        Danger.DELETES,
        _unload,
        _is_loaded,
    ),
    Action(
        "capture",
        "C",
        "Capture",
        "Capture what is loaded as a new image; the domain is shut down",
        Danger.INTERRUPTS,
        _capture,
        _is_on_and_loaded,
        Input.IMAGE_NAME,
    ),
    Action(
        "snapshot_create",
        "n",
        "Snapshot",
        "Create a snapshot of the domain",
        Danger.CHANGES,
        _snapshot_create,
        _has_domain,
        Input.SNAPSHOT_NAME,
    ),
    Action(
        "snapshot_revert",
        "V",
        "Revert",
        "Put the domain back to a snapshot; what was written since is lost",
        Danger.DELETES,
        _snapshot_revert,
        _has_domain,
        Input.SNAPSHOT,
    ),
    Action(
        "snapshot_delete",
        "X",
        "Delete snapshot",
        "Delete a snapshot of the domain",
        Danger.DELETES,
        _snapshot_delete,
        _has_domain,
        Input.SNAPSHOT,
    ),
    Action(
        "maintenance",
        "M",
        "Maintenance",
        "Delete the computer's domains and take it off its host",
        Danger.DELETES,
        _maintenance,
        _has_computer,
    ),
)
"""Everything that changes something, in the order in which help shows it."""

BY_ID = {action.id: action for action in ACTIONS}
