"""The engine ``classic``, the default: sampling and propagation together, on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from editor.api import Engine, Progress
from plugins.engines._explain import as_user_error


@dataclass
class Classic(Engine):
    """Finds for each pixel the colours it is mixed of, and evens out what they say."""

    name: ClassVar[str] = "classic"
    title: ClassVar[str] = "Classic"
    description: ClassVar[str] = "Best without a network: keeps fine hair where the background is busy, too."
    rank: ClassVar[int] = 20

    def run(
        self, image: np.ndarray, trimap: np.ndarray, progress: Progress, start: np.ndarray | None = None
    ) -> np.ndarray:
        """See the base class."""
        from models.classical.classic import classic_matte

        try:
            return classic_matte(image, trimap, progress, start=start)
        except ValueError as error:
            raise as_user_error(error) from error


PLUGINS = [Classic]
