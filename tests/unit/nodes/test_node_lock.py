"""The lock of every node: exclusive between threads, processes and both kinds of node."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from private_sshd import SshServer

from vcltui.errors import CancelledError, LockedError, NodeError, NodeUnreachableError
from vcltui.models.cancel import CancelToken
from vcltui.nodes import local_lock
from vcltui.nodes.base import Node
from vcltui.nodes.local import LocalNode
from vcltui.nodes.ssh import SshNode

LOCAL_HOLDER = """\
import sys
from vcltui.nodes.local import LocalNode
with LocalNode("other").lock(sys.argv[1], 30):
    print("held", flush=True)
    sys.stdin.read()
"""
SSH_HOLDER = """\
import sys
from vcltui.nodes.ssh import SshNode
from vcltui.nodes.ssh_target import SshTarget
target = SshTarget("127.0.0.1", user=sys.argv[2], port=int(sys.argv[3]), identity_file=sys.argv[4],
                   known_hosts_file=sys.argv[5], options=("ControlPersist=1",))
with SshNode(target, "other").lock(sys.argv[1], 30):
    print("held", flush=True)
    sys.stdin.read()
"""


def start_holder(node: Node, sshd: SshServer, path: str) -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends or it is killed."""
    script = LOCAL_HOLDER if node.is_local else SSH_HOLDER
    login = [sshd.user, str(sshd.port), str(sshd.identity), str(sshd.known_hosts)]
    process = subprocess.Popen(
        [sys.executable, "-c", script, path, *login],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def stop_holder(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode is not None


def is_free(path: str) -> bool:
    with Path(path).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_lock_is_made_held_and_released(node: Node, tmp_path: Path) -> None:
    path = str(tmp_path / "lock folder" / "vm1.lock")
    with node.lock(path, 0):
        assert not is_free(path)
        assert Path(path).read_text().startswith(f"pid={os.getpid()} host=")
        assert Path(path).stat().st_mode & 0o777 == 0o600
        assert Path(path).parent.stat().st_mode & 0o777 == 0o700
    assert is_free(path)
    assert Path(path).read_text() == "", "the file stays, and nobody is named in it"
    with node.lock(path, 0):
        assert not is_free(path)


def test_vm1_does_not_lock_vm10(node: Node, tmp_path: Path) -> None:
    with node.lock(str(tmp_path / "vm1.lock"), 0), node.lock(str(tmp_path / "vm10.lock"), 0):
        assert not is_free(str(tmp_path / "vm10.lock"))


@pytest.mark.parametrize("timeout_seconds", [0, 0.3])
def test_a_held_lock_names_its_holder(node: Node, tmp_path: Path, timeout_seconds: float) -> None:
    path = str(tmp_path / "lock")
    with node.lock(path, 0):
        with pytest.raises(LockedError) as caught, node.lock(path, timeout_seconds):
            pytest.fail("the lock was taken twice")
        assert path in str(caught.value)
        assert f"pid={os.getpid()}" in str(caught.value)
        assert "since=" in str(caught.value)
        assert not is_free(path)


def test_an_error_inside_releases_it_and_passes_through(node: Node, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(ValueError, match="inside"), node.lock(path, 0):
        raise ValueError("inside")
    assert is_free(path)


def test_another_process_excludes_and_its_death_releases(
    node: Node, sshd: SshServer, tmp_path: Path
) -> None:
    path = str(tmp_path / "lock")
    holder = start_holder(node, sshd, path)
    try:
        with pytest.raises(LockedError, match=f"pid={holder.pid}"), node.lock(path, 0):
            pytest.fail("the lock was taken twice")
    finally:
        holder.kill()
        stop_holder(holder)
    with node.lock(path, 60):
        assert f"pid={os.getpid()}" in Path(path).read_text()


def test_both_kinds_of_node_exclude_each_other(ssh_node: SshNode, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    local = LocalNode()
    with local.lock(path, 0), pytest.raises(LockedError), ssh_node.lock(path, 0):
        pytest.fail("the lock was taken twice")
    with ssh_node.lock(path, 0), pytest.raises(LockedError), local.lock(path, 0):
        pytest.fail("the lock was taken twice")


def test_waiting_threads_get_it_one_after_another(node: Node, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with node.lock(path, 120):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 5


def test_waiting_can_be_cancelled(node: Node, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    cancel = CancelToken()
    with node.lock(path, 0):
        timer = threading.Timer(0.2, cancel.cancel)
        timer.start()
        with pytest.raises(CancelledError), node.lock(path, 600, cancel):
            pytest.fail("the lock was taken twice")
        timer.join()


def test_a_lock_where_none_can_be(node: Node, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(NodeError, match="vmhost1"),
        node.lock(str(tmp_path / "file" / "lock"), 0),
    ):
        pytest.fail("no file can be made there")


def test_the_loss_of_a_lock_is_told(ssh_node: SshNode, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(NodeUnreachableError, match="was lost"), ssh_node.lock(path, 0):
        ssh_node.close()
        with LocalNode().lock(path, 60):
            assert not is_free(path)


def test_the_loss_of_a_lock_does_not_hide_an_error(ssh_node: SshNode, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(ValueError, match="inside"), ssh_node.lock(path, 0):
        ssh_node.close()
        raise ValueError("inside")
    with LocalNode().lock(path, 60):
        assert not is_free(path)


def test_readers_share_a_lock_and_keep_writers_out(
    node: Node, ssh_node: SshNode, tmp_path: Path
) -> None:
    path = str(tmp_path / "lock")
    with node.lock(path, 0, shared=True):
        with LocalNode().lock(path, 0, shared=True), ssh_node.lock(path, 0, shared=True):
            for writer in (node, ssh_node, LocalNode()):
                with pytest.raises(LockedError), writer.lock(path, 0):
                    pytest.fail("a writer among readers")
        with pytest.raises(LockedError), LocalNode().lock(path, 0):
            pytest.fail("a writer beside a reader")
    with LocalNode().lock(path, 0), pytest.raises(LockedError), node.lock(path, 0, shared=True):
        pytest.fail("a reader beside a writer")
    assert is_free(path)
    assert Path(path).read_text() == ""


@pytest.mark.parametrize(
    "what",
    # Only root can give a folder to another user.
    [*(["folder"] if os.geteuid() == 0 else []), "link", "link to nowhere"],
)
def test_a_folder_that_a_stranger_put_where_everybody_may_is_refused(
    node: Node, tmp_path: Path, what: str
) -> None:
    """As /tmp/vcl, made by a user of the machine before we came."""
    everybodys = tmp_path / "tmp"
    everybodys.mkdir()
    everybodys.chmod(0o1777)
    home = everybodys / "vcl"
    if what == "folder":
        home.mkdir(mode=0o777)
        os.chown(home, 65534, 65534)
    else:
        target = tmp_path / "target"
        home.symlink_to(target)
        if what == "link":
            target.mkdir()
    with (
        pytest.raises(NodeError, match="/tmp/vcl on vmhost1 is a link or another user's"),
        node.lock(str(home / "locks" / "computer-vm1.lock"), 0),
    ):
        pytest.fail("must not be held")
    assert not (home / "locks").exists()
    assert not (tmp_path / "target" / "locks").exists()


def test_a_folder_of_our_own_where_everybody_may_make_one(node: Node, tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with node.lock(str(tmp_path / "vcl" / "locks" / "a.lock"), 0):
        pass
    with node.lock(str(tmp_path / "vcl" / "locks" / "a.lock"), 0):
        pass


def test_who_has_just_taken_it_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder writes its line after it has the lock; another one may look in between."""
    taken, looked, written, refused = (threading.Event() for _ in range(4))
    path = str(tmp_path / "lock")
    write, read = local_lock._write_holder, local_lock._read_holder

    def write_late(descriptor: int, text: str) -> None:
        taken.set()
        assert looked.wait(60)
        write(descriptor, text)
        written.set()

    def look(descriptor: int) -> str:
        if looked.is_set():
            assert written.wait(60)
        text = read(descriptor)
        looked.set()
        return text

    def hold() -> None:
        with LocalNode("h").lock(path, 0.0):
            assert refused.wait(60)

    monkeypatch.setattr(local_lock, "_write_holder", write_late)
    monkeypatch.setattr(local_lock, "_read_holder", look)
    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(60)
    with (
        pytest.raises(LockedError, match=f"pid={os.getpid()}"),
        LocalNode("h").lock(path, 0.0),
    ):
        pytest.fail("it is held")
    refused.set()
    holder.join(60)
    assert not holder.is_alive()
