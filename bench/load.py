"""A load onto a real libvirt host, up to the start of its guest, which is not waited for.

The floor is what no load can do without: one `qemu-img create`, defineXML and create. vcltui does
everything else too: it looks up computer, image and host, plans, checks networks, master and XML,
locks, journals what it does and how to undo it, flushes the disk, and notes the image in the
inventory. The old domain of each round is removed between the rounds, for both.

VCL does each step by a process of its own, logged in over SSH: list the domains, list the
snapshots, destroy, undefine, make the disk, write the XML, define, start, ask the state. These nine
are measured against a load over the same private sshd on 127.0.0.1. Both delete the computer's old
domain. It is judged on libvirt's test driver in libvirtd, which starts and stops a domain in no
time; with QEMU both wait alike for QEMU itself, and nobody can be faster than that.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import libvirt

from bench.loading import Lab, counting, create_overlay, make_disk, make_folders, make_lab, profile
from bench.measuring import Line, Times, alternate, tell
from tests.system.reaper import reaping
from tests.system.servers import SYSTEM_URI, PrivateSshd, libvirtd, private_sshd
from vcltui.models.host import VMHost
from vcltui.provisioning import definition, paths

OURS, BARE, BY_STEPS = "bench-vcltui", "bench-bare", "bench-steps"
TEST_URI = "test+unix:///default"
MOST_TIMES, MOST_MORE_SECONDS = 1.15, 0.020
LEAST_FASTER = 5
ROUNDS, TEST_ROUNDS, SSH_ROUNDS = 12, 8, 3
IMAGE_MEBIBYTES = 16


@dataclass(frozen=True)
class Defined:
    """What a load of a computer would define."""

    name: str
    xml: str
    disk: Path

    def define_and_start(self, lab: Lab, connection: libvirt.virConnect) -> None:
        create_overlay(lab.master, self.disk)
        connection.defineXML(self.xml).create()


def main() -> int:
    with ExitStack() as stack:
        stack.enter_context(reaping())  # in a container the ends of QEMU are waited for else
        folder = Path(tempfile.mkdtemp(prefix="vcltui-bench-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        stack.enter_context(libvirtd(folder / "libvirt"))
        disk = folder / "disk.qcow2"
        make_disk(disk, IMAGE_MEBIBYTES)
        sshd = stack.enter_context(quick_sshd(folder / "sshd"))
        lines = [
            against_bare_calls(disk, folder / "local"),
            against_steps(disk, folder / "test", sshd, "test", TEST_URI, TEST_ROUNDS),
            against_steps(disk, folder / "qemu", sshd, "qemu", SYSTEM_URI, SSH_ROUNDS),
        ]
        return tell(lines)


def against_bare_calls(disk: Path, folder: Path) -> Line:
    with on_host(folder, SYSTEM_URI, "qemu", SYSTEM_URI, disk) as (lab, connection):
        one = defined(lab, BARE)
        ways: dict[str, Callable[[], object]] = {
            "vcltui": lambda: lab.load(OURS),
            "bare": lambda: one.define_and_start(lab, connection),
        }
        times = alternate(ways, ROUNDS, between=lambda: remove_domains(connection))
        counts: dict[str, str] = {}
        for name, way in ways.items():
            remove_domains(connection)
            with counting() as found:
                way()
            counts |= {f"{what}, {name}": str(number) for what, number in sorted(found.items())}
    ours, floor = times["vcltui"], times["bare"]
    return Line(
        "load without the guest's boot",
        "qemu-img create, defineXML, create",
        f"at most {MOST_TIMES} times and {1000 * MOST_MORE_SECONDS:.0f} ms more",
        f"{ours.least / floor.least:.2f} times, {1000 * (ours.least - floor.least):+.0f} ms "
        f"(median {ours.median / floor.median:.2f} times)",
        ours.least <= MOST_TIMES * floor.least + MOST_MORE_SECONDS,
        {
            "vcltui, least / median": ours.words(),
            "floor, least / median": floor.words(),
            "rounds": str(ROUNDS),
            **counts,
        },
    )


def against_steps(
    disk: Path, folder: Path, sshd: PrivateSshd, driver: str, there: str, rounds: int
) -> Line:
    """vcltui over SSH against nine processes; `there` is the URI of the host's own virsh."""
    uri = sshd.uri("/default" if driver == "test" else "/system")
    uri = uri.replace("qemu+ssh", f"{driver}+ssh")
    with on_host(folder, uri, driver, there, disk) as (lab, connection):
        stepwise, bare = defined(lab, BY_STEPS), defined(lab, BARE)
        ssh = ["ssh", "-F", str(sshd.ssh_config), "-p", str(sshd.port), "127.0.0.1"]
        steps = steps_of(stepwise, lab, there)

        def by_steps() -> None:
            for step, text in steps:
                argv = [*ssh, shlex.join(step)]
                subprocess.run(argv, input=text, text=True, check=True, stdout=subprocess.DEVNULL)

        def by_bare_calls() -> None:
            remove_domains(connection, BARE)
            bare.define_and_start(lab, connection)

        # All find a domain of theirs, as most loads do.
        lab.load(OURS)
        for one in (stepwise, bare):
            one.define_and_start(lab, connection)
        times = alternate(
            {"vcltui": lambda: lab.load(OURS), "steps": by_steps, "bare": by_bare_calls}, rounds
        )
        with counting() as found:
            lab.load(OURS)
    return steps_line(driver, times, len(steps), dict(found))


