"""Makes findings: what every rule says in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vcltui.doctor.facts import Unknown, VcldProcess
from vcltui.doctor.findings import Evidence, Finding, Severity, Target
from vcltui.doctor.vcldlog import LogBlock
from vcltui.doctor.view import Case, View
from vcltui.models.evidence import ComputerRow, ReservedRow


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table of symptoms: its number, its stable name, and what finds it."""

    number: int
    name: str
    find: Callable[[View], Iterator[Finding]]

    def run(self, view: View) -> list[Finding]:
        """The findings, with the rule's number and name."""
        return [replace(one, number=self.number, rule=self.name) for one in self.find(view)]


def about_case(
    view: View,
    case: Case,
    severity: Severity,
    summary: str,
    because: str,
    evidence: Iterable[Evidence],
    remedies: Iterable[str] = (),
    *,
    row: ReservedRow | None = None,
    target: Target | None = None,
) -> Finding:
    """A finding about a request, by one of its reservations (default: its first)."""
    chosen = row or case.first
    computer = view.computer_name(chosen.computer_id)
    return Finding(
        rule="",
        number=0,
        severity=severity,
        subject=f"reservation {chosen.id}",
        summary=summary,
        because=because,
        evidence=tuple(evidence),
        remedies=tuple(remedies),
        reservation=chosen.id,
        request=case.request.id,
        computer=computer,
        host=view.host_of(chosen.computer_id),
        target=replace(
            target or Target(),
            computer_id=chosen.computer_id,
            management_node_id=chosen.management_node_id,
        ),
    )


def about_computer(
    view: View,
    computer: ComputerRow,
    severity: Severity,
    summary: str,
    because: str,
    evidence: Iterable[Evidence],
    remedies: Iterable[str] = (),
    *,
    host: str | None = None,
    target: Target | None = None,
) -> Finding:
    """A finding about a computer; with the reservation that uses it now, if one does."""
    active = view.active_on(computer.id)
    row = None
    if active is not None:
        row = next(one for one in active.reservations if one.computer_id == computer.id)
    return Finding(
        rule="",
        number=0,
        severity=severity,
        subject=f"computer {computer.name}",
        summary=summary,
        because=because,
        evidence=tuple(evidence),
        remedies=tuple(remedies),
        reservation=row.id if row else None,
        request=active.request.id if active else None,
        computer=computer.name,
        host=host or computer.host,
        target=replace(target or Target(), computer_id=computer.id),
    )


def about_host(
    host: str | None,
    subject: str,
    severity: Severity,
    summary: str,
    because: str,
    evidence: Iterable[Evidence],
    remedies: Iterable[str] = (),
    *,
    target: Target | None = None,
    computer: str | None = None,
) -> Finding:
    """A finding about something on a host, or about no host at all."""
    return Finding(
        rule="",
        number=0,
        severity=severity,
        subject=subject,
        summary=summary,
        because=because,
        evidence=tuple(evidence),
        remedies=tuple(remedies),
        computer=computer,
        host=host,
        target=target or Target(),
    )


# --- evidence that many rules quote ---


def states(view: View, case: Case) -> Evidence:
    """The request's two states, since when they are known to be."""
    return Evidence(
        f"request[{case.request.id}].stateid/laststateid", case.request.states, view.since(case)
    )


def end(case: Case) -> Evidence:
    """When the request ends."""
    return Evidence(f"request[{case.request.id}].end", moment(case.request.end))


def no_process(view: View, case: Case) -> Evidence:
    """That nothing works on it, as the management node's process list says."""
    node = view.management_node(case.first)
    named = node.hostname if node else "?"
    wanted = "|".join(str(row.id) for row in case.reservations)
    return Evidence(f"ps -e on {named}", f"no vcld process for reservation {wanted}")


def a_process(process: VcldProcess) -> Evidence:
    """The process that works on it."""
    return Evidence(f"process {process.pid}", process.arguments or f"vcld, {process.state}")


def computer_state(computer: ComputerRow) -> Evidence:
    """The computer's state."""
    return Evidence(f"computer[{computer.name}].stateid", computer.state)


def log_evidence(
    blocks: list[LogBlock] | Unknown, words: str = "", limit: int = 2
) -> tuple[Evidence, ...]:
    """The last warnings of vcld.log, or the lines that hold `words`; what is unknown says so."""
    if isinstance(blocks, Unknown):
        return (Evidence("vcld.log", f"unknown: {blocks.reason}"),)
    wanted = [one for one in blocks if (one.says(words) if words else one.severity)]
    return tuple(
        Evidence(f"vcld.log {one.severity or one.place}".strip(), one.message, one.time)
        for one in wanted[-limit:]
    )


def moment(time: datetime | None) -> str:
    """A time as VCL writes it."""
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else "never"


def span(seconds: float | None) -> str:
    """A span of time for people: `2 h 05 min`, `45 s`."""
    if seconds is None:
        return "an unknown time"
    whole = int(max(seconds, 0))
    if whole < 120:
        return f"{whole} s"
    delta = timedelta(seconds=whole)
    if whole < 7200:
        return f"{whole // 60} min"
    if delta.days >= 2:
        return f"{delta.days} days"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
