"""What only the SSH node has: the connection, and how its failures are told."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from pathlib import Path

import pytest
from private_sshd import SshServer, make_key
from proc_state import ends

from vcltui.errors import (
    CancelledError,
    CommandMissingError,
    NodeError,
    NodeUnreachableError,
    NotFoundError,
)
from vcltui.models.cancel import CancelToken
from vcltui.nodes.ssh import SshNode
from vcltui.nodes.ssh_master import socket_directory


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def failure(node: SshNode) -> NodeUnreachableError:
    """How the node says that it can't be reached; the same for commands, files and locks."""
    with pytest.raises(NodeUnreachableError) as caught:
        node.run(["true"])
    with pytest.raises(NodeUnreachableError):
        node.stat("/")
    with pytest.raises(NodeUnreachableError), node.lock("/tmp/never-made/lock", 0):
        pytest.fail("a lock on a machine out of reach")
    return caught.value


def test_connection_refused(sshd: SshServer) -> None:
    port = free_port()
    error = failure(SshNode(sshd.target(port=port), "vmhost1"))
    assert "refuses the connection" in error.what
    assert f"127.0.0.1:{port}" in error.what
    assert "port" in error.hint


def test_a_server_that_says_nothing(sshd: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = failure(SshNode(sshd.target(port=port, options=("ConnectTimeout=1",)), "vmhost1"))
    assert "does not answer" in error.what


def test_a_hanging_connection_is_unreachable_not_a_slow_command(sshd: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        node = SshNode(sshd.target(port=silent.getsockname()[1]), "vmhost1")
        with pytest.raises(NodeUnreachableError, match="does not answer"):
            node.run(["true"], timeout_seconds=0.5)


def test_a_hanging_connection_can_be_cancelled(sshd: SshServer) -> None:
    cancel = CancelToken()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        node = SshNode(sshd.target(port=silent.getsockname()[1]), "vmhost1")

        def cancel_when_connected() -> None:
            connection, _address = silent.accept()
            with connection:
                cancel.cancel()
                while connection.recv(100):
                    pass

        threading.Thread(target=cancel_when_connected).start()
        with pytest.raises(CancelledError):
            node.run(["true"], cancel=cancel)


def test_unknown_host_key(sshd: SshServer, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    error = failure(SshNode(sshd.target(known_hosts_file=str(tmp_path / "empty")), "vmhost1"))
    assert "is not known here" in error.what
    assert "compare the key" in error.hint
    assert (tmp_path / "empty").read_text() == ""


def test_changed_host_key(sshd: SshServer, tmp_path: Path) -> None:
    other = " ".join(make_key(tmp_path / "other").split()[:2])
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {other}\n")
    error = failure(SshNode(sshd.target(known_hosts_file=str(known)), "vmhost1"))
    assert "has changed" in error.what
    assert "reinstalled" in error.hint
    assert f"ssh-keygen -R '[127.0.0.1]:{sshd.port}' -f {known}" in error.hint


def test_a_new_host_is_learnt_only_if_allowed(sshd: SshServer, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    target = sshd.target(known_hosts_file=str(known), host_key_policy="accept-new")
    node = SshNode(target, "vmhost1")
    assert node.run(["echo", "in"]).stdout == "in\n"
    node.close()
    assert "ssh-ed25519" in known.read_text()


def test_no_key_is_accepted(sshd: SshServer, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    error = failure(SshNode(sshd.target(identity_file=str(tmp_path / "stranger")), "vmhost1"))
    assert "accepts no key" in error.what
    assert "authorized_keys" in error.hint


def test_the_key_file_is_missing(sshd: SshServer, tmp_path: Path) -> None:
    key = tmp_path / "missing key"
    error = failure(SshNode(sshd.target(identity_file=str(key)), "vmhost1"))
    assert f"{key} does not exist" in error.hint


@pytest.mark.parametrize("name", ["my key", "100%h"])
def test_key_and_known_hosts_of_any_name(sshd: SshServer, tmp_path: Path, name: str) -> None:
    key, known = tmp_path / name, tmp_path / f"known {name}"
    key.write_bytes(sshd.identity.read_bytes())
    key.chmod(0o600)
    known.write_bytes(sshd.known_hosts.read_bytes())
    node = SshNode(sshd.target(identity_file=str(key), known_hosts_file=str(known)), "vmhost1")
    assert node.run(["echo", "in"]).stdout == "in\n"
    node.close()


def test_unknown_name(sshd: SshServer) -> None:
    error = failure(SshNode(sshd.target(host="no-such-host.invalid"), "vmhost1"))
    assert "no-such-host.invalid" in error.what


def test_the_ssh_program_is_missing(sshd: SshServer) -> None:
    node = SshNode(sshd.target(ssh_command="/no/such/ssh"), "vmhost1")
    with pytest.raises(CommandMissingError, match="/no/such/ssh"):
        node.run(["true"])


def test_another_ssh_program_is_used(sshd: SshServer, tmp_path: Path) -> None:
    wrapper = tmp_path / "my ssh"
    wrapper.write_text(f'#!/bin/sh\necho "$#" >>"{tmp_path}/calls"\nexec ssh "$@"\n')
    wrapper.chmod(0o755)
    node = SshNode(sshd.target(ssh_command=str(wrapper)), "vmhost1")
    assert node.run(["echo", "x"]).stdout == "x\n"
    node.close()
    assert (tmp_path / "calls").exists()


def test_commands_share_one_connection_until_close(sshd: SshServer) -> None:
    node = SshNode(sshd.target(), "vmhost1")
    # SSH_CONNECTION names the client's port, which is another one for each connection.
    first, second = (node.run(["printenv", "SSH_CONNECTION"]).stdout for _ in range(2))
    node.close()
    node.close()
    third = node.run(["printenv", "SSH_CONNECTION"]).stdout
    node.close()
    assert first == second != third


def test_closing_one_node_does_not_cut_off_another(sshd: SshServer) -> None:
    one, other = (SshNode(sshd.target(), "vmhost1") for _ in range(2))
    one.run(["true"])
    other.run(["true"])
    assert other.run(["sh", "-c", "echo x"], on_output=lambda _line: one.close()).stdout == "x\n"
    other.close()


def test_a_connection_that_breaks_is_no_failed_command(sshd: SshServer) -> None:
    node = SshNode(sshd.target(), "vmhost1")
    pids: list[int] = []

    def cut_off(line: str) -> None:
        pids.append(int(line))
        node.close()

    with pytest.raises(NodeUnreachableError, match="was lost while sh ran"):
        node.run(["sh", "-c", "echo $$; exec sleep 1000"], on_output=cut_off)
    os.kill(pids[0], signal.SIGKILL)
    assert node.run(["echo", "again"]).stdout == "again\n"
    node.close()


def test_a_tied_program_ends_with_the_connection(sshd: SshServer) -> None:
    node = SshNode(sshd.target(), "vmhost1")
    pids: list[int] = []

    def cut_off(line: str) -> None:
        pids.append(int(line))
        node.close()

    argv = ["sh", "-c", "trap '' PIPE HUP; echo $$; exec sleep 1000"]
    with pytest.raises(NodeUnreachableError, match="was lost while sh ran"):
        node.run(argv, on_output=cut_off, tied=True, timeout_seconds=None)
    assert ends(pids[0])
    node.close()


def test_what_a_login_shell_greets_with_is_not_output(sshd: SshServer, tmp_path: Path) -> None:
    wrapper = tmp_path / "ssh"
    wrapper.write_text('#!/bin/sh\necho "Welcome to vmhost1"; echo vcltui-pid; exec ssh "$@"\n')
    wrapper.chmod(0o755)
    node = SshNode(sshd.target(ssh_command=str(wrapper)), "vmhost1")
    pieces: list[str] = []
    assert node.run(["printf", r"a\nb\n"], on_output=pieces.append).stdout == "a\nb\n"
    assert pieces == ["a", "b"]
    node.close()


def test_a_machine_that_runs_no_commands(sshd: SshServer, tmp_path: Path) -> None:
    wrapper = tmp_path / "ssh"
    wrapper.write_text("#!/bin/sh\necho 'This account is not available.' >&2; exit 1\n")
    wrapper.chmod(0o755)
    error = failure(SshNode(sshd.target(ssh_command=str(wrapper)), "vmhost1"))
    assert "This account is not available" in error.what


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_a_write_that_is_cut_off_leaves_the_old_file(
    sshd: SshServer, tmp_path: Path, size: int
) -> None:
    """The wrapper passes on only a part of what is to be written."""
    file = tmp_path / "file"
    file.write_text("old and whole")
    wrapper = tmp_path / "ssh"
    wrapper.write_text('#!/bin/sh\nhead -c 500 | ssh "$@"\n')
    wrapper.chmod(0o755)
    node = SshNode(sshd.target(ssh_command=str(wrapper), options=("ControlMaster=no",)), "vmhost1")
    with pytest.raises(NodeError):
        node.write_text(str(file), "x" * size)
    assert file.read_text() == "old and whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "ssh"]


def test_unprintable_paths_are_escaped_in_messages(ssh_node: SshNode, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        ssh_node.read_bytes(f"{tmp_path}/a\x1b[31m\nb", 1)
    assert re.search(r"[\x00-\x1f]", str(caught.value)) is None


def test_the_socket_folder_is_private(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Path(f"/tmp/vt-{os.getpid()}")
    runtime.mkdir(mode=0o755)
    try:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        folder = Path(socket_directory())
        assert folder.parent == runtime
        folder.chmod(0o755)
        assert Path(socket_directory()).stat().st_mode & 0o777 == 0o700
        folder.rmdir()
        folder.symlink_to("/tmp")
        assert Path(socket_directory()) != folder, "a link is not trusted"
        folder.unlink()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime / ("x" * 100)))
        assert len(socket_directory()) < 80, "a socket's path is short"
    finally:
        for path in runtime.iterdir():
            path.rmdir()
        runtime.rmdir()
