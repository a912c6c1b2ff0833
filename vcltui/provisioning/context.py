"""What every use case works on."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vcltui.errors import NoInventoryError, UsageError
from vcltui.models.cancel import CancelToken
from vcltui.models.host import VMHost
from vcltui.models.inventory import Assignment, Computer, ImageRevision
from vcltui.operations.runner import Observer
from vcltui.provisioning.session import HostSession

if TYPE_CHECKING:
    from vcltui.vcldb.database import Database


def new_operation_id() -> str:
    """A short random id that goes into temporary file names and the journal."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Context:
    """A host, what is assigned on it, and where results are reported.

    `assignment` is None for work on domains by name. `database` is None for hosts without an
    inventory. `other_hosts` are all other hosts: those that share the datastore are asked
    before an image is deleted. `lock_timeout_seconds` is how long another operation on the same
    computer is waited for. `may_lose` is what an operator agreed to lose (Operation.loses); None
    where nobody was asked.
    """

    session: HostSession
    state_directory: Path
    management_node: str
    assignment: Assignment | None = None
    database: Database | None = None
    other_hosts: tuple[HostSession, ...] = ()
    observer: Observer = field(default_factory=Observer)
    cancel: CancelToken = field(default_factory=CancelToken)
    lock_timeout_seconds: float = 0.0
    may_lose: frozenset[str] | None = None

    @property
    def vmhost(self) -> VMHost:
        """The VM host's configuration."""
        return self.session.vmhost

    @property
    def computer(self) -> Computer:
        """The computer assigned. Raises UsageError where none is."""
        return self.assigned().computer

    @property
    def image(self) -> ImageRevision:
        """The image assigned. Raises UsageError where none is."""
        return self.assigned().image

    @property
    def inventory(self) -> Database:
        """The database. Raises InventoryError where there is none."""
        if self.database is None:
            raise NoInventoryError(
                "There is no inventory here",
                "Give a configuration with --config, or add a host with `vcltui host add`",
            )
        return self.database

    def assigned(self) -> Assignment:
        """What is assigned. Raises UsageError where nothing is."""
        if self.assignment is None:
            raise UsageError(
                "No computer and image are assigned", "Name a computer that the inventory knows"
            )
        return self.assignment
