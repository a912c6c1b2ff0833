"""The thresholds of the diagnosis, and VCL's own steps of a load."""

from __future__ import annotations

from vcltui.models.doctorsettings import DoctorSettings

__all__ = ["FLOW", "DoctorSettings"]

FLOW = (
    ("statuscheck", 10),
    ("doesimageexists", 4),
    ("copyfrompartnerMN", 0),
    ("startload", 6),
    ("transfervm", 255),
    ("vmsetupconfig", 2),
    ("startvm", 3),
    ("machinebooted", 68),
    ("loadimagecomplete", 0),
    ("nodeready", 0),
    ("addinguser", 18),
    ("reserved", 0),
)
"""VCL's steps of a load onto libvirt, with the seconds it expects of each."""
