"""The edges of people, near: what a MatDecoder learns from that is told what is person, what not, and what unknown.

Windows of photos at about their own size, about a pixel of the edge, where alpha is known only as well as matting in a
band tells it; and over some of them hair and fur that the program draws, whose alpha is exact.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.training.augment import dilated_trimap, floats
from models.training.batch import Example
from models.training.ordering import JUDGED_FROM
from models.training.people import SLACK, Bytes, PeopleSource, Portrait, laid_out, matrix_of, recoloured
from models.training.synthetic import draw_sample

Random = np.random.Generator

HAIR = ("loose hair", "hanging hair", "curly hair", "wet hair", "backlit hair", "fur")
DRAWN = 0.5
"""The share of examples over which hair is drawn."""
SCALES = (0.6, 1.5)
BAND_PX = (2, 16)


class EdgeSource(PeopleSource):
    """Windows about the edge; see the module. Their sides are the recipe's ``crop_px``."""

    longer_px = 480

    def example(self, number: int) -> Example:
        """See ``Source``."""
        rng = np.random.default_rng((self._recipe.seed, 9, number))
        side = self._recipe.crop_px
        image, alpha = near_edge(rng, self._take(self._order.place(number)), side)
        colours = floats(recoloured(rng, image) / np.float32(255))
        matte = floats(alpha / np.float32(255))
        if rng.random() < DRAWN:
            drawn = draw_sample(int(rng.integers(1 << 62)), side, HAIR, camera=False, behind=colours)
            colours, matte = drawn.image, floats(drawn.alpha + (1 - drawn.alpha) * matte)
        if rng.random() < 0.5:
            colours, matte = np.ascontiguousarray(colours[:, ::-1]), np.ascontiguousarray(matte[:, ::-1])
        return Example(colours, matte, dilated_trimap(rng, matte, BAND_PX, SLACK))

    def held_out(self, count: int) -> list[Example]:
        """See ``Source``: windows of photos that are not learnt from."""
        return [self.example(JUDGED_FROM + number) for number in range(count)]


def near_edge(rng: Random, person: Portrait, side: int) -> tuple[Bytes, Bytes]:
    """Colours (side, side, 3) and matte (side, side) about a pixel that is half clear, if there is one."""
    width = person.size[0]
    soft = np.flatnonzero((person.alpha > 12) & (person.alpha < 243))
    place = int(rng.choice(soft)) if len(soft) else int(rng.integers(person.alpha.size))
    row, column = divmod(place, width)
    scale = float(np.exp(rng.uniform(*np.log(SCALES))))
    middle = side / 2 + rng.uniform(-0.3, 0.3, 2) * side
    matrix = matrix_of(rng, scale, (column, row), (float(middle[0]), float(middle[1])))
    return laid_out(person, matrix, side, side, cv2.BORDER_REFLECT)
