"""Names and paths of the specification for what is assigned on a host."""

from __future__ import annotations

from vcltui.disks import datastore, repository
from vcltui.models import names
from vcltui.models.host import VMHost
from vcltui.models.inventory import Computer, ImageRevision
from vcltui.provisioning.context import Context


def domain_name(vmhost: VMHost, computer: Computer, image: ImageRevision) -> str:
    """The name a domain gets at load, in the style the host is configured for."""
    if vmhost.domain_name_style == "vcl25":
        return names.vcl25_domain_name(computer, image)
    return names.seed_domain_name(computer, image)


def domain_xml_path(context: Context) -> str:
    """Path on the node of the XML definition a load writes."""
    base = names.file_base_name(context.computer, context.image)
    return f"{context.vmhost.xml_directory}/{base}.xml"


def copy_on_write_path(context: Context) -> str:
    """Path on the node of the disk a load makes."""
    return names.copy_on_write_path(context.session.profile, context.computer, context.image)


def master_path(context: Context, image_name: str | None = None) -> str:
    """Path on the node where the master image is, or would be put."""
    return datastore.master_path(
        context.session.node, context.session.profile, image_name or context.image.name
    )


def existing_master(context: Context, image_name: str | None = None) -> str | None:
    """Path of the master image where it is on the node, else None."""
    return datastore.find_master(
        context.session.node, context.session.profile.datastore, image_name or context.image.name
    )


def repository_files(context: Context, image_name: str | None = None) -> tuple[str, ...]:
    """The image's files in the repository in reading order; empty where it has none."""
    profile = context.session.profile
    if profile.repository is None:
        return ()
    return repository.find_image_files(
        context.session.node, profile.repository, image_name or context.image.name
    )


def allowed_directories(context: Context) -> tuple[str, ...]:
    """The folders on the node in which disks may stand on one another."""
    profile = context.session.profile
    folders = (profile.datastore, profile.copy_on_write_directory, profile.repository)
    return tuple(dict.fromkeys(folder for folder in folders if folder))
