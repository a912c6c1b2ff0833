"""An SSH server that answers in place of guests, so that a load ends without booting one.

A guest's files go with its computer's disk: with a new disk there are none. Only what a load does
in a guest is done here: this machine is no guest, and is neither cleaned nor shut down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.unit.provisioning.world import World
from vcltui.models.host import GuestAccess

from .real_world import FIRST, SECOND, real_world
from .servers import private_sshd

ADDRESSES = ("127.0.0.1", "127.0.0.2")
"""Of the first and the second computer's guest."""

_SHELL = """\
#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
    *poweroff* | *shutdown* | *"rm -f"*/var/* | *reboot*) echo "not here" >&2; exit 1 ;;
esac
set -- $SSH_CONNECTION
case $3 in
    {first_address}) computer={first} ;;
    *) computer={second} ;;
esac
for disk in {disks}/"$computer"_*.qcow2; do :; done
HOME={folder}/homes/$(stat -c %i-%.9W "$disk")
PATH={folder}/bin:$PATH
export HOME PATH
[ -d "$HOME" ] || mkdir -p "$HOME"
exec sh -c "$SSH_ORIGINAL_COMMAND"
"""


@contextmanager
def stand_in_guests(folder: Path, disks: Path) -> Iterator[GuestAccess]:
    """Run it in an empty folder; gives how it is reached. `disks` is where the overlays are."""
    shell = folder / "shell"
    # The usual key exchange takes most of the time that a load takes here.
    quick = "KexAlgorithms curve25519-sha256"
    more = f"ListenAddress {ADDRESSES[1]}\nForceCommand {shell}\n{quick}\n"
    with private_sshd(folder, more) as server:
        (folder / "bin").mkdir()
        (folder / "bin" / "sync").symlink_to("/bin/true")  # for this machine's disks are many
        shell.write_text(
            _SHELL.format(
                first_address=ADDRESSES[0], first=FIRST, second=SECOND, disks=disks, folder=folder
            )
        )
        shell.chmod(0o700)
        yield GuestAccess(
            user=server.user,
            identity_file=str(folder / "id_ed25519"),
            ports=(server.port,),
            boot_timeout_seconds=20,
            shutdown_timeout_seconds=1,
        )


def write_down(home: Path, uri: str, access: GuestAccess) -> None:
    """Write down in a world's folder how its host and guests are reached."""
    (home / "reached.json").write_text(json.dumps({"uri": uri, "guests": asdict(access)}))


def open_written_down(home: Path, uri: str = "") -> World:
    """The world in a folder, by what is written down there or by another `uri`."""
    reached = json.loads((home / "reached.json").read_text())
    guests = {**reached["guests"], "ports": tuple(reached["guests"]["ports"])}
    return real_world(home, uri or reached["uri"], GuestAccess(**guests), ADDRESSES)
