"""The measuring itself, with engines that are known: what is judged, kept, passed over and told."""

import dataclasses
import json
import mmap
import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.evaluation import benchmark
from models.evaluation.benchmark import Benchmark, Contender, as_judged, scores_of
from models.evaluation.datasets.case import Case, DataSet
from models.evaluation.dilation import trimap_from_truth
from models.evaluation.memory import MemoryMeter
from models.evaluation.metrics import evaluate
from models.evaluation.plot import draw
from models.evaluation.results import ResultLog, csv_text, means, table

SIZE = 48


def truth_plane() -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    return np.round(255 * np.clip((14 - np.hypot(rows, columns)) / 6 + 0.5, 0, 1)).astype(np.uint8)


class Reader:
    """Reads with OpenCV and counts how often."""

    def __init__(self):
        self.read: list[str] = []

    def plane(self, path: Path) -> np.ndarray:
        self.read.append(path.name)
        found = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if found is None:
            raise ValueError(f"{path.name} cannot be read.")
        return found

    def image(self, path):
        return np.repeat(self.plane(path)[..., None], 3, axis=2).astype(np.float32) / 255

    def truth(self, path, size):
        return self.plane(path).astype(np.float32) / 255

    def trimap(self, path, size):
        return self.plane(path)


class Engine:
    """Answers the photo's brightness plus an offset, and counts how often it was asked for a photo of the set."""

    def __init__(self, offset: float = 0.0, fails_on: int = 0):
        self.offset, self.fails_on, self.asked, self.found = offset, fails_on, 0, 0

    def run(self, image, trimap, progress):
        if image.shape[0] == SIZE:
            self.asked += 1
            progress(0.5, "half")
            if self.asked == self.fails_on:
                raise RuntimeError("It broke.")
        return np.clip(image[..., 0] + np.float32(self.offset), 0, 1)

    def find(self, image, progress):
        self.found += image.shape[0] == SIZE
        return trimap_from_truth(image[..., 0], 1), np.clip(image[..., 0] + np.float32(self.offset), 0, 1)

    def contender(self, name: str, finds: bool = False) -> Contender:
        return Contender(name, {"offset": self.offset}, lambda: "CPU", self.run, self.find if finds else None)


@pytest.fixture(autouse=True)
def cold(monkeypatch):
    monkeypatch.setattr(benchmark, "_warmed", set())


@pytest.fixture
def dataset(tmp_path) -> DataSet:
    """Two photos whose brightness is their matte, with a trimap each."""
    cases = []
    for name in ("a", "b"):
        planes = {"image": truth_plane(), "alpha": truth_plane(), "trimap": trimap_from_truth(truth_plane() / 255, 3)}
        paths = {kind: tmp_path / f"{name}_{kind}.png" for kind in planes}
        for kind, plane in planes.items():
            cv2.imwrite(str(paths[kind]), plane)
        cases.append(Case(name, paths["image"], paths["alpha"], (("trimap", paths["trimap"]),)))
    return DataSet("tiny", "Tiny", tuple(cases))


def measure(dataset, *contenders, log=None, reader=None, progress=None, **options):
    expected = (ValueError, RuntimeError, OSError)
    measuring = Benchmark(
        contenders, dataset, reader or Reader(), ResultLog(None) if log is None else log, expected, **options
    )
    return measuring.run(progress or (lambda fraction, text: None))


def test_a_perfect_engine_has_no_error_and_another_the_one_of_the_metrics(dataset):
    outcome = measure(dataset, Engine().contender("true"), Engine(0.25).contender("off"))
    assert [(r.engine, r.photo) for r in outcome.results] == [("true", "a"), ("off", "a"), ("true", "b"), ("off", "b")]
    assert [getattr(outcome.results[0], name) for name in ("sad", "mse", "grad", "conn", "sad_f", "mad")] == [0] * 6
    truth, trimap = truth_plane().astype(np.float32) / 255, trimap_from_truth(truth_plane() / 255, 3)
    expected = evaluate(as_judged(np.clip(truth + np.float32(0.25), 0, 1), trimap), truth, trimap)
    assert dataclasses.asdict(expected).items() <= dataclasses.asdict(outcome.results[1]).items()
    assert outcome.results[1].unknown_pixels == (trimap == 128).sum() and not outcome.failures


def test_alpha_is_judged_at_eight_bits_with_known_pixels_set_back():
    trimap = np.array([[0, 128, 255]], np.uint8)
    judged = as_judged(np.array([[0.5, 0.5012, 0.5]], np.float32), trimap)
    assert judged.tolist() == [[0, pytest.approx(128 / 255), 1]]
    assert as_judged(np.array([[0.5, 1.2, -1]]), None).tolist() == [[pytest.approx(128 / 255), 1, 0]]


