"""What a command ends with: an exit code, and for a failure one plain sentence on stderr."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

import click

from vcltui.cli.text import give_up_stdout, say
from vcltui.errors import VcltuiError

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def report(error: BaseException, config_file: Path | None) -> int:
    """Say on stderr what `error` means and return the exit code.

    The traceback of an error that nobody foresaw is written to a file in the state folder that
    `config_file` names.
    """
    match error:
        case VcltuiError():
            say(str(error))
            return error.exit_code
        case click.UsageError():
            say(_usage_sentence(error))
            return USAGE
        case click.ClickException():
            say(f"{error.format_message().rstrip('.')}.")
            return error.exit_code
        case click.Abort() | KeyboardInterrupt() | EOFError():
            say("Interrupted.")
            return INTERRUPTED
        case OSError(errno=errno.EPIPE):
            give_up_stdout()
            return FAILED
        case OSError(errno=errno.ENOSPC, filename=None):
            give_up_stdout()
            say("The output could not be written: no space is left where it goes.")
            return FAILED
        case OSError(filename=str() as filename, strerror=str() as reason):
            say(
                f"The file {filename} can't be used: {reason}. Look at its permissions, or name "
                "another state_directory in the configuration."
            )
            return FAILED
    # Only here: what finds the state folder takes time to import.
    from vcltui.cli.crash import unforeseen_sentence  # noqa: PLC0415

    say(unforeseen_sentence(error, config_file))
    return FAILED


def worst_exit_code(answers: Iterable[object]) -> int:
    """The exit code of what was asked of several hosts, whose errors are among the answers.

    0 without an error; 2 where one is a mistake in the configuration, as when one host alone is
    asked.
    """
    return max((one.exit_code for one in answers if isinstance(one, VcltuiError)), default=0)


def _usage_sentence(error: click.UsageError) -> str:
    message = " ".join(error.format_message().split())
    if message[-1:] not in (".", "?"):
        message += "."
    command = error.ctx.command_path if error.ctx else "vcltui"
    return f"{message} See `{command} --help`."
