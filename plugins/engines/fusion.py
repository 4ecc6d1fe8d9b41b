"""The engine ``fusion``: several classical mattes, weighed by a small network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from editor.api import Progress, UserError
from plugins.engines.networks import NetworkEngine

if TYPE_CHECKING:
    from models.running import Predictor


class Fusion(NetworkEngine):
    """Asks every classical method and lets a network weigh their answers by what the photo shows."""

    name: ClassVar[str] = "fusion"
    title: ClassVar[str] = "Fusion"
    description: ClassVar[str] = "Weighs the classical mattes pixel by pixel: fewer errors than any, more time."
    rank: ClassVar[int] = 30

    def _matte(self, network: Predictor, image: np.ndarray, trimap: np.ndarray, progress: Progress) -> np.ndarray:
        from models.fusion import fused_matte

        return fused_matte(network, image, trimap, progress, limit_bytes=self._limit_bytes())

    def _memory_error(self) -> UserError:
        return UserError(f"There is not enough memory for {self.title}.", "Choose the engine Classic: it takes less.")


PLUGINS = [Fusion]
"""Without its weights or torch it cannot run, and ``classic`` is the engine of the next lower rank that always can."""
