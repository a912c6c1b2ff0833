"""What the overview says of the chosen domain."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from vcltui.models.domain import Snapshot
from vcltui.runtime.fleet_models import DomainDetails, DomainView, LiveHost
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.words import moment, plain, since, size


def domain_text(
    view: DomainView | None, details: DomainDetails | None, host: LiveHost | None, glyphs: Glyphs
) -> Text:
    """Power and reason, snapshots as a tree, disks with their chains, interfaces."""
    text = Text(no_wrap=False)
    if view is None:
        return text.append("Nothing is chosen", "dim")
    _head(text, view, host, glyphs)
    if view.domain is None:
        return text.append("\nNo domain: nothing is loaded on this computer.\n", "dim")
    if details is None:
        return text.append("\nReading ...\n", "dim")
    if details.problem is not None:
        return text.append(f"\n{plain(details.problem)}\n", "bold")
    _snapshots(text, details.snapshots, glyphs)
    _disks(text, details, glyphs)
    _interfaces(text, details)
    return text


def _head(text: Text, view: DomainView, host: LiveHost | None, glyphs: Glyphs) -> None:
    text.append(f"{plain(view.name)}\n", "bold")
    domain = view.domain
    if domain is not None:
        reason = f" ({plain(domain.reason)})" if domain.reason else ""
        text.append(f"{glyphs.power(domain.power)} {domain.power.value}{reason}")
        text.append(f"  {domain.vcpus} CPUs  {size(domain.memory_bytes)}\n")
        if domain.facts is not None:
            text.append(f"loaded {since(domain.facts.load_time)} ago\n", "dim")
    if view.computer is not None:
        text.append(f"computer {plain(view.computer.name)}, {plain(view.computer.state)}\n", "dim")
    for flag in view.flags:
        text.append(f"{glyphs.attention} {flag.value}\n", "bold")
    if view.stale and host is not None and host.reason:
        text.append(f"{glyphs.down} {plain(host.reason)}\n", "bold")


def _title(text: Text, words: str) -> None:
    text.append(f"\n{words}\n", "bold underline")


def _snapshots(text: Text, found: tuple[Snapshot, ...], glyphs: Glyphs) -> None:
    _title(text, "Snapshots")
    if not found:
        text.append("none\n", "dim")
    names = {snapshot.name for snapshot in found}
    roots = [snapshot for snapshot in found if snapshot.parent not in names]
    _branch(text, roots, found, glyphs, "")


def _branch(
    text: Text,
    level: Iterable[Snapshot],
    found: tuple[Snapshot, ...],
    glyphs: Glyphs,
    indent: str,
) -> None:
    here = list(level)
    for snapshot in here:
        last = snapshot is here[-1]
        text.append(f"{indent}{glyphs.last_branch if last else glyphs.branch}")
        text.append(plain(snapshot.name), "bold" if snapshot.is_current else "")
        mark = f" {glyphs.current} current" if snapshot.is_current else ""
        text.append(f"{mark}  {moment(snapshot.creation_time)} {plain(snapshot.state)}\n", "dim")
        children = [each for each in found if each.parent == snapshot.name]
        _branch(text, children, found, glyphs, indent + ("   " if last else glyphs.trunk))


def _disks(text: Text, details: DomainDetails, glyphs: Glyphs) -> None:
    _title(text, "Disks")
    for disk in details.disks:
        text.append(f"{disk.target}\n")
        if disk.problem is not None:
            text.append(f"  {plain(disk.problem)}\n", "bold")
        for depth, file in enumerate(disk.files):
            lead = "  " if depth == 0 else "  " + "   " * (depth - 1) + glyphs.last_branch
            text.append(f"{lead}{plain(file.path.rsplit('/', 1)[-1])}\n")
            room = "  " + "   " * depth
            real, virtual = size(file.disk_size_bytes), size(file.virtual_size_bytes)
            text.append(f"{room}{file.file_format}, {real} of {virtual}\n", "dim")


def _interfaces(text: Text, details: DomainDetails) -> None:
    _title(text, "Interfaces")
    for nic in details.definition.interfaces if details.definition else ():
        addresses = ", ".join(details.addresses.get(nic.mac or "", ()))
        text.append(f"{plain(nic.source or nic.kind)}  {nic.model or ''}\n")
        text.append(f"  {nic.mac or 'no MAC'}  {addresses or 'no address known'}\n", "dim")
