"""What every engine promises, whoever wrote it: run over all that are registered."""

from __future__ import annotations

import inspect
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import models
from editor.api import Cancelled, Engine, UserError, check_params, models_dir, params_of
from editor.demo import draw_demo
from editor.plugin_loader import load_all
from models.networks.building import build
from models.weight_store import WeightStore


def _ready_in_an_empty_home(engines: dict[str, type[Engine]]) -> dict[str, type[Engine]]:
    """Those that run as the program is delivered, whatever this machine's user has imported."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATTELIER_HOME", folder)
        return {name: kind for name, kind in engines.items() if not kind.missing()}


def _cheapest_of_each_family(names: set[str]) -> list[str]:
    """One network of each family: the one with the fewest GFLOPs in its paper."""
    cheapest: dict[str, str] = {}
    for name in (name for name in models.names() if name in names):
        spec = models.spec(name)
        best = cheapest.get(spec.family)
        if best is None or (spec.paper.gflops or 99) < (models.spec(best).paper.gflops or 99):
            cheapest[spec.family] = name
    return list(cheapest.values())


ENGINES = load_all().engines
READY = _ready_in_an_empty_home(ENGINES)
MISSING = {name: kind for name, kind in ENGINES.items() if name not in READY}
UNTRAINED = {name: MISSING[name] for name in _cheapest_of_each_family(set(MISSING))}
"""Run with values that mean nothing: all but the quality of the answer is promised just the same."""
RUNNING = READY | UNTRAINED
each_engine = pytest.mark.parametrize("kind", RUNNING.values(), ids=RUNNING.keys())
each_trained_engine = pytest.mark.parametrize("kind", READY.values(), ids=READY.keys())
each_missing_engine = pytest.mark.parametrize("kind", MISSING.values(), ids=MISSING.keys())


@pytest.fixture(scope="module")
def home_with_weights(tmp_path_factory) -> Iterator[Path]:
    """A user's folder in which one network of each family has weights."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATTELIER_HOME", str(folder))
        store = WeightStore(models_dir())
        for name in UNTRAINED:
            torch.manual_seed(0)
            state = {key: value.contiguous() for key, value in build(models.spec(name)).state_dict().items()}
            store.add(name, lambda path, state=state: save_file(state, path), "MIT", "a test", "untrained", quiet)
        yield folder


@pytest.fixture(autouse=True)
def home(home_with_weights, monkeypatch) -> Path:
    monkeypatch.setenv("MATTELIER_HOME", str(home_with_weights))
    return home_with_weights


@pytest.fixture(scope="module")
def case():
    """A photo (H, W, 3) float32, its trimap and its true alpha, read-only as the program hands them over."""
    demo = draw_demo(200, 150)
    image = demo.photo.pixels.astype(np.float32) / 255
    trimap = demo.trimap.copy()
    image.flags.writeable = trimap.flags.writeable = False
    return image, trimap, demo.alpha


