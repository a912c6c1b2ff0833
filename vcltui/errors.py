"""The one tree of errors: each says what happened, to what, and what to do next."""

from __future__ import annotations


class VcltuiError(Exception):
    """Anything vcltui reports to a person.

    `what` is one plain sentence without its final full stop; `hint` says what to do next.
    `exit_code` is what the command line ends with.
    """

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what.rstrip(".")
        self.hint = hint.rstrip(".")

    def __str__(self) -> str:
        return f"{self.what}. {self.hint}." if self.hint else f"{self.what}."


class UsageError(VcltuiError):
    """The caller asked for something that has no meaning: a bad name, a missing argument."""

    exit_code = 2


class ConfigError(VcltuiError):
    """A configuration file or environment setting is wrong; names the file and the key."""

    exit_code = 2


class NotFoundError(VcltuiError):
    """A named computer, image, host, domain or snapshot does not exist."""


class RefusedError(VcltuiError):
    """The action would lose or damage something, or cannot be shown not to; nothing was done."""


class ConflictError(VcltuiError):
    """Somebody else changed or holds the thing; nothing was done."""


class LockedError(ConflictError):
    """A lock that the action needs is held by someone else."""


class CommandError(VcltuiError):
    """A command on a node failed. `exit_status` is None when it never ran or was killed."""

    def __init__(
        self, what: str, hint: str = "", *, exit_status: int | None = None, stderr: str = ""
    ) -> None:
        super().__init__(what, hint)
        self.exit_status = exit_status
        self.stderr = stderr


class CommandMissingError(CommandError):
    """The program is not installed on the node."""


class NodeError(VcltuiError):
    """A file operation on a node failed, or the node can't be reached."""


class NodeUnreachableError(NodeError):
    """The node can't be logged in to: refused, timed out, host key changed, no key accepted."""


class HypervisorError(VcltuiError):
    """libvirt refused or failed a call."""


class HostUnreachableError(HypervisorError):
    """There is no connection to the host's libvirt."""


class DomainXMLError(VcltuiError):
    """Domain XML is malformed, unsafe or does not fit libvirt's schema."""


class DiskError(VcltuiError):
    """A virtual disk is damaged, unsafe, of an unknown format or could not be written."""


class DriverError(VcltuiError):
    """No hypervisor driver can be used on the host, or the driver failed."""


class GuestError(VcltuiError):
    """The guest does not answer, or what was done in it failed."""


class InventoryError(VcltuiError):
    """The database can't be reached or refused a query."""


class NoInventoryError(InventoryError):
    """There is no inventory, or none where the configuration says that it is."""

    exit_code = 2


class InventoryBusyError(InventoryError):
    """Another program held the rows, or the server gave this one's change up for another's.

    Nothing of the transaction was written: the same may be tried again.
    """


class OperationFailedError(VcltuiError):
    """An operation failed and could not be undone completely; the text says what is left."""


class CancelledError(VcltuiError):
    """The operation was cancelled by the operator and undone."""

    exit_code = 130
