"""Finds the configuration files, reads them and builds the Config."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from vcltui.config.document import Document, read_documents
from vcltui.config.inventory import inventory_url, vcld_conf
from vcltui.config.model import (
    Config,
    JobSettings,
    ManagementNodeAccess,
    UISettings,
    is_there,
)
from vcltui.config.vcldconf import VCLD_CONF
from vcltui.models.doctorsettings import DoctorSettings
from vcltui.models.host import GuestAccess, VMHost, VMProfile

SYSTEM_FILE = Path("/etc/vcltui/config.toml")
_SYSTEM_STATE = Path("/var/lib/vcltui")


def load_config(
    config_file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    system_file: Path = SYSTEM_FILE,
    vcld_conf_file: Path = VCLD_CONF,
) -> Config:
    """Read the configuration.

    With `config_file`, or else the environment's VCLTUI_CONFIG, that one file is read and must
    exist. Otherwise `system_file` is read and then the user's config.toml over it, where they
    are. Where they name no inventory, VCL's own `vcld_conf_file` names it, if that is there and
    may be read. Raises ConfigError, which names the file and the key.
    """
    known = os.environ if environment is None else environment
    files = _find_files(config_file, known, system_file)
    document = read_documents(files) if files else Document(system_file, {})
    tables = document.tables
    state_directory = Path(tables["state_directory"]) if "state_directory" in tables else None
    state_directory = state_directory or default_state_directory()
    guests = GuestAccess(**tables.get("guests", {}))
    profiles = {name: _profile(document, name) for name in tables.get("profiles", {})}
    vcld = vcld_conf(document, vcld_conf_file)
    management_node = (
        tables.get("management_node")
        or (vcld.fqdn if vcld is not None else "")
        or socket.gethostname()
    )
    nodes = {name: dict(table) for name, table in tables.get("management_nodes", {}).items()}
    if vcld is not None and vcld.log:
        nodes.setdefault(management_node, {}).setdefault("log", vcld.log)
    config = Config(
        files=files,
        management_node=management_node,
        state_directory=state_directory,
        inventory_url=inventory_url(document, state_directory, vcld),
        all_management_nodes=tables.get("inventory", {}).get("all_management_nodes", False),
        sandbox=tables.get("sandbox", False),
        profiles=profiles,
        hosts={name: _host(document, name, profiles) for name in tables.get("hosts", {})},
        guests=guests,
        jobs=JobSettings(**tables.get("jobs", {})),
        ui=UISettings(**tables.get("ui", {})),
        doctor=DoctorSettings(**tables.get("doctor", {})),
        management_nodes={name: ManagementNodeAccess(**table) for name, table in nodes.items()},
        default_uri=known.get("LIBVIRT_DEFAULT_URI") or None,
        places=document.places,
    )
    if not config.sandbox:
        _refuse_simulated_guests(document, config)
    return config


def default_state_directory() -> Path:
    """Where the journal and the embedded inventory are kept by default."""
    if os.geteuid() == 0:
        return _SYSTEM_STATE
    return platformdirs.user_state_path("vcltui", appauthor=False)


def _find_files(
    config_file: Path | None, environment: Mapping[str, str], system_file: Path
) -> tuple[Path, ...]:
    named = environment.get("VCLTUI_CONFIG")
    if config_file is None and named:
        config_file = Path(named)
    if config_file is not None:
        return (config_file.absolute(),)
    user_file = platformdirs.user_config_path("vcltui", appauthor=False) / "config.toml"
    return tuple(file for file in (system_file, user_file) if is_there(file))


def _profile(document: Document, name: str) -> VMProfile:
    table: dict[str, Any] = document.tables["profiles"][name]
    if "datastore" not in table:
        raise document.place("profiles", name).error(
            "has no datastore", "Name the folder of the master images on the VM hosts"
        )
    return VMProfile(name=name, **table)


def _host(document: Document, name: str, profiles: Mapping[str, VMProfile]) -> VMHost:
    table: dict[str, Any] = dict(document.tables["hosts"][name])
    if "uri" not in table:
        raise document.place("hosts", name).error(
            "has no uri", "Give its libvirt URI, such as qemu+ssh://root@kvm1/system"
        )
    profile_name = table.pop("profile", None)
    if profile_name is not None and profile_name not in profiles:
        raise document.place("hosts", name, "profile").error(
            f"names the profile {profile_name[:40]!r}, which does not exist",
            f"There are: {', '.join(profiles)}" if profiles else "There are no [profiles] tables",
        )
    guests = GuestAccess(**document.tables.get("guests", {}) | table.pop("guests", {}))
    profile = profiles[profile_name] if profile_name is not None else None
    return VMHost(name=name, profile=profile, guests=guests, **table)


def _refuse_simulated_guests(document: Document, config: Config) -> None:
    """A simulated guest says that it is ready whatever the domain does."""
    places = {"guests": config.guests}
    places |= {f"hosts.{name}.guests": host.guests for name, host in config.hosts.items()}
    for key, guests in places.items():
        if guests.method == "simulated":
            raise document.place(*key.split("."), "method").error(
                "is 'simulated', which only a sandbox can have",
                "Use 'ssh', or set sandbox = true for hosts on libvirt's test driver",
            )
