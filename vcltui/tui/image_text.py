"""What the screens say of an image."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from vcltui.disks.check import CheckResult
from vcltui.runtime.image_details import ImageDetails, ImageUser
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.tones import ATTENTION
from vcltui.tui.words import count, plain, size


def image_text(details: ImageDetails, glyphs: Glyphs) -> Text:
    """What the inventory knows of it, what it stands on, and what stands on it."""
    text = Text()
    for problem in details.problems:
        text.append(f"{glyphs.attention} {plain(problem)}\n", ATTENTION)
    _revision(text, details)
    text.append("\nStands on\n", "bold underline")
    for depth, file in enumerate(details.chain):
        room = "   " * depth
        text.append(f"{room}{glyphs.stands_on if depth else ''}{plain(file.path)}\n")
        on_disk = f"{size(file.disk_size_bytes)} on disk of {size(file.virtual_size_bytes)}"
        text.append(f"{room}   {file.file_format}, {on_disk}\n", "dim")
    if len(details.chain) == 1:
        text.append("   nothing else: it is whole in itself\n", "dim")
    text.append(f"\nWhat stands on it: {count(len(details.users), 'disk')}\n", "bold underline")
    if details.chain:
        _users(text, details.users, details.chain[0].path, glyphs, "")
    if not details.users:
        text.append("nothing\n", "dim")
    return text


def _revision(text: Text, details: ImageDetails) -> None:
    revision = details.revision
    if revision is None:
        text.append("The inventory does not know this image.\n", "dim")
        return
    marks = [word for word, so in (("production", revision.production),
                                   ("deleted", revision.deleted)) if so]  # fmt: skip
    pairs = [
        ("image", f"{revision.prettyname}, revision {revision.revision}"),
        ("system", revision.os.prettyname or revision.os.name),
        ("needs", f"{count(revision.min_cpus, 'CPU')}, {size(revision.min_ram_mib << 20)}"),
        ("owner", revision.owner),
        ("made", f"{revision.created:%Y-%m-%d %H:%M}" if revision.created else "-"),
        *([("marks", ", ".join(marks))] if marks else []),
    ]
    for label, words in pairs:
        text.append(f"{label:<9}", "dim").append(f"{plain(words)}\n")


def _users(text: Text, users: Sequence[ImageUser], path: str, glyphs: Glyphs, indent: str) -> None:
    here = [user for user in users if user.stands_on == path]
    for user in here:
        last = user is here[-1]
        text.append(indent + (glyphs.last_branch if last else glyphs.branch), "dim")
        text.append(plain(user.path))
        if user.domain is not None:
            word = f" {user.power.value}" if user.power else ""
            text.append(f"  {plain(user.domain)}", "bold")
            text.append(f" {glyphs.power(user.power)}{word}", "dim")
        else:
            text.append("  no domain uses it", "dim")
        text.append("\n")
        _users(text, users, user.path, glyphs, indent + ("   " if last else glyphs.trunk))


def check_text(result: CheckResult, glyphs: Glyphs) -> Text:
    """What a check of its disk found."""
    text = Text()
    sound = result.consistent
    sign = glyphs.done if sound else glyphs.failed
    text.append(f"{sign} {plain(result.summary)}\n", "bold" if sound else ATTENTION)
    for label, number in (
        ("corruptions", result.corruptions),
        ("leaks", result.leaks),
        ("errors", result.errors),
    ):
        text.append(f"{label:<13}", "dim").append(f"{number}\n")
    return text.append(f"\n{plain(result.path)}\n", "dim")
