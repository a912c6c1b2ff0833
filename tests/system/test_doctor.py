"""VCL's own database and a real host: what is stuck is found, explained and cured by keys."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from tests.mariadb import MariaDB
from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.vcldb import computers, hosts, images, tables
from vcltui.vcldb.database import Database, open_database
from vcltui.vcldb.reservations import list_reservations
from vcltui.vcldb.semaphores import list_semaphores
from vcltui.vcldb.staging import Stage

from .console_line import CommandLine
from .guestimage import GuestImage
from .servers import LibvirtSystem
from .terminal import Terminal, terminal
from .test_job import FIRST, SECOND, remove_domains

pytestmark = pytest.mark.system

_NODE = (
    "INSERT INTO managementnode (id, hostname, stateid, availablenetworks) VALUES (1, 'mn1', 2, '')"
)
_GONE_PID = 4_000_000


@dataclass(frozen=True)
class Site:
    """A management node's view: VCL's database, one VM host, two computers, one image."""

    line: CommandLine
    folder: Path
    vcl: Database
    fill: Database
    image: str

    def states(self, computer: str) -> str:
        (row,) = [row for row in list_reservations(self.vcl) if row.computer == computer]
        return f"{row.state}/{row.laststate}"

    def rows(self, table: Table, **where: object) -> list[Any]:
        with self.vcl.read() as connection:
            conditions = [table.c[name] == value for name, value in where.items()]
            return list(connection.execute(select(table).where(*conditions)))

    def image_rows(self, prettyname: str) -> list[str]:
        return [one.name for one in images.list_revisions(self.vcl) if one.prettyname == prettyname]


@pytest.fixture
def site(
    vm_folder: Path, guest_image: GuestImage, libvirt_system: LibvirtSystem, mariadb: MariaDB
) -> Iterator[Site]:
    # A number that no other test's process on this machine has in its name.
    first = f"ALTER TABLE reservation AUTO_INCREMENT = {1_000_000 + os.getpid()}"
    mariadb.run(f"{_NODE}; {first}", database="vcl")
    vcl = open_database(mariadb.url)
    # As VCL's web pages would fill it: vcltui itself adds no hosts to VCL's own database.
    fill = Database(vcl._engine, label="MariaDB", is_embedded=True)
    for name in ("datastore", "vms", "repository"):
        (vm_folder / name).mkdir()
    line = CommandLine(vm_folder / "vcltui")
    line.folder.mkdir()
    key = line.folder / "guest_key"
    shutil.copyfile(guest_image.private_key, key)
    key.chmod(0o600)
    profile = VMProfile(
        "kvm",
        str(vm_folder / "datastore"),
        str(vm_folder / "vms"),
        str(vm_folder / "repository"),
        virtualswitch0="default",
        eth0_generated=False,
    )
    guests = GuestAccess(identity_file=str(key), boot_timeout_seconds=300.0)
    uri = libvirt_system.uri
    hosts.add_vmhost(fill, VMHost("kvm1", uri, profile, driver="qemu", guests=guests))
    for computer in (FIRST, SECOND):
        computers.add_computer(fill, hostname=computer, vmhost="kvm1")
    (line.folder / "vcld.log").write_text("")
    line.config.write_text(
        f'management_node = "mn1"\nstate_directory = "state"\n'
        f'[inventory]\nurl = "{mariadb.url}"\nall_management_nodes = true\n'
        f'[hosts.kvm1]\nuri = "{uri}"\ndriver = "qemu"\nxml_directory = "{vm_folder / "xml"}"\n'
        f'[guests]\nidentity_file = "{key}"\nboot_timeout_seconds = 300\n'
        f'[management_nodes.mn1]\nlog = "vcld.log"\n'
    )
    Stage(fill).check_in(-600)
    line.run("image", "import", str(guest_image.qcow2), "--name", "Tiny Linux")
    (row,) = [one for one in line.json("images") if one["location"] == "datastore"]
    try:
        yield Site(line, vm_folder, vcl, fill, str(row["name"]))
    finally:
        remove_domains()
        vcl.close()


def stage(site: Site) -> subprocess.Popen[bytes]:
    """A reservation in work, a lock and a disk without owner, half a master, no domain.

    Returns the process that works on the reservation, named as vcld names its children.
    """
    made = Stage(site.fill)
    revision = images.get_revision(site.fill, site.image)
    known = {one.name: one.id for one in computers.list_computers(site.fill)}
    left = made.request("pending/new", [known[FIRST]], revision, began=50, seen=40)[0]
    made.step(left, "begin", 41)
    (row,) = [one for one in list_reservations(site.vcl) if one.id == left]
    title = f"vcld '|1|{row.request_id}|{left}|new|' {FIRST}>kvm1 {site.image} admin"
    process = subprocess.Popen([title, "600"], executable="/usr/bin/sleep", start_new_session=True)
    made.request("inuse/reserved", [known[SECOND]], revision, began=50, seen=1)
    partial = images.add_image(
        site.fill, name="linux-Half-99-v1", prettyname="Half", os_name="linux", image_type="qcow2"
    )
    made.lock(f"master:{site.image}", left, _GONE_PID, expires=-80)
    whole = (site.folder / "datastore" / f"{site.image}.qcow2").read_bytes()
    copy = site.folder / "repository" / partial.name
    copy.mkdir()
    (copy / f"{partial.name}.qcow2").write_bytes(whole)
    half = site.folder / "datastore" / f"{partial.name}.qcow2"
    half.write_bytes(whole[: len(whole) // 2])
    orphan = site.folder / "vms" / f"{FIRST}_{revision.image_id}-v9.qcow2"
    shutil.copyfile(site.folder / "datastore" / f"{site.image}.qcow2", orphan)
    for path in (half, orphan):
        old = time.time() - 3 * 86400
        os.utime(path, (old, old))
    return process


def mend(screen: Terminal, rule: str, remedy: str, *, destroys: bool = False) -> None:
    """Find a rule's finding in the list, choose the remedy, and do it."""
    screen.keys("/")
    screen.wait("words, !not")
    screen.type(f"rule:{rule}")
    screen.keys("Enter")
    # The line for the filter is gone when the pane's frame alone shows it.
    screen.wait_for(lambda: screen.screen().count(f"rule:{rule}") == 1, "the filtered list", 30)
    screen.wait(rule, ", rule ")  # the text below the list is about it
    screen.keys("m")
    screen.wait("Which remedy for")
    screen.type(remedy)
    screen.keys("Enter")
    question = "to go on" if destroys else "y: do it"
    screen.wait(question)
    if destroys:
        word = re.search(r"Type (.+) to go on", screen.line(question))
        assert word is not None
        screen.type(word[1])
    screen.keys("Enter" if destroys else "y")
    screen.wait_gone(question)
    screen.wait(remedy, "done")
    screen.keys("Escape")
    time.sleep(0.2)  # a terminal takes Escape and what follows at once for one key


