"""Puts what hosts tell and what the inventory knows together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from operator import is_
from typing import TYPE_CHECKING

from vcltui.models.domain import PowerState
from vcltui.models.inventory import NO_IMAGE, Computer
from vcltui.models.natural import natural
from vcltui.runtime.fleet.models import (
    DomainView,
    Flag,
    HostState,
    InventoryFacts,
    LiveDomain,
    LiveHost,
    domain_key,
    empty_key,
)

if TYPE_CHECKING:
    from vcltui.models.reservation import ReservationRow

_OVER = frozenset({"complete", "deleted"})


@dataclass(frozen=True, slots=True)
class _Known:
    """What the inventory knows, ready to be looked up: a row must not cost a search."""

    is_read: bool
    computers: Mapping[str, Computer]
    on_host: Mapping[str | None, list[Computer]]
    reservations: Mapping[str, ReservationRow]

    @classmethod
    def of(cls, inventory: InventoryFacts) -> _Known:
        on_host: dict[str | None, list[Computer]] = {}
        for computer in inventory.computers:
            on_host.setdefault(computer.vmhost, []).append(computer)
        return cls(
            inventory.read,
            {computer.name: computer for computer in inventory.computers},
            on_host,
            _holders(inventory.reservations),
        )


def _holders(rows: Iterable[ReservationRow]) -> dict[str, ReservationRow]:
    """The reservation of each computer: the one that began last, else the next to begin.

    One that is over comes after all others.
    """
    now = datetime.now()
    past: list[ReservationRow] = []
    future: list[ReservationRow] = []
    over: list[ReservationRow] = []
    for row in sorted(rows, key=lambda row: (row.start or datetime.min, row.id)):
        if row.state in _OVER:
            over.append(row)
        elif row.start is not None and row.start > now:
            future.append(row)
        else:
            past.append(row)
    # What comes later in this order takes the place of what came before.
    return {row.computer: row for row in (*over, *reversed(future), *past)}


@dataclass(frozen=True, slots=True)
class _HostRows:
    """The rows of one host, and what they were made of."""

    domains: tuple[LiveDomain, ...]
    stale: bool
    answered: bool
    known: _Known
    views: tuple[DomainView, ...]
    by_key: Mapping[str, DomainView]
    by_computer: Mapping[str, DomainView]

    def are_of(self, host: LiveHost, known: _Known) -> bool:
        """Whether nothing of what they were made of is another now."""
        return (
            self.domains is host.domains
            and self.known is known
            and self.stale is (host.state is not HostState.UP)
            and self.answered is (host.answered_at is not None)
        )


class DomainRows:
    """Every domain of hosts, and every computer of theirs without one, by host and name.

    What stays as it was is the same object: the row of a domain, and the tuple of all. So what
    is made of rows need be made anew for those alone that are others. From several threads.
    """

    def __init__(self) -> None:
        self._known = _Known.of(InventoryFacts())
        self._hosts: dict[str, _HostRows] = {}
        self._all: tuple[tuple[_HostRows, ...], tuple[DomainView, ...]] = ((), ())
        self._unplaced: tuple[DomainView, ...] = ()

    def learn(self, inventory: InventoryFacts, hosts: Iterable[LiveHost]) -> bool:
        """Take over what the inventory says; returns whether it says something else of rows.

        The rows of `hosts` are made at once, so that whoever asks for them later need not wait.
        """
        known = _Known.of(inventory)
        if known == self._known:
            return False
        made = {host.name: _rows(host, known, self._hosts.get(host.name)) for host in hosts}
        # Replaced, not changed: readers in other threads go on with what they have.
        self._known, self._hosts = known, made
        kept = {view.key: view for view in self._unplaced}
        found = [_empty("", one, known, stale=False) for one in known.on_host.get(None, ())]
        found.sort(key=_place)
        views = [old if (old := kept.get(view.key)) == view else view for view in found]
        self._unplaced = tuple(view for view in views if view is not None)
        return True

    @property
    def unplaced(self) -> tuple[DomainView, ...]:
        """The computers that are on no host, whose rows have an empty host's name."""
        return self._unplaced

    def of(self, hosts: Iterable[LiveHost]) -> tuple[DomainView, ...]:
        """The rows of these hosts."""
        made = self._made(hosts)
        before, views = self._all
        if len(before) != len(made) or not all(map(is_, before, made)):
            views = tuple(chain.from_iterable(rows.views for rows in made))
            self._all = made, views
        return views

    def of_host(self, host: LiveHost) -> tuple[DomainView, ...]:
        """The rows of one host."""
        (rows,) = self._made((host,))
        return rows.views

    def of_computer(self, name: str, hosts: Iterable[LiveHost]) -> DomainView | None:
        """The first of the rows of `hosts` that is about a computer, or that of one on no host."""
        found = (rows.by_computer.get(name) for rows in self._made(hosts))
        on_host = next((view for view in found if view is not None), None)
        return on_host or next((view for view in self._unplaced if view.owner == name), None)

    def _made(self, hosts: Iterable[LiveHost]) -> tuple[_HostRows, ...]:
        known, kept = self._known, self._hosts
        made: list[_HostRows] = []
        for host in sorted(hosts, key=lambda host: natural(host.name)):
            rows = kept.get(host.name)
            if rows is None or not rows.are_of(host, known):
                rows = kept[host.name] = _rows(host, known, rows)
            made.append(rows)
        return tuple(made)


