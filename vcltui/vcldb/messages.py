"""What a database reports, in words for people: never SQL, values or a password."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from vcltui.errors import InventoryBusyError, InventoryError, NoInventoryError

_NO_SUCH_TABLE = 1146
_LOCKED = frozenset({1205, 1213})
_ACCESS_DENIED = frozenset({1044, 1045})
_UNREACHABLE = frozenset({2002, 2003, 2006, 2013, 2026})


def inventory_error(label: str, error: SQLAlchemyError) -> InventoryError:
    """What an error of the database named `label` is for people."""
    code, text = _code_and_text(error)
    if "locked" in text or code in _LOCKED:
        return InventoryBusyError(
            f"The inventory {label} is held by another program: {text}", "Try again"
        )
    if "no such table" in text or code == _NO_SUCH_TABLE:
        return not_an_inventory(label)
    if "not a database" in text:
        # Mostly a wrong path: whose file it is, nobody knows, so nothing is advised about it.
        return NoInventoryError(
            f"{label} is no inventory: {text}",
            "Correct the path under [inventory] in config.toml; if this file was one, name a copy",
        )
    return InventoryError(*_describe(label, code, text))


def _describe(label: str, code: int | None, text: str) -> tuple[str, str]:
    if "malformed" in text:
        return (
            f"The inventory {label} is damaged: {text}",
            "Put it aside and restore a copy",
        )
    if "readonly database" in text or "unable to open" in text:
        return (
            f"The inventory {label} can't be opened or written: {text}",
            "Check the permissions of the file and of its folder",
        )
    if code in _ACCESS_DENIED:
        return (
            f"The database {label} refused the login: {text}",
            "Check the user and the password under [inventory] in config.toml",
        )
    if code in _UNREACHABLE:
        return (
            f"The database {label} can't be reached: {text}",
            "Check that it runs and that the address under [inventory] in config.toml is right",
        )
    return f"The database {label} refused a query: {text}", "Nothing was changed"


def not_an_inventory(label: str) -> NoInventoryError:
    """The error for a database that lacks VCL's tables."""
    return NoInventoryError(
        f"{label} does not hold VCL's tables",
        "Name another inventory, or a file that does not exist yet to have one made",
    )


def _code_and_text(error: SQLAlchemyError) -> tuple[int | None, str]:
    """The driver's own error number and words; SQLAlchemy's would quote the statement."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None, type(error).__name__
    arguments = error.orig.args
    code = arguments[0] if arguments and isinstance(arguments[0], int) else None
    words = str(arguments[-1]) if arguments else type(error.orig).__name__
    return code, " ".join(words.split()).rstrip(".")
