"""A command group that names its commands without importing what they are built on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import ClassVar

import click
from click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command and where it is: under its name in `module`. `help` is its line in the list."""

    name: str
    module: str
    help: str


class LazyGroup(click.Group):
    """A group of the commands in `lazy`; each module is imported when its command is used."""

    lazy: ClassVar[Mapping[str, LazyCommand]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of `lazy`."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name; None where there is none."""
        found = self.lazy.get(cmd_name)
        if found is None:
            return None
        command: click.Command = getattr(import_module(found.module), found.name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As Group.resolve_command; an unknown name fails with those that are like it."""
        if args and args[0] not in self.lazy and not ctx.resilient_parsing:
            ctx.fail(_unknown(args[0], list(self.lazy)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from `lazy`."""
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.help) for command in self.lazy.values()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options that begin so, without importing them as Group's own does."""
        named = [
            CompletionItem(command.name, help=command.help)
            for command in self.lazy.values()
            if command.name.startswith(incomplete)
        ]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]


def _unknown(name: str, known: list[str]) -> str:
    shown = name if len(name) <= 40 else f"{name[:40]}..."
    if name.startswith("-"):
        return f"No such option: {shown}"
    close = get_close_matches(name[:40], known, n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return f"There is no command {shown!r}.{hint}"
