"""Jobs: changes that run in the background, one at a time for each computer.

A job lives here and not in a screen: it goes on whatever the face shows. What it does is
journalled by the core; cancelling it undoes it.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vcltui.errors import NotFoundError, RefusedError, VcltuiError
from vcltui.models.cancel import CancelToken
from vcltui.runtime.jobs import watch
from vcltui.runtime.jobs.models import Job, JobState

if TYPE_CHECKING:
    from vcltui.operations.runner import Observer
    from vcltui.operations.step import Operation

_log = logging.getLogger(__name__)

LANES = 8
MOST_ENDED = 500
"""How many jobs that have ended are kept to be looked at; the journal keeps them all."""

Work = Callable[["Observer", CancelToken], "Operation"]
"""Does a job's change, telling the observer, and returns what was run."""
Told = Callable[[Job], None]


@dataclass(slots=True)
class _Entry:
    """A job with what only the runner of jobs needs."""

    job: Job
    lock_name: str
    work: Work
    token: CancelToken


class Jobs:
    """Runs jobs in lanes of its own. Every method may be called from any thread.

    `told` subscribers hear each change of a job, from the job's thread. `copies_at_once` is how
    many jobs copy disks at the same time; others wait before their copying step.
    """

    def __init__(self, copies_at_once: int = 2) -> None:
        self._lock = threading.RLock()
        self._entries: dict[int, _Entry] = {}
        self._numbers = itertools.count(1)
        self._busy: set[str] = set()
        self._copies = threading.BoundedSemaphore(max(copies_at_once, 1))
        self._subscribers: dict[object, Told] = {}
        self._executor = ThreadPoolExecutor(LANES, thread_name_prefix="job")
        self._closed = False

    def submit(self, title: str, host: str, target: str, lock_name: str, work: Work) -> Job:
        """Queue a change; returns its job at once.

        Jobs with the same `lock_name` run one after another. Raises RefusedError after `close`.
        """
        with self._lock:
            if self._closed:
                raise RefusedError("vcltui is ending, so nothing new is begun")
            number = next(self._numbers)
            job = Job(number, title, host, target)
            self._entries[number] = _Entry(job, lock_name, work, CancelToken())
            self._forget_old()
        self._tell(job)
        self._dispatch()
        return job

    def subscribe(self, told: Told) -> Callable[[], None]:
        """Call `told` after each change of a job until the returned function is called."""
        token = object()
        with self._lock:
            self._subscribers[token] = told

        def end() -> None:
            with self._lock:
                self._subscribers.pop(token, None)

        return end

    def all(self) -> list[Job]:
        """Every job since the start, the newest first."""
        with self._lock:
            return [entry.job for entry in reversed(self._entries.values())]

    def get(self, number: int) -> Job:
        """One job. Raises NotFoundError."""
        with self._lock:
            return self._entry(number).job

    def active(self) -> list[Job]:
        """The jobs that wait or run."""
        return [job for job in self.all() if job.state.is_active]

    def cancel(self, number: int) -> None:
        """Ask a job to stop and undo what it did; returns at once. Raises NotFoundError."""
        with self._lock:
            entry = self._entry(number)
            entry.token.cancel()
            if not entry.job.state.is_active:
                return
            waiting = entry.job.state is JobState.QUEUED
            if waiting:
                entry.job = entry.job.ended_as(JobState.CANCELLED, "Cancelled before it began")
            else:
                entry.job = replace(entry.job, cancelling=True)
            job = entry.job
        self._tell(job)

    def retry(self, number: int) -> Job:
        """Queue a job that failed or was cancelled once more, as a new job.

        Raises NotFoundError, RefusedError for one that did not fail.
        """
        with self._lock:
            entry = self._entry(number)
        if entry.job.state not in (JobState.FAILED, JobState.CANCELLED):
            raise RefusedError(
                f"The job {entry.job.title!r} did not fail", "Only failed jobs are tried again"
            )
        job = entry.job
        return self.submit(job.title, job.host, job.target, entry.lock_name, entry.work)

    def close(self, *, cancel: bool = False) -> None:
        """Begin nothing new and wait for what runs, with `cancel` after asking it to stop."""
        with self._lock:
            self._closed = True
            numbers = [
                number
                for number, entry in self._entries.items()
                if entry.job.state is JobState.QUEUED or (cancel and entry.job.state.is_active)
            ]
        for number in numbers:
            self.cancel(number)
        self._executor.shutdown(wait=True)

    # --- below ---

    def _entry(self, number: int) -> _Entry:
        if number not in self._entries:
            raise NotFoundError(f"There is no job {number}", "Look at the list of jobs")
        return self._entries[number]

    def _forget_old(self) -> None:
        ended = [number for number, one in self._entries.items() if not one.job.state.is_active]
        for number in ended[:-MOST_ENDED]:
            del self._entries[number]

    def _dispatch(self) -> None:
        with self._lock:
            for entry in self._entries.values():
                if entry.job.state is not JobState.QUEUED or entry.lock_name in self._busy:
                    continue
                if len(self._busy) >= LANES or self._closed:
                    return
                self._busy.add(entry.lock_name)
                entry.job = entry.job.started_now()
                self._executor.submit(self._run, entry)

    def _run(self, entry: _Entry) -> None:
        self._tell(entry.job)

        def change(update: Callable[[Job], Job]) -> None:
            with self._lock:
                entry.job = update(entry.job)
                job = entry.job
            self._tell(job)

        observer = watch.JobObserver(change, entry.token, self._copies)
        try:
            operation = entry.work(observer, entry.token)
        except VcltuiError as error:
            message = str(error)
            state = JobState.CANCELLED if observer.was_cancelled(error) else JobState.FAILED
            change(lambda job: job.ended_as(state, message))
        except Exception as error:  # noqa: BLE001 the job's end must be told whatever happened
            _log.exception("The job %s failed", entry.job.title)
            words = f"It failed in a way that was not foreseen: {error or type(error).__name__}."
            change(lambda job: job.ended_as(JobState.FAILED, f"{words} See the log."))
        else:
            details = dict(operation.details)
            change(lambda job: replace(job.ended_as(JobState.DONE), details=details))
        finally:
            observer.release()
            with self._lock:
                self._busy.discard(entry.lock_name)
            self._dispatch()

    def _tell(self, job: Job) -> None:
        with self._lock:
            subscribers = list(self._subscribers.values())
        for told in subscribers:
            try:
                told(job)
            except Exception:  # noqa: BLE001 a face that fails must not hold the job's lock
                _log.exception("A listener failed on the job %s", job.title)
