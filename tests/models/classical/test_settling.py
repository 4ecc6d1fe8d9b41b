"""Settling: it takes out noise, leaves what is right, and tiles do not show."""

from __future__ import annotations

import numpy as np
import pytest

from editor.demo import draw_demo
from models.classical import settling
from models.classical.closed_form import solve_laplacian
from models.classical.settling import hold_of, settled_matte


def silent(fraction: float, text: str) -> None:
    pass


@pytest.fixture(scope="module")
def case() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, trimap and alpha of a drawn photo, of which all is unknown but the plainest."""
    demo = draw_demo(150, 110)
    truth = demo.alpha.astype(np.float32)
    trimap = np.full(truth.shape, 128, np.uint8)
    trimap[:20], trimap[demo.trimap == 255] = demo.trimap[:20], 255
    return demo.photo.pixels.astype(np.float32) / 255, trimap, truth


def noisy(truth: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.1, truth.shape)
    return np.clip(truth + noise, 0, 1).astype(np.float32)


def test_noise_that_the_colours_speak_against_is_taken_out():
    rows, columns = np.mgrid[:60, :60]
    truth = np.clip((20 - np.hypot(rows - 30, columns - 30)) / 12 + 0.5, 0.3, 0.7).astype(np.float32)
    soft = truth[..., None]
    image = (soft * np.array([0.8, 0.5, 0.2]) + (1 - soft) * np.array([0.1, 0.3, 0.6])).astype(np.float32)
    found = settled_matte(image, np.full(truth.shape, 128, np.uint8), noisy(truth), silent)
    before, after = (np.abs(alpha - truth).mean() for alpha in (noisy(truth), found))
    assert after < 0.4 * before


def test_known_pixels_are_what_the_trimap_says(case):
    image, trimap, truth = case
    found = settled_matte(image, trimap, noisy(truth), silent)
    assert found.dtype == np.float32 and found.shape == trimap.shape and 0 <= found.min() <= found.max() <= 1
    assert (found[trimap == 255] == 1).all() and (found[trimap == 0] == 0).all()


def test_it_is_what_the_laplacian_and_the_hold_ask_for(case):
    image, trimap, truth = case
    given = np.clip((noisy(truth) - settling.HAZE) / (1 - 2 * settling.HAZE), 0, 1).astype(np.float32)
    wanted = solve_laplacian(image, trimap, given, hold_of(given), tolerance=1e-7)
    assert np.abs(settled_matte(image, trimap, noisy(truth), silent) - wanted).max() < 5e-3


def test_plain_pixels_are_held_ten_times_as_tight_as_soft_ones():
    soft, plain, subject, almost = hold_of(np.array([0.5, 0.0, 1.0, 0.05]))
    assert plain == subject == pytest.approx(10 * soft, rel=0.01) and soft < almost < plain


def test_tiles_give_what_the_whole_gives(case, monkeypatch):
    image, trimap, truth = case
    whole = settled_matte(image, trimap, noisy(truth), silent)
    monkeypatch.setattr(settling, "TILE_PX", 40)
    told: list[float] = []
    tiles = settled_matte(image, trimap, noisy(truth), lambda fraction, text: told.append(fraction))
    assert np.abs(tiles - whole).max() < 1e-3
    assert told == sorted(told) and told[-1] == 1 and len(told) > 20


def test_what_lies_beyond_a_tile_is_hardly_felt_on_plain_colour_where_alpha_runs_furthest(monkeypatch):
    image, unknown = np.full((40, 260, 3), 0.5, np.float32), np.full((40, 260), 128, np.uint8)
    alpha = np.full(unknown.shape, 0.3, np.float32)
    alpha[:, 130 + settling.AROUND_PX :] = 0.7
    whole = settled_matte(image, unknown, alpha, silent)
    monkeypatch.setattr(settling, "TILE_PX", 130)
    assert np.abs(settled_matte(image, unknown, alpha, silent) - whole)[:, :130].max() < 0.5 / 255


def test_a_photo_without_unknown_pixels_is_its_trimap(case):
    image, trimap, truth = case
    known = np.where(trimap == 255, 255, 0).astype(np.uint8)
    assert np.array_equal(settled_matte(image, known, truth, silent), known / np.float32(255))


@pytest.mark.parametrize("size", [(3, 3), (3, 900), (769, 5)])
def test_any_size_will_do_even_if_all_is_unknown(size):
    rng = np.random.default_rng(1)
    image, alpha = rng.random((*size, 3), np.float32), rng.uniform(0.2, 0.8, size).astype(np.float32)
    unknown = np.full(size, 128, np.uint8)
    given = ((alpha - settling.HAZE) / (1 - 2 * settling.HAZE)).astype(np.float32)
    wanted = solve_laplacian(image, unknown, given, hold_of(given), tolerance=1e-7)
    assert np.abs(settled_matte(image, unknown, alpha, silent) - wanted).max() < 5e-3


def test_it_can_be_cancelled(case):
    def cancel(fraction: float, text: str) -> None:
        if fraction > 0.3:
            raise KeyboardInterrupt

    image, trimap, truth = case
    with pytest.raises(KeyboardInterrupt):
        settled_matte(image, trimap, truth, cancel)


def test_wrong_inputs_are_refused(case):
    image, trimap, truth = case
    for wrong in (truth[:-1], truth + 1, truth * np.float32(np.nan)):
        with pytest.raises(ValueError, match="alpha"):
            settled_matte(image, trimap, wrong, silent)
    with pytest.raises(ValueError, match="trimap"):
        settled_matte(image, trimap + np.uint8(1), truth, silent)
