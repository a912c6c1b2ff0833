"""What the VM hosts tell: domains, networks, files, processes. Each part fails alone."""

from __future__ import annotations

import re
import time
from collections.abc import Collection

from vcltui.disks.check import check_disk
from vcltui.disks.stored import StoredDisk, list_disks
from vcltui.doctor.facts import (
    DomainFacts,
    FileFacts,
    FolderFacts,
    HostFacts,
    LibvirtFacts,
    Process,
    SpaceFacts,
)
from vcltui.doctor.parts import part
from vcltui.domxml.parse import parse_domain
from vcltui.errors import DomainXMLError, NodeUnreachableError, NotFoundError, VcltuiError
from vcltui.hypervisor import domains, networks
from vcltui.hypervisor.connection import Connection
from vcltui.models.domain import Domain, PowerState
from vcltui.models.host import VMProfile
from vcltui.nodes.base import FileStat, Node
from vcltui.provisioning.session import HostSession

PS = ("ps", "-e", "-ww", "-o", "pid=,args=")
"""Lists all processes with their whole command lines."""

_PROCESS = re.compile(r"\s*(\d+)\s+(.*)")
_VERSION = re.compile(r"version (\d+(?:\.\d+)+)")


def gather_host(session: HostSession, check_images: Collection[str]) -> HostFacts:
    """Everything about one host; the masters of `check_images` are checked as well.

    Blocks; raises nothing: what could not be asked is Unknown.
    """
    name = session.name
    return HostFacts(
        name=name,
        profile=session.vmhost.profile,
        libvirt=part(lambda: _libvirt(session.connection), f"the domains of {name}"),
        folders=part(lambda: _folders(session, check_images), f"the folders of {name}"),
        processes=part(lambda: _disk_processes(session.node), f"the processes of {name}"),
        qemu_img=part(lambda: _qemu_img(session.node), f"qemu-img on {name}"),
    )


def read_processes(node: Node) -> list[Process]:
    """Every process on a node. Raises NodeUnreachableError, CommandError."""
    lines = node.run(PS).stdout.splitlines()
    matches = (_PROCESS.match(line) for line in lines)
    return [Process(int(match[1]), match[2]) for match in matches if match]


def _disk_processes(node: Node) -> tuple[Process, ...]:
    return tuple(one for one in read_processes(node) if "qemu" in one.arguments)


def _qemu_img(node: Node) -> tuple[int, ...]:
    told = _VERSION.search(node.run(("qemu-img", "--version")).stdout)
    return tuple(int(part) for part in told[1].split(".")) if told else ()


# --- libvirt ---


def _libvirt(connection: Connection) -> LibvirtFacts:
    listed = domains.list_domains(connection)
    found = [one for one in (_domain(connection, row) for row in listed) if one is not None]
    macs = {mac for domain in found for mac in domain.macs}
    return LibvirtFacts(
        domains=tuple(found),
        networks=tuple(networks.list_networks(connection)),
        interfaces=tuple(networks.list_interfaces(connection)),
        leases=domains.dhcp_addresses(connection, macs) if macs else {},
    )


def _domain(connection: Connection, row: Domain) -> DomainFacts | None:
    """A domain's facts; None for one that went since it was listed."""
    try:
        definition = parse_domain(domains.domain_xml(connection, row.uuid))
        frozen = row.power is PowerState.SUSPENDED
        disk_error = domains.error_reason(connection, row.uuid) if frozen else ""
    except NotFoundError:
        return None
    except DomainXMLError:
        # It is there, whatever its definition: without its disks it would seem to use none.
        raise
    facts = definition.facts
    return DomainFacts(
        host=row.host,
        name=row.name,
        uuid=row.uuid,
        power=row.power,
        reason=row.reason,
        disks=tuple(disk.source for disk in definition.disks if disk.source),
        first_disk=next((one.source for one in definition.disks if one.device == "disk"), None),
        macs=tuple(nic.mac for nic in definition.interfaces if nic.mac),
        image=facts.image_name if facts else None,
        revision_id=(facts.image_revision_id or None) if facts else None,
        disk_error=disk_error,
    )


# --- files ---


def _folders(session: HostSession, check_images: Collection[str]) -> FolderFacts:
    profile = session.profile
    look = _Look(session.node, check_images)
    datastore = look.folder(profile.datastore)
    own = profile.copy_on_write_directory
    return FolderFacts(
        datastore=datastore,
        overlays=datastore if own == profile.datastore else look.folder(own),
        repository=look.repository(profile.repository) if profile.repository else None,
        definitions=look.definitions(session.vmhost.xml_directory),
        spaces=_spaces(session.node, profile),
    )


def _spaces(node: Node, profile: VMProfile) -> tuple[SpaceFacts, ...]:
    folders = dict.fromkeys(
        folder
        for folder in (profile.datastore, profile.copy_on_write_directory, profile.repository)
        if folder
    )
    found = ((folder, node.space(folder)) for folder in folders)
    return tuple(SpaceFacts(path, one.free_bytes, one.total_bytes) for path, one in found)


class _Look:
    """Looks through the folders of one host."""

    def __init__(self, node: Node, check_images: Collection[str]) -> None:
        self._node, self._check = node, check_images
        self._now = time.time() if node.is_local else float(node.run(("date", "+%s")).stdout)
        self._there: dict[str, bool | None] = {}

    def folder(self, path: str) -> tuple[FileFacts, ...]:
        """The files directly in a folder. Raises NotFoundError where it is missing."""
        disks = {disk.path: disk for disk in list_disks(self._node, path)}
        return tuple(
            self._file(one, disks.get(one.path))
            for one in self._node.list_directory(path)
            if one.is_file
        )

    def repository(self, path: str) -> tuple[FileFacts, ...]:
        """The files in a repository and in the folders of its images."""
        found = list(self.folder(path))
        for entry in self._node.list_directory(path):
            if entry.is_directory and not entry.name.startswith("."):
                found += self.folder(entry.path)
        return tuple(found)

    def definitions(self, path: str) -> tuple[FileFacts, ...]:
        """The XML files in the folder where loads write them; none where it is not there."""
        try:
            entries = self._node.list_directory(path)
        except NotFoundError:
            return ()
        return tuple(
            self._file(one, None) for one in entries if one.is_file and one.name.endswith(".xml")
        )

    def _file(self, stat: FileStat, disk: StoredDisk | None) -> FileFacts:
        is_disk = disk is not None and ".partial-" not in stat.name
        backing = disk.backing_file if disk else None
        return FileFacts(
            path=stat.path,
            size_bytes=stat.size_bytes,
            disk_size_bytes=stat.disk_size_bytes,
            age_seconds=max(self._now - stat.mtime, 0.0),
            is_disk=is_disk,
            virtual_size_bytes=disk.virtual_size_bytes if disk else 0,
            backing=backing,
            backing_exists=self._exists(backing) if backing else None,
            problem=disk.problem if disk else None,
            whole=self._whole(stat, disk) if disk and is_disk else None,
            inode=stat.inode,
        )

    def _exists(self, path: str) -> bool | None:
        if path not in self._there:
            try:
                self._there[path] = self._node.stat(path) is not None
            except NodeUnreachableError:
                raise
            except VcltuiError:
                self._there[path] = None
        return self._there[path]

    def _whole(self, stat: FileStat, disk: StoredDisk) -> bool | None:
        if stat.name.rpartition(".")[0] not in self._check or disk.problem:
            return None
        try:
            return check_disk(self._node, disk.path, in_use=True).consistent
        except NodeUnreachableError:
            raise
        except VcltuiError:
            return None
