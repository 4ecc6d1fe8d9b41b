"""The losses of the four papers, each a number that falls as alpha nears the truth.

``alpha`` is the network's raw answer and ``truth`` the known matte, both (N, 1, H, W); ``unknown`` is a boolean
(N, 1, H, W), the trimap's unknown pixels. Each loss is formed for every picture by itself and then averaged over the
batch, so that gradients gathered over small batches are those of a large one.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from models.networks.pspm_affinity import PixelAffinity

EPSILON = 1e-6
"""DIM's and IndexNet's: |d| is taken as sqrt(d^2 + EPSILON^2), which has a slope everywhere."""
SMOOTHNESS = 0.01
"""lambda of Equation (5.4)."""
PYRAMID_LEVELS = 5
OTHER_REGIONS = 0.5
"""g_a = g_u + 0.5 g_o (6.4.2)."""


def mean_over(values: torch.Tensor, region: torch.Tensor | None, plus: float = 0) -> torch.Tensor:
    """Each picture's sum of ``values`` (N, C, H, W) over ``region`` (N, 1, H, W), by its size; the mean of these.

    The size is that of the region alone, so channels add up; ``plus`` is added to it. An empty region gives 0.
    None for the region takes the whole picture.
    """
    if region is None:
        region = torch.ones_like(values[:, :1], dtype=torch.bool)
    share = region.to(values.dtype)
    sums = (values * share).sum(dim=(1, 2, 3))
    sizes = share.sum(dim=(1, 2, 3))
    return (sums / (sizes + plus).clamp_min(1)).mean()


def alpha_prediction(
    alpha: torch.Tensor, truth: torch.Tensor, unknown: torch.Tensor | None, plus: float = 0
) -> torch.Tensor:
    """sqrt((alpha - truth)^2 + 1e-12), averaged over the unknown region (3.6.1); A2U divides by its size ``plus`` 1."""
    return mean_over(_smooth_distance(alpha - truth), unknown, plus)


def composition(
    alpha: torch.Tensor,
    image: torch.Tensor,
    foreground: torch.Tensor,
    background: torch.Tensor,
    unknown: torch.Tensor | None,
    plus: float = 0,
) -> torch.Tensor:
    """How far alpha F + (1 - alpha) B is from the image, over the unknown region (3.6.1).

    image, foreground, background: (N, 3, H, W) in [0, 1]. Distances as in ``alpha_prediction``, summed over the three
    channels.
    """
    made = alpha * foreground + (1 - alpha) * background
    return mean_over(_smooth_distance(made - image), unknown, plus)


def laplacian(alpha: torch.Tensor, truth: torch.Tensor, levels: int = PYRAMID_LEVELS) -> torch.Tensor:
    """l_lap: sum over the pyramid's levels i = 1, 2, ... of 2^(i-1) times the mean |L_i(alpha) - L_i(truth)| (5.5.1).

    The coarsest level is what is left after the others. Pyramids are linear, so one of the difference suffices. A
    picture too small for ``levels`` has as many as it can.
    """
    loss = alpha.new_zeros(())
    for power, band in enumerate(_laplacian_bands(alpha - truth, levels)):
        loss = loss + 2**power * band.abs().mean()
    return loss


def gradient(alpha: torch.Tensor, truth: torch.Tensor, region: torch.Tensor | None = None) -> torch.Tensor:
    """l_g: mean |d/dx (alpha - truth)| + mean |d/dy (alpha - truth)|, forward differences, 0 at the far border."""
    return mean_over(_slopes(alpha - truth).abs(), region)


def gradient_with_penalty(
    alpha: torch.Tensor, truth: torch.Tensor, region: torch.Tensor | None = None, smoothness: float = SMOOTHNESS
) -> torch.Tensor:
    """l_gp, Equation (5.4): ``gradient`` and lambda times the mean |d/dx alpha| + |d/dy alpha| of the answer itself."""
    return gradient(alpha, truth, region) + smoothness * mean_over(_slopes(alpha).abs(), region)


def region_alpha(alpha: torch.Tensor, truth: torch.Tensor, region: torch.Tensor | None) -> torch.Tensor:
    """l_a, Equation (6.5): the mean |alpha - truth| over a region S: the unknown one, or None for the whole picture."""
    return mean_over((alpha - truth).abs(), region)


def region_fusion(
    alpha: torch.Tensor, truth: torch.Tensor, unknown: torch.Tensor, whole_weight: float = 10.0
) -> torch.Tensor:
    """l_aU + lambda_1 l_aI, the region-fusion constraint (6.4.1), lambda_1 = 10 (6.5.3)."""
    return region_alpha(alpha, truth, unknown) + whole_weight * region_alpha(alpha, truth, None)


def sobel_gradient(
    alpha: torch.Tensor, truth: torch.Tensor, unknown: torch.Tensor, other_weight: float = OTHER_REGIONS
) -> torch.Tensor:
    """g_a = g_u + 0.5 g_o (6.4.2), each l_g of Equations (6.6) to (6.8): mean |G_x| + mean |G_y| of the difference.

    G_x and G_y are Sobel's operator with its whole numbers, the border continued; it is linear, so it may be applied
    to the difference.
    """
    slopes = _sobel(alpha - truth).abs()
    return mean_over(slopes, unknown) + other_weight * mean_over(slopes, ~unknown)


def affinity(alpha: torch.Tensor, image: torch.Tensor, measure: PixelAffinity | None = None) -> torch.Tensor:
    """l_A, Equation (6.9): how far the affinities (6.4) of alpha and of the image are apart, both reduced.

    image: (N, 3, H, W). The norm is divided by the side of the matrix: the root of the mean square, which does not grow
    with the pixels and so stays in the range of the other losses, as 6.5.3 wants it.
    """
    measure = measure or PixelAffinity()
    difference = measure(alpha) - measure(image)
    return (difference.square().mean(dim=(1, 2)) + EPSILON**2).sqrt().mean()


def trimap_cross_entropy(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """L_c of Equation (6.3): cross-entropy of the logits (N, 3, H, W) of background, unknown, foreground.

    classes: (N, H, W) int64, 0, 1, 2 in that order.
    """
    return functional.cross_entropy(logits, classes)


def _smooth_distance(difference: torch.Tensor) -> torch.Tensor:
    return (difference.square() + EPSILON**2).sqrt()


def _slopes(plane: torch.Tensor) -> torch.Tensor:
    """(N, 1, H, W) to (N, 2, H, W): forward differences along x and y, 0 in the last column and row."""
    along_x = functional.pad(plane[..., :, 1:] - plane[..., :, :-1], (0, 1, 0, 0))
    along_y = functional.pad(plane[..., 1:, :] - plane[..., :-1, :], (0, 0, 0, 1))
    return torch.cat((along_x, along_y), dim=1)


def _sobel(plane: torch.Tensor) -> torch.Tensor:
    """(N, 1, H, W) to (N, 2, H, W): Sobel's slopes along x and y."""
    along_x = plane.new_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack((along_x, along_x.T))[:, None]
    return functional.conv2d(functional.pad(plane, (1, 1, 1, 1), mode="replicate"), kernels)


def _laplacian_bands(plane: torch.Tensor, levels: int) -> list[torch.Tensor]:
    """The pyramid of (N, 1, H, W), finest first; a band is what blurring to half the size takes away."""
    bands: list[torch.Tensor] = []
    while len(bands) < levels - 1 and min(plane.shape[-2:]) > 4:
        smaller = _blurred(plane)[..., ::2, ::2]
        bands.append(plane - _enlarged(smaller, plane))
        plane = smaller
    return [*bands, plane]


def _blurred(plane: torch.Tensor) -> torch.Tensor:
    """By the binomial (1, 4, 6, 4, 1) / 16 both ways, the border mirrored."""
    line = plane.new_tensor([1.0, 4, 6, 4, 1]) / 16
    kernel = (line[:, None] * line[None, :])[None, None]
    return functional.conv2d(functional.pad(plane, (2, 2, 2, 2), mode="reflect"), kernel)


def _enlarged(plane: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Values at every second pixel, zeros between, blurred; times 4, since three of four are zeros."""
    spread = torch.zeros_like(like)
    spread[..., ::2, ::2] = plane
    return 4 * _blurred(spread)
