"""Finds where an image is: on which host, in which files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vcltui.cli.reporting import worst_exit_code
from vcltui.cli.text import say
from vcltui.errors import NotFoundError, RefusedError, UsageError, VcltuiError
from vcltui.models.names import check_name
from vcltui.provisioning.module import ProvisioningModule
from vcltui.provisioning.session import HostSession
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import images

Place = tuple[HostSession, str]


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One file, looked at by the first of `hosts`, all of which see it at `path`."""

    session: HostSession
    path: str
    hosts: tuple[str, ...]


def image_named(workspace: Workspace, image: str, host: str | None) -> str:
    """The exact name of the image that is meant: `load` takes its pretty name, too.

    A name that the inventory does not know, and one that files on `host` or on any host have,
    stays what it is. Raises RefusedError for a name that several images have, InventoryError.
    """
    if workspace.database is None:
        return image
    try:
        found = images.get_revision(workspace.database, image).name
    except NotFoundError:
        return image
    return image if found != image and _has_files(workspace, image, host) else found


def _has_files(workspace: Workspace, image: str, host: str | None) -> bool:
    """Whether there are files of exactly this name on any host that answers, or on `host`."""
    try:
        check_name("image", image)
    except UsageError:
        return False
    targets = Targets(workspace)
    if host is not None:
        return bool(targets.host(host).does_image_exist(image))
    answers = workspace.each_host(
        lambda session: bool(targets.host(session.name).does_image_exist(image))
    )
    return True in answers.values()


def distinct(places: Iterable[Place]) -> list[ImageFile]:
    """Each file once that several hosts share, in the order of `places`. Raises NodeError."""
    found: dict[tuple[object, ...], ImageFile] = {}
    for session, path in places:
        stat = session.node.stat(path)
        # Of a shared folder each machine has a device number of its own.
        key = (path, stat.inode, stat.size_bytes, stat.mtime) if stat else (path, session.name)
        known = found.get(key, ImageFile(session, path, ()))
        found[key] = replace(known, hosts=(*known.hosts, session.name))
    return list(found.values())


def files_on_hosts(workspace: Workspace, image: str, host: str | None) -> tuple[list[Place], int]:
    """The files of an image on `host` or on every host; a path is a file on the one host.

    The image goes by any name that `image_named` knows. Hosts that can't be asked are told on
    stderr, and by the exit code that is returned. Raises NotFoundError, RefusedError for a path
    where there are several hosts.
    """
    targets = Targets(workspace)
    if image.startswith("/"):
        return [(host_module(targets, host).context.session, image)], 0
    image = image_named(workspace, image, host)
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
    for answer in answers.values():
        if isinstance(answer, VcltuiError):
            say(str(answer))
        else:
            places += answer
    if not places:
        raise _not_found(image, "any host that answers")
    return places, worst_exit_code(answers.values())


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
