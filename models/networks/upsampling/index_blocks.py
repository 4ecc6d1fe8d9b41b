"""Index blocks: small networks that say, for each 2 x 2 region of a feature, how much each of its four places matters.

Thesis 3.4.1 to 3.4.4. Five families, by what one place of the index map is computed from and for whom:

| family | index map | sees | shared by |
|---|---|---|---|
| holistic (Fig. 3.6) | (N, 1, H, W) | all channels | all channels |
| modelwise one-to-one | (N, C, H, W) | its own channel | all channels of all stages |
| shared stagewise one-to-one | (N, C, H, W) | its own channel | all channels of a stage |
| unshared stagewise one-to-one | (N, C, H, W) | its own channel | nobody |
| many-to-one | (N, C, H, W) | all channels | nobody |

Each is linear, nonlinear, or nonlinear with context (4 x 4 instead of 2 x 2): an ``IndexForm``. Names of parameters are
as in the authors' checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

NORMALISATIONS = ("sigmoid", "softmax", "softmax+sigmoid", "sigmoid+softmax")
"""Of the encoder's indices, Table 3.5. The decoder's are what stands before the plus."""

FAMILIES = ("holistic", "modelwise", "shared", "unshared", "many-to-one")


@dataclass(frozen=True)
class IndexForm:
    """What an index block of any family is made of; ``ValueError`` for a hidden width or normalisation that is none."""

    nonlinear: bool = False
    context: bool = False
    """The first convolution is 4 x 4 instead of 2 x 2, stride 2 all the same."""
    hidden: int = 2
    """A nonlinear block's hidden layer in multiples of C: 2 in the papers, 1 in the authors' published checkpoint."""
    normalisation: str = "sigmoid+softmax"

    def __post_init__(self) -> None:
        if self.hidden < 1:
            raise ValueError(f"An index block has no hidden layer of {self.hidden} C. Choose 1 or 2.")
        if self.normalisation not in NORMALISATIONS:
            raise ValueError(
                f"Indices are not normalised by {self.normalisation}. Choose {' or '.join(NORMALISATIONS)}."
            )


LINEAR = IndexForm()


def normalised(raw: torch.Tensor, how: str = "sigmoid+softmax") -> tuple[torch.Tensor, torch.Tensor]:
    """A raw index map (N, C, H, W) to the encoder's and the decoder's, same shape, in [0, 1].

    ``how`` is one of NORMALISATIONS (Table 3.5); the softmax is taken over the four places of a region. The papers'
    choice, ``sigmoid+softmax``, keeps the magnitude in indexed pooling and leaves the decoder's indices free.
    """
    if how == "sigmoid":
        indices = torch.sigmoid(raw)
        return indices, indices
    if how == "softmax":
        indices = _softmax(raw)
        return indices, indices
    if how == "softmax+sigmoid":
        for_decoder = _softmax(raw)
        return torch.sigmoid(for_decoder), for_decoder
    if how == "sigmoid+softmax":
        for_decoder = torch.sigmoid(raw)
        return _shares(torch.exp(for_decoder)), for_decoder
    raise ValueError(f"Indices are not normalised by {how}. Choose {' or '.join(NORMALISATIONS)}.")


def _softmax(index_map: torch.Tensor) -> torch.Tensor:
    """Over the four places of each region. The largest is taken away first, lest the exponential overflows."""
    largest = _enlarged(functional.max_pool2d(index_map.detach(), 2))
    return _shares(torch.exp(index_map - largest))


def _shares(weights: torch.Tensor) -> torch.Tensor:
    """Each weight's share in the sum of its 2 x 2 region; (N, C, H, W). Without gradients, written over the weights."""
    sums = _enlarged(functional.avg_pool2d(weights, 2, divisor_override=1))
    return weights / sums if torch.is_grad_enabled() else weights.div_(sums)


