"""Requests that are pending and that nobody works on: rules 2, 3, 5."""

from __future__ import annotations

from collections.abc import Iterator

from vcltui.doctor.facts import Unknown
from vcltui.doctor.findings import Evidence, Finding, Severity
from vcltui.doctor.locks import CAPTURES
from vcltui.doctor.rules.make import (
    Rule,
    about_case,
    end,
    log_evidence,
    no_process,
    span,
    states,
)
from vcltui.doctor.view import Case, View

_ENDINGS = frozenset({"deleted", "timeout", "makeproduction"})


def abandoned(view: View, case: Case) -> bool:
    """Whether a request is pending and certainly nobody works on it.

    Its management node answers and its vcld lives, no child of vcld has any of its reservations,
    it is so for longer than a start takes, and whoever took a lock for it is gone.
    """
    if not _old_enough(view, case) or view.is_worked_on(case) is not False:
        return False
    if not all(view.is_alive(row.management_node_id) for row in case.reservations):
        return False
    locks = [one for row in case.reservations for one in view.semaphores_of(row.id)]
    return all(view.pid_alive(one) is False for one in locks)


def _old_enough(view: View, case: Case) -> bool:
    if case.request.state != "pending":
        return False
    age = view.age(view.since(case) or case.request.start)
    return age is not None and age > view.settings.pending_seconds


def pending_without_process(view: View) -> Iterator[Finding]:
    """2: pending, and nobody works on it."""
    special = CAPTURES | {"reload"}
    for case in view.cases:
        request = case.request
        over = view.is_over(request)
        # What is past its end and new is rule 25's, what is past it and ending rule 5's.
        if request.laststate in special or (over and request.laststate in {"new", *_ENDINGS}):
            continue
        if not abandoned(view, case):
            continue
        gone = request.user is None
        because = "vcld left it behind: it never looks at a pending request again. "
        if over or gone:
            because += f"Its {'end has passed' if over else 'user is gone'}, so delete it"
        else:
            because += "Put it back for vcld, which then does it again"
        yield about_case(
            view,
            case,
            Severity.CRITICAL,
            nobody(view, case),
            because,
            (states(view, case), no_process(view, case), end(case), *_locks(view, case)),
            ("C",) if over or gone else ("A",),
        )


def reload_without_process(view: View) -> Iterator[Finding]:
    """3: pending/reload, and nobody works on it."""
    for case in view.cases:
        if case.request.laststate == "reload" and abandoned(view, case):
            yield about_case(
                view,
                case,
                Severity.WARNING,
                nobody(view, case),
                "Complete the reload, then make the computer available or reload it; or put the "
                "reload back for vcld if its image is still wanted",
                (states(view, case), no_process(view, case), *_locks(view, case)),
                ("E", "A", "F", "G"),
            )


def end_without_process(view: View) -> Iterator[Finding]:
    """5: a request that is ending (or going into production), and nobody works on it."""
    for case in view.cases:
        laststate = case.request.laststate
        if laststate not in _ENDINGS or not view.is_over(case.request):
            continue
        if not abandoned(view, case):
            continue
        warned = log_evidence(view.log_of(case.first))
        again = any(one.time is not None for one in warned)
        remedies = ["A"] if laststate == "makeproduction" else ["A", "E"]
        if again and len(remedies) > 1:
            remedies.reverse()
        yield about_case(
            view,
            case,
            Severity.WARNING,
            nobody(view, case),
            "vcld has warned about it before, so that doing it again may fail again: read what it "
            "says"
            if again
            else "Put it back for vcld once; if it comes back, read vcld.log",
            (states(view, case), end(case), no_process(view, case), *warned),
            remedies,
        )


def unknown_process(view: View) -> Iterator[Finding]:
    """2: pending for long, while the management node can't be asked who works on it."""
    for case in view.cases:
        if case.request.state != "pending" or case.request.laststate in ("inuse", "reserved"):
            continue
        worked = view.is_worked_on(case)
        age = view.age(view.since(case))
        if not isinstance(worked, Unknown) or age is None:
            continue
        if age > view.settings.unknown_after_seconds:
            yield about_case(
                view,
                case,
                Severity.INFO,
                f"It is {case.request.states} for {span(age)}; whether vcld works on it is unknown",
                f"{worked.reason[:1].upper()}{worked.reason[1:]}. {_where_to_look(view, case)}",
                (states(view, case), Evidence("ps -e", f"unknown: {worked.reason}")),
            )


def _where_to_look(view: View, case: Case) -> str:
    if view.own_capture(case) is None:
        return "Look there for its process"
    return (
        "`vcltui jobs` tells how it is where it was begun; `vcltui jobs --clean` there puts one "
        "that was killed into maintenance, where it can be taken up again"
    )


def nobody(view: View, case: Case) -> str:
    """That nobody works on a request, and since when."""
    age = span(view.age(view.since(case)))
    cluster = f" ({len(case.reservations)} computers)" if len(case.reservations) > 1 else ""
    return f"It is {case.request.states} for {age}{cluster}, and no process works on it"


def _locks(view: View, case: Case) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"vcldsemaphore[{one.identifier}].pid", f"{one.pid}, which does not run")
        for row in case.reservations
        for one in view.semaphores_of(row.id)
    )


RULES = (
    Rule(2, "pending-without-process", pending_without_process),
    Rule(2, "process-unknown", unknown_process),
    Rule(3, "reload-without-process", reload_without_process),
    Rule(5, "end-without-process", end_without_process),
)
