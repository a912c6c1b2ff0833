"""A domain that somebody else starts, until the console's screen says that it is on.

100 hosts are 100 private libvirtd's with libvirt's test driver, ten or eleven domains on each. The
console is the command `vcltui` on a terminal of 140x45, filtered to one domain each of the 30 hosts
on which domains are started, with a pause of chance between two. The time is taken from the call
that starts a domain, made by this process over connections of its own, to the moment at which the
terminal has the word `on` in the domain's row. The floor is a bare callback of this process for the
event of the same start.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import libvirt
from daemons import TEST_XML, Daemon, daemons
from measuring import Line, Times, tell
from screen import Screen, on_screen

HOSTS = 100
OTHER_DOMAINS = 9
SHOWN = 30
ROUNDS = 4
MOST_SECONDS = 0.250
PAUSE_SECONDS = (0.05, 0.5)
SHOW_SECONDS = 60.0
CALM_SECONDS = 3.0
LINES, COLUMNS = 45, 140


class Outside:
    """Somebody else on every host, who hears what happens there."""

    def __init__(self, started: list[Daemon]) -> None:
        self._heard: dict[str, float] = {}
        self._changed = threading.Condition()
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=self._run, daemon=True).start()
        self._connections = [libvirt.open(daemon.test_uri) for daemon in started]
        self.domains: list[libvirt.virDomain] = []
        step = len(started) // SHOWN
        for number, connection in enumerate(self._connections):
            connection.domainEventRegisterAny(
                None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._event, None
            )
            for other in range(OTHER_DOMAINS):
                self._define(connection, f"other{other}-{number:03}").create()
            if number % step == 0 and len(self.domains) < SHOWN:
                self.domains.append(self._define(connection, f"target{number:03}"))

    def start(self, domain: libvirt.virDomain) -> tuple[float, float]:
        """Start a domain; the monotonic seconds of the call and of its event."""
        name = domain.name()
        with self._changed:
            self._heard.pop(name, None)
        called = time.monotonic()
        domain.create()
        with self._changed:
            if not self._changed.wait_for(lambda: name in self._heard, SHOW_SECONDS):
                raise SystemExit(f"There was no event of the start of {name}")
            return called, self._heard[name]

    def _event(
        self, _conn: object, domain: libvirt.virDomain, event: int, _detail: int, _opaque: object
    ) -> None:
        at = time.monotonic()
        if event == libvirt.VIR_DOMAIN_EVENT_STARTED:
            with self._changed:
                self._heard[domain.name()] = at
                self._changed.notify_all()

    def _define(self, connection: libvirt.virConnect, name: str) -> libvirt.virDomain:
        return connection.defineXML(TEST_XML.format(name=name, uuid=uuid.uuid4()))

    def _run(self) -> None:
        while True:
            libvirt.virEventRunDefaultImpl()


def console(started: list[Daemon], home: Path) -> list[str]:
    """The command that opens the console on the daemons' test drivers."""
    (home / "vcltui.toml").write_text(f'state_directory = "{home / "state"}"\n')
    words = [sys.executable, "-m", "vcltui", "--config", str(home / "vcltui.toml")]
    return [*words, *(word for daemon in started for word in ("-c", daemon.test_uri))]


def measured(outside: Outside, screen: Screen) -> Iterator[tuple[float, float]]:
    """Start each domain several times; seconds until its event and until it is shown."""
    chance = random.Random(6)
    for _ in range(ROUNDS):
        for domain in outside.domains:
            screen.until(domain.name(), " off ", SHOW_SECONDS)
        time.sleep(CALM_SECONDS)
        for domain in chance.sample(outside.domains, len(outside.domains)):
            time.sleep(chance.uniform(*PAUSE_SECONDS))
            called, heard = outside.start(domain)
            shown = screen.until(domain.name(), " on ", SHOW_SECONDS)
            yield heard - called, shown - called
        for domain in outside.domains:
            domain.destroy()


def lines() -> list[Line]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vcltui-bench-")))
        started = stack.enter_context(daemons([0] * HOSTS))
        outside = Outside(started)
        environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}
        environment["PYTHONPATH"] = str(Path(__file__).parents[1])
        screen = stack.enter_context(on_screen(console(started, home), LINES, COLUMNS, environment))
        screen.until("hosts", f"{HOSTS}/{HOSTS} up")
        screen.type("2")
        screen.until("POWER", "RESERVED")
        time.sleep(CALM_SECONDS)  # the keys are another screen's until it is whole
        screen.type("/")
        screen.until("words, !not", "")
        screen.type("target\r")
        found = list(measured(outside, screen))
    events, shown = (Times(tuple(column)) for column in zip(*found, strict=True))
    worst, floor = shown.share(95), events.share(95)
    more = Times(tuple(all_of_it - event for event, all_of_it in found))
    return [
        Line(
            f"a domain started by somebody else is shown, {HOSTS} hosts",
            "the delivery of the event to a bare callback",
            f"p95 at most {1000 * MOST_SECONDS:.0f} ms",
            f"p95 {1000 * worst:.0f} ms; the event alone {1000 * floor:.0f} ms",
            worst <= MOST_SECONDS,
            {
                "shown, p50 / p95 / most": _three(shown),
                "event alone": _three(events),
                "from event to screen": _three(more),
                "starts": str(len(found)),
                "libvirtd's": f"{HOSTS}, one for each host",
                "domains": str(HOSTS * (OTHER_DOMAINS + 1) + SHOWN),
            },
        )
    ]


def _three(times: Times) -> str:
    figures = (times.median, times.share(95), max(times.seconds))
    return " / ".join(f"{1000 * seconds:.0f}" for seconds in figures) + " ms"


if __name__ == "__main__":
    sys.exit(tell(lines()))
