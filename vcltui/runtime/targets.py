"""From the names an operator types to what an operation works on."""

from __future__ import annotations

from vcltui.errors import NotFoundError, RefusedError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import Domain
from vcltui.models.inventory import Assignment, Computer, ImageRevision
from vcltui.models.names import domain_belongs_to
from vcltui.operations.runner import Observer, Observers
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.context import Context
from vcltui.provisioning.module import ProvisioningModule
from vcltui.provisioning.session import HostSession
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, images, reservations, revisions


class Targets:
    """Builds provisioning modules for computers, domains and hosts of a workspace.

    What a module does is journalled, and told to `observer` too.
    """

    def __init__(
        self,
        workspace: Workspace,
        observer: Observer | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self._workspace = workspace
        self._observer = observer or Observer()
        self._cancel = cancel or CancelToken()

    @property
    def workspace(self) -> Workspace:
        """What the modules work on."""
        return self._workspace

    def computer(self, name: str, image_name: str | None = None) -> ProvisioningModule:
        """The module for a computer and an image, by default the one it should be loaded with.

        Raises NotFoundError for an unknown computer or image, RefusedError for a computer that
        is on no VM host.
        """
        with self._workspace.inventory().read_at_once():
            return self._of_computer(name, image_name)

    def _of_computer(self, name: str, image_name: str | None) -> ProvisioningModule:
        database = self._workspace.inventory()
        computer = computers.get_computer(database, name)
        if computer.vmhost is None:
            raise RefusedError(
                f"Computer {computer.name} is on no VM host",
                "Assign it with `vcltui computer assign`",
            )
        image = (
            images.get_revision(database, image_name)
            if image_name
            else self._current_image(computer)
        )
        assignment = Assignment(
            computer,
            image,
            self._workspace.config.management_node,
            reservations.get_request_for_computer(database, computer.id),
        )
        return self._module(self._workspace.session(computer.vmhost), assignment)

    def host(self, name: str) -> ProvisioningModule:
        """The module for a host with nothing assigned. Raises NotFoundError."""
        return self._module(self._workspace.session(name), None)

    def only_host(self) -> ProvisioningModule:
        """The module for the one host there is. Raises RefusedError where there are several."""
        sessions = self._workspace.sessions()
        if len(sessions) > 1:
            raise RefusedError(
                f"There are several hosts: {', '.join(session.name for session in sessions)}",
                "Name one with --host",
            )
        return self._module(sessions[0], None)

    def domain(self, name: str, host: str | None = None) -> tuple[ProvisioningModule, Domain]:
        """The module and the domain for a computer's or a domain's name.

        A computer of the inventory comes first, else the one domain of exactly this name on
        `host` or on any host. Raises NotFoundError, RefusedError when several hosts have it.
        """
        if host is None and self._workspace.database is not None:
            try:
                module = self.computer(name)
            except (NotFoundError, RefusedError):
                pass
            else:
                return module, computer_domain(module.context)
        session, domain = self._find_domain(name, host)
        return self._module(session, self._assignment_for(domain)), domain

    def _find_domain(self, name: str, host: str | None) -> tuple[HostSession, Domain]:
        sessions = [self._workspace.session(host)] if host else self._workspace.sessions()
        found: list[tuple[HostSession, Domain]] = []
        silent: list[str] = []
        for session in sessions:
            try:
                domain = domains.find_domain(session.connection, name)
            except VcltuiError as error:
                silent.append(error.what)
                continue
            if domain is not None:
                found.append((session, domain))
        if len(found) > 1:
            raise RefusedError(
                f"Domain {name} is on several hosts: "
                f"{', '.join(session.name for session, _ in found)}",
                "Name one with --host",
            )
        if not found:
            asked = f"; and {'; '.join(silent)}" if silent else ""
            raise NotFoundError(
                f"There is no computer and no domain named {name!r}{asked}",
                "List them with `vcltui computers` and `vcltui domains`",
            )
        return found[0]

    def _assignment_for(self, domain: Domain) -> Assignment | None:
        """What is assigned to the computer that a domain was made for, if the inventory knows."""
        database = self._workspace.database
        if database is None:
            return None
        for computer in computers.list_computers(database):
            if domain_belongs_to(domain.name, computer.name):
                return Assignment(
                    computer,
                    self._current_image(computer),
                    self._workspace.config.management_node,
                )
        return None

    def _current_image(self, computer: Computer) -> ImageRevision:
        return revisions.current_revision(self._workspace.inventory(), computer)

    def _module(self, session: HostSession, assignment: Assignment | None) -> ProvisioningModule:
        observer = Observers((self._workspace.journal.observer(), self._observer))
        others = tuple(
            self._workspace.session(name)
            for name in self._workspace.hosts()
            if name != session.name
        )
        return ProvisioningModule(
            Context(
                session=session,
                state_directory=self._workspace.config.state_directory,
                management_node=self._workspace.config.management_node,
                assignment=assignment,
                database=self._workspace.database,
                other_hosts=others,
                observer=observer,
                cancel=self._cancel,
            )
        )
