"""The checks before the capture of a base image, one after another, each with its outcome."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Connection, or_, select

from vcltui.errors import ConflictError, RefusedError, UsageError, VcltuiError
from vcltui.models.basecapture import (
    ARCHITECTURES,
    BaseCaptureRequest,
    CaptureWay,
    CheckLine,
    ComputerChoice,
    NodeChoice,
)
from vcltui.models.basenames import check_base_name, first_words, is_latin1
from vcltui.models.inventory import OperatingSystem
from vcltui.vcldb.basecapture.choices import (
    find_owner,
    one_computer,
    one_node,
    requests_of,
    systems_for,
)
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import not_found
from vcltui.vcldb.tables import image, imagerevision

T = TypeVar("T")
_UNUSABLE_STATES = frozenset({"maintenance", "deleted"})
_OUR_SYSTEMS = frozenset({"linux", "unix"})


class Facts:
    """Looks up what a request names; each check returns what is well, or raises VcltuiError.

    A check that needs what an earlier one did not find raises `Unknown`.
    """

    def __init__(self, connection: Connection, request: BaseCaptureRequest) -> None:
        self.connection, self.request = connection, request
        self._owner: tuple[int, str] | None = None
        self._computer: ComputerChoice | None = None
        self._system: OperatingSystem | None = None
        self._node: NodeChoice | None = None
        self.checks = (
            self.owner_exists,
            self.computer_exists,
            self.computer_state,
            self.computer_host,
            self.computer_is_free,
            self.system_fits,
            self.way_fits,
            self.architecture_is_known,
            self.name_fits,
            self.name_is_free,
            self.node_exists,
            self.node_is_alive,
        )

    @property
    def owner(self) -> tuple[int, str]:
        """The owner's id and login."""
        return _found(self._owner)

    @property
    def computer(self) -> ComputerChoice:
        """The computer to be captured."""
        return _found(self._computer)

    @property
    def system(self) -> OperatingSystem:
        """The system in it."""
        return _found(self._system)

    @property
    def node(self) -> NodeChoice:
        """The management node."""
        return _found(self._node)

    def owner_exists(self) -> str:
        """The owner is a user, by login or id."""
        self._owner = find_owner(self.connection, self.request.owner)
        return f"The owner is {self._owner[1]} (id {self._owner[0]})"

    def computer_exists(self) -> str:
        """The text means exactly one computer."""
        self._computer = one_computer(self.connection, self.request.computer)
        return f"The computer is {self._computer.hostname} (id {self._computer.id})"

    def computer_state(self) -> str:
        """The computer is not in maintenance."""
        found = self.computer
        if found.state in _UNUSABLE_STATES:
            raise RefusedError(
                f"Computer {found.hostname} is in the state {found.state}",
                "Find out why, and take it out of that state first",
            )
        return f"{found.hostname} is {found.state}"

    def computer_host(self) -> str:
        """A virtual computer is on a VM host."""
        found = self.computer
        if not found.virtual:
            return f"{found.hostname} is no virtual computer"
        if found.vmhost is None:
            raise RefusedError(
                f"Computer {found.hostname} is on no VM host", "Assign it to one first"
            )
        return f"{found.hostname} is on VM host {found.vmhost} with the profile {found.profile}"

    def computer_is_free(self) -> str:
        """No request holds the computer."""
        found = self.computer
        held = requests_of(self.connection, found.id)
        if held:
            listed = ", ".join(
                f"request {one.request_id} ({one.state}/{one.laststate}, {one.image_name})"
                for one in held
            )
            raise RefusedError(
                f"Computer {found.hostname} is held by {listed}",
                "Restart or delete the failed capture, or end the reservation, first",
            )
        return f"No request holds {found.hostname}"

    def system_fits(self) -> str:
        """The system can be captured by the computer's provisioning."""
        found, name = self.computer, self.request.os_name
        fitting = systems_for(self.connection, found)
        by_name = {system.name: system for system in fitting}
        for known in (name, f"vmware{name}"):
            if known in by_name:
                self._system = by_name[known]
                return f"The system is {by_name[known].prettyname} ({known})"
        error = not_found("system", name, by_name)
        raise RefusedError(
            f"{name!r} is no system that {found.provisioning} can capture (install types: "
            f"{', '.join(found.install_types) or 'none'})",
            error.hint,
        )

    def way_fits(self) -> str:
        """What vcltui captures itself it can also prepare."""
        if self.request.way is CaptureWay.VCLD:
            return "vcld prepares and captures it"
        if self.system.type not in _OUR_SYSTEMS:
            raise RefusedError(
                f"vcltui can't prepare {self.system.prettyname} for a capture: Sysprep, users and "
                "scheduled tasks are vcld's to handle",
                "Hand it over to vcld",
            )
        if not self.computer.libvirt:
            raise RefusedError(
                f"{self.computer.hostname} is provisioned by {self.computer.provisioning}, not by "
                "libvirt",
                "Hand it over to vcld",
            )
        return "vcltui prepares and captures it"

    def architecture_is_known(self) -> str:
        """The architecture is one of VCL's."""
        if self.request.architecture not in ARCHITECTURES:
            raise UsageError(
                f"{self.request.architecture!r} is no architecture of VCL's",
                f"It has {' and '.join(ARCHITECTURES)}",
            )
        return f"The architecture is {self.request.architecture}"

    def name_fits(self) -> str:
        """VCL can keep the name."""
        system = self._system
        check_base_name(self.request.prettyname, system.name if system else None)
        return f"{self.request.prettyname!r} fits VCL's columns"

    def name_is_free(self) -> str:
        """No image, deleted or not, has the name."""
        pretty = self.request.prettyname
        if not is_latin1(pretty):
            raise Unknown
        system = self._system
        first = f"{first_words(system.name, pretty)}-v0" if system else pretty
        row = self.connection.execute(
            select(image.c.name, image.c.deleted).where(
                or_(image.c.prettyname == pretty, image.c.name == first)
            )
        ).first()
        if row is None:
            row = self.connection.execute(
                select(imagerevision.c.imagename, imagerevision.c.deleted).where(
                    imagerevision.c.imagename == first
                )
            ).first()
        if row is not None:
            kind = "a deleted image" if row.deleted else "the image"
            raise ConflictError(
                f"The name {pretty!r} is taken by {kind} {row[0]}", "Give another name"
            )
        return f"No image is called {pretty!r}"

    def node_exists(self) -> str:
        """The management node is known, or there is only one."""
        self._node = one_node(self.connection, self.request.management_node)
        return f"The management node is {self._node.hostname} (id {self._node.id})"

    def node_is_alive(self) -> str:
        """Vcld runs on the management node, where it is to take the request."""
        node = self.node
        seen = (
            "never checked in"
            if node.silent_seconds is None
            else f"checked in {node.silent_seconds:.0f} s ago"
        )
        text = f"{node.hostname} {seen} and is {node.state}"
        if self.request.way is CaptureWay.VCLD and not node.is_alive:
            raise RefusedError(
                f"vcld does not run on {node.hostname}: it {seen} and is {node.state}",
                "Start vcld there, or capture with vcltui itself",
            )
        return text


