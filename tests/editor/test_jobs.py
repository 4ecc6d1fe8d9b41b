"""Jobs: results on the main thread, the newest wins, cancelling is silent, and nothing is left running."""

from __future__ import annotations

import gc
import logging
import queue
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from editor.errors import Cancelled, UserError
from editor.jobs import JobRunner

PATIENCE_S = 10.0


class MainThread:
    """Stands in for Qt's event loop: what is delivered waits until ``turn`` runs it."""

    def __init__(self) -> None:
        self.pending: queue.Queue = queue.Queue()

    def deliver(self, call) -> None:
        self.pending.put(call)

    def turn(self) -> int:
        count = 0
        while not self.pending.empty():
            self.pending.get()()
            count += 1
        return count


class Gate:
    """Work that says when it has begun and goes on, ticking progress, until it is let go."""

    def __init__(self, result: object = "result", asks: bool = True) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.result, self.asks, self.stopped = result, asks, False

    def __call__(self, progress):
        self.begun.set()
        deadline = time.monotonic() + PATIENCE_S
        while not self.go_on.wait(0.002) and time.monotonic() < deadline:
            if self.asks:
                try:
                    progress(0.5, "half way")
                except Cancelled:
                    self.stopped = True
                    raise
        return self.result


@pytest.fixture
def main() -> MainThread:
    return MainThread()


@pytest.fixture
def errors() -> list[BaseException]:
    return []


@pytest.fixture
def runner(main, errors) -> Iterator[JobRunner]:
    runner = JobRunner(main.deliver, workers=2, on_error=errors.append)
    yield runner
    assert runner.shutdown(PATIENCE_S)


def nothing(result: object) -> None:
    """A ``done`` that is not interested."""


def until(condition) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)
    return condition()


def test_work_runs_off_the_main_thread_and_its_result_arrives_on_it(runner, main):
    threads = {}

    def work(progress):
        threads["work"] = threading.current_thread()
        return 42

    def done(result):
        threads["done"], threads["result"] = threading.current_thread(), result

    job = runner.submit("Answer", work, done)
    assert runner.wait(PATIENCE_S)
    assert "result" not in threads, "delivered before the main thread had its turn"
    main.turn()
    assert threads["result"] == 42
    assert threads["done"] is threading.current_thread() is not threads["work"]
    assert job.state == "done"


def test_a_new_job_of_the_same_key_cancels_the_one_that_runs_and_only_its_result_arrives(runner, main):
    results = []
    first, second = Gate("old"), Gate("new")
    old = runner.submit("Preview", first, results.append, key="preview")
    assert first.begun.wait(PATIENCE_S)
    new = runner.submit("Preview", second, results.append, key="preview")
    assert second.begun.wait(PATIENCE_S)
    second.go_on.set()
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert first.stopped and results == ["new"]
    assert (old.state, new.state) == ("cancelled", "done")


def test_a_waiting_job_of_the_same_key_never_starts(runner, main):
    blockers = [Gate(), Gate()]
    for gate in blockers:
        runner.submit("Blocks", gate, nothing)
    replaced, newest = Gate(), Gate("new")
    results = []
    runner.submit("Replaced", replaced, results.append, key="k")
    runner.submit("Newest", newest, results.append, key="k")
    newest.go_on.set()
    for gate in blockers:
        gate.go_on.set()
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert not replaced.begun.is_set() and results == ["new"]


def test_two_jobs_of_one_key_never_run_at_the_same_time_even_if_the_first_will_not_stop(runner):
    stubborn, next_one = Gate(asks=False), Gate()
    runner.submit("Stubborn", stubborn, nothing, key="journal")
    assert stubborn.begun.wait(PATIENCE_S)
    runner.submit("Next", next_one, nothing, key="journal")
    assert not next_one.begun.wait(0.05)
    stubborn.go_on.set()
    assert next_one.begun.wait(PATIENCE_S)
    next_one.go_on.set()


