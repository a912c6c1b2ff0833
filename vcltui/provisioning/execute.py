"""Plans an operation under the lock of what it changes, and runs it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

from vcltui.errors import ConflictError
from vcltui.models.host import VMHost
from vcltui.operations import runner
from vcltui.operations.step import Operation
from vcltui.provisioning import held
from vcltui.provisioning.context import Context
from vcltui.provisioning.load_log import with_load_log
from vcltui.provisioning.undo import Undoer

RESERVATION = "reservation"
"""The detail of an operation that names the reservation it was done for."""
Planner = Callable[[Context], Operation]


def lock_path(vmhost: VMHost, name: str) -> str:
    """Path on the node of the lock that lets one change at a time onto `name`.

    Names of domains may hold anything, so what is not plain becomes part of a digest.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:100]
    if plain != name:
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
        plain = f"{plain}-{digest[:12]}"
    return f"{vmhost.xml_directory}/locks/{plain}.lock"


def plan(context: Context, planner: Planner) -> Operation:
    """What an operation would do, for somebody to agree to, with whom it would disturb.

    Nothing is changed. Raises what planning raises.
    """
    operation = planner(context)
    warnings = (*operation.warnings, *held.warnings(context, operation))
    return replace(operation, warnings=warnings)


def execute(context: Context, lock_name: str, planner: Planner) -> Operation:
    """Plan and run an operation while the lock `lock_name` is held on the node.

    The plan is made under the lock, so it describes what is there when it runs. Returns the
    operation that was run. Raises RefusedError in read-only mode, LockedError while another
    operation holds the lock, ConflictError where more would be lost than was agreed to, and
    whatever planning and running raise; see `runner.run`.
    """
    context.session.check_writable()
    path = lock_path(context.vmhost, lock_name)
    with context.session.node.lock(path, context.lock_timeout_seconds, context.cancel):
        operation = _noted(planner(context), context, lock_name)
        _check_losses(operation, context)
        undoer = Undoer(context.session, context.database)
        runner.run(operation, undoer, with_load_log(context, operation), context.cancel)
        return operation


def _check_losses(operation: Operation, context: Context) -> None:
    """What is there may be another thing than what the operator saw and agreed to lose."""
    more = set() if context.may_lose is None else operation.loses - context.may_lose
    if more:
        raise ConflictError(
            f"{operation.title} would delete {', '.join(sorted(more))} as well, which was not "
            "there when that was asked",
            "Look at what is there now, and begin again",
        )


def _noted(operation: Operation, context: Context, lock_name: str) -> Operation:
    """The operation with what a later process must know to clean up after it.

    Its details stay the same object: steps add to them what they have made.
    """
    request = context.assignment.request if context.assignment is not None else None
    if request is not None:
        operation.details[RESERVATION] = str(request.reservation_id)
    return replace(operation, lock_name=lock_name)
