"""Prints a diagnosis: findings, loads, locks and what serves a reservation."""

from __future__ import annotations

from collections.abc import Iterable

import click

from vcltui.cli.text import printable
from vcltui.doctor.catalogue import REMEDIES
from vcltui.doctor.findings import Diagnosis, Finding, SemaphoreLife, Serving, Timeline


def print_diagnosis(found: Diagnosis, reservation: int | None = None) -> None:
    """Findings under their reservation or host, then loads and locks.

    Of everybody's loads only those are printed that something was found about; with a
    `reservation` all that is known, and what the reservation stands on.
    """
    for title, findings in _grouped(found.findings):
        _line(click.style(printable(title), bold=True))
        for one in findings:
            _print_finding(one)
    told = {one.reservation for one in found.findings}
    for serving in found.serving:
        if reservation is not None:
            _print_serving(serving)
    for timeline in found.timelines:
        if reservation is not None or timeline.reservation in told:
            _print_timeline(timeline)
    for life in found.semaphores:
        _print_lock(life)


def _grouped(findings: Iterable[Finding]) -> Iterable[tuple[str, list[Finding]]]:
    """Findings under their reservation, else their host; the worst group first."""
    groups: dict[str, list[Finding]] = {}
    for one in findings:
        groups.setdefault(_title(one), []).append(one)
    return groups.items()


def _title(finding: Finding) -> str:
    if finding.reservation is not None:
        where = f" on {finding.host}" if finding.host else ""
        return (
            f"Reservation {finding.reservation} (request {finding.request}, "
            f"{finding.computer}{where})"
        )
    return f"Host {finding.host}" if finding.host else "VCL"


def _print_finding(finding: Finding) -> None:
    _line(printable(f"  {finding.severity.value.upper()}: {finding.summary} [{finding.rule}]"))
    for one in finding.evidence:
        _line(printable(f"      {one}"))
    _line(printable(f"    {finding.because}."))
    for letter in finding.remedies:
        remedy = REMEDIES[letter]
        _line(f"    --fix {letter}  {remedy.label}: {remedy.summary}")


def _print_timeline(timeline: Timeline) -> None:
    if timeline.elapsed_seconds is None:
        return
    expected = f" of {timeline.expected_seconds:.0f} s" if timeline.expected_seconds else ""
    _line(f"Load of reservation {timeline.reservation}: {timeline.elapsed_seconds:.0f} s{expected}")
    for step in timeline.steps:
        took = "-" if step.elapsed_seconds is None else f"{step.elapsed_seconds:.0f} s"
        usual = "" if not step.expected_seconds else f" (as a rule {step.expected_seconds} s)"
        times = f", {step.factor:.1f} times that" if step.factor is not None else ""
        mark = ", running" if step.running else ""
        _line(printable(f"  {step.title}: {took}{usual}{times}{mark}"))


def _print_serving(serving: Serving) -> None:
    _line(f"What serves reservation {serving.reservation}:")
    for name, words in serving.parts:
        _line(printable(f"  {name}: {words}"))


def _print_lock(life: SemaphoreLife) -> None:
    row = life.semaphore
    waiting = f"; waiting: {', '.join(map(str, life.waiting))}" if life.waiting else ""
    _line(
        printable(
            f"Lock {row.identifier} of reservation {row.reservation_id}: {life.sign}{waiting}"
        )
    )


def _line(text: str) -> None:
    click.echo(text)
