from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.cli_lab import ESCAPE_NAME, Lab, fill
from vcltui.hypervisor.connection import connect


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    fill(lab)
    # libvirt's default test host keeps its state while somebody is connected to it.
    held = connect("test:///default", host_name="held")
    yield lab
    held.close()


@pytest.fixture
def odd_name() -> str:
    """The name of a domain on kvm1 with what a terminal or rich would not take as it is."""
    return ESCAPE_NAME