def test_the_second_set_is_per_pixel_as_table_6_2_has_it():
    truth = np.zeros((800, 600), np.float32)
    truth[:, 300:] = 1
    trimap = np.full((800, 600), 128, np.uint8)
    trimap[:, :100] = 0
    alpha = truth.copy()
    alpha[:, 290:300] = 4620 / 8000  # a SAD of 4.62 thousand in the unknown region, none outside
    scores = scores_of(alpha, truth, trimap)
    assert scores["sad"] == pytest.approx(4.62) and scores["sad_whole"] == pytest.approx(4.62)
    assert round(scores["sad_f"], 4) == 0.0096 == round(scores["mad"], 4)
    assert scores["grad_f"] == pytest.approx(scores["grad"] * 1000 / 480000)
    assert scores["conn_f"] == pytest.approx(scores["conn"] * 1000 / 480000)
    assert scores["mse_f"] == pytest.approx(scores["mse"] * 5 / 6)


def test_what_was_measured_before_is_not_measured_again(dataset, tmp_path):
    engine = Engine(0.1)
    first = measure(dataset, engine.contender("e"), log=ResultLog(tmp_path / "log.jsonl"))
    again = measure(dataset, engine.contender("e"), log=ResultLog(tmp_path / "log.jsonl"))
    assert engine.asked == 2 and again.reused == 2 and first.reused == 0
    assert again.results == first.results


def test_an_interrupted_run_goes_on_where_it_stopped(dataset, tmp_path):
    log, engine = tmp_path / "log.jsonl", Engine(0.1)

    def stop_at_the_second(fraction, text):
        if ", b" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(dataset, engine.contender("e"), log=ResultLog(log), progress=stop_at_the_second)
    outcome = measure(dataset, engine.contender("e"), log=ResultLog(log))
    assert engine.asked == 2 and outcome.reused == 1 and len(outcome.results) == 2


def test_half_a_line_of_a_killed_run_is_passed_over_and_the_next_result_stands_on_its_own(dataset, tmp_path):
    log = tmp_path / "log.jsonl"
    measure(dataset, Engine().contender("e"), log=ResultLog(log))
    whole = log.read_bytes()
    log.write_bytes(whole[:-40])
    assert len(ResultLog(log)) == 1
    assert measure(dataset, Engine().contender("e"), log=ResultLog(log)).reused == 1
    assert len(ResultLog(log)) == 2
    log.write_text('null\n{"photo": 3}\n[]\n')
    assert len(ResultLog(log)) == 0


@pytest.mark.parametrize("kind", ["image", "alpha", "trimap"])
def test_changed_data_are_measured_again(dataset, tmp_path, kind):
    log, engine = tmp_path / "log.jsonl", Engine(0.1)
    measure(dataset, engine.contender("e"), log=ResultLog(log))
    os.utime(tmp_path / f"b_{kind}.png", ns=(1, 1))
    assert measure(dataset, engine.contender("e"), log=ResultLog(log)).reused == 1
    assert engine.asked == 3


def test_other_settings_are_another_measurement(dataset, tmp_path):
    log = tmp_path / "log.jsonl"
    measure(dataset, Engine(0.1).contender("e"), log=ResultLog(log))
    assert measure(dataset, Engine(0.2).contender("e"), log=ResultLog(log)).reused == 0


def test_an_unreadable_photo_is_named_once_and_the_others_are_measured(dataset, tmp_path):
    (tmp_path / "a_image.png").write_bytes(b"no picture")
    outcome = measure(dataset, Engine().contender("one"), Engine(0.1).contender("two"))
    assert outcome.failures == ("a was skipped: a_image.png cannot be read.",)
    assert [result.photo for result in outcome.results] == ["b", "b"]


def test_an_engine_that_fails_on_a_photo_goes_on_with_the_next_and_tries_again_when_called_again(dataset, tmp_path):
    log, engine = tmp_path / "log.jsonl", Engine(fails_on=1)
    outcome = measure(dataset, engine.contender("e"), log=ResultLog(log))
    assert outcome.failures == ("e failed on a (trimap): It broke.",)
    assert [result.photo for result in outcome.results] == ["b"]
    assert len(measure(dataset, engine.contender("e"), log=ResultLog(log)).results) == 2


def test_an_error_without_words_is_told_by_its_kind(dataset):
    def full(*_):
        raise OSError

    outcome = measure(dataset, dataclasses.replace(Engine().contender("e"), run=full), limit=1)
    assert outcome.failures == ("e failed on a (trimap): OSError",)


def test_an_error_that_nobody_expects_ends_the_run(dataset):
    contender = dataclasses.replace(Engine().contender("e"), run=lambda *_: {}["bug"])
    with pytest.raises(KeyError):
        measure(dataset, contender)


def test_a_trimap_without_unknown_pixels_is_a_failure_with_a_sentence(dataset, tmp_path):
    cv2.imwrite(str(tmp_path / "a_trimap.png"), np.zeros((SIZE, SIZE), np.uint8))
    outcome = measure(dataset, Engine().contender("e"))
    assert len(outcome.failures) == 1 and "no unknown pixel" in outcome.failures[0]


