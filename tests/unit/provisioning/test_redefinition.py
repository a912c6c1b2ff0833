"""Editing a domain's XML on the test driver."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.provisioning.world import StopAt, World, make_disk
from vcltui.domxml.compare import fingerprint
from vcltui.errors import ConflictError, DiskError, DomainXMLError, RefusedError
from vcltui.hypervisor import domains
from vcltui.models.domain import Domain
from vcltui.operations.runner import Observer
from vcltui.operations.undo import RestoreDefinition, UndoAction, UndoNotNeededError
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.execute import execute
from vcltui.provisioning.redefinition import plan_redefine
from vcltui.provisioning.undo import Undoer


class Edited:
    """A loaded computer's domain that is edited."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.context = world.computer("vm1").context
        self.connection = self.context.session.connection
        self.domain: Domain = computer_domain(self.context)

    @property
    def xml(self) -> str:
        return domains.editable_xml(self.connection, self.domain.uuid)

    def edit(self, old: str, new: str) -> str:
        text = self.xml
        assert text.count(old) >= 1
        return text.replace(old, new)

    def more_memory(self) -> str:
        return self.edit("<vcpu placement='static'>1<", "<vcpu placement='static'>3<")

    def vcpus(self) -> int:
        return int(self.xml.partition("<vcpu placement='static'>")[2].partition("<")[0])

    def define(self, xml: str, base_xml: str | None = None, observer: Observer | None = None):
        context = self.world.computer("vm1", None, observer).context
        return execute(
            context,
            "computer-vm1",
            lambda context: plan_redefine(context, self.domain, xml, base_xml=base_xml),
        )


class Notes(Observer):
    """Keeps what undoes the operation, as it is recorded."""

    def __init__(self) -> None:
        self.recorded: list[UndoAction] = []

    def undo_recorded(self, action: UndoAction) -> None:
        self.recorded.append(action)


@pytest.fixture
def edited(world: World, image: str) -> Edited:
    world.computer("vm1", image).load()
    return Edited(world)


def test_a_running_domain_changes_at_its_next_start(edited: Edited):
    base = edited.xml
    operation = edited.define(edited.more_memory(), base)
    assert operation.title.endswith("which takes effect at its next start")
    assert [step.name for step in operation.steps] == ["define"]
    assert operation.steps[0].calls == (
        f"virDomainDefineXMLFlags({edited.domain.name}, VALIDATE)",
        "-<vcpu placement='static'>1</vcpu>",
        "+<vcpu placement='static'>3</vcpu>",
    )
    assert edited.vcpus() == 3
    live = domains.domain_xml(edited.connection, edited.domain.uuid)
    assert "<vcpu placement='static'>1<" in live


def test_a_domain_that_is_off_changes_at_once(edited: Edited):
    edited.world.computer("vm1").power_off()
    edited.domain = computer_domain(edited.context)
    operation = edited.define(edited.more_memory())
    assert "next start" not in operation.title
    assert "<vcpu placement='static'>3<" in domains.domain_xml(
        edited.connection, edited.domain.uuid
    )


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda e: e.edit(f"<name>{e.domain.name}<", "<name>vm9<"), RefusedError, "named 'vm9'"),
        (lambda e: e.edit(e.domain.uuid, "0" * 8 + e.domain.uuid[8:]), RefusedError, "UUID"),
        (lambda e: e.edit(f"<uuid>{e.domain.uuid}</uuid>", ""), RefusedError, "nothing as its"),
        (lambda e: e.edit("<devices>", "<devices"), DomainXMLError, "malformed"),
        (lambda e: e.edit("<devices>", "<devices><tost/>"), DomainXMLError, "<tost/>"),
        (lambda e: e.xml, RefusedError, "Nothing was changed"),
        (lambda e: e.edit(">\n", ">\n\n "), RefusedError, "Nothing was changed"),
        (lambda _: "", DomainXMLError, "malformed"),
    ],
)
def test_what_is_refused(
    edited: Edited, change: Callable[[Edited], str], error: type[Exception], words: str
):
    before = edited.xml
    with pytest.raises(error, match=words):
        edited.define(change(edited))
    assert edited.xml == before


def test_an_edit_of_something_older_is_refused(edited: Edited):
    base, wanted = edited.xml, edited.more_memory()
    edited.define(edited.edit("<on_crash>", "<title>edited elsewhere</title><on_crash>"))
    with pytest.raises(ConflictError, match="changed meanwhile"):
        edited.define(wanted, base)
    assert "edited elsewhere" in edited.xml
    assert edited.vcpus() == 1


