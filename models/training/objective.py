"""The sum of losses that a recipe asks for: names and weights to one number, with its parts for the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from models.training import losses
from models.training.batch import Batch

UNKNOWN_CLASS = 1
SOURCES = ("trimap", "segmentation")


@dataclass(frozen=True)
class Answer:
    """What a network said, with what it is held to: alpha (N, 1, H, W) raw, logits (N, 3, H, W) or None."""

    alpha: torch.Tensor | None
    logits: torch.Tensor | None
    batch: Batch
    unknown: torch.Tensor
    """(N, 1, H, W) bool: the region that counts as unknown."""
    plus: int

    @property
    def raw_alpha(self) -> torch.Tensor:
        """alpha; ``ValueError`` for a network that answers none."""
        if self.alpha is None:
            raise ValueError("This part of the network answers no alpha. Train it with the loss trimap alone.")
        return self.alpha

    @property
    def settled(self) -> torch.Tensor:
        """alpha where it is unknown, the truth elsewhere: as a matte is used, known pixels being known."""
        return torch.where(self.unknown, self.raw_alpha, self.batch.alpha)


def _composition(answer: Answer) -> torch.Tensor:
    """Against what the true alpha composes of these colours: the image itself, before it was changed as a whole.

    A drawn picture has passed a camera, so its own colours would ask for another alpha. Pictures with a pseudo label
    were turned or shuffled and have no colours of their own any more: they do not count.
    """
    batch = answer.batch
    if batch.foreground is None or batch.background is None:
        raise ValueError("The composition loss needs foreground and background colours. Photos with mattes have none.")
    composed = batch.alpha * batch.foreground + (1 - batch.alpha) * batch.background
    counted = answer.unknown & ~batch.pseudo[:, None, None, None]
    return losses.composition(answer.raw_alpha, composed, batch.foreground, batch.background, counted, answer.plus)


def _cross_entropy(answer: Answer) -> torch.Tensor:
    if answer.logits is None:
        raise ValueError("The loss trimap needs a network that finds the trimap. Choose a pspm network.")
    return losses.trimap_cross_entropy(answer.logits, answer.batch.classes)


TERMS: Mapping[str, Callable[[Answer], torch.Tensor]] = {
    "alpha": lambda a: losses.alpha_prediction(a.raw_alpha, a.batch.alpha, a.unknown, a.plus),
    "composition": _composition,
    "laplacian": lambda a: losses.laplacian(a.settled, a.batch.alpha),
    "gradient": lambda a: losses.gradient(a.settled, a.batch.alpha, a.unknown),
    "gradient-penalty": lambda a: losses.gradient_with_penalty(a.settled, a.batch.alpha, a.unknown),
    "unknown-alpha": lambda a: losses.region_alpha(a.raw_alpha, a.batch.alpha, a.unknown),
    "whole-alpha": lambda a: losses.region_alpha(a.raw_alpha, a.batch.alpha, None),
    "sobel": lambda a: losses.sobel_gradient(a.raw_alpha, a.batch.alpha, a.unknown),
    "affinity": lambda a: losses.affinity(a.raw_alpha, a.batch.image),
    "trimap": _cross_entropy,
}
"""The losses that a recipe may name, each a number of an ``Answer``."""


@dataclass(frozen=True)
class Objective:
    """What training makes small: losses by name with their weights."""

    weights: Mapping[str, float]
    plus: int = 0
    """Added to the unknown region's size where it divides: 1 in A2U."""
    unknown_from: str = "trimap"
    """``trimap``: the example's; ``segmentation``: where the network itself finds it unknown (6.4.1)."""

    def __post_init__(self) -> None:
        strange = sorted(set(self.weights) - set(TERMS))
        if strange or not self.weights:
            what = f"There is no loss {strange[0]}." if strange else "A recipe needs a loss."
            raise ValueError(f"{what} Choose among {', '.join(TERMS)}.")
        if self.unknown_from not in SOURCES:
            raise ValueError(f"The unknown region is taken from {' or '.join(SOURCES)}, not {self.unknown_from}.")

    def __call__(
        self, alpha: torch.Tensor | None, logits: torch.Tensor | None, batch: Batch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss, with a slope, and its unweighted parts without one. Computed in float32 whatever comes in."""
        unknown = batch.unknown
        if self.unknown_from == "segmentation" and logits is not None:
            unknown = logits.argmax(dim=1, keepdim=True) == UNKNOWN_CLASS
        alpha, logits = (None if value is None else value.float() for value in (alpha, logits))
        answer = Answer(alpha, logits, batch, unknown, self.plus)
        parts = {name: TERMS[name](answer) for name in self.weights}
        total = torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()
        return total, {name: part.detach() for name, part in parts.items()}
