"""What VCL and the host wrote down about a computer and its domain."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from vcltui.domxml.consoles import console_log_path
from vcltui.errors import NotFoundError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.reservation import LoadLogLine
from vcltui.provisioning.session import HostSession
from vcltui.runtime.plain_text import plain_text
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, loadlog

MAX_LOG_BYTES = 64 << 10
"""How much of the end of a console's log is read."""

_SYSTEM_LOGS = "/var/log/libvirt/qemu"
_SESSION_LOGS = ".cache/libvirt/qemu/log"


@dataclass(frozen=True, slots=True)
class ConsoleLog:
    """The end of a log file on a host, as plain text.

    `path` is empty where no file was found; `problem` says why there is no text.
    """

    path: str
    text: str
    problem: str | None = None


def read_load_log(workspace: Workspace, computer: str, limit: int = 200) -> tuple[LoadLogLine, ...]:
    """The last `limit` rows of VCL's load log of a computer, the newest last.

    Empty without an inventory. Blocks. Raises NotFoundError for a computer that the inventory
    does not know, InventoryError.
    """
    database = workspace.database
    if database is None:
        return ()
    return loadlog.list_load_log(database, computers.get_computer(database, computer).id, limit)


def read_console_log(workspace: Workspace, host_name: str, uuid: str) -> ConsoleLog:
    """The last 64 KiB of what a domain's serial console, or else QEMU, wrote. Blocks.

    Never raises a VcltuiError: what went wrong is told in the answer.
    """
    path = ""
    try:
        session = workspace.session(host_name)
        found = domains.find_by_uuid(session.connection, uuid)
        if found is None:
            return ConsoleLog("", "", f"The domain is no longer on {host_name}.")
        path = console_log_path(domains.domain_xml(session.connection, uuid)) or ""
        path = path or _qemu_log(session, found.name)
        if not path:
            return ConsoleLog(
                "", "", f"{found.name} has no console that is written to a file on {host_name}."
            )
        return _read_end(session, path)
    except VcltuiError as error:
        return ConsoleLog(path, "", str(error))


def _read_end(session: HostSession, path: str) -> ConsoleLog:
    stat = session.node.stat(path)
    if stat is None:
        raise NotFoundError(
            f"There is no log {path} on {session.name}", "It is made when the domain starts"
        )
    if not stat.is_file:
        # A pipe or a terminal would never end.
        return ConsoleLog(path, "", f"{path} on {session.name} is no plain file.")
    offset = max(stat.size_bytes - MAX_LOG_BYTES, 0)
    data = session.node.read_bytes(path, MAX_LOG_BYTES, offset)
    if offset:
        # What is left of a line whose beginning was not read may be the rest of an escape.
        data = data.partition(b"\n")[2] or data
    return ConsoleLog(path, plain_text(data.decode("utf-8", errors="replace")))


def _qemu_log(session: HostSession, name: str) -> str:
    """The file in which QEMU's own messages are; empty for another hypervisor."""
    if session.connection.capabilities().hypervisor != "QEMU" or "/" in name:
        return ""
    if urlsplit(session.vmhost.uri).path != "/session":
        return f"{_SYSTEM_LOGS}/{name}.log"
    home = session.node.run(["printenv", "HOME"]).stdout.strip()
    return f"{home}/{_SESSION_LOGS}/{name}.log"
