"""Columns and rows of the overview's tables, made from plain facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vcltui.runtime.fleet_models import DomainView, HostImages, HostState, LiveHost
from vcltui.tui.filtering import matches, parse_filter
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.record_table import Cell, Column, Record
from vcltui.tui.words import plain, share, size

HOST_COLUMNS = (
    Column("name", "HOST", 8, grow=True),
    Column("state", "STATE", 13),
    Column("driver", "DRIVER", 6, drop=2),
    Column("domains", "ON", 7, right=True),
    Column("cpus", "CPUS", 4, right=True, drop=3),
    Column("memory", "MEMORY GIVEN", 14, right=True, drop=1),
)
DOMAIN_COLUMNS = (
    Column("power", "POWER", 11),
    Column("computer", "COMPUTER", 8, grow=True),
    Column("image", "IMAGE", 30, grow=True),
    Column("host", "HOST", 6, grow=True, drop=1),
    Column("cpu", "CPU", 5, right=True, drop=4),
    Column("memory", "MEMORY", 8, right=True, drop=3),
    Column("flags", "FLAGS", 9, grow=True, drop=2),
)
IMAGE_COLUMNS = (
    Column("name", "IMAGE", 24, grow=True),
    Column("where", "WHERE", 10),
    Column("format", "FORMAT", 6, drop=3),
    Column("virtual", "VIRTUAL", 8, right=True, drop=2),
    Column("real", "REAL", 8, right=True, drop=1),
    Column("users", "USED", 4, right=True),
)
DOMAIN_FIELDS = frozenset({"power", "computer", "image", "host", "flags"})


def host_rows(hosts: Iterable[LiveHost], glyphs: Glyphs) -> list[Record]:
    """A row for each host; one that does not answer now is dim."""
    return [_host_row(host, glyphs) for host in hosts]


def _host_row(host: LiveHost, glyphs: Glyphs) -> Record:
    lost = host.state is HostState.UNREACHABLE
    total = host.status.memory_bytes if host.status else None
    cells = (
        Cell(plain(host.name), "strong"),
        Cell(f"{glyphs.host(host.state)} {host.state.value}", "attention" if lost else ""),
        Cell(host.driver or "-"),
        Cell(f"{host.running}/{len(host.domains)}" if host.answered_at is not None else "-"),
        Cell(str(host.status.cpus) if host.status else "-"),
        Cell(share(host.given_memory_bytes, total) if total else "-"),
    )
    return Record(host.name, cells, dim=host.state is not HostState.UP)


def domain_rows(views: Iterable[DomainView], glyphs: Glyphs, filtered_by: str) -> list[Record]:
    """A row for each domain, and for each computer without one, that fits the filter."""
    terms = parse_filter(filtered_by, DOMAIN_FIELDS)
    return [_domain_row(view, glyphs) for view in views if matches(terms, domain_values(view))]


def domain_values(view: DomainView) -> dict[str, str]:
    """What a filter looks at, by field."""
    return {
        "power": view.domain.power.value if view.domain else "no domain",
        "computer": view.computer.name if view.computer else view.name,
        "image": view.image or "",
        "host": view.host,
        "flags": " ".join(flag.value for flag in view.flags),
    }


def _domain_row(view: DomainView, glyphs: Glyphs) -> Record:
    domain, values = view.domain, domain_values(view)
    power = domain.power if domain else None
    cpu = domain.cpu_percent if domain else None
    cells = (
        Cell(f"{glyphs.power(power)} {values['power']}", "" if domain else "dim"),
        Cell(plain(values["computer"]), "strong"),
        Cell(plain(values["image"]) or "-", "" if domain else "dim"),
        Cell(plain(view.host)),
        Cell(f"{cpu:.0f} %" if cpu is not None else "-"),
        Cell(size(domain.memory_bytes) if domain and domain.memory_bytes else "-"),
        Cell(", ".join(flag.value for flag in view.flags), "attention"),
    )
    return Record(view.key, cells, dim=view.stale)


def image_rows(images: HostImages | None) -> list[Record]:
    """A row for each image of a host, datastore first, as its listing has them."""
    if images is None:
        return []
    return [
        Record(
            image.path,
            (
                Cell(plain(image.name), "strong"),
                Cell(image.location),
                Cell(image.format),
                Cell(size(image.virtual_size_bytes)),
                Cell(size(image.disk_size_bytes)),
                Cell(str(len(image.used_by)) if image.used_by else "-"),
            ),
        )
        for image in images.images
    ]


def summary(hosts: Sequence[LiveHost]) -> str:
    """The hosts and domains in one line."""
    up = sum(host.state is HostState.UP for host in hosts)
    on, total = sum(host.running for host in hosts), sum(len(host.domains) for host in hosts)
    return f"hosts {up}/{len(hosts)} up   domains {on}/{total} on"
