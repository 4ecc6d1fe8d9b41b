"""How good the network is by now: the four errors on examples that were kept back, and its mattes as pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from models.evaluation.metrics import evaluate
from models.prepare import UNKNOWN, known_kept
from models.training.batch import Batch, Example, gathered

NAMES = ("sad", "mse", "grad", "conn")
_SHOWN = 8


@dataclass(frozen=True)
class Judgement:
    """The means of the four errors, and a strip for each picture: image, trimap, matte, truth side by side."""

    errors: dict[str, float]
    strips: list[np.ndarray]


def judge(examples: Sequence[Example], predict: Callable[[Batch], torch.Tensor], *, whole: bool) -> Judgement | None:
    """Judge ``predict`` (a batch to raw alpha (N, 1, H, W)) on examples; None where there is nothing to judge.

    ``whole`` counts the whole picture, as for networks that find the trimap themselves; else known pixels are kept and
    only unknown ones count, and examples without any are left out.
    """
    scores: list[dict[str, float]] = []
    strips: list[np.ndarray] = []
    for example in examples:
        if not whole and not (example.trimap == UNKNOWN).any():
            continue
        raw = predict(gathered([example]))[0, 0].float().cpu().numpy()
        alpha = np.clip(raw, 0, 1) if whole else known_kept(raw, example.trimap)
        scores.append(asdict(evaluate(alpha, example.alpha, None if whole else example.trimap)))
        strips += [_strip(example, alpha)] if len(strips) < _SHOWN else []
    if not scores:
        return None
    return Judgement({name: float(np.mean([score[name] for score in scores])) for name in NAMES}, strips)


def _strip(example: Example, alpha: np.ndarray) -> np.ndarray:
    greys = [example.trimap.astype(np.float32) / 255, alpha, example.alpha]
    return np.concatenate([example.image, *[np.repeat(grey[..., None], 3, axis=2) for grey in greys]], axis=1)
