"""What the tests of training share: a network that is quick, examples that are numbered, and a recipe for them."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

from models.catalogue import every_spec
from models.catalogue.spec import ModelSpec, PaperRow
from models.training.batch import Example
from models.training.recipes import Recipe

SIZE_PX = 16
FOR_TWO = {
    "steps": 2, "validate_on": 0, "fixed_norms": True, "backbone": ("encoder.",), "save_every": 9, "optimiser": "sgd",
}  # fmt: skip
"""Settings under which a batch in two halves gives the steps of the whole: norms would see other statistics."""


class Tiny(nn.Module):
    """Two convolutions with a norm between, and dropout, so that statistics and chance matter; stride 8."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(channels, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.drop = nn.Dropout(0.2)
        self.head = nn.Conv2d(6, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.drop(self.encoder(x)))


class TinyPortrait(nn.Module):
    """Logits and alpha from RGB."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6))
        self.seg_decoder = nn.Conv2d(6, 3, 1)
        self.mat_decoder = nn.Conv2d(6, 1, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = self.encoder(x)
        return self.seg_decoder(found), self.mat_decoder(found)


class Drawn:
    """Soft disks: example ``number`` is always the same. ``bad`` numbers name a file that could not be read."""

    def __init__(self, bad: tuple[int, ...] = (), pseudo: bool = False) -> None:
        self.skipped: list[str] = []
        self._bad, self._pseudo = bad, pseudo

    def example(self, number: int) -> Example:
        if number in self._bad:
            self.skipped.append(f"photo {number} is damaged")
        rng = np.random.default_rng(number)
        rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
        away = np.hypot(rows - rng.uniform(5, 11), columns - rng.uniform(5, 11))
        alpha = np.clip((5 - away) / 3 + 0.5, 0, 1).astype(np.float32)
        front, back = (np.full((SIZE_PX, SIZE_PX, 3), rng.random(3), np.float32) for _ in range(2))
        image = alpha[..., None] * front + (1 - alpha[..., None]) * back
        trimap = np.where(alpha >= 1, 255, np.where(alpha <= 0, 0, 128)).astype(np.uint8)
        return Example(image, alpha, trimap, front, back, self._pseudo and number % 2 == 0)

    def held_out(self, count: int) -> list[Example]:
        return [self.example(10_000 + number) for number in range(count)]


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch) -> None:
    """The catalogue knows ``tiny`` and ``tiny-portrait`` for the time of a test."""
    module = types.ModuleType("tiny_networks")
    module.Tiny, module.TinyPortrait = Tiny, TinyPortrait
    monkeypatch.setitem(sys.modules, "tiny_networks", module)
    row = PaperRow("0", "tiny")
    for name, code, channels in (("tiny", "Tiny", 4), ("tiny-portrait", "TinyPortrait", 3)):
        spec = ModelSpec(
            name, name, "indexnet", "For tests.", f"tiny_networks:{code}", row,
            channels=channels, stride=8, finds_trimap=channels == 3,
        )  # fmt: skip
        monkeypatch.setitem(every_spec(), name, spec)


def tiny_recipe(**settings: object) -> Recipe:
    """A recipe of 8 steps for the tiny network."""
    usual: dict[str, object] = {
        "name": "tiny-recipe", "title": "Tiny", "source": "tests", "network": "tiny", "losses": {"alpha": 1.0},
        "data": "drawn", "augmentation": "drawn", "crop_px": SIZE_PX, "steps": 8, "batch": 4, "rate": 0.01,
        "schedule": "cosine", "warmup": 2, "log_every": 1, "save_every": 4, "validate_every": 4, "validate_on": 2,
    }  # fmt: skip
    return Recipe(**(usual | settings))


@pytest.fixture
def recipe_of():
    """``tiny_recipe``, for tests to call."""
    return tiny_recipe


@pytest.fixture
def drawn():
    """The class of numbered examples, for tests to call."""
    return Drawn


@pytest.fixture
def for_two() -> dict[str, object]:
    """``FOR_TWO``, for tests to use."""
    return FOR_TWO
