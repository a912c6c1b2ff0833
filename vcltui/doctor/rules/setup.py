"""What a host is set up with: its networks and its qemu-img: rules 20 and 24."""

from __future__ import annotations

from collections.abc import Iterator

from vcltui.doctor.facts import Unknown
from vcltui.doctor.findings import Evidence, Finding, Severity
from vcltui.doctor.rules.make import Rule, about_host, log_evidence
from vcltui.doctor.view import View

_D1 = "Backing file specified without backing format"


def networks_wrong(view: View) -> Iterator[Finding]:
    """20: a switch of the VM profile is not on the host, or is not active."""
    for _, host in sorted(view.facts.hosts.items()):
        if host.profile is None or isinstance(host.libvirt, Unknown):
            continue
        networks = {one.name: one.active for one in host.libvirt.networks}
        interfaces = {one.name: one.active for one in host.libvirt.interfaces}
        for switch in (host.profile.virtualswitch0, host.profile.virtualswitch1):
            if switch is None:
                continue
            known = networks.get(switch, interfaces.get(switch))
            # Without a driver for them libvirt lists no interface at all, not even `lo`.
            if known or (known is None and not interfaces):
                continue
            missing = known is None
            yield about_host(
                host.name,
                f"network {switch} on {host.name}",
                Severity.CRITICAL,
                f"The network {switch} of profile {host.profile.name} is "
                f"{'not on' if missing else 'not active on'} {host.name}: every load there fails",
                "Define it on the host, or correct the profile by hand; then reload what failed"
                if missing
                else f"Start it on the host: virsh net-start {switch}",
                (
                    Evidence("virsh net-list --all", ", ".join(sorted(networks)) or "none"),
                    Evidence("virsh iface-list --all", ", ".join(sorted(interfaces)) or "none"),
                ),
            )


def qemu_img_format(view: View) -> Iterator[Finding]:
    """24: D1: vcld's own loads fail at once on a host with a newer qemu-img."""
    for case in view.cases:
        for row in case.reservations:
            log, name = view.log_of(row), view.host_of(row.computer_id)
            host = view.host(name)
            if isinstance(log, Unknown) or host is None or isinstance(host.qemu_img, Unknown):
                continue
            if host.qemu_img < (6, 1) or not any(one.says(_D1) for one in log):
                continue
            version = ".".join(str(part) for part in host.qemu_img)
            yield about_host(
                host.name,
                f"qemu-img on {host.name}",
                Severity.WARNING,
                f"vcld's loads fail on {host.name}: its qemu-img {version} wants a backing format",
                "No fault of an operator's: VCL calls qemu-img create without -F. Load through "
                "vcltui, which gives it, or mend VCL's KVM.pm",
                (Evidence("qemu-img --version", version), *log_evidence(log, _D1, 1)),
            )
            break


RULES = (
    Rule(20, "networks-wrong", networks_wrong),
    Rule(24, "qemu-img-format", qemu_img_format),
)
