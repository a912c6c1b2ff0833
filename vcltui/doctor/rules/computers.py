"""Computers that VCL does not use: rules 10, 11, 12, 28 and 30."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta

from vcltui.doctor.facts import Unknown
from vcltui.doctor.findings import Evidence, Finding, Severity
from vcltui.doctor.rules.captures import is_failed_capture
from vcltui.doctor.rules.make import (
    Rule,
    about_computer,
    about_host,
    computer_state,
)
from vcltui.doctor.view import View
from vcltui.models.evidence import ComputerRow, EndingRow

_FAILURES_SINCE = timedelta(days=7)


def computer_reloading(view: View) -> Iterator[Finding]:
    """10: a computer is `reloading`, and nobody reloads it."""
    for computer in _living(view):
        if computer.state != "reloading":
            continue
        cases = view.cases_of(computer.id)
        if any(case.request.doing in ("reload", "new") for case in cases):
            continue
        if any(case.request.state == "pending" for case in cases):
            continue
        working = _processes_for(view, computer)
        if working is not False:
            continue
        right = _has_its_image(view, computer)
        yield about_computer(
            view,
            computer,
            Severity.WARNING,
            f"{computer.name} is marked as reloading, and nothing reloads it",
            "It has its image and answers, so make it available"
            if right
            else "Reload it: its guest is not seen to have its image. VCL's own page lists it as "
            "reloadable and does nothing",
            (
                computer_state(computer),
                Evidence(
                    f"requests on {computer.name}",
                    ", ".join(f"{case.request.id} {case.request.states}" for case in cases)
                    or "none",
                ),
                Evidence("ps -e", f"no vcld process for {computer.name}"),
                *_domains(view, computer),
                *_guest(view, computer),
            ),
            ("F", "G") if right else ("G",),
        )


def computer_failed(view: View) -> Iterator[Finding]:
    """11: a computer that vcld gave up."""
    for computer in _living(view):
        if computer.state != "failed":
            continue
        endings = [
            one
            for one in view.facts.database.endings
            if one.computer_id == computer.id and one.ending != "none"
        ]
        told = [
            step
            for step in view.facts.database.steps
            if step.computer_id == computer.id and step.state in ("failed", "loadimagefailed")
        ]
        right = _has_its_image(view, computer)
        yield about_computer(
            view,
            computer,
            Severity.WARNING,
            f"{computer.name} has failed; VCL does not use it",
            "Find the cause among the other findings and cure it, then reload the computer"
            + (". Its guest is ready, so making it available is enough" if right else ""),
            (
                computer_state(computer),
                *(Evidence(f"log[{one.log_id}].ending", one.ending, one.time)
                  for one in endings[-2:]),
                *(Evidence(f"computerloadlog {step.state}", step.info, step.time)
                  for step in told[-2:]),
                *_domains(view, computer),
            ),
            ("G", "F") if right else ("G",),
        )  # fmt: skip


def computer_maintenance(view: View) -> Iterator[Finding]:
    """12: a computer that somebody took out of service. A failed capture is rule 13's."""
    for computer in _living(view):
        if computer.state != "maintenance":
            continue
        if any(is_failed_capture(view, case) for case in view.cases_of(computer.id)):
            continue
        who, since, reason = read_note(computer.notes)
        told = f"{who or 'somebody'}{f' since {since}' if since else ''}"
        yield about_computer(
            view,
            computer,
            Severity.INFO,
            f"{computer.name} is in maintenance: {told}{f', {reason}' if reason else ''}",
            "When the work is done, make it available; its VM host must be in use for that",
            (
                computer_state(computer),
                Evidence(f"computer[{computer.name}].notes", computer.notes or "(empty)"),
            ),
            ("F",),
        )


def read_note(notes: str) -> tuple[str, str, str]:
    """Who, when and why of a computer's note, which VCL writes as `user datetime@reason`."""
    head, at, reason = notes.partition("@")
    if not at:
        return "", "", notes.strip()
    who, _, since = head.strip().partition(" ")
    return who, since.strip(), reason.strip()


def guest_image_differs(view: View) -> Iterator[Finding]:
    """28: the guest says that it is loaded with something else than the database says."""
    for computer in _living(view):
        guest = view.guest(computer.id)
        if guest is None or not guest.answers or guest.revision_id is None:
            continue
        if guest.revision_id == computer.revision_id:
            continue
        expected = view.revisions.get(computer.revision_id)
        active = view.active_on(computer.id)
        yield about_computer(
            view,
            computer,
            Severity.WARNING,
            f"{computer.name} is loaded with {guest.image or guest.revision_id}, not with "
            f"{expected.name if expected else computer.revision_id}",
            "Reload it when its reservation has ended" if active else "Reload it",
            (
                Evidence("currentimage.txt imagerevision_id", str(guest.revision_id)),
                Evidence(
                    f"computer[{computer.name}].imagerevisionid", str(computer.revision_id)
                ),
            ),
            () if active else ("G",),
        )  # fmt: skip


