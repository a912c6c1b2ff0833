"""The names of a base image, as VCL's setup and its daemon make them, and VCL's limits."""

from __future__ import annotations

import re

from vcltui.errors import UsageError
from vcltui.models.names import MAX_IMAGE_NAME, captured_image_name, check_pretty_name

_WIDEST_ID = 65535  # image.id is a smallint
_BREAKS_SQL = "'\"\\`"


def first_words(os_name: str, prettyname: str) -> str:
    """What comes before the image id in VCL's first name: `<OS>-<Pretty>`."""
    return f"{os_name}-{re.sub(r'[^A-Za-z0-9_]', '', prettyname)}"


def first_image_name(os_name: str, prettyname: str, image_id: int) -> str:
    """The name that VCL's setup gives a base image: `<OS>-<Pretty><image id>-v0`."""
    return f"{first_words(os_name, prettyname)}{image_id}-v0"


def check_base_name(prettyname: str, os_name: str | None = None) -> None:
    """Raise UsageError for a name that VCL can't keep or that its own code would stumble over.

    With `os_name` the length of the image names made of both is checked too.
    """
    check_pretty_name(prettyname)
    if prettyname != prettyname.strip():
        raise UsageError(
            f"The image name {prettyname!r} begins or ends with a space", "Leave the space out"
        )
    foreign = [letter for letter in prettyname if not is_latin1(letter)]
    if foreign:
        raise UsageError(
            f"The image name {prettyname!r} has {foreign[0]!r}, which VCL's tables (latin1) can't "
            "hold",
            "Use Western European letters",
        )
    quotes = [letter for letter in prettyname if letter in _BREAKS_SQL]
    if quotes:
        raise UsageError(
            f"The image name {prettyname!r} has {quotes[0]}, and VCL puts names into its SQL as "
            "they are",
            "Leave quotes and backslashes out",
        )
    if os_name is None:
        return
    longest = first_image_name(os_name, prettyname, _WIDEST_ID)
    if len(longest) > MAX_IMAGE_NAME:
        raise UsageError(
            f"The image's name would be {longest[:30]}... with {len(longest)} characters, and VCL "
            f"keeps {MAX_IMAGE_NAME}",
            f"Make the name {len(longest) - MAX_IMAGE_NAME} letters or digits shorter",
        )


def final_image_name(os_name: str, prettyname: str, image_id: int, revision: int = 0) -> str:
    """The name a base image has once it is captured: `<OS>-<Pretty>-<image id>-v<revision>`."""
    return captured_image_name(os_name, prettyname, image_id, revision)


def is_latin1(text: str) -> bool:
    """Whether MariaDB's latin1, which is Windows' code page 1252, has every letter of `text`.

    VCL's tables can't hold any other, and its server refuses even to compare with one.
    """
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
