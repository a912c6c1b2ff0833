"""A domain's definition, to be edited."""

from __future__ import annotations

from vcltui.errors import UsageError
from vcltui.hypervisor.domains import editable_xml
from vcltui.runtime.actions import Subject
from vcltui.runtime.workspace import Workspace


def read_editable_xml(workspace: Workspace, subject: Subject) -> str:
    """The definition of a subject's domain as it will be at its next start. Blocks.

    Raises UsageError for a computer without a domain, and what `editable_xml` raises.
    """
    if subject.uuid is None:
        raise UsageError(f"{subject.name} has no domain to edit", "Choose a domain's row")
    return editable_xml(workspace.session(subject.host).connection, subject.uuid)
