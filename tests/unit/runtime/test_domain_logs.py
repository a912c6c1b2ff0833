"""The load log and the console's log of a domain."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World
from vcltui.config import Config
from vcltui.domxml.consoles import console_log_path
from vcltui.errors import NotFoundError
from vcltui.hypervisor import domains
from vcltui.provisioning.active import computer_domain
from vcltui.runtime.domain_logs import MAX_LOG_BYTES, ConsoleLog, read_console_log, read_load_log
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, images, loadlog, reservations
from vcltui.vcldb.columntypes import now


def test_the_load_log_has_the_newest_last(world: World, image: str):
    database = world.workspace.inventory()
    revision = images.get_revision(database, image)
    start = now()
    for name in ("vm1", "vm10"):
        row = reservations.add_reservation(
            database,
            computer_id=computers.get_computer(database, name).id,
            revision=revision,
            state_name="pending",
            laststate_name="new",
            start=start,
            end=start + timedelta(hours=1),
        )
        for state in ("startload", "transfervm", "startvm"):
            computer = computers.get_computer(database, name)
            loadlog.insert_load_log(database, row.id, computer.id, state, f"{name} {state}")
    lines = read_load_log(world.workspace, "vm1")
    assert [line.state for line in lines] == ["startload", "transfervm", "startvm"]
    assert lines[2].info == "vm1 startvm"
    assert lines[2].prettyname == "starting virtual machine"
    assert lines[2].reservation_id == 1
    assert lines[2].time is not None
    assert lines[2].time >= start
    assert [line.state for line in read_load_log(world.workspace, "vm1", limit=2)] == [
        "transfervm",
        "startvm",
    ]
    assert read_load_log(world.workspace, "vm2") == ()
    with pytest.raises(NotFoundError):
        read_load_log(world.workspace, "vm")


def test_without_an_inventory_there_is_no_load_log(tmp_path: Path):
    config = Config(
        files=(),
        management_node="mn1",
        state_directory=tmp_path,
        inventory_url=f"sqlite:///{tmp_path / 'none.sqlite'}",
    )
    with Workspace(config) as workspace:
        assert read_load_log(workspace, "vm1") == ()


PTY = "<serial type='pty'><target port='0'/></serial>"


@pytest.mark.parametrize(
    ("devices", "path"),
    [
        ("<serial type='pty'><log file='/l/a.log'/></serial>", "/l/a.log"),
        ("<serial type='file'><source path='/l/b.log'/></serial>", "/l/b.log"),
        ("<console type='pty'><log file='/l/c.log' append='on'/></console>", "/l/c.log"),
        ("<console type='file'><source path='/l/d.log'/></console>", "/l/d.log"),
        (PTY, None),
        ("<serial type='pty'><source path='/dev/pts/3'/></serial>", None),
        (f"{PTY}<serial type='pty'><log file='/l/e.log'/></serial>", "/l/e.log"),
        ("<parallel type='file'><source path='/l/p.log'/></parallel>", None),
    ],
)
def test_where_the_console_is_written_to(devices: str, path: str | None):
    assert console_log_path(f"<domain><devices>{devices}</devices></domain>") == path


class Logged:
    """A loaded computer whose serial port is written to a file."""

    def __init__(self, world: World, source: str) -> None:
        self.world = world
        connection = world.workspace.session("kvm-a").connection
        self.domain = computer_domain(world.computer("vm1").context)
        xml = domains.domain_xml(connection, self.domain.uuid, inactive=True)
        serial = f"<serial type='file'><source path='{source}'/></serial>"
        head, _, rest = xml.partition("<serial")
        rest = rest.partition("</serial>")[2]
        domains.define(connection, f"{head}{serial}{rest}")
        world.computer("vm1").power_off()

    def read(self) -> ConsoleLog:
        return read_console_log(self.world.workspace, "kvm-a", self.domain.uuid)


@pytest.fixture
def loaded(world: World, image: str) -> World:
    world.computer("vm1", image).load()
    return world


def test_the_end_of_a_long_log_is_read(loaded: World):
    path = loaded.home / "serial.log"
    line = b"\x1b[32mok\x1b[0m \xff line %06d\r\n"
    path.write_bytes(b"".join(line % number for number in range(6000)))
    found = Logged(loaded, str(path)).read()
    assert (found.path, found.problem) == (str(path), None)
    lines = found.text.splitlines()
    assert lines[-1] == "ok \ufffd line 005999"
    assert set(lines[0]) & {"\x1b", "\r"} == set()
    assert lines[0].startswith("ok"), "no line without its beginning"
    assert MAX_LOG_BYTES // len(line % 0) - 2 <= len(lines) <= MAX_LOG_BYTES // len(line % 0)


def test_a_short_log_is_read_whole(loaded: World):
    path = loaded.home / "serial.log"
    path.write_bytes(b"one\ntwo")
    assert Logged(loaded, str(path)).read().text == "one\ntwo"


def test_a_missing_log_is_a_problem(loaded: World):
    found = Logged(loaded, "/nowhere/serial.log").read()
    assert found.text == ""
    assert found.problem is not None
    assert "There is no log /nowhere/serial.log on kvm-a" in found.problem


def test_a_pipe_is_not_read(loaded: World):
    path = loaded.home / "pipe"
    os.mkfifo(path)
    found = Logged(loaded, str(path)).read()
    assert found.problem == f"{path} on kvm-a is no plain file."


def test_a_domain_that_writes_no_log(loaded: World):
    domain = computer_domain(loaded.computer("vm1").context)
    found = read_console_log(loaded.workspace, "kvm-a", domain.uuid)
    assert found.problem == (f"{domain.name} has no console that is written to a file on kvm-a.")


def test_a_domain_or_host_that_is_gone(loaded: World):
    nobody = "11111111-0000-4000-8000-000000000001"
    found = read_console_log(loaded.workspace, "kvm-a", nobody)
    assert found.problem == "The domain is no longer on kvm-a."
    (loaded.home / "kvm-b.xml").unlink()
    assert "can't be reached" in str(read_console_log(loaded.workspace, "kvm-b", nobody).problem)
    assert "no host" in str(read_console_log(loaded.workspace, "kvm-z", nobody).problem)
