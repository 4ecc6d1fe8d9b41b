"""Training samples for ``fusion``: drawn photos with the classical mattes of them, made once and kept in a folder.

The mattes take seconds a sample, and so do the sights of its pixels; training wants each many times. So they are made
beforehand, by as many processes as there are, each with its own seeds, stopped and gone on with at will:

    python -m models.training.fusion_samples FOLDER --first 0 --count 500 [--cut-outs FOLDER]

A sample is NUMBER.npy, the drawing with its mattes, and NUMBER.npz, the pixels that are learnt from (fusion_pixels.py).

The second look learns from what the first one answers, so its samples are made of these when the first has learnt:

    python -m models.training.fusion_samples FOLDER --first 0 --count 500 --second-after WEIGHTS

They lie beside them in FOLDER-second: the pixels, and of samples to judge by the whole, with the answer before the
mattes. Those of one folder are made with the same weights.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import torch

from models.classical.classic import classic_stages
from models.fusion import expert_planes
from models.networks.fusion import Fusion
from models.prepare import BACKGROUND, FOREGROUND, UNKNOWN
from models.training.checkpointing import put_file
from models.training.fusion_pixels import (
    CLASSIC,
    EXPERTS,
    PLANES,
    TRIMAP,
    inputs_of,
    is_learnt,
    packed_sample,
    pixels_of,
    seeing_network,
)
from models.training.starting import take_weights
from models.training.synthetic import CutOut, Sample, cut_outs, draw_cut_out, draw_sample, make_trimap

DRAWN_PX = (480, 720)
"""The side of the drawings: as large as photos on which methods are compared. The mattes must see as much of a drawing
as of a photo: in parts of 224 px, KNN, which looks for likenesses everywhere, erred twice as much as classic, on photos
a fifth more, and a network that learnt from such parts trusted the wrong matte."""
_MADE_WITH = "first-look.sha256"
TIGHT_SHARE = 0.5
CUT_OUT_SHARE = 0.25
CAMERA_SHARE = 0.6
"""The share of drawings that look as a camera gives them: photos that were reduced are as clean as the others."""
UNKNOWN_SHARES = (0.02, 0.5)
"""The share of a sample that may be unknown; less teaches nothing, more takes long and no photo is so."""
ERRORS = (0.008, 0.11)
"""The classic matte's mean error over the unknown pixels: on photos it is 0.015 to 0.09. What is easier teaches
nothing, what is harder teaches what helps on no photo; the other mattes of such drawings are not even made."""


@dataclass(frozen=True)
class FusionSample:
    """A drawn photo, square, as bytes: image (h, w, 3), trimap, truth (h, w), mattes (6, h, w)."""

    image: np.ndarray
    trimap: np.ndarray
    truth: np.ndarray
    mattes: np.ndarray

    def packed(self) -> np.ndarray:
        """All planes in one array (11, h, w) uint8: image 3, trimap, truth, and the six of ``expert_planes``."""
        return np.concatenate([self.image.transpose(2, 0, 1), self.trimap[None], self.truth[None], self.mattes])

    @classmethod
    def unpacked(cls, planes: np.ndarray) -> FusionSample:
        """The sample of an array that ``packed`` made."""
        return cls(planes[:3].transpose(1, 2, 0), planes[3], planes[4], planes[5:])


def make_sample(seed: int, cutouts: Sequence[CutOut] = (), drawn_px: tuple[int, int] = DRAWN_PX) -> FusionSample | None:
    """The sample of that seed, with a tight or a loose trimap; None where its drawing is not one to learn from.

    ``cutouts``: foregrounds that a quarter of the samples use; without them, all are drawn.
    """
    rng = np.random.default_rng((seed, 42))
    size_px, camera = int(rng.integers(*drawn_px)), bool(rng.random() < CAMERA_SHARE)
    drawing = _drawing(rng, seed, size_px, camera, cutouts)
    trimap = make_trimap(drawing.alpha, seed, bool(rng.random() < TIGHT_SHARE))
    unknown = trimap == UNKNOWN
    both = bool((trimap == FOREGROUND).any() and (trimap == BACKGROUND).any())
    if not (both and UNKNOWN_SHARES[0] < unknown.mean() < UNKNOWN_SHARES[1]):
        return None
    stages = classic_stages(drawing.image, trimap, _untold)
    error = float(np.abs(stages.alpha - drawing.alpha)[unknown].mean())
    if not ERRORS[0] < error < ERRORS[1]:
        return None
    mattes = expert_planes(drawing.image, trimap, _untold, stages)
    return FusionSample(_bytes(drawing.image), trimap, _bytes(drawing.alpha), _bytes(mattes))


def _untold(_share: float, _text: str) -> None:
    """Nobody watches a single sample."""


def _drawing(rng: np.random.Generator, seed: int, size_px: int, camera: bool, cutouts: Sequence[CutOut]) -> Sample:
    if rng.random() < CUT_OUT_SHARE and cutouts:
        return draw_cut_out(tuple(cutouts), seed, size_px, camera)
    return draw_sample(seed, size_px, camera=camera)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(values.astype(np.float32), 0, 1) * 255 + 0.5, np.uint8)


def fill(folder: Path, seeds: Iterator[int], cutouts: Sequence[CutOut] = ()) -> int:
    """Make what the folder has not yet of the samples of these seeds, an empty ``000042.npy`` for a seed without.

    Each file is written whole or not at all, so that this may be stopped at any time. Answered is how many of the seeds
    have a sample. ``OSError`` passes; ``ValueError`` with a sentence for a file that is no sample.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network = seeing_network()
    there = 0
    for seed in seeds:
        place = folder / f"{seed:06d}.npy"
        if not place.exists():
            sample = make_sample(seed, cutouts)
            buffer = io.BytesIO()
            np.save(buffer, np.zeros((0,), np.uint8) if sample is None else sample.packed())
            put_file(place, buffer.getvalue())
        looked_at = place.with_suffix(".npz")
        if not looked_at.exists() and (planes := packed_sample(place)) is not None:
            pixels_of(network, planes, seed).save(looked_at)
        there += looked_at.exists()
    return there


