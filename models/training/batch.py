"""What one step of training learns from: pictures with their mattes, trimaps and the colours that made them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from models.prepare import DEVIATION, FOREGROUND, MEAN, UNKNOWN

RGB = 3


@dataclass(frozen=True)
class Example:
    """One picture in numpy: image, foreground, background (H, W, 3) float32 in [0, 1]; alpha (H, W) float32 in [0, 1].

    trimap (H, W) uint8 0, 128, 255. foreground and background are the colours that alpha composed, before anything was
    done to the image as a whole (a camera's work, AC); None where only a photo and its matte are known.
    ``pseudo`` is True where alpha is no longer the image's and is to be answered anew by the network (5.4.2, AC).
    """

    image: np.ndarray
    alpha: np.ndarray
    trimap: np.ndarray
    foreground: np.ndarray | None = None
    background: np.ndarray | None = None
    pseudo: bool = False
    more: np.ndarray | None = None
    """(k, H, W) float32: further planes that the network takes, such as classical mattes and what is seen of them."""


@dataclass(frozen=True)
class Batch:
    """Examples of one size as tensors: image, foreground, background (N, 3, H, W), alpha (N, 1, H, W), all float32.

    trimap (N, 1, H, W) uint8; pseudo (N,) bool; more (N, k, H, W) float32 or None. The colours are None where
    one of the examples has none.
    """

    image: torch.Tensor
    alpha: torch.Tensor
    trimap: torch.Tensor
    pseudo: torch.Tensor
    foreground: torch.Tensor | None = None
    background: torch.Tensor | None = None
    more: torch.Tensor | None = None

    @property
    def size(self) -> int:
        """How many pictures."""
        return self.image.shape[0]

    @property
    def unknown(self) -> torch.Tensor:
        """(N, 1, H, W) bool: where the trimap is unknown."""
        return self.trimap == UNKNOWN

    @property
    def classes(self) -> torch.Tensor:
        """(N, H, W) int64: 0 background, 1 unknown, 2 foreground."""
        return ((self.trimap == UNKNOWN).long() + 2 * (self.trimap == FOREGROUND).long())[:, 0]

    @property
    def class_planes(self) -> torch.Tensor:
        """(N, 3, H, W) float32: 1 where it is background, unknown, foreground, else 0 (``ModelSpec``)."""
        return functional.one_hot(self.classes, 3).permute(0, 3, 1, 2).to(torch.float32)

    def to(self, device: str) -> Batch:
        """The same on another device."""
        return self._each(lambda value: value.to(device))

    def part(self, start: int, stop: int) -> Batch:
        """The pictures from ``start`` to before ``stop``."""
        return self._each(lambda value: value[start:stop])

    def _each(self, act: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        acted: dict[str, Any] = {name: None if value is None else act(value) for name, value in values.items()}
        return Batch(**acted)

    def only(self, places: Sequence[int]) -> Batch:
        """The pictures at these places."""
        return self._each(lambda value: value[list(places)])

    def with_pictures(self, image: torch.Tensor, alpha: torch.Tensor, trimap: torch.Tensor) -> Batch:
        """The same with other images, mattes and trimaps; which are pseudo stays."""
        return replace(self, image=image, alpha=alpha, trimap=trimap)

    def inputs(self, channels: int) -> torch.Tensor:
        """What a network takes (``models.prepare``): normalised RGB; from 4 channels on the trimap / 255; then more.

        ``ValueError`` with a sentence where the network takes planes that these examples lack.
        """
        mean, deviation = (torch.from_numpy(value).to(self.image.device)[:, None, None] for value in (MEAN, DEVIATION))
        planes = (self.image - mean) / deviation
        if channels == RGB:
            return planes
        further = [] if self.more is None or channels == RGB + 1 else [self.more]
        planes = torch.cat((planes, self.trimap.to(planes.dtype) / 255, *further), dim=1)
        if planes.shape[1] < channels:
            raise ValueError(
                f"The network takes {channels} planes, these examples have {planes.shape[1]}. Choose its own recipe."
            )
        return planes


def gathered(examples: Sequence[Example]) -> Batch:
    """Examples of one size as a batch on the CPU."""
    more = [example.more for example in examples if example.more is not None]
    with_colours = all(example.foreground is not None and example.background is not None for example in examples)
    return Batch(
        image=_pictures([example.image for example in examples]),
        alpha=_planes([example.alpha for example in examples]),
        trimap=_planes([example.trimap for example in examples]),
        pseudo=torch.tensor([example.pseudo for example in examples]),
        foreground=_pictures([e.foreground for e in examples if e.foreground is not None]) if with_colours else None,
        background=_pictures([e.background for e in examples if e.background is not None]) if with_colours else None,
        more=torch.from_numpy(np.stack(more)) if more else None,
    )


def _pictures(arrays: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.stack(arrays).transpose(0, 3, 1, 2)))


def _planes(arrays: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(arrays)[:, None])
