"""How one local process is run, ended and bounded."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from proc_state import ends

from vcltui.errors import CommandError, CommandMissingError, UsageError
from vcltui.nodes.process import find_program, run_process, start_process


def test_status_is_negative_for_a_signal() -> None:
    assert run_process(["sh", "-c", "kill -KILL $$"]).exit_status == -signal.SIGKILL


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_output_is_bounded(stream: str) -> None:
    with pytest.raises(CommandError, match="more than 1000 bytes"):
        run_process(["sh", "-c", f"yes {stream}"], max_output_bytes=1000)


def test_output_up_to_the_bound_is_kept() -> None:
    output = run_process(["head", "-c", "1000", "/dev/zero"], max_output_bytes=1000)
    assert output.stdout == bytes(1000)


@pytest.mark.parametrize("argv", [[], ["echo", "a\0b"], ["a\0b"], ["echo", "\ud800"]])
def test_impossible_arguments(argv: list[str]) -> None:
    with pytest.raises(UsageError):
        run_process(argv)


def test_a_program_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF no program")
    broken.chmod(0o755)
    with pytest.raises(CommandError, match="could not be started"):
        run_process([str(broken)])
    with pytest.raises(CommandMissingError):
        run_process([str(tmp_path)])


def test_the_end_counts_even_while_a_child_holds_the_output() -> None:
    """As an SSH client does that leaves its master connection behind."""
    output = run_process(["sh", "-c", "sleep 1000 & echo $!; echo done >&2"], timeout_seconds=60)
    child, stderr = int(output.stdout), output.stderr
    os.kill(child, signal.SIGKILL)
    assert stderr == b"done\n"


def test_the_whole_group_is_ended(tmp_path: Path) -> None:
    children: list[int] = []
    with pytest.raises(CommandError):
        run_process(
            ["sh", "-c", "sleep 1000 & echo $!; wait"],
            on_output=lambda line: children.append(int(line)),
            timeout_seconds=1,
        )
    assert len(children) == 1
    assert ends(children[0])


def test_a_program_that_closes_its_output_is_still_waited_for(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = 'exec >&- 2>&-; sleep 0.3; touch "$1"'
    assert run_process(["sh", "-c", script, "sh", str(mark)]).exit_status == 0
    assert mark.exists()


def test_it_has_a_session_and_environment_of_its_own() -> None:
    process = start_process(["sh", "-c", "env"], stdin=subprocess.DEVNULL)
    with process:
        assert process.stdout is not None
        lines = process.stdout.read().decode().splitlines()
    assert "LC_ALL=C" in lines
    assert "SSH_ASKPASS_REQUIRE=never" in lines
    assert any(line.startswith("PATH=") and "/usr/sbin" in line for line in lines)
    session = run_process(["sh", "-c", "cut -d' ' -f6 /proc/$$/stat; echo $$"]).stdout.split()
    assert session[0] == session[1]
    assert int(session[0]) != os.getsid(0)


def test_programs_are_found_in_sbin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_program("sysctl") is not None
    monkeypatch.delenv("PATH")
    assert find_program("ls") is not None
