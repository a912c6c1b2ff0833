"""Disks and folders of the hosts: rules 16, 17, 19 and 23."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vcltui.doctor.facts import FileFacts, FolderFacts, HostFacts, LibvirtFacts, Unknown
from vcltui.doctor.findings import Evidence, Finding, Severity, Target
from vcltui.doctor.naming import own_file
from vcltui.doctor.rules.make import Rule, about_host, span
from vcltui.doctor.view import View
from vcltui.models.domain import PowerState

# Such as the check that another look at a shared folder is just making.
_ONLY_LOOKS = re.compile(r"qemu-img (check|info|map|measure)\b")


def storage_full(view: View) -> Iterator[Finding]:
    """16: a folder that is full, or a domain that was frozen because it could not write."""
    for host in _hosts(view):
        frozen = [
            domain
            for domain in (host.libvirt.domains if isinstance(host.libvirt, LibvirtFacts) else ())
            if domain.power is PowerState.SUSPENDED
            and (domain.disk_error or domain.reason == "I/O error")
        ]
        spaces = host.folders.spaces if isinstance(host.folders, FolderFacts) else ()
        full = [one for one in spaces if one.used_share >= view.settings.full_share]
        if not full and not frozen:
            continue
        what = [f"{one.path} is {one.used_share:.0%} full" for one in full]
        what += [f"{len(frozen)} domains are frozen by I/O errors"] if frozen else []
        yield about_host(
            host.name,
            f"storage of {host.name}",
            Severity.CRITICAL if frozen else Severity.WARNING,
            f"On {host.name} {' and '.join(what)}",
            "Make room: put aside and delete what no domain uses, never a master in use; then "
            "let the frozen domains go on (vcltui power resume)",
            (
                *(Evidence(f"df {one.path}", f"{one.free_bytes} of {one.total_bytes} bytes free")
                  for one in spaces),
                *(Evidence(f"domstate --reason {one.name}", one.disk_error or one.reason)
                  for one in frozen),
            ),
        )  # fmt: skip


def master_partial(view: View) -> Iterator[Finding]:
    """17: a master that is not whole. By D3 vcld takes any master that exists as complete."""
    held = {one.image for one in view.facts.database.semaphores if one.image}
    told: set[tuple[str, int, int]] = set()
    for host in _hosts(view):
        if isinstance(host.folders, Unknown) or isinstance(host.processes, Unknown):
            continue
        for file in host.folders.datastore:
            image = file.name.rpartition(".")[0]
            if not file.is_disk or own_file(file.name) or image in held:
                continue
            if file.identity in told:
                continue
            if any(
                file.path in process.arguments and not _ONLY_LOOKS.search(process.arguments)
                for process in host.processes
            ):
                continue
            wrong = why_partial(view, host, file)
            if wrong:
                told.add(file.identity)
                yield _partial(view, host, file, image, wrong)
            elif file.age_seconds <= view.settings.just_now_seconds:
                told.add(file.identity)
                yield _being_written(host, file, image)


def why_partial(view: View, host: HostFacts, file: FileFacts) -> str | None:
    """What is wrong with a master, None where it seems whole."""
    if file.problem:
        return file.problem
    if file.whole is False:
        return "qemu-img check finds it corrupt or cut off"
    folders = host.folders
    if isinstance(folders, Unknown) or folders.repository is None:
        return None
    for copy in folders.repository:
        if copy.name.rpartition(".")[0] != file.name.rpartition(".")[0] or not copy.is_disk:
            continue
        if copy.virtual_size_bytes != file.virtual_size_bytes:
            return (
                f"its virtual size is {file.virtual_size_bytes} bytes, the repository's copy has "
                f"{copy.virtual_size_bytes}"
            )
        if file.disk_size_bytes < view.settings.smaller_share * copy.disk_size_bytes:
            return (
                f"it takes {file.disk_size_bytes} bytes, the repository's copy "
                f"{copy.disk_size_bytes}"
            )
    return None


def _being_written(host: HostFacts, file: FileFacts, image: str) -> Finding:
    return about_host(
        host.name,
        f"master {image} on {host.name}",
        Severity.INFO,
        f"The master {file.path} was written to just now, and nobody holds its lock",
        "Find out who writes it; vcld would take it as complete. If that has just ended, nothing "
        "is wrong",
        (
            Evidence(f"last change of {file.path}", f"{span(file.age_seconds)} ago"),
            Evidence("locks on the image", "none"),
            Evidence("qemu-img processes that name it", "none"),
        ),
        target=Target(image=image),
    )


def _partial(view: View, host: HostFacts, file: FileFacts, image: str, wrong: str) -> Finding:
    users = view.users_of(file.path)
    remedies: tuple[str, ...] = ()
    if isinstance(users, Unknown):
        because = f"Whether anything stands on it is unknown: {users.reason}"
    elif users:
        because = f"{len(users)} stand on it, so it may only be reported"
    else:
        because = "Put it aside; the next load then retrieves it again from the repository"
        remedies = ("L",)
    changed = span(file.age_seconds)
    return about_host(
        host.name,
        f"master {image} on {host.name}",
        Severity.CRITICAL,
        f"The master {file.path} is not whole: {wrong}",
        because,
        (
            Evidence(f"qemu-img info {file.path}", wrong),
            Evidence(f"last change of {file.path}", f"{changed} ago"),
            Evidence("locks on the image", "none"),
            Evidence(
                "what stands on it",
                users.reason if isinstance(users, Unknown) else ", ".join(users) or "nothing",
            ),
        ),
        remedies,
        target=Target(paths=(file.path,), image=image),
    )


def backing_missing(view: View) -> Iterator[Finding]:
    """19: a domain's disk stands on a file that is not there."""
    users: dict[str, list[str]] = {}
    for domain in view.all_domains():
        for path in domain.disks:
            users.setdefault(path, []).append(f"{domain.name} on {domain.host}")
    told: set[tuple[str, int, int]] = set()
    for host in _hosts(view):
        if isinstance(host.folders, Unknown):
            continue
        for file in host.folders.overlays:
            if file.backing is None or file.backing_exists is not False:
                continue
            if file.identity in told:
                continue
            told.add(file.identity)
            by = users.get(file.path, [])
            yield about_host(
                host.name,
                f"disk {file.name} on {host.name}",
                Severity.CRITICAL if by else Severity.WARNING,
                f"{file.path} stands on {file.backing}, which is missing",
                "Restore the master under exactly that path from a repository with the same "
                "content, never a newer revision; then start the domain",
                (
                    Evidence(f"qemu-img info -U --backing-chain {file.path}", "no backing file"),
                    Evidence("domains that use it", ", ".join(by) or "none"),
                ),
                computer=(own_file(file.name) or ("",))[0] or None,
            )


