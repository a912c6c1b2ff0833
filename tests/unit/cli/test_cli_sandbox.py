"""Commands on a sandbox's folder, each a process of its own to libvirt's test driver."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.unit.cli.cli_lab import Done, Lab
from vcltui.demo.lab import open_lab
from vcltui.demo.sandbox import MARKER
from vcltui.hypervisor.domains import list_domains

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sandbox") / "lab"
    open_lab(home).close()
    return home


class Commands:
    def __init__(self, lab: Lab, home: Path) -> None:
        self._lab, self.home = lab, home

    def __call__(self, *arguments: str, code: int = 0) -> Done:
        done = self._lab("--config", str(self.home / "config.toml"), *arguments)
        assert done.code == code, done.err
        return done

    def power(self) -> dict[str, str]:
        return {row["computer"]: row["power"] for row in self("domains", "--json").rows}

    def files(self) -> dict[str, str]:
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.home.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def commands(lab: Lab, sandbox: Path) -> Commands:
    return Commands(lab, sandbox)


def test_a_look_shows_the_sandboxs_domains_and_changes_nothing(commands: Commands) -> None:
    before = commands.files()
    power = commands.power()
    assert (power["vm1"], power["vm7"], power["vm9"]) == ("on", "off", "suspended")
    assert commands("status", "vm1").out.startswith("READY")
    found = {row["rule"] for row in commands("doctor", "--json").rows}
    hosts = {row["name"]: row["domains"] for row in commands("hosts", "--json").rows}
    assert hosts == {"kvm-a": 3, "kvm-b": 3, "kvm-c": 3, "kvm-d": 9}
    assert found
    assert commands.files() == before


def test_what_a_command_does_is_there_for_the_next_command_and_for_the_console(
    commands: Commands,
) -> None:
    commands("load", "vm4", "Debian 12 Base")
    assert commands("status", "vm4").out.startswith("READY")
    commands("snapshot", "create", "vm4", "before-update")
    commands("snapshot", "create", "vm4", "after-update")
    commands("power", "off", "vm4")
    assert commands.power()["vm4"] == "off"
    commands("snapshot", "revert", "vm4", "before-update", "--yes")
    rows = commands("snapshot", "list", "vm4", "--json").rows
    assert [(row["name"], row["parent"], row["current"]) for row in rows] == [
        ("before-update", None, True),
        ("after-update", "before-update", False),
    ]
    assert commands.power()["vm4"] == "on"
    commands("capture", "vm4", "--name", "Debian 12 with R")
    with open_lab(commands.home) as console:
        session = console.workspace.session("kvm-a")
        names = [domain.name for domain in list_domains(session.connection)]
    assert any(name.startswith("vm4:") for name in names)
    commands("unload", "vm4", "--yes")
    assert "vm4" not in commands.power()


def test_each_of_two_at_a_time_keeps_what_it_changed(commands: Commands) -> None:
    with open_lab(commands.home) as console:
        console.workspace.sessions()
        commands("power", "off", "vm3")
        commands("power", "on", "vm7")
        console.workspace.close()
    power = commands.power()
    assert (power["vm3"], power["vm7"]) == ("off", "on")


def test_a_sandbox_that_is_not_whole_is_not_taken_for_one(commands: Commands) -> None:
    marker = commands.home / MARKER
    whole = marker.read_text()
    marker.write_text("being built")
    try:
        done = commands("domains", code=1)
    finally:
        marker.write_text(whole)
    assert f"Run `vcltui demo --dir {commands.home}`" in done.err
