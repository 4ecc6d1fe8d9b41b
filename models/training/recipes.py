"""Recipes: how a network is trained, as data. One per experiment of the papers, and the project's own.

A recipe names everything that decides the course of a training; ``changed`` takes settings from the command line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.catalogue import every_spec

DATA = ("adobe", "pairs", "cutouts", "portraits", "drawn", "samples")
AUGMENTATIONS = ("indexnet", "a2u", "portrait", "people", "edges", "drawn")
STRONG = ("none", "af", "afb", "af+afb", "af+afb+ac", "da", "da+alpha")
OPTIMISERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "drops", "cosine", "poly")
LOSSES = (
    "alpha", "composition", "laplacian", "gradient", "gradient-penalty", "unknown-alpha", "whole-alpha", "sobel",
    "affinity", "trimap",
)  # fmt: skip
"""The names of ``objective.TERMS``, which stand beside torch."""
PRECISIONS = ("float32", "bfloat16", "float16")

Losses = Mapping[str, float]


def _means(text: str) -> dict[str, str]:
    """What a setting means, as ``mattelier train --list RECIPE`` says it."""
    return {"meaning": text}


@dataclass(frozen=True)
class Recipe:
    """One training. Lengths of time are in steps: a step is one change of the weights, after ``batch`` pictures."""

    name: str
    title: str
    source: str
    """Where it is prescribed: ``thesis 3.6.1, Table 3.3``, or ``our own``."""
    network: str = field(metadata=_means("a network of the catalogue: `mattelier models list`"))
    losses: Losses = field(
        metadata=_means(
            "what is made small, with its weight; --set losses.NAME=WEIGHT, where 0 leaves it out and NAME is one of"
        )
    )
    data: str = field(metadata=_means("what lies in --data, as --help explains; drawn needs none"))
    augmentation: str = field(metadata=_means("whose way of making pictures from the data it is"))
    crop_px: int = field(
        metadata=_means(
            "a picture's side in pixels; people: that of a square of its area; samples: of a square of single pixels"
        )
    )
    steps: int = field(metadata=_means("how often the weights are changed"))
    batch: int = field(default=16, metadata=_means("pictures a step"))
    first_px: int = field(
        default=0, metadata=_means("with people or drawn: the side of the first pictures, to learn faster at first")
    )
    first_steps: int = field(default=0, metadata=_means("for how many steps they have that side"))
    drawn_px: int = field(
        default=0,
        metadata=_means("drawn: the side of the drawings that pictures are cut from; 0: each is a drawing itself"),
    )
    part: str = field(
        default="", metadata=_means("only this module of the network is trained and kept: segmentation of a cascade")
    )
    strong: str = field(default="none", metadata=_means("strong augmentation, section 5.4.2"))
    told: bool = field(
        default=False,
        metadata=_means("of networks that find the trimap: they are given it instead, and learn alpha alone"),
    )
    plus: int = field(
        default=0, metadata=_means("a loss is a sum over pixels, divided by their count and this: 1 for A2U")
    )
    unknown_from: str = field(
        default="trimap",
        metadata=_means("whose unknown pixels the losses count: of the trimap, or of the network's segmentation"),
    )
    optimiser: str = field(default="adam", metadata=_means("which method changes the weights"))
    rate: float = field(default=0.01, metadata=_means("how far a step goes"))
    momentum: float = field(default=0.9, metadata=_means("with sgd: the share of the last step that is kept"))
    weight_decay: float = field(default=0.0, metadata=_means("how far a step draws the weights towards 0"))
    schedule: str = field(default="drops", metadata=_means("how the rate falls"))
    drops: tuple[int, ...] = field(
        default=(), metadata=_means("with drops: after how many steps the rate is divided by 10")
    )
    warmup: int = field(default=0, metadata=_means("with cosine: over how many steps the rate first rises"))
    every: int = field(default=1, metadata=_means("with poly: after how many steps the rate is set anew"))
    backbone: tuple[str, ...] = field(
        default=(), metadata=_means("the beginnings of the names of what starts from pretrained weights")
    )
    backbone_rate: float = field(default=1.0, metadata=_means("the backbone's share of the rate"))
    fixed_norms: bool = field(
        default=False, metadata=_means("batch norms of the backbone keep their statistics and weights")
    )
    frozen: tuple[str, ...] = field(
        default=(), metadata=_means("the beginnings of the names of weights that do not change")
    )
    zero_trimap: bool = field(
        default=False, metadata=_means("the first layer's weights for the trimap start from zero")
    )
    start: str = field(
        default="",
        metadata=_means("files of weights to start from, with commas between; what fits by name and shape counts"),
    )
    accumulate: int = field(
        default=1, metadata=_means("in how many parts a batch is worked through: as many times less memory")
    )
    clip: float = field(default=0.0, metadata=_means("the largest norm of the slope; 0 does not limit it"))
    average: float = field(
        default=0.0,
        metadata=_means(
            "delivers a running average of the weights, of which each step leaves this share; 0: the last weights"
        ),
    )
    precision: str = field(default="float32", metadata=_means("in which numbers it computes"))
    seed: int = field(default=1, metadata=_means("what chance starts from: the same seed, the same training"))
    workers: int = field(default=0, metadata=_means("processes that prepare pictures; 0 prepares them in between"))
    save_every: int = field(default=1000, metadata=_means("steps between two checkpoints"))
    log_every: int = field(default=20, metadata=_means("steps between two lines of the log and of curve.csv"))
    validate_every: int = field(default=1000, metadata=_means("steps between two judgements of pictures kept back"))
    validate_on: int = field(
        default=8, metadata=_means("how many pictures are kept back to judge by; 0 judges nothing")
    )
    licence: str = field(
        default="depends on the training data", metadata=_means("what the trained weights' licence will say")
    )
    facts: Mapping[str, str] = field(default_factory=lambda: dict[str, str]())
    """What the paper leaves open, and how it is settled here: by the setting's name."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} cannot be {getattr(self, name)}. Choose one of {', '.join(allowed)}.")
        for name in ("crop_px", "steps", "batch", "accumulate", "every", "save_every", "log_every", "validate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} cannot be {getattr(self, name)}. It must be 1 or more.")
        for name in _FROM_NOTHING:
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} cannot be {getattr(self, name)}. It must be 0 or more.")
        self._check_shares()
        if self.seed > _LARGEST_SEED:
            raise ValueError(f"seed cannot be {self.seed}. The largest is {_LARGEST_SEED}.")
        if self.accumulate > self.batch:
            raise ValueError(f"accumulate cannot be {self.accumulate}. A batch of {self.batch} has not so many parts.")
        self._check_network()

    def _check_shares(self) -> None:
        """The rate, and what it, the weights and the losses are multiplied by."""
        if not (0 < self.rate < float("inf") and 0 <= self.backbone_rate < float("inf")):
            raise ValueError(f"rate cannot be {self.rate}, nor backbone_rate {self.backbone_rate}. Rates are above 0.")
        for name in ("average", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} cannot be {getattr(self, name)}. It is a share of what was: 0, or below 1.")
        for name, weight in self.losses.items():
            if not 0 < weight < float("inf"):
                raise ValueError(f"losses.{name} cannot be {weight}. A weight is above 0, or 0 to leave the loss out.")

    def _check_network(self) -> None:
        spec = every_spec().get(self.network)
        if spec is None:
            raise ValueError(f"There is no network {self.network}. `mattelier models list` names them all.")
        for name in ("crop_px", "first_px"):
            if getattr(self, name) % spec.stride:
                side = getattr(self, name)
                raise ValueError(f"{name} cannot be {side}. {spec.name} takes multiples of {spec.stride}.")
        if self.first_steps and not self.first_px:
            raise ValueError("first_px cannot be 0 where first_steps is more. Name the side of the first pictures.")
        for name in ("crop_px", "first_px") if self.first_steps else ("crop_px",):
            if self.data == "drawn" and 0 < self.drawn_px < getattr(self, name):
                raise ValueError(
                    f"drawn_px cannot be {self.drawn_px}. "
                    f"Pictures of {getattr(self, name)} px ({name}) are cut from it: set more, or 0."
                )

    def side_px(self, step: int) -> int:
        """The side of the pictures of a step, counted from 0."""
        return self.first_px if step < self.first_steps else self.crop_px

    def as_numbers(self) -> dict[str, Any]:
        """All of it as plain numbers, words, lists and dictionaries, for a checkpoint and for the log."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: _plain(value) for name, value in values.items()}

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What each thing that may be set means, in a line, and what it may be where it is chosen from a list."""
        meant = {f.name: f.metadata["meaning"] for f in dataclasses.fields(cls) if f.metadata}
        chosen = {name: f"{meant[name]}: {', '.join(allowed)}" for name, allowed in (_CHOICES | _NAMES).items()}
        return meant | chosen


