"""Where an image is on a host, and how big (does_image_exist, get_image_size_bytes)."""

from __future__ import annotations

from vcltui.errors import NotFoundError
from vcltui.models.names import check_name
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context


def image_paths(context: Context, image_name: str) -> tuple[str, ...]:
    """Every file of an image on the host: its master, then its repository files."""
    check_name("image", image_name)
    master = paths.existing_master(context, image_name)
    return (*filter(None, (master,)), *paths.repository_files(context, image_name))


def image_size_bytes(context: Context, image_name: str) -> int:
    """Bytes that an image takes on disk: its master, else its files in the repository.

    Raises NotFoundError where the image is in neither.
    """
    master = paths.existing_master(context, image_name)
    files = (master,) if master else paths.repository_files(context, image_name)
    if not files:
        raise NotFoundError(
            f"Image {image_name} is neither in the datastore nor in a repository of host "
            f"{context.vmhost.name}",
            "List the images there with `vcltui images`",
        )
    found = (context.session.node.stat(path) for path in files)
    return sum(stat.disk_size_bytes for stat in found if stat is not None)
