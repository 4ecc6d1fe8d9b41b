"""What training shows ``fusion``: single pixels of a sample, with all that the network sees of them.

Fusion decides for each pixel by its sights (models/networks/sights.py), which are not learned: so they are computed
once, for some unknown pixels of every sample, and a step learns from two thousand pixels of as many places. Crops show
a network the same few photos for the same price: the first fusion, of convolutions, was no better than the classic
matte after an hour of them, this one after a minute of these.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch

from models.catalogue import every_spec
from models.networks.building import build
from models.networks.fusion import Fusion
from models.networks.sights import COUNT, MATTES, SIGNS
from models.prepare import UNKNOWN, network_input
from models.training.checkpointing import put_file

IMAGE, TRIMAP, TRUTH, EXPERTS = slice(0, 3), 3, 4, slice(5, None)
"""The planes of a packed sample (fusion_samples.py), uint8: of one for the second look, the first one's answer comes
before the mattes."""
PLANES = 11
"""Of a sample for the first look."""
CLASSIC = -6
"""The place of the classic matte, from the end."""
MOST = 2000
"""Pixels of a sample: more of them teach little that these do not."""
HELD_BACK = 20
"""Every so many-th seed is for judging alone."""
EDGE_PX = 8
"""Pixels nearer to a sample's edge are left out: most of what the sights see there is a picture that is continued."""


@dataclass(frozen=True)
class Pixels:
    """Unknown pixels of one sample: sights (P, COUNT) float16, mattes (P, MATTES) and truth (P,) uint8.

    For the second look there is one matte more, the first look's answer, before the others.

    error (): the classic matte's mean error over all unknown pixels of the sample.
    """

    sights: np.ndarray
    mattes: np.ndarray
    truth: np.ndarray
    error: np.ndarray

    def save(self, place: Path) -> None:
        """Keep them, whole or not at all."""
        buffer = io.BytesIO()
        np.savez(buffer, **asdict(self))
        put_file(place, buffer.getvalue())

    @classmethod
    def load(cls, place: Path) -> Pixels:
        """What ``save`` kept; ``ValueError`` where that is damaged or something else."""
        try:
            with np.load(place) as kept:
                found = cls(**kept)
        except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{place.name} is damaged.") from error
        count = found.truth.size
        kinds = {
            "sights": (np.float16, (count, COUNT)),
            "mattes": (np.uint8, (count, MATTES + 1 if found.mattes.shape == (count, MATTES + 1) else MATTES)),
            "truth": (np.uint8, (count,)),
            "error": (np.float64, ()),
        }
        if any((getattr(found, name).dtype, getattr(found, name).shape) != kind for name, kind in kinds.items()):
            raise ValueError(f"{place.name} holds something else.")
        return found


def packed_sample(place: Path) -> np.ndarray | None:
    """The planes (11 or 12, h, w) uint8 of a file, None for a seed without a sample; ``ValueError`` for others."""
    try:
        planes = np.load(place)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{place.name} is damaged. Remove it: it is made anew.") from error
    if planes.size and (planes.ndim != 3 or len(planes) not in (PLANES, PLANES + 1) or planes.dtype != np.uint8):
        raise ValueError(f"{place.name} holds something else. Remove it: it is made anew.")
    return planes if planes.size else None


def seeing_network() -> Fusion:
    """A network to look with: what it sees is not learned, so it needs weights only to answer."""
    return cast(Fusion, build(every_spec()["fusion"])).eval()


def pixels_of(network: Fusion, planes: np.ndarray, seed: int) -> Pixels:
    """At most ``MOST`` unknown pixels of a packed sample, which is turned first (``turned``); by ``seed``."""
    rng = np.random.default_rng((7, seed))
    planes = turned(planes, rng)
    inner = np.zeros(planes.shape[1:], bool)
    inner[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX] = True
    down, along = np.nonzero((planes[TRIMAP] == UNKNOWN) & inner)
    chosen = rng.choice(down.size, min(MOST, down.size), replace=False)
    down, along = down[chosen], along[chosen]
    with torch.inference_mode():
        sights = network.see(torch.from_numpy(inputs_of(planes)))[0].permute(1, 2, 0)[down, along]
    mattes = np.ascontiguousarray(planes[EXPERTS][:-SIGNS, down, along].T)
    return Pixels(sights.half().numpy(), mattes, planes[TRUTH, down, along], np.asarray(matte_error(planes)))


def inputs_of(planes: np.ndarray) -> np.ndarray:
    """A packed sample as the network takes it, (1, 10 or 11, h, w) float32."""
    image = np.ascontiguousarray(planes[IMAGE].transpose(1, 2, 0)).astype(np.float32) / np.float32(255)
    seen = network_input(image, np.ascontiguousarray(planes[TRIMAP]), 1)
    return np.concatenate([seen, planes[None, EXPERTS].astype(np.float32) / np.float32(255)], axis=1)


def is_learnt(place: Path) -> bool:
    """Whether the sample of that file is learnt from, or kept to judge by."""
    return not place.stem.isdigit() or int(place.stem) % HELD_BACK != 0


def turned(planes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A packed sample turned, mirrored, its colours exchanged; the mattes hardly depend on which colour is which."""
    planes = np.rot90(planes, int(rng.integers(4)), axes=(1, 2))
    if rng.random() < 0.5:
        planes = planes[:, :, ::-1]
    order = np.concatenate([rng.permutation(3), np.arange(3, len(planes))])
    return np.ascontiguousarray(planes[order])


def matte_error(planes: np.ndarray) -> float:
    """The mean error of the classic matte of a packed sample over its unknown pixels, 0 where there are none."""
    unknown = planes[TRIMAP] == UNKNOWN
    wrong = np.abs(planes[CLASSIC].astype(np.float32) - planes[TRUTH])[unknown]
    return float(wrong.mean() / 255) if wrong.size else 0.0
