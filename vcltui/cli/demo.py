"""`vcltui demo`: the console, or a tour in plain text, on a sandbox."""

from __future__ import annotations

from pathlib import Path

import click

from vcltui.cli.options import GlobalOptions
from vcltui.cli.terminal import check_terminal
from vcltui.cli.text import printable, say
from vcltui.demo.lab import open_lab
from vcltui.demo.tour import run_tour
from vcltui.errors import UsageError

_BOOT_SECONDS = 4.0
"""Long enough to watch a load's steps in the console."""


@click.command("demo")
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The sandbox's folder; an empty one becomes one.",
)
@click.option("--tour", is_flag=True, help="Run the main job on it and print each step.")
@click.option("--reset", is_flag=True, help="Build it anew.")
@click.pass_obj
def demo(options: GlobalOptions, directory: Path | None, tour: bool, reset: bool) -> int | None:
    """Open the console on a sandbox with invented hosts, real disk images and simulated guests.

    It is built at the first time and kept. With --tour nothing is opened: an image is loaded,
    changed, captured and loaded elsewhere, and each step is printed.
    """
    if options.uris or options.config or options.readonly:
        raise UsageError(
            "The sandbox has its own hosts and configuration",
            "Leave out --config, --connect and --readonly",
        )
    if not tour:
        check_terminal("Run `vcltui demo --tour`, which needs none")
    boot_seconds = 0.0 if tour else _BOOT_SECONDS
    with open_lab(directory, reset=reset, boot_seconds=boot_seconds, echo=say) as lab:
        if tour:
            run_tour(lab, lambda line: click.echo("\n".join(map(printable, line.split("\n")))))
            return None
        # Only here: the tour does without the console, which takes long to import.
        from vcltui.cli.console import console_on  # noqa: PLC0415

        return console_on(lab.workspace, options)
