"""Findings about stuck reservations and drift, and the remedies for them.

`facts` is what is known, `gather` asks for it, `rules` are the findings, `examine` makes the
diagnosis, and `remedies` do what may be done about a finding.
"""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
