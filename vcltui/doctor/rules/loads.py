"""Loads that take too long, never began or can't begin: rules 6, 25 and 26."""

from __future__ import annotations

from collections.abc import Iterator

from vcltui.doctor.facts import Unknown, VcldProcess
from vcltui.doctor.findings import Evidence, Finding, Severity, Target
from vcltui.doctor.locks import CAPTURES
from vcltui.doctor.rules.make import Rule, a_process, about_case, end, no_process, span, states
from vcltui.doctor.rules.nodes import blocking
from vcltui.doctor.rules.pending import abandoned
from vcltui.doctor.view import OVER, Case, View
from vcltui.models.evidence import LoadStepRow, ReservedRow

_LOADS = frozenset({"new", "reload"})


def load_slow(view: View) -> Iterator[Finding]:
    """6: a load that takes much longer than its step takes as a rule, with its process alive."""
    for case in view.cases:
        if case.request.state != "pending" or case.request.laststate not in _LOADS:
            continue
        for row in case.reservations:
            process, step = view.process_of(row), view.last_step(row.id)
            if not isinstance(process, VcldProcess) or step is None or blocking(view, row):
                continue
            age, limit = view.age(step.time), slow_limit(view, step)
            if age is not None and age > limit:
                yield _slow(view, case, row, process, step, age, limit)


def slow_limit(view: View, step: LoadStepRow) -> float:
    """When the time since a step is too long, in seconds.

    Some rows are written when a step begins, others when it is done; so the longer of the step's
    and the next one's expectation counts.
    """
    expected = [view.est.get(step.state, 0)]
    if step.state in view.flow:
        following = view.flow[view.flow.index(step.state) + 1 :][:1]
        expected += [view.est.get(name, 0) for name in following]
    settings = view.settings
    return max(settings.slow_factor * max(expected), settings.slow_least_seconds)


def _slow(
    view: View,
    case: Case,
    row: ReservedRow,
    process: VcldProcess,
    step: LoadStepRow,
    age: float,
    limit: float,
) -> Finding:
    settings = view.settings
    copying = step.state in ("startload", "transfervm")
    growing = _growing_file(view, row) if copying else None
    past = age > settings.hard_limit_seconds
    owns = any(one.pid == process.pid for one in view.semaphores_of(row.id))
    evidence = [
        Evidence(f"computerloadlog of reservation {row.id}", step.state, step.time),
        Evidence("expected at most", span(limit)),
        a_process(process),
    ]
    if isinstance(growing, Unknown):
        evidence.append(Evidence("the file it writes", f"unknown: {growing.reason}"))
    elif growing is not None:
        evidence.append(Evidence("the file it writes", growing))
    else:
        evidence += _storage(view, row)
    severity = Severity.CRITICAL if past else Severity.WARNING
    if isinstance(growing, str):
        severity = Severity.INFO
        because = "The file still grows, so wait; if it is always slow, look at the storage"
    elif past and growing is not None:
        because = "It is past VCL's own limit; whether it still copies can't be seen, so look there"
    elif past and owns:
        because = "It is past VCL's own limit, but its process owns a lock and must not be killed"
    elif past:
        because = "It is past VCL's own limit: end its process, which puts the request back"
    else:
        because = "Wait for VCL's own limit; look at the host's storage and network meanwhile"
    return about_case(
        view,
        case,
        severity,
        f"The load is at {step.state} for {span(age)}",
        because,
        evidence,
        ("K",) if past and not owns and growing is None else (),
        row=row,
        target=Target(pid=process.pid),
    )


def _growing_file(view: View, row: ReservedRow) -> str | Unknown | None:
    """A file of the load that was written to just now; None where none is seen to grow."""
    folders, revision = view.folders(view.host_of(row.computer_id)), view.revision_of(row)
    if isinstance(folders, Unknown):
        return folders
    if revision is None:
        return Unknown("its image is not known")
    prefix = f"{view.computer_name(row.computer_id)}_{revision.image_id}-v{revision.revision}."
    files = [one for one in folders.overlays if one.name.startswith(prefix)]
    # Also what is written beside its final name, such as `.<image>.qcow2.vcltui-...`.
    names = (f"{revision.name}.", f".{revision.name}.")
    files += [one for one in folders.datastore if one.name.startswith(names)]
    for one in files:
        if one.age_seconds <= view.settings.growing_seconds:
            return f"{one.path} changed {span(one.age_seconds)} ago, {one.size_bytes} bytes"
    return None


def _storage(view: View, row: ReservedRow) -> list[Evidence]:
    """How much room the computer's host has, which is what a load that stands still may lack."""
    folders = view.folders(view.host_of(row.computer_id))
    if isinstance(folders, Unknown):
        return [Evidence("df", f"unknown: {folders.reason}")]
    return [
        Evidence(f"df {one.path}", f"{one.free_bytes} of {one.total_bytes} bytes free")
        for one in folders.spaces
    ]


def past_end(view: View) -> Iterator[Finding]:
    """25: past its end, and never got anywhere."""
    for case in view.cases:
        request = case.request
        if not view.is_over(request) or request.doing != "new":
            continue
        left_behind = request.state == "new" and view.is_worked_on(case) is False
        if left_behind or abandoned(view, case):
            yield about_case(
                view,
                case,
                Severity.WARNING,
                f"Its end passed {span(view.age(request.end))} ago and it is still "
                f"{request.states}",
                "Delete it; vcld then reclaims the computer",
                (states(view, case), end(case), no_process(view, case)),
                ("C",),
            )


def computer_blocked(view: View) -> Iterator[Finding]:
    """26: a request can't have its computer, because another one holds it."""
    for case in view.cases:
        request = case.request
        if request.doing not in _LOADS or request.state == "maintenance":
            continue
        if request.start is not None and request.start > view.now:
            continue
        for row in case.reservations:
            for other in view.cases_of(row.computer_id):
                if _blocks(view, other, case):
                    yield about_case(
                        view,
                        case,
                        Severity.WARNING,
                        f"{view.computer_name(row.computer_id)} is held by request "
                        f"{other.request.id} ({other.request.states})",
                        f"Look at request {other.request.id}: vcld gives this one up after 24 "
                        "tries",
                        (
                            states(view, case),
                            states(view, other),
                            Evidence(f"request[{other.request.id}].end", str(other.request.end)),
                        ),
                        row=row,
                    )


def _blocks(view: View, other: Case, case: Case) -> bool:
    """Whether another request overlaps and has the computer, as vcld sees it."""
    mine, theirs = case.request, other.request
    if theirs.id == mine.id or theirs.doing in OVER | {"reload"}:
        return False
    if theirs.doing == mine.doing == "new" and theirs.id > mine.id:
        return False
    # One in maintenance or in a capture holds its computer whatever its times say; another one
    # that is past its end is completed by vcld when it meets it.
    if theirs.state == "maintenance" or theirs.doing in CAPTURES:
        return True
    if view.is_over(theirs):
        return False
    begins_after = theirs.start is not None and (
        theirs.start > view.now or (mine.end is not None and theirs.start > mine.end)
    )
    return not begins_after


RULES = (
    Rule(6, "load-slow", load_slow),
    Rule(25, "past-end", past_end),
    Rule(26, "computer-blocked", computer_blocked),
)
