"""Every command: what changes refuses in read-only mode, what destroys asks before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import click
import pytest

from tests.unit.cli.cli_lab import STORED, V1, V10, Lab
from vcltui.cli.main import cli

READS = {
    "hosts", "computers", "domains", "images", "reservations", "jobs", "status", "completion",
    "demo", "power status", "snapshot list", "image info", "image check",
}  # fmt: skip
"""Commands that change nothing; a sandbox is a folder of its own."""

CHANGES: dict[str, tuple[str, ...]] = {
    "load": ("vm1", V10),
    "unload": ("vm1", "--yes"),
    "maintenance": ("vm1", "--yes"),
    "capture": ("vm1", "--name", "New"),
    "power on": ("vm1",),
    "power off": ("vm1", "--yes"),
    "power reset": ("vm1", "--yes"),
    "power shutdown": ("vm1",),
    "snapshot create": ("vm1", "first"),
    "snapshot revert": ("vm1", "first", "--yes"),
    "snapshot delete": ("vm1", "first", "--yes"),
    "image copy": (V1, "--to", "repository", "--host", "kvm1"),
    "image convert": ("/tmp/none.qcow2", "/tmp/none.vmdk", "--format", "vmdk", "--host", "kvm1"),
    "image retrieve": (STORED, "--host", "kvm1"),
    "image import": ("/tmp/none.qcow2", "--name", "New", "--host", "kvm1"),
    "image delete": (V1, "--host", "kvm2", "--yes"),
    "host add": ("kvm9", "--uri", "test:///default", "--datastore", "/tmp"),
    "host remove": ("kvm1", "--yes"),
    "computer add": ("vm30", "--host", "kvm1"),
    "computer remove": ("vm20", "--yes"),
    "doctor": ("1", "--fix", "A", "--yes"),
    "computer assign": ("away", "kvm2", "--yes"),
}
ASKS = sorted(name for name, words in CHANGES.items() if "--yes" in words)
MAY_GO_ON = {"power off", "power reset", "computer assign"}
"""Those that lose no data, or ask only where something would be left behind."""


def leaves(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*before, name))
        else:
            yield " ".join((*before, name))


def everything(lab: Lab) -> dict[str, str]:
    return {
        str(path.relative_to(lab.home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lab.home.rglob("*"))
        if path.is_file()
    }


def test_every_command_is_known_to_change_or_not():
    """A new command has to be entered above, and is then tried in read-only mode."""
    assert set(leaves(cli)) == READS | set(CHANGES)


# The doctor's remedies need a finding: tests/unit/doctor/test_doctor_cli.py.
@pytest.mark.parametrize("name", sorted(set(CHANGES) - {"doctor"}))
def test_what_changes_refuses_in_read_only_mode(lab: Lab, name: str):
    arguments = CHANGES[name]
    if name == "snapshot delete":
        assert lab("load", "vm2", V1).code == 0
        assert lab("snapshot", "create", "vm2", "first").code == 0
        arguments = ("vm2", *arguments[1:])
    before = everything(lab)
    done = lab("--readonly", *name.split(), *arguments)
    assert (done.code, "read-only" in done.err) == (1, True), done
    assert everything(lab) == before


@pytest.mark.parametrize("way", ["core", "vcld"])
def test_other_ways_of_a_command_refuse_in_read_only_mode_too(lab: Lab, way: str):
    assert lab("load", "vm2", V1).code == 0
    before = everything(lab)
    base = ("--owner", "admin", "--computer", "vm2", "--os", "linux", "--architecture", "x86_64")
    for arguments in (
        ("jobs", "--clean"),
        ("capture", "--base", *base, "--name", "Made", "--way", way, "--yes"),
    ):
        done = lab("--readonly", *arguments)
        assert (done.code, "read-only" in done.err) == (1, True), done
    assert everything(lab) == before


@pytest.mark.parametrize("name", [name for name in ASKS if name not in MAY_GO_ON])
def test_what_destroys_needs_a_yes_where_nobody_can_be_asked(lab: Lab, name: str):
    before = everything(lab)
    arguments = [word for word in CHANGES[name] if word != "--yes"]
    done = lab(*name.split(), *arguments)
    assert done.code in (1, 2), done
    after = {path: sum_ for path, sum_ in everything(lab).items() if "/journal/" not in path}
    assert after == before


def test_every_command_that_destroys_has_a_yes():
    """What deletes or reverts has the option, so that it must ask without."""
    words = ("delete", "remove", "revert", "unload", "maintenance")
    assert {name for name in CHANGES if name.endswith(words)} <= set(ASKS)
