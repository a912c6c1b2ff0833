"""Master images in a datastore: the specification's get_master_image_file_path."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from vcltui.errors import RefusedError
from vcltui.models.host import VMProfile
from vcltui.models.names import check_name, is_image_file
from vcltui.nodes.base import Node

_COPY_ON_WRITE_NAME = re.compile(r"[^_/]+_\d+-v\d+\.\w+\Z")


def find_master(node: Node, datastore: str, image_name: str) -> str | None:
    """The path of an image's master, or None: the one file `<datastore>/<image name>.*`.

    Raises NotFoundError where the datastore is missing, RefusedError where two files could be
    the master, UsageError for an impossible name.
    """
    check_name("image", image_name)
    found = [
        entry.path
        for entry in node.list_directory(datastore)
        if entry.is_file and is_image_file(entry.name, image_name)
    ]
    if len(found) > 1:
        raise RefusedError(
            f"The image {image_name} has two masters on {node.name}: {' and '.join(found)}",
            "Move away the one that is not right",
        )
    return found[0] if found else None


def master_path(node: Node, profile: VMProfile, image_name: str) -> str:
    """The path of an image's master: the one that is there, else where it is to be made.

    Raises as find_master.
    """
    found = find_master(node, profile.datastore, image_name)
    return found or f"{_folder(profile)}/{image_name}.{profile.datastore_image_type}"


def master_xml_path(profile: VMProfile, image_name: str) -> str:
    """The path of the domain XML that was saved when the image was captured."""
    return f"{_folder(profile)}/{check_name('image', image_name)}.xml"


def is_copy_on_write_name(path: str) -> bool:
    """Whether a file is named as a load names a domain's disk: `<computer>_<id>-v<n>.<type>`."""
    return bool(_COPY_ON_WRITE_NAME.match(PurePosixPath(path).name))


def _folder(profile: VMProfile) -> str:
    return profile.datastore.rstrip("/")
