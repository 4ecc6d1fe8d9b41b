"""The operators that look at nothing but distances, or at their own learned kernels: the baselines of the papers.

Thesis, 3.5 and 4.2: nearest, bilinear, deconvolution, space to depth and pixel shuffle, strided convolution, pooling
and max unpooling.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from models.networks.upsampling.max_index import max_pooling, max_unpooling
from models.networks.upsampling.pairing import Guide, Operator

INTERPOLATIONS = ("nearest", "bilinear")


class Interpolation(Operator):
    """Enlarges by nearest neighbour or bilinear interpolation, corners not aligned."""

    shrinks = False

    def __init__(self, mode: str) -> None:
        """``ValueError`` for a mode that is neither nearest nor bilinear."""
        super().__init__()
        if mode not in INTERPOLATIONS:
            raise ValueError(f"There is no interpolation {mode}. Choose {' or '.join(INTERPOLATIONS)}.")
        self.mode = mode

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w)."""
        return functional.interpolate(x, scale_factor=2.0, mode=self.mode)


class Deconvolution(Operator):
    """Enlarges by a transposed convolution of stride 2, 4 x 4, so that each position sees four of the smaller map."""

    shrinks = False

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spread = nn.ConvTranspose2d(channels, channels, 4, 2, 1)

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w)."""
        return self.spread(x)


class StridedConvolution(Operator):
    """Shrinks by a 3 x 3 convolution of stride 2."""

    enlarges = False

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gather = nn.Conv2d(channels, channels, 3, 2, 1)

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, C, H/2, W/2)."""
        return self.gather(x)


class AveragePooling(Operator):
    """Shrinks to the mean of each 2 x 2 region."""

    enlarges = False

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, C, H/2, W/2)."""
        return functional.avg_pool2d(x, 2)


class SpaceToDepth(Operator):
    """Lays each 2 x 2 region into four channels, and back: nothing is lost, the smaller map is four times as deep."""

    widens = 4

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, 4C, H/2, W/2), in reading order."""
        return functional.pixel_unshuffle(x, 2)

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, 4C, h, w) to (N, C, 2h, 2w)."""
        return functional.pixel_shuffle(x, 2)


class PixelShuffle(Operator):
    """Enlarges by a 1 x 1 convolution to four times the channels, laid out over 2 x 2 regions."""

    shrinks = False

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.deepen = nn.Conv2d(channels, 4 * channels, 1)

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w)."""
        return functional.pixel_shuffle(self.deepen(x), 2)


class MaxPooling(Operator):
    """Shrinks to the largest of each 2 x 2 region, and puts values back to where the largest was, zero elsewhere."""

    def guide(self, features: Tensor) -> Guide:
        """The place of each region's largest value, row * W + column, (N, C, H/2, W/2)."""
        _, places = max_pooling(features)
        return Guide(places, places)

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, C, H/2, W/2): the values at the guide's places."""
        places = _places(guide.down)
        return x.flatten(2).gather(2, places.flatten(2)).unflatten(2, places.shape[2:])

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w)."""
        return max_unpooling(x, _places(guide.up))


def _places(places: Tensor | None) -> Tensor:
    if places is None:
        raise ValueError("Max unpooling needs the places that max pooling noted.")
    return places
