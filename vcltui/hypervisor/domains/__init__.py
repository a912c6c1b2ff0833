"""A host's domains: the calls of this package, each on a connection and a UUID or a name."""

from vcltui.hypervisor.domains.addresses import (
    dhcp_addresses,
    domain_addresses,
    leases_of_domains,
)
from vcltui.hypervisor.domains.definition import define, domain_xml, editable_xml, undefine
from vcltui.hypervisor.domains.lifecycle import (
    destroy,
    error_reason,
    power_of,
    reboot,
    reset,
    resume,
    set_autostart,
    shutdown,
    start,
    suspend,
)
from vcltui.hypervisor.domains.listing import find_by_uuid, find_domain, get_domain, list_domains
from vcltui.hypervisor.domains.waiting import wait_for_power

__all__ = [
    "define",
    "destroy",
    "dhcp_addresses",
    "domain_addresses",
    "domain_xml",
    "editable_xml",
    "error_reason",
    "find_by_uuid",
    "find_domain",
    "get_domain",
    "leases_of_domains",
    "list_domains",
    "power_of",
    "reboot",
    "reset",
    "resume",
    "set_autostart",
    "shutdown",
    "start",
    "suspend",
    "undefine",
    "wait_for_power",
]
