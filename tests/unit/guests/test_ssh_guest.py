"""Linux and Windows guests, over a real SSH server that shows a file system of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from guest_machine import GuestMachine
from private_sshd import SshServer, make_key, run_sshd, start_sshd, stop_sshd

from vcltui.errors import CancelledError, GuestError, UsageError
from vcltui.guests.factory import guest_for
from vcltui.guests.linux import LinuxGuest
from vcltui.guests.windows import WindowsGuest, parse_ipconfig
from vcltui.models.cancel import CancelToken
from vcltui.models.guest import CurrentImage
from vcltui.models.host import GuestAccess
from vcltui.nodes.ssh_target import SshTarget

CURRENT = CurrentImage(
    "linux-Base-1-v10", {"imagerevision_id": "10", "prettyname": "Base $(x) 'n' \"q\""}
)

IPCONFIG = """\r
Windows IP Configuration\r
   DHCPv6 Client DUID. . . . . . . . : 00-01-00-01-12-34-56-78-52-54-00-AA-BB-01\r
Ethernet adapter Local Area Connection 2:\r
   Physical Address. . . . . . . . . : 52-54-00-AA-BB-02\r
Ethernet-Adapter LAN-Verbindung:\r
   Physikalische Adresse . . . . . . : 52-54-00-aa-bb-01\r
Tunnel adapter isatap:\r
   Physical Address. . . . . . . . . : 00-00-00-00-00-00-00-E0\r
   Physical Address. . . . . . . . . : 00-00-00-00-00-00\r
   Physical Address. . . . . . . . . : 52-54-00-AA-BB-02\r
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_no_current_image_yet(machine: GuestMachine) -> None:
    guest = machine.linux()
    assert guest.is_responding()
    assert guest.read_current_image() is None
    machine.put("/root/currentimage.txt", "")
    assert guest.read_current_image() is None


def test_current_image_is_written_and_read(machine: GuestMachine) -> None:
    guest = machine.linux()
    guest.write_current_image(CURRENT)
    guest.set_tag("vcld_tainted", "yes")
    found = guest.read_current_image()
    assert found is not None
    assert (found.image_name, found.facts) == (CURRENT.image_name, CURRENT.facts)
    assert found.tags == {"vcld_tainted": "yes"}
    assert [path.name for path in machine.home.iterdir()] == ["currentimage.txt"]
    assert (machine.home / "currentimage.txt").stat().st_mode & 0o777 == 0o600
    assert guest.describe() == f"ssh {machine.server.user}@127.0.0.1"


@pytest.mark.parametrize(
    "text",
    ["", "\n\n\n", "no end", "grüße 'x' $(y)\n", "<x/>\n" * 50_000],
    ids=["empty", "newlines", "no-end", "quotes", "long"],
)
def test_files_arrive_whole(machine: GuestMachine, text: str) -> None:
    guest = machine.linux()
    guest.write_file("notes.txt", "old")
    guest.write_file("notes.txt", text)
    assert (machine.home / "notes.txt").read_text() == text
    assert guest.read_file("notes.txt") == text
    assert [path.name for path in machine.home.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "answer",
    [
        "echo vcltui-pid 1; exec yes AAAAAAAAAAAAAAAAAAAAAAAA",
        "echo vcltui-pid 1; head -c 9000000 /dev/zero | tr '\\0' A >&2; exit 1",
        "echo vcltui-pid 1; printf '\\033]0;x\\007' >&2; head -c 900000 /dev/zero >&2; exit 1",
        "printf '\\033]52;c;x\\033\\\\' >&2; exit 1",
        "head -c 900000 /dev/zero | tr '\\0' A >&2; exit 255",
    ],
    ids=["endless", "megabytes", "escapes", "login", "long-login"],
)
def test_a_guest_that_says_what_it_likes_is_quoted_shortly(tmp_path: Path, answer: str) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\n{answer}\n")
    ssh.chmod(0o755)
    guest = LinuxGuest(
        SshTarget("vm1", ssh_command=str(ssh)),
        name="vm1",
        known_hosts_directory=tmp_path / "keys",
        ports=(22,),
    )
    with pytest.raises(GuestError) as raised:
        guest.read_current_image()
    assert raised.value.what.isprintable()
    assert len(str(raised.value)) < 2000


