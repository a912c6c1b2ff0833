"""Windows guests, as far as VCL reaches them over SSH: by Cygwin's server in the image."""

from __future__ import annotations

import re

from vcltui.guests.ssh_guest import SshGuest
from vcltui.models.cancel import CancelToken

_SYSTEM = "/cygdrive/c/Windows/system32"

# Six pairs and no more: tunnels have eight and DHCPv6 identifiers fourteen. The words around
# them are in the language of the system.
_MAC = re.compile(r"(?<![0-9A-Fa-f-])[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![0-9A-Fa-f-])")
_NO_MAC = "00:00:00:00:00:00"

_HOOK_SCRIPT = f"""\
cd || exit 1
if [ -f "/cygdrive/c/Windows/$1.cmd" ]; then
    {_SYSTEM}/cmd.exe /c "C:\\\\Windows\\\\$1.cmd" </dev/null >>"./$1.log" 2>&1
    status=$?
    if [ "$status" -ne 0 ]; then
        echo "C:/Windows/$1.cmd ended with status $status" >&2
        exit 1
    fi
fi
exit 0
"""
_CLEAN_SCRIPT = """\
cd || exit 1
rm -f ./.ssh/id_rsa ./.ssh/id_rsa.pub ./vcl_post_load.log ./vcl_pre_capture.log
"""
_SHUTDOWN_SCRIPT = f"exec {_SYSTEM}/shutdown.exe -s -f -t 0"
_MAC_SCRIPT = f"exec {_SYSTEM}/ipconfig.exe /all"


class WindowsGuest(SshGuest):
    """A Windows guest with Cygwin's SSH server and Windows in C:/Windows.

    Its own hooks are vcl_post_load.cmd and vcl_pre_capture.cmd in C:/Windows. Sysprep, users
    and scheduled tasks are not touched: that is for the hook, or for vcld.
    """

    def shutdown(self) -> None:
        """As Guest.shutdown, by shutdown.exe."""
        self._shut_down_with(_SHUTDOWN_SCRIPT)

    def mac_addresses(self) -> tuple[str, ...]:
        """As Guest.mac_addresses, from ipconfig."""
        output = self._script(_MAC_SCRIPT)
        self._check(output, "list its network interfaces")
        return parse_ipconfig(output.stdout.decode("utf-8", errors="replace"))

    def _run_hook(self, name: str, cancel: CancelToken | None = None) -> None:
        self._run_hook_script(_HOOK_SCRIPT, name, cancel)

    def _clean(self, cancel: CancelToken) -> None:
        output = self._script(_CLEAN_SCRIPT, cancel=cancel)
        self._check(output, "be cleaned for a capture")


def parse_ipconfig(text: str) -> tuple[str, ...]:
    """The MAC addresses in what `ipconfig /all` printed, lower case with colons."""
    found = (match[0].lower().replace("-", ":") for match in _MAC.finditer(text))
    return tuple(dict.fromkeys(mac for mac in found if mac != _NO_MAC))
