"""A real, tiny Linux guest for the system tests, built from Debian packages.

The image is one FAT disk: syslinux, Debian's cloud kernel and an initramfs with busybox and
dropbear. The guest runs from the initramfs; only `/root` lives on the disk, written through, so
that what a test leaves there is on the disk when the guest is killed. Root logs in by public key
over SSH, and without a password on the serial console.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

DISK_MEBIBYTES = 64
KERNEL_METAPACKAGE = "linux-image-cloud-amd64"
BUILD_PACKAGES = (
    "busybox-static",
    "dropbear-bin",
    "libc6",
    "mtools",
    "syslinux",
    "syslinux-common",
)

# What the guest needs, in loading order; what they depend on is added by _modules_in_order.
WANTED_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "nls_cp437",
    "nls_ascii",
    "vfat",
    "evdev",
    "button",
)

# Everything after "quiet" saves time under emulation.
KERNEL_OPTIONS = (
    "console=ttyS0,115200 quiet mitigations=off nokaslr no_timer_check tsc=reliable audit=0 panic=5"
)
SYSLINUX_CFG = f"""\
SERIAL 0 115200
DEFAULT guest
PROMPT 0
TIMEOUT 1
LABEL guest
  LINUX /vmlinuz
  INITRD /initrd.img
  APPEND {KERNEL_OPTIONS}
"""

GUEST_FILES = {
    "init": (
        0o755,
        """\
#!/bin/sh
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
echo "guest: kernel $(uname -r) is up"
exec /sbin/init
""",
    ),
    "etc/inittab": (
        0o644,
        """\
::sysinit:/etc/rc.start
::respawn:/usr/sbin/dropbear -F -E -s -r /etc/dropbear/host_key
::respawn:/sbin/acpid -f -l /dev/null
ttyS0::respawn:-/bin/sh
::ctrlaltdel:/sbin/reboot
::shutdown:/etc/rc.stop
""",
    ),
    "etc/rc.start": (
        0o755,
        """\
#!/bin/sh
mkdir -p /dev/pts
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devpts devpts /dev/pts
hostname vcl-guest
while read -r module; do
    insmod "/lib/modules/$module.ko" || echo "guest: cannot load $module"
done </lib/modules/order
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    [ -b /dev/vda ] && break
    sleep 0.2
done
if mount -t vfat -o sync,umask=077 /dev/vda /disk && mount -o bind /disk/root /root; then
    echo "guest: /root is on /dev/vda"
else
    echo "guest: /dev/vda cannot be mounted, /root is in memory"
fi
ip link set lo up
for path in /sys/class/net/eth*; do
    [ -e "$path" ] || continue
    nic=${path##*/}
    ip link set "$nic" up
    udhcpc -f -i "$nic" -s /etc/udhcpc.script -t 5 -T 2 -A 5 -x "hostname:$(hostname)" \
        >/dev/null 2>&1 &
done
echo "guest: started after $(cut -d' ' -f1 /proc/uptime) s"
""",
    ),
    "etc/rc.stop": (
        0o755,
        """\
#!/bin/sh
echo "guest: stopping"
trap '' TERM HUP
kill -TERM -1
sleep 0.3
kill -KILL -1
sync
umount /root
umount /disk && echo "guest: disk unmounted"
""",
    ),
    "etc/udhcpc.script": (
        0o755,
        """\
#!/bin/sh
case "$1" in
deconfig)
    ip addr flush dev "$interface"
    ;;
bound | renew)
    ip addr replace "$ip/$mask" dev "$interface"
    if [ -n "$router" ]; then
        ip route replace default via "${router%% *}" dev "$interface" metric "1${interface#eth}"
    fi
    : >/etc/resolv.conf
    for server in $dns; do
        echo "nameserver $server" >>/etc/resolv.conf
    done
    [ "$1" = bound ] && echo "guest: $interface has $ip" >/dev/console
    ;;