def quiet(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def results(case, home_with_weights) -> dict[type[Engine], np.ndarray]:
    image, trimap, _ = case
    return {kind: kind().run(image, trimap, quiet) for kind in RUNNING.values()}


def test_there_are_engines_and_one_is_the_default():
    ranks = [kind.rank for kind in ENGINES.values()]
    assert ranks and ranks.count(max(ranks)) == 1


def test_one_network_of_each_family_is_among_those_that_run():
    assert {models.spec(name).family for name in UNTRAINED} == {models.spec(name).family for name in MISSING}


@pytest.mark.parametrize("kind", ENGINES.values(), ids=ENGINES.keys())
def test_an_engine_says_what_it_is_in_words(kind):
    assert kind.title and kind.description.endswith(".") and kind.licence
    assert kind.name == kind.name.lower() and " " not in kind.name
    assert kind().device()


@each_missing_engine
def test_an_engine_that_lacks_something_says_what_and_refuses_to_run(kind, case, monkeypatch, tmp_path):
    monkeypatch.setenv("MATTELIER_HOME", str(tmp_path))
    message, _, hint = kind.missing().partition(". ")
    assert message and hint.endswith(".")
    image, trimap, _ = case
    for work in [lambda: kind().run(image, trimap, quiet), *([lambda: kind().find(image, quiet)] * kind.finds_trimap)]:
        with pytest.raises(UserError) as caught:
            work()
        assert caught.value.message.startswith(message) and caught.value.hint


@each_engine
def test_an_engine_that_lacks_nothing_says_so(kind):
    assert kind.missing() == ""


@each_engine
def test_the_defaults_of_an_engine_are_valid_and_each_setting_has_a_label(kind):
    check_params(kind())
    assert all(fact.label for _, fact in params_of(kind).values())


@each_engine
def test_alpha_has_the_photos_size_its_type_and_its_range(kind, case, results):
    alpha = results[kind]
    assert alpha.shape == case[1].shape and alpha.dtype == np.float32
    assert alpha.min() >= 0.0 and alpha.max() <= 1.0 and np.isfinite(alpha).all()


@each_engine
def test_known_pixels_come_out_exactly_as_marked(kind, case, results):
    _, trimap, _ = case
    assert (results[kind][trimap == 0] == 0.0).all()
    assert (results[kind][trimap == 255] == 1.0).all()


@each_trained_engine
def test_the_answer_is_better_than_a_guess(kind, case, results):
    _, trimap, truth = case
    unknown = trimap == 128
    error = np.abs(results[kind] - truth)[unknown].mean()
    guess = np.abs(np.float32(truth[unknown].mean()) - truth[unknown]).mean()
    assert error < 0.6 * guess


@each_engine
def test_the_same_input_gives_the_same_alpha(kind, case, results):
    image, trimap, _ = case
    assert np.abs(kind().run(image, trimap, quiet) - results[kind]).max() < 1e-3


@each_engine
def test_progress_rises_from_0_towards_1_and_says_what_is_done(kind, case):
    image, trimap, _ = case
    calls: list[tuple[float, str]] = []
    kind().run(image, trimap, lambda fraction, text: calls.append((fraction, text)))
    fractions = [fraction for fraction, _ in calls]
    assert len(calls) >= 3
    assert all(0.0 <= fraction <= 1.0 for fraction in fractions) and fractions == sorted(fractions)
    assert all(text for _, text in calls)


@each_engine
@pytest.mark.parametrize("after", [1, 2, 5])
def test_what_progress_raises_comes_out_of_the_engine_at_once(kind, case, after):
    image, trimap, _ = case
    calls = 0

    def cancel(fraction: float, text: str) -> None:
        nonlocal calls
        calls += 1
        if calls >= after:
            raise Cancelled

    with pytest.raises(Cancelled):
        kind().run(image, trimap, cancel)
    assert calls == after


@each_engine
def test_cancel_stops_a_larger_photo_within_a_second_of_work(kind):
    demo = draw_demo(900, 675)
    image = demo.photo.pixels.astype(np.float32) / 255
    asked = threading.Event()
    seconds: dict[str, float] = {}
    far_enough = 0.3 if kind in READY.values() else 0.1  # a network's pieces are all alike

    def progress(fraction: float, text: str) -> None:
        now = time.process_time()
        seconds["longest"] = max(seconds.get("longest", 0.0), now - seconds.get("last", now))
        seconds["last"] = now
        if fraction > far_enough:
            asked.set()
            raise Cancelled

    with pytest.raises(Cancelled):
        kind().run(image, demo.trimap, progress)
    two_cores = 1.0 if kind in READY.values() else 2.0  # a network keeps both busy: so many processor seconds in one
    assert asked.is_set() and seconds["longest"] < two_cores


@each_engine
def test_input_is_not_written_to_even_where_it_could_be(kind, case):
    image, trimap, _ = (array.copy() for array in case)
    before = image.copy(), trimap.copy()
    kind().run(image, trimap, quiet)
    assert np.array_equal(image, before[0]) and np.array_equal(trimap, before[1])


@each_engine
def test_starting_from_an_earlier_alpha_gives_about_the_same_answer(kind, case, results):
    image, trimap, _ = case
    start = results[kind].copy()
    start.flags.writeable = False
    again = kind().run(image, trimap, quiet, start)
    assert np.abs(again - results[kind]).mean() < 0.02


@each_engine
@pytest.mark.parametrize("label", [0, 255])
def test_a_trimap_without_background_or_without_foreground_is_a_sentence_with_a_hint(kind, case, label):
    image, trimap, _ = case
    one_sided = np.where(trimap == 255 - label, np.uint8(128), trimap)
    assert label in one_sided and 255 - label not in one_sided
    with pytest.raises(UserError) as caught:
        kind().run(image, one_sided, quiet)
    assert caught.value.message.endswith(".") and caught.value.hint


@each_engine
def test_a_trimap_that_leaves_nothing_unknown_is_its_own_answer(kind, case):
    image, trimap, _ = case
    settled = np.where(trimap == 128, np.uint8(0), trimap)
    assert np.array_equal(kind().run(image, settled, quiet), (settled / 255).astype(np.float32))


@each_engine
@pytest.mark.parametrize("size", [(3, 3), (3, 60), (60, 3), (17, 31)])
def test_small_and_narrow_photos_work(kind, size):
    rng = np.random.default_rng(1)
    image = rng.random((*size, 3), dtype=np.float32)
    trimap = np.full(size, 128, np.uint8)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    alpha = kind().run(image, trimap, quiet)
    assert alpha.shape == size and np.isfinite(alpha).all()
    assert alpha.flat[0] == 0.0 and alpha.flat[-1] == 1.0


@each_engine
def test_run_can_be_called_as_the_api_says(kind):
    assert list(inspect.signature(kind.run).parameters) == ["self", "image", "trimap", "progress", "start"]
