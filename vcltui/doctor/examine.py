"""From facts to a diagnosis."""

from __future__ import annotations

from vcltui.doctor.facts import Facts, HostFacts, Unknown, VcldProcess
from vcltui.doctor.findings import Diagnosis, Finding, SemaphoreLife, Timeline, TimelineStep
from vcltui.doctor.rules import (
    captures,
    computers,
    domains,
    images,
    loads,
    nodes,
    pending,
    setup,
    storage,
)
from vcltui.doctor.rules.make import Rule, moment
from vcltui.doctor.serving import serving
from vcltui.doctor.settings import DoctorSettings
from vcltui.doctor.view import View
from vcltui.models.evidence import ReservedRow, SemaphoreRow

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *nodes.RULES,
            *pending.RULES,
            *captures.RULES,
            *loads.RULES,
            *computers.RULES,
            *domains.RULES,
            *storage.RULES,
            *setup.RULES,
            *images.RULES,
        ),
        key=lambda rule: rule.number,
    )
)
"""Every rule, in the order of the table of symptoms."""

_SILENCED = range(2, 10)


def examine(facts: Facts, settings: DoctorSettings | None = None) -> Diagnosis:
    """What is wrong, from what is known; the worst first, then by the rules' order.

    A management node that is down is the cause of what its requests show, so rules 2 to 9 say
    nothing about those.
    """
    view = View(facts, settings or DoctorSettings())
    waiting = _waiting(view)
    found = [one for rule in RULES for one in rule.run(view)]
    down = {node.id for node in view.management_nodes.values() if view.is_down(node)}
    kept = [one for one in found if not _is_silenced(view, one, down)]
    kept.sort(key=lambda one: (-one.severity.rank, one.number, one.reservation or 0, one.subject))
    return Diagnosis(
        taken=view.now,
        findings=tuple(kept),
        semaphores=tuple(
            _life(view, one, waiting.get(one.identifier, ())) for one in facts.database.semaphores
        ),
        timelines=tuple(
            timeline(view, row)
            for row in facts.database.reservations
            if view.steps_of(row.id)
        ),
        unknown=_unknown(view),
        serving=tuple(
            serving(view, row)
            for row in facts.database.reservations
            if row.request_id in view.case_of
        ),
    )  # fmt: skip


def _is_silenced(view: View, finding: Finding, down: set[int]) -> bool:
    if finding.number not in _SILENCED or finding.reservation is None:
        return False
    row = view.reservations.get(finding.reservation)
    return row is not None and row.management_node_id in down


def _waiting(view: View) -> dict[str, tuple[int, ...]]:
    """The reservations that wait for a lock, by its identifier."""
    found: dict[str, tuple[int, ...]] = {}
    for row in view.facts.database.reservations:
        if not isinstance(view.process_of(row), VcldProcess):
            continue
        for semaphore in nodes.blocking(view, row):
            found[semaphore.identifier] = (*found.get(semaphore.identifier, ()), row.id)
    return found


def _life(view: View, semaphore: SemaphoreRow, waiting: tuple[int, ...]) -> SemaphoreLife:
    alive = view.pid_alive(semaphore)
    expired = semaphore.expires is None or semaphore.expires < view.now
    sign = {True: "runs", False: "is gone", None: "is unknown"}[alive]
    return SemaphoreLife(
        semaphore,
        alive,
        expired,
        f"process {semaphore.pid} {sign}; expires {moment(semaphore.expires)}",
        waiting,
    )


def timeline(view: View, row: ReservedRow) -> Timeline:
    """How far a reservation's load has come, step by step.

    The time of a step is from its row to the next one's; the last one's runs on while the request
    is pending.
    """
    rows = [step for step in view.steps_of(row.id) if step.state in view.est]
    begun = [step.time for step in view.steps_of(row.id) if step.time is not None]
    pending = view.requests[row.request_id].state == "pending"
    steps: list[TimelineStep] = []
    for number, step in enumerate(rows):
        last = number == len(rows) - 1
        following = view.now if last and pending else None if last else rows[number + 1].time
        elapsed = (
            (following - step.time).total_seconds()
            if following is not None and step.time is not None
            else None
        )
        expected = step.est_seconds if step.est_seconds is not None else view.est.get(step.state)
        steps.append(
            TimelineStep(
                step.state,
                step.prettyname,
                step.time,
                elapsed,
                expected,
                running=last and pending,
                info=step.info,
                slow=_is_slow(view, elapsed, expected),
            )
        )
    ended = view.now if pending else (begun[-1] if begun else None)
    total = (ended - begun[0]).total_seconds() if begun and ended is not None else None
    return Timeline(row.id, tuple(steps), total, view.expected.get(row.revision_id))


def _is_slow(view: View, elapsed: float | None, expected: int | None) -> bool:
    if elapsed is None or not expected:
        return False
    settings = view.settings
    return elapsed > max(settings.slow_factor * expected, settings.slow_least_seconds)


def _bridges_unknown(name: str, host: HostFacts) -> list[str]:
    """The switches of a profile that are no networks, where libvirt has no driver for bridges."""
    if host.profile is None or isinstance(host.libvirt, Unknown) or host.libvirt.interfaces:
        return []
    there = {one.name for one in host.libvirt.networks}
    wanted = (host.profile.virtualswitch0, host.profile.virtualswitch1)
    return [
        f"Whether host {name} has the bridge {switch}: its libvirt lists no interfaces"
        for switch in wanted
        if switch is not None and switch not in there
    ]


def _unknown(view: View) -> tuple[str, ...]:
    """What could not be asked, in sentences."""
    said: list[str] = []
    for name, host in sorted(view.facts.hosts.items()):
        for part, what in (
            (host.libvirt, "libvirt"),
            (host.folders, "folders"),
            (host.processes, "processes"),
        ):
            if isinstance(part, Unknown):
                said.append(f"The {what} of host {name}: {part.reason}")
        said += _bridges_unknown(name, host)
    used = {row.management_node_id for row in view.facts.database.reservations}
    for id_, node in sorted(view.management_nodes.items()):
        # That a node is down is rule 1's to say, and nothing is asked about its requests then.
        if id_ not in used or view.is_down(node):
            continue
        running = view.running(id_)
        if isinstance(running, Unknown):
            said.append(f"The processes on management node {node.hostname}: {running.reason}")
        log = view.facts.logs.get(id_)
        if isinstance(log, Unknown):
            said.append(f"vcld.log on {node.hostname}: {log.reason}")
    return tuple(said)
