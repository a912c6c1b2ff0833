"""What the file functions of every node check and say alike."""

from __future__ import annotations

import secrets

from vcltui.errors import (
    CommandError,
    ConflictError,
    LockedError,
    NodeError,
    UsageError,
    VcltuiError,
)
from vcltui.models.reason import reason_of
from vcltui.nodes.base import CommandResult
from vcltui.nodes.process import is_argument

_MAX_STEM = 200


def check_path(path: str) -> str:
    """Return `path` if it is absolute, so that no program takes it for an option.

    Raises UsageError.
    """
    if not path.startswith("/") or not is_argument(path):
        raise UsageError(f"{path!r} is no absolute path", "Give the whole path, beginning with /")
    return path


def shown(text: str) -> str:
    """`text` as a message may hold it: quoted and escaped where it has unprintable characters."""
    return text if text.isprintable() else repr(text)


def parent_of(path: str) -> str:
    """The directory that `path` is in."""
    return path.rstrip("/").rpartition("/")[0] or "/"


def temporary_beside(path: str) -> str:
    """A fresh hidden name in the directory of `path`, to be renamed to it when whole."""
    stem = path.rstrip("/").rpartition("/")[2][:_MAX_STEM]
    return f"{parent_of(path).rstrip('/')}/.{stem}.{secrets.token_hex(8)}.tmp"


def target_exists(source: str, target: str, machine: str) -> ConflictError:
    """The error of a rename that would have replaced something."""
    return ConflictError(
        f"{shown(target)} exists already on {machine}, so {shown(source)} was not renamed to it",
        "Look whose file it is before moving it away",
    )


def strangers_folder(folder: str, machine: str) -> NodeError:
    """The error of a folder for locks that another user put into /tmp or the like."""
    return NodeError(
        f"{shown(folder)} on {machine} is a link or another user's, who could take our locks away",
        "Find out whose it is and remove it, or set another xml_directory for the host",
    )


def lock_held(path: str, machine: str, holder: str) -> LockedError:
    """The error of a lock that somebody else holds; `holder` is what they wrote into it."""
    known = "".join(char for char in holder if char.isprintable()).strip()
    by_whom = f" by {known}" if known else ""
    return LockedError(
        f"The lock {shown(path)} on {machine} is held{by_whom}",
        "Wait for the other operation to end",
    )


def check_result(result: CommandResult, machine: str) -> None:
    """Raise CommandError, which quotes the last line of standard error, unless status is 0."""
    if result.exit_status != 0:
        raise command_failed(result, machine)


def command_failed(result: CommandResult, machine: str) -> VcltuiError:
    """The error of a command that ended with another status than 0."""
    reason = reason_of(result.stderr, "it gave no reason")
    status = result.exit_status
    how = f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
    return CommandError(
        f"{shown(result.argv[0])} on {machine} {how}: {reason}",
        f"Run it by hand on {machine} to see more",
        exit_status=status,
        stderr=result.stderr,
    )
