"""Asks for what a base capture has to be told, where somebody sits at a terminal."""

from __future__ import annotations

from dataclasses import dataclass

import click

from vcltui.cli.terminal import is_interactive
from vcltui.cli.text import printable, say
from vcltui.errors import NotFoundError, RefusedError, UsageError
from vcltui.models.basecapture import (
    BaseCaptureChoices,
    BaseCaptureRequest,
    CaptureWay,
    ComputerChoice,
)
from vcltui.models.inventory import OperatingSystem
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb.basecapture import capture as basecapture


@dataclass(frozen=True, slots=True)
class BaseAnswers:
    """What the command line told; None where it told nothing."""

    computer: str | None = None
    prettyname: str | None = None
    owner: str | None = None
    os_name: str | None = None
    architecture: str | None = None
    sysprep: bool | None = None
    way: str | None = None
    management_node: str | None = None
    restart: int | None = None
    discard: int | None = None


def complete_answers(workspace: Workspace, answers: BaseAnswers) -> BaseCaptureRequest:
    """The request that the answers make; what is missing is asked for in VCL's order.

    Raises UsageError naming the missing options where nobody can be asked, RefusedError,
    NotFoundError for a computer that is none or several.
    """
    _require_all(answers)
    owner = answers.owner or _ask("The login or id of the user who will own the image", "admin")
    computer, found = _computer(workspace, answers.computer)
    say(_described(computer))
    for one in found.requests:
        say(
            f"Request {one.request_id} ({one.state}/{one.laststate}) of {one.user} holds it: "
            f"{one.image_name}."
        )
    system = _system(found, answers.os_name)
    architecture = answers.architecture or _choose(
        "The image's architecture", found.architectures, found.architectures[-1]
    )
    is_windows = system is not None and system.is_windows
    return BaseCaptureRequest(
        owner=owner,
        computer=computer.hostname,
        os_name=system.name if system else answers.os_name or "",
        architecture=architecture,
        prettyname=answers.prettyname or _ask("The name of the image"),
        sysprep=_sysprep(answers.sysprep, is_windows=is_windows),
        way=CaptureWay(answers.way or _way(is_windows=is_windows)),
        management_node=_node(workspace, found, answers.management_node),
    )


def _require_all(answers: BaseAnswers) -> None:
    if is_interactive():
        return
    needed = {
        "--owner": answers.owner,
        "--computer": answers.computer,
        "--os": answers.os_name,
        "--architecture": answers.architecture,
        "--name": answers.prettyname,
        "--way": answers.way,
    }
    missing = [option for option, value in needed.items() if value is None]
    if missing:
        raise UsageError(
            f"Missing {', '.join(missing)}, and nobody can be asked, because there is no terminal",
            "Give every option",
        )


def _computer(workspace: Workspace, text: str | None) -> tuple[ComputerChoice, BaseCaptureChoices]:
    database = workspace.inventory()
    wanted = text or _ask("The host name or address of the computer to be captured")
    found = basecapture.choices(database, wanted)
    if not found.computers:
        raise NotFoundError(
            f"There is no computer with the name or address {wanted!r}",
            "List them with `vcltui computers`",
        )
    if len(found.computers) > 1:
        names = tuple(computer.hostname for computer in found.computers)
        if wanted not in names and not is_interactive():
            raise RefusedError(
                f"{wanted!r} means {len(names)} computers: {', '.join(names)}",
                "Give the full host name",
            )
        wanted = wanted if wanted in names else _choose("Which computer", names, names[0])
        computer = next(one for one in found.computers if one.hostname == wanted)
        # By its address or label alone it would mean the others too.
        return computer, basecapture.choices(database, computer.hostname)
    return found.computers[0], found


def _described(computer: ComputerChoice) -> str:
    host = f"on {computer.vmhost} ({computer.profile})" if computer.vmhost else "on no VM host"
    return (
        f"{computer.hostname} (id {computer.id}) is {computer.state}, {host}; "
        f"{computer.provisioning}, install types: {', '.join(computer.install_types) or 'none'}."
    )


def _system(found: BaseCaptureChoices, given: str | None) -> OperatingSystem | None:
    """The system that was given or is chosen; None where it is none of those that fit."""
    by_name = {system.name: system for system in found.systems}
    if given is not None:
        return by_name.get(given) or by_name.get(f"vmware{given}")
    if not by_name:
        raise RefusedError(
            "VCL knows no system that this computer's provisioning can capture",
            "Look at provisioningOSinstalltype in the database",
        )
    for system in found.systems:
        say(f"  {system.name}: {system.prettyname}")
    return by_name[_choose("The system to be captured", tuple(by_name), None)]


def _sysprep(given: bool | None, *, is_windows: bool) -> bool:
    if given is not None or not is_windows:
        return given is not False
    if not is_interactive():
        raise UsageError(
            "Missing --sysprep or --no-sysprep, and nobody can be asked, because there is no "
            "terminal",
            "Windows needs one of them",
        )
    return click.confirm("Use Sysprep?", default=True, err=True)


def _way(*, is_windows: bool) -> str:
    ways = tuple(way.value for way in CaptureWay)
    return _choose("Who captures", ways, "vcld" if is_windows else "core")


def _node(workspace: Workspace, found: BaseCaptureChoices, given: str | None) -> str:
    """The management node: the one given, this one, the only one, or the one chosen."""
    names = tuple(node.hostname for node in found.management_nodes)
    own = workspace.config.management_node
    if given is not None or len(names) == 1:
        return given or names[0]
    if own in names:
        return own
    if names and is_interactive():
        return _choose("The management node", names, names[0])
    return ""


def _ask(question: str, default: str | None = None) -> str:
    return str(click.prompt(printable(question), default=default, err=True)).strip()


def _choose(question: str, known: tuple[str, ...], default: str | None) -> str:
    return str(
        click.prompt(printable(question), type=click.Choice(known), default=default, err=True)
    )
