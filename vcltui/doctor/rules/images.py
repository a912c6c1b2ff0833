"""Images whose files and rows do not agree: rules 18 and 27."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vcltui.doctor.facts import FileFacts, FolderFacts, Unknown
from vcltui.doctor.findings import Evidence, Finding, Severity, Target
from vcltui.doctor.naming import own_file
from vcltui.doctor.rules.make import Rule, about_case, about_host, log_evidence, states
from vcltui.doctor.view import View
from vcltui.models.inventory import NO_IMAGE

_MISSING = "requested image does not exist"
_IMAGE_NAME = re.compile(r".+-\d+-v\d+\Z")


def image_missing(view: View) -> Iterator[Finding]:
    """18: the image of a reservation is nowhere on its host, by its exact name.

    The row `doesimageexists` of the load log is not asked: D7 writes "confirmed" there also for
    an image that is missing.
    """
    for case in view.cases:
        request = case.request
        if request.doing not in ("new", "reload", "failed"):
            continue
        for row in case.reservations:
            revision, name = view.revision_of(row), view.host_of(row.computer_id)
            folders = view.folders(name)
            if revision is None or revision.name == NO_IMAGE or isinstance(folders, Unknown):
                continue
            if view.files.of_image(folders, revision.name):
                continue
            told = log_evidence(view.log_of(row), _MISSING, 1)
            failed = request.doing == "failed" or any(one.time is not None for one in told)
            yield about_case(
                view,
                case,
                Severity.CRITICAL if failed else Severity.WARNING,
                f"The image {revision.name} is neither in the datastore nor in the repository of "
                f"{name}",
                "Copy it from another host or management node, or choose another revision"
                if failed
                else "The load fails unless vcld gets it from another management node: copy it, or "
                "choose another revision",
                (
                    states(view, case),
                    Evidence(f"files {revision.name}.* on {name}", "none, by the exact name"),
                    *told,
                ),
                row=row,
                target=Target(image=revision.name),
            )


def image_invisible(view: View) -> Iterator[Finding]:
    """27: files of an image that nobody can choose, or an image without files."""
    by_name = {one.name: one for one in view.revisions.values()}
    in_work = {
        revision.name
        for case in view.cases
        for row in case.reservations
        if case.request.doing in ("image", "checkpoint", "maintenance")
        and (revision := view.revision_of(row)) is not None
    }
    seen: set[tuple[str, int, int]] = set()
    for host_name, host in sorted(view.facts.hosts.items()):
        if isinstance(host.folders, Unknown):
            continue
        for file in (*host.folders.datastore, *(host.folders.repository or ())):
            image = file.name.rpartition(".")[0]
            if not file.is_disk or own_file(file.name) or file.identity in seen or image in in_work:
                continue
            seen.add(file.identity)
            revision = by_name.get(image)
            if revision is None and _IMAGE_NAME.match(image):
                yield _without_row(view, host_name, file, image)
            elif (
                revision is not None
                and revision.deleted
                and revision.deleted_since is None
                and revision.name != NO_IMAGE
            ):
                yield about_host(
                    host_name,
                    f"image {image}",
                    Severity.WARNING,
                    f"The image {image} has files and was never finished: nobody can choose it",
                    "Restart its capture if its request is still there, else delete it by VCL's "
                    "pages and put its files aside",
                    (
                        Evidence(f"imagerevision[{image}].deleted", "1, never deleted by anybody"),
                        Evidence("its file", file.path),
                    ),
                    _aside(view, file),
                    target=Target(paths=(file.path,), image=image),
                )
    yield from _without_files(view, by_name.keys() - in_work)


def _without_row(view: View, host: str, file: FileFacts, image: str) -> Finding:
    return about_host(
        host,
        f"image {image}",
        Severity.INFO,
        f"{file.path} is named as an image, and the database has no image {image}",
        "Put it aside if nobody knows it",
        (Evidence(f"imagerevision.imagename = {image}", "no row"), Evidence("file", file.path)),
        _aside(view, file),
        target=Target(paths=(file.path,), image=image),
    )


def _aside(view: View, file: FileFacts) -> tuple[str, ...]:
    return ("L",) if view.users_of(file.path) == [] else ()


def _without_files(view: View, names: set[str]) -> Iterator[Finding]:
    """Images in production of which no host has a file; only when every host could be asked."""
    folders = [host.folders for host in view.facts.hosts.values()]
    if not folders or not all(isinstance(one, FolderFacts) for one in folders):
        return
    for revision in view.revisions.values():
        if revision.name not in names or revision.deleted or revision.image_deleted:
            continue
        if not revision.production or revision.name == NO_IMAGE:
            continue
        if any(view.files.of_image(one, revision.name) for one in folders
               if isinstance(one, FolderFacts)):  # fmt: skip
            continue
        yield about_host(
            None,
            f"image {revision.name}",
            Severity.WARNING,
            f"The image {revision.name} is offered to users, and no host has its files",
            "Restore its files, or delete the image by VCL's pages",
            (Evidence(f"files {revision.name}.* on every host", "none"),),
            target=Target(image=revision.name),
        )


RULES = (
    Rule(18, "image-missing", image_missing),
    Rule(27, "image-invisible", image_invisible),
)