class Unknown(Exception):  # noqa: N818 - it is no error, an earlier check told it
    """An earlier check did not find what this one is about."""


def check(database: Database, request: BaseCaptureRequest) -> tuple[CheckLine, ...]:
    """Every check of the database with its outcome, in order. Raises InventoryError.

    Those about what was not found are left out.
    """
    with database.read() as connection:
        facts = Facts(connection, request)
        lines = []
        if database.readonly:
            lines.append(CheckLine(False, f"The inventory {database.label} is open read-only"))
        for one in facts.checks:
            try:
                lines.append(CheckLine(True, one()))
            except Unknown:
                continue
            except VcltuiError as error:
                lines.append(CheckLine(False, str(error).rstrip(".")))
        return tuple(lines)


def system_of(database: Database, request: BaseCaptureRequest) -> OperatingSystem:
    """The system that a request means, of those that fit its computer.

    Bare metal has systems of nearly the same names. Raises NotFoundError, RefusedError.
    """
    with database.read() as connection:
        facts = Facts(connection, request)
        facts.computer_exists()
        facts.system_fits()
        return facts.system


def require(connection: Connection, request: BaseCaptureRequest) -> Facts:
    """What the request names, all checks passed. Raises the error of the first that is not."""
    facts = Facts(connection, request)
    for one in facts.checks:
        one()
    return facts


def _found(value: T | None) -> T:
    if value is None:
        raise Unknown
    return value