def steps_line(driver: str, times: dict[str, Times], processes: int, found: dict[str, int]) -> Line:
    ours, theirs, bare = times["vcltui"], times["steps"], times["bare"]
    faster = theirs.least / ours.least
    words = f"{faster:.1f} times faster (median {theirs.median / ours.median:.1f})"
    judged = driver == "test"
    if not judged:
        more = [1000 * (way.least - bare.least) for way in (ours, theirs)]
        words += f"; {more[0]:+.0f} ms to the bare calls, theirs {more[1]:+.0f} ms"
    return Line(
        f"load over SSH, {driver} driver, the old domain's deletion included",
        "nine processes of `ssh host virsh ...`, as VCL",
        f"at least {LEAST_FASTER} times faster" if judged else "-",
        words,
        faster >= LEAST_FASTER if judged else None,
        {
            "vcltui, least / median": ours.words(),
            "steps, least / median": theirs.words(),
            "bare calls on one local connection, least / median": bare.words(),
            "rounds": str(len(ours.seconds)),
            "logins by steps": str(processes),
            **{f"{what}, vcltui": str(number) for what, number in sorted(found.items())},
        },
    )


def steps_of(one: Defined, lab: Lab, there: str) -> list[tuple[list[str], str]]:
    """The commands of VCL's load, and what is written to each."""
    virsh = ["virsh", "-c", there]
    file = str(lab.folder / "xml" / f"{one.disk.stem}.xml")
    overlay = ["qemu-img", "create", "-f", "qcow2", "-F", "qcow2", "-b", str(lab.master)]
    return [
        ([*virsh, "list", "--all"], ""),
        ([*virsh, "snapshot-list", one.name], ""),
        ([*virsh, "destroy", one.name], ""),
        ([*virsh, "undefine", one.name], ""),
        ([*overlay, str(one.disk)], ""),
        (["tee", file], one.xml),
        ([*virsh, "define", file], ""),
        ([*virsh, "start", one.name], ""),
        ([*virsh, "domstate", one.name], ""),
    ]


@contextmanager
def quick_sshd(folder: Path) -> Iterator[PrivateSshd]:
    """A private sshd whose login shell reads no .bashrc, which may take it any time."""
    with private_sshd(folder) as server:
        server.stop()
        with (folder / "sshd_config").open("a") as config:
            config.write("SetEnv SHLVL=1\n")
        server.start()
        yield server


@contextmanager
def on_host(
    folder: Path, uri: str, driver: str, there: str, disk: Path
) -> Iterator[tuple[Lab, libvirt.virConnect]]:
    """A host with the image and a computer for each way, and a connection of the bare calls'."""
    make_folders(folder)
    host = VMHost("host", uri, profile(folder), driver=driver, xml_directory=str(folder / "xml"))
    with (
        closing(libvirt.open(there)) as connection,
        make_lab(folder, [host], [OURS, BARE, BY_STEPS], disk) as lab,
    ):
        try:
            yield lab, connection
        finally:
            remove_domains(connection)


def remove_domains(connection: libvirt.virConnect, prefix: str = "bench-") -> None:
    for domain in connection.listAllDomains():
        if domain.name().startswith(prefix):
            disk = Path(domain.XMLDesc().partition("<source file='")[2].partition("'")[0])
            if domain.isActive():
                domain.destroy()
            domain.undefine()
            disk.unlink(missing_ok=True)


def defined(lab: Lab, computer: str) -> Defined:
    context = lab.computer(computer).context
    name = paths.domain_name(context.vmhost, context.computer, context.image)
    xml = definition.generate(context, str(uuid.uuid4()))
    return Defined(name, xml, Path(paths.copy_on_write_path(context)))


if __name__ == "__main__":
    sys.exit(main())
