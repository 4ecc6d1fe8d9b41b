"""Counting parameters and multiplications, the papers' way and the true one.

The papers count, at 224 x 224, the multiply-accumulates of convolutions alone: weight elements times output positions,
without biases, norms and activations, divided by 2^30. The tool behind RMat's table also counts linear layers on tokens
(N, L, C), but as L * Cout * L where L * Cin * Cout would be right; ``convention="tokens"`` repeats that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

PAPER_PX = 224
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_POINTWISE = {
    functional.batch_norm, functional.group_norm, functional.layer_norm, functional.relu, functional.hardtanh,
    functional.relu6, functional.leaky_relu, functional.gelu, functional.sigmoid, functional.softmax, torch.relu,
    torch.sigmoid, torch.softmax,
}  # fmt: skip


class _ShapesOnly(TorchFunctionMode):
    """Passes over what neither multiplies nor changes a shape; on the meta device that takes most of the time."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Hand on the input of a norm or an activation as it is; call everything else."""
        return args[0] if func in _POINTWISE and args else func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class Cost:
    """What a network costs: parameter elements, GFLOPs by the paper's convention, true multiply-accumulates."""

    parameters: int
    paper_gflops: float
    macs: int


def count(network: nn.Module, channels: int, convention: str = "convolutions", size_px: int = PAPER_PX) -> Cost:
    """Count one pass over (1, ``channels``, ``size_px``, ``size_px``). A network on the meta device costs no memory.

    Leaves the network in evaluation mode. True multiply-accumulates are those of convolutions and matrix products,
    computed kernels included.
    """
    if convention not in ("convolutions", "tokens"):
        raise ValueError(f"There is no counting convention {convention}. Choose convolutions or tokens.")
    network.eval()
    total = 0

    def add(module: nn.Module, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        nonlocal total
        total += _paper_macs(module, inputs[0], output, convention)

    hooks = [m.register_forward_hook(add) for m in network.modules() if _is_counted(m)]
    first = next(network.parameters())
    x = torch.zeros(1, channels, size_px, size_px, device=first.device)
    # the CPU's own kernel for attention hides its products from the counter; plain matrix products do not
    plain = sdpa_kernel(SDPBackend.MATH)
    try:
        with torch.no_grad(), plain, _ShapesOnly(), FlopCounterMode(display=False) as counter:
            network(x)
    finally:
        for hook in hooks:
            hook.remove()
    parameters = sum(p.numel() for p in network.parameters())
    return Cost(parameters, total / 2**30, counter.get_total_flops() // 2)


def _is_counted(module: nn.Module) -> bool:
    return isinstance(module, (*_CONVOLUTIONS, nn.ConvTranspose2d, nn.Linear))


def _paper_macs(module: nn.Module, x: torch.Tensor, output: torch.Tensor, convention: str) -> int:
    """Of one layer, with the batch ignored."""
    if isinstance(module, nn.Linear):
        tokens = x.shape[-2] if x.dim() == 3 else 1
        return tokens * module.out_features * tokens if convention == "tokens" and x.dim() == 3 else 0
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    positions = (x if isinstance(module, nn.ConvTranspose2d) else output).shape[2:]
    return weight.numel() * int(positions.numel())