def domain_views(hosts: Iterable[LiveHost], inventory: InventoryFacts) -> tuple[DomainView, ...]:
    """The rows of hosts as they are at one moment, see DomainRows."""
    rows = DomainRows()
    rows.learn(inventory, ())
    return rows.of(hosts)


def _rows(host: LiveHost, known: _Known, before: _HostRows | None) -> _HostRows:
    """The rows of a host; those of `before` that stay as they were are taken over."""
    stale, answered = host.state is not HostState.UP, host.answered_at is not None
    kept = before.by_key if before else {}
    same_rest = before is not None and before.known is known and before.stale is stale
    if before is not None and same_rest and before.answered is answered:
        replaced = _replaced(before, host.domains)
        if replaced is not None:
            return replaced
    found: dict[str, DomainView] = {}
    for domain in host.domains:
        view = kept.get(domain_key(domain.host, domain.uuid))
        if view is None or view.domain is not domain or not same_rest:
            made = _view(domain, known, stale=stale)
            view = view if view == made else made
        found[view.key] = view
    if answered:
        loaded = {view.computer.name for view in found.values() if view.computer}
        for computer in known.on_host.get(host.name, ()):
            if computer.name in loaded:
                continue
            view = kept.get(empty_key(host.name, computer.name))
            if view is None or not same_rest:
                made = _empty(host.name, computer, known, stale=stale)
                view = view if view == made else made
            found[view.key] = view
    views = _in_order(found, before.views if before else ())
    by_computer = {view.computer.name: view for view in reversed(views) if view.computer}
    return _HostRows(host.domains, stale, answered, known, views, found, by_computer)


def _replaced(before: _HostRows, domains: tuple[LiveDomain, ...]) -> _HostRows | None:
    """The rows of other domains under the same names; None where they are not such."""
    if len(domains) != len(before.domains):
        return None
    others: dict[str, DomainView] = {}
    for domain, old in zip(domains, before.domains, strict=True):
        if domain is not old:
            if (domain.uuid, domain.name) != (old.uuid, old.name):
                return None
            view = _view(domain, before.known, stale=before.stale)
            others[view.key] = view
    return replace(
        before,
        domains=domains,
        views=tuple([others.get(view.key, view) for view in before.views]),
        by_key={**before.by_key, **others},
        by_computer={name: others.get(view.key, view) for name, view in before.by_computer.items()},
    )


def _in_order(
    found: Mapping[str, DomainView], before: tuple[DomainView, ...]
) -> tuple[DomainView, ...]:
    """The rows by their places; those of `before` need no sorting while all keep theirs."""
    if len(found) == len(before) and all(view.key in found for view in before):
        views = tuple(found[view.key] for view in before)
        if all(map(_is_same_place, views, before)):
            return views
    return tuple(sorted(found.values(), key=_place))


def _is_same_place(one: DomainView, other: DomainView) -> bool:
    return one is other or (one.owner, one.name) == (other.owner, other.name)


def _place(view: DomainView) -> tuple[object, ...]:
    """By computer, so that a row stays where it is when its computer is loaded anew."""
    return (natural(view.owner), natural(view.name))


def owner_of(domain_name: str, computers: Mapping[str, Computer]) -> Computer | None:
    """The computer that a domain was made for: the longest name that its own begins with.

    `computers` are by name. vm1 owns `vm1`, `vm1:image` and `vm1_image`, never `vm10:image`.
    """
    if domain_name in computers:
        return computers[domain_name]
    for end in range(len(domain_name) - 1, 0, -1):
        if domain_name[end] in ":_" and domain_name[:end] in computers:
            return computers[domain_name[:end]]
    return None


def _view(domain: LiveDomain, known: _Known, *, stale: bool) -> DomainView:
    computer = owner_of(domain.name, known.computers)
    here = computer is not None and computer.vmhost == domain.host
    noted = computer.current_image if computer is not None and here else None
    image = domain.facts.image_name if domain.facts else noted
    # What the inventory says of a computer that is elsewhere is not about this domain.
    address = computer.private_ip if computer is not None and here else None
    holder = known.reservations.get(computer.name) if computer is not None and here else None
    return DomainView(
        domain.host,
        domain,
        computer,
        None if image == NO_IMAGE else image,
        _flags(domain, computer, is_read=known.is_read),
        stale,
        address or domain.address,
        holder.id if holder else None,
        holder.state if holder else "",
    )


def _empty(host: str, computer: Computer, known: _Known, *, stale: bool) -> DomainView:
    holder = known.reservations.get(computer.name)
    return DomainView(
        host,
        None,
        computer,
        stale=stale,
        address=computer.private_ip,
        reservation=holder.id if holder else None,
        reservation_state=holder.state if holder else "",
    )


def _flags(domain: LiveDomain, computer: Computer | None, *, is_read: bool) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if is_read:
        if computer is None:
            flags.append(Flag.NO_COMPUTER)
        elif computer.vmhost != domain.host:
            flags.append(Flag.OTHER_HOST)
        elif domain.facts is not None and computer.current_image != domain.facts.image_name:
            flags.append(Flag.WRONG_IMAGE)
    if not domain.persistent and domain.power is not PowerState.OFF:
        flags.append(Flag.TRANSIENT)
    return tuple(flags)
