"""What is found after a fault in an operation, after the next run, and after a second try."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.unit.faults.killing import sums
from tests.unit.faults.operations import BASE, Case, image
from tests.unit.provisioning.world import World
from vcltui.domxml.parse import parse_domain
from vcltui.errors import ConflictError, DiskError, NotFoundError, RefusedError
from vcltui.hypervisor import domains
from vcltui.models.guest import NodeState
from vcltui.models.names import domain_belongs_to
from vcltui.operations.runner import Outcome
from vcltui.runtime.journal.entry import KILLED, RECOVERED
from vcltui.runtime.recovery import recover

_DELETIONS = ("delete-master", "delete-last", "delete-stored")
DONE, FAILED = Outcome.DONE.value, Outcome.FAILED.value


@dataclass
class After:
    """Looks at a world in which an operation of `case` met a fault; `where` names that.

    `outcomes` are what the journal may tell of it.
    """

    case: Case
    world: World
    where: str
    outcomes: tuple[str, ...] = (KILLED, DONE)

    def look(self) -> None:
        """Check what is there, clean up as the next run does, check again, and try again."""
        before = json.loads((self.world.home / "before.json").read_text())
        entry = self.world.workspace.journal.entries()[0]
        assert entry.outcome in self.outcomes, (self.where, entry)
        assert entry.operation_id, self.where
        self._check(before)
        running = self._running()
        found = recover(self.world.workspace)
        assert [one.left for one in found] == [()] * len(found), (self.where, found)
        assert self.world.workspace.journal.unfinished() == [], self.where
        after = self.world.workspace.journal.entries()[0]
        assert after.outcome in (*self.outcomes, RECOVERED), (self.where, after)
        self._check(before)
        self._no_partial_files()
        if entry.outcome != RECOVERED and not entry.undo:
            assert running <= self._running(), self.where
        self._again(done=after.outcome == DONE)
        self._check(before)

    def _check(self, before: dict[str, str]) -> None:
        now = sums(self.world)
        for name, checksum in before.items():
            if name.startswith("vms/"):
                continue
            assert name not in now or now[name] == checksum, (self.where, name)
            assert name in now or self._may_go(name), (self.where, name)
        for name in now:
            if now[name] != before.get(name):
                self._is_whole(self.world.home / name)
        self._domains_have_their_disks()
        self._bystander_is_well()

    def _bystander_is_well(self) -> None:
        status = self.world.computer(self.world.second).node_status()
        assert status.state is NodeState.READY, (self.where, status)

    def _may_go(self, name: str) -> bool:
        """Whether the operation is there to delete a file of the datastore or the repository."""
        return self.case.name in _DELETIONS and image(self.world, BASE) not in name

    def _is_whole(self, path: Path) -> None:
        """What every disk here holds, from its beginning to its end."""
        if path.suffix != ".qcow2":
            return
        read = ["qemu-io", "-r", "-U", "-f", "qcow2", "-c", "read -q -P 7 4M 2M", str(path)]
        done = subprocess.run(read, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (self.where, path, done.stdout, done.stderr)
        assert "verification failed" not in done.stdout, (self.where, path)

    def _running(self) -> set[tuple[str, str]]:
        """Hosts and UUIDs of the computers' domains that are on."""
        computers = (self.world.first, self.world.second)
        return {
            (session.name, domain.uuid)
            for session in self.world.workspace.sessions()
            for domain in domains.list_domains(session.connection)
            if domain.power.is_active
            and any(domain_belongs_to(domain.name, computer) for computer in computers)
        }

    def _domains_have_their_disks(self) -> None:
        for host, uuid in self._running():
            connection = self.world.workspace.session(host).connection
            for disk in parse_domain(domains.domain_xml(connection, uuid)).disks:
                assert disk.source is not None
                assert Path(disk.source).exists(), (self.where, disk.source)

    def _no_partial_files(self) -> None:
        left = list(self.world.home.rglob(".*.part*"))
        assert left == [], self.where

    def _again(self, *, done: bool) -> None:
        """A second try ends well; what was done says so, or is done once more."""
        try:
            self.case.run(self.world)
        except (ConflictError, NotFoundError, RefusedError, DiskError):
            if not done and not self.case.done(self.world):
                self.case.prepare(self.world)
                self.case.run(self.world)
        assert self.world.workspace.journal.unfinished() == [], self.where
