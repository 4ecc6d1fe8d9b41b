"""What all operators that halve and double a map have in common, so that a network can take any of them.

An operator first looks at a high-resolution feature (``guide``); what it notes there says how a map of that size is
made smaller (``shrink``) and how a map of half that size is made as large as the feature (``enlarge``). Blind operators
note nothing. A network that only takes the enlarging from an operator calls ``guide`` on the skipped feature.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class Guide(NamedTuple):
    """What an operator notes of a feature (N, C, H, W): kernels, index maps or places; None where it needs nothing."""

    down: Tensor | None = None
    up: Tensor | None = None


class Operator(nn.Module):
    """Base of the operators. ``shrinks`` and ``enlarges`` say which halves of the pair an operator has."""

    shrinks = True
    enlarges = True
    widens = 1
    """``shrink`` answers this many times the channels that it is given, and ``enlarge`` takes as many."""

    def guide(self, features: Tensor) -> Guide:
        """What is noted of ``features`` (N, C, H, W), H and W even."""
        return Guide()

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, widens * C, H/2, W/2)."""
        raise NotImplementedError(f"{type(self).__name__} makes nothing smaller.")

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, widens * C, H/2, W/2) to (N, C, H, W)."""
        raise NotImplementedError(f"{type(self).__name__} makes nothing larger.")


class Guided(NamedTuple):
    """An operator and what it noted: the way back to the size of the feature that it looked at."""

    operator: Operator
    guide: Guide

    def enlarge(self, x: Tensor) -> Tensor:
        """(N, widens * C, H/2, W/2) to (N, C, H, W)."""
        return self.operator.enlarge(x, self.guide)
