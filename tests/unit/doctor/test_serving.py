"""What serves a reservation, and what is not on a host as the database says."""

from __future__ import annotations

from tests.unit.doctor.scene import Scene
from vcltui.doctor.findings import Serving
from vcltui.doctor.settings import DoctorSettings
from vcltui.hypervisor import domains

DAY = 86400


def test_each_reservation_has_what_it_stands_on(scene: Scene):
    overlay = scene.load()
    name = scene.image.name
    copy = scene.disk(f"repository/{name}/{name}.qcow2")
    # What begins so is not it.
    scene.disk(f"datastore/{name}0.qcow2")
    scene.domain("vm10:other")
    reservation = scene.request("pending", "inuse")
    pid = scene.vcld(reservation, "inuse")
    found = scene.diagnosis().serving_of(reservation)
    master = scene.home / f"datastore/{name}.qcow2"
    assert found == Serving(
        reservation,
        process=f"{pid}, inuse",
        domain=f"vm1:{name} on kvm-a, on",
        overlay=str(overlay),
        master=f"{master} ({master.stat().st_blocks * 512} bytes)",
        repository=f"{copy} ({copy.stat().st_blocks * 512} bytes)",
    )


def test_what_is_not_there_and_what_is_unknown_are_told_apart(scene: Scene):
    reservation = scene.request("reserved", "reserved")
    found = scene.diagnosis().serving_of(reservation)
    assert found is not None
    assert {words for _, words in found.parts} == {"none"}
    scene.elsewhere()
    scene.computer("vm1", vmhostid=None)
    scene.lose_host("kvm-b")
    found = scene.diagnosis().serving_of(reservation)
    assert found is not None
    assert all(words.startswith("unknown: ") for _, words in found.parts)


def test_a_disk_that_a_load_left_is_told_without_its_domain(scene: Scene):
    scene.master()
    left = scene.disk(f"vms/vm1_{scene.image.image_id}-v1.qcow2")
    reservation = scene.request("inuse", "reserved")
    found = scene.diagnosis().serving_of(reservation)
    assert found is not None
    assert found.domain == "none"
    assert found.overlay.startswith(str(left))


def test_drift_is_what_is_not_on_a_host_as_the_database_says(scene: Scene):
    scene.master()
    scene.disk("vms/vm1_7-v1.qcow2", age=2 * DAY)
    scene.domain("vm2_Base_7-v1", "kvm-b")
    scene.request("pending", "inuse")
    found = scene.diagnosis()
    assert [one.number for one in found.drift("kvm-a")] == [15, 23]
    assert [one.number for one in found.drift("kvm-b")] == [14]
    assert found.drift("kvm-c") == ()


def test_a_disc_in_the_drive_is_not_the_computers_disk(scene: Scene):
    overlay = scene.load()
    domain = (
        "<domain type='test'><name>vm1_rescue</name><memory>65536</memory><vcpu>1</vcpu>"
        "<os><type>hvm</type></os><devices>{drives}</devices></domain>"
    )
    disc = (
        "<disk type='file' device='cdrom'><source file='/iso/rescue.iso'/>"
        "<target dev='sda'/></disk>"
    )
    disk = (
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{overlay}'/><target dev='vda'/></disk>"
    )
    data = disk.replace(str(overlay), "/data.qcow2").replace("vda", "vdb")
    reservation = scene.request("pending", "inuse")
    connection = scene.workspace.session("kvm-a").connection
    for one in domains.list_domains(connection):
        domains.destroy(connection, one.uuid)
        domains.undefine(connection, one.uuid)
    made = domains.define(connection, domain.format(drives=disc + disk + data), validate=False)
    found = scene.diagnosis().serving_of(reservation)
    assert found is not None
    assert found.overlay == str(overlay)
    domains.undefine(connection, made.uuid)
    domains.define(connection, domain.format(drives=disc), validate=False)
    found = scene.diagnosis().serving_of(reservation)
    assert found is not None
    assert found.overlay.startswith(f"{overlay} (")
    overlay.unlink()
    found = scene.diagnosis().serving_of(reservation)
    assert found is not None
    assert found.overlay == "none"


def test_a_step_is_slow_by_the_settings(scene: Scene):
    reservation = scene.request("pending", "new")
    # 10 s are expected: 40 s are four times that, and no long time; of startload it is 130 s.
    scene.step(reservation, "statuscheck", 600)
    scene.step(reservation, "startload", 560)
    scene.step(reservation, "transfervm", 430)

    def slow(settings: DoctorSettings | None = None) -> list[str]:
        steps = scene.diagnosis(settings).timeline(reservation).steps
        return [step.state for step in steps if step.slow]

    assert slow() == ["startload"]
    assert slow(DoctorSettings(slow_least_seconds=20)) == ["statuscheck", "startload"]
    assert slow(DoctorSettings(slow_factor=30)) == []
