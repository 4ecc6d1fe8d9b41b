"""Closed-form matting from the outside: exactness, agreement with the definition, errors, cancelling, memory."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from models import side_by_side
from models.classical.closed_form import closed_form_matte, solve_laplacian
from tests.models.classical.matting_cases import dense_laplacian, soft_disc

ALPHAMATTING = Path(__file__).resolve().parents[4] / "shared" / "data" / "eval" / "alphamatting"


class Stop(Exception):  # noqa: N818 - what a progress call raises to cancel
    pass


def small_photo() -> tuple[np.ndarray, np.ndarray]:
    """20 x 20 noise with a smooth part in it, and a trimap whose unknown part touches two borders."""
    noise = np.random.default_rng(7).random((20, 20, 3))
    ramp = np.linspace(0, 1, 20)[:, None, None] * np.array([1.0, 0.5, 0.2])
    trimap = np.full((20, 20), 128, np.uint8)
    trimap[:6, :] = 0
    trimap[14:, 3:15] = 255
    trimap[10, 10] = 255
    return (0.2 * noise + 0.8 * ramp).astype(np.float32), trimap


@pytest.mark.parametrize("epsilon", [1e-7, 1e-4])
def test_the_matte_of_a_small_photo_is_the_solution_by_definition(epsilon: float) -> None:
    image, trimap = small_photo()
    laplacian, unknown = dense_laplacian(image, epsilon), (trimap == 128).ravel()
    fixed = (trimap == 255).ravel().astype(float)
    exact = np.linalg.solve(laplacian[np.ix_(unknown, unknown)], -(laplacian @ fixed)[unknown])
    alpha = closed_form_matte(image, trimap, epsilon=epsilon, tolerance=1e-10)
    np.testing.assert_allclose(alpha.ravel()[unknown], np.clip(exact, 0, 1), atol=2e-5)


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_data_term_moves_the_solution_as_the_definition_says(everywhere: bool) -> None:
    image, trimap = small_photo()
    rng = np.random.default_rng(3)
    prior, weight = rng.random((20, 20)).astype(np.float32), rng.random((20, 20)) * 0.1
    if everywhere:
        trimap = np.full((20, 20), 128, np.uint8)
    unknown = (trimap == 128).ravel()
    laplacian = dense_laplacian(image, 1e-7)
    system = laplacian[np.ix_(unknown, unknown)] + np.diag(weight.ravel()[unknown])
    known = -(laplacian @ (trimap == 255).ravel().astype(float))[unknown]
    exact = np.linalg.solve(system, known + (weight * prior).ravel()[unknown])
    alpha = solve_laplacian(image, trimap, prior, weight, tolerance=1e-10)
    np.testing.assert_allclose(alpha.ravel()[unknown], np.clip(exact, 0, 1), atol=2e-5)


def test_a_soft_rim_is_found_and_known_pixels_are_exact() -> None:
    image, truth, trimap = soft_disc(150, 210, 45)
    alpha = closed_form_matte(image, trimap)
    assert alpha.dtype == np.float32 and alpha.shape == trimap.shape
    assert (alpha[trimap == 255] == 1).all() and (alpha[trimap == 0] == 0).all()
    assert alpha.min() >= 0 and alpha.max() <= 1
    assert np.abs(alpha - truth)[trimap == 128].mean() < 0.02


def test_the_same_inputs_give_the_same_digits_and_are_not_written_to() -> None:
    image, _, trimap = soft_disc(120, 130, 35)
    for array in (image, trimap):
        array.flags.writeable = False
    assert np.array_equal(closed_form_matte(image, trimap), closed_form_matte(image, trimap))


@pytest.mark.parametrize(
    ("known", "words"), [([128], "foreground"), ([128, 0], "no foreground"), ([128, 255], "no background")]
)
def test_a_trimap_that_lacks_a_side_is_refused_with_a_sentence(known: list[int], words: str) -> None:
    image, trimap = small_photo()
    trimap = np.where(np.isin(trimap, known), trimap, 128).astype(np.uint8)
    with pytest.raises(ValueError, match=words):
        closed_form_matte(image, trimap)


def test_nothing_known_and_no_prior_is_refused() -> None:
    image, trimap = small_photo()
    with pytest.raises(ValueError, match="unknown everywhere"):
        solve_laplacian(image, np.full_like(trimap, 128))


@pytest.mark.parametrize("change", ["dtype", "range", "nan", "trimap value", "trimap shape", "tiny", "lone prior"])
def test_wrong_inputs_are_refused(change: str) -> None:
    image, trimap = small_photo()
    prior = None
    if change == "dtype":
        image = image.astype(np.float64)
    elif change == "range":
        image = image * 255
    elif change == "nan":
        image[3, 3] = np.nan
    elif change == "trimap value":
        trimap[0, 0] = 127
    elif change == "trimap shape":
        trimap = trimap[1:]
    elif change == "tiny":
        image, trimap = image[:2], trimap[:2]
    else:
        prior = np.zeros((20, 20), np.float32)
    with pytest.raises(ValueError):
        solve_laplacian(image, trimap, prior)


def test_a_trimap_without_unknown_pixels_is_its_own_matte() -> None:
    image, trimap = small_photo()
    trimap = np.where(trimap == 128, 0, trimap).astype(np.uint8)
    assert np.array_equal(closed_form_matte(image, trimap), trimap / np.float32(255))


def test_unknown_regions_beside_one_side_only_take_that_side() -> None:
    image, _, trimap = soft_disc(100, 100, 25)
    trimap[5:12, 5:12] = 128
    alpha = closed_form_matte(image, trimap)
    assert (alpha[5:12, 5:12] < 1e-3).all()


def test_progress_runs_from_zero_to_one_and_never_back() -> None:
    image, _, trimap = soft_disc(150, 150, 45)
    seen: list[float] = []
    closed_form_matte(image, trimap, lambda fraction, text: seen.append(fraction))
    assert seen[0] == 0 and seen[-1] == 1 and seen == sorted(seen) and len(seen) > 10


@pytest.mark.parametrize("calls", [1, 3, 12, 25, 40])
def test_what_progress_raises_goes_through_at_once(calls: int) -> None:
    image, _, trimap = soft_disc(150, 150, 45)
    count = 0

    def progress(fraction: float, text: str) -> None:
        nonlocal count
        count += 1
        if count == calls:
            raise Stop

    with pytest.raises(Stop):
        closed_form_matte(image, trimap, progress)
    assert count == calls


def test_a_wide_unknown_region_can_be_cancelled_within_a_second_at_any_time() -> None:
    image, _, trimap = soft_disc(700, 700, 200)
    trimap[60:640, 60:640] = 128
    trimap[300:400, 300:400] = 255
    times = [time.thread_time()]  # of this thread alone, so that a busy machine does not fail the test
    closed_form_matte(image, trimap, lambda fraction, text: times.append(time.thread_time()))
    assert np.diff(times).max() < 1.0


def test_beginning_from_the_last_result_saves_passes_and_ends_at_the_same() -> None:
    image, _, trimap = soft_disc(150, 150, 45)

    def passes(start: np.ndarray | None) -> tuple[int, np.ndarray]:
        texts: set[str] = set()
        alpha = closed_form_matte(image, trimap, lambda fraction, text: texts.add(text), start=start)
        return sum("pass" in text for text in texts), alpha

    cold, alpha = passes(None)
    warm, again = passes(alpha)
    assert warm < cold  # not nearly none: the last result was clipped to [0, 1], the solver's own was not
    np.testing.assert_allclose(again, alpha, atol=5e-3)


def test_memory_grows_with_the_unknown_pixels_and_not_with_the_photo(monkeypatch) -> None:
    monkeypatch.setattr(side_by_side, "MOST_THREADS", 1)  # each holds tables of its own, whatever the photo

    def peak_bytes(size: int, radius: int) -> int:
        image, _, trimap = soft_disc(size, size, radius)
        trimap[0, 0] = 0
        tracemalloc.start()
        try:
            closed_form_matte(image, trimap)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    closed_form_matte(*soft_disc(60, 60, 15)[::2])  # what scipy holds from its first import is not of interest
    small = peak_bytes(400, 150)
    photo_growth = peak_bytes(1200, 150) - small  # nine times the photo, the same unknown ring
    unknown_growth = peak_bytes(1200, 450) - small  # three times the ring
    assert photo_growth < 12 * (1200**2 - 400**2)  # alpha and a few masks: bytes a pixel, no arrays of many channels
    assert unknown_growth > 1.5 * small


def test_the_error_on_real_photos_is_that_of_pymatting() -> None:
    if not ALPHAMATTING.is_dir():
        pytest.skip("the alphamatting.com training set is not beside the checkout (../shared)")
    pymatting = pytest.importorskip("pymatting", reason="the yardstick pymatting is not installed")
    from tests.benchmarks.bench_closed_form import read_case, sum_of_differences

    ours, theirs = [], []
    for name in ("GT10", "GT12", "GT14"):
        image, trimap, truth = read_case(ALPHAMATTING, name, 1)
        ours.append(sum_of_differences(closed_form_matte(image, trimap), trimap, truth))
        marks = np.where(trimap == 128, 0.5, trimap / 255.0)
        theirs.append(sum_of_differences(pymatting.estimate_alpha_cf(image.astype(float), marks), trimap, truth))
    assert np.mean(ours) <= 1.02 * np.mean(theirs)