esac
""",
    ),
    "etc/acpi/PWRF/00000080": (0o755, "#!/bin/sh\nexec poweroff\n"),
    "etc/profile": (0o644, "export HOME=/root PS1='\\h:\\w# '\ncd\n"),
    "etc/passwd": (0o644, "root:x:0:0:root:/root:/bin/sh\n"),
    "etc/shadow": (0o600, "root:*:19000:0:99999:7:::\n"),
    "etc/group": (0o644, "root:x:0:\n"),
    "etc/shells": (0o644, "/bin/sh\n"),
    "etc/nsswitch.conf": (0o644, "passwd: files\nshadow: files\ngroup: files\nhosts: files dns\n"),
    "etc/hosts": (0o644, "127.0.0.1 localhost vcl-guest\n"),
}
GUEST_FOLDERS = ("dev", "disk", "proc", "root", "run", "sys", "tmp", "var/log", "var/run")


class GuestImageError(Exception):
    """The guest image cannot be built; the message says why and what to do."""


class PackageError(GuestImageError):
    """apt does not know or cannot fetch the kernel package."""


@dataclass(frozen=True)
class GuestImage:
    """A bootable image and the keys that go with it.

    Treat the files as read-only: copy `qcow2` or put an overlay on a copy. The cache folder is
    usually one that the user libvirt-qemu cannot enter.
    """

    qcow2: Path
    private_key: Path
    public_key: Path
    host_public_key: str


@dataclass(frozen=True)
class _Kernel:
    package: str
    version: str


def build_guest_image(cache_dir: Path) -> GuestImage:
    """Return the image from `cache_dir`, which is built first when it is not there yet.

    An image belongs to the versions of its packages and to the text of this builder.
    Raises GuestImageError, also when a needed program is missing (see packages.txt).
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    try:
        return _cached_or_built(cache_dir)
    except PackageError:
        _run([*_as_root(), "apt-get", "-q", "update"])
        return _cached_or_built(cache_dir)


def _cached_or_built(cache_dir: Path) -> GuestImage:
    kernel = _find_kernel()
    target = cache_dir / f"guest-{_content_key(kernel)}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(prefix=".building-", dir=cache_dir) as temporary:
            work = Path(temporary)
            result = work / "result"
            result.mkdir()
            _build(kernel, work, result)
            try:
                result.rename(target)
            except OSError:
                if (
                    not target.is_dir()
                ):  # else another process was quicker, and its image is as good
                    raise
    return GuestImage(
        qcow2=target / "guest.qcow2",
        private_key=target / "id_ed25519",
        public_key=target / "id_ed25519.pub",
        host_public_key=(target / "host_key.pub").read_text().strip(),
    )


def _build(kernel: _Kernel, work: Path, result: Path) -> None:
    unpacked = _download(kernel, work)
    root = work / "root"
    _make_guest_root(root)
    _add_modules(unpacked, root)
    host_key = _make_keys(root, result)
    (result / "host_key.pub").write_text(host_key + "\n")
    _pack_initramfs(root, work / "initrd.img")
    _make_disk(_one(unpacked.glob("boot/vmlinuz-*"), "kernel"), work, result)


def _find_kernel() -> _Kernel:
    try:
        shown = _run(["apt-cache", "show", "--no-all-versions", KERNEL_METAPACKAGE])
    except GuestImageError as error:
        raise PackageError(f"apt does not know {KERNEL_METAPACKAGE}: {error}") from error
    found = re.search(r"^Depends: (linux-image-\S+) \(= (\S+)\)", shown, re.MULTILINE)
    if not found:
        raise PackageError(f"apt does not say which kernel {KERNEL_METAPACKAGE} depends on")
    return _Kernel(package=found[1], version=found[2])


def _content_key(kernel: _Kernel) -> str:
    versions = _run(["dpkg-query", "--show", *BUILD_PACKAGES])
    parts = (kernel.package, kernel.version, versions, Path(__file__).read_text())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _download(kernel: _Kernel, work: Path) -> Path:
    unpacked = work / "kernel"
    try:
        _run(["apt-get", "-q", "download", f"{kernel.package}={kernel.version}"], cwd=work)
    except GuestImageError as error:
        raise PackageError(
            f"apt cannot download {kernel.package} {kernel.version}: {error}"
        ) from error
    _run(
        [
            "dpkg-deb",
            "--extract",
            str(_one(work.glob("linux-image-*.deb"), "kernel package")),
            str(unpacked),
        ]
    )
    return unpacked


def _make_guest_root(root: Path) -> None:
    for folder in GUEST_FOLDERS:
        (root / folder).mkdir(parents=True)
    for name, (mode, text) in GUEST_FILES.items():
        _write(root / name, text, mode)
    (root / "lib64").mkdir()
    busybox = _program("busybox")
    _copy(busybox, root / "bin/busybox")
    for applet in _run([str(busybox), "--list-full"]).split():
        link = root / applet
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to("/bin/busybox")
    dropbear = _program("dropbear")
    _copy(dropbear, root / "usr/sbin/dropbear")
    for library in re.findall(
        r"(?:=> |^\s*)(/\S+) \(0x", _run(["ldd", str(dropbear)]), re.MULTILINE
    ):
        _copy(Path(library), root / library.lstrip("/"))