def second_folder(folder: Path) -> Path:
    """Where the samples for the second look lie that are made of those of a folder."""
    whole = folder.resolve()
    return whole.with_name(f"{whole.name}-second")


def fill_second(folder: Path, seeds: Iterator[int], network: Fusion) -> int:
    """Make samples for the second look, in ``second_folder``, of those that the folder has of these seeds; how many.

    ``network`` has learnt its first look. Files as ``fill`` writes them. ``OSError`` passes; ``ValueError`` with a
    sentence for a file that is no sample, for a folder without any of these seeds, for a first look that has learnt
    nothing, and where samples lie already that another first look answered.
    """
    if network.first.fresh:
        raise ValueError("The first look of these weights has learnt nothing. Train the recipe fusion first.")
    places = [place for seed in seeds if (place := folder / f"{seed:06d}.npy").exists()]
    if not places:
        raise ValueError(f"There are no samples of these seeds in {folder}. Make them first, without --second-after.")
    into = second_folder(folder)
    into.mkdir(exist_ok=True)
    _check_made_with(into, network)
    made = 0
    for place in places:
        looked_at = (into / place.name).with_suffix(".npz")
        if looked_at.exists() or (planes := packed_sample(place)) is None:
            continue
        if len(planes) != PLANES:
            raise ValueError(f"{folder} holds samples for the second look. Name the folder of the first look's.")
        planes = _with_answer(network, planes)
        if not is_learnt(place):
            buffer = io.BytesIO()
            np.save(buffer, planes)
            put_file(into / place.name, buffer.getvalue())
        pixels_of(network, planes, int(place.stem)).save(looked_at)
        made += 1
    return made


def _with_answer(network: Fusion, planes: np.ndarray) -> np.ndarray:
    """A packed sample (11, h, w) with what the first look answers before the mattes, (12, h, w)."""
    with torch.inference_mode():
        answer = network(torch.from_numpy(inputs_of(planes)))[0, 0].numpy()
    answer = np.where(planes[TRIMAP] == UNKNOWN, _bytes(answer), planes[CLASSIC])
    return np.concatenate((planes[: EXPERTS.start], answer[None], planes[EXPERTS]))


def _check_made_with(folder: Path, network: Fusion) -> None:
    """Note which first look answered; ``ValueError`` where it was another."""
    values = b"".join(value.numpy().tobytes() for value in network.first.state_dict().values())
    digest, note = sha256(values).hexdigest(), folder / _MADE_WITH
    if not note.exists():
        put_file(note, digest.encode())
    elif note.read_text("utf-8").strip() != digest:
        raise ValueError(f"{folder} holds samples that another first look answered. Remove it, or move it away.")


def main() -> None:
    """Fill a folder with samples; see the module."""
    parser = argparse.ArgumentParser(description="Make training samples for fusion.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--step", type=int, default=1, help="every n-th seed, for several processes")
    parser.add_argument("--cut-outs", type=Path, help="a folder of PNG files with transparency")
    parser.add_argument("--second-after", type=Path, metavar="WEIGHTS", help="make them for the second look")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if chosen.first < 0 or chosen.count < 1 or chosen.step < 1:
        parser.error("--first is 0 or more, --count and --step are 1 or more")
    seeds = range(chosen.first, chosen.first + chosen.count, chosen.step)
    try:
        if chosen.second_after:
            network = seeing_network()
            take_weights(network, chosen.second_after)
            made = fill_second(chosen.folder, iter(seeds), network)
            print(f"{made} samples made in {second_folder(chosen.folder)}")
            return
        there = fill(chosen.folder, iter(seeds), cut_outs(chosen.cut_outs) if chosen.cut_outs else ())
        print(
            f"{there} of {len(seeds)} seeds have a sample in {chosen.folder}; the drawings of the others would not do."
        )
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "Stopped. What is made is kept, and the same command goes on.\n")


if __name__ == "__main__":
    main()
