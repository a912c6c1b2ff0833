"""The facts sorted by what rules look them up by: of thousands none is searched for again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from vcltui.doctor.facts import (
    DomainFacts,
    Facts,
    FileFacts,
    FolderFacts,
    HostFacts,
    LibvirtFacts,
    NodeFacts,
    Unknown,
    VcldProcess,
)
from vcltui.doctor.vcldlog import LogBlock
from vcltui.models.names import domain_belongs_to, is_image_file

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
_OWNER = re.compile(r"[^:_]*")
# vcld's children are `vcld '|...|' computer>host image user`.
_NAMED = re.compile(r" ([^ >]+)>")


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> Mapping[Key, list[Item]]:
    """Items by a key, in their order."""
    found: dict[Key, list[Item]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return dict(found)


class Domains:
    """The domains of every host that told, by the computer whose name theirs begins with."""

    def __init__(self, hosts: Mapping[str, HostFacts]) -> None:
        self.all: tuple[DomainFacts, ...] = tuple(
            domain
            for _, host in sorted(hosts.items())
            if isinstance(host.libvirt, LibvirtFacts)
            for domain in host.libvirt.domains
        )
        self._by_owner = grouped(self.all, lambda one: first_part(one.name))

    def of(self, computer_name: str) -> list[DomainFacts]:
        """Those made for a computer."""
        # A computer of an odd name, vm1_b, shares the first part of its domains' names with vm1.
        candidates = self._by_owner.get(first_part(computer_name), [])
        return [one for one in candidates if domain_belongs_to(one.name, computer_name)]


def first_part(name: str) -> str:
    """The part of a name that a computer's name without underscore and colon would be."""
    match = _OWNER.match(name)
    return match[0] if match else name


class Files:
    """Files by the name without its extension, which is the image's or the load's."""

    def __init__(self, files: Iterable[FileFacts]) -> None:
        self._by_stem = grouped(files, lambda one: one.name.rpartition(".")[0])

    def stem(self, stem: str) -> list[FileFacts]:
        """`<stem>.<anything>`."""
        return self._by_stem.get(stem, [])

    def image(self, image: str) -> list[FileFacts]:
        """An image's files by its exact name: not its XML, and never a later revision's."""
        return [one for one in self.stem(image) if is_image_file(one.name, image)]


class Folders:
    """The files of hosts' folders by their names, sorted when a host is first asked about."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Files, Files, Files]] = {}

    def of_image(self, folders: FolderFacts, image: str) -> list[FileFacts]:
        """An image's files in datastore and repository, by its exact name (never a glob)."""
        datastore, repository, _ = self._sorted(folders)
        return [*datastore.image(image), *repository.image(image)]

    def in_datastore(self, folders: FolderFacts, image: str) -> list[FileFacts]:
        """Those of an image in the datastore alone."""
        return self._sorted(folders)[0].image(image)

    def in_repository(self, folders: FolderFacts, image: str) -> list[FileFacts]:
        """Those of an image in the repository alone."""
        return self._sorted(folders)[1].image(image)

    def of_load(self, folders: FolderFacts, stem: str) -> list[FileFacts]:
        """The disks that a load makes under this name without its extension."""
        return self._sorted(folders)[2].stem(stem)

    def _sorted(self, folders: FolderFacts) -> tuple[Files, Files, Files]:
        # The facts live as long as the view on them, so that an id is one folder's alone.
        if id(folders) not in self._known:
            parts = (folders.datastore, folders.repository or (), folders.overlays)
            datastore, repository, overlays = map(Files, parts)
            self._known[id(folders)] = (datastore, repository, overlays)
        return self._known[id(folders)]


class Nodes:
    """What runs on the management nodes and what their logs say, by reservation."""

    def __init__(self, facts: Facts) -> None:
        self._nodes, self._logs = facts.nodes, facts.logs
        self.named = frozenset(
            name
            for node in facts.nodes.values()
            if isinstance(node, NodeFacts)
            for child in node.children
            for name in _NAMED.findall(child.arguments)
        )
        self._children: dict[int, dict[int, VcldProcess]] = {}
        self._blocks: dict[int, Mapping[int, list[LogBlock]]] = {}

    def running(self, node_id: int) -> NodeFacts | Unknown:
        """What runs on a management node."""
        return self._nodes.get(node_id, Unknown("the management node was not asked"))

    def child(self, node_id: int, reservation_id: int) -> VcldProcess | Unknown | None:
        """The child of vcld that works on a reservation; None: there is certainly none."""
        node = self.running(node_id)
        if isinstance(node, Unknown):
            return node
        if node_id not in self._children:
            # Of several the first counts, as it did when they were searched one by one.
            self._children[node_id] = {one.reservation_id: one for one in reversed(node.children)}
        return self._children[node_id].get(reservation_id)

    def log(self, node_id: int) -> Sequence[LogBlock] | Unknown:
        """The end of vcld.log on a management node."""
        return self._logs.get(node_id, Unknown("vcld.log was not read"))

    def log_of(self, node_id: int, reservation_id: int) -> list[LogBlock] | Unknown:
        """What it says of a reservation, the oldest first."""
        log = self.log(node_id)
        if isinstance(log, Unknown):
            return log
        if node_id not in self._blocks:
            self._blocks[node_id] = grouped(log, lambda one: one.reservation_id)
        return self._blocks[node_id].get(reservation_id, [])


class Users:
    """What stands on a file or uses it, on one host that told both its domains and its folders."""

    def __init__(self, host: HostFacts) -> None:
        self._by_path: dict[str, set[str]] = defaultdict(set)
        if isinstance(host.folders, FolderFacts):
            for file in (*host.folders.overlays, *host.folders.datastore):
                if file.backing is not None:
                    self._by_path[file.backing].add(file.path)
        if isinstance(host.libvirt, LibvirtFacts):
            for domain in host.libvirt.domains:
                for path in domain.disks:
                    self._by_path[path].add(f"domain {domain.name} on {host.name}")

    def of(self, path: str) -> set[str]:
        """Disks by their paths, and domains."""
        return self._by_path.get(path, set())
