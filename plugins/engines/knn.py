"""The engine ``knn``: Chen, Li and Tang 2013, on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from editor.api import Engine, Progress
from plugins.engines._explain import as_user_error


@dataclass
class KNearestNeighbours(Engine):
    """Ties every pixel to those of like colour, near and far."""

    name: ClassVar[str] = "knn"
    title: ClassVar[str] = "Nearest neighbours"
    description: ClassVar[str] = (
        "Ties like colours together across small gaps; good where the subject is in many pieces."
    )
    rank: ClassVar[int] = 5

    def run(
        self, image: np.ndarray, trimap: np.ndarray, progress: Progress, start: np.ndarray | None = None
    ) -> np.ndarray:
        """See the base class."""
        from models.classical.knn import knn_matte

        try:
            return knn_matte(image, trimap, progress, start=start)
        except ValueError as error:
            raise as_user_error(error) from error


PLUGINS = [KNearestNeighbours]
