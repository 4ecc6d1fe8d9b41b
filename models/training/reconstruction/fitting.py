"""Training one reconstruction network, and asking it for its answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.networks.reconstruction import Reconstruction
from models.networks.upsampling.operators import Pair, make
from models.networks.upsampling.pairing import Operator
from models.training.reconstruction.digits import spread
from models.training.reconstruction.rows import Half, Row
from models.training.reconstruction.schedule import Schedule

Progress = Callable[[float, str], None]
_ANSWERED_AT_ONCE = 250
_LOSS_OVER = 50
"""The loss that is told is the mean over so many of the last steps."""


@dataclass(frozen=True)
class Fitted:
    """A trained network in evaluation mode, the loss at the end, the steps, and the seconds that it took.

    ``cpu_seconds`` are what all threads worked, whatever else the machine did.
    """

    network: Reconstruction
    loss: float
    steps: int
    seconds: float
    cpu_seconds: float


def build(row: Row) -> Reconstruction:
    """The network with the row's operators, its weights random."""

    def operator(channels: int) -> Operator:
        down = _half(row.down, channels)
        return down if row.up is None else Pair(down, _half(row.up, channels))

    return Reconstruction(operator, one_for_all=row.one_for_all)


def fit(
    row: Row, pictures: NDArray[np.uint8], schedule: Schedule, seed: int, progress: Progress, device: str = "cpu"
) -> Fitted:
    """Train the row's network on ``pictures`` (count, 32, 32) by the l1 loss and SGD (4.8.1).

    First weights and the order of the pictures follow from ``seed`` alone, so they are the same for all rows.
    ``ValueError`` with a sentence where the loss is no number any more.
    """
    steps = schedule.steps(len(pictures))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(row).to(device).train()
    optimiser = torch.optim.SGD(network.parameters(), schedule.rate, momentum=schedule.momentum)
    losses: list[float] = []
    begun, worked = time.perf_counter(), time.process_time()
    for step, batch in enumerate(_batches(pictures, schedule, seed)):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step / steps)
        truth = _as_tensor(batch, device)
        loss = (network(truth) - truth).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses = [*losses[1 - _LOSS_OVER :], loss.item()]
        if not math.isfinite(losses[-1]):
            raise ValueError(f"The loss of {row.name} is no number after {step + 1} steps. Take a lower --rate.")
        progress((step + 1) / steps, f"loss {np.mean(losses):.4f}")
    return Fitted(
        network.eval(), float(np.mean(losses)), steps, time.perf_counter() - begun, time.process_time() - worked
    )


def answers(network: nn.Module, pictures: NDArray[np.uint8], device: str = "cpu") -> NDArray[np.float32]:
    """What the network makes of pictures (count, 32, 32): the same shape, as it says it, unclipped, white being 1."""
    made: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for first in range(0, len(pictures), _ANSWERED_AT_ONCE):
            batch = _as_tensor(pictures[first : first + _ANSWERED_AT_ONCE], device)
            made.append(network(batch)[:, 0].float().cpu().numpy())
    return np.concatenate(made)


def _half(half: Half, channels: int) -> Operator:
    return make(half.operator, channels, **half.settings)


def _batches(pictures: NDArray[np.uint8], schedule: Schedule, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Every picture once an epoch, in an order of its own; those that make no whole batch are left out of it."""
    rng = np.random.default_rng(seed)
    taken = spread(pictures, schedule.images)
    for _ in range(schedule.epochs):
        order = rng.permutation(len(taken))
        for first in range(0, len(taken) - schedule.batch + 1, schedule.batch):
            yield taken[order[first : first + schedule.batch]]


def _as_tensor(pictures: NDArray[np.uint8], device: str) -> torch.Tensor:
    """(N, h, w) bytes to (N, 1, h, w) in [0, 1]."""
    return torch.from_numpy(pictures).to(device, torch.float32)[:, None] / 255
