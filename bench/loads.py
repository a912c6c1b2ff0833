"""50 loads onto 4 hosts that share a datastore, which is empty at first.

The floor is one `qemu-img convert` of the image from the repository, flushed to disk as an image
must be before others may stand on it, and then 50 times `qemu-img create`, defineXML and create,
one after another. vcltui does as many at a time as the console's jobs are. The hosts are libvirt's
test driver, whose domains take no time to start: what is measured is all else. Guests are not
waited for.

Told beside it, and not judged, is the same floor with as many bare loads at a time as vcltui's. A
load takes 10 ms of Python's one core (a third of it for 14 statements to the inventory, by a
profile; the rest is spread over plan, journal, locks, XML and checks), 50 of them half a second, in
which the bare calls use both cores for qemu-img. Neither the journal's flushes nor SQLite's make a
difference. On a host with a guest that boots, nobody sees it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import libvirt

from bench.loading import Lab, counting, create_overlay, make_disk, make_folders, make_lab, profile
from bench.measuring import Line, alternate, ratio_line, ratios, tell
from tests.unit.provisioning.world import HOST_XML
from vcltui.models.host import VMHost
from vcltui.operations.runner import Observer
from vcltui.operations.step import Step
from vcltui.provisioning import definition, paths
from vcltui.runtime.jobs.jobs import LANES

LOADS, HOSTS = 50, 4
IMAGE_MEBIBYTES = 640
MOST_TIMES = 1.3
ROUNDS = 5


class Copies(Observer):
    """Counts the loads that copied the image; the others found it copied."""

    def __init__(self) -> None:
        self.count = 0

    def step_finished(self, step: Step, note: str | None) -> None:
        if step.name == "retrieve-master" and note is None:
            self.count += 1


@dataclass
class Bare:
    """What the floor needs for one load: its host's connection, its XML and its disk."""

    connection: libvirt.virConnect
    xml: str
    disk: Path


def main() -> int:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="vcltui-bench-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, folder)
        make_folders(folder)
        known = [_host(folder, number) for number in range(HOSTS)]
        names = [f"c{number}" for number in range(LOADS)]
        disk = folder / "disk.qcow2"
        make_disk(disk, IMAGE_MEBIBYTES)
        lab = stack.enter_context(make_lab(folder, known, names, disk))
        disk.unlink()
        connections = {
            host.name: stack.enter_context(closing(libvirt.open(host.uri))) for host in known
        }
        bare = [_bare(lab, name, connections) for name in names]
        copies: list[int] = []

        def ours() -> None:
            notes = Copies()
            _at_once(lambda name: lab.load(name, notes), names)
            copies.append(notes.count)

        def floor() -> None:
            _copy(lab)
            for one in bare:
                _bare_load(lab, one)

        def floor_at_once() -> None:
            _copy(lab)
            _at_once(lambda one: _bare_load(lab, one), bare)

        everywhere = [*connections.values(), *(_connection(lab, host.name) for host in known)]
        ways = {"vcltui": ours, "floor": floor, "at once": floor_at_once}
        times = alternate(ways, ROUNDS, between=lambda: _clear(lab, everywhere))
        counts: Counter[str] = Counter()
        for way, work in (("vcltui", ours), ("floor", floor)):
            _clear(lab, everywhere)
            with counting() as found:
                work()
            counts.update({f"{what}, {way}": number for what, number in sorted(found.items())})
        what = f"{LOADS} loads onto {HOSTS} hosts from an empty datastore"
        against = f"one copy of the image and {LOADS} times qemu-img create, defineXML, create"
        line = ratio_line(
            what,
            against,
            MOST_TIMES,
            times["vcltui"],
            times["floor"],
            {"copies of the image": max(copies), "at a time": LANES, **counts},
        )
        least, median = ratios(times["vcltui"], times["at once"])
        beside = Line(
            what,
            f"the same, {LANES} bare loads at a time",
            "-",
            f"{least:.2f} times (median {median:.2f})",
            None,
        )
        return tell([line, beside]) or int(max(copies) > 1)


def _host(folder: Path, number: int) -> VMHost:
    name = f"host{number}"
    (folder / f"{name}.xml").write_text(HOST_XML)
    return VMHost(
        name,
        f"test://{folder}/{name}.xml",
        profile(folder, virtualswitch0="private", virtualswitch1="public"),
        driver="test",
        xml_directory=str(folder / "xml" / name),
    )


def _connection(lab: Lab, host: str) -> libvirt.virConnect:
    return lab.workspace.session(host).connection.handle


def _bare(lab: Lab, name: str, connections: dict[str, libvirt.virConnect]) -> Bare:
    context = lab.computer(name).context
    xml = definition.generate(context, str(uuid.uuid4()))
    return Bare(connections[context.vmhost.name], xml, Path(paths.copy_on_write_path(context)))


def _bare_load(lab: Lab, one: Bare) -> None:
    create_overlay(lab.master, one.disk)
    one.connection.defineXML(one.xml).create()


def _copy(lab: Lab) -> None:
    argv = ["qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", str(lab.stored), str(lab.master)]
    subprocess.run(argv, check=True)
    descriptor = os.open(lab.master, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _at_once(work: Callable[..., object], items: Iterable[object]) -> None:
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(work, items))


def _clear(lab: Lab, connections: Iterable[libvirt.virConnect]) -> None:
    """Remove what a round made."""
    for connection in connections:
        for domain in connection.listAllDomains():
            if domain.isActive():
                domain.destroy()
            domain.undefine()
    for path in (*lab.master.parent.glob("*.*"), *(lab.folder / "vms").iterdir()):
        if path.is_file():
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
