"""The shell that stays on another machine, and what becomes of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from private_sshd import SshServer
from proc_state import ends

from vcltui.errors import CommandError, NodeUnreachableError
from vcltui.nodes.ssh import SshNode

WHO_RUNS_IT = ["sh", "-c", "echo $PPID"]


@pytest.fixture
def own(sshd: SshServer) -> Iterator[SshNode]:
    """A node that no other test uses."""
    node = SshNode(sshd.target(), "vmhost1")
    yield node
    node.close()


def shell_of(node: SshNode) -> int:
    return int(node.run(WHO_RUNS_IT).stdout)


def test_short_commands_share_a_session(own: SshNode, tmp_path: Path) -> None:
    first = shell_of(own)
    own.write_text(str(tmp_path / "file"), "x")
    assert own.stat(str(tmp_path / "missing")) is None
    with own.lock(str(tmp_path / "lock"), 0):
        held = shell_of(own)
    assert {first, held} >= {shell_of(own)}


def test_a_command_finds_no_input_and_leaves_none(own: SshNode) -> None:
    assert own.run(["cat"]).stdout == ""
    assert own.run(["cat"], input_text="a\nb").stdout == "a\nb"
    assert own.run(["sh", "-c", "read line; echo $line"], check=False).stdout == "\n"


@pytest.mark.parametrize("text", ["", "\n", "x", "x\n\n", "'\"\\$(id)`id`\0\n \n"])
def test_output_comes_as_it_is(own: SshNode, tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    both = ["sh", "-c", 'cat -- "$1"; cat -- "$1" >&2; exit 3', "sh", str(tmp_path / "file")]
    result = own.run(both, check=False)
    assert (result.stdout, result.stderr, result.exit_status) == (text, text, 3)


def test_long_commands_and_outputs(own: SshNode) -> None:
    text = "x" * 100_000
    assert own.run(["printf", "%s", text]).stdout == text
    assert own.run(["cat"], input_text=text).stdout == text
    assert len(own.run(["seq", "1", "300000"]).stdout) > 1 << 20


def test_a_timeout_ends_the_command_and_its_shell(own: SshNode, tmp_path: Path) -> None:
    shell = shell_of(own)
    with pytest.raises(CommandError, match="did not end within 1 seconds"):
        own.run(
            ["sh", "-c", 'echo $$ >"$1"; exec sleep 1000', "sh", str(tmp_path / "pid")],
            timeout_seconds=1,
        )
    assert ends(int((tmp_path / "pid").read_text()))
    assert ends(shell)
    assert shell_of(own) != shell


def test_a_shell_that_went_while_idle_is_not_used(own: SshNode) -> None:
    shell = shell_of(own)
    os.kill(shell, signal.SIGKILL)
    assert ends(shell)
    # Its client hears of that in its own time; a command in between fails, and is not repeated.
    for _ in range(50):
        try:
            assert shell_of(own) != shell
        except NodeUnreachableError:
            continue
        break
    else:
        pytest.fail("the dead shell is asked over and over")


def test_a_shell_that_goes_meanwhile_is_a_lost_connection(own: SshNode) -> None:
    with pytest.raises(NodeUnreachableError, match="was lost while sh ran"):
        own.run(["sh", "-c", "kill -KILL $PPID; exec sleep 1"])
    assert own.run(["echo", "again"]).stdout == "again\n"


def test_a_lock_whose_holder_was_ended_there_is_lost(own: SshNode, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(NodeUnreachableError, match="was lost"), own.lock(str(lock), 0):
        (holder,) = holders_of(lock)
        os.kill(holder, signal.SIGKILL)
        assert ends(holder)
        assert own.run(["echo", "still there"]).stdout == "still there\n"
    with own.lock(str(lock), 0):
        assert len(holders_of(lock)) == 1


def holders_of(lock: Path) -> list[int]:
    """The shells that have the lock's file open."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                opened = {str(file.readlink()) for file in (process / "fd").iterdir()}
            except OSError:
                continue
            if str(lock) in opened and (process / "comm").read_text() in ("sh\n", "dash\n"):
                found.append(int(process.name))
    return found


def test_many_at_once_leave_few(own: SshNode) -> None:
    shells: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: shells.append(int(own.run(["sh", "-c", "sleep 0.3; echo $PPID"]).stdout))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shells) == len(threads)
    idle = len(own._shells._idle)
    assert 1 <= idle <= 4
    own.close()
    assert all(ends(shell) for shell in shells)