def test_a_result_that_was_on_its_way_when_the_job_was_cancelled_is_not_delivered(runner, main):
    results = []
    job = runner.submit("Late", lambda progress: 1, results.append)
    assert runner.wait(PATIENCE_S)
    job.cancel()
    main.turn()
    assert results == [] and job.state == "cancelled"


def test_a_newer_job_silences_the_outcome_of_an_older_one_that_waits_to_be_delivered(runner, main):
    results = []
    runner.submit("Old", lambda progress: "old", results.append, key="k")
    assert runner.wait(PATIENCE_S)
    runner.submit("New", lambda progress: "new", results.append, key="k")
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert results == ["new"]


def test_cancelling_is_silent(runner, main, errors):
    gate, failures = Gate(), []
    job = runner.submit("Matte", gate, nothing, failures.append)
    assert gate.begun.wait(PATIENCE_S)
    job.cancel()
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert gate.stopped and job.state == "cancelled"
    assert failures == [] and errors == []


def test_an_error_reaches_its_own_handler_on_the_main_thread(runner, main, errors):
    seen = []

    def broken(progress):
        raise UserError("No foreground.", "Mark some.")

    job = runner.submit("Matte", broken, nothing, lambda error: seen.append((error, threading.current_thread())))
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert [str(error) for error, _ in seen] == ["No foreground. Mark some."]
    assert seen[0][1] is threading.current_thread()
    assert job.state == "failed" and errors == []


def test_an_error_without_a_handler_goes_to_the_runners_and_keeps_its_traceback(runner, main, errors, caplog):
    def broken(progress):
        return 1 / 0

    with caplog.at_level(logging.ERROR, "mattelier.jobs"):
        runner.submit("Divide", broken, nothing)
        assert runner.wait(PATIENCE_S)
    main.turn()
    assert [type(error) for error in errors] == [ZeroDivisionError]
    assert errors[0].__traceback__ is not None
    assert "in broken" in caplog.text and "Divide failed" in caplog.text


def test_even_an_exit_raised_by_work_is_delivered_and_the_worker_lives_on(runner, main, errors):
    def leaves(progress):
        raise SystemExit(3)

    results = []
    for _ in range(4):
        runner.submit("Leaves", leaves, nothing)
    runner.submit("Stays", lambda progress: "here", results.append)
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert [type(error) for error in errors] == [SystemExit] * 4 and results == ["here"]


def test_progress_is_kept_within_0_and_1_with_its_text(runner, main):
    seen = []

    def work(progress):
        for fraction in (-1, 0.25, 7):
            progress(fraction, f"at {fraction}")
            seen.append((job.fraction, job.text))

    started = threading.Event()
    job = runner.submit("Counts", lambda progress: (started.wait(PATIENCE_S), work(progress)), nothing)
    started.set()
    assert runner.wait(PATIENCE_S)
    assert seen == [(0.0, "at -1"), (0.25, "at 0.25"), (1.0, "at 7")]


def test_word_of_progress_is_throttled_to_what_the_main_thread_can_take(runner, main):
    def work(progress):
        for i in range(5000):
            progress(i / 5000, "counting")

    runner.submit("Counts", work, nothing)
    assert runner.wait(PATIENCE_S)
    assert main.turn() < 10


def test_a_change_of_text_is_told_at_once(runner, main):
    told = []
    runner.changed.connect(lambda: told.extend(job.text for job in runner.jobs()))
    step = threading.Event()

    def work(progress):
        for text in ("first", "second", "third"):
            step.clear()
            progress(0.1, text)
            step.wait(PATIENCE_S)

    runner.submit("Speaks", work, nothing)
    for text in ("first", "second", "third"):
        assert until(lambda text=text: main.turn() >= 0 and text in told)
        step.set()