def repeated_failures(view: View) -> Iterator[Finding]:
    """30: one computer, image or VM host on which most reservations failed lately."""
    endings = [
        one
        for one in view.facts.database.endings
        if one.time is not None and one.time >= view.now - _FAILURES_SINCE and one.ending != "none"
    ]
    images = _failing(view, endings, lambda one: one.revision_id, lambda one: one.computer_id)
    machines = _failing(view, endings, lambda one: one.computer_id, lambda one: one.revision_id)
    hosts = _failing(view, endings, lambda one: one.host_computer_id, lambda one: one.computer_id)
    for id_, (failed, total, spread) in images.items():
        revision = view.revisions.get(id_)
        if revision is not None and spread > 1:
            yield about_host(
                None,
                f"image {revision.name}",
                Severity.WARNING,
                f"{failed} of {total} reservations of {revision.name} failed in 7 days, on "
                f"{spread} computers",
                "The image is at fault rather than a computer: look whether its master is whole "
                "and in its place",
                (Evidence(f"log.ending of revision {id_}", f"failed {failed} of {total}"),),
            )
    for id_, (failed, total, spread) in machines.items():
        computer = view.computers.get(id_)
        if computer is not None and not computer.deleted and (spread > 1 or not images):
            yield about_computer(
                view,
                computer,
                Severity.WARNING,
                f"{failed} of {total} reservations on {computer.name} failed in 7 days",
                "The computer is at fault rather than an image: look at its network and its host",
                (Evidence(f"log.ending on {computer.name}", f"failed {failed} of {total}"),),
            )
    for id_, (failed, total, spread) in hosts.items():
        host = next((one for one in view.facts.database.hosts if one.computer_id == id_), None)
        if host is not None and spread > 1:
            yield about_host(
                host.name,
                f"host {host.name}",
                Severity.WARNING,
                f"{failed} of {total} reservations on host {host.name} failed in 7 days, on "
                f"{spread} computers",
                "Look at its storage, its networks and its qemu-img",
                (Evidence(f"sublog.hostcomputerid {id_}", f"failed {failed} of {total}"),),
            )


def _failing(
    view: View,
    endings: list[EndingRow],
    by: Callable[[EndingRow], int | None],
    over: Callable[[EndingRow], int | None],
) -> dict[int, tuple[int, int, int]]:
    """For each id with too many failures: failures, all, and over how many others they spread."""
    rows: dict[int, list[EndingRow]] = defaultdict(list)
    for one in endings:
        key = by(one)
        if key is not None:
            rows[key].append(one)
    found: dict[int, tuple[int, int, int]] = {}
    for key, group in sorted(rows.items()):
        failed = [one for one in group if one.ending == "failed"]
        many = len(failed) >= view.settings.failures_least
        if many and len(failed) >= view.settings.failures_share * len(group):
            found[key] = (len(failed), len(group), len({over(one) for one in failed}))
    return found


def _living(view: View) -> list[ComputerRow]:
    return [one for one in view.computers.values() if not one.deleted]


def _processes_for(view: View, computer: ComputerRow) -> bool | Unknown:
    """Whether a child of vcld works on a computer, by its command line or its reservation.

    A child has a reservation, so a management node without one for the computer need not tell.
    """
    if view.is_named(computer.name):
        return True
    found = [view.is_worked_on(case) for case in view.cases_of(computer.id)]
    return next((one for one in found if one is not False), False)


def _has_its_image(view: View, computer: ComputerRow) -> bool:
    guest = view.guest(computer.id)
    return guest is not None and guest.answers and guest.revision_id == computer.revision_id


def _domains(view: View, computer: ComputerRow) -> tuple[Evidence, ...]:
    libvirt = view.libvirt(computer.host)
    if isinstance(libvirt, Unknown):
        return (Evidence(f"domains of {computer.name}", f"unknown: {libvirt.reason}"),)
    found = view.domains_of(computer)
    told = ", ".join(f"{one.name} on {one.host} is {one.power.value}" for one in found)
    return (Evidence(f"domains of {computer.name}", told or "none"),)


def _guest(view: View, computer: ComputerRow) -> tuple[Evidence, ...]:
    guest = view.guest(computer.id)
    if guest is None:
        return ()
    told = f"image {guest.image}" if guest.answers else f"does not answer: {guest.reason}"
    return (Evidence(f"guest of {computer.name}", told),)


RULES = (
    Rule(10, "computer-reloading", computer_reloading),
    Rule(11, "computer-failed", computer_failed),
    Rule(12, "computer-maintenance", computer_maintenance),
    Rule(28, "guest-image-differs", guest_image_differs),
    Rule(30, "repeated-failures", repeated_failures),
)
