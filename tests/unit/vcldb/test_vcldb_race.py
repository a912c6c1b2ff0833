"""Several processes at one inventory: nothing is lost, nothing is given twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vcltui.models.host import VMHost
from vcltui.models.inventory import ImageRevision
from vcltui.vcldb import computers, images
from vcltui.vcldb.database import Database, open_database

HEAD = """
import sys
from vcltui.errors import ConflictError
from vcltui.vcldb import computers, images
from vcltui.vcldb.database import open_database
path, me = sys.argv[1], sys.argv[2]
database = open_database(path, create=True)
print("ready", flush=True)
sys.stdin.readline()
"""


def race(path: Path, body: str, processes: int) -> list[list[str]]:
    """Run `body` in several processes that begin together; returns the lines each printed."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", HEAD + body, str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    lines = []
    for process in running:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        lines.append(output.splitlines())
    return lines


def test_two_processes_make_the_file_and_add_at_once(path: Path) -> None:
    body = """
for number in range(20):
    computers.add_computer(database, hostname=f"vm{me}-{number}", vmhost=None)
"""
    race(path, body, 3)
    database = open_database(path)
    added = computers.list_computers(database)
    database.close()
    assert {one.name for one in added} == {f"vm{me}-{n}" for me in range(3) for n in range(20)}
    macs = [mac for one in added for mac in (one.eth0_mac, one.eth1_mac)]
    assert len(set(macs)) == 120


def test_one_name_is_added_by_one_process(db: Database, path: Path) -> None:
    body = """
for number in range(1, 11):
    try:
        computers.add_computer(database, hostname=f"vm{number}", vmhost=None)
        print(number)
    except ConflictError:
        pass
"""
    lines = race(path, body, 2)
    assert sorted(int(line) for one in lines for line in one) == list(range(1, 11))
    assert len(computers.list_computers(db)) == 10


def test_one_process_gets_the_state(db: Database, kvm1: VMHost, path: Path) -> None:
    vm1 = computers.add_computer(db, hostname="vm1", vmhost="kvm1")
    body = """
computer = computers.get_computer(database, "vm1")
for state in ("available", "reloading", "maintenance", "failed", "timeout"):
    try:
        computers.change_state(
            database, computer.id, state,
            {"available": "reloading", "reloading": "maintenance", "maintenance": "failed",
             "failed": "timeout", "timeout": "inuse"}[state])
        print(state)
    except ConflictError as error:
        assert "now, not" in str(error)
"""
    lines = race(path, body, 3)
    won = [line for one in lines for line in one]
    assert len(won) == len(set(won))
    assert "available" in won
    assert computers.get_computer(db, "vm1").state != vm1.state


@pytest.mark.parametrize("processes", [3])
def test_one_capture_gets_the_id(
    db: Database, base: ImageRevision, path: Path, processes: int
) -> None:
    body = """
base = images.get_revision(database, "Base")
made = 0
while made < 5:
    image_id = images.next_image_id(database)
    name = f"linux-New{me}{made}-{image_id}-v1"
    try:
        row = images.reserve_capture(
            database, image_name=name, prettyname=f"New {me} {made}", image_id=image_id,
            based_on=base, owner="admin")
    except ConflictError:
        continue
    made += 1
    if made % 2:
        images.finish_capture(database, row.revision_id, size_mib=1, image_type="qcow2")
        print(name)
    else:
        assert images.discard_capture(database, row.revision_id, name)
"""
    lines = race(path, body, processes)
    finished = {line for one in lines for line in one}
    assert len(finished) == 3 * processes
    listed = images.list_revisions(db)
    assert finished <= {one.name for one in listed}
    assert len({one.image_id for one in listed}) == len(finished) + 1
