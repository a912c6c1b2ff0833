"""VCL's own database, and how many examples the tests of untrusted input try.

One server for each process of the tests that ask for it; HYPOTHESIS_PROFILE=nightly for many
examples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.mariadb import PROGRAMS, MariaDB, is_installed
from vcltui.vcldb.database import Database, open_database

_COMMON = {
    "deadline": 5000,  # milliseconds: a parser that hangs
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
settings.register_profile("usual", max_examples=200, **_COMMON)
settings.register_profile("nightly", max_examples=10_000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


SLOW_FILES = (
    "bad_input/test_parsers.py",
    "bad_input/test_told.py",
    "cli/test_cli_capture_base.py",
    "cli/test_cli_completion.py",
    "cli/test_cli_listing.py",
    "cli/test_cli_main.py",
    "cli/test_cli_terminal.py",
    "doctor/test_remedies_requests.py",
    "doctor/test_rules_computers.py",
    "doctor/test_rules_loads.py",
    "doctor/test_rules_pending.py",
    "doctor/test_rules_storage.py",
    "guests/test_ssh_guest.py",
    "hypervisor/test_hypervisor_connection.py",
    "nodes/test_node.py",
    "runtime/test_actions_table.py",
    "tui/test_commands.py",
    "tui/test_jobs.py",
    "tui/test_lists.py",
    "tui/test_look.py",
    "tui/test_moving.py",
    "tui/test_responsive.py",
)
"""Those that take more than ten seconds: `make check` leaves them out, `make test` does not."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "mariadb_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.mariadb)
        if item.path.as_posix().endswith(SLOW_FILES):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    if not is_installed():
        pytest.fail(f"{' and '.join(PROGRAMS)} are not installed; see tests/system/packages.txt")
    server = MariaDB()
    try:
        server.install()
        yield server
    finally:
        server.remove()


@pytest.fixture
def mariadb(mariadb_server: MariaDB) -> MariaDB:
    """A running server whose database `vcl` is as VCL's schema makes it."""
    mariadb_server.ensure_running()
    mariadb_server.reset()
    return mariadb_server


@pytest.fixture
def vcl(mariadb: MariaDB) -> Iterator[Database]:
    """VCL's own database, open."""
    database = open_database(mariadb.url)
    yield database
    database.close()
