"""The sandbox's reservations: one in each state, and one for each trouble that needs no host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from vcltui.models.inventory import ImageRevision
from vcltui.nodes.base import Node
from vcltui.vcldb import computers
from vcltui.vcldb.database import Database
from vcltui.vcldb.staging import Stage

_YEARS = -60.0 * 24 * 365 * 20
_DAY = 60.0 * 24
_GONE_PID = 4_000_000
"""No process has this id: Linux counts to 4194304 at most, and begins anew far below on most."""
FIRST_STAGED = 21
_OUTDATED = 4  # of the revisions: one that a newer one replaces, which nobody needs at first
_WAITING = (
    "serverinuse/reserved", "reload/reload", "checkpoint/inuse", "image/image", "deleted/inuse",
    "timeout/inuse", "tomaintenance/tomaintenance", "tovmhostinuse/tovmhostinuse",
    "makeproduction/makeproduction", "reinstall/inuse", "rebootsoft/inuse", "reboothard/inuse",
    "servermodified/serverinuse", "imageprep/imageprep",
)  # fmt: skip
"""What else a request may be: nothing is wrong with these."""


def stage(
    made: Stage, database: Database, revisions: Sequence[ImageRevision], node: Node, overlays: Path
) -> tuple[int, int]:
    """Enter the reservations and leave an orphan disk in `overlays`.

    `revisions` are several that are there; the first is what is reserved. Their computers stand on
    no host, so that nothing real is changed by what happens to them, except the one cluster that
    goes well: vm5 and vm6. Returns the reservations about which vcld's log says something: the one
    that is left at its beginning, and the reload.
    """
    revision = revisions[0]
    # There is no vcld here; it is alive all the same, or its silence would explain everything.
    made.check_in(_YEARS)
    known = {one.name: one.id for one in computers.list_computers(database)}
    made.request("inuse/reserved", [known["vm5"], known["vm6"]], revision, began=50, seen=1)
    numbers = iter(range(FIRST_STAGED, 1000))

    def computer() -> int:
        name = f"vm{next(numbers)}.lab.example"
        return computers.add_computer(database, hostname=name, vmhost=None).id

    one = computer()
    stuck = made.request("pending/new", [one], revision, began=45, seen=40)[0]
    for name, minutes in (("begin", 41.0), ("statuscheck", 40.5), ("doesimageexists", 40.0)):
        made.step(stuck, name, minutes)
    made.computer(one, "reloading")

    one = computer()
    # Its lock keeps everybody from loading it.
    locked = revisions[_OUTDATED]
    reload = made.request("pending/reload", [one], locked, began=90, seen=85)[0]
    for name, minutes in (("begin", 85.0), ("startload", 84.5), ("transfervm", 84.0)):
        made.step(reload, name, minutes)
    made.lock(f"master:{locked.name}", reload, _GONE_PID, expires=-35)
    made.computer(one, "reloading")

    made.request("pending/makeproduction", [computer()], revision, began=60, ends=20, seen=55)
    made.request("pending/deleted", [computer()], revision, began=200, ends=80, seen=79)
    made.request("reserved/new", [computer()], revision, began=20, seen=1)
    one = computer()
    made.request("inuse/reserved", [one], revision, began=70, seen=1)
    made.request("new/new", [one], revision, began=3)
    made.request("pending/reserved", [computer()], revision, began=400, ends=100, seen=350)
    one = computer()
    made.computer(one, "failed")
    made.loaded(one, revision)
    made.request("failed/new", [one], revision, began=30, seen=25)
    for number, failed in enumerate(revisions[:3]):
        made.failure(one, failed, minutes=60.0 * (number + 1))
    made.request("new/new", [computer()], revision, began=-_DAY, ends=-_DAY - 120)
    made.request("complete/inuse", [computer()], revision, began=500, ends=380, seen=380)
    made.request("new/new", [computer()], revision, began=300, ends=60)
    silent = made.silent_node("sandbox-2", 60)
    made.request("new/new", [computer()], revision, began=55, node_id=silent)
    made.block("Statistics, autumn term", revision, began=150)
    for states in _WAITING:
        made.request(states, [computer()], revision, began=2, seen=None)

    orphan = overlays / f"vm21_{revision.image_id}-v{revision.revision}.qcow2"
    node.run(["qemu-img", "create", "-q", "-f", "qcow2", str(orphan), "1G"])
    old = orphan.stat().st_mtime - 3 * 86400
    os.utime(orphan, (old, old))
    return stuck, reload


def write_log(made: Stage, log: Path, stuck: int, reload: int, silent: int, image: str) -> None:
    """What vcld would have written of three of them; two end with a warning."""
    lines: list[str] = []

    def say(minutes: float, reservation: int, state: str, place: str, *words: str) -> None:
        head = f"{made.ago(minutes):%Y-%m-%d %H:%M:%S}|4711|{reservation - 1}|{reservation}|{state}"
        lines.append(f"{head}|{place}|{words[0]}")
        lines.extend(words[1:])

    say(85.1, reload, "reload", "vcld:make_new_child|571", "vcld child process started")
    say(85.0, reload, "reload", "libvirt.pm:load|388", f"image {image} exists in the datastore")
    lines.append("\n---- WARNING ----")
    say(
        84, reload, "reload", "utils.pm:run_command|9721",
        "failed to run command: 'virsh start vm22', exit status: 1",
        "( 0) utils.pm, run_command (line: 9721)",
        "(-1) libvirt.pm, power_on (line: 1120)",
        "(-2) libvirt.pm, load (line: 512)\n",
    )  # fmt: skip
    say(41.0, stuck, "new", "vcld:make_new_child|571", "vcld child process started")
    say(40.5, stuck, "new", "libvirt.pm:load|388", f"image {image} is not in the datastore")
    say(40.0, stuck, "new", "libvirt.pm:copy|840", f"copying {image} from the repository")
    lines.append("\n---- WARNING ----")
    say(
        21, silent, "new", "KVM.pm:create_copy_on_write_image|708",
        "failed to create the disk: Backing file specified without backing format",
        "( 0) KVM.pm, create_copy_on_write_image (line: 708)\n",
    )  # fmt: skip
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
