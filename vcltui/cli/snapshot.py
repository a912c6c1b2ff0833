"""`vcltui snapshot`: the snapshots of a domain."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from vcltui.cli.change import Change
from vcltui.cli.confirm import confirm, yes_option
from vcltui.cli.names import complete_domain, host_option
from vcltui.cli.output import json_option, show
from vcltui.cli.workspace import pass_workspace
from vcltui.errors import NotFoundError
from vcltui.models.domain import Snapshot
from vcltui.provisioning.snapshotting import plan_create, plan_delete, plan_revert
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace, alternatives

_domain_argument = click.argument("domain", shell_complete=complete_domain)
_snapshot_argument = click.argument("snapshot")


@click.group("snapshot")
def snapshot() -> None:
    """List, create, revert to and delete snapshots.

    DOMAIN is a computer of the inventory, or else exactly a domain's name.
    """


@snapshot.command("list")
@_domain_argument
@host_option
@json_option
@pass_workspace
def snapshot_list(workspace: Workspace, domain: str, host: str | None, as_json: bool) -> None:
    """List the snapshots of DOMAIN, the oldest first."""
    module, found = Targets(workspace).domain(domain, host)
    snapshots = module.get_snapshot_info(found.name).values()
    rows = [
        {
            "host": found.host,
            "domain": found.name,
            "name": one.name,
            "creation_time": one.creation_time,
            "state": one.state,
            "description": one.description,
            "parent": one.parent,
            "current": one.is_current,
            "external": one.external,
            "children": one.children,
        }
        for one in snapshots
    ]
    columns = ("name", "creation_time", "state", "current", "parent", "description")
    show(rows, columns, as_json=as_json, nothing=f"{found.name} has no snapshots.")


@snapshot.command("create")
@_domain_argument
@click.argument("snapshot", required=False)
@click.option("--description", default="", help="What the snapshot is for.")
@host_option
@pass_workspace
def snapshot_create(
    workspace: Workspace, domain: str, snapshot: str | None, description: str, host: str | None
) -> None:
    """Create a snapshot of DOMAIN; without a name it is named by the time in UTC."""
    change = Change(workspace)
    module, found = change.targets.domain(domain, host)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}" if snapshot is None else snapshot
    change.run(
        module,
        lambda context: plan_create(context, found, name, description),
        lambda: module.create_snapshot(found.name, name, description),
    )


@snapshot.command("revert")
@_domain_argument
@_snapshot_argument
@host_option
@yes_option
@pass_workspace
def snapshot_revert(
    workspace: Workspace, domain: str, snapshot: str, host: str | None, yes: bool
) -> None:
    """Put DOMAIN back to SNAPSHOT; what was written since is lost.

    Asks before. Without a terminal, --yes is needed.
    """
    change = Change(workspace)
    module, found = change.targets.domain(domain, host)
    question = f"Put {found.name} on {found.host} back to {snapshot!r}?"
    lost = (f"What {found.name} has written since then is lost.",)
    change.run(
        module,
        lambda context: plan_revert(context, found, snapshot),
        lambda: module.revert_snapshot(found.name, snapshot),
        ask=lambda _operation: confirm(question, lost, yes=yes, needs_yes=True),
    )


@snapshot.command("delete")
@_domain_argument
@_snapshot_argument
@click.option("--children", is_flag=True, help="Delete all that follow from it as well.")
@host_option
@yes_option
@pass_workspace
def snapshot_delete(
    workspace: Workspace,
    domain: str,
    snapshot: str,
    children: bool,
    host: str | None,
    yes: bool,
) -> None:
    """Delete SNAPSHOT of DOMAIN.

    Asks before. Without a terminal, --yes is needed.
    """
    change = Change(workspace)
    module, found = change.targets.domain(domain, host)
    names = _family(module.get_snapshot_info(found.name), snapshot, children=children)
    listed = ", ".join(map(repr, names))
    question = f"Delete {listed} of {found.name} on {found.host}?"
    change.run(
        module,
        lambda context: plan_delete(context, found, snapshot, children=children),
        lambda: module.delete_snapshot(found.name, snapshot, children=children),
        ask=lambda _operation: confirm(question, (), yes=yes, needs_yes=True),
    )


def _family(known: dict[str, Snapshot], name: str, *, children: bool) -> list[str]:
    """A snapshot's name, with `children` those of all that follow from it too."""
    if name not in known:
        raise NotFoundError(f"There is no snapshot {name!r}", alternatives(name, known))
    names = [name]
    if children:
        for parent in names:
            names += [one.name for one in known.values() if one.parent == parent]
    return names