def test_a_file_that_is_cut_off_leaves_the_old_one(machine: GuestMachine, tmp_path: Path) -> None:
    """The wrapper passes on only half of what is to be written."""
    wrapper = tmp_path / "ssh"
    wrapper.write_text('#!/bin/sh\nhead -c 500 | ssh "$@"\n')
    wrapper.chmod(0o755)
    machine.put("/root/notes.txt", "old and whole")
    guest = LinuxGuest(
        machine.server.target(ssh_command=str(wrapper)),
        name="vm1",
        known_hosts_directory=machine.keys,
        ports=(machine.server.port,),
    )
    with pytest.raises(GuestError, match=r"could not write ~/notes\.txt"):
        guest.write_file("notes.txt", "x" * 1000)
    assert (machine.home / "notes.txt").read_text() == "old and whole"
    assert [path.name for path in machine.home.iterdir()] == ["notes.txt"]


def test_a_tag_needs_the_file(machine: GuestMachine) -> None:
    with pytest.raises(GuestError, match=r"no currentimage\.txt"):
        machine.linux().set_tag("vcld_post_load", "now")
    with pytest.raises(UsageError):
        machine.linux().write_current_image(CurrentImage("x", {"a b": "c"}))


def test_post_load_runs_the_hooks_between_file_and_tag(machine: GuestMachine) -> None:
    hook = '#!/bin/sh\ncat currentimage.txt >>/tmp/seen; echo "$0 was here"\n'
    for folder in ("/usr/local/vcl", "/etc/init.d", "/etc/vcl"):
        machine.put(f"{folder}/vcl_post_load", hook, mode=0o755)
        machine.put(f"{folder}/vcl_post_load10", "#!/bin/sh\nexit 1\n", mode=0o755)
    guest = machine.linux()
    guest.post_load(CURRENT)
    found = guest.read_current_image()
    assert found is not None
    assert found.post_load_done
    seen = (machine.root / "tmp/seen").read_text()
    assert seen.count("imagerevision_id=10\n") == 3
    assert "vcld_post_load" not in seen
    assert (machine.home / "vcl_post_load.log").read_text() == (
        "/usr/local/vcl/vcl_post_load was here\n"
        "/etc/init.d/vcl_post_load was here\n"
        "/etc/vcl/vcl_post_load was here\n"
    )


def test_a_hook_that_is_not_executable_is_none(machine: GuestMachine) -> None:
    machine.put("/usr/local/vcl/vcl_post_load", "#!/bin/sh\nexit 1\n", mode=0o644)
    guest = machine.linux()
    guest.post_load(CURRENT)
    found = guest.read_current_image()
    assert found is not None
    assert found.post_load_done
    assert sorted(path.name for path in machine.home.iterdir()) == ["currentimage.txt"]


def test_a_hook_that_fails_is_told_and_no_tag_is_set(machine: GuestMachine) -> None:
    machine.put("/etc/vcl/vcl_post_load", "#!/bin/sh\necho bad; exit 7\n", mode=0o755)
    guest = machine.linux()
    with pytest.raises(GuestError) as caught:
        guest.post_load(CURRENT)
    assert "/etc/vcl/vcl_post_load ended with status 7" in str(caught.value)
    assert "vcl_post_load.log" in caught.value.hint
    assert guest.read_current_image() == CURRENT


def test_a_hook_may_leave_something_running(machine: GuestMachine) -> None:
    hook = "#!/bin/sh\nsleep 1000 &\necho $! >/tmp/pid\n"
    machine.put("/etc/vcl/vcl_post_load", hook, mode=0o755)
    guest = machine.linux()
    guest.post_load(CURRENT)
    os.kill(int((machine.root / "tmp/pid").read_text()), signal.SIGKILL)
    assert guest.read_current_image() != CURRENT


