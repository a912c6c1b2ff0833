"""Plans an operation under the lock of what it changes, and runs it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from vcltui.operations import runner
from vcltui.operations.step import Operation
from vcltui.provisioning.context import Context
from vcltui.provisioning.undo import Undoer

Planner = Callable[[Context], Operation]


def lock_path(context: Context, name: str) -> str:
    """Path on the node of the lock that lets one change at a time onto `name`.

    Names of domains may hold anything, so what is not plain becomes part of a digest.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:100]
    if plain != name:
        plain = f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return f"{context.vmhost.xml_directory}/locks/{plain}.lock"


def execute(context: Context, lock_name: str, planner: Planner) -> Operation:
    """Plan and run an operation while the lock `lock_name` is held on the node.

    The plan is made under the lock, so it describes what is there when it runs. Returns the
    operation that was run. Raises RefusedError in read-only mode, LockedError while another
    operation holds the lock, and whatever planning and running raise; see `runner.run`.
    """
    context.session.check_writable()
    path = lock_path(context, lock_name)
    with context.session.node.lock(path, context.lock_timeout_seconds, context.cancel):
        operation = planner(context)
        undoer = Undoer(context.session, context.database)
        runner.run(operation, undoer, context.observer, context.cancel)
        return operation
