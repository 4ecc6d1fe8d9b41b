"""The running average of a network's weights: steadier than the weights of any one step, and what is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import nn


class Average:
    """A twin of a network whose weights follow the network's, a little in each step."""

    def __init__(self, network: nn.Module, keep: float) -> None:
        """``keep``: what share of the average each step leaves, below 1; less in the first steps, which know little."""
        self.network = deepcopy(network).requires_grad_(False).eval()
        self._keep = keep

    def follow(self, network: nn.Module, step: int) -> None:
        """Move towards the network after step 0, 1, 2, ...; what is no fraction, like a counter, is taken over."""
        keep = min(self._keep, (1 + step) / (10 + step))
        own = self.network.state_dict()
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if value.is_floating_point():
                    own[name].lerp_(value, 1 - keep)
                else:
                    own[name].copy_(value)

    def take(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Start from an average that was kept; raises as ``load_state_dict`` does where it does not fit."""
        self.network.load_state_dict(dict(weights))
