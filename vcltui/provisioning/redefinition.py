"""Changes a domain's definition to XML that an operator edited."""

from __future__ import annotations

import difflib
from contextlib import suppress
from pathlib import PurePosixPath
from uuid import UUID

from vcltui.domxml.compare import fingerprint, same_document
from vcltui.domxml.parse import parse_domain, written_files
from vcltui.domxml.validate import validate_domain
from vcltui.errors import ConflictError, DomainXMLError, RefusedError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.hypervisor.volumes import volume_path
from vcltui.models.domain import Domain, DomainDefinition
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.operations.undo import RestoreDefinition
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.disk_users import disk_users
from vcltui.vcldb import revisions

_MAX_SHOWN_LINES = 40
_LATER = "takes effect at its next start"


def plan_redefine(
    context: Context, domain: Domain, xml: str, *, base_xml: str | None = None
) -> Operation:
    """Plan to define a domain anew with edited XML; its name and UUID must be the same.

    `base_xml` is what `domains.editable_xml` gave before the edit: when the definition is
    another by now, ConflictError is raised. A domain that is on goes on unchanged until its next
    start. Raises DomainXMLError for XML that is malformed or does not fit the schema,
    RefusedError for another name or UUID, for no change at all, for a new disk that is a master
    image, and as `domains.editable_xml`.
    """
    definition = parse_domain(xml)
    _check_is_the_same_domain(domain, definition)
    current = domains.editable_xml(context.session.connection, domain.uuid)
    if base_xml is not None and not same_document(base_xml, current):
        raise _changed_meanwhile(domain)
    if same_document(xml, current):
        raise RefusedError(f"Nothing was changed in the XML of {domain.name}", "There is no change")
    _check_fits_the_schema(xml, current)
    _refuse_masters(context, domain, _written(context, xml) - _written(context, current))
    title = f"Change the definition of {domain.name}"
    if domain.power.is_active:
        title = f"{title}, which {_LATER}"
    return Operation(
        id=new_operation_id(),
        kind="redefine",
        target=domain.name,
        host=context.vmhost.name,
        title=title,
        steps=(_define_step(context, domain, xml, current),),
        details={"uuid": domain.uuid},
    )


def _check_is_the_same_domain(domain: Domain, definition: DomainDefinition) -> None:
    if definition.name != domain.name:
        raise RefusedError(
            f"The XML is of a domain named {definition.name!r}, not of {domain.name}",
            "Keep the name; a domain can't be renamed here",
        )
    try:
        same = UUID(definition.uuid or "") == UUID(domain.uuid)
    except ValueError:
        same = False
    if not same:
        raise RefusedError(
            f"The XML has {definition.uuid or 'nothing'} as its UUID, and that of {domain.name} "
            f"is {domain.uuid}",
            "Put the UUID back",
        )


def _check_fits_the_schema(xml: str, current: str) -> None:
    """Raise DomainXMLError, unless the schema here refuses the present definition as well.

    Then it is of another version than the host's libvirt, which checks it in any case.
    """
    try:
        validate_domain(xml)
    except DomainXMLError:
        try:
            validate_domain(current)
        except DomainXMLError:
            return
        raise


def _written(context: Context, xml: str) -> set[str]:
    """The files that a domain writes to, those of volumes of storage pools among them."""
    paths, volumes = written_files(xml)
    connection = context.session.connection
    return {*paths, *(volume_path(connection, pool, volume) for pool, volume in volumes)}


def _refuse_masters(context: Context, domain: Domain, new_disks: set[str]) -> None:
    """Raise RefusedError for a disk that is an image, or on which others stand or may stand."""
    if context.vmhost.profile is None:
        return
    node = context.session.node
    for disk in sorted(new_disks):
        if node.stat(disk) is None:
            continue
        users = disk_users(context.session, context.other_hosts, disk, but_domain=domain.uuid)
        name = PurePosixPath(node.real_path(disk)).stem
        if users or (context.database and revisions.is_live(context.database, name)):
            why = f"these use it: {', '.join(users)}" if users else "it is an image"
            raise RefusedError(
                f"{domain.name} would write to {disk}, but {why}",
                "Make the domain a disk of its own that stands on it",
            )


def _changed_meanwhile(domain: Domain) -> ConflictError:
    return ConflictError(
        f"The definition of {domain.name} changed meanwhile", "Edit it again as it is now"
    )


def _define_step(context: Context, domain: Domain, xml: str, before: str) -> Step:
    host = context.vmhost.name

    def define(step: StepContext) -> str | None:
        connection = context.session.connection
        if not same_document(domains.editable_xml(connection, domain.uuid), before):
            raise _changed_meanwhile(domain)

        def becomes(text: str) -> RestoreDefinition:
            return RestoreDefinition(host, domain.name, domain.uuid, before, fingerprint(text))

        step.will(becomes(xml))
        now = domains.define(connection, xml)
        try:
            after = domains.domain_xml(connection, domain.uuid, inactive=True)
            step.will(becomes(after))
        except BaseException:
            # Only here is it known whose change it is: what libvirt made of it may be no more
            # what was recorded.
            with suppress(VcltuiError):
                domains.define(connection, before, validate=False)
            raise
        return _LATER if now.power.is_active else None

    return Step(
        name="define",
        title=f"Define {domain.name} with the edited XML",
        run=define,
        calls=(f"virDomainDefineXMLFlags({domain.name}, VALIDATE)", *_changes(before, xml)),
    )


def _changes(before: str, after: str) -> tuple[str, ...]:
    """The lines that go (-) and that come (+), without their indentation."""
    old, new = ([line.strip() for line in text.splitlines()] for text in (before, after))
    diff = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
    lines = [line for line in diff if not line.startswith("@@") and line[1:]]
    more = len(lines) - _MAX_SHOWN_LINES
    return (*lines[:_MAX_SHOWN_LINES], *((f"and {more} more lines",) if more > 0 else ()))
