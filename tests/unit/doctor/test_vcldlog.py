"""vcld.log read: lines, blocks, ends of large files, and whatever else stands there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcltui.doctor.facts import Process
from vcltui.doctor.gather_nodes import node_facts
from vcltui.doctor.vcldlog import parse_log, read_log
from vcltui.errors import NodeError
from vcltui.nodes.local import LocalNode
from vcltui.provisioning.vcld_log import VcldLog

LOG = """2026-01-02 03:04:05|77|12|34|new|vcld:main|229|plain line
---- WARNING ----
2026-01-02 03:04:06|77|12|34|new|KVM.pm:copy|708|failed to create disk
( 0) KVM.pm, copy (line: 708)
(-1) libvirt.pm, load (line: 200)
2026-01-02 03:04:07|77|12|34|new|State.pm:exit|1|going on | with a bar
|77|12|34|new| ---- CRITICAL ----
|77|12|34|new| 2026-01-02 03:04:08|77|12|34|new|a.pm:b|9|it is over
|77|12|34|new| ( 0) a.pm, b
2026-01-02 03:04:09|70|vcld:main|300|no request here
nonsense
2026-13-45 03:04:09|77|12|34|new|a|1|an impossible time
"""


def test_lines_and_blocks():
    blocks = list(parse_log(LOG.splitlines()))
    assert [(one.severity, one.reservation_id, one.message) for one in blocks] == [
        ("", 34, "plain line"),
        ("WARNING", 34, "failed to create disk"),
        ("", 34, "going on | with a bar"),
        ("CRITICAL", 34, "it is over"),
        ("", 0, "no request here"),
    ]
    assert blocks[1].lines[1:] == (
        "( 0) KVM.pm, copy (line: 708)",
        "(-1) libvirt.pm, load (line: 200)",
    )
    assert (blocks[1].pid, blocks[1].request_id, blocks[1].state) == (77, 12, "new")
    assert blocks[1].place == "KVM.pm:copy:708"
    assert blocks[1].time == datetime(2026, 1, 2, 3, 4, 6)
    assert blocks[1].says("LINE: 708")


def test_what_has_no_end_is_no_log():
    with pytest.raises(NodeError, match="/dev/zero on here is no plain file"):
        read_log(LocalNode("here"), "/dev/zero")
    log = VcldLog(LocalNode("here"), 3, "/dev/zero")
    with pytest.raises(NodeError, match="/dev/zero on here is no plain file"):
        log.new_lines()


def test_only_the_end_of_a_large_file_is_read_from_its_first_whole_line(tmp_path: Path):
    path = tmp_path / "vcld.log"
    path.write_text(
        "".join(f"2026-01-02 03:04:05|1|1|{n}|new|a:b|1|line {n}\n" for n in range(999))
    )
    blocks = read_log(LocalNode("here"), str(path), max_bytes=500)
    assert 5 < len(blocks) < 15
    assert blocks[-1].message == "line 998"
    assert all(one.message == f"line {one.reservation_id}" for one in blocks)


_WORDS = st.text(st.sampled_from("|-: 0129WARNING\ncritical\tü\x00\u2028"), max_size=40)


@given(st.lists(st.one_of(_WORDS, st.text(max_size=60), st.sampled_from(LOG.splitlines()))))
def test_whatever_stands_there_it_is_read(lines: list[str]):
    for block in parse_log("\n".join(lines).splitlines()):
        assert block.severity in ("", "WARNING", "CRITICAL")
        assert block.reservation_id >= 0
        assert len(block.lines) <= 60


@given(st.lists(st.one_of(_WORDS, st.text(max_size=60))))
def test_whatever_a_process_is_called(names: list[str]):
    found = node_facts([Process(number, name) for number, name in enumerate(names)])
    assert found.pids == frozenset(range(len(names)))


def test_vclds_children_by_their_command_lines():
    found = node_facts(
        [
            Process(10, "vcld '|10|12|34|reload|' vm1>kvm1 image admin (cluster=parent)"),
            Process(11, "vcld |11|13|35|new| vm2>kvm1 image admin"),
            Process(12, "/usr/bin/perl /usr/local/vcl/bin/vcld"),
            Process(13, "grep vcld .|[0-9]+|[0-9]+|34|"),
        ]
    )
    assert [(one.pid, one.reservation_id, one.state) for one in found.children] == [
        (10, 34, "reload"),
        (11, 35, "new"),
    ]
