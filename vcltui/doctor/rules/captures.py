"""Captures that failed or were left behind: rules 4 and 13."""

from __future__ import annotations

from collections.abc import Iterator

from vcltui.doctor.facts import FolderFacts, Unknown
from vcltui.doctor.findings import Evidence, Finding, Severity, Target
from vcltui.doctor.locks import CAPTURES
from vcltui.doctor.rules.make import (
    Rule,
    about_case,
    computer_state,
    log_evidence,
    no_process,
    states,
)
from vcltui.doctor.rules.pending import abandoned, nobody
from vcltui.doctor.view import Case, View
from vcltui.models.domain import PowerState
from vcltui.models.evidence import ReservedRow


def capture_without_process(view: View) -> Iterator[Finding]:
    """4: a capture that nobody works on; what it wrote so far is partial."""
    for case in view.cases:
        if case.request.laststate not in CAPTURES or not abandoned(view, case):
            continue
        row, folders = case.first, view.folders(view.host_of(case.first.computer_id))
        evidence = [states(view, case), no_process(view, case), *capture_evidence(view, row)]
        partial = partial_files(view, row)
        if isinstance(folders, Unknown) or partial is None:
            remedies: tuple[str, ...] = ()
            because = "What it wrote so far can't be seen, so nothing may be done yet"
        else:
            remedies = ("L", "A") if partial else ("A",)
            aside = "Put the partial files aside, power" if partial else "Power"
            because = f"{aside} the domain on, then put the request back for vcld"
        yield about_case(
            view,
            case,
            Severity.CRITICAL,
            nobody(view, case),
            f"{because}. Never delete the domain or its disk: they are what is being captured",
            (*evidence, *log_evidence(view.log_of(row))),
            remedies,
            target=Target(paths=partial or (), image=_image_name(view, row)),
        )


def partial_files(view: View, row: ReservedRow) -> tuple[str, ...] | None:
    """The files of the image a capture makes, while that is hidden; None where unknown."""
    folders, revision = view.folders(view.host_of(row.computer_id)), view.revision_of(row)
    if isinstance(folders, Unknown) or revision is None:
        return None
    if not (revision.image_deleted or revision.deleted):
        return ()
    return tuple(one.path for one in view.files.of_image(folders, revision.name))


def capture_evidence(view: View, row: ReservedRow) -> list[Evidence]:
    """What is there of a capture: the image's row, its files, the domain."""
    found: list[Evidence] = []
    revision = view.revision_of(row)
    if revision is not None:
        hidden = int(revision.image_deleted)
        found.append(Evidence(f"image[{revision.image_name}].deleted", str(hidden)))
        folders = view.folders(view.host_of(row.computer_id))
        if isinstance(folders, FolderFacts):
            files = view.files.of_image(folders, revision.name)
            listed = ", ".join(f"{one.path} ({one.size_bytes} bytes)" for one in files)
            found.append(Evidence(f"files of {revision.name}", listed or "none"))
        else:
            found.append(Evidence(f"files of {revision.name}", f"unknown: {folders.reason}"))
    computer = view.computers.get(row.computer_id)
    if computer is not None:
        domains = view.domains_of(computer)
        told = ", ".join(f"{one.name} on {one.host} is {one.power.value}" for one in domains)
        silent = view.libvirt(computer.host)
        unknown = f"unknown: {silent.reason}" if isinstance(silent, Unknown) else "none"
        found.append(Evidence(f"domains of {computer.name}", told or unknown))
    return found


def is_failed_capture(view: View, case: Case) -> bool:
    """Whether request and computer are in maintenance for an image that is still hidden."""
    request, computer = case.request, view.computers.get(case.first.computer_id)
    if request.state != "maintenance" or request.laststate not in CAPTURES:
        return False
    if computer is None or computer.state != "maintenance":
        return False
    revision = view.revision_of(case.first)
    return revision is not None and (revision.image_deleted or revision.deleted)


def capture_failed(view: View) -> Iterator[Finding]:
    """13: a capture that vcld gave up: request and computer are in maintenance."""
    for case in view.cases:
        row = case.first
        computer, revision = view.computers.get(row.computer_id), view.revision_of(row)
        if computer is None or revision is None or not is_failed_capture(view, case):
            continue
        partial = partial_files(view, row)
        single = len(case.reservations) == 1
        remedies: tuple[str, ...] = ()
        if partial is None:
            because = "What it wrote so far can't be seen, so nothing may be done yet"
        elif not single:
            because = "It is a cluster, which VCL can't capture again: find out by hand"
        else:
            remedies = ("L", "H") if partial else ("H",)
            on = any(one.power is PowerState.ON for one in view.domains_of(computer))
            steps = [*(["put the partial files aside"] if partial else [])]
            steps += [] if on else [f"power the domain of {computer.name} on"]
            steps.append("restart the capture")
            because = f"{', then '.join(steps)}. Read first what vcld said".capitalize()
        yield about_case(
            view,
            case,
            Severity.WARNING,
            f"The capture of {revision.name} failed; {computer.name} is kept for it",
            because,
            (
                states(view, case),
                computer_state(computer),
                *capture_evidence(view, row),
                *log_evidence(view.log_of(row)),
            ),
            remedies,
            target=Target(paths=partial or (), image=revision.name),
        )


def _image_name(view: View, row: ReservedRow) -> str | None:
    revision = view.revision_of(row)
    return revision.name if revision else None


RULES = (
    Rule(4, "capture-without-process", capture_without_process),
    Rule(13, "capture-failed", capture_failed),
)
