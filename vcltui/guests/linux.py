"""Linux and other Unix guests over SSH."""

from __future__ import annotations

import re

from vcltui.guests.ssh_guest import SshGuest
from vcltui.models.cancel import CancelToken

_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}\Z")
_NO_MAC = "00:00:00:00:00:00"

# The first two folders are where VCL itself looks for vcl_post_load. A program that a hook
# leaves running would hold the connection open if it wrote to it: hence the file.
_HOOK_SCRIPT = """\
cd || exit 1
for folder in /usr/local/vcl /etc/init.d /etc/vcl; do
    hook=$folder/$1
    if [ -f "$hook" ] && [ -x "$hook" ]; then
        "$hook" </dev/null >>"./$1.log" 2>&1
        status=$?
        if [ "$status" -ne 0 ]; then
            echo "$hook ended with status $status" >&2
            exit 1
        fi
    fi
done
exit 0
"""

# What VCL itself removes or empties before a capture, as far as it says something of this
# computer or of who used it. As with VCL, ~/.vclcontrol/vcl_exclude_list names what an image's
# owner wants kept: one shell pattern of a path on each line.
_CLEAN_SCRIPT = """\
cd || exit 1
list=./.vclcontrol/vcl_exclude_list
is_kept() {
    [ -f "$list" ] || return 1
    while read -r pattern || [ -n "$pattern" ]; do
        case $pattern in
            '' | '#'*) continue ;;
        esac
        case $1 in
            $pattern) return 0 ;;
        esac
    done <"$list"
    return 1
}
failed=0
for file in "$PWD/.ssh/id_rsa" "$PWD/.ssh/id_rsa.pub" "$PWD/vcl_post_load.log" \\
    "$PWD/vcl_pre_capture.log" /etc/udev/rules.d/70-persistent-net.rules /tmp/vcl* \\
    /var/lib/dhcp/*.leases /var/lib/dhclient/*.lease* /var/lib/NetworkManager/*.lease \\
    /etc/network/interfaces.20* /etc/sysconfig/iptables_pre*; do
    if [ -f "$file" ] && ! is_kept "$file"; then rm -f "$file" || failed=1; fi
done
for file in /var/log/audit/audit.log /var/log/auth.log /var/log/boot.log /var/log/kern.log \\
    /var/log/lastlog /var/log/maillog /var/log/messages /var/log/secure /var/log/syslog \\
    /var/log/udev /var/log/ufw.log /var/log/wtmp; do
    if [ -f "$file" ] && ! is_kept "$file"; then : >"$file" || failed=1; fi
done
sync
exit "$failed"
"""

_SHUTDOWN_SCRIPT = """\
if command -v poweroff >/dev/null; then exec poweroff; fi
exec shutdown -h now
"""

_MAC_SCRIPT = """\
for file in /sys/class/net/*/address; do
    case $file in
        */lo/address) continue ;;
    esac
    if [ -r "$file" ]; then cat "$file"; fi
done
exit 0
"""


class LinuxGuest(SshGuest):
    """A guest with a POSIX shell; a busybox and an SSH server are enough.

    Its own hooks are the executables vcl_post_load and vcl_pre_capture in /usr/local/vcl,
    /etc/init.d and /etc/vcl. A capture does not remove users and firewall rules that a
    reservation added; that is for a machine that nobody was let in to, or for the hook.
    """

    def shutdown(self) -> None:
        """As Guest.shutdown, by poweroff or shutdown."""
        self._shut_down_with(_SHUTDOWN_SCRIPT)

    def mac_addresses(self) -> tuple[str, ...]:
        """As Guest.mac_addresses, from /sys/class/net."""
        output = self._script(_MAC_SCRIPT)
        self._check(output, "list its network interfaces")
        lines = [line.strip().lower() for line in output.stdout.decode("ascii", "replace").split()]
        return tuple(dict.fromkeys(mac for mac in lines if _MAC.match(mac) and mac != _NO_MAC))

    def _run_hook(self, name: str, cancel: CancelToken | None = None) -> None:
        self._run_hook_script(_HOOK_SCRIPT, name, cancel)

    def _clean(self, cancel: CancelToken) -> None:
        output = self._script(_CLEAN_SCRIPT, cancel=cancel)
        self._check(output, "be cleaned for a capture")