def _enlarged(x: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def laid_out(columns: Sequence[torch.Tensor]) -> torch.Tensor:
    """Four (N, C, h, w), one for each place of the regions in reading order, to the index map (N, C, 2h, 2w).

    The map lies in memory as the columns do: a mixture of layouts would make what follows several times slower.
    """
    first = columns[0]
    last = first.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    batch, channels, height, width = first.shape
    index_map = torch.empty(
        (batch, channels, 2 * height, 2 * width), dtype=first.dtype, device=first.device, memory_format=layout
    )
    for place, column in enumerate(columns):
        index_map[:, :, place // 2 :: 2, place % 2 :: 2] = column
    return index_map


def _column(cin: int, cout: int, groups: int, form: IndexForm) -> nn.Sequential:
    """The convolutions that answer at half the size; linear: one, nonlinear: two with batch norm and ReLU6 between."""
    kernel, padding = (4, 1) if form.context else (2, 0)
    if not form.nonlinear:
        return nn.Sequential(nn.Conv2d(cin, cout, kernel, 2, padding, groups=groups, bias=False))
    wide = form.hidden * cin
    return nn.Sequential(
        nn.Conv2d(cin, wide, kernel, 2, padding, groups=groups, bias=False),
        nn.BatchNorm2d(wide),
        nn.ReLU6(inplace=True),
        nn.Conv2d(wide, cout, 1, groups=groups, bias=False),
    )


class IndexBlock(nn.Module):
    """Base of the index blocks: normalises what a family's ``raw`` says and lays it out."""

    def __init__(self, form: IndexForm) -> None:
        super().__init__()
        self.normalisation = form.normalisation

    def raw(self, x: torch.Tensor) -> torch.Tensor:
        """The index map before it is normalised, (N, C or 1, H, W), of a feature (N, C, H, W), H and W even."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The encoder's and the decoder's index map, (N, C or 1, H, W), of a feature (N, C, H, W), H and W even."""
        return normalised(self.raw(x), self.normalisation)


class HolisticIndexBlock(IndexBlock):
    """One index map for all channels, from all channels (Fig. 3.6)."""

    def __init__(self, channels: int, form: IndexForm = LINEAR) -> None:
        super().__init__(form)
        column = _column(channels, 4, 1, form)
        # The published linear one is a bare convolution: its weight is indexnet.weight, not indexnet.0.weight.
        self.indexnet = column if form.nonlinear else column[0]

    def raw(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, 1, H, W): one convolution's four channels are the four places."""
        return laid_out(self.indexnet(x).contiguous().split(1, dim=1))


class DepthwiseIndexBlock(IndexBlock):
    """An index map for each channel: four columns, each for one place of the 2 x 2 regions (Fig. 3.7).

    ``groups`` is C for unshared one-to-one (each channel its own function of itself) and 1 for many-to-one.
    """

    def __init__(self, channels: int, groups: int, form: IndexForm = LINEAR) -> None:
        super().__init__(form)
        self.indexnet1 = _column(channels, channels, groups, form)
        self.indexnet2 = _column(channels, channels, groups, form)
        self.indexnet3 = _column(channels, channels, groups, form)
        self.indexnet4 = _column(channels, channels, groups, form)

    def raw(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
        return laid_out((self.indexnet1(x), self.indexnet2(x), self.indexnet3(x), self.indexnet4(x)))


class SharedIndexBlock(DepthwiseIndexBlock):
    """One function of one channel, applied to every channel alike: the feature's channels become a batch.

    The same block for every stage makes the modelwise family, one for each stage the shared stagewise one.
    """

    def __init__(self, form: IndexForm = LINEAR) -> None:
        super().__init__(1, 1, form)

    def raw(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
        raw = super().raw(x.reshape(-1, 1, *x.shape[2:])).reshape(x.shape)
        last = x.is_contiguous(memory_format=torch.channels_last)
        return raw.contiguous(memory_format=torch.channels_last) if last else raw


def index_block(family: str, channels: int, form: IndexForm = LINEAR) -> IndexBlock:
    """The block of a family (FAMILIES) for a feature of ``channels``; ``ValueError`` for a family that is none.

    A modelwise and a shared stagewise block are the same; who asks uses the former for all stages.
    """
    if family == "holistic":
        return HolisticIndexBlock(channels, form)
    if family in ("modelwise", "shared"):
        return SharedIndexBlock(form)
    if family in ("unshared", "many-to-one"):
        return DepthwiseIndexBlock(channels, channels if family == "unshared" else 1, form)
    raise ValueError(f"There is no family of index blocks {family}. Choose one of {', '.join(FAMILIES)}.")
