"""Puts what an unfinished base capture left out of the way, by renaming."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from vcltui.disks.openfiles import require_not_open
from vcltui.disks.publish import aside_path
from vcltui.errors import NotFoundError, RefusedError, VcltuiError
from vcltui.models.basecapture import CaptureState
from vcltui.operations.step import Step, StepContext
from vcltui.operations.undo import RenameBack
from vcltui.provisioning.capture_steps import files_of
from vcltui.provisioning.context import Context
from vcltui.provisioning.disk_users import disk_users
from vcltui.vcldb import revisions

StillFailed = Callable[[], CaptureState]
"""Tells of the capture now; raises RefusedError unless it failed and may be set aside."""


def set_aside_steps(
    context: Context, image_name: str, still_failed: StillFailed
) -> tuple[Step, ...]:
    """A step that renames what files an unfinished image left; empty where there are none.

    Raises what `still_failed` raises; RefusedError where the image is live or one of its files is
    in use: a domain of any host has it, a disk stands on it, a program writes it, or a host that
    may use it can't be asked. All is asked again right before each file is renamed.
    """
    left = files_of(context, image_name)
    if not left:
        return ()
    now = datetime.now(UTC)
    aside = {path: aside_path(path, now) for path in left}
    for path in left:
        _may_be_renamed(context, image_name, path, still_failed)

    def rename(step: StepContext) -> str:
        for path, target in aside.items():
            found = _may_be_renamed(context, image_name, path, still_failed)
            _rename(context, step, path, target, found)
        return f"kept as {', '.join(aside.values())}"

    return (
        Step(
            name="set-aside",
            title=f"Set aside what an earlier capture of {image_name} left",
            run=rename,
            calls=tuple(f"rename {path} {target}" for path, target in aside.items()),
        ),
    )


def _rename(
    context: Context, step: StepContext, path: str, target: str, found: CaptureState
) -> None:
    node = context.session.node
    there = node.stat(path)
    if there is None:
        raise NotFoundError(f"{path} has vanished from {node.name}", "Try it again")
    step.will(
        RenameBack(
            host=context.vmhost.name,
            path=path,
            aside=target,
            inode=there.inode,
            request_id=found.request_id,
            state=found.state,
        )
    )
    node.rename_no_replace(path, target)


def _may_be_renamed(
    context: Context, image_name: str, path: str, still_failed: StillFailed
) -> CaptureState:
    """The capture that left the file. Raises RefusedError where it has to stay where it is."""
    found = still_failed()
    if found.is_live or revisions.is_live(context.inventory, image_name):
        raise RefusedError(
            f"The image {image_name} of request {found.request_id} is whole and in the inventory, "
            f"so {path} was kept",
            "End the request in VCL; `vcltui image delete` deletes an image",
        )
    if not path.endswith(".xml"):  # a text, on which nothing stands
        _check_unused(context, path)
    require_not_open(context.session.node, path)
    return found


def _check_unused(context: Context, path: str) -> None:
    try:
        users = disk_users(context.session, context.other_hosts, path)
    except VcltuiError as error:
        raise RefusedError(
            f"{path} was left by a capture that did not end, and was kept, because {error.what}",
            error.hint,
        ) from error
    if users:
        raise RefusedError(
            f"{path} was left by a capture that did not end, and is in use by {', '.join(users)}",
            "Find out whose it is; it was kept",
        )
