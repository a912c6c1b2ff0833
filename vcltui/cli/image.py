"""`vcltui image`: image files, looked at. What changes them is in image_changes."""

from __future__ import annotations

import click

from vcltui.cli import image_changes
from vcltui.cli.image_places import distinct, files_on_hosts
from vcltui.cli.names import complete_image, host_option
from vcltui.cli.output import Row, json_option, show
from vcltui.cli.workspace import pass_workspace
from vcltui.disks.check import check_disk
from vcltui.disks.info import backing_chain
from vcltui.models.disk import DiskInfo
from vcltui.runtime.workspace import Workspace


@click.group("image")
def image() -> None:
    """Look at, check, copy, convert, import and delete images.

    Where there are several hosts and the image is on more than one, --host names one.
    """


for _command in image_changes.COMMANDS:
    image.add_command(_command)


@image.command("info")
@click.argument("image", metavar="IMAGE|PATH", shell_complete=complete_image)
@host_option
@json_option
@pass_workspace
def image_info(workspace: Workspace, image: str, host: str | None, as_json: bool) -> int:
    """Show what an image's files are, each with the files that it stands on.

    An absolute PATH is that of a disk file on the host. A file that several hosts share is looked
    at once.
    """
    places, exit_code = files_on_hosts(workspace, image, host)
    rows = [
        _info_row(one.hosts, disk)
        for one in distinct(places)
        for disk in backing_chain(one.session.node, one.path, in_use=True)
    ]
    columns = ["hosts", "path", "file_format", "virtual_size_bytes", "disk_size_bytes"]
    columns += ["backing_file", "problems"]
    show(rows, columns, as_json=as_json)
    return exit_code


def _info_row(hosts: tuple[str, ...], disk: DiskInfo) -> Row:
    marks = (("corrupt", disk.corrupt), ("dirty", disk.dirty))
    return {
        "host": hosts[0],
        "hosts": hosts,
        "path": disk.path,
        "file_format": disk.file_format,
        "virtual_size_bytes": disk.virtual_size_bytes,
        "disk_size_bytes": disk.disk_size_bytes,
        "cluster_size_bytes": disk.cluster_size_bytes,
        "backing_file": disk.backing_file,
        "backing_file_actual_path": disk.backing_file_actual_path,
        "backing_file_format": disk.backing_file_format,
        "data_file": disk.data_file,
        "compat": disk.compat,
        "encrypted": disk.encrypted,
        "corrupt": disk.corrupt,
        "dirty": disk.dirty,
        "problems": [word for word, is_so in marks if is_so],
        "snapshots": [
            {
                "id": one.id,
                "tag": one.tag,
                "date": one.date,
                "vm_size_bytes": one.vm_size_bytes,
                "vm_clock_seconds": one.vm_clock_seconds,
            }
            for one in disk.snapshots
        ],
    }


@image.command("check")
@click.argument("image", metavar="IMAGE|PATH", shell_complete=complete_image)
@host_option
@json_option
@pass_workspace
def image_check(workspace: Workspace, image: str, host: str | None, as_json: bool) -> int:
    """Check an image's files for damage; nothing is repaired.

    An absolute PATH is that of a disk file on the host. The exit code is 1 for a damaged one.
    """
    places, exit_code = files_on_hosts(workspace, image, host)
    rows: list[Row] = []
    for one in distinct(places):
        result = check_disk(one.session.node, one.path)
        rows.append(
            {
                "host": one.hosts[0],
                "hosts": one.hosts,
                "path": one.path,
                "consistent": result.consistent,
                "corruptions": result.corruptions,
                "leaks": result.leaks,
                "errors": result.errors,
                "summary": result.summary,
            }
        )
    show(rows, ("hosts", "path", "consistent", "summary"), as_json=as_json)
    return exit_code if all(row["consistent"] for row in rows) else 1
