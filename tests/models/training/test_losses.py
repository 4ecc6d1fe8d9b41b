"""Each loss against its formula, written out once more in numpy, and its slope against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from models.networks.pspm_affinity import PixelAffinity
from models.training import losses


@pytest.fixture
def planes() -> dict[str, np.ndarray]:
    """Two small pictures in float64: alpha and truth (2, 1, 12, 14), unknown, image, foreground, background."""
    rng = np.random.default_rng(4)
    shape = (2, 1, 12, 14)
    made = {name: rng.random(shape) for name in ("alpha", "truth")}
    made["unknown"] = rng.random(shape) < 0.4
    made |= {name: rng.random((2, 3, 12, 14)) for name in ("image", "foreground", "background")}
    return made


def tensors(planes):
    return {name: torch.from_numpy(plane) for name, plane in planes.items()}


def per_picture(values, region, plus=0.0):
    """Sum over the region by its size, for each picture; then their mean."""
    return np.mean([(v * r).sum() / (r.sum() + plus) for v, r in zip(values, region, strict=True)])


def distance(difference):
    return np.sqrt(difference**2 + 1e-12)


@pytest.mark.parametrize("plus", [0, 1])
def test_alpha_prediction_is_the_mean_distance_over_the_unknown_region(planes, plus):
    t = tensors(planes)
    found = losses.alpha_prediction(t["alpha"], t["truth"], t["unknown"], plus)
    expected = per_picture(distance(planes["alpha"] - planes["truth"]), planes["unknown"], plus)
    assert float(found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("plus", [0, 1])
def test_composition_compares_the_colours_that_alpha_makes(planes, plus):
    t = tensors(planes)
    found = losses.composition(t["alpha"], t["image"], t["foreground"], t["background"], t["unknown"], plus)
    a = planes["alpha"]
    made = a * planes["foreground"] + (1 - a) * planes["background"]
    expected = per_picture(distance(made - planes["image"]), planes["unknown"], plus)
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_a_picture_without_unknown_pixels_adds_nothing_and_breaks_nothing(planes):
    t = tensors(planes)
    nowhere = torch.zeros_like(t["unknown"])
    t["alpha"].requires_grad_()
    loss = losses.alpha_prediction(t["alpha"], t["truth"], nowhere)
    loss.backward()
    assert float(loss.detach()) == 0 and not t["alpha"].grad.any()


def test_losses_of_two_halves_average_to_the_loss_of_the_whole_batch(planes):
    t = tensors(planes)
    whole = losses.alpha_prediction(t["alpha"], t["truth"], t["unknown"])
    halves = [losses.alpha_prediction(t["alpha"][i, None], t["truth"][i, None], t["unknown"][i, None]) for i in (0, 1)]
    assert float(whole) == pytest.approx(float(sum(halves)) / 2, rel=1e-12)


def numpy_laplacian(difference, levels):
    """The pyramid once more with scipy's filters: mirrored borders, every second pixel."""
    line = np.array([1, 4, 6, 4, 1]) / 16
    blur = lambda p: ndimage.correlate(p, np.outer(line, line), mode="mirror")  # noqa: E731
    total, plane = 0.0, difference
    for level in range(levels - 1):
        if min(plane.shape) <= 4:
            levels = level + 1
            break
        small = blur(plane)[::2, ::2]
        spread = np.zeros_like(plane)
        spread[::2, ::2] = small
        total += 2**level * np.abs(plane - 4 * blur(spread)).mean()
        plane = small
    return total + 2 ** (levels - 1) * np.abs(plane).mean()


@pytest.mark.parametrize("levels", [1, 2, 3, 5])
def test_the_laplacian_loss_weighs_the_bands_of_the_difference(planes, levels):
    t = tensors(planes)
    expected = np.mean([numpy_laplacian(d[0], levels) for d in planes["alpha"] - planes["truth"]])
    assert float(losses.laplacian(t["alpha"], t["truth"], levels)) == pytest.approx(expected, rel=1e-12)


def test_the_laplacian_loss_of_a_constant_difference_lies_in_the_coarsest_level():
    truth = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    assert float(losses.laplacian(truth + 0.25, truth)) == pytest.approx(16 * 0.25, rel=1e-9)


def slopes(plane):
    x, y = np.zeros_like(plane), np.zeros_like(plane)
    x[..., :, :-1] = np.diff(plane, axis=-1)
    y[..., :-1, :] = np.diff(plane, axis=-2)
    return np.abs(x) + np.abs(y)


def test_the_gradient_losses_follow_equation_5_4(planes):
    t = tensors(planes)
    plain = per_picture(slopes(planes["alpha"] - planes["truth"]), planes["unknown"])
    penalty = per_picture(slopes(planes["alpha"]), planes["unknown"])
    assert float(losses.gradient(t["alpha"], t["truth"], t["unknown"])) == pytest.approx(plain, rel=1e-12)
    found = losses.gradient_with_penalty(t["alpha"], t["truth"], t["unknown"])
    assert float(found) == pytest.approx(plain + 0.01 * penalty, rel=1e-12)
    everywhere = float(losses.gradient(t["alpha"], t["truth"]))
    assert everywhere == pytest.approx(slopes(planes["alpha"] - planes["truth"]).sum(axis=(1, 2, 3)).mean() / (12 * 14))


