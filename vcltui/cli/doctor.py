"""`vcltui doctor`: what is wrong with reservations and hosts, and what may be done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from vcltui.cli.change import dry_run_option, print_plan
from vcltui.cli.confirm import confirm, step_lines, yes_option
from vcltui.cli.diagnosis_text import print_diagnosis
from vcltui.cli.interrupt import cancel_on_signals
from vcltui.cli.output import Row, json_option, show
from vcltui.cli.progress import progress_for_stdout
from vcltui.cli.text import printable, say
from vcltui.cli.workspace import pass_workspace
from vcltui.doctor.catalogue import REMEDIES
from vcltui.doctor.findings import Diagnosis, Finding, Severity
from vcltui.errors import NotFoundError, RefusedError, UsageError, VcltuiError
from vcltui.models.cancel import CancelToken
from vcltui.runtime.diagnosis import diagnose
from vcltui.runtime.remedies import plan_remedy, run_remedy
from vcltui.runtime.vcld_logs import read_vcld_log
from vcltui.runtime.workspace import Workspace

FINDINGS_PRESENT = 3
_MOST_WARNINGS = 20
_MOST_NAMED = 5
_SEVERITIES = {severity.value: severity for severity in Severity}


if TYPE_CHECKING:
    _LetterType = click.ParamType[str]
else:
    _LetterType = click.ParamType  # older versions of click have no type argument


class _Letter(_LetterType):
    """A remedy's letter, in any case."""

    name = "letter"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        letter = value.upper()
        if letter not in REMEDIES:
            self.fail(f"{value!r} is no remedy. There are {', '.join(REMEDIES)}.", param, ctx)
        return letter

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(one) for one in REMEDIES if one.startswith(incomplete.upper())]


@click.command("doctor")
@click.argument("reservation", type=int, required=False)
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    type=click.Choice(list(_SEVERITIES)),
    help="End with exit code 3 when there are findings as bad as this: info, warning, critical.",
)
@click.option(
    "--fix",
    metavar="REMEDY",
    type=_Letter(),
    help="Do this remedy, by its letter, about the worst finding that it is offered for.",
)
@click.option("--rule", metavar="RULE", help="With --fix: only about findings of this rule.")
@dry_run_option
@yes_option
@json_option
@pass_workspace
def doctor(
    workspace: Workspace,
    reservation: int | None,
    fail_on: str | None,
    fix: str | None,
    rule: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Find out why reservations are stuck and what is not as the database says.

    RESERVATION is the id of one; without it everything is looked at. What could not be asked is
    told, and nothing is concluded from it.

    --fix shows what a remedy would do, with every statement and call, asks, and does it. What
    changed since then is left alone. Without a terminal, --yes is needed; with --dry-run it is
    only shown.
    """
    found = diagnose(workspace, reservation)
    if fix is not None:
        return _fix(workspace, chosen(found, fix, reservation, rule), fix, dry_run=dry_run, yes=yes)
    if dry_run:
        raise UsageError("--dry-run shows what --fix would do", "Name a remedy with --fix")
    if as_json:
        show([finding_row(one) for one in found.findings], as_json=True)
        # An array of findings has no place for what could not be asked, and [] is no "all well".
        for sentence in found.unknown:
            say(f"Unknown: {sentence}.")
    else:
        print_diagnosis(found, reservation)
        if reservation is not None:
            _print_log(workspace, reservation)
        for sentence in found.unknown:
            click.echo(printable(f"Unknown: {sentence}."))
        click.echo(summary(found.findings))
    failing = fail_on is not None and any(found.at_least(_SEVERITIES[fail_on]))
    return FINDINGS_PRESENT if failing else 0


def chosen(found: Diagnosis, letter: str, reservation: int | None, rule: str | None) -> Finding:
    """The worst finding for which a remedy is offered, about a reservation if one is named.

    Raises NotFoundError where there is none, RefusedError where several would do and none of them
    is about the one reservation that was named.
    """
    offered = [one for one in found.findings if letter in one.remedies and rule in (None, one.rule)]
    own = [one for one in offered if reservation is not None and one.reservation == reservation]
    if own:
        return own[0]
    if not offered:
        raise NotFoundError(
            f"No finding is offered the remedy {letter}",
            "`vcltui doctor` tells what is possible",
        )
    if len({one.key for one in offered}) > 1:
        raise RefusedError(
            f"The remedy {letter} is offered for {len(offered)} findings: {_named(offered)}",
            "Name the reservation, or a rule with --rule",
        )
    return offered[0]


def _named(findings: Sequence[Finding]) -> str:
    """What findings are about; of many the first ones, and how many more."""
    named = ", ".join(f"{one.subject} ({one.rule})" for one in findings[:_MOST_NAMED])
    more = len(findings) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _fix(workspace: Workspace, finding: Finding, letter: str, *, dry_run: bool, yes: bool) -> int:
    at = datetime.now(UTC)
    planned = plan_remedy(workspace, finding, letter, at=at)
    if dry_run:
        print_plan(planned.operation)
        return 0
    lines = [finding.summary, *step_lines(planned.operation.steps)]
    confirm(f"{planned.operation.title}?", lines, yes=yes, needs_yes=True)
    token, progress = CancelToken(), progress_for_stdout()
    try:
        with cancel_on_signals(token, progress.is_cancelling):
            run_remedy(workspace, finding, letter, progress, token, at=at)
    finally:
        progress.close()
    return 0


def finding_row(finding: Finding) -> Row:
    """A finding as one object of the JSON array."""
    return {
        "rule": finding.rule,
        "number": finding.number,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "reservation": finding.reservation,
        "request": finding.request,
        "computer": finding.computer,
        "host": finding.host,
        "summary": finding.summary,
        "because": finding.because,
        "evidence": [
            {"source": one.source, "value": one.value, "time": one.time} for one in finding.evidence
        ],
        "remedies": [
            {"remedy": letter, "label": REMEDIES[letter].label, "does": REMEDIES[letter].summary}
            for letter in finding.remedies
        ],
    }


def summary(findings: Sequence[Finding]) -> str:
    """How many findings of which severity there are, in one line."""
    if not findings:
        return "Nothing is wrong, as far as could be asked."
    counts = Counter(one.severity for one in findings)
    worst_first = sorted(counts, key=lambda severity: -severity.rank)
    told = ", ".join(f"{counts[severity]} {severity.value}" for severity in worst_first)
    return f"{len(findings)} {'finding' if len(findings) == 1 else 'findings'}: {told}"


def _print_log(workspace: Workspace, reservation: int) -> None:
    """The warnings of vcld.log about a reservation, each by its first line."""
    try:
        blocks = [one for one in read_vcld_log(workspace, reservation) if one.severity]
    except VcltuiError as error:
        click.echo(printable(f"vcld.log: {error.what}"))
        return
    for block in blocks[-_MOST_WARNINGS:]:
        more = f" ({len(block.lines) - 1} more lines)" if len(block.lines) > 1 else ""
        words = f"{block.time:%Y-%m-%d %H:%M:%S} {block.severity}: {block.message}{more}"
        click.echo(printable(f"vcld.log: {words}"))
