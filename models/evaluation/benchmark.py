"""Measuring engines on a data set: every photo, every trimap, every engine, and what went wrong on the way.

Alpha is judged as the papers' evaluation does: rounded to 8 bits, known pixels set back to what the trimap says. An
engine that was given no trimap is judged on its own alpha, rounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.evaluation.datasets.case import Case, DataSet
from models.evaluation.dilation import USUAL_PX, distance_for, trimap_from_truth
from models.evaluation.memory import Memory, MemoryMeter
from models.evaluation.metrics import evaluate
from models.evaluation.results import Result, ResultLog, key_of

Progress = Callable[[float, str], None]
_JPEG_SLACK = 5 / 255
_WARM_PX = 96


@dataclass(frozen=True)
class Contender:
    """An engine to be measured.

    ``run(image, trimap, progress)`` returns alpha; ``find(image, progress)`` trimap and alpha of a photo without marks,
    None for an engine that cannot. ``facts`` are what its results depend on: settings, version, plain JSON values.
    """

    name: str
    facts: dict[str, Any]
    device: Callable[[], str]
    run: Callable[[NDArray[np.float32], NDArray[np.uint8], Progress], NDArray[np.float32]]
    find: Callable[[NDArray[np.float32], Progress], tuple[NDArray[np.uint8], NDArray[np.float32]]] | None = None


class Reader(Protocol):
    """How pictures are read; each raises one of the benchmark's ``expected`` errors for what cannot be read."""

    def image(self, path: Path) -> NDArray[np.float32]:
        """The photo (H, W, 3) in [0, 1]."""
        ...

    def truth(self, path: Path, size: tuple[int, int]) -> NDArray[np.float32]:
        """The true matte (H, W) in [0, 1], of that width and height."""
        ...

    def trimap(self, path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The trimap (H, W) of 0, 128 and 255, of that width and height."""
        ...


@dataclass(frozen=True)
class Marks:
    """Where a trimap comes from: a file of the data set, or the true matte widened by a distance."""

    label: str
    path: Path | None = None
    distance_px: int | None = None


@dataclass(frozen=True)
class Outcome:
    """The results in the order of the photos, and a sentence for each measurement that failed."""

    results: tuple[Result, ...]
    failures: tuple[str, ...]
    reused: int


@dataclass
class Benchmark:
    """All measurements of some contenders on a data set.

    ``ranges`` are the upper ends of dilation ranges (thesis, 5.7.2); empty takes the set's own trimaps, and one of the
    true matte widened by 10 pixels where it has none. ``expected`` are the errors that are named, counted and passed
    over; others end the run.
    """

    contenders: Sequence[Contender]
    dataset: DataSet
    reader: Reader
    log: ResultLog
    expected: tuple[type[Exception], ...]
    ranges: Sequence[int] = ()
    limit: int | None = None
    _failures: list[str] = field(default_factory=list[str], init=False)

    def run(self, progress: Progress) -> Outcome:
        """Measure what the log does not hold yet. ``progress`` tells what is done and the time left; it may raise."""
        self._failures.clear()
        tasks = list(tasks_in(self.dataset, self.ranges, self.limit))
        total = len(tasks) * len(self.contenders)
        clock = _Clock([contender.name for contender in self.contenders], len(tasks))
        results: list[Result] = []
        reused = done = 0
        last: tuple[Case, _Pictures | None] | None = None
        for case, marks in tasks:
            keys = [self._key(contender, case, marks) for contender in self.contenders]
            for contender, key in zip(self.contenders, keys, strict=True):
                old = self.log.get(key) if key else None
                if old is None:
                    clock.begin()
                    progress(done / total, f"{contender.name}, {case.name}, {marks.label}: {clock.left()}")
                    if last is None or last[0] is not case:
                        last = (case, self._read(case))
                    shown = _within(progress, done, total, f"{contender.name}, {case.name}: {clock.left()}")
                    found = self._measured(contender, case, marks, last[1], key, shown)
                else:
                    found, reused = old, reused + 1
                clock.end(contender.name, measured=old is None)
                done += 1
                results += [found] if found else []
        progress(1.0, "done")
        return Outcome(tuple(results), tuple(self._failures), reused)

    def _key(self, contender: Contender, case: Case, marks: Marks) -> str:
        """The key of a measurement; empty where a file is not there, which is found out when it is read."""
        facts = {
            "engine": contender.name,
            **contender.facts,
            "dataset": self.dataset.name,
            "photo": case.name,
            "trimap": marks.label,
            "given": not self._finds(contender),
            "distance_px": marks.distance_px,
        }
        try:
            return key_of(facts, [case.image, case.truth, *([marks.path] if marks.path else [])])
        except OSError:
            return ""

    def _finds(self, contender: Contender) -> bool:
        """True where the contender is given no trimap: it needs none, and the set is one of portraits."""
        return contender.find is not None and self.dataset.portraits

    def _read(self, case: Case) -> _Pictures | None:
        try:
            image = self.reader.image(case.image)
            return _Pictures(image, self.reader.truth(case.truth, (image.shape[1], image.shape[0])))
        except self.expected as error:
            self._failures.append(f"{case.name} was skipped: {_words(error)}")
            return None

    def _measured(
        self, contender: Contender, case: Case, marks: Marks, pictures: _Pictures | None, key: str, progress: Progress
    ) -> Result | None:
        """One measurement, logged; None where it failed, which is noted."""
        if pictures is None:
            return None
        try:
            trimap = self._trimap(case, marks, pictures)
            find = contender.find if self._finds(contender) else None
            warm(contender, find is not None, self.expected)
            started, busy = time.perf_counter(), time.process_time()
            with MemoryMeter() as meter:
                if find is not None:
                    alpha = find(pictures.image, progress)[1]
                else:
                    alpha = contender.run(pictures.image, trimap, progress)
            spent = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - busy}
            judged = as_judged(alpha, None if find is not None else trimap)
            scores = scores_of(judged, pictures.truth, trimap)
        except self.expected as error:
            self._failures.append(f"{contender.name} failed on {case.name} ({marks.label}): {_words(error)}")
            return None
        facts = _facts(trimap, meter.memory)
        result = Result(
            key=key, engine=contender.name, dataset=self.dataset.name, photo=case.name, trimap=marks.label,
            distance_px=marks.distance_px, device=contender.device(), **spent, **scores, **facts,
        )  # fmt: skip
        self.log.add(result)
        return result

    def _trimap(self, case: Case, marks: Marks, pictures: _Pictures) -> NDArray[np.uint8]:
        """The trimap to be used. Raises ValueError where it leaves nothing unknown."""
        height, width = pictures.truth.shape
        if marks.path is not None:
            trimap = self.reader.trimap(marks.path, (width, height))
        else:
            slack = _JPEG_SLACK if case.truth.suffix.lower() in (".jpg", ".jpeg") else 0.0
            trimap = trimap_from_truth(pictures.truth, marks.distance_px or 0, slack)
        if not (trimap == 128).any():
            raise ValueError("Its trimap has no unknown pixel, so there is nothing to judge.")
        return trimap


@dataclass(frozen=True)
class _Pictures:
    image: NDArray[np.float32]
    truth: NDArray[np.float32]


class _Clock:
    """How long the rest will take, by what each engine took so far."""

    def __init__(self, engines: Sequence[str], tasks: int) -> None:
        self._to_go = dict.fromkeys(engines, tasks)
        self._spent: dict[str, list[float]] = {engine: [] for engine in engines}
        self._last = time.monotonic()

    def begin(self) -> None:
        """A measurement begins."""
        self._last = time.monotonic()

    def end(self, engine: str, measured: bool) -> None:
        """A measurement of ``engine`` is done, or was not needed."""
        self._to_go[engine] -= 1
        if measured:
            self._spent[engine].append(time.monotonic() - self._last)

    def left(self) -> str:
        """What is to be done yet, and the time that it takes once every engine has been measured, in words."""
        count = sum(self._to_go.values())
        if not all(self._spent[engine] for engine, to_go in self._to_go.items() if to_go):
            return f"{count} to go"
        means = {engine: sum(spent) / len(spent) for engine, spent in self._spent.items() if spent}
        seconds = round(sum(to_go * means[engine] for engine, to_go in self._to_go.items() if to_go))
        return f"{count} to go, {seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d} left"


_warmed: set[str] = set()


def warm(contender: Contender, finding: bool, expected: tuple[type[Exception], ...]) -> None:
    """Let an engine load what it loads at its first run, on a small disk, so that no photo pays for it.

    Once per contender and process. The ``expected`` errors are passed over: what hinders the engine here hinders it on
    the photo too, and there it counts.
    """
    mark = f"{contender.name} {contender.facts} {finding}"
    if mark in _warmed:
        return
    _warmed.add(mark)
    rows, columns = np.mgrid[:_WARM_PX, :_WARM_PX] / (_WARM_PX - 1) - 0.5
    alpha = np.clip((0.3 - np.hypot(rows, columns)) * 20 + 0.5, 0, 1).astype(np.float32)
    image = np.repeat((0.2 + 0.6 * alpha)[..., None], 3, axis=2)
    try:
        if finding and contender.find is not None:
            contender.find(image, _silent)
        else:
            contender.run(image, trimap_from_truth(alpha, 4), _silent)
    except expected:
        return


def _silent(fraction: float, text: str) -> None:
    del fraction, text


def marks_of(case: Case, ranges: Sequence[int]) -> tuple[Marks, ...]:
    """The trimaps with which a case is measured: one per range, else its own, else one made from its matte."""
    if ranges:
        return tuple(
            Marks(f"[{max(1, upper - 9)}, {upper}]", distance_px=distance_for(case.name, upper)) for upper in ranges
        )
    if case.trimaps:
        return tuple(Marks(label, path) for label, path in case.trimaps)
    return (Marks(f"matte + {USUAL_PX} px", distance_px=USUAL_PX),)


def as_judged(alpha: NDArray[np.floating], trimap: NDArray[np.uint8] | None) -> NDArray[np.float32]:
    """Alpha (H, W) rounded to 8 bits and, with a trimap, exactly 0 and 1 where that is known; float32 in [0, 1]."""
    rounded = (np.round(255 * np.clip(alpha, 0, 1)) / 255).astype(np.float32)
    if trimap is not None:
        rounded[trimap == 0], rounded[trimap == 255] = 0, 1
    return rounded


def scores_of(alpha: NDArray[np.float32], truth: NDArray[np.float32], trimap: NDArray[np.uint8]) -> dict[str, float]:
    """Both sets of errors by the names of ``Result``: over the unknown pixels, and over the whole photo per pixel.

    That chapter 6 divides its second set by the number of pixels follows from Table 6.2: with a true trimap the known
    pixels are right, and 4.62 thousand over Portrait-2k's 600 x 800 pixels are the 0.0096 printed; so with Grad, Conn.
    """
    part, whole = evaluate(alpha, truth, trimap), evaluate(alpha, truth, None)
    per_pixel = 1000 / alpha.size
    return {
        "sad": part.sad,
        "mse": part.mse,
        "grad": part.grad,
        "conn": part.conn,
        "sad_f": whole.sad * per_pixel,
        "mse_f": whole.mse,
        "grad_f": whole.grad * per_pixel,
        "conn_f": whole.conn * per_pixel,
        "mad": whole.sad * per_pixel,
        "sad_whole": whole.sad,
    }


def _words(error: Exception) -> str:
    """What an error says; its kind where it says nothing, as MemoryError does."""
    return str(error) or type(error).__name__


def _facts(trimap: NDArray[np.uint8], memory: Memory) -> dict[str, Any]:
    return {
        "width": trimap.shape[1],
        "height": trimap.shape[0],
        "unknown_pixels": int((trimap == 128).sum()),
        "before_mib": memory.before_mib,
        "peak_mib": memory.peak_mib,
        "memory_how": memory.how,
    }


def _within(progress: Progress, done: int, total: int, text: str) -> Progress:
    """A progress call for the measurement that follows ``done`` others."""

    def shown(fraction: float, _text: str) -> None:
        progress((done + min(1.0, max(0.0, fraction))) / total, text)

    return shown


def tasks_in(dataset: DataSet, ranges: Sequence[int], limit: int | None) -> Iterator[tuple[Case, Marks]]:
    """Every photo with each of its trimaps, in order."""
    for case in dataset.cases[:limit]:
        for marks in marks_of(case, ranges):
            yield case, marks
