"""What the screens say of a domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from vcltui.models.domain import Snapshot
from vcltui.runtime.fleet.models import DomainDetails, DomainView, LiveHost
from vcltui.runtime.jobs.models import Job
from vcltui.tui.busy import busy_words
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.listings.domains import uptime
from vcltui.tui.listings.snapshots import snapshot_tree
from vcltui.tui.tones import ATTENTION
from vcltui.tui.words import count, moment, plain, read_age, since, size

if TYPE_CHECKING:
    from vcltui.doctor.findings import Finding


def domain_text(
    view: DomainView | None,
    details: DomainDetails | None,
    host: LiveHost | None,
    glyphs: Glyphs,
    job: Job | None = None,
    findings: Sequence[Finding] = (),
) -> Text:
    """What was found, power and reason, snapshots as a tree, disks with chains, interfaces.

    While a `job` works on it, that stands there instead of what is odd about it.
    """
    text = Text(no_wrap=False)
    if view is None:
        return text.append("Nothing is chosen", "dim")
    _facts(text, view, host, glyphs, job, findings)
    if view.domain is None:
        return text.append(
            "\nNo domain: nothing is loaded on this computer. L loads an image.", "dim"
        )
    if details is None:
        return text.append(f"\nReading{glyphs.ellipsis}\n", "dim")
    if details.problem is not None:
        text.append(f"\n{glyphs.attention} {plain(details.problem)}\n", ATTENTION)
    _snapshots(text, details.snapshots, glyphs)
    _disks(text, details, glyphs)
    _interfaces(text, details)
    old = read_age(details.read_at)
    text.append(f"\n{old}" if old else "", "dim")
    text.rstrip()
    return text


def head_line(view: DomainView | None, host: str, glyphs: Glyphs) -> Text:
    """A domain in one line."""
    text = Text(no_wrap=True, overflow="ellipsis")
    if view is None or view.domain is None:
        return text.append(f"This domain is no more on {plain(host)}", ATTENTION)
    text.append(f"{plain(view.name)}", "bold")
    text.append(f"  {glyphs.power(view.domain.power)} {view.domain.power.value}")
    text.append(f"  on {plain(host)}", "dim")
    if view.stale:
        text.append(f"  {glyphs.down} {plain(host)} does not answer", ATTENTION)
    return text


def disks_text(details: DomainDetails | None, glyphs: Glyphs) -> Text:
    """Each disk with the files that it stands on."""
    text = Text()
    if details is None:
        return text.append(f"Reading{glyphs.ellipsis}", "dim")
    if details.problem is not None:
        text.append(f"{glyphs.attention} {plain(details.problem)}\n\n", ATTENTION)
    for disk in details.disks:
        first = f"{disk.target}  "
        if not disk.files:
            text.append(first, "bold").append(f"{plain(disk.source)}\n")
        for depth, file in enumerate(disk.files):
            room = " " * (len(first) + 2 * depth)
            text.append(room[:-2] + glyphs.stands_on if depth else first, "bold")
            text.append(f"{plain(file.path)}\n")
            on_disk, whole = size(file.disk_size_bytes), size(file.virtual_size_bytes)
            more = [file.file_format, f"{on_disk} on disk of {whole}"]
            if file.snapshots:
                more.append(count(len(file.snapshots), "internal snapshot"))
            text.append(f"{room}{', '.join(more)}", "dim")
            for word, so in (("corrupt", file.corrupt), ("dirty", file.dirty)):
                text.append(f"  {glyphs.attention} {word}" if so else "", ATTENTION)
            text.append("\n")
        if disk.problem is not None:
            text.append(f"  {glyphs.attention} {plain(disk.problem)}\n", ATTENTION)
        text.append("\n")
    if not details.disks and details.problem is None:
        text.append("No disks", "dim")
    return text


def _facts(
    text: Text,
    view: DomainView,
    host: LiveHost | None,
    glyphs: Glyphs,
    job: Job | None,
    findings: Sequence[Finding],
) -> None:
    domain = view.domain
    if domain is not None:
        reason = f" ({plain(domain.reason)})" if domain.reason else ""
        on_for = uptime(domain)
        text.append(f"{glyphs.power(domain.power)} {domain.power.value}", "bold")
        text.append(f"{reason}{f' for {on_for}' if on_for != '-' else ''}\n", "dim")
    if job is not None:
        step = f"  {plain(job.current.title)}" if job.current else ""
        text.append(f"{busy_words(job, glyphs)}{step}\n")
    for flag in view.flags if job is None else ():
        text.append(f"{glyphs.attention} {flag.value}\n", ATTENTION)
    for one in findings if job is None else ():
        words = f"{glyphs.attention} {one.severity.value}: {plain(one.summary)}\n"
        text.append(words, ATTENTION if one.severity.rank else "")
    if view.stale and host is not None and host.reason:
        text.append(f"{glyphs.down} {plain(host.reason)}\n", ATTENTION)
    pairs: list[tuple[str, str]] = []
    if view.computer is not None:
        words = f"{view.computer.name} on {view.host or 'no host'}, {view.computer.state}"
        pairs.append(("computer", words))
    else:
        pairs.append(("host", view.host))
    if view.image is not None:
        pairs.append(("image", view.image))
    if domain is not None:
        words = f"{count(domain.vcpus, 'CPU')}, {size(domain.memory_bytes)}"
        if domain.cpu_percent is not None:
            words += f", CPU at {domain.cpu_percent:.0f} %"
        pairs.append(("size", words))
        if domain.facts is not None:
            pairs.append(("loaded", f"{since(domain.facts.load_time)} ago"))
    if view.reservation is not None:
        pairs.append(("reserved", f"{view.reservation}, {view.reservation_state}"))
    if view.address:
        pairs.append(("address", view.address))
    for label, words in pairs:
        text.append(f"{label:<10}", "dim").append(f"{plain(words)}\n")


def _title(text: Text, words: str, *, some: object) -> None:
    text.append(f"\n{words}", "bold underline").append("\n" if some else "  none\n", "dim")


def _snapshots(text: Text, found: tuple[Snapshot, ...], glyphs: Glyphs) -> None:
    _title(text, "Snapshots", some=found)
    for branch in snapshot_tree(found, glyphs):
        snapshot = branch.snapshot
        text.append(branch.lines, "dim")
        text.append(plain(snapshot.name), "bold" if snapshot.is_current else "")
        mark = f" {glyphs.current} current" if snapshot.is_current else ""
        text.append(f"{mark}  {moment(snapshot.creation_time)}\n", "dim")


def _disks(text: Text, details: DomainDetails, glyphs: Glyphs) -> None:
    _title(text, "Disks", some=details.disks)
    for disk in details.disks:
        first = f"{disk.target}  "
        if disk.problem is not None or not disk.files:
            text.append(f"{first}{plain(disk.source)}\n")
        if disk.problem is not None:
            text.append(f"  {plain(disk.problem)}\n", ATTENTION)
        for depth, file in enumerate(disk.files):
            room = " " * len(first) + "   " * depth
            lead = first if depth == 0 else room[:-3] + glyphs.last_branch
            text.append(f"{lead}{plain(file.path.rsplit('/', 1)[-1])}\n")
            real, virtual = size(file.disk_size_bytes), size(file.virtual_size_bytes)
            text.append(f"{room}{file.file_format}, {real} of {virtual}\n", "dim")


def _interfaces(text: Text, details: DomainDetails) -> None:
    found = details.definition.interfaces if details.definition else ()
    _title(text, "Interfaces", some=found)
    for nic in found:
        addresses = ", ".join(details.addresses.get(nic.mac or "", ()))
        text.append(f"{plain(nic.source or nic.kind)}  {addresses or 'no address known'}")
        text.append(f"  {nic.mac or 'no MAC'}  {nic.model or ''}\n", "dim")
