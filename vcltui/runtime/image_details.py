"""What is read of one image when somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from vcltui.disks.check import CheckResult, check_disk
from vcltui.disks.identities import Identities, Identity
from vcltui.disks.info import backing_chain
from vcltui.disks.stored import list_disks
from vcltui.domxml.parse import parse_domain
from vcltui.errors import VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.disk import DiskInfo
from vcltui.models.domain import PowerState
from vcltui.models.inventory import ImageRevision
from vcltui.provisioning.session import HostSession
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import images


@dataclass(frozen=True, slots=True)
class ImageUser:
    """A disk that stands on an image, directly (`stands_on` is the image's path) or not.

    `stands_on` is empty for the image's own file where a domain has it as its disk. `domain` is
    the one whose disk it is, on `host`; all three are None or empty where none has it.
    """

    path: str
    stands_on: str
    domain: str | None = None
    power: PowerState | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class ImageDetails:
    """All there is to know of an image on a host.

    `chain` is its file and what that stands on. `users` are what stands on it, each after what
    it stands on itself. `reference_xml` is the domain XML beside it, at `reference_path`; both
    are empty where there is none. `problems` say what could not be read, and why.
    """

    host: str
    image: str
    location: str
    path: str
    chain: tuple[DiskInfo, ...] = ()
    users: tuple[ImageUser, ...] = ()
    reference_xml: str = ""
    reference_path: str = ""
    revision: ImageRevision | None = None
    problems: tuple[str, ...] = ()


def check_image(workspace: Workspace, host_name: str, path: str) -> CheckResult:
    """Check the tables of a disk file on a host; nothing is repaired. Blocks.

    Raises NotFoundError; DiskError where it can't be checked, also for one that a running
    domain writes to.
    """
    return check_disk(workspace.session(host_name).node, path)


def read_image_details(
    workspace: Workspace, host_name: str, image: str, location: str, path: str
) -> ImageDetails:
    """The details of an image whose (first) file is at `path` on a host. Blocks.

    `location` is datastore or repository. Each part that can't be read is told in `problems`;
    no VcltuiError is raised for it. Raises NotFoundError for an unknown host.
    """
    return _Reader(workspace, workspace.session(host_name), image, location, path).read()


class _Reader:
    def __init__(
        self, workspace: Workspace, session: HostSession, image: str, location: str, path: str
    ) -> None:
        self._workspace, self._session = workspace, session
        self._image, self._location, self._path = image, location, path
        self._problems: list[str] = []

    def read(self) -> ImageDetails:
        chain: tuple[DiskInfo, ...] = ()
        users: tuple[ImageUser, ...] = ()
        reference_path = reference_xml = ""
        revision: ImageRevision | None = None
        with self._part("Its disk"):
            chain = tuple(backing_chain(self._session.node, self._path, in_use=True))
        with self._part("What stands on it"):
            users = tuple(self._users())
        with self._part("Its reference XML"):
            reference_path, reference_xml = self._reference()
        with self._part("The inventory"):
            revision = self._revision()
        return ImageDetails(
            self._session.name,
            self._image,
            self._location,
            self._path,
            chain,
            users,
            reference_xml,
            reference_path,
            revision,
            tuple(self._problems),
        )

    @contextmanager
    def _part(self, what: str) -> Iterator[None]:
        try:
            yield
        except VcltuiError as error:
            self._problems.append(f"{what} could not be read: {error}")

    def _reference(self) -> tuple[str, str]:
        node = self._session.node
        path = str(PurePosixPath(self._path).parent / f"{self._image}.xml")
        if node.stat(path) is None:
            return "", ""
        return path, node.read_text(path)

    def _revision(self) -> ImageRevision | None:
        database = self._workspace.database
        if database is None:
            return None
        known = images.list_revisions(database, deleted=True)
        return next((one for one in known if one.name == self._image), None)

    def _users(self) -> list[ImageUser]:
        node = self._session.node
        disks = [disk for directory in self._directories() for disk in list_disks(node, directory)]
        identities = Identities(node, disks)
        standing: dict[Identity, list[str]] = {}
        for disk in disks:
            if disk.problem is not None and disk.identity != identities.of(self._path):
                self._problems.append(
                    f"Whether {disk.path} stands on it can't be told: {disk.problem}."
                )
            if disk.backing_file is not None:
                standing.setdefault(identities.of(disk.backing_file), []).append(disk.path)
        return _tree(self._path, standing, self._domains(identities), identities)

    def _directories(self) -> list[str]:
        """The folders of disks, each once."""
        profile, node = self._session.profile, self._session.node
        folders = (profile.datastore, profile.copy_on_write_directory)
        return list({node.real_path(folder): folder for folder in folders}.values())

    def _domains(self, identities: Identities) -> dict[Identity, list[_Owner]]:
        """For each disk, by its identity, whose it is, on every host with this datastore."""
        owners: dict[Identity, list[_Owner]] = {}
        for session in self._sharing_sessions():
            with self._part(f"Whose disks they are on {session.name}"):
                for domain in domains.list_domains(session.connection):
                    xml = domains.domain_xml(session.connection, domain.uuid)
                    for disk in parse_domain(xml).disks:
                        if disk.source and disk.source.startswith("/"):
                            owners.setdefault(identities.of(disk.source), []).append(
                                _Owner(domain.name, domain.power, session.name)
                            )
        return owners

    def _sharing_sessions(self) -> list[HostSession]:
        datastore = self._session.profile.datastore
        names = [self._session.name]
        names += [
            name
            for name, host in sorted(self._workspace.hosts().items())
            if name != self._session.name and host.profile and host.profile.datastore == datastore
        ]
        return [self._workspace.session(name) for name in names]


@dataclass(frozen=True, slots=True)
class _Owner:
    domain: str
    power: PowerState
    host: str


def _tree(
    image: str,
    standing: dict[Identity, list[str]],
    owners: dict[Identity, list[_Owner]],
    identities: Identities,
) -> list[ImageUser]:
    found = [
        ImageUser(image, "", owner.domain, owner.power, owner.host)
        for owner in owners.get(identities.of(image), ())
    ]
    seen = {identities.of(image)}

    def add(base: str) -> None:
        for path in sorted(standing.get(identities.of(base), ())):
            if identities.of(path) in seen:
                continue
            seen.add(identities.of(path))
            found.extend(
                ImageUser(path, base, owner.domain, owner.power, owner.host)
                for owner in owners.get(identities.of(path), ())
            )
            if identities.of(path) not in owners:
                found.append(ImageUser(path, base))
            add(path)

    add(image)
    return found
