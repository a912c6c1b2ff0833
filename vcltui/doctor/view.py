"""The facts as rules ask for them: who works on what, since when, and what is known at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vcltui.doctor.facts import (
    DomainFacts,
    Facts,
    FolderFacts,
    GuestFacts,
    HostFacts,
    LibvirtFacts,
    NodeFacts,
    Unknown,
    VcldProcess,
)
from vcltui.doctor.indexes import Domains, Folders, Nodes, Users, first_part, grouped
from vcltui.doctor.locks import CAPTURES, own_capture, owner_lives
from vcltui.doctor.naming import may_see
from vcltui.doctor.settings import FLOW, DoctorSettings
from vcltui.doctor.vcldlog import LogBlock
from vcltui.models.evidence import (
    ComputerRow,
    LoadStepRow,
    ManagementNodeRow,
    RequestRow,
    ReservedRow,
    RevisionRow,
    SemaphoreRow,
)
from vcltui.models.names import domain_belongs_to

OVER = frozenset({"deleted", "complete", "failed", "timeout"})
"""The states of a request that no longer needs its computer (the web's own list)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request with its reservations, the parent of a cluster first."""

    request: RequestRow
    reservations: tuple[ReservedRow, ...]

    @property
    def first(self) -> ReservedRow:
        """The reservation that stands for the request: the only one, or a cluster's parent."""
        return self.reservations[0]


class View:
    """Looks things up in facts; every answer that needs what was not asked is None."""

    def __init__(self, facts: Facts, settings: DoctorSettings) -> None:
        self.facts, self.settings = facts, settings
        self.now: datetime = facts.database.now
        database = facts.database
        self.requests = {one.id: one for one in database.requests}
        self.computers = {one.id: one for one in database.computers}
        self.revisions = {one.id: one for one in database.revisions}
        self.management_nodes = {one.id: one for one in database.management_nodes}
        self.reservations = {one.id: one for one in database.reservations}
        self.est = dict(FLOW) | {name: est for name, est in database.flow if est is not None}
        self.expected = dict(database.expected_seconds)
        self.flow = tuple(name for name, _ in database.flow) or tuple(name for name, _ in FLOW)
        self._steps = grouped(database.steps, lambda step: step.reservation_id)
        by_request = grouped(
            sorted(database.reservations, key=lambda row: row.id), lambda row: row.request_id
        )
        self.cases = tuple(
            Case(self.requests[id_], tuple(rows))
            for id_, rows in sorted(by_request.items())
            if id_ in self.requests
        )
        self.case_of = {case.request.id: case for case in self.cases}
        self._cases: dict[int, list[Case]] = {}
        for case in self.cases:
            for computer_id in dict.fromkeys(row.computer_id for row in case.reservations):
                self._cases.setdefault(computer_id, []).append(case)
        self._semaphores = grouped(database.semaphores, lambda one: one.reservation_id)
        self._locks = grouped(database.semaphores, lambda one: one.image)
        self._computers = grouped(database.computers, lambda one: first_part(one.name))
        self._nodes, self._domains = Nodes(facts), Domains(facts.hosts)
        self._users = {name: Users(host) for name, host in sorted(facts.hosts.items())}
        self.files = Folders()

    # --- database ---

    def cases_of(self, computer_id: int) -> Sequence[Case]:
        """The requests that have a reservation on a computer."""
        return self._cases.get(computer_id, ())

    def active_on(self, computer_id: int) -> Case | None:
        """A request that has begun and still needs the computer, or is being worked on."""
        for case in self.cases_of(computer_id):
            begun = case.request.start is None or case.request.start <= self.now
            if begun and case.request.state not in OVER:
                return case
        return None

    def steps_of(self, reservation_id: int) -> list[LoadStepRow]:
        """The load log of a reservation, the oldest first."""
        return self._steps.get(reservation_id, [])

    def computers_named(self, name: str) -> list[ComputerRow]:
        """The computers of this short name, deleted ones too."""
        return [one for one in self._computers.get(first_part(name), []) if one.name == name]

    def owners_of(self, domain_name: str) -> list[ComputerRow]:
        """The computers, deleted ones too, that a domain's name begins with."""
        candidates = self._computers.get(first_part(domain_name), [])
        return [one for one in candidates if domain_belongs_to(domain_name, one.name)]

    def last_step(self, reservation_id: int) -> LoadStepRow | None:
        """The last row of the load log that is a step of the load."""
        rows = [row for row in self.steps_of(reservation_id) if row.state in self.est]
        return rows[-1] if rows else None

    def since(self, case: Case) -> datetime | None:
        """Since when a request is in its state: VCL keeps no such time but these two."""
        times = [row.lastcheck for row in case.reservations]
        times += [
            step.time
            for row in case.reservations
            for step in self.steps_of(row.id)
            if step.state == "begin"
        ]
        own = self.own_capture(case)
        times += [own.time] if own is not None else []
        return max((time for time in times if time is not None), default=None)

    def age(self, time: datetime | None) -> float | None:
        """Seconds since a time, None for none."""
        return None if time is None else (self.now - time).total_seconds()

    def is_over(self, request: RequestRow) -> bool:
        """Whether the request's end has passed."""
        return request.end is not None and request.end < self.now

    def computer_name(self, computer_id: int) -> str:
        """The short name of a computer."""
        found = self.computers.get(computer_id)
        return found.name if found else f"computer {computer_id}"

    def host_of(self, computer_id: int) -> str | None:
        """The VM host a computer is assigned to."""
        found = self.computers.get(computer_id)
        return found.host if found else None

    def revision_of(self, row: ReservedRow) -> RevisionRow | None:
        """The image revision of a reservation."""
        return self.revisions.get(row.revision_id)

    def semaphores_of(self, reservation_id: int) -> list[SemaphoreRow]:
        """The locks that a reservation's process took."""
        return self._semaphores.get(reservation_id, [])

    def locks_on(self, image: str) -> list[SemaphoreRow]:
        """The locks on an image, whoever holds them."""
        return self._locks.get(image, [])

    # --- management nodes ---

    def management_node(self, row: ReservedRow) -> ManagementNodeRow | None:
        """The management node that a reservation belongs to."""
        return self.management_nodes.get(row.management_node_id)

    def is_down(self, node: ManagementNodeRow) -> bool:
        """Whether vcld on a management node has not told for too long that it lives.

        The embedded inventory has no vcld unless one was seen there.
        """
        if node.state == "maintenance" or self._has_no_vcld(node):
            return False
        age = self.age(node.lastcheckin)
        return age is None or age > self.settings.node_silent_seconds

    def is_alive(self, node_id: int) -> bool:
        """Whether vcld on a management node told lately that it lives."""
        node = self.management_nodes.get(node_id)
        age = self.age(node.lastcheckin) if node else None
        return age is not None and age <= self.settings.node_silent_seconds

    def _has_no_vcld(self, node: ManagementNodeRow) -> bool:
        return self.facts.database.is_embedded and node.lastcheckin is None

    def running(self, node_id: int) -> NodeFacts | Unknown:
        """What runs on a management node."""
        return self._nodes.running(node_id)

    def process_of(self, row: ReservedRow) -> VcldProcess | Unknown | None:
        """The child of vcld that works on a reservation; None: there is certainly none."""
        return self._nodes.child(row.management_node_id, row.id)

    def is_named(self, computer_name: str) -> bool:
        """Whether the command line of any child of vcld names a computer."""
        return computer_name in self._nodes.named

    def own_capture(self, case: Case) -> LoadStepRow | None:
        """The note of a vcltui that captures for a request itself; None for none."""
        request = case.request
        if request.state != "pending" or request.laststate not in CAPTURES:
            return None
        found = (own_capture(self.steps_of(row.id)) for row in case.reservations)
        return next((one for one in found if one is not None), None)

    def is_worked_on(self, case: Case) -> bool | Unknown:
        """Whether a process works on any reservation of a request."""
        found = [self.process_of(row) for row in case.reservations]
        if any(isinstance(one, VcldProcess) for one in found):
            return True
        own = self.own_capture(case)
        if own is not None:
            return Unknown(f"{own.info} and may still be at it, here or on another machine")
        return next((one for one in found if isinstance(one, Unknown)), False)

    def pid_alive(self, semaphore: SemaphoreRow) -> bool | None:
        """Whether the process that took a lock runs; None where that can't be told."""
        row = self.reservations.get(semaphore.reservation_id)
        if row is None:
            return None
        running = self.running(row.management_node_id)
        return owner_lives(semaphore, self.now, running, self.log_of(row), self.settings)

    def log_of(self, row: ReservedRow) -> list[LogBlock] | Unknown:
        """The lines and blocks of vcld.log about a reservation, the oldest first."""
        return self._nodes.log_of(row.management_node_id, row.id)

    # --- hosts ---

    def host(self, name: str | None) -> HostFacts | None:
        """What a host told; None for a host that is not known here."""
        return self.facts.hosts.get(name) if name else None

    def libvirt(self, name: str | None) -> LibvirtFacts | Unknown:
        """What a host's libvirt told."""
        host = self.host(name)
        if host is None:
            return Unknown(f"host {name} was not asked" if name else "it is on no host")
        return host.libvirt

    def folders(self, name: str | None) -> FolderFacts | Unknown:
        """What lies in a host's folders."""
        host = self.host(name)
        if host is None:
            return Unknown(f"host {name} was not asked" if name else "it is on no host")
        return host.folders

    def unknown_hosts(self) -> list[str]:
        """The hosts whose libvirt did not tell its domains, by name."""
        return sorted(
            name for name, one in self.facts.hosts.items() if isinstance(one.libvirt, Unknown)
        )

    def all_domains(self) -> Sequence[DomainFacts]:
        """Every domain of every host that told."""
        return self._domains.all

    def domains_of(self, computer: ComputerRow) -> list[DomainFacts]:
        """The domains made for a computer, on every host that told."""
        return self.domains_named(computer.name)

    def domains_named(self, computer_name: str) -> list[DomainFacts]:
        """The domains whose name begins with a computer's, whether VCL has that or not."""
        return self._domains.of(computer_name)

    def users_of(self, path: str) -> list[str] | Unknown:
        """Disks and domains that stand on a file or use it, on every host; Unknown if one is.

        Files are compared by their whole path: hosts that share a folder have it at one place.
        """
        found: set[str] = set()
        for name, users in self._users.items():
            host = self.facts.hosts[name]
            if host.profile is not None and not may_see(host.profile, path):
                continue
            for part in (host.libvirt, host.folders):
                if isinstance(part, Unknown):
                    return Unknown(f"host {name} may use it: {part.reason}")
            found |= users.of(path)
        return sorted(found)

    def guest(self, computer_id: int) -> GuestFacts | None:
        """What a computer's guest answered, None where it was not asked."""
        return self.facts.guests.get(computer_id)
