"""LFA: low-level features assemble what the decoder has found (thesis 5.3, Attn(f_low, f_low, f_d)).

A transformer block like the encoder's, with two inputs: queries and keys from the skipped low-level feature, values
from the decoder's. Where two places look alike in the skip, their decoder features are brought together. Written with
1 x 1 convolutions on maps. Width, reduction, and the norms and reducing convolution that both inputs share are fitted
to Tables 5.3 and 5.7. The GFLOPs of 5.7 only come out with that convolution counted once: here it runs on both inputs
as one batch, which the papers' convention ignores.

Where a photo is worked on in pieces, this part sees its piece alone, unlike the encoder's attention. Measured on three
photos with filled weights, halved photos for the whole: the distance to the whole-image answer is 0.61 of its spread
with the piece's own keys and values, with those of the reduced photo, and with both; 0.18, 0.21 and 0.18 if the
encoder's keys were exact. So the cheapest stays.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.mix_transformer import (
    BLOCK_EPS,
    MLP_RATIO,
    attend,
    map_of,
    split_heads,
    tokens_of,
)
from models.networks.rmat_skips import WIDTH

_HEADS = 4
_REDUCTION = 2


def _norm(x: torch.Tensor, norm: nn.LayerNorm) -> torch.Tensor:
    """Layer norm over the channels of a map."""
    return map_of(norm(tokens_of(x)), x)


class LowLevelAttention(nn.Module):
    """Queries and keys of one map, values of another; keys and values from the maps reduced by 2."""

    def __init__(self, width: int = WIDTH, heads: int = _HEADS) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv2d(width, width, 1)
        self.key = nn.Conv2d(width, width, 1)
        self.value = nn.Conv2d(width, width, 1)
        self.reduce = nn.Conv2d(width, width, _REDUCTION, _REDUCTION)
        self.norm = nn.LayerNorm(width)
        self.project = nn.Conv2d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The low-level features and then the decoder's (2 N, C, H, W) to (N, C, H, W)."""
        low, deep = _norm(self.reduce(x), self.norm).chunk(2)
        keys, values = self._heads(self.key(low)), self._heads(self.value(deep))
        like = x[: len(x) // 2]
        return self.project(map_of(attend(self._heads(self.query(like)), keys, values), like))

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return split_heads(tokens_of(x), self.heads)


class LowLevelAssembling(nn.Module):
    """The block: attention and MLP, each after a norm and added to the decoder's feature."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.norm_in = nn.LayerNorm(width, BLOCK_EPS)
        self.attention = LowLevelAttention(width)
        self.norm_mlp = nn.LayerNorm(width, BLOCK_EPS)
        hidden = MLP_RATIO * width
        self.widen = nn.Conv2d(width, hidden, 1)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, 1, 1, groups=hidden)
        self.narrow = nn.Conv2d(hidden, width, 1)

    def forward(self, low: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        """Skipped feature and decoder feature (N, C, H, W), H and W even, to the refined decoder feature."""
        deep = deep + self.attention(_norm(torch.cat([low, deep]), self.norm_in))
        hidden = self.depthwise(self.widen(_norm(deep, self.norm_mlp)))
        return deep + self.narrow(functional.gelu(hidden))
