"""Completes the names of the field: computers, images, hosts and domains."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from vcltui.cli.options import GlobalOptions
from vcltui.cli.workspace import open_workspace
from vcltui.errors import VcltuiError
from vcltui.hypervisor.domains import list_domains
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers as computer_rows
from vcltui.vcldb import images as image_rows

Lister = Callable[[Workspace], Iterable[str]]
Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _completer(lister: Lister) -> Completer:
    """A completion of the names that `lister` gives; it proposes none where it can't ask."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        options = GlobalOptions.from_params({**ctx.find_root().params, "readonly": True})
        try:
            with open_workspace(options) as workspace:
                names = sorted(set(lister(workspace)))
        except VcltuiError:
            # Nothing may be printed into the line that is being typed; the command itself will
            # say what is wrong.
            return []
        # A shell reads the proposals line by line, and shows them on its terminal.
        return [name for name in names if name.startswith(incomplete) and name.isprintable()]

    return complete


def _computers(workspace: Workspace) -> list[str]:
    database = workspace.database
    return (
        [computer.name for computer in computer_rows.list_computers(database)] if database else []
    )


def _images(workspace: Workspace) -> list[str]:
    database = workspace.database
    return [revision.name for revision in image_rows.list_revisions(database)] if database else []


def _hosts(workspace: Workspace) -> list[str]:
    return list(workspace.hosts())


def _domains(workspace: Workspace) -> list[str]:
    answers = workspace.each_host(lambda session: list_domains(session.connection))
    return [
        domain.name
        for answer in answers.values()
        if not isinstance(answer, VcltuiError)
        for domain in answer
    ]


complete_computer = _completer(_computers)
complete_image = _completer(_images)
complete_host = _completer(_hosts)
complete_domain = _completer(lambda workspace: [*_computers(workspace), *_domains(workspace)])

host_option = click.option(
    "--host", metavar="HOST", shell_complete=complete_host, help="The host it is on."
)