def orphan_files(view: View) -> Iterator[Finding]:
    """23: a disk or definition that a load made and no domain uses any more."""
    used = {disk for domain in view.all_domains() for disk in domain.disks}
    names = {path.rsplit("/", 1)[-1] for path in used}
    told: set[tuple[str, int, int]] = set()
    for host in _hosts(view):
        if isinstance(host.folders, Unknown) or isinstance(host.libvirt, Unknown):
            continue
        backing = {one.backing for one in (*host.folders.overlays, *host.folders.datastore)}
        for file in (*host.folders.overlays, *host.folders.definitions):
            own = own_file(file.name)
            if own is None or ".partial-" in file.name or file.identity in told:
                continue
            if file.age_seconds <= view.settings.orphan_file_seconds:
                continue
            # A disk under the same name is never taken for an orphan, wherever it is mounted.
            if file.path in used or file.name in names or file.path in backing:
                continue
            if isinstance(view.users_of(file.path), Unknown):
                continue
            if _is_defined(view, host, file, own[0]) or _is_worked_on(view, own[0]):
                continue
            told.add(file.identity)
            yield about_host(
                host.name,
                f"file {file.name} on {host.name}",
                Severity.INFO,
                f"{file.path} ({file.disk_size_bytes} bytes) belongs to no domain",
                "Put it aside, and delete it when nobody has missed it for some time",
                (
                    Evidence(f"last change of {file.path}", f"{span(file.age_seconds)} ago"),
                    Evidence("domains that use it", "none on any host"),
                ),
                ("L",),
                target=Target(paths=(file.path,)),
                computer=own[0],
            )


def _is_defined(view: View, host: HostFacts, file: FileFacts, computer_name: str) -> bool:
    """Whether a definition's file belongs to a domain that is there."""
    is_xml = file.name.endswith(".xml")
    return is_xml and any(one.host == host.name for one in view.domains_named(computer_name))


def _is_worked_on(view: View, computer_name: str) -> bool:
    """Whether a process may be working on a computer; so too where that can't be told."""
    for computer in view.computers_named(computer_name):
        for case in view.cases_of(computer.id):
            if case.request.state == "pending" and view.is_worked_on(case) is not False:
                return True
    return False


def _hosts(view: View) -> list[HostFacts]:
    return [host for _, host in sorted(view.facts.hosts.items())]


RULES = (
    Rule(16, "storage-full", storage_full),
    Rule(17, "master-partial", master_partial),
    Rule(19, "backing-missing", backing_missing),
    Rule(23, "orphan-files", orphan_files),
)
