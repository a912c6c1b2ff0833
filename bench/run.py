"""Runs every benchmark, one after the other, and writes RESULTS.md beside this file.

    python bench/run.py [NAME ...]      all of them, or those named; `make bench` does it

Exit code 1 when a line falls short of what it must be.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import libvirt

FOLDER = Path(__file__).parent
PROGRAMS = (
    "startup",
    "refresh",
    "events",
    "table",
    "reservations",
    "images",
    "idle",
    "load",
    "loads",
    "capture",
    "growth",
)
MOST_SECONDS = 600


def main() -> int:
    chosen = [name for name in PROGRAMS if name in sys.argv[1:] or not sys.argv[1:]]
    text = ["# What was measured", "", *conditions(), ""]
    fell_short = False
    for name in chosen:
        began = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, str(FOLDER / f"{name}.py"), "--json"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=MOST_SECONDS,
        )
        if done.returncode not in (0, 1) or not done.stdout:
            print(f"{name} failed with exit code {done.returncode}", file=sys.stderr)
            return 2
        lines = json.loads(done.stdout)
        text += section(name, lines)
        fell_short |= any(line["holds"] is False for line in lines)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if not sys.argv[1:]:
        results = FOLDER / "RESULTS.md"
        results.write_text("\n".join(text))
        # Root measures, the checkout's owner keeps the file.
        os.chown(results, FOLDER.stat().st_uid, FOLDER.stat().st_gid)
    else:
        print("\n".join(text))
    return 1 if fell_short else 0


def conditions() -> list[str]:
    """On what it was measured: what a reader needs in order to compare."""
    qemu = subprocess.run(["qemu-img", "--version"], capture_output=True, text=True, check=True)
    number = libvirt.getVersion()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"Made by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, "
        f"{memory:.0f} GiB of memory, {platform.machine()}, Linux {platform.release()}, Python "
        f"{platform.python_version()}, textual {version('textual')}, libvirt "
        f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}, "
        f"{qemu.stdout.splitlines()[0]}. Guests are emulated.",
        "",
        "A ratio is that of the least times of both ways, measured in turn in one run; the ratio "
        "of the medians stands in brackets. Counts hold on any machine.",
    ]


def section(name: str, lines: list[dict[str, object]]) -> list[str]:
    program = (FOLDER / f"{name}.py").read_text().split('"""')[1].strip()
    text = [f"## {name}", "", program, "", "| what | against | must be | found | |"]
    text.append("| --- | --- | --- | --- | --- |")
    for line in lines:
        mark = {True: "holds", False: "**falls short**", None: ""}[line["holds"]]  # type: ignore[index]
        cells = (line["what"], line["against"], line["must_be"], line["found"], mark)
        text.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    text.append("")
    for line in lines:
        counts = "; ".join(f"{key} {value}" for key, value in line["counts"].items())  # type: ignore[attr-defined]
        if counts:
            text += [f"- {line['what']}: {counts}"]
    text.append("")
    return text


if __name__ == "__main__":
    sys.exit(main())
