"""The commands that lead to guests, hosts and consoles; none is started."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.provisioning.world import vmhost
from vcltui.config import Config
from vcltui.errors import NotFoundError
from vcltui.hypervisor.domains import domain_addresses
from vcltui.models.domain import PowerState
from vcltui.models.host import GuestAccess, VMHost
from vcltui.runtime.actions import Subject
from vcltui.runtime.terminal_commands import TerminalCommand, terminal_choices
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts

UUID = "0bd5a2c6-3f52-4d7b-9a14-6f6a3a0f2f11"
URI = "qemu+ssh://op@kvm1.lab:2222/system?keyfile=/keys/kvm"
ACCESS = GuestAccess(user="root", identity_file="/keys/vcl", ports=(22, 24), proxy_jump="op@gate")
VM1 = Subject("kvm1", domain="vm1:x", uuid=UUID, computer="vm1", power=PowerState.ON)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with ssh and virsh alone, which would fail if they were started."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("ssh", "virsh"):
        (folder / name).write_text("#!/bin/false\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def known(home: Path) -> dict[str, VMHost]:
    kvm1 = replace(vmhost(home, "kvm1"), uri=URI, guests=ACCESS, driver=None)
    return {
        "kvm1": kvm1,
        "here": replace(kvm1, name="here", uri="qemu:///system"),
        "tls": replace(kvm1, name="tls", uri="qemu+tls://kvm2.lab/system"),
        "sandbox": vmhost(home, "sandbox"),
        "leased": replace(vmhost(home, "leased"), guests=ACCESS),
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    config = Config(
        files=(),
        management_node="mn1",
        state_directory=tmp_path / "state",
        inventory_url=f"sqlite:///{tmp_path / 'inventory.sqlite'}",
        hosts=known(tmp_path),
    )
    with Workspace(config) as opened:
        database = opened.inventory(create=True)
        for host in config.hosts.values():
            hosts.add_vmhost(database, host)
        computers.add_computer(database, hostname="vm1.lab", vmhost="kvm1", private_ip="10.20.0.7")
        computers.add_computer(database, hostname="vm2.lab", vmhost="kvm1")
        yield opened


def titles(found: tuple[TerminalCommand, ...]) -> list[str]:
    return [one.title for one in found]


def test_everything_for_a_running_domain(workspace: Workspace, programs: Path):
    found = terminal_choices(workspace, VM1)
    assert titles(found) == [
        "Shell in vm1 (ssh root@10.20.0.7, port 22)",
        "Shell in vm1 (ssh root@10.20.0.7, port 24)",
        "Serial console of vm1:x (leave with ctrl+])",
        "Shell on kvm1 (ssh op@kvm1.lab:2222)",
    ]
    assert found[2].argv == ("virsh", "-c", URI, "console", "--domain", UUID)
    assert all(argv[-2:] == ("--", "10.20.0.7") for argv in (found[0].argv, found[1].argv))


def settings_of(command: TerminalCommand) -> dict[str, str]:
    """What the real ssh makes of a command line, as `ssh -G` tells."""
    argv = ["/usr/bin/ssh", "-F", "none", "-G", *command.argv[1:]]
    shown = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return dict(line.partition(" ")[::2] for line in reversed(shown.splitlines()))


def test_a_guest_is_reached_as_its_loads_reach_it(workspace: Workspace, programs: Path):
    second = settings_of(terminal_choices(workspace, VM1)[1])
    assert (second["hostname"], second["user"], second["port"]) == ("10.20.0.7", "root", "24")
    assert second["identityfile"] == "/keys/vcl"
    assert second["identitiesonly"] == "yes"
    assert second["proxyjump"] == "op@gate"
    state = workspace.config.state_directory
    assert second["userknownhostsfile"] == str(state / "guest_known_hosts" / "vm1")
    assert second["stricthostkeychecking"] == "accept-new"
    assert second["controlmaster"] == "false"
    assert (second["batchmode"], second["requesttty"]) == ("no", "true")


def test_a_host_is_reached_as_its_uri_says(workspace: Workspace, programs: Path):
    shell = settings_of(terminal_choices(workspace, VM1)[-1])
    assert (shell["hostname"], shell["user"], shell["port"]) == ("kvm1.lab", "op", "2222")
    assert shell["identityfile"] == "/keys/kvm"
    assert (shell["batchmode"], shell["requesttty"]) == ("no", "true")
    assert shell["stricthostkeychecking"] == "ask"
    tls = terminal_choices(workspace, Subject("tls"))
    assert tls[0].argv[-2:] == ("--", "kvm2.lab")


def test_a_local_host_has_the_users_own_shell(
    workspace: Workspace, programs: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHELL", "/bin/zsh")
    found = terminal_choices(workspace, Subject("here"))
    assert found == (TerminalCommand("Shell on here (this machine)", ("/bin/zsh",), on_host=True),)
    monkeypatch.delenv("SHELL")
    assert terminal_choices(workspace, Subject("here"))[0].argv == ("/bin/sh",)


def test_the_sandbox_has_the_host_shell_alone(workspace: Workspace, programs: Path):
    found = terminal_choices(workspace, replace(VM1, host="sandbox"))
    assert titles(found) == ["Shell on sandbox (this machine)"]


DOMAIN_XML = """<domain type='test'><name>vm2:x</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices><interface type='network'><source network='private'/>
</interface></devices></domain>"""


def test_a_guest_whose_address_only_its_host_knows(workspace: Workspace, programs: Path):
    connection = workspace.session("leased").connection
    made = connection.handle.createXML(DOMAIN_XML)
    subject = Subject(
        "leased", domain="vm2:x", uuid=made.UUIDString(), computer="vm2", power=PowerState.ON
    )
    (address,) = next(iter(domain_addresses(connection, made.UUIDString()).values()))
    titles_found = titles(terminal_choices(workspace, subject))
    assert titles_found[0] == f"Shell in vm2 (ssh root@{address}, port 22)"
    assert titles(terminal_choices(workspace, replace(subject, answers=False))) == [
        "Shell on leased (this machine)"
    ]


HOST_SHELL = "Shell on kvm1 (ssh op@kvm1.lab:2222)"
CONSOLE = "Serial console of vm1:x (leave with ctrl+])"


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"power": PowerState.OFF}, [HOST_SHELL]),
        ({"power": PowerState.SUSPENDED}, [HOST_SHELL]),
        ({"domain": None, "uuid": None, "power": None}, [HOST_SHELL]),
        ({"computer": None}, [CONSOLE, HOST_SHELL]),
        ({"computer": "vm2"}, [CONSOLE, HOST_SHELL]),
        ({"computer": "vm99"}, [CONSOLE, HOST_SHELL]),
        ({"computer": None, "readonly": True}, [HOST_SHELL]),
        ({"computer": None, "answers": False}, [HOST_SHELL]),
        ({"computer": None, "uuid": None, "domain": "17"}, [HOST_SHELL]),
    ],
)
def test_what_is_not_possible_is_left_out(
    workspace: Workspace, programs: Path, change: dict[str, object], left: list[str]
):
    subject = replace(VM1, **change)  # type: ignore[arg-type]
    assert titles(terminal_choices(workspace, subject)) == left


def test_a_name_like_an_option_stays_a_name(workspace: Workspace, programs: Path):
    subject = Subject("kvm1", domain="--help", power=PowerState.ON)
    argv = terminal_choices(workspace, subject)[0].argv
    assert argv == ("virsh", "-c", URI, "console", "--domain", "--help")
    real = ["/usr/bin/virsh", "-c", "test:///default", "dominfo", *argv[4:]]
    answer = subprocess.run(real, capture_output=True, text=True, check=False)
    assert "failed to get domain '--help'" in answer.stderr


@pytest.mark.parametrize("missing", ["ssh", "virsh"])
def test_what_is_not_installed_is_left_out(workspace: Workspace, programs: Path, missing: str):
    (programs / missing).unlink()
    found = terminal_choices(workspace, VM1)
    assert not [one for one in found if one.argv[0] == missing]
    assert found


def test_an_unknown_host(workspace: Workspace):
    with pytest.raises(NotFoundError):
        terminal_choices(workspace, Subject("nowhere"))
