"""What every node must do, tried on the local and the SSH node alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from proc_state import ends

from vcltui.errors import (
    CancelledError,
    CommandError,
    CommandMissingError,
    ConflictError,
    NodeError,
    NotFoundError,
    UsageError,
)
from vcltui.models.cancel import CancelToken
from vcltui.nodes.base import Node
from vcltui.nodes.ssh import SshNode

WEIRD_NAMES = [
    "with space",
    "quote'\"`",
    "$(touch pwned)",
    "new\nline",
    "-rf",
    "--help",
    "back\\slash %s %h",
    "ümlaut",
    "a;b|c&d>e",
    "*",
    "name No such file or directory",
    "name: File exists",
]


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_run_returns_output_and_status(node: Node) -> None:
    result = node.run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)
    assert (result.exit_status, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert result.argv[0] == "sh"


@pytest.mark.parametrize("argument", [*WEIRD_NAMES, "", "$HOME", "!x"])
def test_arguments_arrive_as_they_are(node: Node, argument: str) -> None:
    assert node.run(["printf", "%s", argument]).stdout == argument


def test_failure_quotes_the_last_line_of_standard_error(node: Node) -> None:
    with pytest.raises(CommandError) as caught:
        node.run(["sh", "-c", "echo first >&2; echo 'disk is full' >&2; exit 9"])
    assert "disk is full" in str(caught.value)
    assert "vmhost1" in str(caught.value)
    assert caught.value.exit_status == 9
    assert caught.value.stderr == "first\ndisk is full\n"


@pytest.mark.parametrize("status", [1, 126, 127, 255])
def test_exit_statuses_are_the_commands_own(node: Node, status: int) -> None:
    result = node.run(["sh", "-c", f"exit {status}"], check=False)
    assert result.exit_status == status


def test_many_commands_at_once(node: Node) -> None:
    """More than one SSH connection carries by default."""
    outcomes: list[str] = []
    threads = [
        threading.Thread(
            target=lambda number=number: outcomes.append(
                node.run(["sh", "-c", 'sleep 0.3; echo "$1"', "sh", str(number)]).stdout
            )
        )
        for number in range(14)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(text) for text in outcomes) == list(range(14))


@pytest.mark.parametrize("tied", [False, True])
def test_missing_program(node: Node, tied: bool) -> None:
    with pytest.raises(CommandMissingError, match="no-such-program"):
        node.run(["no-such-program", "--x"], tied=tied)


def test_a_tied_program_runs_as_any_other(node: Node) -> None:
    pieces: list[str] = []
    script = 'cat; echo "$1"; echo err >&2; exit 3'
    argv = ["sh", "-c", script, "sh", "a\nb  c"]
    result = node.run(argv, tied=True, check=False, on_output=pieces.append)
    assert (result.exit_status, result.stdout, result.stderr) == (3, "a\nb  c\n", "err\n")
    assert pieces == ["a", "b  c"]


def test_a_tied_program_can_be_cancelled(node: Node) -> None:
    token, pids = CancelToken(), list[int]()

    def stop(piece: str) -> None:
        pids.append(int(piece))
        token.cancel()

    with pytest.raises(CancelledError):
        node.run(["sh", "-c", "echo $$; exec sleep 600"], tied=True, on_output=stop, cancel=token)
    assert ends(pids[0])


# Like qemu-img, which does not care either whether anybody reads what it tells.
_DEAF = "trap '' PIPE HUP; echo $$; while sleep 0.1; do echo; done"
_RUN = """
import sys
from vcltui.nodes.{module} import {kind}
{kind}({arguments}).run(["sh", "-c", sys.argv[1]], tied=True, timeout_seconds=None, on_output=print)
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_a_tied_program_ends_with_whom_it_is_run_for(node: Node, stopped: bool) -> None:
    """It is killed with SIGKILL, when nothing can be tidied up any more."""
    names = {"module": "local", "kind": "LocalNode", "arguments": ""}
    if isinstance(node, SshNode):
        target = replace(node._target, options=("IdentitiesOnly=yes", "IdentityAgent=none"))
        names = {"module": "ssh", "kind": "SshNode", "arguments": f"{target!r}, 'x'"}
    code = "from vcltui.nodes.ssh_target import SshTarget\n" + _RUN.format(**names)
    with subprocess.Popen(
        [sys.executable, "-uc", code, _DEAF], stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdout is not None
        pid = int(runner.stdout.readline())
        if stopped:
            os.kill(pid, signal.SIGSTOP)
        runner.kill()
    ended = ends(pid)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    assert ended


def test_has_program(node: Node) -> None:
    assert node.has_program("ls")
    assert node.has_program("sysctl"), "it is in an sbin folder"
    assert not node.has_program("no-such-program")
    assert not node.has_program("ls1")


def test_input_is_given_and_otherwise_empty(node: Node) -> None:
    assert node.run(["cat"], input_text="grüße\n").stdout == "grüße\n"
    assert node.run(["cat"]).stdout == ""


def test_much_input_and_output_do_not_block_each_other(node: Node) -> None:
    text = "0123456789abcdef\n" * 60_000
    assert node.run(["cat"], input_text=text).stdout == text


def test_input_that_nobody_reads(node: Node) -> None:
    assert node.run(["true"], input_text="x" * 1_000_000).exit_status == 0


def test_output_comes_in_pieces(node: Node) -> None:
    pieces: list[str] = []
    result = node.run(
        ["printf", r"(0.00/100%%)\r(50.00/100%%)\r\nlast\nrest"], on_output=pieces.append
    )
    assert pieces == ["(0.00/100%)", "(50.00/100%)", "last"]
    assert result.stdout == "(0.00/100%)\r(50.00/100%)\r\nlast\nrest"


def test_output_comes_while_the_program_runs(node: Node, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = 'echo ready; while [ ! -e "$1" ]; do sleep 0.05; done; echo seen'
    pieces: list[str] = []

    def take(piece: str) -> None:
        pieces.append(piece)
        go.touch()

    node.run(["sh", "-c", script, "sh", str(go)], on_output=take)
    assert pieces == ["ready", "seen"]


def test_bad_bytes_are_replaced(node: Node) -> None:
    assert node.run(["printf", r"a\377b"]).stdout == "a\ufffdb"


def test_messages_are_in_english(node: Node) -> None:
    result = node.run(["sh", "-c", "echo $LC_ALL; ls /no/such/path"], check=False)
    assert result.stdout == "C\n"
    assert "No such file or directory" in result.stderr


def test_a_timeout_ends_the_program(node: Node) -> None:
    pids: list[int] = []
    with pytest.raises(CommandError, match="did not end within") as caught:
        node.run(
            ["sh", "-c", "echo $$; exec sleep 1000"],
            timeout_seconds=2,
            on_output=lambda line: pids.append(int(line)),
        )
    assert caught.value.exit_status is None
    assert len(pids) == 1
    assert ends(pids[0])


def test_a_program_that_ignores_its_end_is_killed(node: Node) -> None:
    cancel = CancelToken()
    pids: list[int] = []

    def take(line: str) -> None:
        pids.append(int(line))
        cancel.cancel()

    script = "trap '' TERM; echo $$; while :; do sleep 0.05; done"
    with pytest.raises(CancelledError):
        node.run(["sh", "-c", script], on_output=take, cancel=cancel)
    assert len(pids) == 1
    assert ends(pids[0])


def test_cancel_ends_the_program(node: Node) -> None:
    cancel = CancelToken()
    pids: list[int] = []

    def take(line: str) -> None:
        pids.append(int(line))
        cancel.cancel()

    with pytest.raises(CancelledError):
        node.run(["sh", "-c", "echo $$; exec sleep 1000"], on_output=take, cancel=cancel)
    assert len(pids) == 1
    assert ends(pids[0])


def test_cancel_ends_what_the_program_started(node: Node) -> None:
    cancel = CancelToken()
    pids: list[int] = []

    def take(line: str) -> None:
        pids.append(int(line))
        if len(pids) == 2:
            cancel.cancel()

    inner = "echo $$; sleep 1000 & echo $!; wait"
    with pytest.raises(CancelledError):
        node.run(["sh", "-c", 'sh -c "$1"; :', "sh", inner], on_output=take, cancel=cancel)
    assert len(pids) == 2
    assert all(ends(pid) for pid in pids)


def test_cancel_from_another_thread(node: Node) -> None:
    cancel = CancelToken()
    started = threading.Event()
    threading.Thread(target=lambda: (started.wait(), cancel.cancel())).start()
    with pytest.raises(CancelledError):
        node.run(
            ["sh", "-c", "echo x; exec sleep 1000"],
            on_output=lambda _line: started.set(),
            cancel=cancel,
            timeout_seconds=None,
        )


def test_nothing_is_started_once_cancelled(node: Node, tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(CancelledError):
        node.run(["touch", str(tmp_path / "made")], cancel=cancel)
    assert not (tmp_path / "made").exists()


def test_an_error_in_the_output_callback_ends_the_program(node: Node) -> None:
    pids: list[int] = []

    def take(line: str) -> None:
        pids.append(int(line))
        raise RuntimeError("callback")

    with pytest.raises(RuntimeError, match="callback"):
        node.run(["sh", "-c", "echo $$; exec sleep 1000"], on_output=take)
    assert ends(pids[0])


@pytest.mark.parametrize("name", WEIRD_NAMES)
def test_a_files_life_under_any_name(node: Node, tmp_path: Path, name: str) -> None:
    directory = str(tmp_path / f"d {name}")
    path, moved = f"{directory}/{name}", f"{directory}/{name}.moved"
    node.make_directory(directory)
    assert node.stat(path) is None
    node.write_text(path, "first\n")
    node.write_text(path, "zweite größer\n")
    found = node.stat(path)
    assert found is not None
    assert (found.path, found.name) == (path, name)
    assert (found.is_file, found.is_directory) == (True, False)
    assert found.size_bytes == len("zweite größer\n".encode())
    assert node.read_text(path) == "zweite größer\n"
    assert node.list_directory(directory) == [found]
    node.flush(path)
    node.rename_no_replace(path, moved)
    assert node.stat(path) is None
    assert Path(moved).read_text() == "zweite größer\n"
    assert node.remove_file(moved) is True
    assert node.remove_file(moved) is False
    assert node.list_directory(directory) == []
    assert node.remove_empty_directory(directory) is True
    assert node.remove_empty_directory(directory) is False
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("path", ["relative", "", "-rf", "~/x", "/nul\0", "/\ud800"])
def test_only_absolute_paths(node: Node, path: str) -> None:
    for call in (
        node.stat,
        node.list_directory,
        node.real_path,
        node.remove_file,
        node.make_directory,
        node.flush,
        node.free_bytes,
        node.space,
        node.filesystem_type,
        lambda given: node.write_text(given, "x"),
        lambda given: node.read_bytes(given, 1),
        lambda given: node.rename_no_replace(given, "/tmp/x"),
        lambda given: node.rename_no_replace("/tmp/x", given),
        lambda given: node.lock(given, 0),
    ):
        with pytest.raises(UsageError):
            call(path)


def test_stat_is_that_of_the_kernel(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "vm1"
    file.write_bytes(b"x" * 10_000)
    (tmp_path / "link").symlink_to(file)
    kernel = file.stat()
    for path in (file, tmp_path / "link"):
        found = node.stat(str(path))
        assert found is not None
        assert (found.size_bytes, found.disk_size_bytes) == (10_000, kernel.st_blocks * 512)
        assert (found.device, found.inode) == (kernel.st_dev, kernel.st_ino)
        assert found.mtime == pytest.approx(kernel.st_mtime, abs=1e-6)
    directory = node.stat(str(tmp_path))
    assert directory is not None
    assert (directory.is_directory, directory.is_file) == (True, False)


def test_stat_where_nothing_is(node: Node, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "file").touch()
    assert node.stat(str(tmp_path / "dangling")) is None
    assert node.stat(str(tmp_path / "file" / "below")) is None
    assert node.stat(str(tmp_path / "none" / "below")) is None


def test_a_file_is_found_by_its_exact_name(node: Node, tmp_path: Path) -> None:
    for name in ("linux-Base-1-v1.qcow2", "linux-Base-1-v10.qcow2", "vm10_1-v1.qcow2"):
        (tmp_path / name).touch()
    assert node.stat(str(tmp_path / "linux-Base-1-v1.qcow2")) is not None
    assert node.stat(str(tmp_path / "linux-Base-1-v1")) is None
    assert node.stat(str(tmp_path / "vm1_1-v1.qcow2")) is None
    assert node.remove_file(str(tmp_path / "vm1_1-v1.qcow2")) is False
    assert [entry.name for entry in node.list_directory(str(tmp_path))] == [
        "linux-Base-1-v1.qcow2",
        "linux-Base-1-v10.qcow2",
        "vm10_1-v1.qcow2",
    ]


def test_listing_follows_links_and_keeps_dangling_ones(node: Node, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("12345")
    (tmp_path / "to-file").symlink_to("data")
    (tmp_path / "to-nowhere").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").touch()
    (tmp_path / "to-folder").symlink_to("folder")
    (tmp_path / b"bad-\xff".decode(errors="surrogateescape")).touch()
    found = {entry.name: entry for entry in node.list_directory(f"{tmp_path}/")}
    assert sorted(found) == names_in(tmp_path)
    assert found["to-file"].size_bytes == 5
    assert found["to-file"].path == f"{tmp_path}/to-file"
    assert found["to-folder"].is_directory
    assert not found["to-nowhere"].is_file
    assert not found["to-nowhere"].is_directory


def test_listing_what_is_no_directory(node: Node, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotFoundError, match="vmhost1"):
        node.list_directory(str(tmp_path / "missing"))
    with pytest.raises(NodeError, match="Not a directory"):
        node.list_directory(str(tmp_path / "file"))


def test_real_path(node: Node, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    real = os.path.realpath(tmp_path)
    assert node.real_path(f"{tmp_path}/link/../link/./x\n") == f"{real}/folder/x\n"
    assert node.real_path(f"{tmp_path}/none/at/all") == f"{real}/none/at/all"


def test_reading_a_part(node: Node, tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    (tmp_path / "data").write_bytes(data)
    path = str(tmp_path / "data")
    assert node.read_bytes(path, 10) == data[:10]
    assert node.read_bytes(path, 70_000, offset=65_537) == data[65_537:135_537]
    assert node.read_bytes(path, 1 << 20) == data
    assert node.read_bytes(path, 10, offset=1 << 20) == b""
    assert node.read_bytes(path, 0) == b""


def test_reading_what_can_not_be_read(node: Node, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        node.read_bytes(str(tmp_path / "missing"), 10)
    with pytest.raises(NodeError, match="Is a directory"):
        node.read_bytes(str(tmp_path), 10)


def test_writing_sets_the_mode_and_leaves_nothing_else(node: Node, tmp_path: Path) -> None:
    node.write_text(str(tmp_path / "secret"), "x", mode=0o600)
    node.write_text(str(tmp_path / "open"), "", mode=0o666)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o666
    assert names_in(tmp_path) == ["open", "secret"]


def test_writing_where_it_can_not_be(node: Node, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NodeError, match="directory"):
        node.write_text(str(tmp_path / "folder"), "x")
    with pytest.raises(NotFoundError):
        node.write_text(str(tmp_path / "missing" / "file"), "x")
    assert names_in(tmp_path) == ["folder"]


def test_a_file_with_a_very_long_name(node: Node, tmp_path: Path) -> None:
    path = str(tmp_path / ("x" * 255))
    node.write_text(path, "whole")
    assert node.read_text(path) == "whole"
    assert names_in(tmp_path) == ["x" * 255]


def test_making_directories(node: Node, tmp_path: Path) -> None:
    path = str(tmp_path / "a" / "b" / "c")
    node.make_directory(path, mode=0o700)
    assert Path(path).stat().st_mode & 0o777 == 0o700
    node.make_directory(path, mode=0o755)
    assert Path(path).stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(NodeError, match="File exists"):
        node.make_directory(str(tmp_path / "file"))


def test_only_empty_directories_are_removed(node: Node, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "file").touch()
    assert node.remove_empty_directory(str(tmp_path / "full")) is False
    assert (tmp_path / "full" / "file").exists()
    with pytest.raises(NodeError, match="Not a directory"):
        node.remove_empty_directory(str(tmp_path / "file"))
    with pytest.raises(NodeError, match="Is a directory"):
        node.remove_file(str(tmp_path / "full"))


def test_rename_never_replaces(node: Node, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    for make in (lambda: target.write_text("old"), lambda: target.symlink_to("nowhere")):
        make()
        with pytest.raises(ConflictError, match="target exists"):
            node.rename_no_replace(str(source), str(target))
        assert source.read_text() == "new"
        target.unlink()
    with pytest.raises(ConflictError):
        node.rename_no_replace(str(source), str(source))
    assert source.read_text() == "new"
    with pytest.raises(NotFoundError):
        node.rename_no_replace(str(tmp_path / "missing"), str(target))
    assert not target.exists()


def test_of_many_renames_to_one_name_one_wins(node: Node, tmp_path: Path) -> None:
    target = tmp_path / "image-v1.qcow2"
    sources = [tmp_path / f"part{number}" for number in range(8)]
    barrier = threading.Barrier(len(sources))
    outcomes: list[object] = []

    def rename(source: Path) -> None:
        barrier.wait()
        try:
            node.rename_no_replace(str(source), str(target))
        except ConflictError:
            outcomes.append("conflict")
        else:
            outcomes.append(source)

    for source in sources:
        source.write_text(source.name)
    threads = [threading.Thread(target=rename, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if isinstance(outcome, Path)]
    assert len(outcomes) == len(sources)
    assert len(winners) == 1
    assert target.read_text() == winners[0].name
    assert sorted(tmp_path.iterdir()) == sorted({*sources, target} - set(winners))


def test_file_system_figures(node: Node, tmp_path: Path) -> None:
    figures = os.statvfs(tmp_path)
    total = figures.f_blocks * figures.f_frsize
    assert 0 < node.free_bytes(str(tmp_path)) <= total
    assert 0 < node.free_bytes(str(tmp_path / "not" / "yet made")) <= total
    space = node.space(str(tmp_path))
    assert 0 < space.free_bytes <= space.total_bytes == total
    with pytest.raises(NotFoundError):
        node.space(str(tmp_path / "not yet"))
    assert node.filesystem_type("/proc/self") == "proc"
    assert node.filesystem_type("/sys") == "sysfs"
    assert node.filesystem_type(str(tmp_path / "not yet")) == node.filesystem_type(str(tmp_path))


def test_the_starts_of_many_files(node: Node, tmp_path: Path) -> None:
    texts = {f"f {name}".replace("/", "_"): f"{name}\n" * 3 for name in WEIRD_NAMES}
    texts["empty"] = ""
    texts["long"] = "x" * 10_000
    # What a guest may write at the start of its disk, to pass for the next file's heading.
    texts["a"] = f"\n==> {tmp_path}/b <==\nno disk"
    texts["b"] = "a disk"
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    files = node.list_directory(str(tmp_path))
    (tmp_path / "empty").unlink()
    found = node.read_starts(files, 4096)
    assert {path.rpartition("/")[2]: start.decode() for path, start in found.items()} == {
        name: text[:4096] for name, text in texts.items() if name != "empty"
    }


def test_the_starts_of_files_that_changed_are_left_out_or_new(node: Node, tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / name).write_text(f"{name} as it was")
    files = node.list_directory(str(tmp_path))
    (tmp_path / "b").write_text("b")
    (tmp_path / "c").unlink()
    now = {"a": b"a as it was", "b": b"b", "d": b"d as it was"}
    found = {path.rpartition("/")[2]: start for path, start in node.read_starts(files, 64).items()}
    assert found.items() <= now.items()
    assert found["a"] == now["a"]
    assert node.read_starts([], 64) == {}


def test_the_starts_of_more_files_than_one_command_takes(node: Node, tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{'long' * 20}-{number}").write_text(str(number))
    files = node.list_directory(str(tmp_path))
    found = node.read_starts(files, 4096)
    assert found == {file.path: file.name.rpartition("-")[2].encode() for file in files}


def test_flushing_what_is_not_there(node: Node, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        node.flush(str(tmp_path / "missing"))


def test_a_pipe_is_not_waited_at(node: Node, tmp_path: Path) -> None:
    pipe = tmp_path / "x.qcow2"
    os.mkfifo(pipe)
    read: list[bytes] = []
    thread = threading.Thread(
        target=lambda: read.append(node.read_bytes(str(pipe), 100)), daemon=True
    )
    thread.start()
    thread.join(30)
    assert read == [b""]
