"""Thousands of reservations: each collection of facts is walked a few times, not once for each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from vcltui.doctor.examine import examine
from vcltui.doctor.facts import (
    DomainFacts,
    Facts,
    FileFacts,
    FolderFacts,
    HostFacts,
    LibvirtFacts,
    NodeFacts,
    VcldProcess,
)
from vcltui.doctor.vcldlog import LogBlock
from vcltui.models.domain import PowerState
from vcltui.models.evidence import (
    ComputerRow,
    DatabaseFacts,
    LoadStepRow,
    ManagementNodeRow,
    RequestRow,
    ReservedRow,
    RevisionRow,
    SemaphoreRow,
)
from vcltui.models.host import VMProfile

Item = TypeVar("Item")
NOW = datetime(2026, 3, 2, 9, 30)
MANY = 300
STATES = (("inuse", "reserved"), ("pending", "new"), ("new", "new"), ("pending", "reload"))


class Walked(tuple[Item, ...]):
    """Counts how often it is walked through."""

    times = 0

    def __iter__(self) -> Iterator[Item]:
        type(self).times += 1
        return super().__iter__()


def walked(items: list[Item]) -> Walked[Item]:
    class Own(Walked[Item]):
        pass

    return Own(items)


def test_nothing_is_searched_once_for_each_reservation() -> None:
    ids = range(1, MANY + 1)
    ago = NOW - timedelta(minutes=30)
    later = NOW + timedelta(hours=2)
    name = "linux-Base-7-v1"
    requests = walked([RequestRow(i, *STATES[i % 4], ago, later, "u") for i in ids])
    rows = walked([ReservedRow(i, i, i, 7, 7, 1, ago) for i in ids])
    steps = walked([LoadStepRow(i, i, i, "begin", "", ago) for i in ids])
    locks = walked([SemaphoreRow(f"master:linux-{i}", i, i, later) for i in ids])
    machines = walked(
        [ComputerRow(i, f"vm{i}", "reloading" if i % 2 else "inuse", "kvm", 7, 7, 7) for i in ids]
    )
    master = FileFacts(f"/data/{name}.qcow2", 1, 1, 1000, True, 8, inode=1)
    overlays = [
        FileFacts(f"/vms/vm{i}_7-v1.qcow2", 1, 1, 9e9, True, 8, master.path, True) for i in ids
    ]
    domains = walked([DomainFacts("kvm", f"vm{i}:{name}", str(i), PowerState.ON) for i in ids])
    files = walked([master])
    disks = walked(overlays)
    children = walked([VcldProcess(i, i, i, "new", f"vcld '|' vm{i}>kvm x") for i in ids if i % 2])
    log = walked([LogBlock(NOW, "", i, i, i, "new", "a:b", ("words",)) for i in ids])
    everything = (
        requests, rows, steps, locks, machines, domains, files, disks, children, log,
    )  # fmt: skip
    facts = Facts(
        DatabaseFacts(
            NOW,
            requests=requests,
            reservations=rows,
            steps=steps,
            semaphores=locks,
            computers=machines,
            revisions=(RevisionRow(7, 7, 1, name, "Base", name),),
            management_nodes=(ManagementNodeRow(1, "mn1", "", "available", NOW),),
        ),
        {
            "kvm": HostFacts(
                "kvm", VMProfile("p", "/data", "/vms"), LibvirtFacts(domains),
                FolderFacts(files, disks, None), (), (7, 2),
            )
        },
        {1: NodeFacts(children, frozenset(ids))},
        {1: log},
    )  # fmt: skip
    found = examine(facts)
    assert found.findings
    assert len(found.timelines) == MANY
    assert [one.times for one in everything if one.times > MANY / 10] == []
