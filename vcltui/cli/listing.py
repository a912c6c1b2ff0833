"""The listings: hosts, computers, domains, images, reservations."""

from __future__ import annotations

from collections.abc import Callable

import click

from vcltui.cli.names import host_option
from vcltui.cli.output import Row, json_option, show
from vcltui.cli.reporting import worst_exit_code
from vcltui.cli.text import say
from vcltui.cli.workspace import pass_workspace
from vcltui.disks.images import list_images
from vcltui.domxml.parse import parse_domain
from vcltui.errors import DomainXMLError, NotFoundError, VcltuiError
from vcltui.hypervisor.domains import domain_xml, list_domains
from vcltui.models.domain import Domain, VCLFacts
from vcltui.models.inventory import Computer
from vcltui.models.names import domain_belongs_to
from vcltui.models.natural import natural
from vcltui.provisioning.session import HostSession
from vcltui.runtime.diagnosis import diagnose_reservations
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers as computer_rows
from vcltui.vcldb import reservations as reservation_rows


@click.command("hosts")
@json_option
@pass_workspace
def hosts(workspace: Workspace, as_json: bool) -> int:
    """List the VM hosts and how they are.

    A host that can't be reached is listed as unreachable, with the reason; the exit code is 1 then,
    as with the other listings.
    """
    answers = workspace.each_host(_host_row)
    rows = [
        _unreachable_row(workspace.session(name), answer)
        if isinstance(answer, VcltuiError)
        else answer
        for name, answer in answers.items()
    ]
    columns = ["name", "state", "driver", "domains", "running", "uri"]
    if any(row["reason"] for row in rows):
        columns.append("reason")
    show(rows, columns, as_json=as_json, nothing="There are no hosts.")
    return worst_exit_code(answers.values())


def _host_row(session: HostSession) -> Row:
    found = list_domains(session.connection)
    driver, reason = None, None
    try:
        driver = session.driver.name
    except VcltuiError as error:
        reason = str(error)
    return {
        "name": session.name,
        "uri": session.vmhost.uri,
        "state": "up",
        "driver": driver,
        "domains": len(found),
        "running": sum(domain.power.is_active for domain in found),
        "reason": reason,
    }


def _unreachable_row(session: HostSession, error: VcltuiError) -> Row:
    return {
        "name": session.name,
        "uri": session.vmhost.uri,
        "state": "unreachable",
        "driver": None,
        "domains": None,
        "running": None,
        "reason": str(error),
    }


@click.command("computers")
@json_option
@pass_workspace
def computers(workspace: Workspace, as_json: bool) -> None:
    """List the computers of the inventory."""
    known = computer_rows.list_computers(workspace.inventory())
    rows = [_computer_row(one) for one in sorted(known, key=lambda one: natural(one.name))]
    columns = ("name", "state", "host", "image", "private_ip", "public_ip", "eth0_mac")
    show(rows, columns, as_json=as_json, nothing="There are no computers.")


def _computer_row(computer: Computer) -> Row:
    return {
        "name": computer.name,
        "hostname": computer.hostname,
        "state": computer.state,
        "host": computer.vmhost,
        "image": computer.current_image,
        "private_ip": computer.private_ip,
        "public_ip": computer.public_ip,
        "eth0_mac": computer.eth0_mac,
        "eth1_mac": computer.eth1_mac,
        "notes": computer.notes,
    }


@click.command("domains")
@host_option
@json_option
@pass_workspace
def domains(workspace: Workspace, host: str | None, as_json: bool) -> int:
    """List the domains of all hosts, or of one."""
    known = computer_rows.list_computers(workspace.database) if workspace.database else []
    rows, exit_code = _ask_hosts(workspace, host, lambda session: _domain_rows(session, known))
    columns = ("host", "name", "power", "computer", "image", "vcpus", "memory_bytes")
    show(rows, columns, as_json=as_json, nothing="" if exit_code else "There are no domains.")
    return exit_code


