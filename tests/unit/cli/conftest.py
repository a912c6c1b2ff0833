from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.cli_lab import ESCAPE_NAME, Lab, build_template, copy_template
from vcltui.hypervisor.connection import connect


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every lab is a copy of."""
    home = tmp_path_factory.mktemp("template")
    build_template(home)
    return home


@pytest.fixture
def lab(template: Path, tmp_path: Path) -> Iterator[Lab]:
    lab = copy_template(template, tmp_path)
    # libvirt's default test host keeps its state while somebody is connected to it.
    held = connect("test:///default", host_name="held")
    yield lab
    held.close()


@pytest.fixture
def odd_name() -> str:
    """The name of a domain on kvm1 with what a terminal or rich would not take as it is."""
    return ESCAPE_NAME
