"""A workspace on a sandbox's folder, which keeps what becomes of its domains."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from vcltui.config import Config
from vcltui.domxml import testhost
from vcltui.errors import RefusedError, VcltuiError
from vcltui.hypervisor import testhosts
from vcltui.operations.runner import Observer, Observers, Outcome
from vcltui.provisioning.session import HostSession
from vcltui.runtime.journal import journal as journals
from vcltui.runtime.workspace import Workspace

MARKER = ".vcltui-sandbox"
FORMAT = "vcltui sandbox 4\n"
"""What a finished sandbox's marker says; changes when older ones must be built anew."""

_LOCK_SECONDS = 10.0


def sandbox_home(config: Config) -> Path | None:
    """The sandbox's folder that a configuration is of; None for any other configuration.

    Raises RefusedError for a sandbox that is not whole, or of another version.
    """
    home = config.files[-1].parent if config.sandbox and config.files else None
    if home is None or not (home / MARKER).exists():
        return None
    if not is_whole(home):
        raise RefusedError(
            f"The sandbox in {home} is not whole, or of another version of vcltui",
            f"Run `vcltui demo --dir {home}`, which builds it anew",
        )
    return home


def is_whole(home: Path) -> bool:
    """Whether the folder has a sandbox that was built to its end, by this version."""
    marker = home / MARKER
    return marker.exists() and marker.read_text(encoding="utf-8") == FORMAT


class SandboxWorkspace(Workspace):
    """A workspace whose hosts are those of a sandbox.

    A domain of libvirt's test driver lives as long as the connection, which begins with what the
    host's file says. What became of the domains is written there when an operation has ended and
    at the end, so that the next command or console finds it. Of two at a time each goes on with
    what it began with, and writes what it changed.
    """

    def __init__(self, config: Config, home: Path, *, readonly: bool = False) -> None:
        super().__init__(config, readonly=readonly)
        self._hosts_folder = (home / "hosts").resolve()
        self._kept: dict[str, dict[str, str]] = {}

    @property
    def journal(self) -> journals.Journal:
        """As Workspace.journal; an operation's end in it keeps the domains."""
        with self._lock:
            if self._journal is None:
                directory = self.config.state_directory / "journal"
                self._journal = _Journal(directory, self)
            return self._journal

    def session(self, host_name: str) -> HostSession:
        """As Workspace.session. Connects, so as to know what there was before any change."""
        with self._lock:
            session = super().session(host_name)
            if host_name not in self._kept and self._file(session) is not None:
                try:
                    self._kept[host_name] = testhosts.kept_domains(session.connection)
                except VcltuiError:
                    # Whoever uses the connection is told.
                    return session
            return session

    def close(self) -> None:
        """As Workspace.close; keeps the domains before. Raises VcltuiError, OSError."""
        try:
            self.keep()
        finally:
            with self._lock:
                self._kept.clear()
                super().close()

    def keep(self) -> None:
        """Write what became of the domains into the hosts' files. Raises VcltuiError, OSError."""
        if self.readonly:
            return
        with self._lock:
            for name, before in self._kept.items():
                self._keep_host(self._sessions[name], before)

    def _keep_host(self, session: HostSession, before: dict[str, str]) -> None:
        file, now = self._file(session), testhosts.kept_domains(session.connection)
        changed = {name: xml for name, xml in now.items() if before.get(name) != xml}
        gone = before.keys() - now.keys()
        if file is None or not (changed or gone):
            return
        with session.node.lock(f"{file}.lock", _LOCK_SECONDS):
            text = file.read_text(encoding="utf-8")
            beside = file.with_suffix(".new")
            beside.write_text(
                testhost.with_domains(text, gone | changed.keys(), changed.values()),
                encoding="utf-8",
            )
            beside.replace(file)
        self._kept[session.name] = now

    def _file(self, session: HostSession) -> Path | None:
        """The sandbox's file of a host; None for a host that is none of the sandbox's."""
        parts = urlsplit(session.vmhost.uri)
        file = Path(parts.path)
        is_own = parts.scheme == "test" and file.parent.resolve() == self._hosts_folder
        return file if is_own else None


class _Journal(journals.Journal):
    def __init__(self, directory: Path, workspace: SandboxWorkspace) -> None:
        super().__init__(directory)
        self._workspace = workspace

    def observer(self) -> Observer:
        return Observers((super().observer(), _Keeper(self._workspace)))


class _Keeper(Observer):
    def __init__(self, workspace: SandboxWorkspace) -> None:
        self._workspace = workspace

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        self._workspace.keep()
