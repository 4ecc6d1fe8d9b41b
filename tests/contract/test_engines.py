"""What every engine promises, whoever wrote it: run over all that are registered."""

from __future__ import annotations

import inspect
import threading
import time

import numpy as np
import pytest

from editor.api import Cancelled, Engine, UserError, check_params, params_of
from editor.demo import draw_demo
from editor.plugin_loader import load_all

ENGINES = load_all().engines
each_engine = pytest.mark.parametrize("kind", ENGINES.values(), ids=ENGINES.keys())


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
def results(case) -> dict[type[Engine], np.ndarray]:
    image, trimap, _ = case
    return {kind: kind().run(image, trimap, quiet) for kind in ENGINES.values()}


def test_there_are_engines_and_one_is_the_default():
    ranks = [kind.rank for kind in ENGINES.values()]
    assert ranks and ranks.count(max(ranks)) == 1


@each_engine
def test_an_engine_says_what_it_is_in_words(kind):
    assert kind.title and kind.description.endswith(".") and kind.licence
    assert kind.name == kind.name.lower() and " " not in kind.name
    assert kind().device()


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


@each_engine
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

    def progress(fraction: float, text: str) -> None:
        now = time.process_time()
        seconds["longest"] = max(seconds.get("longest", 0.0), now - seconds.get("last", now))
        seconds["last"] = now
        if fraction > 0.3:
            asked.set()
            raise Cancelled

    with pytest.raises(Cancelled):
        kind().run(image, demo.trimap, progress)
    assert asked.is_set() and seconds["longest"] < 1.0


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
