"""The image list of a host whose datastore has 1,000 images, on which 3,000 overlays stand.

vcltui's is the list that the console shows, with who stands on whom. The floor is what a script
does: one `qemu-img info` for each file; it is run for a sample of the files, and its time is told
for all of them. For the second list 1 % of the files were changed in between.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.loading import counting, create_overlay, make_folders, profile
from bench.measuring import Line, Times, alternate, tell
from vcltui.disks.images import StoredImage, list_images
from vcltui.models.host import VMProfile
from vcltui.nodes.local import LocalNode

IMAGES, OVERLAYS = 1_000, 3_000
FILES = IMAGES + OVERLAYS
LAYERED = 10
"""Each image of so many stands on the one before it."""
SAMPLE = 200
ROUNDS = 5
CHANGED = FILES // 100
LEAST_TIMES_FASTER = 20
OLD_SECONDS = 3600.0


class Reads(LocalNode):
    """This machine; counts the files that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def read_bytes(self, path: str, max_bytes: int, offset: int = 0) -> bytes:
        self.count += 1
        return super().read_bytes(path, max_bytes, offset)


class Files:
    """The datastore and the domains' disks, with what should be found of them."""

    def __init__(self, folder: Path) -> None:
        make_folders(folder)
        self.profile: VMProfile = profile(folder)
        self._images = folder / "datastore"
        self._overlays = folder / "vms"
        base, layer = self._images / "image-00000-v1.qcow2", self._images / "image-00001-v1.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(base), "20G"], check=True)
        create_overlay(base, layer)
        self._base, self._layer = base.read_bytes(), layer.read_bytes()
        self.backing: dict[Path, Path] = {}
        for number in range(IMAGES):
            on = number - 1 if number % LAYERED == 1 else None
            self._write(self._image(number), on)
        for number in range(OVERLAYS):
            self._write(self._overlays / f"vm{number:05}_12-v1.qcow2", number % IMAGES)
        # Images are not of the last moment.
        old = time.time() - OLD_SECONDS
        for path in self.paths:
            os.utime(path, (old, old))

    @property
    def paths(self) -> list[Path]:
        return [*self._images.iterdir(), *self._overlays.iterdir()]

    def change(self) -> None:
        """Have some overlays stand on another image."""
        for number in range(CHANGED):
            path = self._overlays / f"vm{number:05}_12-v1.qcow2"
            self._write(path, number + 1)

    def users(self) -> Counter[str]:
        """By an image's name, how many files stand on it, directly or not."""
        found: Counter[str] = Counter()
        for path in self.backing:
            on: Path | None = path
            while (on := self.backing.get(on)) is not None:
                found[on.stem] += 1
        return found

    def check(self, images: Sequence[StoredImage]) -> None:
        """End the program where a list of images is wrong."""
        found = Counter({image.name: len(image.used_by) for image in images})
        if len(images) != IMAGES or found != self.users():
            raise SystemExit("The list of images is wrong")

    def _image(self, number: int) -> Path:
        return self._images / f"image-{number:05}-v1.qcow2"

    def _write(self, path: Path, on: int | None) -> None:
        """What qemu-img makes, but for the name of what it stands on; zeros take no room."""
        data = self._base
        self.backing.pop(path, None)
        if on is not None:
            data = self._layer.replace(b"image-00000", f"image-{on:05}".encode())
            self.backing[path] = self._image(on)
        with path.open("wb") as file:
            for offset in range(0, len(data), 4096):
                piece = data[offset : offset + 4096]
                if piece.strip(b"\0"):
                    file.seek(offset)
                    file.write(piece)
            file.truncate(len(data))


def info(path: Path) -> dict[str, object]:
    argv = ["qemu-img", "info", "-f", "qcow2", "--output=json", str(path)]
    return json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)


def first_line(files: Files) -> Line:
    sample = files.paths[:: FILES // SAMPLE]
    for path in sample:
        on = files.backing.get(path)
        if info(path).get("backing-filename") != (on and str(on)):
            raise SystemExit(f"qemu-img does not read {path} as it was written")

    def ours() -> None:
        list_images(LocalNode(), files.profile)

    times = alternate({"vcltui": ours, "floor": lambda: [info(path) for path in sample]}, ROUNDS)
    with counting() as counts:
        files.check(list_images(LocalNode(), files.profile))
    scale = FILES / len(sample)
    theirs = Times(tuple(seconds * scale for seconds in times["floor"].seconds))
    least = theirs.least / times["vcltui"].least
    median = theirs.median / times["vcltui"].median
    return Line(
        f"List of {IMAGES} images and what stands on them, {FILES} files, the first time",
        "one `qemu-img info` for each file",
        f"at least {LEAST_TIMES_FASTER} times faster",
        f"{least:.0f} times faster (median {median:.0f})",
        least >= LEAST_TIMES_FASTER,
        {
            "vcltui, least / median": times["vcltui"].words(),
            f"floor, least / median of {len(sample)} files, times {scale:g}": theirs.words(),
            "processes": str(counts["processes"]),
            "rounds": str(ROUNDS),
        },
    )


def again_line(files: Files) -> Line:
    node = Reads()
    list_images(node, files.profile)
    first, node.count = node.count, 0
    files.change()
    began = time.perf_counter()
    files.check(list_images(node, files.profile))
    took, changed, node.count = time.perf_counter() - began, node.count, 0
    return Line(
        f"The list again, {CHANGED} files having changed",
        "-",
        "only what has changed is read",
        f"{changed} files read",
        changed <= CHANGED,
        {"read the first time": str(first), "took": f"{1000 * took:.0f} ms"},
    )


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="vcltui-bench-", dir="/var/tmp"))
    try:
        files = Files(folder)
        return tell([first_line(files), again_line(files)])
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
