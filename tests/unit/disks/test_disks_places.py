"""Where images lie: datastore and repository, by exact names."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from vcltui.disks import repository
from vcltui.disks.datastore import (
    find_master,
    is_copy_on_write_name,
    master_path,
    master_xml_path,
)
from vcltui.disks.images import list_images
from vcltui.disks.publish import temporary_path
from vcltui.errors import ConfigError, DiskError, NotFoundError, RefusedError, UsageError
from vcltui.models.host import VMProfile

NAME = "linux-Base12-v1"
NEIGHBOUR = "linux-Base12-v10"


@pytest.fixture
def profile(disks, other) -> VMProfile:
    return VMProfile("p", str(disks.folder), repository=str(other.folder))


def put(folder: Path, *names: str) -> None:
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("x")


@pytest.mark.parametrize("suffix", ["qcow2", "vmdk", "raw", "img"])
def test_the_one_file_is_the_master(node, disks, profile, suffix):
    put(disks.folder, f"{NAME}.{suffix}", f"{NAME}.xml", f"{NAME}.reference", f"{NEIGHBOUR}.qcow2",
        f"x{NAME}.qcow2", f"{NAME}-flat.vmdk", f"{NAME}.qcow2.partial")  # fmt: skip
    put(disks.folder, Path(temporary_path(f"/{NAME}.qcow2", "op1")).name)
    (disks.folder / f"{NAME}.d").mkdir()
    assert find_master(node, profile.datastore, NAME) == disks.path(f"{NAME}.{suffix}")
    assert find_master(node, profile.datastore, NEIGHBOUR) == disks.path(f"{NEIGHBOUR}.qcow2")
    assert master_path(node, profile, NAME) == disks.path(f"{NAME}.{suffix}")


def test_no_master(node, disks, profile):
    put(disks.folder, f"{NEIGHBOUR}.qcow2", f"{NAME}.xml")
    assert find_master(node, profile.datastore, NAME) is None
    assert master_path(node, profile, NAME) == disks.path(f"{NAME}.qcow2")
    assert master_xml_path(profile, NAME) == disks.path(f"{NAME}.xml")


def test_two_masters(node, disks, profile):
    put(disks.folder, f"{NAME}.qcow2", f"{NAME}.vmdk")
    with pytest.raises(RefusedError) as caught:
        find_master(node, profile.datastore, NAME)
    assert disks.path(f"{NAME}.qcow2") in caught.value.what
    assert disks.path(f"{NAME}.vmdk") in caught.value.what


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "-v1", "a*", "a\0b"])
def test_impossible_names(node, profile, name):
    for act in (
        lambda: find_master(node, profile.datastore, name),
        lambda: master_xml_path(profile, name),
        lambda: repository.image_path(profile, name),
        lambda: repository.xml_path(profile, name),
        lambda: repository.search_paths(profile, name),
        lambda: repository.find_image_files(node, profile.repository, name),
    ):
        with pytest.raises(UsageError):
            act()


def test_an_unmounted_datastore(node, disks):
    with pytest.raises(NotFoundError):
        find_master(node, disks.path("unmounted"), NAME)
    with pytest.raises(NotFoundError):
        repository.find_image_files(node, disks.path("unmounted"), NAME)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("vclv99-37_234-v23.qcow2", True),
        ("/d/vm1_12-v3.raw", True),
        ("linux-Base12-12-v3.qcow2", False),
        ("vm1_12-v3", False),
        ("vm1_x-v3.qcow2", False),
        ("win_7-Base-12-v3.qcow2", False),
    ],
)
def test_names_of_domains_own_disks(name, is_one):
    assert is_copy_on_write_name(name) is is_one


def test_repository_paths(other, profile):
    assert repository.image_path(profile, NAME) == other.path(f"{NAME}/{NAME}.qcow2")
    assert repository.xml_path(profile, NAME) == other.path(f"{NAME}/{NAME}.xml")
    with pytest.raises(ConfigError, match="has no repository"):
        repository.directory(VMProfile("p", "/d"))


def test_search_paths_find_every_form_and_no_neighbour(other, profile):
    patterns = repository.search_paths(profile, NAME)
    for folder in (other.folder / NAME, other.folder):
        for tail in (".qcow2", ".vmdk", "-s001.vmdk", "-f012.vmdk", "-flat.vmdk"):
            assert any(fnmatch(str(folder / f"{NAME}{tail}"), item) for item in patterns)
            assert not any(fnmatch(str(folder / f"{NEIGHBOUR}{tail}"), item) for item in patterns)


@pytest.mark.parametrize("folder", [f"{NAME}/", ""])
@pytest.mark.parametrize("suffix", ["qcow2", "raw", "vmdk", "img"])
def test_a_single_file(node, other, folder, suffix):
    put(other.folder, f"{folder}{NAME}.{suffix}")
    put(other.folder, *(f"{folder}{NAME}.{end}" for end in ("vmx", "txt", "xml", "reference")))
    put(other.folder, f"{folder}{NEIGHBOUR}.qcow2", f"{folder}.{NAME}.qcow2.vcltui-o.part",
        f"{folder}{NAME}.nvram", f"{NEIGHBOUR}/{NEIGHBOUR}.vmdk")  # fmt: skip
    found = repository.find_image_files(node, str(other.folder), NAME)
    assert found == (other.path(f"{folder}{NAME}.{suffix}"),)


def test_nothing_there(node, other):
    (other.folder / NAME).mkdir()
    put(other.folder, f"{NEIGHBOUR}/{NEIGHBOUR}.qcow2", f"{NEIGHBOUR}-flat.vmdk", f"{NAME}.xml")
    assert repository.find_image_files(node, str(other.folder), NAME) == ()


def test_the_folder_goes_before_the_flat_form(node, other):
    put(other.folder, f"{NAME}/{NAME}.qcow2", f"{NAME}.vmdk")
    found = repository.find_image_files(node, str(other.folder), NAME)
    assert found == (other.path(f"{NAME}/{NAME}.qcow2"),)


def test_two_formats_are_never_one_disk(node, other):
    put(other.folder, f"{NAME}/{NAME}.qcow2", f"{NAME}/{NAME}.vmdk")
    with pytest.raises(RefusedError) as caught:
        repository.find_image_files(node, str(other.folder), NAME)
    assert other.path(f"{NAME}/{NAME}.qcow2") in caught.value.what
    assert other.path(f"{NAME}/{NAME}.vmdk") in caught.value.what


def split(disks, subformat, name=NAME) -> None:
    disks.create(f"{name}.vmdk", "5G", "vmdk", subformat=subformat)


@pytest.mark.parametrize(
    ("subformat", "tails"),
    [
        ("twoGbMaxExtentSparse", ["-s001", "-s002", "-s003"]),
        ("twoGbMaxExtentFlat", ["-f001", "-f002", "-f003"]),
        ("monolithicFlat", ["-flat"]),
        ("monolithicSparse", [""]),
        ("streamOptimized", [""]),
    ],
)
@pytest.mark.parametrize("with_descriptor", [True, False])
def test_split_disks_come_in_order_without_their_descriptor(
    node, other, subformat, tails, with_descriptor
):
    split(other, subformat)
    split(other, "twoGbMaxExtentSparse", NEIGHBOUR)
    if not with_descriptor and tails != [""]:
        (other.folder / f"{NAME}.vmdk").unlink()
    found = repository.find_image_files(node, str(other.folder), NAME)
    assert found == tuple(other.path(f"{NAME}{tail}.vmdk") for tail in tails)


@pytest.mark.parametrize(
    ("gone", "words"),
    [("-s002", "Part 2 of the split disk is missing"), ("-s003", "names the part .*-s003.vmdk")],
)
def test_a_part_is_missing(node, other, gone, words):
    split(other, "twoGbMaxExtentSparse")
    (other.folder / f"{NAME}{gone}.vmdk").unlink()
    with pytest.raises(DiskError, match=words):
        repository.find_image_files(node, str(other.folder), NAME)


def test_a_part_too_many(node, other):
    split(other, "twoGbMaxExtentSparse")
    put(other.folder, f"{NAME}-s004.vmdk")
    with pytest.raises(DiskError, match="does not name the parts"):
        repository.find_image_files(node, str(other.folder), NAME)


def test_a_part_that_is_too_short(node, other):
    split(other, "twoGbMaxExtentFlat")
    with (other.folder / f"{NAME}-f002.vmdk").open("r+b") as file:
        file.truncate(1 << 20)
    with pytest.raises(DiskError, match="not as long as"):
        repository.find_image_files(node, str(other.folder), NAME)


def test_parts_beside_a_whole_disk(node, other):
    split(other, "twoGbMaxExtentSparse")
    other.create(f"{NAME}.vmdk", "1M", "vmdk")
    with pytest.raises(RefusedError, match="twice"):
        repository.find_image_files(node, str(other.folder), NAME)


@pytest.mark.parametrize("part", ["sub/{}-s001.vmdk", "/etc/{}-s001.vmdk", "../{}", ".", "..", "/"])
def test_a_part_that_is_named_in_another_folder(node, disks, other, profile, part):
    """The other images are listed all the same."""
    split(other, "twoGbMaxExtentSparse")
    other.create(f"{NEIGHBOUR}.qcow2", "1M")
    descriptor = other.folder / f"{NAME}.vmdk"
    text = descriptor.read_text().replace(f"{NAME}-s001.vmdk", part.format(NAME))
    descriptor.write_text(text)
    with pytest.raises(DiskError, match=r"names the part .*(does not lie beside|is missing)"):
        repository.find_image_files(node, str(other.folder), NAME)
    listed = {image.name: image.problem for image in list_images(node, profile)}
    assert "names the part" in (listed.pop(NAME) or "")
    assert listed == {NEIGHBOUR: None}
