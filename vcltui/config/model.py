"""What the configuration says, once it is read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vcltui.errors import ConfigError
from vcltui.models.doctorsettings import DoctorSettings
from vcltui.models.host import GuestAccess, VMHost, VMProfile

SQLITE_PREFIX = "sqlite:///"


def is_there(file: Path) -> bool:
    """Whether something is at this path; also where it can't be looked at, which opening tells."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How jobs run. `copies_at_once` is how many disks are copied at the same time."""

    copies_at_once: int = 2


@dataclass(frozen=True, slots=True)
class ManagementNodeAccess:
    """How a management node of VCL is looked at.

    `ssh` is whom to log in to, as `user@host` or `user@host:port`; None for this machine or for
    nobody. `log` is the path of its vcld.log, by default what VCL's own configuration says.
    """

    ssh: str | None = None
    log: str = "/var/log/vcld.log"


@dataclass(frozen=True, slots=True)
class UISettings:
    """How the console looks. `keys` maps an action's id to the key that does it.

    `theme` None is the console's own; with `ascii` nothing is drawn with other characters.
    """

    theme: str | None = None
    ascii: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration. `files` are those that it was read from, in the order of reading.

    `inventory_url` is `sqlite:///` and the path of an embedded file, or the URL of VCL's database;
    it may hold a password, so it is not part of what is printed of a Config. `guests` are the
    defaults that the hosts started from; `management_nodes` go by their host names.
    `default_uri` is LIBVIRT_DEFAULT_URI. Of VCL's hosts those of this `management_node` are used,
    or with `all_management_nodes` all. `places` are the files of the keys.
    """

    files: tuple[Path, ...]
    management_node: str
    state_directory: Path
    inventory_url: str = field(repr=False)
    sandbox: bool = False
    profiles: Mapping[str, VMProfile] = field(default_factory=dict)
    hosts: Mapping[str, VMHost] = field(default_factory=dict)
    guests: GuestAccess = field(default_factory=GuestAccess)
    jobs: JobSettings = field(default_factory=JobSettings)
    ui: UISettings = field(default_factory=UISettings)
    doctor: DoctorSettings = field(default_factory=DoctorSettings)
    management_nodes: Mapping[str, ManagementNodeAccess] = field(default_factory=dict)
    default_uri: str | None = None
    all_management_nodes: bool = False
    places: Mapping[str, Path] = field(default_factory=dict, repr=False, compare=False)

    def error(self, key: str, problem: str, expected: str) -> ConfigError:
        """The error for a key such as `ui.theme`, of which only others know what is possible.

        `problem` follows the key in the sentence.
        """
        file = self.places.get(key) or (self.files[-1] if self.files else "the configuration")
        return ConfigError(f"In {file}, {key} {problem}", expected)

    @property
    def inventory_path(self) -> Path | None:
        """The embedded inventory's file, or None where the inventory is VCL's database."""
        if not self.inventory_url.startswith(SQLITE_PREFIX):
            return None
        return Path(self.inventory_url.removeprefix(SQLITE_PREFIX))

    def inventory_exists(self) -> bool:
        """Whether there is an inventory to open: VCL's database, or an embedded file."""
        path = self.inventory_path
        return path is None or is_there(path)
