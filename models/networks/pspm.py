"""PSPM, portraits without a trimap (thesis chapter 6): cascades of two networks, and networks that share an encoder.

    cascade (Figure 6.2)                          shared (Figures 6.3 to 6.5)

    RGB ─ segmentation ─ classes ─ trimap M       RGB ─ encoder ┬ SegDecoder ─ classes
     └──────────────────────────┴ IndexNet ─ alpha              │       (M: B4, B5)
                                                                └ MatDecoder ─ alpha

All answer the logits of background, unknown, foreground (N, 3, H, W) and raw alpha (N, 1, H, W). Where the classes are
known beforehand, from a smaller copy of the photo or from the user's own marks, they come as channels 4 to 6: 1 where
it is background, unknown, foreground, else 0. Then segmentation is left out, and raw alpha is the only answer.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.indexnet import IndexNet
from models.networks.pspm_matting import PRIOR, Encoded, GuidedDecoder, MatDecoder, PriorBranch, SharedEncoder
from models.networks.pspm_segmentation import HIGH, SegmentationNetwork, enlarged, seg_decoder
from models.networks.pspm_trimap import CLASSES, decided, probabilities, summed

RGB = 3
TRIMAPS = ("decided", "summed", "classes")
Answers = tuple[torch.Tensor, ...]


def matting_network(channels: int) -> IndexNet:
    """IndexNet as chapter 6 takes it (6.5.2): many-to-one, "nonlinear + context"; RGB and the trimap's channels."""
    return IndexNet("many-to-one", nonlinear=True, context=True, channels=channels)


class EverythingUnknown(nn.Module):
    """A2 (6.5.5): IndexNet whose fourth channel says unknown everywhere; (N, 3, H, W) to raw alpha (N, 1, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.matting = matting_network(RGB + 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class; H and W are multiples of 32."""
        return self.matting(torch.cat((x, torch.full_like(x[:, :1], 128 / 255)), dim=1))


class Cascade(nn.Module):
    """B, B1 and B2: a segmentation network, and IndexNet that gets its answer for a trimap. H, W multiples of 32.

    ``trimap`` says how the answer is passed on: ``decided``, the likeliest class in each pixel, as a network trained by
    itself expects it (B); ``summed``, Equation (6.1), through which both train together (B1); ``classes``, the three
    probabilities as they are (B2, whose IndexNet takes 6 channels).
    """

    def __init__(self, segmentation: str = "deeplab", trimap: str = "summed") -> None:
        super().__init__()
        if trimap not in TRIMAPS:
            raise ValueError(f"A segmentation is not passed on {trimap}. Choose one of {', '.join(TRIMAPS)}.")
        self.trimap = trimap
        self.segmentation = SegmentationNetwork(segmentation)
        self.matting = matting_network(RGB + (CLASSES if trimap == "classes" else 1))

    def forward(self, x: torch.Tensor) -> Answers:
        """See the module."""
        if x.shape[1] > RGB:
            return (self.matte(x[:, :RGB], x[:, RGB:]),)
        logits = self.segmentation(x)
        return logits, self.matte(x, probabilities(logits))

    def matte(self, image: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """RGB and probabilities, both (N, 3, H, W), to raw alpha (N, 1, H, W)."""
        if self.trimap == "classes":
            prior = classes
        else:
            prior = summed(decided(classes) if self.trimap == "decided" else classes)
        return self.matting(torch.cat((image, prior), dim=1))


class SharedPortrait(nn.Module):
    """Base of B3, B4 and B5: one encoder, a SegDecoder, and a MatDecoder that may look at the classes. Multiples of 16.

    ``modulated`` adds FM to every layer of the encoder (6.5.7).
    """

    def __init__(self, segmentation: str = "deeplab", modulated: bool = False) -> None:
        super().__init__()
        self.encoder = SharedEncoder(modulated)
        self.seg_decoder = seg_decoder(segmentation)

    def matte(self, found: Encoded, classes: torch.Tensor) -> torch.Tensor:
        """What the encoder found, and the probabilities at 1/4 (N, 3, H/4, W/4), to raw alpha (N, 1, H, W)."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> Answers:
        """See the module."""
        found: Encoded = self.encoder(x[:, :RGB])
        if x.shape[1] > RGB:
            return (self.matte(found, functional.avg_pool2d(x[:, RGB:], 4)),)
        quarter = found.pooled[2]
        logits = self.seg_decoder(found.features[7], quarter)
        return enlarged(logits, x), self.matte(found, probabilities(enlarged(logits, quarter)))


class LateInteraction(SharedPortrait):
    """B3 (Figure 6.3): the decoders meet only in the loss. Other layouts than this would meet its counts too."""

    def __init__(self, segmentation: str = "deeplab", modulated: bool = False) -> None:
        super().__init__(segmentation, modulated)
        self.mat_decoder = MatDecoder()

    def matte(self, found: Encoded, classes: torch.Tensor) -> torch.Tensor:
        """The classes are not looked at."""
        return self.mat_decoder(found.features[7], found)


class FeatureFusion(SharedPortrait):
    """B4 (Figure 6.4): M at 1/4 is brought to 1/16, where the MatDecoder begins. Other layouts would fit as well."""

    def __init__(self, segmentation: str = "deeplab", modulated: bool = False) -> None:
        super().__init__(segmentation, modulated)
        self.prior = PriorBranch()
        self.mat_decoder = MatDecoder(HIGH + PRIOR)

    def matte(self, found: Encoded, classes: torch.Tensor) -> torch.Tensor:
        """M of Equation (6.1) is concatenated with the encoder's output."""
        return self.mat_decoder(torch.cat((found.features[7], self.prior(summed(classes))), dim=1), found)


class AttentionGuided(SharedPortrait):
    """B5 (Figure 6.5): the classes join the features at 1/4. Other layouts than this would meet its counts too."""

    def __init__(self, segmentation: str = "deeplab", modulated: bool = False) -> None:
        super().__init__(segmentation, modulated)
        self.mat_decoder = GuidedDecoder()

    def matte(self, found: Encoded, classes: torch.Tensor) -> torch.Tensor:
        """M at 1/4 goes in as its three classes, without being summed."""
        return self.mat_decoder(found, classes)
