"""Who uses a disk file: disks that stand on it, and domains of every host that could have one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vcltui.disks.usage import DiskSearch
from vcltui.domxml.parse import disk_files
from vcltui.errors import (
    HostUnreachableError,
    NodeUnreachableError,
    NotFoundError,
    RefusedError,
    VcltuiError,
)
from vcltui.hypervisor import domains
from vcltui.hypervisor.volumes import volume_path
from vcltui.models.domain import Domain
from vcltui.models.host import VMProfile
from vcltui.nodes.base import FileStat
from vcltui.provisioning.session import HostSession

_SAME_SECONDS = 0.001


def disk_users(
    session: HostSession,
    others: Iterable[HostSession],
    path: str,
    *,
    but_domain: str | None = None,
    pass_over_silent: bool = False,
) -> tuple[str, ...]:
    """Everything that uses the disk file at `path`, in words; the disk itself is none.

    Disks in the hosts' folders that stand on it, and domains whose disks are it or stand on it,
    wherever those lie. Besides `session`'s host, those of `others` are asked that share a folder
    with it, tell of none, or have the same file in a folder of another name. `but_domain` is the
    UUID of a domain that is no user, with its disks.

    Raises RefusedError while a host that might use it can't be asked (`pass_over_silent`: such a
    host is passed over), or a disk that might stand on it can't be read.
    """
    users = set(_users_on(session, folders_of(session.vmhost.profile), path, but_domain))
    for other in others:
        try:
            there = _path_there(session, other, path)
            if there is not None:
                users.update(_users_on(other, _folders_there(session, other), there, but_domain))
        except (HostUnreachableError, NodeUnreachableError) as error:
            if not pass_over_silent:
                raise _can_not_be_asked(other, error) from error
        except VcltuiError as error:
            raise _can_not_be_asked(other, error) from error
    return tuple(sorted(users))


def _can_not_be_asked(other: HostSession, error: VcltuiError) -> RefusedError:
    return RefusedError(
        f"host {other.name} may use it and can't be asked: {error.what}",
        "Try again when that host answers",
    )


def folders_of(profile: VMProfile | None) -> tuple[str, ...]:
    """The folders in which disks of a host with this profile may stand on one another."""
    if profile is None:
        return ()
    folders = (profile.datastore, profile.copy_on_write_directory, profile.repository)
    return tuple(dict.fromkeys(folder.rstrip("/") for folder in folders if folder))


def shares_folders(one: VMProfile | None, other: VMProfile | None) -> bool:
    """Whether hosts with these profiles may share a folder, by its name; one without may."""
    theirs = folders_of(other)
    return not theirs or bool(set(theirs) & set(folders_of(one)))


def _path_there(session: HostSession, other: HostSession, path: str) -> str | None:
    """The path of a file on another host; None where that has it not.

    A folder that both have may be mounted elsewhere there: then the file is the same that has the
    same name, number, size and time.
    """
    if shares_folders(session.vmhost.profile, other.vmhost.profile):
        return path
    here = session.node.stat(path)
    for folder in folders_of(other.vmhost.profile):
        candidate = f"{folder}/{path.rsplit('/', 1)[-1]}"
        there = other.node.stat(candidate)
        if here is not None and there is not None and _are_one(here, there):
            return candidate
    return None


def _are_one(here: FileStat, there: FileStat) -> bool:
    same = (here.inode, here.size_bytes) == (there.inode, there.size_bytes)
    return same and abs(here.mtime - there.mtime) < _SAME_SECONDS


def _folders_there(session: HostSession, other: HostSession) -> tuple[str, ...]:
    """The folders to search on another host: its own, else those of ours that it has."""
    theirs = folders_of(other.vmhost.profile)
    ours = folders_of(session.vmhost.profile)
    return theirs or tuple(folder for folder in ours if other.node.stat(folder) is not None)


def _users_on(
    session: HostSession, folders: Sequence[str], path: str, but_domain: str | None
) -> Iterator[str]:
    search = DiskSearch(session.node, path)
    yield from search.find_users(folders)
    for domain in domains.list_domains(session.connection):
        if domain.uuid == but_domain:
            continue
        try:
            disks = _disks_of(session, domain)
        except NotFoundError:
            continue  # deleted since it was listed
        if any(search.leads_there(disk) for disk in sorted(disks)):
            yield f"domain {domain.name} on {session.name}"


def _disks_of(session: HostSession, domain: Domain) -> set[str]:
    """The disk files that a domain has now, and that it will have at its next start."""
    connection = session.connection
    texts = [domains.domain_xml(connection, domain.uuid)]
    if domain.persistent:
        texts.append(domains.domain_xml(connection, domain.uuid, inactive=True))
    found: set[str] = set()
    for xml in texts:
        paths, volumes = disk_files(xml)
        found |= paths
        found |= {volume_path(connection, pool, volume) for pool, volume in volumes}
    return found
