"""The classic engine from the outside: what it promises, what it beats, what it refuses, and that it can be stopped."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from models import side_by_side
from models.classical import classic, sampling
from models.classical.classic import classic_matte
from models.classical.closed_form import closed_form_matte
from models.evaluation.metrics import evaluate
from tests.models.classical.matting_cases import soft_disc

ALPHAMATTING = Path(__file__).resolve().parents[4] / "shared" / "data" / "eval" / "alphamatting"


class Stop(Exception):  # noqa: N818 - what a progress call raises to cancel
    pass


def drawn_hair(height: int = 150, width: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A head with 90 drawn hairs before a ground of coloured stripes: image, true alpha and trimap."""
    scale, rng = 4, np.random.default_rng(5)
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    centre = (width * scale // 2, height * scale // 2)
    cv2.circle(canvas, centre, 30 * scale, 255, -1)
    for angle in rng.uniform(0, 2 * np.pi, 90):
        bend, length = rng.uniform(-0.4, 0.4), rng.uniform(42, 62) * scale
        steps = np.linspace(0, 1, 12)
        turn = angle + bend * steps**2
        x, y = centre[0] + length * steps * np.cos(turn), centre[1] + length * steps * np.sin(turn)
        cv2.polylines(canvas, [np.stack([x, y], axis=1).astype(np.int32)], False, 255, 3)
    alpha = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    y, x = np.mgrid[:height, :width].astype(np.float32)
    hair = np.stack([0.45 + 0.08 * np.sin(x / 5), 0.25 + 0.05 * np.cos(y / 6), 0.12 + 0 * x], axis=2)
    stripes = 0.5 + 0.5 * np.tanh(4 * np.sin(x / 9 + y / 23))
    ground = np.stack([0.35 + 0.2 * stripes, 0.55 + 0.25 * stripes, 0.8 - 0.35 * stripes], axis=2)
    image = alpha[..., None] * hair + (1 - alpha[..., None]) * ground + rng.normal(0, 0.006, (height, width, 3))
    distance = np.hypot(y - height / 2, x - width / 2)
    trimap = np.where(distance < 27, 255, np.where(distance > 66, 0, 128)).astype(np.uint8)
    return np.clip(image, 0, 1).astype(np.float32), alpha, trimap


def test_known_pixels_are_kept_exactly_and_the_inputs_are_not_written_to() -> None:
    image, _, trimap = drawn_hair()
    for array in (image, trimap):
        array.flags.writeable = False
    alpha = classic_matte(image, trimap)
    assert alpha.shape == trimap.shape and alpha.dtype == np.float32
    assert (alpha[trimap == 255] == 1).all() and (alpha[trimap == 0] == 0).all()
    assert alpha.min() >= 0 and alpha.max() <= 1


def test_the_same_inputs_give_the_same_digits() -> None:
    image, _, trimap = drawn_hair()
    assert np.array_equal(classic_matte(image, trimap), classic_matte(image, trimap))


def test_hair_before_stripes_is_matted_better_than_by_the_closed_form_alone() -> None:
    image, truth, trimap = drawn_hair()
    together = evaluate(classic_matte(image, trimap), truth, trimap)
    alone = evaluate(closed_form_matte(image, trimap), truth, trimap)
    assert together.sad < 0.8 * alone.sad
    assert together.grad < 0.6 * alone.grad


def test_a_soft_rim_is_found_to_within_two_hundredths() -> None:
    image, truth, trimap = soft_disc(150, 210, 45)
    assert np.abs(classic_matte(image, trimap) - truth)[trimap == 128].mean() < 0.02


def test_colours_found_on_a_smaller_photo_serve_the_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    image, truth, trimap = drawn_hair(151, 203)
    full = evaluate(classic_matte(image, trimap), truth, trimap)
    monkeypatch.setattr(classic, "SAMPLED_LIMIT", 2000)
    reduced = evaluate(classic_matte(image, trimap), truth, trimap)
    assert reduced.sad < 1.5 * full.sad


def test_marks_thinner_than_a_small_pixel_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    image, truth, _ = soft_disc(90, 120, 30)
    trimap = np.full(image.shape[:2], 128, np.uint8)
    trimap[45, 45:75] = 255
    trimap[3, :] = 0
    monkeypatch.setattr(classic, "SAMPLED_LIMIT", 500)
    alpha = classic_matte(image, trimap)
    assert np.isfinite(alpha).all()
    assert np.abs(alpha - truth).mean() < 0.1


def test_a_trimap_without_unknown_pixels_is_returned_as_it_stands() -> None:
    image, _, trimap = soft_disc(60, 60, 20)
    trimap = np.where(trimap == 128, 0, trimap).astype(np.uint8)
    assert np.array_equal(classic_matte(image, trimap), (trimap == 255).astype(np.float32))


def test_a_start_changes_how_soon_the_matte_is_there_and_not_what_it_is() -> None:
    image, _, trimap = drawn_hair()
    passes: list[str] = []

    def note(_fraction: float, text: str) -> None:
        passes.extend([text] if text.startswith("Solving") else [])

    first = classic_matte(image, trimap, note)
    cold = len(passes)
    again = classic_matte(image, trimap, note, start=first)
    assert len(passes) - cold < cold
    assert np.abs(again - first).max() < 0.01


def test_progress_runs_from_nothing_to_one_and_names_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _, trimap = drawn_hair()
    monkeypatch.setattr(sampling, "PIXELS_A_PIECE", 1000)
    told: list[tuple[float, str]] = []
    classic_matte(image, trimap, lambda fraction, text: told.append((fraction, text)))
    fractions = [fraction for fraction, _ in told]
    assert fractions[0] == 0 and fractions[-1] == 1
    assert all(later >= earlier for earlier, later in itertools.pairwise(fractions))
    sampling_texts = [text for _, text in told if text.startswith("Sampling, ")]
    count = len(set(sampling_texts))
    assert count > 3
    assert sampling_texts[-1] == f"Sampling, {count} of {count} pieces"


@pytest.mark.parametrize("words", ["Widening", "Sampling", "Comparing", "Reading", "Solving"])
def test_what_progress_raises_ends_the_work_at_any_stage(words: str) -> None:
    image, _, trimap = drawn_hair()
    after: list[str] = []

    def progress(_fraction: float, text: str) -> None:
        if after:
            after.append(text)
        if text.startswith(words):
            after.append(text)
            raise Stop

    with pytest.raises(Stop):
        classic_matte(image, trimap, progress)
    assert len(after) == 1


@pytest.mark.parametrize(
    ("known", "sentence"), [([], "no foreground"), ([0], "no foreground. Mark"), ([255], "no background. Mark")]
)
def test_a_trimap_that_lacks_a_side_is_refused_with_a_sentence(known: list[int], sentence: str) -> None:
    image, _, trimap = soft_disc(60, 60, 20)
    trimap = np.where(np.isin(trimap, known), trimap, 128).astype(np.uint8)
    with pytest.raises(ValueError, match=sentence):
        classic_matte(image, trimap)


@pytest.mark.parametrize(
    ("image", "trimap", "sentence"),
    [
        (np.zeros((9, 9, 3), np.float64), np.full((9, 9), 128, np.uint8), "float32"),
        (np.full((9, 9, 3), 255, np.float32), np.full((9, 9), 128, np.uint8), "lie in"),
        (np.zeros((9, 9, 3), np.float32), np.full((9, 8), 128, np.uint8), "trimap must be"),
        (np.zeros((9, 9, 3), np.float32), np.full((9, 9), 127, np.uint8), "hold only"),
    ],
)
def test_a_wrong_input_is_refused_with_a_sentence(image: np.ndarray, trimap: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        classic_matte(image, trimap)


@pytest.mark.skipif(not ALPHAMATTING.is_dir(), reason="the photos in ../shared/data/eval/alphamatting are not here")
@pytest.mark.parametrize(("name", "sad", "grad"), [("GT01", 0.80, 0.65), ("GT12", 1.25, 1.15), ("GT14", 1.10, 0.45)])
def test_real_photos_stay_under_their_errors(name: str, sad: float, grad: float) -> None:
    image = cv2.imread(str(ALPHAMATTING / f"{name}_image.png"))[..., ::-1].astype(np.float32) / np.float32(255)
    truth = cv2.imread(str(ALPHAMATTING / f"{name}_alpha.png"), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    trimap = cv2.imread(str(ALPHAMATTING / f"{name}_trimap1.png"), cv2.IMREAD_GRAYSCALE)
    alpha = np.round(255 * classic_matte(image, trimap)) / np.float32(255)
    scores = evaluate(alpha, truth, trimap)
    assert scores.sad < sad
    assert scores.grad < grad


def test_however_many_threads_work_the_matte_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _, trimap = drawn_hair()
    monkeypatch.setattr(sampling, "PIXELS_A_PIECE", 500)
    monkeypatch.setattr(side_by_side.os, "cpu_count", lambda: 4)
    mattes = []
    for threads in (1, 4):
        monkeypatch.setattr(side_by_side, "MOST_THREADS", threads)
        mattes.append(classic_matte(image, trimap))
    assert np.array_equal(*mattes)
