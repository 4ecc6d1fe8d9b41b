"""MiT, the pyramid transformer without position embedding of RMat's encoder (thesis 5.3; Xie et al. 2021, SegFormer).

Four stages at 1/4, 1/8, 1/16 and 1/32. Keys and values of the attention come from a map reduced by R = 8, 4, 2, 1, so
that every stage attends to as many tokens as the photo has cells of 32 x 32 pixels. There is no position embedding:
where a token stands it learns from the zero padding of the 3 x 3 depthwise convolutions between the linear layers, so
the picture's border is part of the input. The names of the parameters are the published ones.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from models.networks.whole_image import FromWholeImage, Summary

WIDTHS = (64, 128, 320, 512)
HEADS = (1, 2, 5, 8)
REDUCTIONS = (8, 4, 2, 1)
DEPTHS = {"b1": (2, 2, 2, 2), "b2": (3, 4, 6, 3)}
BLOCK_EPS = 1e-6
"""Of the norms in and after the blocks; those of patch embedding and attention keep torch's 1e-5."""
MLP_RATIO = 4
_CHUNK = 2**24
"""At most so many attention weights at a time, where a device's kernel writes them out."""


def tokens_of(x: torch.Tensor) -> torch.Tensor:
    """A map (N, C, H, W) as tokens (N, H * W, C)."""
    return x.flatten(2).transpose(1, 2)


def map_of(tokens: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Tokens (N, H * W, C) as a map (N, C, H, W), of the height and width of ``like``."""
    return tokens.transpose(1, 2).unflatten(2, like.shape[2:])


def split_heads(tokens: torch.Tensor, heads: int) -> torch.Tensor:
    """(N, L, C) to (N, heads, L, C / heads)."""
    return tokens.unflatten(2, (heads, -1)).transpose(1, 2)


def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """softmax(Q K^T / sqrt(d)) V, heads joined: (N, heads, L, d) and twice (N, heads, M, d) to (N, L, heads * d).

    Keys and values of one picture (1, heads, M, d) serve all N. In chunks of queries, so that memory grows with L + M
    on every device, also where the L x M matrix is written out.
    """
    keys, values = (t.expand(len(queries), -1, -1, -1) for t in (keys, values))
    rows = max(1, _CHUNK // (queries.shape[0] * queries.shape[1] * keys.shape[2]))
    chunks = [functional.scaled_dot_product_attention(part, keys, values) for part in queries.split(rows, dim=2)]
    return torch.cat(chunks, dim=2).transpose(1, 2).flatten(2)


class PatchEmbedding(nn.Module):
    """Overlapping patches as a strided convolution; a map in, a normalised map out."""

    def __init__(self, before: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(before, width, kernel, stride, kernel // 2)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, before, H, W) to (N, width, H / stride, W / stride)."""
        x = self.proj(x)
        return map_of(self.norm(tokens_of(x)), x)


class Attention(FromWholeImage):
    """Self-attention whose keys and values come from the map reduced by R (a convolution of stride R).

    They are what it takes from the whole picture. Of a photo worked on in pieces they come from the photo reduced, in
    the place of the piece's own: measured on RMat with filled weights and five photos halved, pieces were then 0.41 of
    the answer's spread (RMS, geometric mean) from the whole-image answer, against 0.97 for pieces that see themselves
    alone, 0.50 for both kinds of keys side by side, and 0.41 with the reduced ones weighted by the pixels they stand
    for. With the keys of the photo unreduced it would be 0.01 at a margin of 96 pixels.
    """

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads, self.reduction = heads, reduction
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        if reduction > 1:
            self.sr = nn.Conv2d(width, width, reduction, reduction)
            self.norm = nn.LayerNorm(width)

    def summarise(self, x: torch.Tensor) -> Summary:
        """Keys and values (N, heads, H * W / R^2, C / heads) of the map ``x``."""
        tokens = tokens_of(x) if self.reduction == 1 else self.norm(tokens_of(self.sr(x)))
        keys, values = self.kv(tokens).chunk(2, dim=2)
        return split_heads(keys, self.heads), split_heads(values, self.heads)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to tokens (N, H * W, C)."""
        keys, values = self.summary(x)
        return self.proj(attend(split_heads(self.q(tokens_of(x)), self.heads), keys, values))


class DepthwiseConv(nn.Module):
    """3 x 3, a channel each, zero padding: what tells the tokens where they stand."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 3, 1, 1, groups=width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A map to a map of the same shape."""
        return self.dwconv(x)


class MixMlp(nn.Module):
    """Linear, depthwise 3 x 3, GELU, linear."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, MLP_RATIO * width)
        self.dwconv = DepthwiseConv(MLP_RATIO * width)
        self.fc2 = nn.Linear(MLP_RATIO * width, width)

    def forward(self, tokens: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """Tokens (N, H * W, C) of a map of the size of ``like`` to tokens of the same shape."""
        hidden = self.dwconv(map_of(self.fc1(tokens), like))
        return self.fc2(functional.gelu(tokens_of(hidden)))


class Block(nn.Module):
    """Attention and MLP, each after a norm and added to what came in."""

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, BLOCK_EPS)
        self.attn = Attention(width, heads, reduction)
        self.norm2 = nn.LayerNorm(width, BLOCK_EPS)
        self.mlp = MixMlp(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A map (N, C, H, W) to one of the same shape."""
        tokens = tokens_of(x)
        tokens = tokens + self.attn(map_of(self.norm1(tokens), x))
        tokens = tokens + self.mlp(self.norm2(tokens), x)
        return map_of(tokens, x)


class MixTransformer(nn.Module):
    """MiT-B1 or B2 (``size``), with ``channels`` input channels: RGB, and the trimap as the fourth."""

    def __init__(self, size: str = "b1", channels: int = 4) -> None:
        super().__init__()
        if size not in DEPTHS:
            raise ValueError(f"There is no MiT-{size}. Choose one of {', '.join(DEPTHS)}.")
        before = (channels, *WIDTHS)
        for i, (width, heads, reduction, depth) in enumerate(
            zip(WIDTHS, HEADS, REDUCTIONS, DEPTHS[size], strict=True), start=1
        ):
            kernel, stride = (7, 4) if i == 1 else (3, 2)
            self.add_module(f"patch_embed{i}", PatchEmbedding(before[i - 1], width, kernel, stride))
            self.add_module(f"block{i}", nn.ModuleList(Block(width, heads, reduction) for _ in range(depth)))
            self.add_module(f"norm{i}", nn.LayerNorm(width, BLOCK_EPS))
        self.apply(_initialise)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(N, channels, H, W), H and W multiples of 32, to four maps, of 64, 128, 320, 512 channels at 1/4 to 1/32."""
        maps: list[torch.Tensor] = []
        for i in range(1, 5):
            x = self.get_submodule(f"patch_embed{i}")(x)
            for block in self.get_submodule(f"block{i}").children():
                x = block(x)
            x = map_of(self.get_submodule(f"norm{i}")(tokens_of(x)), x)
            maps.append(x)
        return tuple(maps)


def _initialise(module: nn.Module) -> None:
    """The values that MiT starts from: normal, 0.02 for linear layers, by fan-out for convolutions; no bias."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Conv2d):
        fan_out = module.weight[0, 0].numel() * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0, math.sqrt(2 / fan_out))
    if isinstance(module, (nn.Linear, nn.Conv2d)) and module.bias is not None:
        nn.init.zeros_(module.bias)
