"""In what numbers a network works while it learns; its weights, their slopes and the losses stay in float32.

bfloat16 reaches as far as float32. float16 does not: slopes too small for it would become 0, so the loss is multiplied
before they are formed and they are divided after. Where a slope then overflows, the step is left out and the factor
halved; after many steps without that it is doubled.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from models.networks.device import TYPES


class Precision:
    """float32, bfloat16 or float16 on a device (``cpu``, ``cuda:1``); the last with a factor for the loss."""

    def __init__(self, name: str, device: str) -> None:
        self._type, self._device = TYPES[name], torch.device(device).type
        self._scaler = torch.amp.GradScaler(self._device, enabled=name == "float16")

    def working(self) -> AbstractContextManager[object]:
        """In this context a network works in these numbers."""
        if self._type == torch.float32:
            return nullcontext()
        return torch.autocast(self._device, self._type)

    def backward(self, loss: torch.Tensor) -> None:
        """Add the loss's slopes, times the factor, to those of the weights."""
        torch.autograd.backward(self._scaler.scale(loss))

    def divide_slopes(self, optimiser: torch.optim.Optimizer) -> None:
        """Take the factor out of the slopes; once before each ``step``."""
        self._scaler.unscale_(optimiser)

    def step(self, optimiser: torch.optim.Optimizer) -> bool:
        """Change the weights, unless a slope overflowed; whether it was done."""
        before = self._scaler.get_scale()
        self._scaler.step(optimiser)
        self._scaler.update()
        return self._scaler.get_scale() >= before

    @property
    def may_overflow(self) -> bool:
        """Whether a slope that is no number may be due to the factor, and gone with the next smaller one."""
        return self._scaler.is_enabled() and self._scaler.get_scale() >= 1

    def state(self) -> dict[str, Any]:
        """What the next step depends on, as plain numbers; empty but for float16."""
        return self._scaler.state_dict()

    def take(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; from the beginning where it is empty, as after a change of precision."""
        if state and self._scaler.is_enabled():
            self._scaler.load_state_dict(dict(state))