_CHOICES = {
    "data": DATA,
    "augmentation": AUGMENTATIONS,
    "strong": STRONG,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
}
_NAMES = {"losses": LOSSES}
_COUNTS = ("warmup", "workers", "validate_on", "first_px", "first_steps", "drawn_px", "seed", "plus")
_FROM_NOTHING = (*_COUNTS, "clip", "weight_decay")
_LARGEST_SEED = (1 << 63) - 1
_FIXED = ("name", "title", "source", "facts", "losses")
_WORDS_OF_YES_AND_NO = {"yes": True, "no": False}


def from_numbers(values: Mapping[str, Any]) -> Recipe:
    """The recipe that ``as_numbers`` wrote. ``ValueError`` where it has settings that are none today, or lacks some."""
    made: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return Recipe(**made)
    except TypeError as error:
        raise ValueError(
            "The checkpoint was written by another version of the program. Start anew in another folder with --out."
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def settings() -> tuple[str, ...]:
    """The names that ``changed`` takes; a loss's weight is ``losses.NAME`` besides."""
    return tuple(f.name for f in dataclasses.fields(Recipe) if f.name not in _FIXED)


def changed(recipe: Recipe, words: Sequence[str]) -> Recipe:
    """The recipe with settings written as ``rate=0.001`` or ``losses.alpha=1``.

    ``ValueError`` for a setting that is none, listing those there are, and for a value that is none.
    """
    made: dict[str, Any] = {}
    losses = dict(recipe.losses)
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"A setting is written NAME=VALUE, not {word}. For example rate=0.001.")
        if name.startswith("losses."):
            losses[name.removeprefix("losses.")] = float(_read(name, text, 1.0))
        elif name in settings():
            made[name] = _read(name, text, getattr(recipe, name))
        else:
            raise ValueError(f"There is no setting {name}. There are {', '.join(settings())} and losses.NAME.")
    made["losses"] = {name: weight for name, weight in losses.items() if weight}
    return dataclasses.replace(recipe, **made)


def _read(name: str, text: str, before: object) -> Any:
    """The text as a value of the kind that was there before."""
    try:
        if isinstance(before, bool):
            return _WORDS_OF_YES_AND_NO[text.lower()]
        if isinstance(before, (int, float)):
            return type(before)(text)
    except (KeyError, ValueError) as error:
        kind = "yes or no" if isinstance(before, bool) else "a whole number" if isinstance(before, int) else "a number"
        raise ValueError(f"{name} cannot be {text}. It is {kind}.") from error
    if isinstance(before, tuple):
        parts = [part for part in text.split(",") if part]
        return tuple(int(part) for part in parts) if name == "drops" and _all_whole(name, parts) else tuple(parts)
    return text


def _all_whole(name: str, parts: Sequence[str]) -> bool:
    if not all(part.isdecimal() for part in parts):
        raise ValueError(f"{name} cannot be {','.join(parts)}. It is whole numbers with commas between.")
    return True
