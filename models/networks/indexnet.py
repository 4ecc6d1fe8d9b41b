"""IndexNet matting (thesis chapter 3; Lu et al. 2019, 2020): B11, with learned indices to pool and unpool by.

The fifteen index networks of Table 3.4 are the five families of index blocks, each linear, nonlinear, and nonlinear
with context, with hidden width 2C; the network whose weights the authors published is many-to-one with context and C.
"""

from __future__ import annotations

from typing import cast

import torch

from models.networks.indexnet_unet import Halved, PooledMobileNet
from models.networks.upsampling.index_blocks import IndexBlock, IndexForm, index_block
from models.networks.upsampling.indexed import indexed_pooling, indexed_upsampling


class IndexNet(PooledMobileNet):
    """(N, ``channels``, H, W), H and W multiples of 32, to raw alpha (N, 1, H, W).

    Index blocks ``index0``, ``index2``, ``index3``, ``index4`` and ``index6`` look at the layers of those numbers; the
    modelwise family has one for all of them, ``index``.
    """

    def __init__(
        self,
        family: str = "many-to-one",
        *,
        nonlinear: bool = False,
        context: bool = False,
        hidden: int = 2,
        normalisation: str = "sigmoid+softmax",
        channels: int = 4,
        pyramid: str = "aspp",
        kernel: int = 5,
        width: float = 1,
    ) -> None:
        """``family``: FAMILIES of ``index_blocks``; ``pyramid``: aspp or none, B11's or B10's context.

        ``width``: the share of the papers' channels that each layer has.
        """
        super().__init__(channels, width)
        form = IndexForm(nonlinear, context, hidden, normalisation)
        self.modelwise = family == "modelwise"
        if self.modelwise:
            self.index = index_block(family, 1, form)
        else:
            for number in self.halved_after:
                self.add_module(f"index{number}", index_block(family, self.channels[number], form))
        self.add_decoder("concat", pyramid, kernel)

    def index_block(self, number: int) -> IndexBlock:
        """The block that looks at layer ``number``: 0, 2, 3, 4 or 6."""
        return cast(IndexBlock, self.get_submodule("index" if self.modelwise else f"index{number}"))

    def halve(self, number: int, feature: torch.Tensor) -> Halved:
        """Indexed pooling. The skip is the feature as the encoder's indices modulate it, the guide the decoder's."""
        for_encoder, for_decoder = self.index_block(number)(feature)
        modulated = for_encoder * feature
        return modulated, indexed_pooling(modulated), for_decoder

    def enlarge(self, number: int, x: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
        """Indexed upsampling."""
        assert guide is not None
        return indexed_upsampling(x, guide)


_PUBLISHED = ("layer", "index", "dconv_pp.", "decoder_layer", "pred.")


def published_name(ours: str) -> str | None:
    """The name in the authors' checkpoints, without ``module.``, of an entry of our state dict: the same.

    None for what no network of their code has: the other architectures of Table 3.3, and CARAFE.
    """
    return ours if ours.startswith(_PUBLISHED) else None
