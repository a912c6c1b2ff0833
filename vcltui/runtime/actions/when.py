"""When an action is possible: each says in a few words why not, None when it is."""

from __future__ import annotations

from vcltui.models.domain import PowerState
from vcltui.runtime.actions.model import Subject


def has_domain(subject: Subject) -> str | None:
    """A domain."""
    return None if subject.domain else "no domain is chosen"


def is_off(subject: Subject) -> str | None:
    """A domain without a running process."""
    if subject.power is not None and subject.power.is_active:
        return f"it is {subject.power.value}"
    return has_domain(subject)


def is_active(subject: Subject) -> str | None:
    """A domain with a running process."""
    if subject.power is not None and not subject.power.is_active:
        return f"it is {subject.power.value}"
    return has_domain(subject)


def is_on(subject: Subject) -> str | None:
    """A domain whose guest runs."""
    if subject.power is not None and subject.power not in (PowerState.ON, PowerState.BLOCKED):
        return f"it is {subject.power.value}"
    return has_domain(subject)


def is_suspended(subject: Subject) -> str | None:
    """A suspended domain."""
    if subject.power is not PowerState.SUSPENDED:
        return "it is not suspended"
    return has_domain(subject)


def has_computer(subject: Subject) -> str | None:
    """A computer of the inventory."""
    return None if subject.computer else "the inventory knows no computer for it"


def is_loaded(subject: Subject) -> str | None:
    """A computer of the inventory with a domain."""
    return has_computer(subject) or has_domain(subject)


def is_on_and_loaded(subject: Subject) -> str | None:
    """A computer of the inventory whose guest runs."""
    return has_computer(subject) or is_on(subject)


def has_computer_or_image(subject: Subject) -> str | None:
    """A computer, or an image for one."""
    return None if subject.image else has_computer(subject)


def has_image(subject: Subject) -> str | None:
    """An image."""
    return None if subject.image else "no image is chosen"


def has_host(subject: Subject) -> str | None:
    """Anything at all: everything is on a host."""
    return None if subject.host else "no host is chosen"


def is_named(subject: Subject) -> str | None:
    """Anything with a name."""
    return None if subject.name else "nothing is chosen"


def is_master(subject: Subject) -> str | None:
    """An image in a datastore."""
    if subject.location != "datastore":
        return has_image(subject) or "it is in the repository"
    return has_image(subject)


def is_in_repository(subject: Subject) -> str | None:
    """An image in a repository."""
    if subject.location != "repository":
        return has_image(subject) or "it is in the datastore"
    return has_image(subject)


def is_deletable_image(subject: Subject) -> str | None:
    """An image in a repository, or one in a datastore on which nothing stands."""
    if subject.location == "repository":
        return has_image(subject)
    return is_unused_image(subject)


def is_unused_image(subject: Subject) -> str | None:
    """An image on which nothing stands."""
    if subject.users:
        disks = "1 disk stands" if subject.users == 1 else f"{subject.users} disks stand"
        return f"{disks} on it"
    return has_image(subject)
