"""Domains against the database: rules 14, 15, 21 and 22."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from vcltui.doctor.facts import DomainFacts, Unknown
from vcltui.doctor.findings import Evidence, Finding, Severity, Target
from vcltui.doctor.naming import loaded_by_name
from vcltui.doctor.rules.make import (
    Rule,
    about_case,
    about_computer,
    about_host,
    computer_state,
    span,
    states,
)
from vcltui.doctor.view import View
from vcltui.models.domain import PowerState
from vcltui.models.evidence import ComputerRow
from vcltui.models.inventory import NO_IMAGE

_IN_USE = frozenset({"reserved", "inuse"})
_CHANGING = frozenset({"new", "reload", "image", "checkpoint"})


def domain_unexpected(view: View) -> Iterator[Finding]:
    """14: a domain of a computer that the database says is not there, or not so."""
    for domain in view.all_domains():
        owners = owners_of(view, domain)
        if not owners or len({one.host for one in _rivals(view, owners[0])}) > 1:
            continue
        wrong = [(one, _mismatch(view, one, domain)) for one in owners]
        if any(reason is None for _, reason in wrong):
            continue
        computer, reason = wrong[0]
        active = view.active_on(computer.id)
        if active is not None and active.request.doing in _CHANGING:
            continue
        remedies = () if active else _for_mismatch(view, computer, domain)
        yield about_computer(
            view,
            computer,
            Severity.WARNING,
            f"Domain {domain.name} on {domain.host} is not as the database says: {reason}",
            "Nothing may be done to it while its computer is in use; reload the computer after that"
            if active
            else "Remove it if nobody needs it; its disk goes with it, a master never",
            (
                Evidence(f"domain {domain.name} on {domain.host}", _told(domain)),
                Evidence(f"computer[{computer.name}].vmhostid", computer.host or "NULL"),
                Evidence(
                    f"computer[{computer.name}].currentimageid",
                    f"{_image_name(view, computer)}{' (deleted)' if computer.deleted else ''}",
                ),
            ),
            remedies,
            host=domain.host,
            target=Target(domain=domain.name, uuid=domain.uuid),
        )


def owners_of(view: View, domain: DomainFacts) -> list[ComputerRow]:
    """The computers whose name a domain begins with; those that exist before deleted ones."""
    found = view.owners_of(domain.name)
    living = [one for one in found if not one.deleted]
    return living or found


def _mismatch(view: View, computer: ComputerRow, domain: DomainFacts) -> str | None:
    """What does not fit between a domain and its computer; None where all does."""
    if computer.deleted:
        return f"the computer {computer.name} is deleted"
    if computer.host is None:
        return f"{computer.name} is on no VM host"
    if computer.host != domain.host:
        return f"{computer.name} is on {computer.host}"
    current = view.revisions.get(computer.revision_id)
    if current is None:
        return None
    if current.name == NO_IMAGE:
        return f"{computer.name} has no image"
    if domain.revision_id:
        return None if domain.revision_id == current.id else f"it should be {current.name}"
    loaded = loaded_by_name(domain.image or domain.name)
    if loaded is None or loaded == (current.image_id, current.revision):
        return None
    return f"it should be {current.name}"


def _for_mismatch(view: View, computer: ComputerRow, domain: DomainFacts) -> tuple[str, ...]:
    current = view.revisions.get(computer.revision_id)
    here = computer.host == domain.host and not computer.deleted
    return ("G", "I") if here and current is not None and current.name != NO_IMAGE else ("I",)


def _image_name(view: View, computer: ComputerRow) -> str:
    revision = view.revisions.get(computer.revision_id)
    return revision.name if revision else f"revision {computer.revision_id}"


def _rivals(view: View, computer: ComputerRow) -> list[DomainFacts]:
    return [] if computer.deleted else view.domains_of(computer)


def _told(domain: DomainFacts) -> str:
    reason = f" ({domain.reason})" if domain.reason else ""
    return f"{domain.power.value}{reason}"


def domain_missing(view: View) -> Iterator[Finding]:
    """15: somebody's computer has no domain, or one that is off."""
    for case in view.cases:
        if case.request.doing not in _IN_USE or view.is_over(case.request):
            continue
        for row in case.reservations:
            computer = view.computers.get(row.computer_id)
            if computer is None or isinstance(view.libvirt(computer.host), Unknown):
                continue
            found = view.domains_of(computer)
            if any(one.power is not PowerState.OFF for one in found):
                continue
            silent = view.unknown_hosts()
            evidence = [states(view, case), *(_domain_lines(found))]
            evidence += [Evidence(f"host {name}", "unknown: not asked") for name in silent]
            remedies: tuple[str, ...] = ()
            if found:
                summary = f"The domain of {computer.name} is off; its user is cut off"
                because = f"Start it: vcltui power on {computer.name}"
            elif silent:
                summary = f"{computer.name} has no domain on any host that could be asked"
                because = "Ask the other hosts before anything is done"
            else:
                summary = f"{computer.name} has no domain on any host; its user is cut off"
                because = "Tell the user, delete the request, then reload the computer. Keep its "
                because, remedies = f"{because}disk if there is one", ("C", "G")
            yield about_case(
                view,
                case,
                Severity.WARNING if silent and not found else Severity.CRITICAL,
                summary,
                because,
                evidence,
                remedies,
                row=row,
            )


