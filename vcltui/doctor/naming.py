"""What the names of files and domains tell: whose they are, and of which image."""

from __future__ import annotations

import re

from vcltui.models.host import VMProfile

# A number that no id can be is none. Without the bound a long one costs the square of its length.
_COPY_ON_WRITE = re.compile(
    r"(?P<short>[^_/]+)_(?P<image>\d{1,18})-v(?P<revision>\d{1,18})\.[^/]+\Z"
)
_LOADED = re.compile(r"(?<!\d)(?P<image>\d{1,18})-v(?P<revision>\d{1,18})\Z", re.ASCII)


def may_see(profile: VMProfile, path: str) -> bool:
    """Whether a file lies in a folder of a host's profile, by the folders' names."""
    folders = (profile.datastore, profile.copy_on_write_directory, profile.repository)
    return any(path.startswith(f"{folder.rstrip('/')}/") for folder in folders if folder)


def own_file(name: str) -> tuple[str, int, int] | None:
    """The computer, image id and revision of a load's file: `<computer>_<id>-v<n>.<type>`."""
    match = _COPY_ON_WRITE.match(name)
    return (match["short"], int(match["image"]), int(match["revision"])) if match else None


def loaded_by_name(name: str) -> tuple[int, int] | None:
    """The image id and revision at the end of a domain's or an image's name."""
    match = _LOADED.search(name)
    return (int(match["image"]), int(match["revision"])) if match else None
