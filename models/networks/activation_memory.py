"""How much memory a network takes while it runs, found without running it: its tensors are followed on the meta device.

There no tensor holds values, so a pass over any size costs milliseconds; what is alive at the same time is added up.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_SIDES_PX = (256, 512)
_WORKSPACE = 1.4
"""What libraries take beside the tensors themselves, as a factor; measured on the networks here (bench_networks)."""


def peak_bytes(network: nn.Module, channels: int, height: int, width: int) -> int:
    """The most bytes of float32 tensors alive at once in a pass over (1, ``channels``, height, width).

    ``network`` is on the meta device; its parameters are not counted.
    """
    x = torch.zeros(1, channels, height, width, device="meta")
    with torch.no_grad(), _Followed() as followed:
        network(x)
    return followed.peak + x.untyped_storage().nbytes()


class MemoryModel:
    """Bytes for any number of pixels: a part that grows with them, and one with their square (attention)."""

    def __init__(self, network: nn.Module, channels: int) -> None:
        """``network`` is on the meta device."""
        small, large = (side * side for side in _SIDES_PX)
        per_small, per_large = (peak_bytes(network, channels, side, side) / side**2 for side in _SIDES_PX)
        self._square = max(0.0, (per_large - per_small) / (large - small))
        self._linear = max(1.0, per_small - self._square * small)

    def bytes_for(self, pixels: int) -> int:
        """What a pass over so many pixels takes, workspace included."""
        return int((self._linear + self._square * pixels) * pixels * _WORKSPACE)

    def most_pixels(self, limit_bytes: int) -> int:
        """The largest number of pixels for which ``bytes_for`` keeps within the limit."""
        limit = limit_bytes / _WORKSPACE
        if self._square * limit < 1e-6 * self._linear**2:
            return int(limit / self._linear)
        # the positive root of square * p^2 + linear * p = limit
        return int(((self._linear**2 + 4 * self._square * limit) ** 0.5 - self._linear) / (2 * self._square))


class _Followed(TorchDispatchMode):
    """Within this, ``peak`` is the most bytes that tensors made meanwhile held at once."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._alive: dict[StorageWeakRef, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(answer):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                self._alive[StorageWeakRef(storage)] = storage.nbytes()
        self._alive = {reference: size for reference, size in self._alive.items() if not reference.expired()}
        self.peak = max(self.peak, sum(self._alive.values()))
        return answer
