"""A diagnosis cut down to what concerns one reservation."""

from __future__ import annotations

from dataclasses import replace

from vcltui.doctor.facts import Facts
from vcltui.doctor.findings import Diagnosis, Finding, SemaphoreLife

_MANAGEMENT_NODE, _STORAGE = 1, 16
_FAIL_LOADS = frozenset({20, 24})
"""Rules about a whole host that matter to a load on it and to nothing else."""
_LOADING = frozenset({"new", "reload", "reinstall"})


def about(diagnosis: Diagnosis, facts: Facts, reservation: int) -> Diagnosis:
    """What concerns a reservation: its request, computers, images and management node.

    Of its computers' hosts there is what its load or its disks fail by; of locks those that it
    holds or waits for and those on its images.
    """
    return _Concerns(facts, reservation).cut(diagnosis)


class _Concerns:
    def __init__(self, facts: Facts, reservation: int) -> None:
        database = facts.database
        request_id = next(one.request_id for one in database.reservations if one.id == reservation)
        rows = [one for one in database.reservations if one.request_id == request_id]
        computer_ids = {row.computer_id for row in rows}
        revision_ids = {row.revision_id for row in rows}
        computers = [one for one in database.computers if one.id in computer_ids]
        self._reservations = {row.id for row in rows}
        self._nodes = {row.management_node_id for row in rows}
        self._computers = {one.name for one in computers}
        self._hosts = {one.host for one in computers if one.host is not None}
        self._images = {one.name for one in database.revisions if one.id in revision_ids}
        self._loads = any(
            one.id == request_id and one.doing in _LOADING for one in database.requests
        )
        self._subjects = {f"computer {name}" for name in self._computers}
        self._subjects |= {f"image {name}" for name in self._images}
        for one in computers:
            self._subjects |= {
                f"MAC address {mac.lower()}" for mac in (one.eth0_mac, one.eth1_mac) if mac
            }

    def cut(self, diagnosis: Diagnosis) -> Diagnosis:
        mine = self._reservations
        return replace(
            diagnosis,
            findings=tuple(one for one in diagnosis.findings if self._concerns(one)),
            timelines=tuple(one for one in diagnosis.timelines if one.reservation in mine),
            serving=tuple(one for one in diagnosis.serving if one.reservation in mine),
            semaphores=tuple(one for one in diagnosis.semaphores if self._is_held_against(one)),
        )

    def _is_held_against(self, life: SemaphoreLife) -> bool:
        row = life.semaphore
        is_own = row.reservation_id in self._reservations or row.image in self._images
        return is_own or bool(self._reservations & set(life.waiting))

    def _concerns(self, finding: Finding) -> bool:
        target = finding.target
        if finding.reservation in self._reservations or finding.subject in self._subjects:
            return True
        if target.semaphore is not None:
            return target.semaphore.image in self._images
        if finding.reservation is not None:
            return False
        if finding.number == _MANAGEMENT_NODE:
            return target.management_node_id in self._nodes
        if finding.number == _STORAGE or (finding.number in _FAIL_LOADS and self._loads):
            return finding.host in self._hosts
        return finding.computer in self._computers or target.image in self._images
