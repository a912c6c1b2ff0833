"""The face of the provisioning module: the specification's methods under their own names.

It is thin: each method finds what is assigned and calls the use case that does the work.
The specification is VCL's libvirt provisioning module (libvirt.pm) and its KVM driver.
"""

from __future__ import annotations

from vcltui.disks import repository
from vcltui.domxml.parse import parse_domain
from vcltui.drivers.base import Driver
from vcltui.hypervisor import domains, networks, snapshots
from vcltui.models import names
from vcltui.models.domain import Domain, DomainDefinition, PowerState, Snapshot
from vcltui.models.guest import NodeStatus
from vcltui.models.host import HostInterface, Network
from vcltui.models.locks import owner_lock
from vcltui.operations.step import Operation
from vcltui.provisioning import (
    capture,
    definition,
    deletion,
    image_copies,
    image_queries,
    load,
    maintenance,
    paths,
    power,
    snapshotting,
    status,
    switches,
)
from vcltui.provisioning.active import active_domain, computer_domain
from vcltui.provisioning.context import Context
from vcltui.provisioning.execute import execute
from vcltui.provisioning.sizes import size_mib


class ProvisioningModule:
    """VCL's libvirt provisioning module for one host and what is assigned on it.

    Every method blocks. Besides what its docstring names, a method that talks to the host
    raises HostUnreachableError or NodeUnreachableError when the host does not answer. Methods
    that change something raise RefusedError in read-only mode and LockedError while another
    operation works on the same computer or domain, run as an operation (journal, undo) and
    return that operation.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    # --- object methods of the specification ---

    def initialize(self) -> Driver:
        """Choose the driver and check that the profile's networks exist on the host.

        Returns the driver; the first that initializes on the host, in order of priority, or
        the one the host is configured for. Raises DriverError with every driver's reason,
        NotFoundError naming missing networks. Specification: libvirt.pm, initialize.
        """
        driver = self.driver()
        if self.context.vmhost.profile is not None:
            switches.network_sources(self.context.session)
        return driver

    def load(self) -> Operation:
        """Load the assigned image onto the assigned computer.

        Returns the finished operation. Raises what planning and running raise: NotFoundError,
        RefusedError, DiskError, DomainXMLError, GuestError, CancelledError and others; then
        nothing that the load made is left. Specification: libvirt.pm, load.
        """
        return execute(self.context, self._computer_lock(), load.plan_load)

    def unload(self) -> Operation:
        """Delete every domain of the assigned computer.

        Returns the finished operation. Raises RefusedError when a disk has other users.
        Specification: libvirt.pm, unload.
        """
        return execute(self.context, self._computer_lock(), deletion.plan_unload)

    def capture(self, prettyname: str) -> Operation:
        """Capture what is loaded on the assigned computer as a new image named `prettyname`.

        Returns the finished operation; its details name the image. Raises RefusedError when
        the domain is not on, ConflictError when files of the name exist, DiskError, GuestError;
        then nothing that the capture made is left and the domain is on again. Specification:
        libvirt.pm, capture.
        """
        return execute(
            self.context,
            self._computer_lock(),
            lambda context: capture.plan_capture(context, prettyname),
        )

    def node_status(self) -> NodeStatus:
        """Tell whether the assigned computer is READY, needs POST_LOAD or RELOAD, and why.

        Specification: libvirt.pm, node_status (its optional computer id is the assignment here).
        """
        return status.node_status(self.context)

    def does_image_exist(self, image_name: str | None = None) -> tuple[str, ...]:
        """The image's file paths on the host: the master, then the repository's; empty for none.

        `image_name` defaults to the assigned image. Raises UsageError for a bad name,
        RefusedError when files of several formats claim the name. Specification: libvirt.pm,
        does_image_exist.
        """
        return image_queries.image_paths(self.context, image_name or self.context.image.name)

    def get_image_size(self, image_name: str | None = None) -> int:
        """The size of an image in MiB. Raises NotFoundError.

        Specification: libvirt.pm, get_image_size ("in megabytes", counted as 1024 x 1024).
        """
        return size_mib(self.get_image_size_bytes(image_name))

    def get_image_repository_search_paths(self, image_name: str | None = None) -> tuple[str, ...]:
        """Paths, wildcards included, where an image may be in the repository.

        Empty where the profile has no repository. Raises UsageError without a profile.
        Specification: libvirt.pm, get_image_repository_search_paths.
        """
        return repository.search_paths(
            self.context.session.profile, image_name or self.context.image.name
        )

    def retrieve_image(self, image_name: str | None = None) -> Operation:
        """Copy an image from the repository to the datastore.

        Returns the finished operation. Raises NotFoundError where the repository has it not,
        ConflictError where the datastore has it, DiskError. Specification: Provisioning.pm,
        retrieve_image, over get_image_repository_search_paths of libvirt.pm.
        """
        name = image_name or self.context.image.name
        return execute(
            self.context,
            f"image-{name}",
            lambda context: image_copies.plan_retrieve(context, name),
        )

    def power_status(self, domain_name: str | None = None) -> PowerState:
        """The power state of a domain, by default the assigned computer's.

        Raises NotFoundError where it is not defined. Specification: libvirt.pm, power_status.
        """
        return self._domain(domain_name).power

    def power_on(self, domain_name: str | None = None) -> Operation:
        """Power on a domain; one that is on already is left so.

        Returns the finished operation. Raises NotFoundError, HypervisorError. Specification:
        libvirt.pm, power_on.
        """
        return self._power(domain_name, "on")

    def power_off(self, domain_name: str | None = None) -> Operation:
        """Power off a domain at once; one that is off already is left so.

        Returns the finished operation. Raises NotFoundError, HypervisorError. Specification:
        libvirt.pm, power_off.
        """
        return self._power(domain_name, "off")

    def power_reset(self, domain_name: str | None = None) -> Operation:
        """Power a domain off and back on.

        Returns the finished operation. Raises NotFoundError, HypervisorError. Specification:
        libvirt.pm, power_reset.
        """
        return self._power(domain_name, "reset")

    def post_maintenance_action(self) -> Operation:
        """Delete the computer's domains, set its image to noimage, unassign it from its host.

        Returns the finished operation. Raises InventoryError without a database, RefusedError.
        Specification: libvirt.pm, post_maintenance_action.
        """
        return execute(self.context, self._computer_lock(), maintenance.plan_post_maintenance)

    # --- private methods of the specification ---

    def driver(self) -> Driver:
        """The driver that controls the host. Raises DriverError where none can.

        Specification: libvirt.pm, driver.
        """
        return self.context.session.driver

    def get_driver_name(self) -> str:
        """The driver's name, such as `KVM`. Raises DriverError.

        Specification: libvirt.pm, get_driver_name.
        """
        return self.driver().name

    def get_domain_name(self) -> str:
        """The name that the assigned computer's domain has when the assigned image is loaded.

        When the assigned request's state is `image` or `checkpoint` it is the name of the
        domain that is there. Specification: libvirt.pm, get_domain_name.
        """
        request = self.context.assigned().request
        if request is not None and request.state in ("image", "checkpoint"):
            return self.get_active_domain_name()
        return paths.domain_name(self.context.vmhost, self.context.computer, self.context.image)

    def get_active_domain_name(self) -> str:
        """The name of the one domain that has the assigned computer's MAC addresses.

        Raises NotFoundError where there is none, RefusedError where there are several.
        Specification: libvirt.pm, get_active_domain_name (VCL 2.5).
        """
        return active_domain(self.context).name

    def get_domain_file_base_name(self) -> str:
        """The base name of the assigned load's files: `vclv99-37_234-v23`.

        Specification: libvirt.pm, get_domain_file_base_name.
        """
        return names.file_base_name(self.context.computer, self.context.image)

    def get_domain_xml_directory_path(self) -> str:
        """The folder on the node for domain definitions: `/tmp/vcl` if not configured otherwise.

        Specification: libvirt.pm, get_domain_xml_directory_path.
        """
        return self.context.vmhost.xml_directory

    def get_domain_xml_file_path(self) -> str:
        """Path on the node of the assigned load's definition: `/tmp/vcl/vclv99-37_234-v23.xml`.

        Specification: libvirt.pm, get_domain_xml_file_path.
        """
        return paths.domain_xml_path(self.context)

    def get_master_image_directory_path(self) -> str:
        """The folder on the node where master images are: the profile's datastore.

        Raises UsageError without a profile. Specification: libvirt.pm,
        get_master_image_directory_path.
        """
        return self.context.session.profile.datastore

    def get_master_image_file_path(self, image_name: str | None = None) -> str:
        """Path on the node where an image's master is, or would be put.

        Raises RefusedError where two files claim the name. Specification: libvirt.pm,
        get_master_image_file_path.
        """
        return paths.master_path(self.context, image_name)

    def get_copy_on_write_file_path(self) -> str:
        """Path on the node of the assigned load's copy-on-write disk.

        Specification: libvirt.pm, get_copy_on_write_file_path.
        """
        return paths.copy_on_write_path(self.context)

    def get_repository_image_directory_path(self, image_name: str | None = None) -> str | None:
        """The folder in the repository for an image; None where the profile has no repository.

        Specification: libvirt.pm, get_repository_image_directory_path (VCL 2.5).
        """
        path = self.get_repository_image_file_path(image_name)
        return path.rsplit("/", 1)[0] if path else None

    def get_repository_image_file_path(self, image_name: str | None = None) -> str | None:
        """Path of an image in the repository; None where the profile has no repository.

        Specification: libvirt.pm, get_repository_image_file_path (VCL 2.5).
        """
        profile = self.context.session.profile
        if profile.repository is None:
            return None
        return repository.image_path(profile, image_name or self.context.image.name)

    def delete_existing_domains(self) -> Operation:
        """Delete the domains that were made for the assigned computer.

        Returns the finished operation. Raises RefusedError when a disk has other users.
        Specification: libvirt.pm, delete_existing_domains.
        """
        return execute(self.context, self._computer_lock(), deletion.plan_unload)

    def delete_domain(self, domain_name: str) -> Operation:
        """Delete one domain: off, snapshots, the disks that are its computer's own, undefined.

        Returns the finished operation. Raises NotFoundError, RefusedError. Specification:
        libvirt.pm, delete_domain.
        """
        domain = self._domain(domain_name)
        return execute(
            self.context,
            self._lock_for(domain_name),
            lambda context: deletion.plan_delete_domain(context, domain),
        )

    def define_domain(self, xml: str) -> Domain:
        """Define a domain from its XML, validated by libvirt. Returns it.

        Raises DomainXMLError, HypervisorError. Specification: libvirt.pm, define_domain.
        """
        self.context.session.check_writable()
        return domains.define(self.context.session.connection, xml)

    def generate_domain_xml(self, domain_uuid: str) -> str:
        """The XML definition for loading the assigned image onto the assigned computer.

        Raises NotFoundError for missing networks, DomainXMLError, DriverError. Specification:
        libvirt.pm, generate_domain_xml.
        """
        return definition.generate(self.context, domain_uuid)

    def get_domain_info(self) -> dict[str, Domain]:
        """Every domain on the host by its name, from a fixed number of bulk calls.

        Specification: libvirt.pm, get_domain_info.
        """
        found = domains.list_domains(self.context.session.connection, details=True)
        return {domain.name: domain for domain in found}

    def get_domain_xml(self, domain_name: str) -> DomainDefinition:
        """What a domain's XML says, parsed. Raises NotFoundError, DomainXMLError.

        Specification: libvirt.pm, get_domain_xml.
        """
        connection = self.context.session.connection
        return parse_domain(domains.domain_xml(connection, self._domain(domain_name).uuid))

    def domain_exists(self, domain_name: str) -> bool:
        """Whether a domain of exactly this name is defined on the host.

        Specification: libvirt.pm, domain_exists.
        """
        return domains.find_domain(self.context.session.connection, domain_name) is not None

    def get_snapshot_info(self, domain_name: str) -> dict[str, Snapshot]:
        """The snapshots of a domain by their names. Raises NotFoundError.

        Specification: libvirt.pm, get_snapshot_info.
        """
        uuid = self._domain(domain_name).uuid
        found = snapshots.list_snapshots(self.context.session.connection, uuid)
        return {snapshot.name: snapshot for snapshot in found}

    def create_snapshot(self, domain_name: str, name: str, description: str = "") -> Operation:
        """Create a snapshot of a domain.

        Returns the finished operation. Raises NotFoundError, ConflictError where the name
        exists, UsageError for a bad name. Specification: libvirt.pm, create_snapshot.
        """
        domain = self._domain(domain_name)
        return execute(
            self.context,
            self._lock_for(domain_name),
            lambda context: snapshotting.plan_create(context, domain, name, description),
        )

    def revert_snapshot(self, domain_name: str, name: str) -> Operation:
        """Put a domain back to a snapshot; what was written since is lost.

        Returns the finished operation. Raises NotFoundError naming the snapshots there are.
        Specification: beside create_snapshot and delete_snapshot of libvirt.pm.
        """
        domain = self._domain(domain_name)
        return execute(
            self.context,
            self._lock_for(domain_name),
            lambda context: snapshotting.plan_revert(context, domain, name),
        )

    def delete_snapshot(self, domain_name: str, name: str, *, children: bool = False) -> Operation:
        """Delete a snapshot of a domain, with `children` all that follow from it too.

        Returns the finished operation. Raises NotFoundError, RefusedError for an external one.
        Specification: libvirt.pm, delete_snapshot.
        """
        domain = self._domain(domain_name)
        return execute(
            self.context,
            self._lock_for(domain_name),
            lambda context: snapshotting.plan_delete(context, domain, name, children=children),
        )

    def get_image_size_bytes(self, image_name: str | None = None) -> int:
        """Bytes that an image takes on disk, master first, else repository.

        Raises NotFoundError. Specification: libvirt.pm, get_image_size_bytes.
        """
        return image_queries.image_size_bytes(self.context, image_name or self.context.image.name)

    def find_repository_image_file_paths(self, image_name: str | None = None) -> tuple[str, ...]:
        """The valid files of an image in the repository, in reading order; split disks whole.

        Never vmx, txt or xml files, nor the descriptor of a split vmdk, nor another image whose
        name begins the same. Specification: libvirt.pm, find_repository_image_file_paths.
        """
        return paths.repository_files(self.context, image_name)

    def get_node_network_info(self) -> dict[str, Network]:
        """The libvirt networks of the host by name. Specification: libvirt.pm (VCL 2.5)."""
        found = networks.list_networks(self.context.session.connection)
        return {network.name: network for network in found}

    def get_node_interface_info(self) -> dict[str, HostInterface]:
        """The network interfaces of the host by name. Specification: libvirt.pm (VCL 2.5)."""
        found = networks.list_interfaces(self.context.session.connection)
        return {interface.name: interface for interface in found}

    # --- below the face ---

    def _domain(self, domain_name: str | None) -> Domain:
        if domain_name is None:
            return computer_domain(self.context)
        return domains.get_domain(self.context.session.connection, domain_name)

    def _power(self, domain_name: str | None, action: str) -> Operation:
        domain = self._domain(domain_name)
        return execute(
            self.context,
            self._lock_for(domain.name),
            lambda context: power.plan_power(context, domain, action),
        )

    def _computer_lock(self) -> str:
        return owner_lock(self.context.computer.name)

    def _lock_for(self, domain_name: str) -> str:
        """The lock of the computer that the domain's name begins with."""
        return owner_lock(domain_name)
