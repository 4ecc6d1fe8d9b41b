"""RMat (thesis, chapter 5, Figure 5.3): a transformer for what is where, a convolution branch for detail, one decoder.

No code of the authors is known. The figure and the text fix the parts; widths and places are fitted to the parameters
of Tables 5.2 and 5.3 and the GFLOPs of Table 5.7, which other layouts might fit as well.

The chapter names no function that bounds the answer, so it is raw; as in the thesis's other networks, alpha is clipped
to [0, 1] afterwards and taken from the trimap where that is known.
"""

from __future__ import annotations

import torch
from torch import nn

from models.networks.backbones.mix_transformer import MixTransformer
from models.networks.rmat_decoder import Decoder
from models.networks.rmat_skips import ConvolutionBranch, TransformerSkips


class RMat(nn.Module):
    """``size``: b1 or b2 (encoders E1, E2); ``decoder``: conv, mlp or mlpdw; ``tskip``: mlp, mlpconv or conv."""

    def __init__(
        self,
        size: str = "b1",
        decoder: str = "conv",
        tskip: str = "mlp",
        lskip: bool = True,
        lfa: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = MixTransformer(size, channels=4)
        self.branch = ConvolutionBranch(channels=4) if lskip else None
        self.skips = TransformerSkips(tskip)
        self.decoder = Decoder(decoder, lfa)
        for part in (self.branch, self.skips, self.decoder):
            if part is not None:
                part.apply(_initialise)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised RGB and trimap / 255 (N, 4, H, W), H and W multiples of 32, to raw alpha (N, 1, H, W)."""
        maps = self.backbone(x)
        details = None if self.branch is None else self.branch(x)
        return self.decoder(self.skips(maps), details)


def _initialise(module: nn.Module) -> None:
    """Xavier for all but the backbone (thesis 5.5.1)."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
