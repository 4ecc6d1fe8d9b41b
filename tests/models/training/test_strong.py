"""Strong augmentation has the thesis's options with its probabilities, and says when alpha must be answered anew."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from models.training import strong
from models.training.strong import OPERATIONS, Changed, change_composed, change_parts

NAMES = [(kind, name) for kind, operations in OPERATIONS.items() for name in operations]
PICTURE = np.random.default_rng(0).random((24, 32, 3), np.float32)
BLACK = np.zeros_like(PICTURE)


def test_the_options_are_those_of_5_5_3():
    assert {kind: len(operations) for kind, operations in OPERATIONS.items()} == {
        "linear": 11,
        "nonlinear": 3,
        "region": 2,
    }


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_an_operation_answers_a_picture_by_the_seed_and_leaves_its_input(kind, name):
    before = PICTURE.copy()
    changed = 0
    for seed in range(6):
        made = OPERATIONS[kind][name](np.random.default_rng(seed), PICTURE)
        again = OPERATIONS[kind][name](np.random.default_rng(seed), PICTURE)
        assert made.shape == PICTURE.shape and made.dtype == np.float32 and made.min() >= 0 and made.max() <= 1
        assert np.array_equal(made, again)
        changed += not np.array_equal(made, PICTURE)
        assert np.isfinite(OPERATIONS[kind][name](np.random.default_rng(seed), BLACK)).all()
    assert changed >= 5 and np.array_equal(PICTURE, before)


@pytest.mark.parametrize("name", ["linear contrast", "brightness adjustment", "multiply"])
def test_linear_operations_obey_the_composition_equation(name):
    """(5.2): the composition changed is the composition of what is changed, where nothing is cut off."""
    rng = np.random.default_rng(1)
    front, back = (0.45 + 0.1 * rng.random((8, 8, 3), np.float32) for _ in range(2))
    alpha = rng.random((8, 8, 1), np.float32)
    act = lambda picture: OPERATIONS["linear"][name](np.random.default_rng(5), picture)  # noqa: E731
    whole = act(alpha * front + (1 - alpha) * back)
    assert np.allclose(whole, alpha * act(front) + (1 - alpha) * act(back), atol=1e-5)


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ("none", {"": 1.0}),
        ("af", {"af": 0.5, "": 0.5}),
        ("afb", {"afb": 0.5, "": 0.5}),
        ("af+afb", {"af": 0.25, "afb": 0.25, "": 0.5}),
        ("af+afb+ac", {"af": 0.25, "afb": 0.25, "": 0.5}),
    ],
)
def test_parts_are_changed_as_often_as_5_5_3_says(ways, expected, monkeypatch):
    monkeypatch.setattr(strong, "changed", lambda rng, picture, chances: (picture + 1, "linear"))
    rng = np.random.default_rng(2)
    small = np.zeros((1, 1, 3), np.float32)
    seen = Counter()
    for _ in range(2000):
        made = change_parts(rng, ways, small, small)
        seen[made.what] += 1
        assert (made.foreground.any(), made.background.any()) == (made.what != "", made.what == "afb")
    assert {what: count / 2000 for what, count in seen.items()} == pytest.approx(expected, abs=0.04)


def test_the_composed_image_is_changed_a_tenth_of_the_time_and_only_where_its_parts_were_not():
    rng = np.random.default_rng(3)
    small = np.full((4, 4, 3), 0.3, np.float32)
    kinds = Counter(change_composed(rng, "af+afb+ac", Changed(small, small), small)[1] for _ in range(6000))
    shares = {kind: kinds[kind] / 6000 for kind in ("", "linear", "nonlinear", "region")}
    assert shares == pytest.approx({"": 0.9, "linear": 0.02, "nonlinear": 0.04, "region": 0.04}, abs=0.012)
    for what in ("af", "afb"):
        assert change_composed(rng, "af+afb+ac", Changed(small, small, what), small) == (small, "")
    assert {change_composed(rng, "af+afb", Changed(small, small), small)[1] for _ in range(200)} == {""}


def test_blur_and_jpeg_each_come_a_quarter_of_the_time_and_do_to_alpha_what_they_do_to_the_image(monkeypatch):
    monkeypatch.setattr(strong, "gaussian_blur", lambda rng, picture: picture + 1 + rng.random())
    monkeypatch.setattr(strong, "jpeg_compression", lambda rng, picture: picture + 4)
    rng, small = np.random.default_rng(6), np.zeros((2, 2, 3))
    seen = Counter()
    for _ in range(2000):
        image, alpha = strong.degraded(rng, "da+alpha", small, small[..., 0])
        assert np.array_equal(image[..., 0], alpha)
        seen[min(int(image[0, 0, 0]), 5)] += 1
    shares = [seen[what] / 2000 for what in (0, 1, 4, 5)]
    assert shares == pytest.approx([0.5625, 0.1875, 0.1875, 0.0625], abs=0.03)
    for ways in ("none", "af+afb+ac"):
        assert strong.degraded(rng, ways, small, small[..., 0])[0] is small


def test_kinds_before_composing_come_as_5_7_3_says():
    rng = np.random.default_rng(4)
    small = np.full((4, 4, 3), 0.3, np.float32)
    kinds = Counter(strong.changed(rng, small, strong.BEFORE_COMPOSING)[1] for _ in range(2000))
    assert {kind: count / 2000 for kind, count in kinds.items()} == pytest.approx(
        {"linear": 0.8, "nonlinear": 0.1, "region": 0.1}, abs=0.04
    )
