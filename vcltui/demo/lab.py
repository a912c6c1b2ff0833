"""The sandbox lab: a folder with everything in it, and the workspace that is open on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import platformdirs

from vcltui.config import load_config
from vcltui.demo import builder, files
from vcltui.demo.plan import HOSTS
from vcltui.demo.sandbox import FORMAT, MARKER, SandboxWorkspace, is_whole
from vcltui.errors import RefusedError
from vcltui.runtime.workspace import Workspace


class Lab:
    """An open sandbox. `workspace` works on it as on anything else."""

    def __init__(self, directory: Path, workspace: Workspace) -> None:
        self.directory = directory
        self.workspace = workspace

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the workspace, which keeps what became of the domains."""
        self.workspace.close()


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
    if is_whole(home):
        return Lab(home, _workspace(home, boot_seconds))
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / MARKER).write_text("being built")
    files.write_hosts(home, HOSTS)
    lab = Lab(home, _workspace(home))
    try:
        builder.build(lab.workspace, home, echo)
    except BaseException:
        lab.workspace.close()
        raise
    (home / MARKER).write_text(FORMAT)
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
    return SandboxWorkspace(replace(config, hosts=hosts), home)


def _check_is_ours(home: Path) -> None:
    """Raise RefusedError for a folder that is not empty and no sandbox."""
    if home.exists() and not (home / MARKER).exists() and any(home.iterdir()):
        raise RefusedError(
            f"{home} has files in it and is no vcltui sandbox, so nothing was done to it",
            "Name an empty folder with --dir",
        )
