"""Batch norm taken into the convolution before it: the same answer with one pass over memory less for each."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fuse_batch_norms(network: nn.Module) -> int:
    """Fuse each convolution and batch norm that follow each other in an ``nn.Sequential``; how many there were.

    The network is changed in place, must be in evaluation mode and can be trained no more.
    """
    fused = 0
    for sequence in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for (first, conv), (second, norm) in pairwise(list(sequence.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(sequence, first, fuse_conv_bn_eval(conv, norm))
                setattr(sequence, second, nn.Identity())
                fused += 1
    return fused
