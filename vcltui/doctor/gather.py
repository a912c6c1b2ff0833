"""Gathers the facts: the database first, then hosts and management nodes side by side."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from vcltui.doctor.facts import Facts, GuestFacts, HostFacts, NodeFacts, Unknown
from vcltui.doctor.gather_hosts import gather_host
from vcltui.doctor.gather_nodes import gather_log, gather_node
from vcltui.doctor.indexes import Domains
from vcltui.doctor.parts import part
from vcltui.doctor.vcldlog import LogBlock
from vcltui.models.domain import PowerState
from vcltui.models.evidence import DatabaseFacts, ManagementNodeRow
from vcltui.models.host import VMHost
from vcltui.nodes.base import Node
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import diagnosis as diagnosis_rows

if TYPE_CHECKING:
    from vcltui.vcldb.database import Database

_AT_ONCE = 16
_LOADS = frozenset({"new", "reload", "image", "checkpoint"})
_BOOTING = frozenset({"startvm", "machinebooted"})
_DOUBTFUL = frozenset({"reloading", "failed"})
_MOST_GUESTS = 64


@dataclass(frozen=True, slots=True)
class NodeAccess:
    """How a management node is reached: as a node, or Unknown where nobody said how.

    `log_path` is its vcld.log.
    """

    node: Node | Unknown
    log_path: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom to ask. `reach` says how a management node is reached.

    `strangers` are VCL's other hosts, which are not asked: they may share folders with these.
    `ask_guest` asks the guest of a computer, by its host name; `guests` are the ids of computers
    to ask besides those on whose answer a rule depends.
    """

    database: Database
    sessions: Sequence[HostSession]
    reach: Callable[[ManagementNodeRow], NodeAccess]
    strangers: Sequence[VMHost] = ()
    ask_guest: Callable[[str], GuestFacts] | None = None
    guests: Collection[int] = ()


def gather(sources: Sources) -> Facts:
    """Ask everybody. Blocks for as long as the slowest takes.

    Raises InventoryError; whatever else can't be asked is Unknown in the facts.
    """
    database = diagnosis_rows.read_facts(sources.database)
    wanted = list(database.management_nodes)
    images = _images_to_check(database)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="doctor") as pool:
        asked = pool.map(lambda session: gather_host(session, images), sources.sessions)
        nodes = pool.map(lambda row: _ask_node(sources.reach(row)), wanted)
        hosts = {host.name: host for host in (*asked, *map(not_asked, sources.strangers))}
        guests: dict[int, GuestFacts] = {}
        if sources.ask_guest is not None:
            names = {one.id: one.hostname for one in database.computers}
            chosen = [*sources.guests, *_guests_in_doubt(database, Domains(hosts))]
            ids = [id_ for id_ in dict.fromkeys(chosen) if id_ in names]
            ask = partial(_ask_guest, sources.ask_guest)
            answers = pool.map(ask, [names[id_] for id_ in ids])
            told_of = zip(ids, answers, strict=True)
            guests = {id_: one for id_, one in told_of if not isinstance(one, Unknown)}
        told = dict(zip((row.id for row in wanted), nodes, strict=True))
        return Facts(
            database=database,
            hosts=hosts,
            nodes={id_: answer[0] for id_, answer in told.items()},
            logs={id_: answer[1] for id_, answer in told.items()},
            guests=guests,
        )


def _ask_guest(ask: Callable[[str], GuestFacts], hostname: str) -> GuestFacts | Unknown:
    """What a guest answers. One that could not be understood is as if it had not been asked."""
    return part(lambda: ask(hostname), f"the guest of {hostname}")


def not_asked(host: VMHost) -> HostFacts:
    """A host that is another management node's: nothing is known of it."""
    unknown = Unknown(
        f"host {host.name} is another management node's and was not asked; "
        "[inventory] all_management_nodes = true has it asked"
    )
    return HostFacts(host.name, host.profile, unknown, unknown, unknown, unknown)


def _ask_node(access: NodeAccess) -> tuple[NodeFacts | Unknown, tuple[LogBlock, ...] | Unknown]:
    if isinstance(access.node, Unknown):
        return access.node, access.node
    return gather_node(access.node), gather_log(access.node, access.log_path)


def _guests_in_doubt(database: DatabaseFacts, domains: Domains) -> Iterator[int]:
    """The computers whose guests a rule depends on: waited for in a load, reloading or failed.

    Only those with a domain that is on, and not more than can be asked in a minute or so.
    """
    requests = {one.id: one.doing for one in database.requests}
    last = {step.reservation_id: step.state for step in database.steps}
    booting = {
        row.computer_id
        for row in database.reservations
        if last.get(row.id) in _BOOTING and requests.get(row.request_id) in ("new", "reload")
    }
    found = (
        one.id
        for one in database.computers
        if not one.deleted
        and (one.id in booting or one.state in _DOUBTFUL)
        and any(domain.power is PowerState.ON for domain in domains.of(one.name))
    )
    return itertools.islice(found, _MOST_GUESTS)


def _images_to_check(database: DatabaseFacts) -> frozenset[str]:
    """The images that somebody waits for, or whose copying may have been cut off."""
    names = {one.id: one.name for one in database.revisions}
    requests = {one.id: one for one in database.requests}
    found = {
        names.get(row.revision_id, "")
        for row in database.reservations
        if row.request_id in requests and requests[row.request_id].doing in _LOADS
    }
    return frozenset(found | {one.image for one in database.semaphores}) - {""}
