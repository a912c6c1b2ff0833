"""What a message quotes of what a program said."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcltui.disks import qemuimg
from vcltui.disks.windows import merge_registry
from vcltui.errors import VcltuiError
from vcltui.models.inventory import OperatingSystem
from vcltui.models.reason import MOST_LETTERS, quoted, reason_of
from vcltui.nodes.base import CommandResult
from vcltui.nodes.local import LocalNode
from vcltui.nodes.paths import check_result
from vcltui.nodes.ssh_errors import connection_error
from vcltui.nodes.ssh_target import SshTarget


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("", "none"),
        ("\n \n", "none"),
        ("one\n two \n\n", "two"),
        ("\x1b]0;x\x07", r"'\x1b]0;x\x07'"),
        ("A" * 1000, "A" * 300 + " ..."),
    ],
)
def test_the_last_line_is_quoted(stderr: str, reason: str):
    assert reason_of(stderr, "none") == reason


def test_lines_that_do_not_count_are_left_out():
    assert reason_of("why\n. . \n", "none", lambda line: line.strip(". ")) == "why"


@given(st.text())
def test_what_is_quoted_is_printable_and_short(text: str):
    for said in (quoted(text * 200), reason_of(text, "none")):
        assert said.isprintable()
        assert len(said) <= 10 * MOST_LETTERS + 10


class Fails(LocalNode):
    """A machine on which every program fails and says the same."""

    def __init__(self, stderr: str) -> None:
        super().__init__("here")
        self._stderr = stderr

    def run(self, argv: Sequence[str], **how: object) -> CommandResult:
        result = CommandResult(tuple(argv), 1, "", self._stderr)
        if how.get("check", True):
            check_result(result, self.name)
        return result

    def has_program(self, name: str) -> bool:
        return name != "prlimit"


@given(st.text().map(lambda text: text * 2000))
def test_what_programs_of_a_host_say_is_printable_and_short(stderr: str):
    system = OperatingSystem(1, "win7", "Windows 7", "windows")
    calls: tuple[Callable[[], object], ...] = (
        lambda: qemuimg.run_json(Fails(stderr), ["qemu-img"], "/x.qcow2"),
        lambda: qemuimg.run_short(Fails(stderr), ["qemu-img"], "/x.qcow2", "snapshot"),
        lambda: merge_registry(Fails(stderr), "/x.qcow2", "qcow2", system),
        lambda: Fails(stderr).run(["df"]),
    )
    for call in calls:
        with pytest.raises(VcltuiError) as raised:
            call()
        assert raised.value.what.isprintable()
        assert len(str(raised.value)) < 10 * MOST_LETTERS + 300


@given(st.text(min_size=1))
def test_why_nobody_could_log_in_is_printable(text: str):
    assert connection_error(SshTarget("vm1"), text).what.isprintable()