def test_a_hook_can_be_cancelled(machine: GuestMachine) -> None:
    hook = "#!/bin/sh\necho $$ >/tmp/pid\nmv /tmp/pid /tmp/begun\nexec sleep 1000\n"
    machine.put("/etc/vcl/vcl_pre_capture", hook, mode=0o755)
    cancel = CancelToken()

    def cancel_when_begun() -> None:
        while not (machine.root / "tmp/begun").exists() and not cancel.wait(0.05):
            pass
        cancel.cancel()

    watcher = threading.Thread(target=cancel_when_begun)
    watcher.start()
    with pytest.raises(CancelledError):
        machine.linux().pre_capture(cancel)
    watcher.join()
    # This guest has no /proc to find the hook's process by.
    os.kill(int((machine.root / "tmp/begun").read_text()), signal.SIGKILL)


def test_pre_capture_leaves_only_what_belongs_into_an_image(machine: GuestMachine) -> None:
    gone = [
        "/root/.ssh/id_rsa",
        "/root/.ssh/id_rsa.pub",
        "/etc/udev/rules.d/70-persistent-net.rules",
        "/tmp/vcl.lock",
        "/var/lib/dhcp/dhclient.eth0.leases",
        "/var/lib/NetworkManager/internal-1.lease",
    ]
    emptied = ["/var/log/wtmp", "/var/log/messages", "/var/log/auth.log"]
    kept = [
        "/root/notes.txt",
        "/root/.ssh/authorized_keys",
        "/root/.ssh/id_rsa10",
        "/etc/udev/rules.d/80-own.rules",
        "/etc/hostname",
        "/tmp/mine",
        "/var/log/own.log",
        "/tmp/vclfolder/file",
    ]
    for path in (*gone, *emptied, *kept):
        machine.put(path)
    machine.put("/usr/local/vcl/vcl_pre_capture", "#!/bin/sh\necho hook >/root/hook\n", 0o755)
    guest = machine.linux()
    guest.post_load(CURRENT)
    guest.set_tag("vcld_tainted", "yes")
    guest.pre_capture(CancelToken())
    assert guest.read_current_image() == CURRENT
    assert [path for path in gone if (machine.root / path.lstrip("/")).exists()] == []
    assert {(machine.root / path.lstrip("/")).read_text() for path in emptied} == {""}
    assert {(machine.root / path.lstrip("/")).read_text() for path in kept} == {"x\n"}
    assert sorted(path.name for path in machine.home.iterdir()) == [
        ".ssh",
        "currentimage.txt",
        "hook",
        "notes.txt",
    ]


def test_what_an_images_owner_wants_kept_is_kept(machine: GuestMachine) -> None:
    machine.put(
        "/root/.vclcontrol/vcl_exclude_list",
        "# kept\n\n/root/.ssh/id_rsa\n/var/log/*.log\n$(rm -rf /root)",
    )
    for path in ("/root/.ssh/id_rsa", "/root/.ssh/id_rsa.pub", "/var/log/auth.log", "/tmp/vcl1"):
        machine.put(path)
    machine.linux().pre_capture(CancelToken())
    assert (machine.home / ".ssh/id_rsa").read_text() == "x\n"
    assert (machine.root / "var/log/auth.log").read_text() == "x\n"
    assert not (machine.home / ".ssh/id_rsa.pub").exists()
    assert not (machine.root / "tmp/vcl1").exists()


def test_pre_capture_of_a_bare_guest(machine: GuestMachine) -> None:
    machine.linux().pre_capture(CancelToken())
    assert list(machine.home.iterdir()) == []


