"""Reservations as people look at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReservationRow:
    """One reservation with its request, names in place of ids.

    `state` and `laststate` are request.stateid and laststateid; `user` is a login, `computer` and
    `host` are short names, `image` is an imagerevision's name. Times are local, as VCL keeps
    them; None is VCL's zero date, "never".
    """

    id: int
    request_id: int
    state: str
    laststate: str
    user: str
    computer: str
    image: str
    host: str | None
    start: datetime | None
    end: datetime | None
    lastcheck: datetime | None
