"""The command `vcltui`: its options, its commands, and what it ends with."""

from __future__ import annotations

import gc
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import click
from click.shell_completion import add_completion_class

from vcltui import __version__
from vcltui.cli.bash import BashCompletion
from vcltui.cli.lazy import LazyCommand, LazyGroup
from vcltui.cli.options import LOG_LEVELS, GlobalOptions
from vcltui.cli.reporting import report
from vcltui.cli.terminal import check_terminal
from vcltui.cli.text import PrintableFormatter
from vcltui.errors import UsageError

add_completion_class(BashCompletion)

_COMMANDS = (
    ("demo", "demo", "Open the console on a sandbox with invented hosts."),
    ("hosts", "listing", "List the VM hosts and how they are."),
    ("computers", "listing", "List the computers of the inventory."),
    ("domains", "listing", "List the domains of all hosts."),
    ("images", "listing", "List the image files of all hosts."),
    ("reservations", "listing", "List the reservations of the inventory."),
    ("doctor", "doctor", "Find stuck reservations and drift, and what may be done."),
    ("jobs", "jobs", "List what was done, or clean up what was left."),
    ("status", "status", "Tell whether a computer is READY, POST_LOAD or RELOAD."),
    ("load", "load", "Load an image onto a computer."),
    ("unload", "load", "Delete a computer's domains and their disks."),
    ("capture", "capture", "Capture what is loaded on a computer as a new image."),
    ("power", "power", "Power a computer or domain on, off or over again."),
    ("snapshot", "snapshot", "List, create, revert to and delete snapshots."),
    ("image", "image", "Look at, check, copy, convert, import and delete images."),
    ("maintenance", "load", "Take a computer off its host for maintenance."),
    ("host", "host", "Add or remove VM hosts of the inventory."),
    ("computer", "computer", "Add, remove or assign computers of the inventory."),
    ("completion", "completion", "Print the completion script for a shell."),
)


class RootGroup(LazyGroup):
    """The root command: whatever happens in it ends with an exit code and a plain sentence."""

    lazy: ClassVar = {
        name: LazyCommand(name, f"vcltui.cli.{module}", line) for name, module, line in _COMMANDS
    }

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; returns its exit code, or None for 0."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:  # noqa: BLE001 - the one place where all errors are told
            return report(error, ctx.params.get("config"))

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ANN401 - click's signature
        """As click's own `main`, which would print errors in a form of its own."""
        kwargs["standalone_mode"] = False
        words = args[0] if args else kwargs.get("args")
        try:
            _check_words(sys.argv[1:] if words is None else words)
            result = super().main(*args, **kwargs)
        except (
            UsageError, click.ClickException, click.Abort, KeyboardInterrupt, EOFError,
        ) as error:  # fmt: skip
            result = report(error, None)
        sys.exit(result if isinstance(result, int) else 0)


def _check_words(words: Sequence[str]) -> None:
    """Raise UsageError for a word that is no text: nothing can be asked for by such a name."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"{word[:100]!r} is not written in UTF-8", "Name it otherwise, or rename the file"
            ) from error


@click.group(
    cls=RootGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Read this configuration and no other.",
)
@click.option(
    "-c",
    "--connect",
    metavar="URI",
    multiple=True,
    help="Use this libvirt host instead of those configured; may be repeated.",
)
@click.option("-r", "--readonly", is_flag=True, help="Change nothing.")
@click.option(
    "--log-level",
    metavar="LEVEL",
    type=click.Choice(LOG_LEVELS),
    default="warning",
    show_default=True,
    help="What to log on stderr: debug, info, warning or error.",
)
@click.version_option(__version__, prog_name="vcltui")
@click.pass_context
def cli(
    ctx: click.Context,
    config: Path | None,
    connect: tuple[str, ...],
    readonly: bool,
    log_level: str,
) -> int | None:
    """Look after virtual computers that libvirt runs for Apache VCL.

    Without a command it opens the console. Without configuration, inventory and -c the host in
    LIBVIRT_DEFAULT_URI is used.

    Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 findings present, 130 interrupted.
    """
    options = GlobalOptions(config, connect, readonly, log_level)
    ctx.obj = options
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    if ctx.invoked_subcommand is None:
        check_terminal("Use a command such as `vcltui hosts`; `vcltui --help` lists them")
        # Only here: the console takes ten times as long to import as all the rest. What is imported
        # stays, so that looking for garbage among it is a waste.
        gc.disable()
        from vcltui.cli.console import open_console  # noqa: PLC0415

        gc.enable()
        return open_console(options)
    log = logging.StreamHandler()
    log.setFormatter(PrintableFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=log_level.upper(), handlers=[log])
    return None


def main() -> NoReturn:
    """Run the command line with the arguments of this process, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is written as escapes.
            stream.reconfigure(errors="backslashreplace")
    cli.main(prog_name="vcltui")
