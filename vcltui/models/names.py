"""VCL's rules for names: domains, files, images. Exact matches only: vm1 never means vm10."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from vcltui.errors import UsageError
from vcltui.models.host import VMProfile
from vcltui.models.inventory import Computer, ImageRevision

MAX_DOMAIN_NAME = 48
MAX_IMAGE_NAME = 70
MAX_PRETTY_NAME = 80
_MIN_MIDDLE = 5
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_NON_IMAGE_SUFFIXES = frozenset({".xml", ".reference"})


def check_name(kind: str, name: str, limit: int = MAX_IMAGE_NAME) -> str:
    """Return `name` if it can be part of a path and an argument, else raise UsageError.

    `kind` is the word for it in the message: "image", "computer", "host".
    """
    if len(name) > limit:
        raise UsageError(
            f"The {kind} name {name[:20]!r}... has {len(name)} characters",
            f"At most {limit} are possible",
        )
    if not _SAFE_NAME.match(name) or ".." in name:
        raise UsageError(
            f"{name!r} is no {kind} name",
            "Letters, digits, dots, underscores and dashes are possible, "
            "beginning with a letter or digit",
        )
    return name


def check_pretty_name(name: str) -> str:
    """Return an image's pretty name if VCL can keep it, else raise UsageError."""
    if not name.strip() or not name.isprintable():
        raise UsageError(f"{name!r} is no image name", "It needs printable characters")
    if len(name) > MAX_PRETTY_NAME:
        raise UsageError(
            f"The image name {name[:20]!r}... has {len(name)} characters",
            f"At most {MAX_PRETTY_NAME} are possible",
        )
    if not re.search(r"[A-Za-z0-9]", name):
        raise UsageError(f"{name!r} is no image name", "It needs a letter or a digit")
    return name


def seed_domain_name(computer: Computer, image: ImageRevision) -> str:
    """The specification's domain name: `<computer>:<image name>`."""
    return f"{computer.name}:{image.name}"


def vcl25_domain_name(
    computer: Computer, image: ImageRevision, max_length: int = MAX_DOMAIN_NAME
) -> str:
    """VCL 2.5's domain name: `<computer>_<prettyname>_<image id>-v<revision>`, cut to fit."""
    if len(computer.name) > max_length:
        return str(computer.id)
    prefix, suffix = f"{computer.name}_", f"{image.image_id}-v{image.revision}"
    if len(prefix) + len(suffix) > max_length:
        return computer.name
    room = max_length - len(prefix) - len(suffix) - 1
    middle = re.sub(r"[^A-Za-z0-9]", "", image.prettyname)[: max(room, 0)]
    if room < _MIN_MIDDLE or not middle:
        return prefix + suffix
    return f"{prefix}{middle}_{suffix}"


def file_base_name(computer: Computer, image: ImageRevision) -> str:
    """The base of a load's files: `<computer>_<image id>-v<revision>`."""
    return f"{computer.name}_{image.image_id}-v{image.revision}"


def copy_on_write_path(profile: VMProfile, computer: Computer, image: ImageRevision) -> str:
    """Path on the host of the disk that a load makes for a domain."""
    base = file_base_name(computer, image)
    return f"{profile.copy_on_write_directory}/{base}.{profile.datastore_image_type}"


def domain_belongs_to(domain_name: str, computer_name: str) -> bool:
    """Whether a domain was made for a computer: its name is the computer's and `:` or `_`.

    A domain named exactly as the computer is VCL's fallback for very long names.
    """
    return domain_name == computer_name or domain_name.startswith(
        (f"{computer_name}:", f"{computer_name}_")
    )


def file_belongs_to(path: str, computer_name: str) -> bool:
    """Whether a disk file was made for a computer: its file name starts with `<computer>_`."""
    return PurePosixPath(path).name.startswith(f"{computer_name}_")


def is_image_file(file_name: str, image_name: str) -> bool:
    """Whether a file in a datastore is the master of an image: `<image name>.<extension>`.

    Not its `.xml` and `.reference`; `...-v1` does not match `...-v10`, nor `x` `x.y.qcow2`.
    """
    path = PurePosixPath(file_name)
    return path.stem == image_name and path.suffix != "" and path.suffix not in _NON_IMAGE_SUFFIXES


def captured_image_name(os_name: str, prettyname: str, image_id: int, revision: int) -> str:
    """The name of a captured image: `<OS>-<Prettyname>-<image id>-v<revision>`.

    The OS name loses "vmware" and "image", the pretty name all but letters and digits; the
    pretty name is cut so that the whole has at most 70 characters.
    """
    system = re.sub(r"vmware|image", "", os_name, flags=re.IGNORECASE)
    tail = f"-{image_id}-v{revision}"
    words = re.sub(r"[\W_]", "", prettyname, flags=re.ASCII)
    words = words[: MAX_IMAGE_NAME - len(system) - len(tail) - 1]
    return f"{system}-{words}{tail}"
