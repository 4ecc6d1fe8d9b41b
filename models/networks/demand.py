"""How much memory and work a network takes for a piece of any size, found without running it, on the meta device.

There no tensor holds values, so a pass over any size costs the same. What tensors hold at the same time is added up,
and so are the multiplications between the ends of two layers, within which a run cannot be stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

_SIDES_PX = (256, 512)
_WORKSPACE = 1.4
"""What a process grows by beside the tensors that are reckoned, as a factor. Measured on pieces of 256 to 512 pixels
(two cores, resident memory looked at every 2 ms): A2U 0.9 to 1.5, PSPM-B5 0.9 to 1.1. RMat-M3 takes 0.3 to 0.4, since
attention is reckoned with its weights written out, as some devices do, and the CPU's kernel does not.
"""


@dataclass(frozen=True)
class Pass:
    """What one pass takes: the most bytes of tensors alive at once, parameters apart; the most multiply-accumulates
    between the ends of two layers.
    """

    peak_bytes: int
    longest_macs: int


def follow(network: nn.Module, channels: int, height: int, width: int) -> Pass:
    """A pass over (1, ``channels``, height, width) in float32. ``network`` is on the meta device."""
    x = torch.zeros(1, channels, height, width, device="meta")
    with torch.no_grad(), _Followed() as followed:
        hooks = [m.register_forward_hook(followed.layer_ended) for m in network.modules() if not any(m.children())]
        try:
            network(x)
        finally:
            for hook in hooks:
                hook.remove()
    return Pass(followed.peak_bytes + x.untyped_storage().nbytes(), followed.longest_macs)


@dataclass(frozen=True)
class _Growth:
    """A quantity for any number of pixels: a part that grows with them, and one with their square (attention)."""

    linear: float
    square: float

    def at(self, pixels: int) -> float:
        return (self.linear + self.square * pixels) * pixels

    def most_pixels(self, limit: float) -> int:
        """The largest number of pixels at which the quantity keeps within the limit."""
        if self.square * limit < 1e-6 * self.linear**2:
            return int(limit / self.linear)
        # the positive root of square * p^2 + linear * p = limit
        return int(((self.linear**2 + 4 * self.square * limit) ** 0.5 - self.linear) / (2 * self.square))


class Demand:
    """What a network takes, for any number of pixels at a time."""

    def __init__(self, network: nn.Module, channels: int) -> None:
        """``network`` is on the meta device."""
        small, large = (follow(network, channels, side, side) for side in _SIDES_PX)
        self._bytes = _growth(small.peak_bytes, large.peak_bytes)
        self._macs = _growth(small.longest_macs, large.longest_macs)

    @classmethod
    def told(cls, bytes_per_pixel: int) -> Demand:
        """Of a network whose memory is known to grow by so much a pixel; its multiplications are not."""
        demand = cls.__new__(cls)
        demand._bytes, demand._macs = _Growth(bytes_per_pixel, 0.0), _Growth(1.0, 0.0)
        return demand

    def bytes_for(self, pixels: int) -> int:
        """What a pass over so many pixels takes of memory, workspace included, parameters apart."""
        return int(self._bytes.at(pixels) * _WORKSPACE)

    def pixels_for_bytes(self, limit: int) -> int:
        """The largest number of pixels for which ``bytes_for`` keeps within the limit."""
        return self._bytes.most_pixels(limit / _WORKSPACE)

    def pixels_for_macs(self, limit: int) -> int:
        """The largest number of pixels with no more multiply-accumulates than that between two layers' ends."""
        return self._macs.most_pixels(limit)


def _growth(at_small: int, at_large: int) -> _Growth:
    small, large = (side * side for side in _SIDES_PX)
    square = max(0.0, (at_large / large - at_small / small) / (large - small))
    return _Growth(max(1.0, at_small / small - square * small), square)


class _Followed(TorchDispatchMode):
    """Within this, what tensors made meanwhile hold at once and what is multiplied is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.peak_bytes = 0
        self.longest_macs = 0
        self._macs = 0
        self._alive: dict[StorageWeakRef, int] = {}

    def layer_ended(self, module: nn.Module, inputs: Any, answer: Any) -> None:
        """A forward hook."""
        self._macs = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(answer):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                self._alive[StorageWeakRef(storage)] = storage.nbytes()
        self._alive = {reference: size for reference, size in self._alive.items() if not reference.expired()}
        self.peak_bytes = max(self.peak_bytes, sum(self._alive.values()))
        flops = flop_registry.get(func.overloadpacket)
        if flops is not None:
            self._macs += flops(*args, **(kwargs or {}), out_val=answer) // 2
            self.longest_macs = max(self.longest_macs, self._macs)
        return answer
