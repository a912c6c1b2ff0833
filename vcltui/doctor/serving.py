"""What serves a reservation: vcld's process, domain, overlay, master and repository copy."""

from __future__ import annotations

from vcltui.doctor.facts import FileFacts, Unknown, VcldProcess
from vcltui.doctor.findings import Serving
from vcltui.doctor.view import View
from vcltui.models.evidence import ReservedRow

NONE = "none"


def serving(view: View, row: ReservedRow) -> Serving:
    """What serves a reservation, in words; what could not be asked says why."""
    return Serving(
        reservation=row.id,
        process=_process(view, row),
        domain=_domain(view, row),
        overlay=_overlay(view, row),
        master=_image(view, row, in_repository=False),
        repository=_image(view, row, in_repository=True),
    )


def _process(view: View, row: ReservedRow) -> str:
    own = view.own_capture(view.case_of[row.request_id])
    process = view.process_of(row)
    if isinstance(process, VcldProcess):
        return f"{process.pid}, {process.state or 'without a state'}"
    if own is not None:
        return own.info
    return f"unknown: {process.reason}" if isinstance(process, Unknown) else NONE


def _domain(view: View, row: ReservedRow) -> str:
    computer = view.computers.get(row.computer_id)
    found = view.domains_of(computer) if computer is not None else []
    if found:
        return ", ".join(f"{one.name} on {one.host}, {one.power.value}" for one in found)
    silent = view.unknown_hosts()
    return f"unknown: {', '.join(silent)} could not be asked" if silent else NONE


def _overlay(view: View, row: ReservedRow) -> str:
    """The first disk of the domain; without one what a load of the image would have left."""
    computer, revision = view.computers.get(row.computer_id), view.revision_of(row)
    domains = view.domains_of(computer) if computer is not None else []
    disks = [domain.first_disk for domain in domains if domain.first_disk is not None]
    if disks:
        return ", ".join(dict.fromkeys(disks))
    folders = view.folders(view.host_of(row.computer_id))
    if isinstance(folders, Unknown):
        return f"unknown: {folders.reason}"
    if computer is None or revision is None:
        return NONE
    stem = f"{computer.name}_{revision.image_id}-v{revision.revision}"
    return _told(view.files.of_load(folders, stem))


def _image(view: View, row: ReservedRow, *, in_repository: bool) -> str:
    folders, revision = view.folders(view.host_of(row.computer_id)), view.revision_of(row)
    if isinstance(folders, Unknown):
        return f"unknown: {folders.reason}"
    if in_repository and folders.repository is None:
        return "no repository"
    if revision is None:
        return NONE
    look = view.files.in_repository if in_repository else view.files.in_datastore
    return _told(look(folders, revision.name))


def _told(files: list[FileFacts]) -> str:
    return ", ".join(f"{one.path} ({one.disk_size_bytes} bytes)" for one in files) or NONE
