"""Everything a face works on: configuration, hosts, inventory, one session for each host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from vcltui.config import Config, hosts_from_uris
from vcltui.errors import (
    InventoryError,
    NoInventoryError,
    NotFoundError,
    UsageError,
    VcltuiError,
)
from vcltui.models.host import VMHost
from vcltui.provisioning import session as host_session
from vcltui.runtime.journal import journal as journals
from vcltui.vcldb import database as databases
from vcltui.vcldb import hosts

if TYPE_CHECKING:
    from vcltui.provisioning.session import HostSession
    from vcltui.runtime.journal.journal import Journal
    from vcltui.vcldb.database import Database

Answer = TypeVar("Answer")
_HOSTS_AT_ONCE = 16
_RETRY_SECONDS = 10.0
"""For so long after the inventory failed, a configured host's session does not wait for it."""


class Workspace:
    """Opens what is needed when it is needed, and closes it all at the end.

    `uris` are libvirt hosts without configuration (`-c`); with them only those hosts are used.
    """

    def __init__(self, config: Config, *, uris: Iterable[str] = (), readonly: bool = False) -> None:
        self.config = config
        self.readonly = readonly
        self._journal: Journal | None = None
        self._named = hosts_from_uris(uris)
        self._sessions: dict[str, HostSession] = {}
        self._database: Database | None = None
        self._failed_at: float | None = None
        self._without_inventory: set[str] = set()
        self._lock = threading.RLock()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every session and the database."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()
            if self._database is not None:
                self._database.close()
                self._database = None

    @property
    def journal(self) -> Journal:
        """The journal of what is done."""
        with self._lock:
            if self._journal is None:
                self._journal = journals.Journal(self.config.state_directory / "journal")
            return self._journal

    # --- inventory ---

    @property
    def database(self) -> Database | None:
        """The inventory, or None where there is none yet. Raises InventoryError."""
        with self._lock:
            if self._database is None and self.config.inventory_exists():
                self._database = databases.open_database(
                    self.config.inventory_url, readonly=self.readonly
                )
            return self._database

    def inventory(self, *, create: bool = False) -> Database:
        """The inventory; with `create` an embedded one is made where there is none.

        Raises InventoryError.
        """
        with self._lock:
            if self.database is None:
                if not create:
                    raise NoInventoryError(
                        "There is no inventory yet",
                        "Add a host with `vcltui host add`, or try `vcltui demo`",
                    )
                self._database = databases.open_database(
                    self.config.inventory_url,
                    create=True,
                    management_node=self.config.management_node,
                )
            return self._database or databases.open_database(self.config.inventory_url)

    # --- hosts ---

    def configured_hosts(self) -> dict[str, VMHost]:
        """The VM hosts that are known without the inventory, by name. Waits for nothing."""
        return dict(self._named or self.config.hosts)

    def hosts(self) -> dict[str, VMHost]:
        """Every VM host by name: those named by URI, else configuration over inventory.

        Raises InventoryError: what is changed must not miss a host that the inventory knows.
        """
        if self._named:
            return dict(self._named)
        node = None if self.config.all_management_nodes else self.config.management_node
        try:
            database = self.database
            rows = hosts.list_vmhosts(database, management_node=node) if database else []
        except InventoryError:
            self._failed_at = time.monotonic()
            raise
        self._failed_at = None
        known = {host.name: host for host in rows}
        if database is not None and not database.is_embedded:
            # VCL's database does not say how its guests are logged in to.
            guests = self.config.guests
            known = {name: replace(host, guests=guests) for name, host in known.items()}
        for name, host in self.config.hosts.items():
            row = known.get(name)
            known[name] = (
                host
                if row is None
                else replace(host, id=row.id, profile=host.profile or row.profile)
            )
        self._complete_sessions(known)
        return known

    def _complete_sessions(self, known: dict[str, VMHost]) -> None:
        """Tell the sessions that were opened without the inventory what it says of their hosts."""
        with self._lock:
            for name in self._without_inventory & set(known) & set(self._sessions):
                self._sessions[name].learn(known[name])
            self._without_inventory.clear()

    def _hosts_for_session(self, name: str) -> dict[str, VMHost]:
        """The hosts; where the inventory can't be read, the configured one of this name."""
        configured = {one: host for one, host in self.config.hosts.items() if one == name}
        failed_at = self._failed_at
        if configured and failed_at is not None and time.monotonic() - failed_at < _RETRY_SECONDS:
            self._without_inventory.add(name)
            return configured
        try:
            return self.hosts()
        except InventoryError:
            if not configured:
                raise
            self._without_inventory.add(name)
            return configured

    def session(self, host_name: str) -> HostSession:
        """The one session of a host. Raises NotFoundError with the hosts there are.

        A configured host has one while the inventory can't be read, too: it can be looked at.
        Of others InventoryError is raised.
        """
        with self._lock:
            if host_name not in self._sessions:
                known = self._hosts_for_session(host_name)
                if host_name not in known:
                    raise NotFoundError(
                        f"There is no host {host_name!r}", alternatives(host_name, known)
                    )
                self._sessions[host_name] = host_session.HostSession(
                    known[host_name], readonly=self.readonly
                )
            return self._sessions[host_name]

    def sessions(self) -> list[HostSession]:
        """The sessions of all hosts, by name. Raises UsageError where no host is known."""
        names = sorted(self.hosts())
        if not names:
            raise no_host_is_known()
        return [self.session(name) for name in names]

    def each_host(self, ask: Callable[[HostSession], Answer]) -> dict[str, Answer | VcltuiError]:
        """Ask every host the same, several at a time; one that fails has its error as answer."""

        def answer(session: HostSession) -> Answer | VcltuiError:
            try:
                return ask(session)
            except VcltuiError as error:
                return error

        sessions = self.sessions()
        with ThreadPoolExecutor(_HOSTS_AT_ONCE, thread_name_prefix="host") as pool:
            answers = pool.map(answer, sessions)
            return dict(zip((session.name for session in sessions), answers, strict=True))


def no_host_is_known() -> UsageError:
    """The error where there is nothing to work on, with how that is changed."""
    return UsageError(
        "No host is known",
        "Name one with -c URI, in the configuration or with `vcltui host add`; "
        "`vcltui demo` shows everything on a sandbox",
    )


def alternatives(name: str, known: Iterable[str]) -> str:
    """A hint that names what is like `name` among `known`, or all of a few."""
    names = sorted(known)
    close = get_close_matches(name, names, n=3) or names[:10]
    return f"There are: {', '.join(close)}" if close else "There is none at all"
