"""The configuration: TOML files, checked key by key.

Paths in a file may be relative: they are taken from the folder that the file is in, and `~` is
the home folder of whoever runs vcltui. The user's file goes over the system's, table by table
and key by key; [inventory] is taken as a whole.
"""

from vcltui.config.load import default_state_directory, load_config
from vcltui.config.model import Config, JobSettings, ManagementNodeAccess, UISettings
from vcltui.config.uris import host_from_uri, hosts_from_uris

__all__ = [
    "Config",
    "JobSettings",
    "ManagementNodeAccess",
    "UISettings",
    "default_state_directory",
    "host_from_uri",
    "hosts_from_uris",
    "load_config",
]
