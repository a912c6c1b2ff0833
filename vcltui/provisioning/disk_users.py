"""Who uses a disk file: disks that stand on it, and domains of every host that could have one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from vcltui.disks.identities import may_be_one
from vcltui.disks.usage import DiskSearch
from vcltui.domxml.parse import disk_files, parse_domain
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
from vcltui.provisioning.session import HostSession

_NO_CHAIN = frozenset({"cdrom", "floppy"})


def disk_users(
    session: HostSession,
    others: Iterable[HostSession],
    path: str,
    *,
    but_domain: str | None = None,
    lenient: bool = False,
) -> tuple[str, ...]:
    """Everything that uses the disk file at `path`, in words; the disk itself is none.

    Disks in the hosts' folders that stand on it, and domains whose disks are it or stand on it,
    wherever those lie. Besides `session`'s host, those of `others` are asked that share a folder
    with it, tell of none, or have a file at that path or the same file elsewhere. `but_domain` is
    the UUID of a domain of `session`'s host that is no user, with its disks; a domain of that
    UUID on another host, to which it was moved, is one.

    Raises RefusedError while a host that might use it can't be asked, a disk that might stand on
    it can't be read, or a domain's disk is not there, so that its chain can't be followed. A
    `lenient` question passes over silent hosts and disks that are not there.
    """
    users = set(_users_on(session, folders_of(session.vmhost.profile), path, but_domain, lenient))
    for other in others:
        try:
            for there in _paths_there(session, other, path):
                folders = _folders_there(session, other)
                users.update(_users_on(other, folders, there, None, lenient))
        except (HostUnreachableError, NodeUnreachableError) as error:
            if not lenient:
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


def _paths_there(session: HostSession, other: HostSession, path: str) -> tuple[str, ...]:
    """The paths that a file may have on another host; none where that has it not.

    It may be mounted there under the same name, however the host's profile reads today, and
    under another one as well.
    """
    found = []
    if shares_folders(session.vmhost.profile, other.vmhost.profile) or other.node.stat(path):
        found.append(path)
    here = session.node.stat(path)
    name = PurePosixPath(path).name
    for folder in folders_of(other.vmhost.profile):
        for candidate in (f"{folder}/{name}", f"{folder}/{PurePosixPath(path).stem}/{name}"):
            there = None if candidate == path else other.node.stat(candidate)
            if here is not None and there is not None and may_be_one(here, there):
                found.append(candidate)
    return tuple(found)


def _folders_there(session: HostSession, other: HostSession) -> tuple[str, ...]:
    """The folders to search on another host: its own, else those of ours that it has."""
    theirs = folders_of(other.vmhost.profile)
    ours = folders_of(session.vmhost.profile)
    return theirs or tuple(folder for folder in ours if other.node.stat(folder) is not None)


def _users_on(
    session: HostSession,
    folders: Sequence[str],
    path: str,
    but_domain: str | None,
    lenient: bool,
) -> Iterator[str]:
    search = DiskSearch(session.node, path)
    yield from search.find_users(folders)
    for domain in domains.list_domains(session.connection):
        if domain.uuid == but_domain:
            continue
        try:
            disks, plain = _disks_of(session, domain)
        except NotFoundError:
            continue  # deleted since it was listed
        if any(search.leads_there(disk) for disk in sorted(disks)):
            yield f"domain {domain.name} on {session.name}"
        elif not lenient:
            missing = [disk for disk in sorted(disks - plain) if not search.is_there(disk)]
            if missing and domains.find_by_uuid(session.connection, domain.uuid) is not None:
                raise _not_there(session, domain, missing[0], path)


def _not_there(session: HostSession, domain: Domain, disk: str, path: str) -> RefusedError:
    return RefusedError(
        f"Whether domain {domain.name} on {session.name} stands on {path} can't be told: its disk "
        f"{disk} is not there",
        "Mount what is not mounted, or undefine that domain",
    )


def _disks_of(session: HostSession, domain: Domain) -> tuple[set[str], set[str]]:
    """The disk files that a domain has now and will have at its next start.

    The second set are those of them that stand on nothing, whatever they hold: raw ones.
    """
    connection = session.connection
    texts = [domains.domain_xml(connection, domain.uuid)]
    if domain.persistent:
        texts.append(domains.domain_xml(connection, domain.uuid, inactive=True))
    found: set[str] = set()
    plain: set[str] = set()
    for xml in texts:
        paths, volumes = disk_files(xml)
        found |= paths
        found |= {volume_path(connection, pool, volume) for pool, volume in volumes}
        plain |= {
            disk.source
            for disk in parse_domain(xml).disks
            # libvirt takes a disk that names no format for a raw one.
            if disk.source and (disk.device in _NO_CHAIN or disk.driver_type in (None, "raw"))
        }
    return found, plain
