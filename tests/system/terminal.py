"""A real terminal, by tmux: types keys and reads the screen, as a person at it does."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Terminal:
    """A tmux session of its own server, whose socket is `socket`."""

    socket: Path

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, f"tmux {words}: {done.stderr}"
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys by their tmux names."""
        self._tmux("send-keys", "-t", "main", *names)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._tmux("send-keys", "-t", "main", "-l", text)

    def screen(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "main")

    def line(self, *words: str) -> str:
        """The first line of the screen with all of these words; empty where there is none."""
        return next(
            (line for line in self.screen().splitlines() if all(word in line for word in words)),
            "",
        )

    def wait(self, *words: str, seconds: float = 60.0) -> float:
        """Wait for a line with all of these words; returns the seconds it took."""
        return self.wait_for(lambda: bool(self.line(*words)), " ".join(words), seconds)

    def wait_gone(self, *words: str, seconds: float = 60.0) -> float:
        """Wait until no line has all of these words; returns the seconds it took."""
        return self.wait_for(lambda: not self.line(*words), f"no {' '.join(words)}", seconds)

    def wait_for(self, holds: Callable[[], bool], what: str, seconds: float) -> float:
        """Wait until something holds; returns the seconds it took."""
        began = time.monotonic()
        while not holds():
            took = time.monotonic() - began
            assert took < seconds, f"{what} did not come in {seconds} s:\n{self.screen()}"
            time.sleep(EVERY_SECONDS)
        return time.monotonic() - began

    def is_alive(self) -> bool:
        """Whether the program still runs."""
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), "has-session", "-t", "main"],
            capture_output=True,
            check=False,
        )
        return done.returncode == 0


@contextmanager
def terminal(
    folder: Path, argv: Sequence[str], *, size: tuple[int, int] = (140, 45)
) -> Iterator[Terminal]:
    """Run a program in a terminal; its tmux server is ended by its own id afterwards."""
    made = Terminal(folder / "tmux.sock")
    width, height = (str(number) for number in size)
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    environment.pop("NO_COLOR", None)
    subprocess.run(
        ["tmux", "-S", str(made.socket), "-f", "/dev/null", "new-session", "-d", "-s", "main",
         "-x", width, "-y", height, f"exec {shlex.join(argv)}"],
        env=environment, check=True, timeout=20,
    )  # fmt: skip
    try:
        yield made
    finally:
        if made.is_alive():
            subprocess.run(
                ["tmux", "-S", str(made.socket), "kill-server"],
                check=False,
                timeout=20,
                capture_output=True,
            )
