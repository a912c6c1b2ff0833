"""Changes of VCL's own rows: shown as SQL first, then done in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Delete, Insert, Update, select
from sqlalchemy.dialects import mysql
from sqlalchemy.sql.expression import ClauseElement

from vcltui.errors import ConflictError, RefusedError
from vcltui.models.evidence import RequestRow
from vcltui.vcldb import tables as t
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.diagnosis import read_request

Statement = Update | Delete | Insert


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change that is ready: its statements as SQL with their values, and what does it.

    `apply` raises ConflictError, saying what is there now, where a row is not as it was seen when
    this was planned; then nothing is changed. It returns a sentence, or None.
    """

    lines: tuple[str, ...]
    apply: Callable[[], str | None]


def sql_line(statement: ClauseElement) -> str:
    """A statement as MariaDB would be sent it, its values filled in; for people only."""
    text = str(statement.compile(dialect=mysql.dialect(), compile_kwargs={"literal_binds": True}))
    return " ".join(text.split())


def planned(
    database: Database,
    statements: list[tuple[Statement, Callable[[Connection], None] | None]],
    *checks: Callable[[Connection], None],
    done: str | None = None,
) -> PlannedChange:
    """A change by statements. One that changes no row calls its own function, which raises.

    A statement without such a function may change no row. `checks` are called first, inside the
    transaction, and raise where the change may not be made any more.
    """

    def apply() -> str | None:
        with database.write() as connection:
            for check in checks:
                check(connection)
            for statement, complain in statements:
                changed = connection.execute(statement).rowcount
                if complain is not None and changed != 1:
                    complain(connection)
                    raise ConflictError(
                        f"{changed} rows were found in place of one, and nothing was changed",
                        "Look at it again",
                    )
        return done

    return PlannedChange(tuple(sql_line(statement) for statement, _ in statements), apply)


def request_changed(request: RequestRow) -> Callable[[Connection], None]:
    """What complains that a request is not as it was."""

    def complain(connection: Connection) -> None:
        now = read_request(connection, request.id, latest=True)
        if now is None:
            raise ConflictError(
                f"Request {request.id} is gone, and nothing was changed", "Nothing is to be done"
            )
        if now.states == request.states:
            return
        raise ConflictError(
            f"Request {request.id} is {now.states} now, not {request.states}, and was not changed",
            "Look at it again",
        )

    return complain


def request_where(request: RequestRow, states: dict[str, int]) -> Update:
    """An update of a request, as long as it is in the states in which it was seen."""
    row = t.request
    return row.update().where(
        row.c.id == request.id,
        row.c.stateid == states[request.state],
        row.c.laststateid == states[request.laststate],
    )


def node_lives(node_id: int, silent_seconds: float) -> Callable[[Connection], None]:
    """What checks that vcld on a management node checked in lately."""

    def check(connection: Connection) -> None:
        row = connection.execute(
            select(t.managementnode.c.hostname, t.managementnode.c.lastcheckin).where(
                t.managementnode.c.id == node_id
            )
        ).first()
        now = database_now(connection)
        if row is None or row.lastcheckin is None or age(now, row.lastcheckin) > silent_seconds:
            name = row.hostname if row is not None else str(node_id)
            raise RefusedError(
                f"vcld on management node {name} has not checked in lately, so that nobody would "
                "do what is asked for",
                "Start vcld there first",
            )

    return check


def age(now: datetime, time: datetime) -> float:
    """Seconds from a time until now."""
    return (now - time).total_seconds()
