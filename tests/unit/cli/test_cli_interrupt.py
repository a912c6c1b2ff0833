"""Operations that are stopped, killed, or whose onlooker leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tests.unit.cli.cli_lab import V1, V10, Lab
from vcltui.cli.interrupt import cancel_on_signals
from vcltui.models.cancel import CancelToken

pytestmark = pytest.mark.slow

_OVERLAY = "datastore2/vms/vm2_21-v1.qcow2"


@pytest.fixture
def waiting(lab: Lab) -> Lab:
    """The lab with guests that never answer, so that a load waits for them."""
    text = lab.config.read_text().replace('method = "simulated"', 'method = "ssh"')
    lab.config.write_text(text.replace("boot_timeout_seconds = 5", "boot_timeout_seconds = 900"))
    return lab


def _started_load(lab: Lab) -> subprocess.Popen[str]:
    """A load of vm2 that waits for its guest."""
    process = lab.start("load", "vm2", V1)
    assert process.stdout is not None
    while not process.stdout.readline().startswith("[5/8] Power on"):
        assert process.poll() is None
    assert (lab.home / _OVERLAY).exists()
    return process


@pytest.fixture
def heeded() -> Iterator[None]:
    """The signals are not ignored by whoever starts these tests: nohup does, and it is heeded."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_load_is_undone(waiting: Lab, number: signal.Signals) -> None:
    with _started_load(waiting) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopping, and undoing what was done" in out
    assert f"Undone: removed domain vm2:{V1}" in out
    assert f"Undone: removed {waiting.home / _OVERLAY}" in out
    assert err.splitlines()[-1].startswith("Cancelled")
    assert "Traceback" not in err
    assert not (waiting.home / _OVERLAY).exists()
    (job,) = waiting("jobs", "--json").rows
    assert (job["outcome"], job["left"]) == ("cancelled", False)


def test_what_a_killed_load_left_is_cleaned_up_by_the_next_change(waiting: Lab) -> None:
    with _started_load(waiting) as process:
        process.kill()
        process.communicate(timeout=60)
    (job,) = waiting("jobs", "--json").rows
    assert (job["outcome"], job["left"]) == ("killed", True)
    elsewhere = waiting("power", "off", "vm1")
    assert elsewhere.err == ""
    plan = waiting("load", "vm20", V10, "--dry-run")
    assert plan.err == ""
    assert (waiting.home / _OVERLAY).exists()
    done = waiting("power", "off", "test")
    assert done.code == 0
    assert done.err.startswith(
        f"Cleaned up after an earlier operation (Load {V1} onto vm2, killed): removed "
    )
    assert str(waiting.home / _OVERLAY) in done.err
    assert not (waiting.home / _OVERLAY).exists()
    assert waiting("power", "on", "test").err == ""


def test_jobs_clean_says_what_it_did(waiting: Lab) -> None:
    with _started_load(waiting) as process:
        process.kill()
        process.communicate(timeout=60)
    done = waiting.run("jobs", "--clean", "--json")
    assert done.code == 0
    (row,) = done.rows
    assert (row["title"], row["host"], row["left"]) == (f"Load {V1} onto vm2", "kvm2", [])
    assert f"removed {waiting.home / _OVERLAY}" in row["done"]
    assert not (waiting.home / _OVERLAY).exists()
    assert waiting("jobs", "--json").rows[0]["left"] is False


def test_what_cannot_be_cleaned_up_is_told_and_stays(waiting: Lab) -> None:
    with _started_load(waiting) as process:
        process.kill()
        process.communicate(timeout=60)
    text = waiting.config.read_text()
    waiting.config.write_text(text.replace("test:///default", "test:///nonexistent.xml"))
    done = waiting("jobs", "--clean")
    assert done.code == 1
    assert "can't be reached" in done.out
    assert waiting("jobs", "--json").rows[0]["left"] is True
    waiting.config.write_text(text)
    assert waiting("jobs", "--clean").code == 0


def test_a_running_load_is_no_leftover_and_locks_its_computer(waiting: Lab) -> None:
    with _started_load(waiting) as process:
        (job,) = waiting("jobs", "--json").rows
        assert (job["outcome"], job["left"]) == ("running", False)
        assert waiting("jobs", "--clean").err == "Nothing was left to clean up.\n"
        other = waiting("load", "vm2", V10)
        assert other.code == 1
        assert "lock" in other.err.lower()
        assert (waiting.home / _OVERLAY).exists()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130


def test_an_operation_outlives_who_looked_on(lab: Lab) -> None:
    with lab.start("load", "vm2", V1) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert process.returncode == 0
    assert "Error" not in err
    assert (lab.home / _OVERLAY).exists()
    assert lab("jobs", "--json").rows[0]["outcome"] == "done"


def test_the_first_signal_cancels_and_the_second_interrupts() -> None:
    token, told = CancelToken(), threading.Event()
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), cancel_on_signals(token, told.set):
        os.kill(os.getpid(), signal.SIGINT)
        assert told.wait(60)
        assert token.is_cancelled
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
    assert signal.getsignal(signal.SIGINT) is before


def test_without_a_signal_nothing_happens() -> None:
    token, told = CancelToken(), threading.Event()
    with cancel_on_signals(token, told.set):
        pass
    assert not token.is_cancelled
    assert not told.is_set()


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        token = CancelToken()
        with cancel_on_signals(token, lambda: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
