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
    computer_id: int = 0
    computer_state: str = ""
    computer_deleted: bool = False
    vmhost_id: int | None = None
    image_id: int = 0
    revision_id: int = 0
    revision: int = 0
    revision_deleted: bool = False
    prettyname: str = ""
    management_node_id: int = 0
    management_node: str = ""
    user_id: int = 0
    affiliation: str = ""
    forimaging: bool = False
    log_id: int | None = None
    last_step: str | None = None
    last_step_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoadLogLine:
    """One row of VCL's load log: how far the load of a computer had come at a time.

    `time` is local, None where none was noted. `state` is VCL's name of the step, `prettyname`
    what people call it, `info` what was added.
    """

    time: datetime | None
    reservation_id: int
    state: str
    prettyname: str
    info: str


@dataclass(frozen=True, slots=True)
class LoadStep:
    """One step of VCL's order for a load. `reached` is when it was last noted, None: not yet.

    `expected_seconds` is VCL's estimate for the step, None where it has none; 255 stands for
    that or more.
    """

    state: str
    prettyname: str
    expected_seconds: int | None
    reached: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoadEstimate:
    """The steps of a reservation's load, and how long the whole should take.

    `total_seconds` is the average of the image's loads in the last twelve months, or what the
    image's row tells where there were none (`from_history` False).
    """

    steps: tuple[LoadStep, ...]
    total_seconds: int
    from_history: bool
