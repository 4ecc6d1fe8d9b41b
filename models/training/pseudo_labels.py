"""AC's pseudo labels (thesis 5.4.2): what a changed image's matte is, by the network's own present opinion."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import torch

from models.prepare import BACKGROUND, FOREGROUND
from models.training.batch import Batch

SHUFFLES = tuple(order for order in permutations(range(3)) if order != (0, 1, 2))
Predict = Callable[[Batch], torch.Tensor]


def relabelled(batch: Batch, predict: Predict, seed: int) -> Batch:
    """The batch with new training samples in the place of the pictures marked ``pseudo``; others are as they were.

    Their alpha is predicted with the weights that the last step left, kept to what the trimap knows. Then image, alpha
    and trimap are turned by a quarter, half or three quarters, or the image's channels are shuffled, one or the other
    by chance: the network is to say the same of what looks different. Pictures must be square.
    """
    chosen = torch.nonzero(batch.pseudo)[:, 0].tolist()
    if not chosen:
        return batch
    rng = np.random.default_rng(seed)
    asked = batch.only(chosen)
    labels = _kept(predict(asked).detach().float(), asked.trimap)
    image, alpha, trimap = batch.image.clone(), batch.alpha.clone(), batch.trimap.clone()
    for place, label in zip(chosen, labels, strict=True):
        turns, order = _change(rng)
        image[place] = torch.rot90(image[place], turns, (1, 2))[list(order)]
        alpha[place] = torch.rot90(label, turns, (1, 2))
        trimap[place] = torch.rot90(trimap[place], turns, (1, 2))
    return batch.with_pictures(image, alpha, trimap)


def _change(rng: np.random.Generator) -> tuple[int, tuple[int, ...]]:
    """Quarter turns and an order of channels, of which one leaves things as they are."""
    if rng.random() < 0.5:
        return int(rng.integers(1, 4)), (0, 1, 2)
    return 0, SHUFFLES[int(rng.integers(len(SHUFFLES)))]


def _kept(alpha: torch.Tensor, trimap: torch.Tensor) -> torch.Tensor:
    alpha = alpha.clamp(0, 1).masked_fill(trimap == BACKGROUND, 0.0)
    return alpha.masked_fill(trimap == FOREGROUND, 1.0)
