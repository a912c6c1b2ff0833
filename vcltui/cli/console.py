"""Opens the console."""

from __future__ import annotations

import logging

from vcltui.cli.console_log import open_log
from vcltui.cli.options import GlobalOptions
from vcltui.cli.text import PrintableFormatter
from vcltui.cli.workspace import open_workspace
from vcltui.runtime.workspace import Workspace
from vcltui.tui.app import run_console


def open_console(options: GlobalOptions) -> int:
    """Open the console on what `options` mean; returns its exit code."""
    with open_workspace(options) as workspace:
        return console_on(workspace, options)


def console_on(workspace: Workspace, options: GlobalOptions) -> int:
    """Open the console on a workspace; returns its exit code.

    It logs to a file in the state folder, since a log on stderr would be drawn over it.
    """
    log = open_log(workspace.config.state_directory)
    log.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=options.log_level.upper(), handlers=[log], force=True)
    for handler in logging.getLogger().handlers:
        # The console's own list of what was logged has more than the file.
        handler.setLevel(options.log_level.upper())
    return run_console(workspace)