def test_a_busybox_shell_is_enough(machine: GuestMachine) -> None:
    """It is never asked to shut down, since it would use busybox's own poweroff."""
    shell = machine.root / "bin/sh"
    shell.unlink()
    shell.symlink_to("busybox")
    machine.put("/etc/vcl/vcl_post_load", "#!/bin/sh\necho hook\n", 0o755)
    machine.put("/sys/class/net/eth0/address", "52:54:00:aa:bb:01\n")
    machine.put("/tmp/vcl1")
    machine.put("/root/linux-Base-1-v1.xml")
    guest = machine.linux()
    guest.post_load(CURRENT)
    guest.write_file("notes.txt", "grüße\n\n")
    guest.save_domain_xml("linux-Base-1-v10", "<domain/>")
    guest.pre_capture(CancelToken())
    assert guest.read_current_image() == CURRENT
    assert guest.read_file("notes.txt") == "grüße\n\n"
    assert guest.read_file("linux-Base-1-v1.xml") is None
    assert guest.mac_addresses() == ("52:54:00:aa:bb:01",)
    assert sorted(path.name for path in machine.home.iterdir()) == [
        "currentimage.txt",
        "linux-Base-1-v10.xml",
        "notes.txt",
    ]
    assert not (machine.root / "tmp/vcl1").exists()


def test_only_older_domain_xml_goes(machine: GuestMachine) -> None:
    names = ["linux-Base-1-v1.xml", "linux-Base-1-v10.xml", "-rf-v2.xml", "a b-v3.xml"]
    others = ["notes-v1a.xml", "a-v.xml", "own.xml", "x-v1.xml.txt"]
    for name in (*names, *others):
        machine.put(f"/root/{name}", "old")
    (machine.home / "folder-v1.xml").mkdir()
    machine.linux().save_domain_xml("linux-Base-1-v1", "<domain/>")
    assert sorted(path.name for path in machine.home.iterdir()) == sorted(
        ["linux-Base-1-v1.xml", "folder-v1.xml", *others]
    )
    assert (machine.home / "linux-Base-1-v1.xml").read_text() == "<domain/>"
    for bad in ("../x", "-rf", "a/b", ""):
        with pytest.raises(UsageError):
            machine.linux().save_domain_xml(bad, "x")


def test_mac_addresses(machine: GuestMachine) -> None:
    assert machine.linux().mac_addresses() == ()
    for name, address in {
        "lo": "00:00:00:00:00:00",
        "eth0": "52:54:00:AA:BB:01",
        "eth1": "52:54:00:aa:bb:02",
        "dummy": "00:00:00:00:00:00",
        "ib0": "80:00:00:02:fe:80:00:00:00:00:00:00:00:02:c9:03:00:00:10:3b",
        "tun0": "",
    }.items():
        machine.put(f"/sys/class/net/{name}/address", f"{address}\n")
    assert machine.linux().mac_addresses() == ("52:54:00:aa:bb:01", "52:54:00:aa:bb:02")


def test_shutdown(machine: GuestMachine) -> None:
    machine.linux().shutdown()
    assert (machine.home / "powered-off").read_text() == "/bin/poweroff \n"


def test_shutdown_without_poweroff(machine: GuestMachine) -> None:
    (machine.root / "bin/poweroff").rename(machine.root / "bin/shutdown")
    machine.linux().shutdown()
    assert (machine.home / "powered-off").read_text() == "/bin/shutdown -h now\n"


def test_shutdown_that_cuts_the_connection(machine: GuestMachine) -> None:
    """The SSH session of the command dies under it, as in a guest that goes down fast."""
    machine.put(
        "/bin/poweroff",
        '#!/bin/sh\n: >/root/powered-off\nkill -KILL "$(cat /sshd.pid)"\n',
        0o755,
    )
    machine.linux().shutdown()
    assert (machine.home / "powered-off").exists()


def test_shutdown_that_is_refused(machine: GuestMachine) -> None:
    machine.put("/bin/poweroff", "#!/bin/sh\necho 'not allowed' >&2; exit 1\n", 0o755)
    with pytest.raises(GuestError, match="could not shut down: not allowed"):
        machine.linux().shutdown()
    (machine.root / "bin/poweroff").unlink()
    with pytest.raises(GuestError, match="could not shut down"):
        machine.linux().shutdown()


