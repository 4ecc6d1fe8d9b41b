"""Work off the main thread: a queue, progress, cancelling, and "the newest one wins". Knows nothing of Qt or documents.

A job never touches what the main thread may change: it is given immutable states, and its result is handed over by
``deliver``, which runs a callable on the main thread. So nothing is locked but the queue itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from editor.errors import Cancelled, UserError

T = TypeVar("T")
Progress: TypeAlias = Callable[[float, str], None]
Deliver: TypeAlias = Callable[[Callable[[], None]], None]
ErrorHandler: TypeAlias = Callable[[BaseException], None]

_LOG = logging.getLogger("mattelier.jobs")
_NOTICE_INTERVAL_S = 0.05  # a progress bar that moves twenty times a second looks smooth


class Notice:
    """Word that the list of jobs looks different: delivered on the main thread, seldom enough not to burden it.

    However often :meth:`give` is called, at most one delivery is on its way.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._on_its_way = False
        self._last_s = 0.0

    def connect(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener()`` at each notice; the function returned removes it again. For the main thread."""
        self._listeners.append(listener)

        def disconnect() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return disconnect

    def give(self, urgent: bool) -> None:
        """Deliver a notice, unless one is on its way or (not ``urgent``) the last one was a moment ago. Any thread."""
        with self._lock:
            now = time.monotonic()
            if self._on_its_way or (not urgent and now - self._last_s < _NOTICE_INTERVAL_S):
                return
            self._on_its_way, self._last_s = True, now
        self._deliver(self._arrive)

    def _arrive(self) -> None:
        with self._lock:
            self._on_its_way = False
        for listener in tuple(self._listeners):
            listener()


class Job:
    """One piece of work: what it is called, how far it is, and a way to stop it.

    ``state`` is one of waiting, running, done, failed, cancelled. ``fraction`` lies in [0, 1]; ``started`` is the
    ``time.monotonic()`` of its start, None before.
    """

    def __init__(self, name: str, key: str | None = None, quiet: bool = False) -> None:
        self.name, self.key, self.quiet = name, key, quiet
        self.fraction, self.text, self.state = 0.0, "", "waiting"
        self.started: float | None = None
        self._stop = threading.Event()
        self._cancel: Callable[[Job], None] | None = None

    @property
    def cancelled(self) -> bool:
        """True once it has been told to stop; its result will never be delivered, even if it still runs a little."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Stop at the next progress call and deliver nothing. Any thread; does nothing to a job that has delivered."""
        if self._cancel is not None:
            self._cancel(self)


class _Task:
    """A job together with what is to be done and who is to hear of it."""

    def __init__(
        self, job: Job, work: Callable[[Progress], Any], done: Callable[[Any], None], failed: ErrorHandler
    ) -> None:
        self.job, self.work, self.done, self.failed = job, work, done, failed


class JobRunner:
    """A queue of jobs on a few daemon threads.

    ``workers`` threads take any job; one more takes only quiet ones (tiles, the journal), so that the screen is still
    drawn while engines and exports keep the others busy. Two jobs of one key never run at the same time.
    ``changed`` tells of starts, progress and ends of jobs that are not quiet.
    """

    def __init__(self, deliver: Deliver, workers: int = 2, on_error: ErrorHandler | None = None) -> None:
        """``deliver`` runs a callable on the main thread; ``on_error`` takes the errors of jobs without ``failed``."""
        self.changed = Notice(deliver)
        self._deliver = deliver
        self._on_error: ErrorHandler = on_error or (lambda error: None)
        self._workers = workers
        self._queue = threading.Condition()
        self._waiting: list[_Task] = []
        self._running: list[_Task] = []
        self._on_the_way: list[Job] = []  # ended, their outcome not yet on the main thread
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(
        self,
        name: str,
        work: Callable[[Progress], T],
        done: Callable[[T], None],
        failed: ErrorHandler | None = None,
        key: str | None = None,
        quiet: bool = False,
    ) -> Job:
        """Run ``work(progress)`` on a worker and ``done(result)`` on the main thread; returns at once.

        ``name`` is what the user reads. A job of the same ``key`` that has not delivered yet is cancelled. ``failed``
        (or else the runner's ``on_error``) gets whatever ``work`` raises, on the main thread; ``Cancelled`` is met
        with silence.
        After ``shutdown`` the job comes back cancelled.
        """
        job = Job(name, key, quiet)
        job._cancel = self._cancel
        with self._queue:
            if self._closed:
                job._stop.set()
                job.state = "cancelled"
                return job
            rivals = [*(task.job for task in (*self._waiting, *self._running)), *self._on_the_way]
            for rival in rivals:
                if key is not None and rival.key == key:
                    self._stop(rival)
            self._waiting.append(_Task(job, work, done, failed or self._on_error))
            self._start_threads()
            self._queue.notify_all()
        self._tell(job, urgent=True)
        return job

    def jobs(self) -> list[Job]:
        """The running and then the waiting jobs that are not quiet, oldest first."""
        with self._queue:
            jobs = [task.job for task in (*self._running, *self._waiting)]
        return [job for job in jobs if not job.quiet and job.state in ("waiting", "running")]

    def cancel_all(self) -> None:
        """Cancel every job, quiet ones too."""
        with self._queue:
            tasks = [*self._waiting, *self._running]
        for task in tasks:
            task.job.cancel()

    def wait(self, timeout_s: float) -> bool:
        """Wait until no job waits or runs; False when the time is over first.

        By then each outcome has been given to ``deliver``."""
        with self._queue:
            return self._queue.wait_for(lambda: not self._waiting and not self._running, timeout_s)

    def shutdown(self, timeout_s: float = 5.0) -> bool:
        """Cancel everything, take no more, and wait for the threads; False where one did not end in time."""
        with self._queue:
            self._closed = True
            self._queue.notify_all()
        self.cancel_all()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _start_threads(self) -> None:
        """Start the workers with the first job, so that a runner that is never used costs nothing."""
        if self._threads:
            return
        for index in range(self._workers + 1):
            only_quiet = index == self._workers
            thread = threading.Thread(target=self._serve, args=(only_quiet,), name=f"job-{index}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, only_quiet: bool) -> None:
        """One worker's life."""
        while True:
            with self._queue:
                self._queue.wait_for(lambda: self._closed or self._next(only_quiet) is not None)
                task = self._next(only_quiet)
                if task is None:
                    return
                self._waiting.remove(task)
                self._running.append(task)
                task.job.state, task.job.started = "running", time.monotonic()
            self._run(task)
            del task  # a worker that waits for its next job must not keep the last one's photo alive

    def _next(self, only_quiet: bool) -> _Task | None:
        """The oldest waiting task that this worker may take now."""
        busy = {task.job.key for task in self._running if task.job.key is not None}
        for task in self._waiting:
            if task.job.key not in busy and (task.job.quiet or not only_quiet):
                return task
        return None

    def _run(self, task: _Task) -> None:
        job = task.job
        self._tell(job, urgent=True)
        outcome: Callable[[], None] | None = None
        state = "cancelled"
        try:
            result = task.work(self._progress_of(job))
            state, outcome = "done", lambda: task.done(result)
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001 - it belongs to the main thread, and the worker lives on
            problem = error
            state, outcome = "failed", lambda: task.failed(problem)
            self._log(job, error)
        with self._queue:
            job.state = "cancelled" if job.cancelled else state
            delivers = outcome is not None and not job.cancelled
            if delivers:
                self._on_the_way.append(job)
        try:
            if outcome is not None and delivers:
                self._deliver(self._unless_cancelled(job, outcome))
        finally:
            with self._queue:
                self._running.remove(task)
                self._queue.notify_all()
            self._tell(job, urgent=True)

    def _unless_cancelled(self, job: Job, outcome: Callable[[], None]) -> Callable[[], None]:
        """The outcome, if the job has not been cancelled between its end and the delivery."""

        def arrive() -> None:
            with self._queue:
                self._on_the_way.remove(job)
            if job.cancelled:
                job.state = "cancelled"
            else:
                outcome()

        return arrive

    def _progress_of(self, job: Job) -> Progress:
        def progress(fraction: float, text: str) -> None:
            if job.cancelled:
                raise Cancelled
            new_text = text != job.text
            job.fraction, job.text = min(1.0, max(0.0, float(fraction))), text
            self._tell(job, urgent=new_text)

        return progress

    def _cancel(self, job: Job) -> None:
        with self._queue:
            self._stop(job)
            self._queue.notify_all()
        self._tell(job, urgent=True)

    def _stop(self, job: Job) -> None:
        """Tell a job to stop, and take it out of the queue if it still waits there. The lock is held."""
        job._stop.set()
        for task in [task for task in self._waiting if task.job is job]:
            self._waiting.remove(task)
            job.state = "cancelled"

    def _tell(self, job: Job, urgent: bool) -> None:
        if not job.quiet:
            self.changed.give(urgent)

    def _log(self, job: Job, error: BaseException) -> None:
        if isinstance(error, UserError):
            _LOG.info("%s: %s", job.name, error)
        elif not job.cancelled:
            _LOG.error("%s failed", job.name, exc_info=error)
