"""The segmentation branches of PSPM, on MobileNetV2 at output stride 16: DeepLabV3+ (6.3.1) and PSPNet (Table 6.7).

A SegDecoder turns what the encoder found into logits of background, unknown and foreground. It stands behind an encoder
of its own in the cascades (B, B1, B2), and behind the one it shares with matting in B3, B4 and B5.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.mobilenet_v2 import MobileNetV2
from models.networks.conv_bn import conv_bn
from models.networks.pspm_trimap import CLASSES
from models.networks.whole_image import FromWholeImage, Summary

OUTPUT_STRIDE = 16
LOW, HIGH = 24, 320
"""Channels of the features at 1/4 (layer 2) and at 1/16 (layer 7) of the picture's size."""
WIDTH = 256
DILATIONS = (6, 12, 18)
BINS = (1, 2, 3, 6)


def enlarged(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """(N, C, h, w) bilinearly at the height and width of ``like``."""
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


def _conv_bn_relu(cin: int, cout: int, kernel: int = 1, dilation: int = 1) -> nn.Sequential:
    """DeepLab and PSPNet use ReLU, not MobileNetV2's ReLU6."""
    return nn.Sequential(*conv_bn(cin, cout, kernel, dilation=dilation, activate=False), nn.ReLU(inplace=True))


class ImagePooling(FromWholeImage):
    """The whole picture's mean through a 1 x 1 convolution, in every pixel; (N, cin, H, W) to (N, cout, H, W)."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.project = _conv_bn_relu(cin, cout)

    def summarise(self, x: torch.Tensor) -> Summary:
        """(N, cin, H, W) to (N, cout, 1, 1)."""
        return (self.project(functional.adaptive_avg_pool2d(x, 1)),)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class."""
        (mean,) = self.summary(x)
        return mean.expand(x.shape[0], -1, *x.shape[2:])


class AtrousPyramid(nn.Module):
    """ASPP of DeepLabV3+ with full convolutions: 1 x 1, three dilated 3 x 3 and the image's mean, 256 channels each."""

    def __init__(self) -> None:
        super().__init__()
        self.point = _conv_bn_relu(HIGH, WIDTH)
        self.dilated = nn.ModuleList(_conv_bn_relu(HIGH, WIDTH, 3, dilation) for dilation in DILATIONS)
        self.image = ImagePooling(HIGH, WIDTH)
        self.project = _conv_bn_relu((len(DILATIONS) + 2) * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 320, h, w) to (N, 256, h, w)."""
        around = [dilated(x) for dilated in self.dilated]
        return self.project(torch.cat([self.point(x), *around, self.image(x)], dim=1))


class DeepLabDecoder(nn.Module):
    """DeepLabV3+: ASPP at 1/16, enlarged to 1/4, joined with the low-level feature there; ``outputs`` at 1/4."""

    def __init__(self, outputs: int = CLASSES) -> None:
        super().__init__()
        self.aspp = AtrousPyramid()
        self.low = _conv_bn_relu(LOW, 48)
        self.last = nn.Sequential(
            _conv_bn_relu(WIDTH + 48, WIDTH, 3),
            _conv_bn_relu(WIDTH, WIDTH, 3),
            nn.Conv2d(WIDTH, outputs, 1),
        )

    def forward(self, high: torch.Tensor, low: torch.Tensor) -> torch.Tensor:
        """X_1/16 (N, 320, H/16, W/16) and X_1/4 (N, 24, H/4, W/4) to logits (N, outputs, H/4, W/4)."""
        context = enlarged(self.aspp(high), low)
        return self.last(torch.cat((context, self.low(low)), dim=1))


class PyramidDecoder(nn.Module):
    """PSPNet: means over 1, 4, 9 and 36 parts of the picture, joined with the feature itself; logits at 1/16.

    Its parts lie where they lie in the whole picture, so in a piece of one they are the piece's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bins = nn.ModuleList(_conv_bn_relu(HIGH, WIDTH) for _ in BINS)
        self.last = nn.Sequential(
            _conv_bn_relu(HIGH + len(BINS) * WIDTH, WIDTH, 3),
            nn.Conv2d(WIDTH, CLASSES, 1),
        )

    def forward(self, high: torch.Tensor, low: torch.Tensor) -> torch.Tensor:
        """X_1/16 (N, 320, H/16, W/16) to logits (N, 3, H/16, W/16); X_1/4 is not looked at."""
        pooled = (functional.adaptive_avg_pool2d(high, parts) for parts in BINS)
        means = [enlarged(project(mean), high) for project, mean in zip(self.bins, pooled, strict=True)]
        return self.last(torch.cat([high, *means], dim=1))


def seg_decoder(kind: str) -> nn.Module:
    """The SegDecoder ``deeplab`` or ``pspnet``; ``ValueError`` for another."""
    if kind == "deeplab":
        return DeepLabDecoder()
    if kind == "pspnet":
        return PyramidDecoder()
    raise ValueError(f"There is no segmentation branch {kind}. Choose deeplab or pspnet.")


class SegmentationNetwork(nn.Module):
    """MobileNetV2 with strides and a SegDecoder: the upper half of Figure 6.2; logits at the input's size."""

    def __init__(self, kind: str = "deeplab") -> None:
        super().__init__()
        self.encoder = MobileNetV2(channels=3, output_stride=OUTPUT_STRIDE, pads_first=False)
        self.decoder = seg_decoder(kind)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised RGB (N, 3, H, W), H and W multiples of 16, to logits (N, 3, H, W)."""
        features = self.encoder(x)
        return enlarged(self.decoder(features[7], features[2]), x)