def test_the_second_port_is_found_and_remembered(machine: GuestMachine) -> None:
    closed = free_port()
    guest = machine.linux(ports=(closed, machine.server.port))
    guest.write_file("x", "1")
    with socket.create_server(("127.0.0.1", closed)) as listener:
        listener.settimeout(0.5)
        assert guest.read_file("x") == "1"
        with pytest.raises(TimeoutError):
            listener.accept()


def test_no_port_answers(machine: GuestMachine) -> None:
    ports = (free_port(), free_port())
    guest = machine.linux(ports=ports)
    assert not guest.is_responding()
    with pytest.raises(GuestError) as caught:
        guest.wait_for_response(0.5, CancelToken())
    for port in ports:
        assert f"127.0.0.1:{port} refuses the connection" in str(caught.value)
    assert "vm1" in str(caught.value)
    cancel = CancelToken()
    threading.Timer(0.3, cancel.cancel).start()
    with pytest.raises(CancelledError):
        guest.wait_for_response(600, cancel)


def test_a_server_that_says_nothing_is_no_answer(machine: GuestMachine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        guest = machine.linux(ports=(silent.getsockname()[1], machine.server.port))
        assert guest.is_responding(), "the other port answers"
        cancel = CancelToken()
        threading.Timer(0.3, cancel.cancel).start()
        with pytest.raises(CancelledError):
            machine.linux(ports=(silent.getsockname()[1],)).wait_for_response(600, cancel)


def test_waiting_ends_when_the_guest_comes_up(tmp_path: Path) -> None:
    server, process = start_sshd(tmp_path)
    stop_sshd(process)
    guest = LinuxGuest(
        server.target(),
        name="vm1",
        known_hosts_directory=tmp_path / "keys",
        ports=(server.port,),
    )
    assert not guest.is_responding()
    started: list[subprocess.Popen[bytes]] = []
    boot = threading.Timer(0.5, lambda: started.append(run_sshd(tmp_path)))
    boot.start()
    guest.wait_for_response(120, CancelToken())
    boot.join()
    assert guest.is_responding()
    stop_sshd(started[0])


def known_keys(machine: GuestMachine, name: str) -> str:
    return (machine.keys / name).read_text()


def test_host_keys_are_learnt_for_each_computer(machine: GuestMachine) -> None:
    assert machine.linux("vm1").is_responding()
    assert machine.linux("vm10").is_responding()
    for name in ("vm1", "vm10"):
        assert "ssh-ed25519" in known_keys(machine, name)
        assert (machine.keys / name).stat().st_mode & 0o777 == 0o600
    machine.linux("vm1").forget_host_key()
    assert known_keys(machine, "vm1") == ""
    assert "ssh-ed25519" in known_keys(machine, "vm10")
    assert machine.keys.stat().st_mode & 0o777 == 0o700


def test_a_changed_host_key_is_refused_until_forgotten(
    machine: GuestMachine, tmp_path: Path
) -> None:
    other = " ".join(make_key(tmp_path / "other").split()[:2])
    guest = machine.linux()
    guest.forget_host_key()
    (machine.keys / "vm1").write_text(f"[127.0.0.1]:{machine.server.port} {other}\n")
    assert not guest.is_responding()
    with pytest.raises(GuestError, match="host key of .* has changed"):
        guest.read_current_image()
    guest.forget_host_key()
    assert guest.read_current_image() is None


def test_keys_that_can_not_be_kept(machine: GuestMachine) -> None:
    machine.keys.touch()
    with pytest.raises(GuestError, match="can't be kept"):
        machine.linux().forget_host_key()


def test_no_login(machine: GuestMachine, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    guest = LinuxGuest(
        machine.server.target(identity_file=str(tmp_path / "stranger")),
        name="vm1",
        known_hosts_directory=machine.keys,
        ports=(machine.server.port,),
    )
    with pytest.raises(GuestError, match="accepts no key"):
        guest.read_current_image()


@pytest.mark.parametrize("name", ["../vm1", "", "-x", "a/b", "vm1\n"])
def test_a_computers_name_is_no_path(machine: GuestMachine, name: str) -> None:
    with pytest.raises(UsageError):
        machine.linux(name)


def test_windows(machine: GuestMachine) -> None:
    system = "/cygdrive/c/Windows/system32"
    machine.put(f"{system}/ipconfig.exe", f"#!/bin/sh\ncat <<'EOF'\n{IPCONFIG}EOF\n", 0o755)
    machine.put(f"{system}/shutdown.exe", '#!/bin/sh\necho "$*" >/root/off\n', 0o755)
    machine.put(f"{system}/cmd.exe", '#!/bin/sh\nprintf "%s|" "$@" >/root/hook\n', 0o755)
    guest = machine.windows()
    guest.post_load(CURRENT)
    assert not (machine.home / "hook").exists()
    machine.put("/cygdrive/c/Windows/vcl_post_load.cmd", "@echo off")
    guest.post_load(CURRENT)
    assert (machine.home / "hook").read_text() == "/c|C:\\Windows\\vcl_post_load.cmd|"
    machine.put("/root/.ssh/id_rsa")
    guest.pre_capture(CancelToken())
    assert guest.read_current_image() == CURRENT
    assert not (machine.home / ".ssh/id_rsa").exists()
    assert guest.mac_addresses() == ("52:54:00:aa:bb:02", "52:54:00:aa:bb:01")
    guest.shutdown()
    assert (machine.home / "off").read_text() == "-s -f -t 0\n"


def test_windows_hook_that_fails(machine: GuestMachine) -> None:
    machine.put("/cygdrive/c/Windows/system32/cmd.exe", "#!/bin/sh\nexit 3\n", 0o755)
    machine.put("/cygdrive/c/Windows/vcl_pre_capture.cmd", "exit 3")
    with pytest.raises(GuestError, match="ended with status 3"):
        machine.windows().pre_capture(CancelToken())


@pytest.mark.parametrize("text", ["", "no addresses", "00-00-00-00-00-00", "1-2-3-4-5-6"])
def test_ipconfig_without_addresses(text: str) -> None:
    assert parse_ipconfig(text) == ()


@pytest.mark.parametrize(
    ("os_type", "kind"),
    [("linux", LinuxGuest), ("unix", LinuxGuest), ("windows", WindowsGuest)],
)
def test_factory_chooses_by_system(os_type: str, kind: type, machine: GuestMachine) -> None:
    access = GuestAccess(
        user=machine.server.user,
        identity_file=str(machine.server.identity),
        ports=(machine.server.port,),
    )
    guest = guest_for(
        access,
        os_type=os_type,
        address="127.0.0.1",
        computer_name="vm1",
        known_hosts_directory=machine.keys,
    )
    assert type(guest) is kind
    assert guest.describe() == f"ssh {machine.server.user}@127.0.0.1"
    assert guest.is_responding()


@pytest.mark.parametrize(
    ("access", "address"),
    [
        (GuestAccess(method="simulated"), "127.0.0.1"),
        (GuestAccess(method="telnet"), "127.0.0.1"),
        (GuestAccess(), "-oProxyCommand=x"),
        (GuestAccess(user="-l"), "127.0.0.1"),
        (GuestAccess(proxy_jump="-x"), "127.0.0.1"),
    ],
)
def test_factory_refuses(access: GuestAccess, address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        guest_for(
            access,
            os_type="linux",
            address=address,
            computer_name="vm1",
            known_hosts_directory=tmp_path,
        )


def test_the_test_guest_is_closed(machine: GuestMachine, guest_server: SshServer) -> None:
    """What these tests do to a guest, they do to its own file system."""
    guest = machine.linux()
    guest.write_file("mine", "x")
    assert guest_server.port == machine.server.port
    assert (machine.home / "mine").exists()
    assert not (Path.home() / "mine").exists()
