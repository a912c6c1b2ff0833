"""Which screen shows a place."""

from __future__ import annotations

from vcltui.tui.desk import Desk
from vcltui.tui.listings import domains, findings, hosts, images
from vcltui.tui.places import Place
from vcltui.tui.screens import doctor, domain, full, host, image, overview, reservation
from vcltui.tui.screens.base import ConsoleScreen


def screen_for(desk: Desk, place: Place) -> ConsoleScreen:
    """A new screen for a place; its module is imported when the first is opened."""
    match place.name:
        case "hosts":
            return full.FullScreen(desk, hosts.Hosts(desk))
        case "domains":
            return full.FullScreen(desk, domains.Domains(desk, everywhere=True))
        case "images":
            return full.FullScreen(desk, images.Images(desk))
        case "locks":
            return full.FullScreen(desk, findings.Locks(desk))
        case "jobs":
            return full.JobsScreen(desk)
        case "log":
            return full.LogScreen(desk)
        case "reservations":
            return doctor.ReservationsScreen(desk)
        case "doctor":
            return doctor.DoctorScreen(desk)
        case "domain":
            return domain.DomainScreen(desk, place)
        case "image":
            return image.ImageScreen(desk, place)
        case "host":
            return host.HostScreen(desk, place)
        case "reservation":
            return reservation.ReservationScreen(desk, place)
        case _:
            return overview.Overview(desk)
