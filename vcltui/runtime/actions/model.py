"""What an action is, and what it is done to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from vcltui.errors import UsageError
from vcltui.models.domain import PowerState
from vcltui.models.locks import owner_lock

if TYPE_CHECKING:
    from vcltui.operations.step import Operation
    from vcltui.provisioning.context import Context
    from vcltui.provisioning.module import ProvisioningModule
    from vcltui.runtime.targets import Targets

Planner = Callable[["Context"], "Operation"]


class Danger(Enum):
    """What an action does to what is there; the higher, the more is asked before."""

    READS = "reads"
    CHANGES = "changes"
    INTERRUPTS = "interrupts"
    DELETES = "deletes"
    DESTROYS = "destroys"

    @property
    def asks(self) -> bool:
        """Whether it is confirmed before."""
        return self in (Danger.INTERRUPTS, Danger.DELETES, Danger.DESTROYS)


class Input(Enum):
    """What an action has to be told besides its subject; `value` is the argument's key."""

    IMAGE = "image"
    COMPUTER = "computer"
    IMAGE_NAME = "name"
    SNAPSHOT = "snapshot"
    SNAPSHOT_NAME = "new_snapshot"
    CHILDREN = "children"
    XML = "xml"
    FILES = "files"
    DESTINATION = "destination"
    FORMAT = "format"
    OWNER = "owner"
    SYSTEM = "os"
    ARCHITECTURE = "architecture"
    SYSPREP = "sysprep"
    WAY = "way"


_WORDS = {
    Input.IMAGE: "an image",
    Input.COMPUTER: "a computer",
    Input.IMAGE_NAME: "an image name",
    Input.SNAPSHOT: "a snapshot",
    Input.SNAPSHOT_NAME: "a snapshot name",
    Input.CHILDREN: "a yes or no",
    Input.XML: "an XML text",
    Input.FILES: "a file",
    Input.DESTINATION: "a destination",
    Input.FORMAT: "a disk format",
    Input.OWNER: "an owner",
    Input.SYSTEM: "an operating system",
    Input.ARCHITECTURE: "an architecture",
    Input.SYSPREP: "a yes or no",
    Input.WAY: "a way: core or vcld",
}


class Noun(Enum):
    """What an action is about; `value` heads it in the help."""

    DOMAIN = "Domains and computers"
    SNAPSHOT = "Snapshots"
    IMAGE = "Images"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is done to: a domain, the computer that it is for, or both; or an image.

    `computer` is None for a domain that belongs to none, `domain` for a computer with nothing on
    it. `host` is empty for a computer on no host; `answers` is whether the host does now.
    `snapshot` is the one that was chosen in the domain. With an image, `location` is datastore or
    repository and `path` its first file; `users` is how many disks stand on it.
    """

    host: str
    answers: bool = True
    readonly: bool = False
    domain: str | None = None
    uuid: str | None = None
    computer: str | None = None
    power: PowerState | None = None
    snapshot: str | None = None
    image: str | None = None
    location: str = ""
    path: str = ""
    users: int = 0

    @property
    def name(self) -> str:
        """What people call it."""
        return self.image or self.computer or self.domain or self.host

    @property
    def lock_name(self) -> str:
        """The lock of everything that changes it."""
        if self.image is not None:
            return f"image-{self.image}"
        return owner_lock(self.computer or self.domain or "")


Arguments = Mapping[str, str]
"""By `Input.value`; several files of one argument stand on lines of their own.

Possible besides: `description` of a snapshot, and BASE_XML.
"""
BASE_XML = "base_xml"
"""The argument that holds the XML as it was before it was edited, to notice other changes."""


def told(arguments: Arguments, what: Input) -> str:
    """What an action was told. Raises UsageError where it was not."""
    found = arguments.get(what.value)
    if not found:
        raise UsageError(f"The action needs {_WORDS[what]}, and was given none", "Give it")
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is ready to be planned and run: with what, under which lock, by which plan."""

    module: ProvisioningModule
    lock_name: str
    planner: Planner


UseCase = Callable[["Targets", Subject, Arguments], Change]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done.

    `refusal` says in a few words why it is not possible on a subject now, None when it is.
    `label` stands in the footer, `summary` is what help and palette say. `use_case` is None for
    what only shows something, which is the face's part. `needs_answer`: the host has to answer.
    `needs_host`: its computer has to be on one. `bulk`: it may be done to several subjects at
    once. `in_footer`: it stands in the footer.
    """

    id: str
    key: str
    label: str
    summary: str
    noun: Noun
    danger: Danger
    refusal: Callable[[Subject], str | None]
    use_case: UseCase | None = None
    needs: tuple[Input, ...] = ()
    needs_answer: bool = True
    needs_host: bool = True
    bulk: bool = True
    in_footer: bool = True


def possible(action: Action, subject: Subject | None) -> str | None:
    """Why an action is not possible on a subject now, in a few words; None when it is."""
    if subject is None:
        return "nothing is chosen"
    if subject.readonly and action.danger is not Danger.READS:
        return "read-only mode"
    if action.needs_host and subject.computer is not None and not subject.host:
        command = f"vcltui computer assign {subject.computer} HOST"
        return f"it is on no host; assign it with `{command}`"
    if action.needs_answer and not subject.answers:
        return f"{subject.host} does not answer"
    return action.refusal(subject)
