"""Finds where an image is: on which host, in which files."""

from __future__ import annotations

from vcltui.cli.text import say
from vcltui.errors import NotFoundError, RefusedError, VcltuiError
from vcltui.models.names import check_name
from vcltui.provisioning.module import ProvisioningModule
from vcltui.provisioning.session import HostSession
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace

Place = tuple[HostSession, str]


def files_on_hosts(workspace: Workspace, image: str, host: str | None) -> tuple[list[Place], int]:
    """The files of an image on `host` or on every host; a path is a file on the one host.

    Hosts that can't be asked are told on stderr, and make the exit code that is returned 1.
    Raises NotFoundError, RefusedError for a path where there are several hosts.
    """
    targets = Targets(workspace)
    if image.startswith("/"):
        return [(host_module(targets, host).context.session, image)], 0
    check_name("image", image)
    if host is None and len(workspace.hosts()) == 1:
        (host,) = workspace.hosts()
    if host is not None:
        module = targets.host(host)
        found = [(module.context.session, path) for path in module.does_image_exist(image)]
        if not found:
            raise _not_found(image, f"host {host}")
        return found, 0
    answers = workspace.each_host(
        lambda session: [
            (session, path) for path in targets.host(session.name).does_image_exist(image)
        ]
    )
    places: list[Place] = []
    failed = 0
    for answer in answers.values():
        if isinstance(answer, VcltuiError):
            say(str(answer))
            failed = 1
        else:
            places += answer
    if not places:
        raise _not_found(image, "any host that answers")
    return places, failed


def module_with_image(
    workspace: Workspace, targets: Targets, image: str, host: str | None
) -> ProvisioningModule:
    """The module of `host`, or of the only host that has files of the image.

    Raises NotFoundError, RefusedError where several hosts have it.
    """
    if host is not None or len(workspace.hosts()) <= 1:
        return host_module(targets, host)
    places, _ = files_on_hosts(workspace, image, None)
    names = sorted({session.name for session, _ in places})
    if len(names) > 1:
        raise RefusedError(
            f"Image {image} is on several hosts: {', '.join(names)}", "Name one with --host"
        )
    return targets.host(names[0])


def host_module(targets: Targets, host: str | None) -> ProvisioningModule:
    """The module of `host`, or of the one host there is. Raises RefusedError for several."""
    return targets.only_host() if host is None else targets.host(host)


def _not_found(image: str, where: str) -> NotFoundError:
    return NotFoundError(
        f"There are no files of image {image!r} on {where}", "List the images with `vcltui images`"
    )
