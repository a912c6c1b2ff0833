"""The remedy of files: L, put aside. Nothing is ever deleted by it."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.disks.publish import aside_path
from vcltui.doctor.findings import Finding
from vcltui.doctor.gather_hosts import read_processes
from vcltui.doctor.remedies.computers import require_unused
from vcltui.doctor.remedies.context import RemedyContext, remedy_operation
from vcltui.errors import ConflictError, RefusedError, VcltuiError
from vcltui.nodes.base import Node
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import diagnosis as diagnosis_rows
from vcltui.vcldb.remedies import requests as request_remedies

_GLOB = str.maketrans({char: f"\\{char}" for char in "\\*?[]"})


def plan_put_aside(context: RemedyContext, finding: Finding) -> Operation:
    """L: rename files to `<file>.partial-<UTC>` in their folder.

    Refused for a file that is open, stood on or used on any host, that a lock is held for, or
    that lies outside the folders of its host's profile.
    """
    paths = finding.target.paths
    if not paths:
        raise RefusedError(f"{finding.subject} has no file to put aside", "Nothing was done")
    session = context.host(finding)
    steps = [_step(context, session, finding, path, aside_path(path, context.at)) for path in paths]
    return remedy_operation(finding, "L", steps)


def _step(
    context: RemedyContext, session: HostSession, finding: Finding, path: str, aside: str
) -> Step:
    require_free(context, session, finding, path)

    def rename(_step: StepContext) -> str:
        require_free(context, session, finding, path)
        session.node.rename_no_replace(path, aside)
        session.node.flush(aside)
        return f"kept as {aside}"

    return Step(
        name="put-aside", title=f"Put {path} aside", run=rename, calls=(f"rename {path} {aside}",)
    )


def require_free(context: RemedyContext, session: HostSession, finding: Finding, path: str) -> None:
    """Raise RefusedError unless certainly nobody uses a file; ConflictError where it is gone."""
    node = session.node
    stat = node.stat(path)
    if stat is None or not stat.is_file:
        raise ConflictError(
            f"{path} on {session.name} is gone, and nothing was renamed", "Look at it again"
        )
    _require_inside(session, path)
    image = finding.target.image or stat.name.rpartition(".")[0]
    _require_no_lock(context, image)
    require_unused(context, session, path)
    for other in context.sessions():
        if other.vmhost.profile is None:
            continue
        try:
            users = open_by(other.node, path)
        except VcltuiError as error:
            raise RefusedError(
                f"Whether {path} is open on {other.name} can't be told ({error.what}), so nothing "
                "was renamed",
                "Try again when that host answers",
            ) from error
        if users:
            raise RefusedError(
                f"{path} is open on {other.name} by {', '.join(users)}", "Wait for that to end"
            )


def _require_inside(session: HostSession, path: str) -> None:
    node, profile = session.node, session.profile
    folders = [
        folder
        for folder in (
            profile.datastore,
            profile.copy_on_write_directory,
            profile.repository,
            session.vmhost.xml_directory,
        )
        if folder
    ]
    real = node.real_path(path)
    if not any(real.startswith(f"{node.real_path(folder).rstrip('/')}/") for folder in folders):
        raise RefusedError(
            f"{path} is not in a folder of {session.name}'s profile", "Nothing was renamed"
        )


def _require_no_lock(context: RemedyContext, image: str) -> None:
    """Raise RefusedError while a lock on the image is held by a process that may be alive."""
    held = request_remedies.locks_on(context.database, image)
    if not held:
        return
    rows = {row.id: row for row in diagnosis_rows.read_facts(context.database).reservations}
    for lock in held:
        row = rows.get(lock.reservation_id)
        if row is not None:
            context.require_dead(lock, row.management_node_id)


def open_by(node: Node, path: str) -> list[str]:
    """The processes on a node that have a file open, or name it on their command lines.

    Files that other users' processes have open are seen by root alone; QEMU's own programs name
    theirs. Raises NodeUnreachableError, CommandError.
    """
    found = [
        f"process {one.pid}"
        for one in read_processes(node)
        if "qemu" in one.arguments and path in one.arguments
    ]
    return found + [f"process {pid}" for pid in _descriptors(node, path)]


def _descriptors(node: Node, path: str) -> Sequence[str]:
    # find ends with 1 for every process that ended meanwhile or is another user's.
    result = node.run(
        (
            "find", "/proc", "-mindepth", "3", "-maxdepth", "3", "-path", "/proc/[0-9]*/fd/*",
            "-lname", node.real_path(path).translate(_GLOB), "-print",
        ),
        check=False,
    )  # fmt: skip
    pids = {line.split("/")[2] for line in result.stdout.splitlines() if line.startswith("/proc/")}
    return sorted(pids, key=int)
