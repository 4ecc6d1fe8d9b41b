"""The four metrics against the numbers of the papers' own code, and against mattes whose error one can count."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.evaluation import metrics

ORACLES = Path(__file__).resolve().parents[4] / "shared" / "oracles" / "metrics"
METRICS = {"sad": metrics.sad, "mse": metrics.mse, "grad": metrics.grad, "conn": metrics.conn}


def step_matte(height: int = 40, width: int = 60) -> np.ndarray:
    plane = np.zeros((height, width), np.float32)
    plane[:, width // 2 :] = 1
    return plane


def oracle_planes(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pred, truth, trimap = (
        cv2.imread(str(ORACLES / f"{number}_{name}.png"), cv2.IMREAD_GRAYSCALE) for name in ("pred", "gt", "trimap")
    )
    return pred.astype(np.float32) / 255, truth.astype(np.float32) / 255, trimap


@pytest.mark.skipif(not ORACLES.is_dir(), reason="the oracle images in ../shared/oracles/metrics are not here")
@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_errors_equal_those_of_the_papers_code(number):
    expected = json.loads((ORACLES / "octave.json").read_text())["octave"][number]
    scores = metrics.evaluate(*oracle_planes(number))
    assert scores.sad == pytest.approx(expected["sad"], rel=1e-6)
    assert scores.mse == pytest.approx(expected["mse"], rel=1e-6)
    assert scores.grad == pytest.approx(expected["grad_div1000"], rel=1e-6)
    assert scores.conn == pytest.approx(expected["conn_div1000"], rel=1e-6)


@pytest.mark.parametrize("name", METRICS)
def test_a_matte_has_no_error_against_itself(name):
    plane = np.random.default_rng(0).random((30, 40), np.float32)
    assert METRICS[name](plane, plane) == 0


@pytest.mark.parametrize("name", METRICS)
def test_only_the_region_counts(name):
    truth, alpha = step_matte(), step_matte()
    alpha[:, :5] = 0.7
    region = np.zeros(alpha.shape, bool)
    region[:, 35:] = True  # further from the fault than the gradient kernel reaches
    assert METRICS[name](alpha, truth) > 0
    assert METRICS[name](alpha, truth, region) == 0


def test_sad_and_mse_of_a_known_difference_are_what_one_counts():
    truth = np.zeros((10, 20), np.float32)
    alpha = np.full((10, 20), 0.25, np.float32)
    assert metrics.sad(alpha, truth) == pytest.approx(50)
    assert metrics.mse(alpha, truth) == pytest.approx(0.0625)


def test_a_moved_edge_costs_gradient_and_a_rescaled_matte_does_not():
    truth = step_matte()
    assert metrics.grad(np.roll(truth, 3, axis=1), truth) > 10
    assert metrics.grad(truth * np.float32(0.5), truth) == pytest.approx(0, abs=1e-9)


def test_an_opaque_island_costs_its_area_in_connectivity():
    truth = step_matte()
    alpha = truth.copy()
    alpha[10:13, 5:9] = 1  # twelve pixels, apart from the subject
    assert metrics.conn(alpha, truth) == pytest.approx(12)


def test_of_two_components_of_one_size_the_first_by_columns_is_the_subject():
    truth = np.zeros((12, 12), np.float32)
    truth[8:10, 1:3] = 1  # the first column by column
    truth[1:3, 8:10] = 1  # the first row by row
    alpha = truth.copy()
    alpha[1:3, 8:10] = 0.8
    # Off the subject's component the level is 0 at the first threshold, where both islands are of one size.
    assert metrics.conn(alpha, truth) == pytest.approx(4 * 0.2, rel=1e-5)


def test_the_value_153_reaches_the_threshold_of_six_tenths():
    truth = step_matte()
    alpha = truth.copy()
    truth[10, 29], alpha[10, 29] = 0.9, 153 / 255
    # level 0.6: d is 0.3 in the truth and 0 in alpha; with level 0.5 the error would be 0.4
    assert metrics.conn(alpha, truth) == pytest.approx(0.3, rel=1e-5)


def test_where_no_pixel_is_opaque_in_both_mattes_none_leaves_the_subject():
    truth = np.full((8, 8), 0.5, np.float32)
    alpha = np.full((8, 8), 0.6, np.float32)
    # at threshold 0.6 nothing is shared any more, and the level stays 1
    assert metrics.conn(alpha, truth) == 0


def test_evaluate_prints_in_the_papers_units_and_judges_the_unknown_pixels_only():
    truth = step_matte()
    alpha = truth.copy()
    alpha[:, :10] = 0.5
    trimap = np.where(truth > 0, 255, 0).astype(np.uint8)
    trimap[:20] = 128
    half = metrics.evaluate(alpha, truth, trimap)
    whole = metrics.evaluate(alpha, truth, None)
    assert half.sad == pytest.approx(0.1)
    assert whole.sad == pytest.approx(0.2)
    assert half.mse == pytest.approx(20 * 10 * 0.25 / 1200)
    assert whole.grad == pytest.approx(metrics.grad(alpha, truth) / 1000)
    assert whole.conn == pytest.approx(metrics.conn(alpha, truth) / 1000)


@pytest.mark.parametrize(
    ("alpha", "truth", "sentence"),
    [
        (np.zeros((4, 4, 1), np.float32), np.zeros((4, 4), np.float32), "plane"),
        (np.zeros((4, 4), np.float32), np.zeros((4, 5), np.float32), "truth is"),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.float32), "divide"),
        (np.full((4, 4), 1.5, np.float32), np.zeros((4, 4), np.float32), "range"),
        (np.full((4, 4), np.nan, np.float32), np.zeros((4, 4), np.float32), "range"),
    ],
)
@pytest.mark.parametrize("name", METRICS)
def test_a_wrong_plane_is_refused_in_words(name, alpha, truth, sentence):
    with pytest.raises(ValueError, match=sentence):
        METRICS[name](alpha, truth)


@pytest.mark.parametrize(
    ("trimap", "sentence"),
    [
        (np.full((4, 4), 100, np.uint8), "only 0"),
        (np.zeros((4, 4), np.uint8), "empty"),
        (np.full((4, 5), 128, np.uint8), "region"),
        (np.full((4, 4), 0.5, np.float32), "uint8"),
    ],
)
def test_a_wrong_trimap_is_refused_in_words(trimap, sentence):
    plane = np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match=sentence):
        metrics.evaluate(plane, plane, trimap)