def test_what_is_stuck_is_cured_from_the_console(site: Site) -> None:
    process = stage(site)
    others = {"orphan-semaphore", "domain-missing", "orphan-files", "master-partial"}
    try:
        found = {row["rule"] for row in site.line.json("doctor")}
        assert others - {"orphan-files"} <= found, found
        # While its process works on it, neither it nor a disk of its computer is left over.
        assert not {"pending-without-process", "orphan-files"} & found, found
    finally:
        process.kill()
        process.wait()
    found = {row["rule"] for row in site.line.json("doctor")}
    assert {*others, "pending-without-process"} <= found, found
    argv = [sys.executable, "-m", "vcltui", "--config", str(site.line.config)]
    with terminal(site.folder, argv) as screen:
        screen.wait("hosts 1/1 up")
        screen.wait("stuck", seconds=120)
        screen.keys("7")
        screen.wait("pending-without-process", seconds=120)
        mend(screen, "orphan-semaphore", "Delete lock")
        assert not list_semaphores(site.vcl)
        mend(screen, "orphan-files", "Put aside")
        vms, masters = site.folder / "vms", site.folder / "datastore"
        screen.wait_for(lambda: any(vms.glob("*.partial-*")), "the disk put aside", 60)
        mend(screen, "master-partial", "Put aside")
        half = "linux-Half-99-v1.qcow2.partial-*"
        screen.wait_for(lambda: any(masters.glob(half)), "the master put aside", 60)
        mend(screen, "pending-without-process", "Requeue")
        assert site.states(FIRST) == "new/new"
        assert site.rows(tables.computerloadlog) == []
        mend(screen, "domain-missing", "Delete request", destroys=True)
        assert site.states(SECOND).startswith("deleted/")
        screen.keys("q")
        screen.wait_for(lambda: not screen.is_alive(), "the console's end", 30)
    left = {row["rule"] for row in site.line.json("doctor")}
    assert not left & {*others, "pending-without-process"}, left
    done = {row["kind"] for row in site.line.json("jobs") if row["outcome"] == "done"}
    assert {f"remedy-{letter}" for letter in "ACJL"} <= done