def test_an_engine_that_finds_its_trimap_is_given_none_on_portraits_and_one_elsewhere(dataset):
    portraits = DataSet("p", "P", tuple(dataclasses.replace(c, trimaps=()) for c in dataset.cases), portraits=True)
    finder, other = Engine(0.25), Engine(0.25)
    outcome = measure(portraits, finder.contender("finder", finds=True), other.contender("other"), limit=1)
    assert (finder.found, finder.asked, other.asked) == (1, 0, 1)
    found, given = outcome.results
    assert found.sad == given.sad and found.trimap == "matte + 10 px"
    assert found.sad_f > given.sad_f, "the finder's own known pixels are judged, not set back"
    measure(dataset, finder.contender("finder", finds=True), limit=1)
    assert (finder.found, finder.asked) == (1, 1)


def test_a_dilation_sweep_measures_each_photo_once_a_range(dataset):
    outcome = measure(dataset, Engine(0.1).contender("e"), ranges=(5, 10), limit=1)
    assert [result.trimap for result in outcome.results] == ["[1, 5]", "[1, 10]"]
    assert all(1 <= result.distance_px <= 10 for result in outcome.results)


def test_progress_rises_to_the_end_and_tells_the_time_left(dataset):
    heard = []
    measure(dataset, Engine(0.1).contender("e"), progress=lambda fraction, text: heard.append((fraction, text)))
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert heard[0][1].endswith("2 to go") and any("1 to go, 0:00:0" in text for _, text in heard)


def test_the_time_left_is_told_once_every_engine_has_been_measured_and_weighs_each_by_its_own(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(benchmark.time, "monotonic", lambda: now[0])
    clock = benchmark._Clock(["quick", "slow"], 3)
    assert clock.left() == "6 to go"
    for engine, seconds in (("quick", 1), ("slow", 3600)):
        clock.begin()
        now[0] += seconds
        clock.end(engine, measured=True)
        if engine == "quick":
            assert clock.left() == "5 to go"
    assert clock.left() == "4 to go, 2:00:02 left"
    clock.end("slow", measured=False)
    assert clock.left() == "3 to go, 1:00:02 left"


def test_each_photo_is_read_once_for_all_engines(dataset):
    reader = Reader()
    measure(dataset, Engine().contender("one"), Engine(0.1).contender("two"), reader=reader, ranges=(5, 10))
    assert sorted(reader.read) == ["a_alpha.png", "a_image.png", "b_alpha.png", "b_image.png"]


def test_means_table_and_csv_tell_the_same(dataset):
    outcome = measure(dataset, Engine(0.1).contender("e"), Engine(0.2).contender("f"))
    mean = means(outcome.results)[1]
    own = [result for result in outcome.results if result.engine == "f"]
    assert mean.engine == "f" and mean.photos == 2
    assert mean.values["sad"] == pytest.approx(sum(result.sad for result in own) / 2)
    assert mean.values["peak_mib"] == max(result.peak_mib for result in own)
    lines = table(outcome.results, every_photo=True).splitlines()
    assert len(lines) == 7 and lines[0].startswith("engine") and f"{mean.values['sad']:.3f}" in lines[-1]
    rows = csv_text(outcome.results).splitlines()
    assert len(rows) == 5 and rows[0].startswith("engine,dataset,photo") and json.dumps(own[0].sad) in rows[2]


@pytest.mark.parametrize("ranges", [(), (5, 10)])
def test_the_plot_is_a_png_that_shows_something(dataset, ranges):
    png = draw(measure(dataset, Engine(0.1).contender("e"), Engine(0.2).contender("f"), ranges=ranges).results, "Tiny")
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] > 1000 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


def test_a_plot_of_nothing_is_a_sentence():
    with pytest.raises(ValueError, match="nothing to plot"):
        draw([], "Tiny")


def fresh_block() -> mmap.mmap:
    """40 MiB from the system, written to: an array might lie in what the process had given back to itself."""
    block = mmap.mmap(-1, 40 * 2**20)
    block.write(bytes(1) * len(block))
    return block


def test_the_peak_of_a_block_is_seen_though_it_is_given_back_before_the_end():
    with MemoryMeter() as meter:
        fresh_block().close()
    assert meter.memory.peak_mib - meter.memory.before_mib > 35 or "since it began" in meter.memory.how


def test_where_the_kernels_mark_may_not_be_set_back_memory_is_sampled(monkeypatch):
    from models.evaluation import memory

    if not Path("/proc/self/statm").exists():
        pytest.skip("there is no /proc here")
    monkeypatch.setattr(memory, "_forget_peak", lambda: False)
    with MemoryMeter() as meter:
        block = fresh_block()
        time.sleep(0.1)
        block.close()
    assert meter.memory.peak_mib - meter.memory.before_mib > 35 and "samples" in meter.memory.how
