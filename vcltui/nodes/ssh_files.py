"""The file functions of an SSH node: which command each is, and how its output is read."""

from __future__ import annotations

import os
import stat as stat_module
from collections.abc import Iterator, Sequence

from vcltui.nodes.base import FileStat

# Every script is fixed text for `sh -c`; paths come as its positional parameters and are
# absolute, so that no program takes one for an option.

STAT_FORMAT = "%f %s %b %B %.9Y %d %i"
FIND_FORMAT = r"%y %s %b %T@ %D %i %f\0"

# What came in must be as long as what was sent, or a connection that broke on the way would
# leave a cut-off file under the final name.
WRITE_SCRIPT = """\
umask 077
dd of="$1" bs=64K conv="excl${5:+,fsync}" status=none || exit 1
if [ "$(wc -c <"$1")" -eq "$4" ] && chmod -- "$3" "$1" && mv -fT -- "$1" "$2" \\
    && { [ -z "$5" ] || sync -- "${2%/*}/"; }; then exit 0; fi
rm -f -- "$1"
exit 1
"""

# Hard links are how POSIX programs can rename without replacing: `mv -n` looks first and may
# be overtaken, and does not say whether it moved.
RENAME_SCRIPT = 'ln -PT -- "$1" "$2" && rm -- "$1" && sync -- "${2%/*}/"'

DIRECTORY_SCRIPT = """\
[ -d "$1" ] && exit 0
umask 022
mkdir -p -- "${1%/*}/" && { mkdir -m "$2" -- "$1" || [ -d "$1" ]; }
"""

# `df` knows only what exists; a file yet to be made will be on its directory's file system.
DF_SCRIPT = """\
p=$1
while [ ! -e "$p" ]; do
    p=${p%/*}
    [ -n "$p" ] || p=/
done
exec df --output="$2" -B1 -- "$p"
"""

HAS_PROGRAM_SCRIPT = 'command -v -- "$1" >/dev/null'


def batches(files: Sequence[FileStat], most_bytes: int) -> Iterator[list[FileStat]]:
    """The files in as many parts as their paths need that fit into `most_bytes` each."""
    part: list[FileStat] = []
    length = 0
    for file in files:
        needed = len(os.fsencode(file.path)) + 3
        if part and length + needed > most_bytes:
            yield part
            part, length = [], 0
        part.append(file)
        length += needed
    if part:
        yield part


def parse_starts(files: Sequence[FileStat], max_bytes: int, data: bytes) -> dict[str, bytes]:
    """Read what `head -v -c` printed of files, up to the first that is not as long as it was.

    What a file holds may look like the next one's heading: only its known length tells.
    """
    found: dict[str, bytes] = {}
    position = 0
    for file in files:
        heading = os.fsencode(f"==> {file.path} <==\n")
        heading = b"\n" + heading if position else heading
        if not data.startswith(heading, position):
            continue  # head could not open it
        begin = position + len(heading)
        end = begin + min(file.size_bytes, max_bytes)
        if end > len(data) or (end < len(data) and not data.startswith(b"\n==> ", end)):
            break
        found[file.path], position = data[begin:end], end
    return found


def parse_stat(path: str, text: str) -> FileStat:
    """Read what stat printed in STAT_FORMAT. Raises ValueError."""
    mode_text, size, blocks, unit, mtime, device, inode = text.split()
    mode = int(mode_text, 16)
    return FileStat(
        path=path,
        is_directory=stat_module.S_ISDIR(mode),
        is_file=stat_module.S_ISREG(mode),
        size_bytes=int(size),
        disk_size_bytes=int(blocks) * int(unit),
        mtime=float(mtime),
        device=int(device),
        inode=int(inode),
    )


def parse_listing(directory: str, data: bytes) -> list[FileStat]:
    """Read what find printed in FIND_FORMAT, the directory's own entry first. Raises ValueError."""
    found: list[FileStat] = []
    for record in data.split(b"\0")[1:-1]:
        kind, size, blocks, mtime, device, inode, name = record.split(b" ", 6)
        found.append(
            FileStat(
                path=f"{directory.rstrip('/')}/{os.fsdecode(name)}",
                is_directory=kind == b"d",
                is_file=kind == b"f",
                size_bytes=int(size),
                disk_size_bytes=int(blocks) * 512,
                mtime=float(mtime),
                device=int(device),
                inode=int(inode),
            )
        )
    return sorted(found, key=lambda item: item.name)
