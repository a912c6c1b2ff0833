"""The images on a host: masters in its datastore and what its repository holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vcltui.disks.datastore import is_copy_on_write_name
from vcltui.disks.formats import format_of
from vcltui.disks.identities import Identities, Identity
from vcltui.disks.info import virtual_size_bytes
from vcltui.disks.publish import is_temporary
from vcltui.disks.remembered import Folder, Remembered
from vcltui.disks.repository import IMAGE_SUFFIXES, directory, select_image_files
from vcltui.disks.stored import StoredDisk, list_disks
from vcltui.disks.vmdk import part_stem
from vcltui.errors import DiskError, RefusedError
from vcltui.models.host import VMProfile
from vcltui.nodes.base import FileStat, Node


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image's file on a host. `location` is datastore or repository.

    `path` is the first file of a split image; its sizes are those of all parts. `used_by` are the
    disk files on the host that stand on a master. `problem` says what is wrong with the image.
    """

    name: str
    location: str
    path: str
    format: str
    virtual_size_bytes: int
    disk_size_bytes: int
    used_by: tuple[str, ...] = ()
    problem: str | None = None


_remembered: Remembered[StoredImage] = Remembered()


def list_images(node: Node, profile: VMProfile) -> list[StoredImage]:
    """The masters in the datastore, then the images in the repository, each by name.

    Raises NotFoundError where a folder of the profile is missing.
    """
    repository = list_repository_images(node, profile) if profile.repository else []
    return [*list_masters(node, profile), *repository]


def list_masters(node: Node, profile: VMProfile) -> list[StoredImage]:
    """The masters in the datastore with the disks that stand on each.

    A domain's own disk is no image: a file named so, or one that stands on another, where
    nothing stands on it. Raises NotFoundError where a folder of the profile is missing.
    """
    datastore = profile.datastore.rstrip("/")
    own = profile.copy_on_write_directory.rstrip("/")
    masters = list_disks(node, datastore)
    shared = node.real_path(own) == node.real_path(datastore)
    disks = masters if shared else [*masters, *list_disks(node, own)]
    users = _users(node, disks)
    found: list[StoredImage] = []
    for disk in masters:
        used_by = users.get(disk.identity, ())
        is_top = disk.backing_file is not None and not used_by
        if shared and (is_top or is_copy_on_write_name(disk.path)):
            continue
        found.append(
            StoredImage(
                name=PurePosixPath(disk.path).stem,
                location="datastore",
                path=disk.path,
                format=disk.file_format,
                virtual_size_bytes=disk.virtual_size_bytes,
                disk_size_bytes=disk.disk_size_bytes,
                used_by=used_by,
                problem=disk.problem,
            )
        )
    return found


def list_repository_images(node: Node, profile: VMProfile) -> list[StoredImage]:
    """The images in the repository, those in a folder of their own before flat ones.

    An image whose files did not change since it was listed before is not read again.

    Raises NotFoundError where the repository is missing, ConfigError where there is none.
    """
    root = directory(profile)
    entries = node.list_directory(root)
    known = _remembered.folder(node, root)
    found: dict[str, StoredImage] = {}
    for entry in entries:
        if entry.is_directory and not entry.name.startswith("."):
            files = _by_image(node.list_directory(entry.path)).get(entry.name, [])
            image = _repository_image(node, known, files, entry.name)
            if image is not None:
                found[entry.name] = image
    for name, files in _by_image(entries).items():
        if name not in found:
            image = _repository_image(node, known, files, name)
            if image is not None:
                found[name] = image
    return [found[name] for name in sorted(found)]


def _by_image(entries: Sequence[FileStat]) -> dict[str, list[FileStat]]:
    """The disk files of a folder, by the image that each belongs to."""
    found: dict[str, list[FileStat]] = {}
    for entry in entries:
        path = PurePosixPath(entry.name)
        if entry.is_file and not is_temporary(entry.name) and path.suffix in IMAGE_SUFFIXES:
            found.setdefault(part_stem(entry.name) or path.stem, []).append(entry)
    return found


def _repository_image(
    node: Node, folder: Folder[StoredImage], files: Sequence[FileStat], name: str
) -> StoredImage | None:
    """An image by its files in one folder; they are read where they are others than before."""
    image = folder.recall(name, files) or _read_image(node, files, name)
    if image is not None and image.problem is None:
        folder.keep(name, files, image)
    return image


def _read_image(node: Node, files: Sequence[FileStat], name: str) -> StoredImage | None:
    try:
        paths = select_image_files(node, files, name)
    except (DiskError, RefusedError) as error:
        suffix = PurePosixPath(files[0].path).suffix[1:]
        used = files[0].disk_size_bytes
        return StoredImage(name, "repository", files[0].path, suffix, 0, used, problem=error.what)
    if not paths:
        return None
    used = sum(entry.disk_size_bytes for entry in files if entry.path in paths)
    file_format, size, problem = PurePosixPath(paths[0]).suffix[1:], 0, None
    try:
        file_format = format_of(node, paths[0])
        size = sum(virtual_size_bytes(node, path, file_format=file_format) for path in paths)
    except (DiskError, RefusedError) as error:
        problem = error.what
    shown = "vmdk" if part_stem(PurePosixPath(paths[0]).name) else file_format
    return StoredImage(name, "repository", paths[0], shown, size, used, problem=problem)


def _users(node: Node, disks: Sequence[StoredDisk]) -> dict[Identity, tuple[str, ...]]:
    """For each disk, by its identity, the listed disks whose chain leads to it."""
    identities = Identities(node, disks)
    backing: dict[Identity, Identity] = {
        disk.identity: identities.of(disk.backing_file)
        for disk in disks
        if disk.backing_file is not None
    }
    users: dict[Identity, set[str]] = {}
    for disk in disks:
        seen: set[Identity] = set()
        current = backing.get(disk.identity)
        while current is not None and current not in seen:
            seen.add(current)
            users.setdefault(current, set()).add(disk.path)
            current = backing.get(current)
    return {found: tuple(sorted(paths)) for found, paths in users.items()}
