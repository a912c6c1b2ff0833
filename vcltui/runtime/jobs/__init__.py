"""Operations as background jobs: queued, watched, cancelled, and what the journal has of others."""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