def _domain_lines(found: list[DomainFacts]) -> list[Evidence]:
    if not found:
        return [Evidence("domains of the computer", "none")]
    return [Evidence(f"domain {one.name} on {one.host}", _told(one)) for one in found]


def ssh_silent(view: View) -> Iterator[Finding]:
    """21: a guest that was started for a load and does not answer over SSH."""
    for case in view.cases:
        if case.request.doing not in ("new", "reload"):
            continue
        for row in case.reservations:
            computer, step = view.computers.get(row.computer_id), view.last_step(row.id)
            if computer is None or step is None or step.state not in ("startvm", "machinebooted"):
                continue
            running = [one for one in view.domains_of(computer) if one.power is PowerState.ON]
            guest = view.guest(computer.id)
            # Nothing is said of a guest that was not asked.
            if not running or guest is None or guest.answers:
                continue
            revision = view.revision_of(row)
            windows = revision is not None and revision.os_type == "windows"
            settings = view.settings
            limit = settings.ssh_windows_seconds if windows else settings.ssh_linux_seconds
            age = view.age(step.time)
            if age is None or age <= limit:
                continue
            yield about_case(
                view,
                case,
                Severity.CRITICAL,
                f"{computer.name} runs and does not answer over SSH for {span(age)}",
                "Look at its console; reset it while nobody uses it; compare its address with "
                "what DHCP gives to its MAC address; then reload it",
                (
                    Evidence(f"computerloadlog of reservation {row.id}", step.state, step.time),
                    Evidence(f"domain {running[0].name} on {running[0].host}", _told(running[0])),
                    Evidence("ssh", guest.reason),
                    _address(view, computer),
                ),
                ("G",),
                row=row,
            )


def _address(view: View, computer: ComputerRow) -> Evidence:
    libvirt = view.libvirt(computer.host)
    mac = (computer.eth0_mac or "").lower()
    if isinstance(libvirt, Unknown):
        return Evidence(f"lease of {mac}", f"unknown: {libvirt.reason}")
    leased = ", ".join(libvirt.leases.get(mac, ())) or "none"
    return Evidence(f"lease of {mac}", f"{leased}; privateIPaddress {computer.private_ip}")


def mac_twice(view: View) -> Iterator[Finding]:
    """22: a computer's domains, or one MAC address, on two hosts."""
    told: set[str] = set()
    for computer in view.computers.values():
        found = _rivals(view, computer)
        if len({one.host for one in found}) > 1:
            told |= {one.uuid + one.host for one in found}
            yield _twice(view, computer, found)
    by_mac: dict[str, list[DomainFacts]] = defaultdict(list)
    for domain in view.all_domains():
        for mac in domain.macs:
            by_mac[mac].append(domain)
    for mac, found in sorted(by_mac.items()):
        both = [one for one in found if one.uuid + one.host not in told]
        if len({one.host for one in both}) > 1:
            yield about_host(
                both[0].host,
                f"MAC address {mac}",
                Severity.CRITICAL,
                f"The MAC address {mac} is on {len(both)} domains",
                "Find out which of them may have it, and change the other",
                tuple(Evidence(f"domain {one.name} on {one.host}", _told(one)) for one in both),
            )


def _twice(view: View, computer: ComputerRow, found: list[DomainFacts]) -> Finding:
    strays = [one for one in found if one.host != computer.host]
    running = [one for one in found if one.power.is_active]
    stray = strays[0] if len(strays) == 1 else None
    both_used = len(running) > 1
    active = view.active_on(computer.id)
    clear = stray is not None and not both_used and stray not in running and active is None
    if both_used:
        because = "Both run: look into both before one is shut off. Nothing is removed until then"
    elif stray in running:
        because = f"Only the one on {stray.host if stray else '?'} runs, where the database does "
        because += "not expect it: find out who uses it"
    else:
        because = "Remove the one that is not where the database says"
    hosts = sorted({one.host for one in found})
    return about_computer(
        view,
        computer,
        Severity.CRITICAL if both_used else Severity.WARNING,
        f"{computer.name} has domains on {' and '.join(hosts)}",
        because,
        (
            computer_state(computer),
            Evidence(f"computer[{computer.name}].vmhostid", computer.host or "NULL"),
            *(Evidence(f"domain {one.name} on {one.host}", _told(one)) for one in found),
        ),
        ("I",) if clear else (),
        host=stray.host if stray else computer.host,
        target=Target(domain=stray.name, uuid=stray.uuid) if stray else None,
    )


RULES = (
    Rule(14, "domain-unexpected", domain_unexpected),
    Rule(15, "domain-missing", domain_missing),
    Rule(21, "ssh-silent", ssh_silent),
    Rule(22, "mac-twice", mac_twice),
)
