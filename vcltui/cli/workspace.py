"""Opens what the commands work on."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from vcltui.cli.options import GlobalOptions
from vcltui.cli.text import say
from vcltui.config import Config, load_config
from vcltui.runtime.workspace import Workspace

P = ParamSpec("P")
R = TypeVar("R")


def open_workspace(options: GlobalOptions) -> Workspace:
    """Open the workspace that `options` mean; the caller closes it.

    Where neither the command line nor configuration or inventory name a host, it is the one of
    LIBVIRT_DEFAULT_URI. Raises ConfigError, UsageError, InventoryError, RefusedError for a sandbox
    that has to be built anew.
    """
    config = load_config(options.config)
    _check_drivers(config)
    if config.sandbox and not options.uris:
        # Only here: most have nothing to do with a sandbox.
        from vcltui.demo.sandbox import SandboxWorkspace, sandbox_home  # noqa: PLC0415

        home = sandbox_home(config)
        if home is not None:
            return SandboxWorkspace(config, home, readonly=options.readonly)
    workspace = Workspace(config, uris=options.uris, readonly=options.readonly)
    if options.uris or config.default_uri is None:
        return workspace
    try:
        has_hosts = bool(workspace.hosts())
    except BaseException:
        workspace.close()
        raise
    if has_hosts:
        return workspace
    workspace.close()
    return Workspace(config, uris=(config.default_uri,), readonly=options.readonly)


def _check_drivers(config: Config) -> None:
    """Raise ConfigError for a host's driver that there is not."""
    named = {name: host for name, host in config.hosts.items() if host.driver}
    if not named:
        return
    # Only here: it takes a quarter as long to import as all that a command needs to start.
    from vcltui.drivers import discovery  # noqa: PLC0415

    for name, host in named.items():
        others = discovery.drivers_instead_of(host.driver or "")
        if others:
            problem = f"is {host.driver!r:.42}, which is no driver"
            raise config.error(f"hosts.{name}.driver", problem, f"There are: {', '.join(others)}")


def pass_workspace(function: Callable[Concatenate[Workspace, P], R]) -> Callable[P, R]:
    """Give a command the workspace as its first argument, and close it when it is over."""

    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        ctx = click.get_current_context()
        workspace = ctx.with_resource(open_workspace(_options(ctx)))
        if workspace.config.sandbox:
            say("This is a sandbox: its hosts are invented and its guests simulated.")
        return function(workspace, *args, **kwargs)

    return update_wrapper(command, function)


def _options(ctx: click.Context) -> GlobalOptions:
    options: Any = ctx.find_object(GlobalOptions)
    return options if isinstance(options, GlobalOptions) else GlobalOptions()