def test_region_fusion_adds_ten_times_the_whole_picture(planes):
    t = tensors(planes)
    away = np.abs(planes["alpha"] - planes["truth"])
    expected = per_picture(away, planes["unknown"]) + 10 * away.mean()
    assert float(losses.region_fusion(t["alpha"], t["truth"], t["unknown"])) == pytest.approx(expected, rel=1e-12)


def test_the_sobel_loss_weighs_the_unknown_region_twice_as_the_others(planes):
    t = tensors(planes)
    difference = planes["alpha"] - planes["truth"]
    along = [np.stack([ndimage.sobel(d[0], axis=axis, mode="nearest")[None] for d in difference]) for axis in (0, 1)]
    strength = np.abs(along[0]) + np.abs(along[1])
    unknown = planes["unknown"]
    expected = per_picture(strength, unknown) + 0.5 * per_picture(strength, ~unknown)
    assert float(losses.sobel_gradient(t["alpha"], t["truth"], t["unknown"])) == pytest.approx(expected, rel=1e-12)


def test_the_affinity_loss_compares_how_alike_pixels_are(planes):
    t = tensors(planes)
    found = losses.affinity(t["alpha"], t["image"], PixelAffinity(2))
    expected = []
    for alpha, image in zip(planes["alpha"], planes["image"], strict=True):
        matrices = []
        for picture in (alpha, image):
            pixels = picture.reshape(len(picture), 2, 6, 2, 7).mean(axis=(2, 4)).reshape(len(picture), -1)
            squares = ((pixels[:, :, None] - pixels[:, None, :]) ** 2).sum(axis=0)
            matrices.append(np.exp(-squares / squares.max()))
        expected.append(np.sqrt(((matrices[0] - matrices[1]) ** 2).mean()))
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-6)


def test_the_cross_entropy_is_the_mean_surprise_at_the_true_class():
    rng = np.random.default_rng(5)
    logits, classes = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(np.take_along_axis(shares, classes[:, None], axis=1)).mean()
    found = losses.trimap_cross_entropy(torch.from_numpy(logits), torch.from_numpy(classes))
    assert float(found) == pytest.approx(expected, rel=1e-12)


SLOPED = {
    "alpha prediction": lambda a, t: losses.alpha_prediction(a, t["truth"], t["unknown"]),
    "composition": lambda a, t: losses.composition(a, t["image"], t["foreground"], t["background"], t["unknown"], 1),
    "laplacian": lambda a, t: losses.laplacian(a, t["truth"], 3),
    "gradient": lambda a, t: losses.gradient(a, t["truth"], t["unknown"]),
    "gradient with penalty": lambda a, t: losses.gradient_with_penalty(a, t["truth"], t["unknown"]),
    "region fusion": lambda a, t: losses.region_fusion(a, t["truth"], t["unknown"]),
    "sobel": lambda a, t: losses.sobel_gradient(a, t["truth"], t["unknown"]),
    "affinity": lambda a, t: losses.affinity(a, t["image"], PixelAffinity(4)),
}


@pytest.mark.parametrize("name", SLOPED)
def test_the_slope_of_a_loss_is_that_of_its_values(planes, name):
    t = tensors(planes)
    alpha = t["alpha"].clone().requires_grad_()
    SLOPED[name](alpha, t).backward()
    rng = np.random.default_rng(6)
    for index in rng.integers(0, alpha.numel(), 12):
        step = torch.zeros(alpha.numel(), dtype=torch.float64)
        step[index] = 1e-6
        step = step.reshape(alpha.shape)
        with torch.no_grad():
            rise = float(SLOPED[name](alpha + step, t) - SLOPED[name](alpha - step, t)) / 2e-6
        assert float(alpha.grad.flatten()[index]) == pytest.approx(rise, abs=1e-6, rel=1e-5)


def test_the_slope_of_the_cross_entropy_is_the_share_less_the_truth():
    logits = torch.tensor([[0.2, -1.0, 0.5]], dtype=torch.float64)[..., None, None].requires_grad_()
    losses.trimap_cross_entropy(logits, torch.tensor([[[2]]])).backward()
    expected = torch.softmax(logits.detach(), dim=1)
    expected[0, 2] -= 1
    assert torch.allclose(logits.grad, expected)


@pytest.mark.parametrize("name", [n for n in SLOPED if n not in ("composition", "affinity", "gradient with penalty")])
def test_a_loss_is_nothing_at_the_truth(planes, name):
    t = tensors(planes)
    assert float(SLOPED[name](t["truth"].clone(), t)) < 2e-6
