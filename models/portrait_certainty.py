"""How sure a network is of the people it found, from what it sees in the photo, its mirror image, and other sizes.

Where two looks differ, their mean lies between 0 and 1, as it does where each of them hesitates; so one figure tells
both disagreement and doubt.
"""

from __future__ import annotations

import numpy as np

CERTAIN = 0.7
"""The least certainty of the whole photo that is believed. If a share of 0.8 is right in four of five pixels,
(1 - certainty) / 2 of the photo is expected to be wrong: 0.15 here. GrabCut in a box drawn blindly round the middle of
portraits is wrong in 0.11 of them, so a box drawn by somebody who looks is the better way."""
CERTAIN_INSIDE = 0.76
"""The least mean share inside what is taken for the subject. A photo without people is surely background for the most
part; what little is taken for somebody is not surely so. With both, the first weights of pspm-small believed 69 of 70
portraits kept back from training and refused the one of which it erred most but one; of 55 photos of all kinds
(train/photos: landscapes, animals, some people) they believed 14, and by certainty of the whole alone 35."""
LEAST_SUBJECT = 0.003
"""The share of the photo below which what was found is nobody: 55 x 55 pixels of a megapixel."""
MOST_UNKNOWN = 0.6
"""A trimap that leaves more of the photo open than this has found nobody."""
MARK_IT = "Draw a rectangle round the subject, or mark it yourself."


class NotSureError(ValueError):
    """Nobody is there, or the network does not agree with itself about who is; two sentences, for the user."""


def shares(classes: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """How far each pixel belongs to somebody, (h, w) in [0, 1]: by M of Equation (6.1) and by alpha, in equal parts.

    ``classes`` (3, h, w) are probabilities of background, unknown, foreground, ``alpha`` (h, w) is raw; both are means
    over all looks.
    """
    return (classes[2] + classes[1] / 2 + np.clip(alpha, 0, 1)) / 2


def certainty(share: np.ndarray) -> float:
    """The mean of |2 share - 1|: 1 where all looks say the same and are sure of it, 0 where they say nothing."""
    return float(np.abs(2 * share - 1).mean())


def certainty_inside(share: np.ndarray) -> float:
    """The mean share of the pixels that rather belong to somebody than not; 0 where none does."""
    inside = share > 0.5
    return float(share[inside].mean()) if inside.any() else 0.0


def check_share(share: np.ndarray) -> None:
    """Raise ``NotSureError`` where nobody was seen, or nothing but somebody, or where it is not sure.

    ``share`` (h, w) as ``shares`` gives it.
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
