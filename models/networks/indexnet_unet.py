"""MobileNetV2 encoder and decoder of the matting networks of thesis 3.6.1: SegNet and UNet style, B5 to B11 and kin.

    layer0 ─ halve ─ layer1 ─ layer2 ─ halve ─ ... ─ layer6 ─ halve ─ layer7
      │        │                │        │              │        │      │
      │        └── guide ──────┐│        └── guide ─┐   │        │   dconv_pp (ASPP or 1 x 1)
      │                        ││                   │   │        │      │
    decoder_layer0 ─ ... ─ enlarge ─ decoder_layer2 ─ ...  decoder_layer6 ─ double

Layers 0, 2, 3, 4 and 6 are halved. How, and how the decoder undoes it, is what the papers compare: ``PooledMobileNet``
leaves that to its subclasses. Names of parameters are as in the checkpoints that IndexNet's authors published, hence a
network *is* its encoder and holds ``layer0`` itself.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.mobilenet_v2 import MobileNetV2Layers, scaled
from models.networks.context.aspp import ASPP
from models.networks.conv_bn import Join, begin_halfway, conv_bn
from models.networks.upsampling.carafe import Carafe
from models.networks.upsampling.max_index import holistic_max_pooling, max_pooling, max_unpooling

Halved = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]
"""What a halved feature is to the decoder (its skip), to the next layer, and as a guide for enlarging again."""


class DecoderLayer(nn.Module):
    """Joins the feature from below with the encoder's of the same size, and convolves, 5 x 5 in the papers."""

    def __init__(self, cin: int, cout: int, kernel: int = 5, fusion: str = "concat") -> None:
        super().__init__()
        self.join = Join(fusion)
        self.dconv = conv_bn(2 * cin if fusion == "concat" else cin, cout, kernel)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Two (N, cin, h, w) to (N, cout, h, w)."""
        return self.dconv(self.join(x, skip))


def prediction(cin: int, kernel: int = 5) -> nn.Sequential:
    """The last two convolutions, (N, cin, H, W) to raw alpha (N, 1, H, W), which may be negative."""
    reduced = conv_bn(cin, 1, kernel)
    alpha = nn.Conv2d(1, 1, kernel, padding=kernel // 2, bias=False)
    begin_halfway(reduced[1], alpha)
    return nn.Sequential(reduced, alpha)


class PooledMobileNet(MobileNetV2Layers):
    """The encoder-decoder; (N, ``channels``, H, W), multiples of 32, to raw alpha (N, 1, H, W).

    A subclass says how to ``halve`` and ``enlarge``, and calls ``add_decoder`` after it has its own parameters.
    """

    def __init__(self, channels: int = 4, width: float = 1) -> None:
        super().__init__(channels, width, pooled=True)
        self.width = width

    def add_decoder(self, fusion: str = "concat", context: str = "aspp", kernel: int = 5) -> None:
        """``fusion``: concat (UNet), skip (added) or none (SegNet); ``context``: aspp or none."""
        deepest, below = self.channels[7], self.channels[6]
        aspp = context == "aspp"
        self.dconv_pp = ASPP(deepest, below, branch=scaled(256, self.width)) if aspp else conv_bn(deepest, below, 1)
        for number in range(6, -1, -1):
            layer = DecoderLayer(self.channels[number], self.channels[max(number - 1, 0)], kernel, fusion)
            self.add_module(f"decoder_layer{number}", layer)
        self.pred = prediction(self.channels[0], kernel)

    def halve(self, number: int, feature: torch.Tensor) -> Halved:
        """Halve layer ``number``'s feature (N, C, H, W)."""
        raise NotImplementedError

    def enlarge(self, number: int, x: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w), before decoder layer ``number``, by what ``halve`` of that number left."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """(N, ``channels``, H, W), H and W multiples of 32, to raw alpha (N, 1, H, W)."""
        skips: list[torch.Tensor] = []
        guides: list[torch.Tensor | None] = []
        for number in range(7):
            skip = x = self.layer(number)(x)
            if number in self.halved_after:
                skip, x, guide = self.halve(number, skip)
                guides.append(guide)
            skips.append(skip)
        x = self.dconv_pp(self.layer(7)(x))
        for number in range(6, -1, -1):
            if number in self.halved_after:
                x = self.enlarge(number, x, guides.pop())
            x = self.get_submodule(f"decoder_layer{number}")(x, skips.pop())
        return self.pred(x)


class MaxIndexNet(PooledMobileNet):
    """B5 and B7 to B11: max pooling in the encoder, unpooling by its places in the decoder; B11-1.4 with a width."""

    def __init__(
        self,
        channels: int = 4,
        *,
        fusion: str = "concat",
        context: str = "aspp",
        width: float = 1,
        kernel: int = 5,
    ) -> None:
        super().__init__(channels, width)
        self.add_decoder(fusion, context, kernel)

    def halve(self, number: int, feature: torch.Tensor) -> Halved:
        """Max pooling; its places are the guide."""
        halved, places = max_pooling(feature)
        return feature, halved, places

    def enlarge(self, number: int, x: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
        """Unpooling."""
        assert guide is not None
        return max_unpooling(x, guide)


class HolisticMaxIndexNet(MaxIndexNet):
    """HMI of Table 3.4: as B11, but all channels are taken at the place of the strongest one's maximum."""

    def halve(self, number: int, feature: torch.Tensor) -> Halved:
        """Pooling at one place for all channels; these places are the guide."""
        halved, places = holistic_max_pooling(feature)
        return feature, halved, places


class BilinearNet(MaxIndexNet):
    """B6: max pooling whose places are lost; the decoder enlarges by bilinear interpolation."""

    def halve(self, number: int, feature: torch.Tensor) -> Halved:
        """Max pooling without a guide."""
        return feature, functional.max_pool2d(feature, 2), None

    def enlarge(self, number: int, x: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
        """Bilinear interpolation."""
        return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class CarafeNet(PooledMobileNet):
    """B11-carafe of Table 3.4: max pooling, and CARAFE where B11 unpools."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__(channels)
        self.add_decoder()
        for number in self.halved_after:
            # What is enlarged before decoder layer n has as many channels as layer n's feature, its skip.
            self.add_module(f"carafe{number}", Carafe(self.channels[number]))

    def halve(self, number: int, feature: torch.Tensor) -> Halved:
        """Max pooling without a guide: CARAFE sees the deeper feature alone."""
        return feature, functional.max_pool2d(feature, 2), None

    def enlarge(self, number: int, x: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
        """CARAFE, with parameters of its own at each stage."""
        return self.get_submodule(f"carafe{number}")(x)
