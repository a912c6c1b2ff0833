"""Reads and writes the text of currentimage.txt, by which VCL knows what a computer holds."""

from __future__ import annotations

import re

from vcltui.errors import UsageError
from vcltui.models.guest import CurrentImage

FILE_NAME = "currentimage.txt"
TAG_PREFIX = "vcld_"
POST_LOAD_TAG = "vcld_post_load"
_MAX_CHARACTERS = 1 << 16
_LINE_END = re.compile(r"\r\n|\r|\n")
_FACT = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=(.*)\Z")


def parse(text: str) -> CurrentImage | None:
    """What the file says: its first line is the image name, the others are `key=value`.

    Whatever else stands in it is passed over, and so is what follows its first 65,536
    characters; the last of several lines for one key counts. None for a file that says nothing.
    """
    name = ""
    facts: dict[str, str] = {}
    tags: dict[str, str] = {}
    lines = [_clean(line) for line in _LINE_END.split(text[:_MAX_CHARACTERS])]
    for number, line in enumerate(line for line in lines if line):
        found = _FACT.match(line)
        if found is not None:
            key, value = found[1], found[2].strip()
            (tags if key.startswith(TAG_PREFIX) else facts)[key] = value
        elif number == 0:
            name = line
    return CurrentImage(name, facts, tags) if name or facts or tags else None


def render(current: CurrentImage) -> str:
    """The text of the file, with newlines. Raises UsageError for a key that is no name."""
    lines = [_clean(current.image_name)]
    for key, value in (*current.facts.items(), *current.tags.items()):
        line = f"{key}={_clean(value)}"
        if _FACT.match(line) is None:
            raise UsageError(f"{key!r} is no key for {FILE_NAME}", "Use letters and underscores")
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def with_tag(current: CurrentImage, tag: str, value: str) -> CurrentImage:
    """The same with one tag set. Raises UsageError for a tag that does not begin with vcld_."""
    if not tag.startswith(TAG_PREFIX):
        raise UsageError(f"{tag!r} is no tag", f"Tags begin with {TAG_PREFIX}")
    return CurrentImage(current.image_name, current.facts, {**current.tags, tag: value})


def without_tags(current: CurrentImage) -> CurrentImage:
    """The same as it may go into an image: no tag of this load stays."""
    return CurrentImage(current.image_name, current.facts)


def _clean(text: str) -> str:
    """One line of printable text; control characters would be read as something else later."""
    return "".join(char for char in text if char.isprintable()).strip()
