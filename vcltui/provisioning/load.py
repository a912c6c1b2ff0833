"""Loads an image onto a computer (specification: load)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from vcltui.disks.marks import remove_published
from vcltui.domxml.validate import has_schema
from vcltui.drivers.base import DefineRequest
from vcltui.errors import NotFoundError, RefusedError
from vcltui.guests.base import Guest
from vcltui.hypervisor import domains
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import Domain
from vcltui.models.guest import CurrentImage
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.operations.undo import RemoveDomain
from vcltui.provisioning import definition, deletion, paths
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.guests import wait_for_guest
from vcltui.provisioning.locking import locker
from vcltui.provisioning.switches import network_sources
from vcltui.vcldb import computers


def plan_load(context: Context) -> Operation:
    """Plan a load in the specification's order.

    What may fail without harm comes before the computer's old domain is deleted: networks,
    the XML and its validation, and the copy of the image from the repository. Raises
    NotFoundError, RefusedError, DriverError, DomainXMLError, UsageError; nothing is changed.
    """
    session, computer, image = context.session, context.computer, context.image
    if image.deleted:
        raise RefusedError(
            f"Image {image.name} is marked deleted", "Choose another revision, or restore it"
        )
    operation_id, domain_uuid = new_operation_id(), str(uuid.uuid4())
    name = paths.domain_name(context.vmhost, computer, image)
    existing = deletion.domains_of(context, computer.name)
    _check_name_is_free(context, name, existing)
    xml = definition.generate(context, domain_uuid)
    driver_steps = session.driver.pre_define(_define_request(context, operation_id))
    current_disk_is_free = deletion.set_aside_step(context)
    return Operation(
        id=operation_id,
        kind="load",
        target=computer.name,
        host=context.vmhost.name,
        title=f"Load {image.name} onto {computer.name}",
        steps=(
            _check_step(context),
            *(step for step in driver_steps if step.early),
            *deletion.delete_steps(context, existing),
            *current_disk_is_free,
            *(step for step in driver_steps if not step.early),
            _write_xml_step(context, xml),
            _define_step(context, xml, name, domain_uuid),
            _power_on_step(context, name, domain_uuid),
            _wait_step(context, domain_uuid),
            _post_load_step(context, domain_uuid),
            *_inventory_step(context),
        ),
        details={"image": image.name, "domain": name, "uuid": domain_uuid},
    )


def _check_name_is_free(context: Context, name: str, existing: list[Domain]) -> None:
    """Raise RefusedError when a domain that the load does not delete has the new name."""
    there = domains.find_domain(context.session.connection, name)
    if there is not None and there.uuid not in {domain.uuid for domain in existing}:
        raise RefusedError(
            f"A domain named {name} is on host {context.vmhost.name} and does not belong to "
            f"computer {context.computer.name}",
            "Rename or delete it first",
        )


def _define_request(context: Context, operation_id: str) -> DefineRequest:
    """What the driver is asked to prepare. Raises NotFoundError when the image is nowhere."""
    image = context.image
    existing = paths.existing_master(context)
    files = () if existing else paths.repository_files(context)
    if existing is None and not files:
        places = " and ".join(
            filter(None, (context.session.profile.datastore, context.session.profile.repository))
        )
        raise NotFoundError(
            f"Image {image.name} is neither in the datastore nor in a repository of host "
            f"{context.vmhost.name} (looked in {places})",
            "Look where its files are with `vcltui images`, or choose another revision",
        )
    master = existing or paths.master_path(context)
    folder = master.rsplit("/", 1)[0]
    return DefineRequest(
        operation_id=operation_id,
        image=image,
        master_path=master,
        master_exists=existing is not None,
        repository_paths=files,
        copy_on_write_path=paths.copy_on_write_path(context),
        lock=locker(context, "master", folder, image.name),
        shared_lock=locker(context, "master", folder, image.name, shared=True),
    )


def _check_step(context: Context) -> Step:
    """The networks are looked at again when the operation runs."""

    def check(_step: StepContext) -> str:
        sources = network_sources(context.session)
        return f"networks {', '.join(name for _, name in sources)}"

    return Step(
        name="check-networks",
        title=f"Check the networks of {context.vmhost.name}",
        run=check,
        calls=("virConnectListAllNetworks()", "virConnectListAllInterfaces()"),
        load_state="startload",
    )


def _write_xml_step(context: Context, xml: str) -> Step:
    path, node = paths.domain_xml_path(context), context.session.node

    def write(step: StepContext) -> None:
        node.make_directory(path.rsplit("/", 1)[0])
        # For people to read: libvirt keeps the definition itself.
        node.write_text(path, xml, 0o600, flush=False)
        written = node.stat(path)
        if written is not None:
            step.will(remove_published(node, context.vmhost.name, path, written))

    return Step(
        name="write-xml",
        title=f"Write the domain definition to {path}",
        run=write,
        calls=(f"write {path} ({len(xml.encode())} bytes)",),
    )


def _define_step(context: Context, xml: str, name: str, domain_uuid: str) -> Step:
    connection = context.session.connection
    # libvirt of this machine would only check by the same schema once more, which takes it longer
    # than all else about the definition. Another host's may be of another version.
    validate = not (context.session.node.is_local and has_schema())

    def define(_step: StepContext) -> None:
        domains.define(connection, xml, validate=validate)
        domains.set_autostart(connection, domain_uuid, True)

    return Step(
        name="define-domain",
        title=f"Define domain {name}",
        run=define,
        calls=(
            f"virDomainDefineXMLFlags({name}, {'VALIDATE' if validate else '0'})",
            f"virDomainSetAutostart({name}, 1)",
        ),
        undo=(RemoveDomain(context.vmhost.name, name, domain_uuid),),
        load_state="vmsetupconfig",
    )


def _power_on_step(context: Context, name: str, domain_uuid: str) -> Step:
    def power_on(_step: StepContext) -> None:
        domains.start(context.session.connection, domain_uuid)

    return Step(
        name="power-on",
        title=f"Power on {name}",
        run=power_on,
        calls=(f"virDomainCreate({name})",),
        load_state="startvm",
    )


def _wait_step(context: Context, domain_uuid: str) -> Step:
    computer, seconds = context.computer, context.vmhost.guests.boot_timeout_seconds

    def wait(step: StepContext) -> str:
        guest = wait_for_guest(context, domain_uuid, step.cancel, new_host_key=True)
        return f"answers as {guest.describe()}"

    return Step(
        name="wait-for-guest",
        title=f"Wait until {computer.name} answers",
        run=wait,
        calls=(f"wait up to {seconds:.0f} s for {_access(context)}",),
        load_state="machinebooted",
    )


def _access(context: Context) -> str:
    if context.vmhost.guests.method == "simulated":
        return "the simulated guest"
    ports = "|".join(str(port) for port in context.vmhost.guests.ports)
    address = context.computer.private_ip or "the address that DHCP gives"
    return f"ssh {context.vmhost.guests.user}@{address} port {ports}"


def _post_load_step(context: Context, domain_uuid: str) -> Step:
    def post_load(step: StepContext) -> None:
        _running_guest(context, domain_uuid, step.cancel).post_load(current_image(context))

    return Step(
        name="post-load",
        title=f"Run the post-load tasks in {context.computer.name}",
        run=post_load,
        calls=("guest: write ~/currentimage.txt", "guest: set vcld_post_load"),
        load_state="loadimagecomplete",
        settles=True,
    )


def _running_guest(context: Context, domain_uuid: str, cancel: CancelToken) -> Guest:
    return wait_for_guest(context, domain_uuid, cancel, new_host_key=False)


def current_image(context: Context) -> CurrentImage:
    """What a guest is told about itself after a load, as VCL writes it."""
    computer, image = context.computer, context.image
    created = image.created or datetime.now(UTC)
    return CurrentImage(
        image.name,
        facts={
            "id": str(image.image_id),
            "prettyname": image.prettyname,
            "imagerevision_id": str(image.revision_id),
            "imagerevision_datecreated": f"{created:%Y-%m-%d %H:%M:%S}",
            "computer_id": str(computer.id),
            "computer_hostname": computer.hostname,
        },
    )


def _inventory_step(context: Context) -> tuple[Step, ...]:
    database, computer, image = context.database, context.computer, context.image
    if database is None:
        return ()

    def update(_step: StepContext) -> None:
        computers.set_current_image(database, computer.id, image, expected=computer)

    return (
        Step(
            name="update-inventory",
            title=f"Note {image.name} as the image of {computer.name}",
            run=update,
            calls=(f"inventory: computer {computer.name}: current image = {image.name}",),
        ),
    )
