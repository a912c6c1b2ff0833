from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from vcltui.domxml.spec import DiskSpec, DomainSpec, InterfaceSpec
from vcltui.models.domain import VCLFacts


@pytest.fixture
def facts() -> VCLFacts:
    return VCLFacts(
        image_name="linux-Base12-v3",
        image_id=12,
        image_revision_id=40,
        image_revision=3,
        computer_id=7,
        computer_name="vm1",
        management_node="mn1.example.org",
        load_time=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
        request_id=55,
        reservation_id=56,
    )


@pytest.fixture
def make_spec(facts: VCLFacts) -> Callable[..., DomainSpec]:
    base = DomainSpec(
        name="vm1:linux-Base12-v3",
        uuid="6695eb01-f6a4-4304-b9aa-97f2502e1931",
        domain_type="qemu",
        arch="x86_64",
        memory_mib=1024,
        vcpus=1,
        disk=DiskSpec(
            path="/var/lib/libvirt/images/vm1_12-v3.qcow2",
            format="qcow2",
            bus="virtio",
            driver_name="qemu",
        ),
        interfaces=(
            InterfaceSpec("network", "private", "virtio", "52:54:00:00:00:01"),
            InterfaceSpec("bridge", "br0", "e1000", None),
        ),
        facts=facts,
    )

    def make(**changes: object) -> DomainSpec:
        return replace(base, **changes)

    return make
