"""``mattelier evaluate``."""

from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
import pytest

from editor import files
from models.evaluation.metrics import evaluate


def words(folder, **changes) -> list[object]:
    named = {"alpha": "demo_alpha.png", "truth": "demo_alpha.png", "trimap": "demo_trimap.png", **changes}
    return ["evaluate", *(word for key, name in named.items() for word in (f"--{key}", folder / name))]


def test_the_truth_has_no_error(mattelier, folder):
    facts = json.loads(mattelier(*words(folder), "--json").out)
    assert [facts[name] for name in ("sad", "mse", "grad", "conn")] == [0, 0, 0, 0]


def test_the_figures_are_those_of_the_metrics(mattelier, folder, registry):
    rng = np.random.default_rng(3)
    cv2.imwrite(str(folder / "noise.png"), rng.integers(0, 256, (120, 160), np.uint8))
    facts = json.loads(mattelier(*words(folder, alpha="noise.png"), "--json").out)
    alpha = files.read_alpha(folder / "noise.png", registry.formats)
    truth = files.read_alpha(folder / "demo_alpha.png", registry.formats)
    trimap, _ = files.read_trimap(folder / "demo_trimap.png", (160, 120), registry.formats)
    expected = dataclasses.asdict(evaluate(alpha, truth, trimap))
    assert {name: facts[name] for name in expected} == pytest.approx(expected)
    assert facts["unknown_pixels"] == (trimap == 128).sum()


def test_the_sentence_for_people_says_what_the_figures_mean(mattelier, folder):
    outcome = mattelier(*words(folder))
    assert outcome.code == 0
    assert "SAD 0.000" in outcome.out and "unknown pixels" in outcome.out


def test_mattes_of_another_size_are_a_sentence(mattelier, folder):
    cv2.imwrite(str(folder / "small.png"), np.zeros((60, 80), np.uint8))
    outcome = mattelier(*words(folder, alpha="small.png"))
    assert outcome.code == 1 and "small.png" in outcome.err and "Traceback" not in outcome.err


def test_a_trimap_that_leaves_nothing_unknown_is_a_sentence(mattelier, folder):
    cv2.imwrite(str(folder / "settled.png"), np.full((120, 160), 255, np.uint8))
    outcome = mattelier(*words(folder, trimap="settled.png"))
    assert outcome.code == 1 and "no unknown pixels" in outcome.err


def test_a_file_that_is_not_there_is_a_sentence(mattelier, folder):
    outcome = mattelier(*words(folder, truth="nowhere.png"))
    assert outcome.code == 1 and "nowhere.png" in outcome.err


def test_a_missing_argument_is_wrong_usage(mattelier, folder):
    outcome = mattelier("evaluate", "--alpha", folder / "demo_alpha.png")
    assert outcome.code == 2 and "--truth" in outcome.err
