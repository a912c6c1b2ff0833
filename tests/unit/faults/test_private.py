"""Read-only mode over the whole action table, private files, and secrets that stay unseen."""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.faults.frozen_hosts import write_down
from tests.unit.provisioning.world import World
from tests.unit.runtime.test_actions_table import CHANGING, case
from vcltui.errors import InventoryError, RefusedError, VcltuiError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.ssh_master import socket_directory
from vcltui.nodes.ssh_target import SshTarget
from vcltui.operations.runner import Observer
from vcltui.runtime.actions import Action
from vcltui.runtime.jobs.work import work_for
from vcltui.runtime.workspace import Workspace
from vcltui.tui.kept import Kept
from vcltui.vcldb.database import open_database

pytestmark = pytest.mark.slow

SECRET = "pa55-w0rd-of-the-inventory"


@pytest.mark.parametrize("action", CHANGING, ids=lambda action: action.id)
def test_no_action_changes_anything_in_read_only_mode(world: World, image: str, action: Action):
    world.computer("vm1", image).load()
    subject, arguments = case(world, image, action.id)
    write_down(world, "kvm-a")
    files = world.files()
    before = (world.home / "inventory.sqlite").read_bytes()
    with Workspace(world.workspace.config, readonly=True) as shut:
        domains = set(shut.session("kvm-a").connection.handle.listAllDomains())
        work = work_for(shut, action, replace(subject, uuid=None), arguments)
        with pytest.raises(RefusedError, match="read-only"):
            work(Observer(), CancelToken())
        assert len(shut.session("kvm-a").connection.handle.listAllDomains()) == len(domains)
    assert world.files() == files
    assert (world.home / "inventory.sqlite").read_bytes() == before


def test_what_is_written_is_its_owners_alone(
    world: World, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    old = os.umask(0)
    try:
        world.computer("vm1", image).load()
        kept = Kept(world.workspace.config.state_directory / "console.json")
        kept.keep_theme("ansi-dark")
        runtime = tmp_path / "r"
        runtime.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        sockets = Path(socket_directory())
    finally:
        os.umask(old)
    private = [sockets, world.workspace.config.state_directory, world.home / "inventory.sqlite"]
    private += list(world.workspace.config.state_directory.rglob("*"))
    private += list(world.home.rglob("*.lock"))
    private += list(world.home.rglob(".vcltui-locks"))
    private += [path for path in (world.home / "run").rglob("*") if path.is_file()]
    assert len(private) > 8
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_state_folder_that_is_open_is_closed(world: World, image: str):
    folder = world.workspace.journal.directory
    folder.chmod(0o777)
    world.computer("vm1", image).load()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_passwords_of_the_inventory_are_told_to_nobody(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
):
    caplog.set_level(logging.DEBUG)
    url = f"mysql+pymysql://vcl:{SECRET}@127.0.0.1:9/vcl"
    with pytest.raises(InventoryError) as raised:
        open_database(url)
    assert SECRET not in f"{raised.value!r} {raised.value} {raised.value.hint}"
    assert SECRET not in caplog.text


def test_nothing_secret_is_among_a_commands_arguments(world: World, image: str, monkeypatch):
    """What runs and what is journalled names key files, never what is in them."""
    argv = SshTarget("host", identity_file="/etc/key").argv(["true"])
    assert not [word for word in argv if "assword" in word.replace("PasswordAuthentication", "")]
    world.computer("vm1", image).load()
    text = "".join(path.read_text() for path in world.workspace.journal.directory.rglob("*.jsonl"))
    assert "PRIVATE KEY" not in text
    assert "passw" not in text.lower()


def test_another_domain_of_the_same_name_is_not_taken_for_the_chosen_one(world: World, image: str):
    world.computer("vm1", image).load()
    action = next(one for one in CHANGING if one.id == "power_off")
    subject, arguments = case(world, image, action.id)
    world.computer("vm1", image).load()
    work = work_for(world.workspace, action, subject, arguments)
    with pytest.raises(VcltuiError, match="another domain"):
        work(Observer(), CancelToken())
    assert world.computer("vm1").power_status().is_active
