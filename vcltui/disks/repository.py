"""Images in a repository: the specification's find_repository_image_file_paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from vcltui.disks.vmdk import (
    SECTOR_BYTES,
    has_embedded_descriptor,
    is_descriptor,
    is_sparse,
    order_parts,
    part_stem,
    read_descriptor,
)
from vcltui.errors import ConfigError, DiskError, RefusedError
from vcltui.models.host import VMProfile
from vcltui.models.names import check_name
from vcltui.nodes.base import FileStat, Node

IMAGE_SUFFIXES = frozenset({".qcow2", ".vmdk", ".raw", ".img", ".vdi", ".vhd", ".vhdx", ".vpc"})
"""What an image's file can end in: no VMX, text or XML file of the same name is one."""

_MAGIC_BYTES = 64


def directory(profile: VMProfile) -> str:
    """The repository's folder on the host. Raises ConfigError where the profile has none."""
    if not profile.repository:
        raise ConfigError(
            f"The VM profile {profile.name} has no repository", "Set its repository path"
        )
    return profile.repository.rstrip("/")


def image_path(profile: VMProfile, image_name: str) -> str:
    """Where a captured image is put: `<repository>/<image name>/<image name>.<type>`."""
    name = check_name("image", image_name)
    return f"{directory(profile)}/{name}/{name}.{profile.repository_image_type}"


def xml_path(profile: VMProfile, image_name: str) -> str:
    """Where the domain XML of a captured image is put, beside it."""
    name = check_name("image", image_name)
    return f"{directory(profile)}/{name}/{name}.xml"


def search_paths(profile: VMProfile, image_name: str) -> tuple[str, ...]:
    """Where an image may lie, with wildcards; the specification's method of that name.

    get_image_repository_search_paths. No pattern matches another image, such as `-v10` for `-v1`.
    """
    name = check_name("image", image_name)
    folders = (f"{directory(profile)}/{name}", directory(profile))
    return tuple(
        f"{folder}/{name}{tail}"
        for folder in folders
        for tail in (".*", "-flat.vmdk", "-[fs][0-9]*.vmdk")
    )


def find_image_files(node: Node, repository: str, image_name: str) -> tuple[str, ...]:
    """An image's files in reading order; empty where the repository does not have it.

    Found as `<repository>/<image name>/<image name>.*`, else as `<repository>/<image name>.*`.
    A split VMDK is its parts, without the descriptor. Raises NotFoundError where the repository is
    missing, RefusedError where it holds two different files that could be the image, DiskError
    where a part is missing.
    """
    name = check_name("image", image_name)
    root = repository.rstrip("/")
    entries = {entry.name: entry for entry in node.list_directory(root)}
    folder = entries.get(name)
    if folder is not None and folder.is_directory:
        found = select_image_files(node, node.list_directory(folder.path), name)
        if found:
            return found
    return select_image_files(node, list(entries.values()), name)


def belonging_files(node: Node, repository: str, image_name: str) -> tuple[str, ...]:
    """All disk files of an image that lie beside each other, whole or not: for its deletion.

    The parts of a split VMDK come first and its descriptor last: while that is there, a missing
    part is noticed. Raises NotFoundError where the repository is missing.
    """
    name = check_name("image", image_name)
    root = repository.rstrip("/")
    entries = {entry.name: entry for entry in node.list_directory(root)}
    folder = entries.get(name)
    places = [list(entries.values())]
    if folder is not None and folder.is_directory:
        places.insert(0, node.list_directory(folder.path))
    for place in places:
        files = [entry for entry in place if entry.is_file]
        parts = [entry.path for entry in _parts(node, files, name)]
        whole = [entry.path for entry in files if _is_whole(entry.name, name)]
        if parts or whole:
            return (*parts, *whole)
    return ()


def select_image_files(node: Node, entries: Sequence[FileStat], image_name: str) -> tuple[str, ...]:
    """The files among a folder's `entries` that are the image, in reading order.

    Raises as find_image_files.
    """
    files = [entry for entry in entries if entry.is_file]
    whole = [entry for entry in files if _is_whole(entry.name, image_name)]
    parts = _parts(node, files, image_name)
    descriptors = [entry for entry in whole if parts and _is_descriptor(node, entry)]
    rivals = [entry.path for entry in whole if entry not in descriptors]
    if len(rivals) > 1 or (rivals and parts):
        named = [*rivals, *(entry.path for entry in parts[:1])]
        raise RefusedError(
            f"The image {image_name} is twice in the repository on {node.name}: "
            f"{' and '.join(named)}",
            "Move away the one that is not right",
        )
    if not parts:
        return tuple(rivals)
    if descriptors:
        return _described_parts(node, descriptors[0].path, parts)
    return order_parts([entry.path for entry in parts])


def _is_whole(file_name: str, image_name: str) -> bool:
    path = PurePosixPath(file_name)
    return path.stem == image_name and path.suffix in IMAGE_SUFFIXES


def _is_descriptor(node: Node, entry: FileStat) -> bool:
    is_vmdk = entry.name.endswith(".vmdk")
    return is_vmdk and is_descriptor(node.read_bytes(entry.path, _MAGIC_BYTES))


def _parts(node: Node, files: Sequence[FileStat], image_name: str) -> list[FileStat]:
    """The parts of a split VMDK, without images that only have such a name."""
    named = [entry for entry in files if part_stem(entry.name) == image_name]
    return [entry for entry in named if not _is_disk_of_its_own(node, entry)]


def _is_disk_of_its_own(node: Node, entry: FileStat) -> bool:
    """Whether a file that is named as a part of another image is a whole disk."""
    if not is_sparse(node.read_bytes(entry.path, _MAGIC_BYTES)):
        return False
    try:
        return has_embedded_descriptor(node, entry.path)
    except DiskError:
        return True  # it stands on a parent disk, as no part does


def _described_parts(node: Node, descriptor: str, parts: Sequence[FileStat]) -> tuple[str, ...]:
    """The parts in their order, proven by the descriptor to be all there are."""
    ordered = order_parts([part.path for part in parts])
    found = {part.path: part for part in parts}
    extents = read_descriptor(node, descriptor)
    for extent in extents:
        if PurePosixPath(extent.name).name != extent.name:
            raise DiskError(
                f"{descriptor} on {node.name} names the part {extent.name!r}, which does not lie "
                "beside it",
                "Put all parts into one folder, and only their file names into the descriptor",
            )
    named = [PurePosixPath(descriptor).with_name(extent.name) for extent in extents]
    for part in named:
        if str(part) not in found:
            raise DiskError(
                f"{descriptor} on {node.name} names the part {part.name}, which is missing",
                "Copy the missing file there as well",
            )
    if [str(part) for part in named] != list(ordered):
        raise DiskError(
            f"{descriptor} on {node.name} does not name the parts that lie beside it in order",
            "Move away what does not belong to the image",
        )
    for extent, path in zip(extents, ordered, strict=True):
        whole = found[path].size_bytes == extent.sectors * SECTOR_BYTES
        if extent.kind != "SPARSE" and (extent.offset_sectors or not whole):
            raise DiskError(
                f"The part {path} on {node.name} is not as long as {descriptor} says",
                "Copy it again",
            )
    return ordered
