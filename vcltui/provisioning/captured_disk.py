"""Which disk a capture copies: the one its domain runs on, and still has when it is copied."""

from __future__ import annotations

from dataclasses import dataclass

from vcltui.disks.formats import format_of_driver
from vcltui.disks.safety import ChainFile, check_disk_is_safe
from vcltui.domxml.parse import parse_domain
from vcltui.errors import NotFoundError, RefusedError
from vcltui.hypervisor import domains
from vcltui.models.domain import Domain, DomainDisk
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context

_MEDIA = ("cdrom", "floppy")


@dataclass(frozen=True, slots=True)
class CapturedDisk:
    """The first disk of a domain, as a capture plans to copy it.

    `file` is the disk, `disks` are all that the domain writes to, in their order. `domain` is
    told with its details, `domain_xml` is its definition.
    """

    domain: Domain
    domain_xml: str
    disks: tuple[DomainDisk, ...]
    file: ChainFile

    @property
    def path(self) -> str:
        """The disk's path on the node."""
        return self.file.path

    @property
    def file_format(self) -> str:
        """The format in which the domain reads it."""
        return self.file.file_format


def captured_disk(context: Context, domain: Domain) -> CapturedDisk:
    """The disk that a capture of the domain copies: of one that is on, the disk it runs on.

    Raises RefusedError where there is none, it is unsafe or of a format that can't be told, or the
    domain would run on another at its next start; NotFoundError, DiskError.
    """
    connection = context.session.connection
    found = domains.find_by_uuid(connection, domain.uuid)
    if found is None:
        raise NotFoundError(
            f"Domain {domain.name} is not on host {context.vmhost.name} any more",
            "Look at `vcltui domains`",
        )
    disks = _disks_now(context, found)
    named = [(disk.source, disk.driver_type) for disk in disks if disk.device == "disk"]
    path, driver_type = next(((path, kind) for path, kind in named if path), (None, None))
    if path is None:
        raise RefusedError(f"Domain {domain.name} has no disk that could be captured")
    node = context.session.node
    chain = check_disk_is_safe(
        node,
        path,
        paths.allowed_directories(context),
        # As the domain reads it: its first bytes are the guest's to write.
        file_format=format_of_driver(node, path, driver_type),
    )
    xml = domains.domain_xml(connection, domain.uuid, inactive=True)
    return CapturedDisk(domain=found, domain_xml=xml, disks=disks, file=chain[0])


def require_same_disks(
    context: Context, planned: CapturedDisk, *, off: bool = False, may_be_gone: bool = False
) -> None:
    """Raise RefusedError unless the domain still has the disks that were planned.

    A snapshot or an edit can have given it others since: what the planned one lacks by then would
    be missing in the image. `off`: it has to be off as well, so that nothing changes them now; a
    transient domain is gone then. `may_be_gone`: any may be deleted by now.
    """
    name = planned.domain.name
    found = domains.find_by_uuid(context.session.connection, planned.domain.uuid)
    if found is None:
        if may_be_gone or (off and not planned.domain.persistent):
            return
        raise RefusedError(f"Domain {name} was deleted while it was captured", "Find out by whom")
    if off and found.power.is_active:
        raise RefusedError(
            f"Domain {name} was started again while it was captured",
            "Find out by whom, and capture it again",
        )
    now = _disks_now(context, found)
    if _keys(now) != _keys(planned.disks):
        raise RefusedError(
            f"Domain {name} has other disks than when its capture was planned: "
            f"{_words(now)} instead of {_words(planned.disks)}",
            "Find out who changed it or took a snapshot of it, and capture it again",
        )


def _disks_now(context: Context, domain: Domain) -> tuple[DomainDisk, ...]:
    """What the domain writes to. Raises RefusedError where that is other at its next start."""
    connection = context.session.connection
    now = _disks(domains.domain_xml(connection, domain.uuid))
    if domain.power.is_active and domain.persistent:
        later = _disks(domains.domain_xml(connection, domain.uuid, inactive=True))
        if _keys(now) != _keys(later):
            raise RefusedError(
                f"Domain {domain.name} runs on {_words(now)}, and by its definition it would run "
                f"on {_words(later)} at its next start",
                "Shut it down and start it to run on those, or undo the edit of its definition",
            )
    return now


def _disks(xml: str) -> tuple[DomainDisk, ...]:
    """All disks but media, which are changed at any time and are no part of an image."""
    return tuple(disk for disk in parse_domain(xml).disks if disk.device not in _MEDIA)


def _keys(disks: tuple[DomainDisk, ...]) -> list[tuple[str | None, ...]]:
    return [(disk.device, disk.target, disk.source, disk.driver_type) for disk in disks]


def _words(disks: tuple[DomainDisk, ...]) -> str:
    found = [
        f"{disk.target} {disk.source or 'without a file'} ({disk.driver_type or 'no format'})"
        for disk in disks
    ]
    return ", ".join(found) or "no disk"
