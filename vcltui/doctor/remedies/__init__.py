"""The remedies: each is an operation whose steps show what they do before they do it."""

from __future__ import annotations

from collections.abc import Callable

from vcltui.doctor.catalogue import REMEDIES
from vcltui.doctor.findings import Finding
from vcltui.doctor.remedies import computers, files, processes, requests
from vcltui.doctor.remedies.context import RemedyContext
from vcltui.errors import RefusedError, UsageError
from vcltui.models.locks import owner_lock
from vcltui.operations.step import Operation

_PLANNERS: dict[str, Callable[[RemedyContext, Finding], Operation]] = {
    "A": requests.plan_requeue,
    "B": processes.plan_unmark_block,
    "C": requests.plan_delete,
    "E": requests.plan_complete,
    "F": computers.plan_available,
    "G": computers.plan_reload,
    "H": requests.plan_restart_capture,
    "I": computers.plan_remove_domain,
    "J": processes.plan_delete_lock,
    "K": processes.plan_end_process,
    "L": files.plan_put_aside,
}
_ON_HOST = frozenset({"I", "L"})


def plan_remedy(context: RemedyContext, finding: Finding, letter: str) -> Operation:
    """What a remedy would do about a finding; nothing is changed.

    Raises UsageError for a letter that is none, RefusedError where it is not for this finding or
    may not be done now, ConflictError where things are not any more as they were found.
    """
    if letter not in _PLANNERS:
        raise UsageError(f"{letter!r} is no remedy", f"There are: {', '.join(REMEDIES)}")
    if letter not in finding.remedies:
        offered = ", ".join(finding.remedies) or "none"
        raise RefusedError(
            f"{REMEDIES[letter].label} ({letter}) is no remedy for {finding.subject}: "
            f"{finding.summary}",
            f"Possible here: {offered}",
        )
    return _PLANNERS[letter](context, finding)


def is_on_host(letter: str) -> bool:
    """Whether a remedy changes something on a VM host, and so takes its lock there."""
    return letter in _ON_HOST


def lock_name(finding: Finding, letter: str) -> str:
    """The lock of everything that changes what a remedy changes."""
    if letter == "L" and finding.target.image is not None:
        return f"image-{finding.target.image}"
    if letter in ("F", "G", "I", "L") and finding.computer is not None:
        return owner_lock(finding.computer)
    if finding.request is not None:
        return f"request-{finding.request}"
    return f"doctor-{finding.subject}"