def check_rows(site: Site, name: str, master: Path) -> None:
    """Every row that VCL's setup writes and its capture finishes, as VCL itself would read it."""
    (image,) = site.rows(tables.image, prettyname="Fresh Base")
    (revision,) = site.rows(tables.imagerevision, imageid=image.id)
    assert name == f"linux-FreshBase-{image.id}-v0"
    (none,) = site.rows(tables.imagerevision, imagename="noimage")
    assert (image.name, image.deleted, image.ownerid, image.platformid) == (name, 0, 1, 1)
    assert (image.architecture, image.basedoffrevisionid) == ("x86_64", none.id)
    assert site.rows(tables.imagetype, id=image.imagetypeid)[0].name == "qcow2"
    assert site.rows(tables.operatingsystem, id=image.OSid)[0].name == "vmwarelinux"
    assert image.size == round(master.stat().st_blocks * 512 / (1 << 20))
    assert site.rows(tables.imagemeta, id=image.imagemetaid)[0].sysprep == 1
    assert (revision.imagename, revision.revision, revision.userid) == (name, 0, 1)
    assert (revision.deleted, revision.production) == (0, 1)
    (resource,) = site.rows(tables.resource, resourcetypeid=13, subid=image.id)
    (group,) = site.rows(tables.resourcegroup, name="newvmimages-admin-1")
    assert site.rows(tables.resourcegroupmembers, resourceid=resource.id, resourcegroupid=group.id)
    captured, reload = site.rows(tables.request)
    states = {row.id: row.name for row in site.rows(tables.state)}
    assert (states[captured.stateid], states[captured.laststateid]) == ("complete", "image")
    assert (captured.forimaging, captured.test, captured.preload) == (0, 0, 0)
    assert (captured.userid, captured.logid) == (1, None)
    assert (captured.end - captured.start).total_seconds() == 3600
    assert (states[reload.stateid], states[reload.laststateid]) == ("reload", "reload")
    assert site.rows(tables.user, id=reload.userid)[0].unityid == "vclreload"
    assert (reload.end - reload.start).total_seconds() == 1800
    reserved = site.rows(tables.reservation)
    assert {(row.imageid, row.imagerevisionid) for row in reserved} == {(image.id, revision.id)}
    (first,) = [one.id for one in computers.list_computers(site.vcl) if one.name == FIRST]
    assert {row.computerid for row in reserved} == {first}
    assert site.rows(tables.vcldsemaphore) == []


def test_a_base_image_is_captured_as_vcl_expects(site: Site) -> None:
    site.line.run("load", FIRST, site.image)
    site.line.run(
        "capture", "--base", "--computer", FIRST, "--owner", "admin", "--os", "vmwarelinux",
        "--architecture", "x86_64", "--name", "Fresh Base", "--way", "core", "--yes",
    )  # fmt: skip
    (name,) = site.image_rows("Fresh Base")
    master = site.folder / "datastore" / f"{name}.qcow2"
    assert master.exists()
    check_rows(site, name, master)
    site.line.run("load", SECOND, name)
    assert site.line.run("status", SECOND).startswith("READY")
