"""`vcltui host`: VM hosts of the embedded inventory."""

from __future__ import annotations

from pathlib import Path

import click

from vcltui.cli.confirm import confirm, yes_option
from vcltui.cli.names import complete_host
from vcltui.cli.text import printable, say
from vcltui.cli.workspace import pass_workspace
from vcltui.errors import (
    DriverError,
    HypervisorError,
    NodeError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from vcltui.hypervisor.networks import list_networks
from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.models.names import check_name
from vcltui.provisioning.session import HostSession
from vcltui.provisioning.switches import network_sources
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import hosts as host_rows


@click.group("host")
def host() -> None:
    """Add or remove VM hosts of the embedded inventory."""


def _absolute(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.startswith("/"):
        raise click.BadParameter(f"{value!r} is no absolute path on the host.")
    return value


@host.command("add")
@click.argument("name")
@click.option("--uri", required=True, help="Its libvirt URI, such as qemu+ssh://root@kvm1/system.")
@click.option(
    "--datastore",
    metavar="PATH",
    required=True,
    callback=_absolute,
    help="Folder of the master images on the host.",
)
@click.option(
    "--vmpath",
    metavar="PATH",
    callback=_absolute,
    help="Folder of the domains' own disks; default: the datastore.",
)
@click.option(
    "--repository", metavar="PATH", callback=_absolute, help="Folder of the image repository."
)
@click.option("--driver", help="Hypervisor driver; default: the first that fits.")
@click.option(
    "--network",
    "networks",
    metavar="NAME",
    multiple=True,
    default=("default",),
    show_default=True,
    help="Network or bridge of the private and, if repeated, of the public interface.",
)
@click.option("--image-type", default="qcow2", show_default=True, help="Format of master images.")
@click.option("--repository-image-type", help="Format in the repository; default: the same.")
@click.option("--eth0-generated", is_flag=True, help="Let libvirt choose the private MAC address.")
@click.option("--eth1-generated", is_flag=True, help="Let libvirt choose the public MAC address.")
@click.option(
    "--xml-directory",
    metavar="PATH",
    default="/tmp/vcl",  # noqa: S108 - VCL's own place on its hosts
    show_default=True,
    callback=_absolute,
    help="Folder of domain definitions on the host.",
)
@click.option(
    "--name-style",
    type=click.Choice(["seed", "vcl25"]),
    default="seed",
    show_default=True,
    help="How domains are named: COMPUTER:IMAGE, or as VCL 2.5 does.",
)
@click.option("--guest-user", default="root", show_default=True, help="Who logs in to guests.")
@click.option("--guest-key", metavar="FILE", help="SSH key for guests, a file on this machine.")
@click.option(
    "--guest-port",
    "guest_ports",
    metavar="PORT",
    type=click.IntRange(1, 65535),
    multiple=True,
    default=(22, 24),
    show_default=True,
    help="SSH port of guests; may be repeated.",
)
@click.option("--guest-proxy-jump", metavar="HOST", help="Reach guests through this machine.")
@click.option(
    "--boot-timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    default=605.0,
    show_default=True,
    help="How long a guest may take until it answers.",
)
@click.option("--no-check", is_flag=True, help="Add it even if it can't be used now.")
@pass_workspace
def host_add(
    workspace: Workspace,
    name: str,
    uri: str,
    datastore: str,
    vmpath: str | None,
    repository: str | None,
    driver: str | None,
    networks: tuple[str, ...],
    image_type: str,
    repository_image_type: str | None,
    eth0_generated: bool,
    eth1_generated: bool,
    xml_directory: str,
    name_style: str,
    guest_user: str,
    guest_key: str | None,
    guest_ports: tuple[int, ...],
    guest_proxy_jump: str | None,
    boot_timeout: float,
    no_check: bool,
) -> None:
    """Add the VM host NAME, and make the embedded inventory if there is none.

    It is connected to, and its driver, networks and folders are looked at. If that fails,
    nothing is added, or with --no-check only a warning is given.
    """
    if workspace.readonly:
        raise RefusedError("No host is added in read-only mode", "Leave out --readonly")
    if len(networks) > 2:
        raise click.UsageError("At most two networks are possible: --network private, then public.")
    profile = VMProfile(
        name=name,
        datastore=datastore,
        vmpath=vmpath,
        repository=repository,
        datastore_image_type=image_type,
        repository_image_type=repository_image_type or image_type,
        virtualswitch0=networks[0],
        virtualswitch1=networks[1] if len(networks) > 1 else None,
        eth0_generated=eth0_generated,
        eth1_generated=eth1_generated,
    )
    # Who reads the inventory stands in another folder.
    key = Path(guest_key).expanduser().absolute() if guest_key else None
    vmhost = VMHost(
        name=name,
        uri=uri,
        profile=profile,
        driver=driver,
        xml_directory=xml_directory,
        domain_name_style=name_style,
        guests=GuestAccess(
            user=guest_user,
            identity_file=str(key) if key else None,
            ports=guest_ports,
            proxy_jump=guest_proxy_jump,
            boot_timeout_seconds=boot_timeout,
        ),
    )
    check_name("host", name)
    _check_key(key, no_check=no_check)
    try:
        found = _look_at(vmhost)
    except (HypervisorError, NodeError, DriverError, NotFoundError) as error:
        if not no_check:
            raise RefusedError(
                f"Host {name} was not added: {error.what}",
                f"{error.hint}; or give --no-check to add it all the same".lstrip("; "),
            ) from error
        say(str(error))
        found = "not checked"
    host_rows.add_vmhost(workspace.inventory(create=True), vmhost)
    click.echo(printable(f"Added host {name}: {found}"))


def _check_key(key: Path | None, *, no_check: bool) -> None:
    """Raise UsageError for a key that can't be read here; with `no_check` that is only said."""
    try:
        if key is not None:
            with key.open("rb"):
                return
    except OSError as error:
        told = UsageError(
            f"The SSH key {key} can't be read: {error.strerror}",
            "Name the private key's file on this machine with --guest-key",
        )
        if not no_check:
            raise told from error
        say(str(told))


def _look_at(vmhost: VMHost) -> str:
    """Connect to a host and look at all that a load needs; returns what was found, for people."""
    session = HostSession(vmhost, readonly=True)
    try:
        networks = [network.name for network in list_networks(session.connection)]
        driver = session.driver.name
        network_sources(session)
        profile = session.profile
        for path in (profile.datastore, profile.vmpath, profile.repository):
            there = session.node.stat(path) if path else None
            if path and (there is None or not there.is_directory):
                raise NotFoundError(
                    f"There is no folder {path} on host {vmhost.name}", "Make it there first"
                )
        return f"driver {driver}, networks {', '.join(networks) or 'none'}"
    finally:
        session.close()


@host.command("remove")
@click.argument("name", shell_complete=complete_host)
@yes_option
@pass_workspace
def host_remove(workspace: Workspace, name: str, yes: bool) -> None:
    """Remove the VM host NAME from the inventory; on the host itself nothing is changed.

    Asks before. Without a terminal, --yes is needed.
    """
    inventory = workspace.inventory()
    found = host_rows.get_vmhost(inventory, name)
    question = f"Remove host {found.name} ({found.uri}) from the inventory?"
    confirm(question, (), yes=yes, needs_yes=True)
    host_rows.remove_vmhost(inventory, name)
    click.echo(printable(f"Removed host {found.name}"))
