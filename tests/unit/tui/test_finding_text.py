"""What the screens say of findings and of the steps of a load."""

from __future__ import annotations

from datetime import datetime

from vcltui.doctor.findings import Evidence, Finding, Severity, Timeline, TimelineStep
from vcltui.tui.finding_text import findings_text, timeline_text
from vcltui.tui.glyphs import UNICODE

WHEN = datetime(2026, 3, 2, 9, 30)


def test_a_time_that_is_the_value_is_told_once():
    same = Evidence("managementnode[mn1].lastcheckin", "2026-03-02 09:30:00", WHEN)
    other = Evidence("request[1].stateid", "new", WHEN)
    assert str(same) == "managementnode[mn1].lastcheckin = 2026-03-02 09:30:00"
    assert str(other) == "request[1].stateid = new at 2026-03-02 09:30:00"
    finding = Finding("load-slow", 6, Severity.WARNING, "x", "It is slow", "", (same, other))
    lines = findings_text([finding], UNICODE).plain.splitlines()
    assert lines[0].endswith("It is slow  load-slow, rule 6")
    assert lines[1].endswith("lastcheckin = 2026-03-02 09:30:00")
    assert lines[2].endswith("stateid = new  2026-03-02 09:30:00")


def test_only_what_the_settings_call_slow_is_marked():
    steps = (
        TimelineStep("statuscheck", "computer status check", WHEN, 30.0, 10),
        TimelineStep("transfervm", "transferring", WHEN, 900.0, 255, slow=True),
    )
    _, quick, slow, _ = timeline_text(Timeline(1, steps), UNICODE).plain.splitlines()
    assert quick.endswith("3.0")
    assert slow.endswith(f"3.5 {UNICODE.attention}")