def _add_modules(unpacked: Path, root: Path) -> None:
    folder = root / "lib/modules"
    folder.mkdir(parents=True)
    ordered = _modules_in_order(_one(unpacked.glob("lib/modules/*"), "module folder"))
    for module in ordered:
        _copy(module, folder / module.name)
    _write(folder / "order", "".join(f"{module.stem}\n" for module in ordered))


def _modules_in_order(folder: Path) -> list[Path]:
    """The wanted modules and what they depend on, each after what it needs; no built-in ones."""
    files = {_module_name(path.stem): path for path in folder.rglob("*.ko")}
    builtin = {
        _module_name(Path(line).stem) for line in (folder / "modules.builtin").read_text().split()
    }
    ordered: list[Path] = []

    def add(name: str) -> None:
        if name in builtin:
            return
        if name not in files:
            raise GuestImageError(f"the kernel package has no module {name}")
        path = files[name]
        if path in ordered:
            return
        found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", path.read_bytes())
        for needed in found[1].decode().split(",") if found and found[1] else []:
            add(_module_name(needed))
        ordered.append(path)

    for wanted in WANTED_MODULES:
        add(wanted)
    return ordered


def _module_name(stem: str) -> str:
    return stem.replace("-", "_")


def _make_keys(root: Path, result: Path) -> str:
    """Make the client's keys in `result` and the guest's host key; return its public part."""
    _run(
        [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "vcltui-tests",
            "-f",
            str(result / "id_ed25519"),
        ]
    )
    host_key = root / "etc/dropbear/host_key"
    host_key.parent.mkdir()
    shown = _run(["dropbearkey", "-t", "ed25519", "-f", str(host_key)])
    found = re.search(r"^(ssh-ed25519 \S+)", shown, re.MULTILINE)
    if not found:
        raise GuestImageError(f"dropbearkey printed no public key: {shown}")
    return found[1]


def _pack_initramfs(root: Path, initramfs: Path) -> None:
    names = "".join(f"{path.relative_to(root)}\0" for path in sorted(root.rglob("*")))
    command = ["cpio", "--quiet", "--null", "--create", "--format=newc", "--owner=0:0"]
    done = subprocess.run(command, cwd=root, input=names.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise GuestImageError(f"cpio failed: {done.stderr.decode(errors='replace').strip()}")
    initramfs.write_bytes(gzip.compress(done.stdout, mtime=0))


def _make_disk(kernel: Path, work: Path, result: Path) -> None:
    disk = work / "disk.img"
    with disk.open("wb") as handle:
        handle.truncate(DISK_MEBIBYTES << 20)
    home = work / "home"
    _copy(result / "id_ed25519.pub", home / ".ssh/authorized_keys")
    _write(work / "syslinux.cfg", SYSLINUX_CFG)
    _run([_sbin("mkfs.vfat"), "-F", "16", "-n", "VCLGUEST", str(disk)])
    _run(["syslinux", "--install", str(disk)])
    _run(["mcopy", "-i", str(disk), str(kernel), "::vmlinuz"])
    _run(["mcopy", "-i", str(disk), str(work / "initrd.img"), str(work / "syslinux.cfg"), "::"])
    _run(["mcopy", "-s", "-i", str(disk), str(home), "::root"])
    qcow2 = result / "guest.qcow2"
    _run(
        [
            "qemu-img",
            "convert",
            "-f",
            "raw",
            "-O",
            "qcow2",
            "-o",
            "compat=1.1",
            str(disk),
            str(qcow2),
        ]
    )
    with qcow2.open("rb") as handle:
        os.fsync(handle.fileno())


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _one(paths: Iterable[Path], what: str) -> Path:
    found = list(paths)
    if len(found) != 1:
        raise GuestImageError(f"expected one {what}, found {len(found)}")
    return found[0]


def _program(name: str) -> Path:
    return Path(_sbin(name))


def _sbin(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if not found:
        raise GuestImageError(
            f"{name} is not installed; install what tests/system/packages.txt lists"
        )
    return found


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def _run(command: Sequence[str], cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise GuestImageError(
            f"{command[0]} is not installed; install what tests/system/packages.txt lists"
        ) from error
    if done.returncode != 0:
        raise GuestImageError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
