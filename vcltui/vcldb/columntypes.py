"""Column types that hold VCL's values alike in MariaDB and in SQLite."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, Integer, String, TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

ZERO_DATE = "0000-00-00 00:00:00"
_FORMAT = "%Y-%m-%d %H:%M:%S"


def now() -> datetime:
    """The time as VCL writes it: local time without a zone, to the second."""
    return datetime.now().replace(microsecond=0)


class Unsigned(Integer):
    """MariaDB's unsigned integer of `bits` bits; SQLite keeps it as INTEGER without a limit."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    @property
    def maximum(self) -> int:
        """The largest value that MariaDB's column takes."""
        return (1 << self.bits) - 1


class VCLDateTime(TypeDecorator[datetime]):
    """VCL's datetime; the zero date that stands for "never" is read as None.

    In SQLite it is text in MariaDB's form, so that both compare and sort alike.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """The column's own type in the database: text in SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(19))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """A time as it is sent to the database."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.strftime(_FORMAT)

    def process_result_value(
        self, value: datetime | date | str | None, dialect: Dialect
    ) -> datetime | None:
        """A time as it is read; None for a zero date."""
        del dialect
        if isinstance(value, datetime):
            return value
        if not isinstance(value, str):
            return None
        try:
            return datetime.strptime(value, _FORMAT)
        except ValueError:  # zero dates and such as 2024-02-00, which MariaDB can hold
            return None
