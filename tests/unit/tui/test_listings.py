"""What the lists show, and in which order: on facts that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.tui.frozen import (
    BASE,
    HOSTS,
    JOBS,
    SNAPSHOTS,
    FrozenExaminer,
    FrozenFleet,
    domain,
    frozen_console,
    frozen_workspace,
)
from vcltui.models.domain import PowerState, Snapshot
from vcltui.runtime.fleet.models import HostState
from vcltui.tui.desk import Desk
from vcltui.tui.glyphs import ASCII, UNICODE
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.domains import Domains
from vcltui.tui.listings.findings import Findings, Locks
from vcltui.tui.listings.hosts import Hosts
from vcltui.tui.listings.images import Images
from vcltui.tui.listings.jobs import JobList
from vcltui.tui.listings.log import Log
from vcltui.tui.listings.reservations import Reservations
from vcltui.tui.listings.rows import Rows
from vcltui.tui.listings.snapshots import Snapshots, descendants, snapshot_tree
from vcltui.tui.places import Place
from vcltui.tui.widgets.records import Record


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    app = frozen_console(frozen_workspace(tmp_path))
    yield app.desk
    app.desk.readers.shutdown()


def every(desk: Desk) -> list[Listing[Any]]:
    return [
        Hosts(desk), Domains(desk), Images(desk), Reservations(desk), JobList(desk), Log(desk),
        Findings(desk), Locks(desk),
        Snapshots(desk, "kvm-a", HOSTS[0].domains[0].uuid),
    ]  # fmt: skip


def shown(
    listing: Listing[Any], sorting: tuple[str, bool] | None = None, *, by: str = "", text: str = "",
    faults: bool = False,
) -> list[str]:  # fmt: skip
    """One column, by default the first, of what is listed."""
    keys = [column.key for column in listing.columns]
    at = keys.index(by) if by else 0
    return [record.cells[at].text for record in chosen(listing, text, sorting, faults=faults)]


def chosen(
    listing: Listing[Any], text: str = "", sorting: tuple[str, bool] | None = None, *,
    faults: bool = False,
) -> list[Record]:  # fmt: skip
    found = Rows(listing).chosen(text, sorting, faults_only=faults)
    return [found[row] for row in range(len(found))]


def test_every_listing_can_be_sorted_by_each_of_its_columns_both_ways(desk: Desk):
    for listing in every(desk):
        plain = sorted(shown(listing))
        assert plain, listing.id
        for column in listing.columns:
            for reverse in (False, True):
                assert sorted(shown(listing, (column.key, reverse))) == plain, column.key


def test_every_row_has_a_cell_for_each_column_and_a_key_of_its_own(desk: Desk):
    for listing in every(desk):
        records = [listing.record(item) for item in listing.items()]
        assert {len(record.cells) for record in records} == {len(listing.columns)}, listing.id
        assert len({record.key for record in records}) == len(records), listing.id


def test_a_sorting_by_a_column_that_is_gone_shows_all(desk: Desk):
    for listing in every(desk):
        assert sorted(shown(listing, ("no such column", True))) == sorted(shown(listing))


def test_computers_are_sorted_by_their_numbers(desk: Desk):
    order = shown(Domains(desk), ("computer", False), by="computer")
    assert [name for name in order if name.startswith("vm")] == ["vm1", "vm2", "vm3", "vm4", "vm10"]


def test_what_is_not_known_is_last_whichever_way(desk: Desk):
    for reverse in (False, True):
        order = shown(Domains(desk), ("cpu", reverse), by="cpu")
        assert order[-3:] == ["-", "-", "-"]
        assert order[:3] == (["100 %", "12 %", "0 %"] if reverse else ["0 %", "12 %", "100 %"])


def test_the_longest_uptime_is_the_greatest(desk: Desk):
    order = shown(Domains(desk), ("uptime", True), by="computer")
    assert order[2] == "vm2", "which has been on for the shortest time"


def test_sizes_are_sorted_by_bytes(desk: Desk):
    assert shown(Images(desk), ("virtual", True), by="virtual")[0] == "20 GiB"
    assert shown(Images(desk), ("real", False), by="real")[0] == "512 MiB"
    assert shown(Hosts(desk), ("disk", False), by="name")[0] == "kvm-a"


def test_jobs_are_sorted_by_progress(desk: Desk):
    order = shown(JobList(desk), ("progress", True), by="title")
    assert order == [JOBS[2].title, JOBS[0].title, JOBS[1].title]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("power:on", ["stray[red]", "vm1"]),
        ("power:off", ["vm3"]),
        ("!host:kvm-b linux", ["vm1", "vm10"]),
        ("computer:vm1", ["vm1", "vm10"]),
        ("computer=vm1", ["vm1"]),
        ("state:inuse", ["vm1"]),
        ("[red]", ["stray[red]"]),
        ("flags:transient", ["stray[red]"]),
        ("host=kvm", []),
    ],
)
def test_what_a_filter_finds_among_domains(desk: Desk, text: str, names: list[str]):
    assert sorted(shown(Domains(desk), by="computer", text=text)) == sorted(names)


def test_faults_are_what_something_is_wrong_with(desk: Desk):
    assert shown(Hosts(desk), faults=True) == ["kvm-b"]
    assert sorted(shown(Domains(desk), by="computer", faults=True)) == [
        "stray[red]", "vm10", "vm3",
    ]  # fmt: skip
    assert len(shown(Images(desk), faults=True)) == 1
    assert shown(Reservations(desk), faults=True) == ["72"]
    assert shown(JobList(desk), by="title", faults=True) == [JOBS[1].title]
    assert shown(Log(desk), by="level", faults=True) == ["error", "warning"]


def test_opening_a_host_means_exactly_that_one(desk: Desk):
    hosts = Hosts(desk)
    place = hosts.place(hosts.items()[1])
    assert place.name == "domains"
    assert shown(Domains(desk), by="computer", text=place.filter or "") == ["vm3"]


def test_stuck_reservations_come_first_and_lead_to_their_screen(desk: Desk):
    reservations = Reservations(desk)
    first = reservations.items()[0]
    assert (first.id, reservations.place(first).name) == (72, "reservation")
    assert shown(reservations, by="stuck", text="stuck:critical") == ["✗ critical"]


def test_findings_and_locks_lead_to_their_reservations(desk: Desk):
    findings, locks = Findings(desk), Locks(desk)
    assert [findings.place(one) for one in findings.items()] == [
        Place("reservation", key="72"),
        None,
    ]
    assert [locks.place(one) for one in locks.items()] == [Place("reservation", key="72")]
    assert shown(findings, by="rule", faults=True) == ["pending-without-process"]
    assert shown(locks, by="alive", faults=True) == ["✗ gone"]


def test_what_stands_there_while_there_is_no_diagnosis(desk: Desk):
    nothing = replace(desk, examiner=cast(Any, FrozenExaminer(None)))
    assert Findings(nothing).empty() == "Examining…"
    wrong = replace(desk, examiner=cast(Any, FrozenExaminer(None, "The database [x] is down")))
    assert Findings(wrong).empty() == "The database [x] is down"


def test_one_host_among_those_whose_names_begin_so(desk: Desk):
    more = tuple(
        replace(HOSTS[0], name=name, domains=(domain(number, name, "x", PowerState.ON),))
        for number, name in ((1, "kvm-1"), (2, "kvm-10"))
    )
    hosts = Hosts(replace(desk, fleet=FrozenFleet(live=more)))
    place = hosts.place(hosts.items()[0])
    assert set(shown(Domains(hosts.desk), by="host", text=place.filter or "")) == {"kvm-1"}


def test_an_image_says_where_else_it_is(desk: Desk):
    rows = [record.cells for record in chosen(Images(desk))]
    also = {(name.text, where.text): also_in.text for name, where, also_in, *_ in rows}
    assert also[BASE, "datastore"] == "repository"
    assert also[BASE, "repository"] == "datastore"


def test_hosts_that_never_answered_show_no_figures(desk: Desk):
    (record,) = chosen(Hosts(desk), "kvm-c")
    assert record.dim
    assert [cell.text for cell in record.cells[2:9]] == ["-"] * 6 + ["never"]
    nobody = Domains(replace(desk, fleet=FrozenFleet(live=(), is_listed=False)))
    assert nobody.empty().startswith("Waiting for the hosts")
    settled = replace(HOSTS[0], domains=(), state=HostState.UP)
    empty = FrozenFleet(live=(settled,), inventory=replace(desk.fleet.inventory, computers=()))
    assert Domains(replace(desk, fleet=empty)).empty() == "No domain"


def test_control_characters_of_names_do_not_reach_the_cells(desk: Desk):
    evil = domain(9, "kvm-a", "a\x1b[31m\u202eb", PowerState.ON)
    live = (replace(HOSTS[0], domains=(evil,), reason="x\x07y"),)
    inventory = replace(desk.fleet.inventory, computers=(), reservations=())
    made = replace(desk, fleet=FrozenFleet(live=live, inventory=inventory))
    for listing in (Domains(made), Hosts(made)):
        for item in listing.items():
            for cell in listing.record(item).cells:
                assert cell.text.isprintable(), (listing.id, cell.text)


# --- snapshots ---


def test_the_tree_of_snapshots():
    lines = [(one.lines, one.snapshot.name) for one in snapshot_tree(SNAPSHOTS, UNICODE)]
    assert lines == [
        ("└─ ", "clean"),
        ("   ├─ ", "lecture 1"),
        ("   │  └─ ", "lecture 2"),
        ("   └─ ", "[/odd]"),
    ]
    assert all(one.lines.isascii() for one in snapshot_tree(SNAPSHOTS, ASCII))
    assert snapshot_tree((), UNICODE) == []


def test_a_snapshot_whose_parent_is_gone_is_a_root():
    orphan = replace(SNAPSHOTS[1], parent="deleted")
    assert [one.snapshot.name for one in snapshot_tree([orphan], UNICODE)] == ["lecture 1"]


def test_descendants_are_those_that_stand_on_it():
    assert descendants(SNAPSHOTS, "clean") == ["lecture 1", "lecture 2", "[/odd]"]
    assert descendants(SNAPSHOTS, "lecture 1") == ["lecture 2"]
    assert descendants(SNAPSHOTS, "[/odd]") == []
    assert descendants(SNAPSHOTS, "no such one") == []


def test_a_long_line_of_snapshots_is_drawn():
    one = SNAPSHOTS[0]
    line: list[Snapshot] = [
        replace(one, name=str(number), parent=str(number - 1)) for number in range(200)
    ]
    assert len(snapshot_tree(line, UNICODE)) == 200
    assert len(descendants(line, "0")) == 199