def _domain_rows(session: HostSession, known: list[Computer]) -> list[Row]:
    return [
        _domain_row(session, domain, known)
        for domain in sorted(
            list_domains(session.connection, details=True), key=lambda one: natural(one.name)
        )
    ]


def _domain_row(session: HostSession, domain: Domain, known: list[Computer]) -> Row:
    facts = _facts(session, domain)
    computer = next((one for one in known if domain_belongs_to(domain.name, one.name)), None)
    here = computer is not None and computer.vmhost == session.name
    noted = computer.current_image if computer is not None and here else None
    return {
        "host": session.name,
        "name": domain.name,
        "uuid": domain.uuid,
        "power": domain.power.value,
        "reason": domain.reason,
        "computer": computer.name if computer else (facts.computer_name if facts else None),
        "image": facts.image_name if facts else noted,
        "vcpus": domain.vcpus,
        "memory_bytes": domain.memory_bytes,
        "autostart": domain.autostart,
        "persistent": domain.persistent,
    }


def _facts(session: HostSession, domain: Domain) -> VCLFacts | None:
    """What a load wrote into the domain; None for other domains and for one gone meanwhile."""
    try:
        return parse_domain(domain_xml(session.connection, domain.uuid)).facts
    except (NotFoundError, DomainXMLError):
        return None


@click.command("images")
@host_option
@json_option
@pass_workspace
def images(workspace: Workspace, host: str | None, as_json: bool) -> int:
    """List the image files in the datastores and repositories of all hosts, or of one."""
    rows, exit_code = _ask_hosts(workspace, host, _image_rows)
    columns = ["host", "name", "location", "format", "virtual_size_bytes", "disk_size_bytes"]
    columns.append("used_by")
    if any(row["problem"] for row in rows):
        columns.append("problem")
    show(rows, columns, as_json=as_json, nothing="" if exit_code else "There are no images.")
    return exit_code


def _image_rows(session: HostSession) -> list[Row]:
    return [
        {
            "host": session.name,
            "name": image.name,
            "location": image.location,
            "path": image.path,
            "format": image.format,
            "virtual_size_bytes": image.virtual_size_bytes,
            "disk_size_bytes": image.disk_size_bytes,
            "used_by": image.used_by,
            "problem": image.problem,
        }
        for image in list_images(session.node, session.profile)
    ]


@click.command("reservations")
@json_option
@pass_workspace
def reservations(workspace: Workspace, as_json: bool) -> None:
    """List the reservations of the inventory.

    Which are stuck is told by the database and the management nodes; `vcltui doctor` asks the VM
    hosts too.
    """
    diagnosis = diagnose_reservations(workspace)
    rows = [
        {
            "id": one.id,
            "request_id": one.request_id,
            "state": one.state,
            "laststate": one.laststate,
            "user": one.user,
            "computer": one.computer,
            "image": one.image,
            "host": one.host,
            "start": one.start,
            "end": one.end,
            "lastcheck": one.lastcheck,
            "stuck": one.id in diagnosis.stuck,
            "findings": [
                {"rule": found.rule, "severity": found.severity.value, "summary": found.summary}
                for found in diagnosis.of_reservation(one.id)
            ],
        }
        for one in reservation_rows.list_reservations(workspace.inventory())
    ]
    columns = ("id", "request_id", "state", "laststate", "user", "computer", "image", "host")
    shown = (*columns, "start", "end", "stuck")
    show(rows, shown, as_json=as_json, nothing="There are no reservations.")


def _ask_hosts(
    workspace: Workspace, host: str | None, ask: Callable[[HostSession], list[Row]]
) -> tuple[list[Row], int]:
    """The rows of one host, or of every host that answers; the others are told on stderr.

    Also returns the exit code, which tells of hosts that did not answer.
    """
    if host is not None:
        return ask(workspace.session(host)), 0
    rows: list[Row] = []
    answers = workspace.each_host(ask).values()
    for answer in answers:
        if isinstance(answer, VcltuiError):
            say(str(answer))
        else:
            rows += answer
    return rows, worst_exit_code(answers)
