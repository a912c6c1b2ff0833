"""Puts what hosts tell and what the inventory knows together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vcltui.models.domain import PowerState
from vcltui.models.inventory import NO_IMAGE, Computer
from vcltui.runtime.fleet_models import (
    DomainView,
    Flag,
    HostState,
    InventoryFacts,
    LiveDomain,
    LiveHost,
)


def domain_views(hosts: Iterable[LiveHost], inventory: InventoryFacts) -> list[DomainView]:
    """Every domain of `hosts`, and every computer of theirs without one, by host and name."""
    known = {each.name: each for each in inventory.computers}
    views: list[DomainView] = []
    for host in sorted(hosts, key=lambda host: natural(host.name)):
        stale = host.state is not HostState.UP
        here = [_view(domain, known, inventory, stale=stale) for domain in host.domains]
        if host.answered_at is not None:
            loaded = {view.computer.name for view in here if view.computer}
            here += [
                DomainView(host.name, None, computer, stale=stale)
                for computer in inventory.computers
                if computer.vmhost == host.name and computer.name not in loaded
            ]
        views += sorted(here, key=_place)
    return views


def _place(view: DomainView) -> tuple[object, ...]:
    """By computer, so that a row stays where it is when its computer is loaded anew."""
    owner = view.computer.name if view.computer else view.name
    return (natural(owner), natural(view.name))


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which vm2 comes before vm10."""
    words: list[str] = []
    for letter in name:
        if words and words[-1][-1].isdecimal() == letter.isdecimal():
            words[-1] += letter
        else:
            words.append(letter)
    return tuple(
        (0, int(word), word) if word.isdecimal() else (1, 0, word.lower()) for word in words
    )


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


def _view(
    domain: LiveDomain, known: Mapping[str, Computer], inventory: InventoryFacts, *, stale: bool
) -> DomainView:
    computer = owner_of(domain.name, known)
    here = computer is not None and computer.vmhost == domain.host
    noted = computer.current_image if computer is not None and here else None
    image = domain.facts.image_name if domain.facts else noted
    return DomainView(
        domain.host,
        domain,
        computer,
        None if image == NO_IMAGE else image,
        _flags(domain, computer, inventory),
        stale,
    )


def _flags(
    domain: LiveDomain, computer: Computer | None, inventory: InventoryFacts
) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if inventory.read:
        if computer is None:
            flags.append(Flag.NO_COMPUTER)
        elif computer.vmhost != domain.host:
            flags.append(Flag.OTHER_HOST)
        elif domain.facts is not None and computer.current_image != domain.facts.image_name:
            flags.append(Flag.WRONG_IMAGE)
    if not domain.persistent and domain.power is not PowerState.OFF:
        flags.append(Flag.TRANSIENT)
    return tuple(flags)
