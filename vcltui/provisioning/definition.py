"""Builds the domain XML of a load from the image, the computer, the profile and the driver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from vcltui.disks import datastore
from vcltui.domxml.build import build_domain_xml
from vcltui.domxml.parse import DEFAULT_REFERENCE, ReferenceHardware, reference_hardware
from vcltui.domxml.spec import DiskSpec, DomainSpec, InterfaceSpec
from vcltui.domxml.validate import validate_domain
from vcltui.errors import DomainXMLError, DriverError
from vcltui.models.domain import VCLFacts
from vcltui.models.host import GuestCapability
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context
from vcltui.provisioning.switches import network_sources

_MIN_MEMORY_MIB = 512
_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "gluster", "ceph", "fuse", "ocfs2", "gfs2", "lustre")


def generate(context: Context, domain_uuid: str) -> str:
    """The XML of the domain that a load defines (specification: generate_domain_xml).

    Its hardware is read from the image's reference XML, the driver may extend it, and it is
    validated against libvirt's schema. Raises NotFoundError for missing networks, DriverError,
    DomainXMLError, UsageError.
    """
    session, computer, image = context.session, context.computer, context.image
    driver, profile = session.driver, session.profile
    hardware = _reference(context)
    macs = (
        None if profile.eth0_generated else computer.eth0_mac,
        None if profile.eth1_generated else computer.eth1_mac,
    )
    capability = _capability(context)
    domain_type = driver.get_domain_type()
    spec = DomainSpec(
        name=paths.domain_name(context.vmhost, computer, image),
        uuid=domain_uuid,
        domain_type=domain_type,
        arch=capability.arch,
        emulator=capability.emulator,
        memory_mib=max(image.min_ram_mib, _MIN_MEMORY_MIB),
        vcpus=max(image.min_cpus, 1),
        cpu_mode="host-model" if domain_type == "kvm" else None,
        windows=image.os.is_windows,
        on_poweroff=_on_poweroff(context),
        disk=DiskSpec(
            path=paths.copy_on_write_path(context),
            format=driver.get_disk_format(),
            bus=hardware.disk_bus,
            driver_name=driver.get_disk_driver_name(),
            cache=_disk_cache(context),
        ),
        interfaces=tuple(
            InterfaceSpec(kind=kind, source=source, mac=mac, model=hardware.nic_model)
            for (kind, source), mac in zip(network_sources(session), macs, strict=False)
        ),
        facts=facts(context),
    )
    xml = driver.extend_domain_xml(build_domain_xml(spec))
    validate_domain(xml)
    return xml


def facts(context: Context) -> VCLFacts:
    """What is written into the domain about its load, with the present time."""
    computer, image, request = context.computer, context.image, context.assigned().request
    return VCLFacts(
        image_name=image.name,
        image_id=image.image_id,
        image_revision_id=image.revision_id,
        image_revision=image.revision,
        computer_id=computer.id,
        computer_name=computer.name,
        management_node=context.management_node,
        load_time=datetime.now(UTC).replace(microsecond=0),
        request_id=request.request_id if request else None,
        reservation_id=request.reservation_id if request else None,
    )


def _reference(context: Context) -> ReferenceHardware:
    """Disk bus and NIC model from the master's XML beside it, or from its repository copy's."""
    node = context.session.node
    for path in _reference_places(context):
        if node.stat(path) is not None:
            try:
                return reference_hardware(node.read_text(path))
            except DomainXMLError as error:
                raise DomainXMLError(
                    f"The reference XML {path} can't be used: {error.what}",
                    "Mend it, or move it away to load with default hardware",
                ) from error
    return DEFAULT_REFERENCE


def _reference_places(context: Context) -> Iterator[str]:
    """Where an image's XML may lie. The repository is not asked for one that is with the master."""
    profile, image = context.session.profile, context.image
    yield datastore.master_xml_path(profile, image.name)
    for path in paths.repository_files(context)[:1]:
        yield f"{path.rsplit('/', 1)[0]}/{image.name}.xml"


def _capability(context: Context) -> GuestCapability:
    """The host's guest capability for the driver's domain type and the image's architecture."""
    session, driver = context.session, context.session.driver
    capabilities = session.connection.capabilities()
    domain_type = driver.get_domain_type()
    wanted = {"x86": "i686"}.get(context.image.architecture, context.image.architecture)
    found = capabilities.guest(domain_type, wanted)
    if found is None and wanted == "i686":
        found = capabilities.guest(domain_type, "x86_64") or capabilities.guest(domain_type)
    if found is None and capabilities.hypervisor == "TEST":
        found = capabilities.guest(domain_type)
        found = found or next(iter(capabilities.guests), None)
    if found is None:
        offered = sorted({guest.arch for guest in capabilities.guests})
        raise DriverError(
            f"Host {session.name} can't run {context.image.architecture} domains of type "
            f"{domain_type}; it offers {', '.join(offered)}",
            "Load the image on another host, or name another driver for this one",
        )
    return found


def _on_poweroff(context: Context) -> str:
    """VCL's `preserve`, except with QEMU, where libvirt takes nothing but `destroy`."""
    hypervisor = context.session.connection.capabilities().hypervisor
    return "destroy" if hypervisor == "QEMU" else "preserve"


def _disk_cache(context: Context) -> str | None:
    """`none` when the disk lies on a network file system, where a host cache would be unsafe."""
    directory = context.session.profile.copy_on_write_directory
    kind = context.session.node.filesystem_type(directory)
    return "none" if kind.startswith(_NETWORK_FILE_SYSTEMS) else None
