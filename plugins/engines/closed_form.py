"""The engine ``closed-form``: Levin, Lischinski and Weiss 2008, on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from editor.api import Engine, Progress, param
from plugins.engines._explain import as_user_error


@dataclass
class ClosedForm(Engine):
    """Smooth and dependable; the method that others are measured against."""

    name: ClassVar[str] = "closed-form"
    title: ClassVar[str] = "Closed-form"
    description: ClassVar[str] = "Smooth and even; best where subject and background have clearly different colours."
    rank: ClassVar[int] = 10

    smoothness: float = param(
        1.0,
        "Smoothness",
        minimum=0.01,
        maximum=10000,
        logarithmic=True,
        help="More evens out noise; less keeps the finest hair. 1 is the method's own.",
    )

    def run(
        self, image: np.ndarray, trimap: np.ndarray, progress: Progress, start: np.ndarray | None = None
    ) -> np.ndarray:
        """See the base class."""
        from models.classical.closed_form import EPSILON, closed_form_matte

        try:
            return closed_form_matte(image, trimap, progress, start=start, epsilon=self.smoothness * EPSILON)
        except ValueError as error:
            raise as_user_error(error) from error


PLUGINS = [ClosedForm]