def test_jobs_lists_running_and_waiting_ones_but_no_quiet_ones(runner, main):
    gates = [Gate(), Gate(), Gate(), Gate()]
    names = ("one", "two", "three")
    for name, gate in zip(names, gates, strict=False):
        runner.submit(name, gate, nothing)
    runner.submit("tile", gates[3], nothing, quiet=True)
    assert gates[0].begun.wait(PATIENCE_S) and gates[1].begun.wait(PATIENCE_S)
    assert sorted(job.name for job in runner.jobs()) == sorted(names)
    assert [job.state for job in runner.jobs()] == ["running", "running", "waiting"]
    for gate in gates:
        gate.go_on.set()
    assert runner.wait(PATIENCE_S) and runner.jobs() == []


def test_a_quiet_job_runs_while_every_other_worker_is_busy(runner):
    busy = [Gate(), Gate()]
    for gate in busy:
        runner.submit("Engine", gate, nothing)
    tile = Gate()
    runner.submit("tile", tile, nothing, quiet=True)
    assert tile.begun.wait(PATIENCE_S)
    for gate in (*busy, tile):
        gate.go_on.set()


def test_quiet_jobs_do_not_stir_the_jobs_bar(runner, main):
    told = []
    runner.changed.connect(lambda: told.append(1))
    runner.submit("tile", lambda progress: progress(0.5, "x"), nothing, quiet=True)
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert told == []


def test_a_listener_that_left_is_not_called(runner, main):
    told = []
    leave = runner.changed.connect(lambda: told.append(1))
    leave()
    leave()
    runner.submit("Works", lambda progress: None, nothing)
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert told == []


def test_cancel_all_stops_running_waiting_and_quiet_jobs(runner, main):
    gates = [Gate() for _ in range(5)]
    results = []
    jobs = [runner.submit("Job", gate, results.append, quiet=i == 0) for i, gate in enumerate(gates)]
    assert gates[1].begun.wait(PATIENCE_S)
    runner.cancel_all()
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert {job.state for job in jobs} == {"cancelled"} and results == []


def test_wait_says_whether_everything_ended_in_time(runner):
    gate = Gate()
    runner.submit("Slow", gate, nothing)
    assert runner.wait(0.02) is False
    gate.go_on.set()
    assert runner.wait(PATIENCE_S) is True


def test_shutdown_ends_all_threads_and_later_jobs_come_back_cancelled(main):
    runner = JobRunner(main.deliver)
    gate = Gate()
    runner.submit("Runs", gate, nothing)
    assert gate.begun.wait(PATIENCE_S)
    assert runner.shutdown(PATIENCE_S)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("job-")]
    late = runner.submit("Late", lambda progress: 1, nothing)
    assert late.state == "cancelled" and runner.wait(0.1)


def test_shutdown_says_so_when_work_does_not_listen(main):
    runner = JobRunner(main.deliver)
    deaf = Gate(asks=False)
    runner.submit("Deaf", deaf, nothing)
    assert deaf.begun.wait(PATIENCE_S)
    assert runner.shutdown(0.02) is False
    deaf.go_on.set()
    assert runner.shutdown(PATIENCE_S) is True


def test_a_runner_that_was_never_used_has_no_threads(main):
    before = threading.active_count()
    runner = JobRunner(main.deliver)
    assert threading.active_count() == before and runner.shutdown(0.1)


def test_a_finished_job_does_not_keep_its_photo_in_memory(runner, main):
    class Photo:
        pass

    photo = Photo()
    gone = weakref.ref(photo)
    runner.submit("Matte", lambda progress, photo=photo: None, nothing)
    del photo
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert until(lambda: gc.collect() >= 0 and gone() is None)


def test_many_jobs_from_many_keys_all_arrive_once(runner, main):
    results = []
    for i in range(300):
        runner.submit("Tile", lambda progress, i=i: i, results.append, key=f"tile {i}", quiet=bool(i % 2))
    assert runner.wait(PATIENCE_S)
    main.turn()
    assert sorted(results) == list(range(300))
