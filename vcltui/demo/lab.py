"""The sandbox lab: a folder with everything in it, and the workspace that is open on it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import platformdirs

from vcltui.config import load_config
from vcltui.demo import builder, files
from vcltui.demo.plan import HOSTS
from vcltui.errors import RefusedError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.domain import PowerState
from vcltui.runtime.workspace import Workspace

_MARKER = ".vcltui-sandbox"
_POWER_FILE = "power.json"


class Lab:
    """An open sandbox. `workspace` works on it as on anything else.

    The domains of libvirt's test driver live as long as this process; `close` notes which were
    on, and the next opening defines and starts them again from their XML files.
    """

    def __init__(self, directory: Path, workspace: Workspace) -> None:
        self.directory = directory
        self.workspace = workspace

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Note the power states and close the workspace."""
        try:
            self._save_power()
        finally:
            self.workspace.close()

    def restore(self) -> None:
        """Define the domains of the loaded computers again, and start those that were on."""
        power = self._saved_power()
        for session in self.workspace.sessions():
            folder = Path(session.vmhost.xml_directory)
            for path in sorted(folder.glob("*.xml")):
                if not files.disk_of(path).exists():
                    path.unlink()
                    continue
                domain = domains.define(session.connection, path.read_text(encoding="utf-8"))
                state = power.get(domain.name, PowerState.ON.value)
                if state != PowerState.OFF.value:
                    domains.start(session.connection, domain.uuid)
                if state == PowerState.SUSPENDED.value:
                    domains.suspend(session.connection, domain.uuid)

    def _save_power(self) -> None:
        states = {
            domain.name: domain.power.value
            for session in self.workspace.sessions()
            for domain in domains.list_domains(session.connection)
        }
        path = self.directory / _POWER_FILE
        path.write_text(json.dumps(states, indent=1), encoding="utf-8")

    def _saved_power(self) -> dict[str, str]:
        path = self.directory / _POWER_FILE
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def default_directory() -> Path:
    """Where the sandbox is when no folder is named."""
    return Path(platformdirs.user_data_dir("vcltui")) / "sandbox"


def open_lab(
    directory: Path | None = None,
    *,
    reset: bool = False,
    boot_seconds: float = 0.0,
    echo: Callable[[str], None] = lambda _line: None,
) -> Lab:
    """Open the sandbox in a folder, built first where it is not there or not whole.

    `reset` builds it anew. A load takes `boot_seconds` until its guest answers. `echo` is told
    what is being built. Raises RefusedError for a folder that has other things in it, and what
    building raises.
    """
    home = (directory or default_directory()).expanduser().absolute()
    _check_is_ours(home)
    if reset and home.exists():
        shutil.rmtree(home)
    is_built = (home / _MARKER).exists() and (home / _MARKER).read_text() == builder.FORMAT
    if is_built:
        lab = Lab(home, _workspace(home, boot_seconds))
        try:
            lab.restore()
        except VcltuiError:
            lab.workspace.close()
            raise
        return lab
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / _MARKER).write_text("being built")
    files.write_hosts(home, HOSTS)
    lab = Lab(home, _workspace(home))
    try:
        builder.build(lab.workspace, home, echo)
    except BaseException:
        lab.workspace.close()
        raise
    (home / _MARKER).write_text(builder.FORMAT)
    if boot_seconds:
        # It was built without waiting; what was loaded is as it was after opening it again.
        lab.close()
        return open_lab(home, boot_seconds=boot_seconds)
    return lab


def _workspace(home: Path, boot_seconds: float = 0.0) -> Workspace:
    config = load_config(home / "config.toml")
    hosts = {
        name: replace(host, guests=replace(host.guests, boot_seconds=boot_seconds))
        for name, host in config.hosts.items()
    }
    return Workspace(replace(config, hosts=hosts))


def _check_is_ours(home: Path) -> None:
    """Raise RefusedError for a folder that is not empty and no sandbox."""
    if home.exists() and not (home / _MARKER).exists() and any(home.iterdir()):
        raise RefusedError(
            f"{home} has files in it and is no vcltui sandbox, so nothing was done to it",
            "Name an empty folder with --dir",
        )