def test_a_change_between_plan_and_run_is_seen(edited: Edited):
    def intrude() -> None:
        domains.define(
            edited.connection,
            edited.edit("<on_crash>", "<title>edited elsewhere</title><on_crash>"),
        )

    with pytest.raises(ConflictError, match="changed meanwhile"):
        edited.define(edited.more_memory(), observer=StopAt("define", intrude))
    assert "edited elsewhere" in edited.xml


def test_a_failure_after_the_change_takes_it_back(edited: Edited):
    before = edited.xml

    def fail() -> None:
        raise DiskError("too late")

    with pytest.raises(DiskError, match="too late"):
        edited.define(edited.more_memory(), observer=StopAt("define", fail, after=True))
    assert edited.xml == before


def test_undo_leaves_what_somebody_changed_since(edited: Edited):
    before, notes = edited.xml, Notes()
    edited.define(edited.more_memory(), observer=notes)
    recorded = notes.recorded
    assert [type(action) for action in recorded] == [RestoreDefinition, RestoreDefinition]
    undo = Undoer(edited.context.session, None)
    domains.define(edited.connection, edited.edit(">3</vcpu>", ">4</vcpu>"))
    with pytest.raises(UndoNotNeededError):
        undo(recorded[1])
    assert edited.vcpus() == 4
    domains.define(edited.connection, edited.edit(">4</vcpu>", ">3</vcpu>"))
    assert undo(recorded[1]) == f"defined {edited.domain.name} again as it was"
    assert edited.xml == before
    assert undo(recorded[0]) is None


@pytest.mark.parametrize("recorded", ["what was to be defined", "nothing"])
def test_a_kill_amid_a_change_keeps_what_somebody_defined_since(edited: Edited, recorded: str):
    before, wanted = edited.xml, edited.more_memory()
    changed_to = "" if recorded == "nothing" else fingerprint(wanted)
    action = RestoreDefinition("kvm-a", edited.domain.name, edited.domain.uuid, before, changed_to)
    undo = Undoer(edited.context.session, None, later=True)
    assert undo(action) is None
    domains.define(edited.connection, edited.edit(">1</vcpu>", ">4</vcpu>"))
    with pytest.raises(UndoNotNeededError, match="kept the definition of vm1:"):
        undo(action)
    assert edited.vcpus() == 4


def test_a_kill_behind_the_change_is_undone_where_nobody_came_since(edited: Edited):
    before, notes = edited.xml, Notes()
    edited.define(edited.more_memory(), observer=notes)
    recorded = notes.recorded
    undo = Undoer(edited.context.session, None, later=True)
    assert undo(recorded[0]) == f"defined {edited.domain.name} again as it was"
    assert edited.xml == before


def test_a_failure_before_it_is_known_what_it_became_takes_it_back(edited: Edited):
    """As when the journal finds no room: libvirt's text may differ from what was given."""

    class Full(Notes):
        def undo_recorded(self, action: UndoAction) -> None:
            super().undo_recorded(action)
            if len(self.recorded) > 1:
                raise DiskError("no room")

    before, full = edited.xml, Full()
    # A comment is in the text, and not in what libvirt makes of it.
    wanted = edited.more_memory().replace("<on_crash>", "<!-- mine --><on_crash>")
    with pytest.raises(DiskError, match="no room"):
        edited.define(wanted, observer=full)
    first, second = full.recorded
    assert isinstance(first, RestoreDefinition)
    assert isinstance(second, RestoreDefinition)
    assert first.changed_to != second.changed_to
    assert edited.xml == before


def test_a_definition_with_a_password_is_not_edited(edited: Edited):
    graphics = "<graphics type='vnc' port='-1' autoport='yes' passwd='geheim'/></devices>"
    domains.define(edited.connection, edited.edit("</devices>", graphics))
    with pytest.raises(RefusedError, match="holds a password") as caught:
        domains.editable_xml(edited.connection, edited.domain.uuid)
    assert "geheim" not in str(caught.value)
    with pytest.raises(RefusedError, match="holds a password"):
        edited.define(
            domains.domain_xml(edited.connection, edited.domain.uuid, inactive=True).replace(
                ">1</vcpu>", ">2</vcpu>"
            )
        )


def test_a_domain_may_not_write_to_a_master(edited: Edited, image: str):
    disk = next(line.split("'")[1] for line in edited.xml.splitlines() if "<source file=" in line)
    with pytest.raises(RefusedError, match="these use it"):
        edited.define(edited.edit(disk, str(edited.world.master(image))))
    other = edited.world.add_image("Other")
    with pytest.raises(RefusedError, match="it is an image"):
        edited.define(edited.edit(disk, str(edited.world.master(other))))
    own = edited.world.home / "vms" / "vm1_77-v1.qcow2"
    make_disk(own)
    edited.define(edited.edit(disk, str(own)))
    assert str(own) in edited.xml
