"""What the screens say of findings, load timelines and vcld's log."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from vcltui.doctor.catalogue import REMEDIES
from vcltui.doctor.findings import Finding, Serving, Severity, Timeline
from vcltui.doctor.vcldlog import LogBlock
from vcltui.tui.desk import Desk
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.tones import ATTENTION
from vcltui.tui.words import duration, plain


def findings_text(findings: Sequence[Finding], glyphs: Glyphs) -> Text:
    """Findings with what they rest on, what follows, and what may be done."""
    text = Text()
    if not findings:
        return text.append("Nothing wrong was found.\n", "dim")
    for finding in findings:
        grave = finding.severity is not Severity.INFO
        text.append(severity_mark(finding.severity, glyphs), ATTENTION if grave else "bold")
        text.append("  ")
        text.append(f"{plain(finding.summary)}", "bold")
        text.append(f"  {plain(finding.rule)}, rule {finding.number}\n", "dim")
        for evidence in finding.evidence:
            when = f"  {evidence.when}" if evidence.when else ""
            text.append(f"    {plain(evidence.source)} = ", "dim")
            text.append(plain(evidence.value)).append(f"{when}\n", "dim")
        if finding.because:
            text.append(f"  {plain(finding.because)}\n")
        for letter in finding.remedies:
            remedy = REMEDIES[letter]
            text.append(f"  {letter} {remedy.label}", "bold")
            text.append(f": {remedy.summary}\n", "not bold")
        text.append("\n")
    return text


def serving_text(serving: Serving | None) -> Text:
    """What a reservation stands on; nothing where that is not known."""
    text = Text()
    for name, words in serving.parts if serving is not None else ():
        text.append(f"{name:<11}", "dim").append(f"{plain(words)}\n")
    return text.append("\n") if serving is not None else text


def severity_mark(severity: Severity, glyphs: Glyphs) -> str:
    """The sign and the word of a severity."""
    sign = {
        Severity.CRITICAL: glyphs.failed,
        Severity.WARNING: glyphs.attention,
        Severity.INFO: glyphs.none,
    }[severity]
    return f"{sign} {severity.value}"


def timeline_text(timeline: Timeline, glyphs: Glyphs) -> Text:
    """The steps of a load with how long each took, was to take, and how many times that is."""
    text = Text()
    if not timeline.steps:
        return text.append("No load log.\n", "dim")
    text.append(_line("  ", "STEP", "TOOK", "EXPECTED", "TIMES") + "\n", "bold")
    for step in timeline.steps:
        sign = glyphs.running if step.running else glyphs.done
        took = duration(step.elapsed_seconds) if step.elapsed_seconds is not None else "-"
        expected = duration(step.expected_seconds) if step.expected_seconds else "-"
        text.append(_line(f"{sign} ", plain(step.title or step.state), took, expected, ""))
        text.append(f"{_times(step.factor):>7}", ATTENTION if step.slow else "")
        text.append(f" {glyphs.attention}" if step.slow else "", ATTENTION)
        text.append("\n")
        if step.info:
            text.append(f"    {plain(step.info)}\n", "dim")
    whole = duration(timeline.elapsed_seconds) if timeline.elapsed_seconds is not None else "-"
    expected = duration(timeline.expected_seconds) if timeline.expected_seconds else "-"
    text.append(_line("  ", "in all", whole, expected, _times(timeline.factor)) + "\n", "bold")
    return text


def _line(sign: str, step: str, took: str, expected: str, times: str) -> str:
    """One line of the timeline."""
    return f"{sign}{step[:22]:<23}{took:>12}{expected:>13}{times:>7}".rstrip()


def _times(factor: float | None) -> str:
    if factor is None:
        return "-"
    return f"{factor:.1f}" if factor < 100 else f"{factor:.0f}"


NO_INVENTORY = "There is no inventory, so there is nothing to examine"


def unknown_text(desk: Desk) -> Text:
    """What could not be asked, so that nothing is concluded from it."""
    examiner, glyphs = desk.examiner, desk.glyphs
    diagnosis, problem = examiner.diagnosis, examiner.problem
    text = Text()
    if problem is not None:
        text.append(f"{glyphs.attention} {plain(problem)}\n", ATTENTION)
    if diagnosis is None:
        waits = f"Examining{glyphs.ellipsis}\n" if problem is None else ""
        return text.append(f"{NO_INVENTORY}.\n" if desk.has_no_inventory else waits, "dim")
    for sentence in diagnosis.unknown:
        text.append(f"{glyphs.unknown} {plain(sentence)}\n", ATTENTION)
    return text


def log_text(blocks: Sequence[LogBlock], glyphs: Glyphs, *, unfolded: bool) -> Text:
    """Vcld's log; of a WARNING or CRITICAL block its first line, unless it is unfolded."""
    text = Text()
    for block in blocks:
        text.append(f"{block.time:%m-%d %H:%M:%S}  ", "dim")
        if block.severity:
            text.append(f"{glyphs.attention} {block.severity} ", ATTENTION)
        text.append(f"{plain(block.message)}\n", "bold" if block.severity else "")
        rest = block.lines[1:]
        if unfolded:
            for line in rest:
                text.append(f"                  {plain(line)}\n", "dim")
        elif rest:
            text.append(f"                  {len(rest)} more lines, u shows them\n", "dim")
    if not blocks:
        text.append("vcld.log has no line about it.\n", "dim")
    return text
