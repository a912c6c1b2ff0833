"""The list of 5,000 reservations from MariaDB, as models, against the bare SQL query.

A private MariaDB with VCL's own schema holds the reservations, with two lines of the load log each.
The floor is the same SELECT by PyMySQL alone, all rows fetched as tuples.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pymysql
from sqlalchemy import event, select

from bench.measuring import Line, alternate, ratio_line, tell
from tests.mariadb import MariaDB
from vcltui.models.host import VMHost, VMProfile
from vcltui.vcldb import computers, hosts, images, tables
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database, open_database
from vcltui.vcldb.reservations import add_reservation, list_reservations

RESERVATIONS, HOSTS, COMPUTERS = 5_000, 100, 500
MOST = 1.5
ROUNDS = 15


def fill(database: Database) -> None:
    """Hosts, computers and an image by vcltui's own functions, the many rows in one go."""
    for number in range(HOSTS):
        host = VMHost(
            f"kvm{number}", f"qemu+ssh://root@kvm{number}/system", VMProfile("bench", "/d")
        )
        hosts.add_vmhost(database, host)
    made = [
        computers.add_computer(
            database, hostname=f"vm{number}.lab.example", vmhost=f"kvm{number % HOSTS}"
        )
        for number in range(COMPUTERS)
    ]
    revision = images.add_image(
        database,
        name="linux-Base-12-v1",
        prettyname="Base",
        os_name="vmwarelinux",
        image_type="qcow2",
        min_ram_mib=1024,
        min_cpus=2,
        size_mib=700,
    )
    began = now()
    first = add_reservation(
        database,
        computer_id=made[0].id,
        revision=revision,
        state_name="inuse",
        laststate_name="reserved",
        start=began,
        end=began + timedelta(hours=4),
        lastcheck=began,
    )
    with database.write() as connection:
        request = dict(connection.execute(select(tables.request)).mappings().one())
        row = dict(connection.execute(select(tables.reservation)).mappings().one())
        steps = connection.scalars(select(tables.computerloadstate.c.id).limit(2)).all()
        ids = range(first.id + 1, first.id + RESERVATIONS)
        connection.execute(tables.request.insert(), [{**request, "id": one} for one in ids])
        connection.execute(
            tables.reservation.insert(),
            [
                {**row, "id": one, "requestid": one, "computerid": made[one % COMPUTERS].id}
                for one in ids
            ],
        )
        connection.execute(
            tables.computerloadlog.insert(),
            [log_line(one, step, made[0].id, began) for one in ids for step in steps],
        )


def log_line(reservation: int, step: int, computer: int, at: datetime) -> dict[str, object]:
    return {
        "reservationid": reservation,
        "computerid": computer,
        "loadstateid": step,
        "timestamp": at,
    }


def measured(server: MariaDB) -> Iterator[Line]:
    server.run(
        "INSERT INTO managementnode (hostname, stateid, availablenetworks) VALUES ('mn1', 2, '');"
        " DELETE FROM vmprofile; DELETE FROM resource WHERE id=8",
        database="vcl",
    )
    with closing(open_database(server.url)) as database:
        # Told to be ours, so that hosts and computers can be added.
        fill(Database(database._engine, label="MariaDB", is_embedded=True))
        asked: list[tuple[str, Any]] = []
        event.listen(
            database._engine, "before_cursor_execute", lambda *parts: asked.append(parts[2:4])
        )
        list_reservations(database)
        (query, parameters), queries = asked[0], len(asked)
        with closing(
            pymysql.connect(
                unix_socket=str(server.socket),
                user=server.user,
                password=server.password,
                database="vcl",
                charset="utf8mb4",
            )
        ) as bare:

            def floor() -> int:
                with bare.cursor() as cursor:
                    cursor.execute(query, parameters)
                    return len(cursor.fetchall())

            def ours() -> int:
                return len(list_reservations(database))

            if (floor(), ours()) != (RESERVATIONS, RESERVATIONS):
                raise SystemExit(f"not {RESERVATIONS} reservations: {floor()}, {ours()}")
            times = alternate({"ours": ours, "floor": floor}, ROUNDS)
    yield ratio_line(
        f"{RESERVATIONS} reservations from MariaDB",
        "the bare SQL query",
        MOST,
        times["ours"],
        times["floor"],
        {"queries": queries},
    )
    yield Line(
        f"{RESERVATIONS} reservations from MariaDB: queries",
        "-",
        "one",
        str(queries),
        queries == 1,
    )


def main() -> int:
    server = MariaDB()
    try:
        server.install()
        return tell(list(measured(server)))
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
