"""The optimiser and the learning rate of a recipe, and what of a network keeps still."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from models.training.recipes import Recipe

POLY_POWER = 0.9
"""Of (1 - iter / max_iter)^0.9 (6.5.2)."""


def rate_share(recipe: Recipe, step: int) -> float:
    """What share of ``recipe.rate`` holds in step 0, 1, 2, ...: a function of the step alone, so a resume is exact."""
    if recipe.schedule == "drops":
        return 0.1 ** sum(step >= drop for drop in recipe.drops)
    if recipe.schedule == "poly":
        reached = step // recipe.every * recipe.every
        return max(0.0, 1 - reached / recipe.steps) ** POLY_POWER
    if recipe.schedule == "cosine":
        if step < recipe.warmup:
            return (step + 1) / recipe.warmup
        through = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, through)))
    return 1.0


def make_optimiser(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """The recipe's optimiser over all weights that may change; call ``set_rate`` before each step."""
    named = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    if not named:
        raise ValueError("All weights of the network are frozen. Name less in the setting frozen.")
    slow = [weight for name, weight in named if name.startswith(recipe.backbone)]
    fast = [weight for name, weight in named if not name.startswith(recipe.backbone)]
    shares = ((fast, 1.0), (slow, recipe.backbone_rate))
    groups: list[dict[str, Any]] = [{"params": weights, "share": share} for weights, share in shares if weights]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, recipe.rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, recipe.rate, weight_decay=recipe.weight_decay)


def set_rate(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int) -> float:
    """Give every group its rate for this step; the rate of the fast one."""
    rate = recipe.rate * rate_share(recipe, step)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]
    return rate


def hold_still(recipe: Recipe, network: nn.Module) -> None:
    """Let the frozen weights, and the backbone's norms where they are fixed, take no slope."""
    for name, weight in network.named_parameters():
        if recipe.frozen and name.startswith(recipe.frozen):
            weight.requires_grad_(False)
    for norm in _fixed_norms(recipe, network):
        for weight in norm.parameters(recurse=False):
            weight.requires_grad_(False)


def to_training(recipe: Recipe, network: nn.Module) -> None:
    """Training mode for all but the norms that keep their statistics: fixed ones, and those of frozen modules."""
    network.train()
    for norm in _fixed_norms(recipe, network):
        norm.eval()


def _fixed_norms(recipe: Recipe, network: nn.Module) -> Iterator[nn.Module]:
    beginnings = (*recipe.frozen, *(recipe.backbone if recipe.fixed_norms else ()))
    for name, module in network.named_modules():
        if beginnings and f"{name}.".startswith(beginnings) and "running_mean" in dict(module.named_buffers("", False)):
            yield module


def slope_norm(weights: Iterable[nn.Parameter]) -> torch.Tensor:
    """The norm of all slopes together; not finite where one of them is not."""
    slopes = [weight.grad.detach().norm() for weight in weights if weight.grad is not None]
    return torch.stack(slopes).norm() if slopes else torch.zeros(())
