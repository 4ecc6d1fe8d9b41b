"""How sure a network is of the people it found, from what it sees in the photo, its mirror image, and other sizes.

Where two looks differ, their mean lies between 0 and 1, as it does where each of them hesitates; so one figure tells
both disagreement and doubt.
"""

from __future__ import annotations

import numpy as np

CERTAIN = 0.8
"""The least certainty of the whole photo that is believed. If a share of 0.9 is right in nine of ten pixels,
(1 - certainty) / 2 of the photo is expected to be wrong: 0.1 here. GrabCut in a box drawn blindly round the middle of
portraits is wrong in 0.11 of them, so a box drawn by somebody who looks is the better way."""
CERTAIN_INSIDE = 0.89
"""The least mean share inside what is taken for the subject: what little is taken for somebody in a photo without
people is not surely so. With both, the weights of pspm-small believe all of 100 photos of people kept back from
training and all of 27 portraits; of 56 photos of all kinds (every fourth of train/photos) 29: people, a
statue, animals, a flower, coral, two temples. It takes what stands out for the subject; a landscape has none."""
LEAST_SUBJECT = 0.003
"""The share of the photo below which what was found is nobody: 55 x 55 pixels of a megapixel."""
MOST_UNKNOWN = 0.6
"""A trimap that leaves more of the photo open than this has found nobody."""
MARK_IT = "Draw a rectangle round the subject, or mark it yourself."


class NotSureError(ValueError):
    """Nobody is there, or the network does not agree with itself about who is; two sentences, for the user."""


def certainty(share: np.ndarray) -> float:
    """The mean of |2 share - 1|: 1 where all looks say the same and are sure of it, 0 where they say nothing."""
    return float(np.abs(2 * share - 1).mean())


def certainty_inside(share: np.ndarray) -> float:
    """The mean share of the pixels that rather belong to somebody than not; 0 where none does."""
    inside = share > 0.5
    return float(share[inside].mean()) if inside.any() else 0.0


def check_share(share: np.ndarray) -> None:
    """Raise ``NotSureError`` where nobody was seen, or nothing but somebody, or where it is not sure.

    ``share`` (h, w) in [0, 1]: how far each pixel belongs to somebody, the mean of all looks.
    """
    inside = float((share > 0.5).mean())
    if inside < LEAST_SUBJECT:
        raise NotSureError(f"Nobody was found in this photo. {MARK_IT}")
    if inside > 1 - LEAST_SUBJECT:
        raise NotSureError(f"All of this photo was taken for the subject. {MARK_IT}")
    if certainty(share) < CERTAIN or certainty_inside(share) < CERTAIN_INSIDE:
        raise NotSureError(f"It is not sure who the subject of this photo is. {MARK_IT}")


def check_trimap(trimap: np.ndarray) -> None:
    """Raise ``NotSureError`` for a trimap (h, w) uint8 without foreground or background, or with little known."""
    if not (trimap == 255).any():
        raise NotSureError(f"Nobody was found in this photo. {MARK_IT}")
    if not (trimap == 0).any():
        raise NotSureError(f"All of this photo was taken for the subject. {MARK_IT}")
    if (trimap == 128).mean() > MOST_UNKNOWN:
        raise NotSureError(f"It is not sure who the subject of this photo is. {MARK_IT}")
