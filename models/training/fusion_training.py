"""Trains ``fusion`` on single pixels of a folder of samples (fusion_samples.py).

    python -m models.training.fusion_training SAMPLES OUT [--steps 2500] [--resume]

Fusion decides for each pixel by its sights (models/networks/sights.py), which are not learned: so they are computed
once, for some unknown pixels of every sample, and a step learns from two thousand pixels of as many places. Crops show
a network the same few photos for the same price: the first fusion, of convolutions, was no better than the classic
matte after an hour of them, this one after a minute of these. OUT keeps the table of pixels, a checkpoint and a log.
"""

from __future__ import annotations

import argparse
import io
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from models.catalogue import every_spec
from models.networks.building import build
from models.networks.fusion import Fusion
from models.networks.sights import MATTES
from models.prepare import DEVIATION, MEAN, UNKNOWN
from models.training.checkpointing import put_file
from models.training.fusion_samples import PLANES

HELD_BACK = 20
"""Every so many-th seed is for judging alone."""
WARMUP_STEPS = 100
FADING = 1e-3
"""What AdamW takes from the weights, of the rate."""
EDGE_PX = 8
"""Pixels nearer to a sample's edge are left out: there the sights see a picture that is continued."""
USUAL_ERROR = 0.04
"""Classic's mean error on photos. Drawings are harder: the further beyond that, the less a sample counts."""
HARDEST = 4 * USUAL_ERROR
"""A sample on which classic errs more than that is left out."""
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Schedule:
    """How ``fusion`` is trained: the rate rises to ``rate`` and falls to 0 with a cosine until ``steps``."""

    steps: int = 2500
    rate: float = 2e-3
    batch: int = 2048
    """The pixels of a step."""
    pixels: int = 1200
    """At most so many pixels of a sample are in the table."""
    decay: float = 0.998
    """How much of the averaged weights each step leaves."""
    every: int = 500
    """Steps between two checkpoints, each with a judgement on the samples that are held back."""
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, 2, ..."""
        return self.rate * min(1.0, (step + 1) / WARMUP_STEPS) * 0.5 * (1 + float(np.cos(np.pi * step / self.steps)))


@dataclass(frozen=True)
class FusionBatch:
    """Tensors: inputs (N, 10, h, w) as the network takes them, truth (N, 1, h, w), trimap (N, 1, h, w) uint8."""

    inputs: torch.Tensor
    truth: torch.Tensor
    trimap: torch.Tensor

    @classmethod
    def of(cls, planes: Sequence[np.ndarray]) -> FusionBatch:
        """From packed samples (11, h, w) uint8 of one size."""
        packed = torch.from_numpy(np.stack(planes))
        mean, deviation = (torch.from_numpy(value)[:, None, None] for value in (MEAN, DEVIATION))
        values = packed.float() / 255
        colours = (values[:, :3] - mean) / deviation
        return cls(torch.cat((colours, values[:, 3:4], values[:, 5:]), 1), values[:, 4:5], packed[:, 3:4])


@dataclass(frozen=True)
class Pixels:
    """Unknown pixels of many samples.

    sights (P, COUNT) float16, mattes (P, 4) and truth (P,) uint8, weight (P,) float32, held_back (P,) bool.
    """

    sights: np.ndarray
    mattes: np.ndarray
    truth: np.ndarray
    weight: np.ndarray
    held_back: np.ndarray

    def save(self, place: Path) -> None:
        """Keep them, whole or not at all."""
        buffer = io.BytesIO()
        np.savez(buffer, **self.__dict__)
        put_file(place, buffer.getvalue())

    @classmethod
    def load(cls, place: Path) -> Pixels:
        """What ``save`` kept; ``ValueError`` with a sentence where that is damaged."""
        try:
            with np.load(place) as kept:
                return cls(**kept)
        except (OSError, ValueError, TypeError, EOFError) as error:
            raise ValueError(f"{place.name} is damaged. Remove it: it is made again.") from error


def gather(network: Fusion, files: Sequence[Path], schedule: Schedule, told: Progress) -> Pixels:
    """Some unknown pixels of each of ``files``; those too hard, or with next to nothing unknown, are left out.

    ``ValueError`` where no sample is left. ``told`` is called with the share that is done; what it raises comes out.
    """
    rows: list[tuple[np.ndarray, ...]] = []
    for place, file in enumerate(files):
        told(place / len(files))
        row = _pixels_of(network, np.load(file), int(file.stem), schedule)
        if row is not None:
            rows.append(row)
    if not rows:
        raise ValueError("None of the samples can be learned from: they are too hard. Make more of them.")
    return Pixels(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _pixels_of(network: Fusion, planes: np.ndarray, seed: int, schedule: Schedule) -> tuple[np.ndarray, ...] | None:
    rng = np.random.default_rng((schedule.seed, 7, seed))
    planes = turned(planes, rng)
    weight = weight_of(planes)
    inner = np.zeros(planes.shape[1:], bool)
    inner[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX] = True
    down, along = np.nonzero((planes[3] == UNKNOWN) & inner)
    if weight == 0 or not down.size:
        return None
    chosen = rng.choice(down.size, min(schedule.pixels, down.size), replace=False)
    down, along = down[chosen], along[chosen]
    with torch.inference_mode():
        sights = network.see(FusionBatch.of([planes]).inputs)[0].permute(1, 2, 0)[down, along]
    mattes = planes[5 : 5 + MATTES, down, along].T
    count, held_back = len(down), seed % HELD_BACK == 0
    return (
        sights.half().numpy(),
        np.ascontiguousarray(mattes),
        planes[4, down, along],
        np.full(count, weight, np.float32),
        np.full(count, held_back),
    )


def turned(planes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A packed sample turned, mirrored, its colours exchanged; the mattes hardly depend on which colour is which."""
    planes = np.rot90(planes, int(rng.integers(4)), axes=(1, 2))
    if rng.random() < 0.5:
        planes = planes[:, :, ::-1]
    order = np.concatenate([rng.permutation(3), np.arange(3, PLANES)])
    return np.ascontiguousarray(planes[order])


def weight_of(planes: np.ndarray) -> float:
    """How much a packed sample counts: less the harder it is than photos, and not at all where it is far too hard."""
    error = matte_error(planes)
    return 0.0 if error > HARDEST else min(1.0, USUAL_ERROR / max(error, 1e-4))


def matte_error(planes: np.ndarray) -> float:
    """The mean error of the classic matte of a packed sample over its unknown pixels, 0 where there are none."""
    unknown = planes[3] == UNKNOWN
    wrong = np.abs(planes[5].astype(np.float32) - planes[4])[unknown]
    return float(wrong.mean() / 255) if wrong.size else 0.0


class FusionTrainer:
    """The network, its averaged twin and the optimiser, kept in ``out``/checkpoint.pt, the pixels in pixels.npz."""

    def __init__(self, samples: Path, out: Path, schedule: Schedule, told: Progress = lambda share: None) -> None:
        """``ValueError`` with a sentence where there are no samples to learn from."""
        self.out, self.schedule = out, schedule
        torch.manual_seed(schedule.seed)
        self.network = cast(Fusion, build(every_spec()["fusion"])).train()
        self.average = cast(Fusion, build(every_spec()["fusion"])).eval()
        self.pixels = self._gathered(samples, told)
        self._learnt = torch.from_numpy(np.flatnonzero(~self.pixels.held_back))
        if not self._learnt.numel():
            raise ValueError(f"All samples in {samples} are kept for judging. Make more of them.")
        sights = torch.from_numpy(self.pixels.sights[~self.pixels.held_back]).float()
        self.network.middle.copy_(sights.mean(0))
        self.network.spread.copy_(sights.std(0) + 1e-3)
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(self.network.parameters(), schedule.rate, weight_decay=FADING)
        self.step = 0
        self.seconds = 0.0

    def resume(self) -> None:
        """Go on from the checkpoint; ``ValueError`` where there is none."""
        place = self.out / "checkpoint.pt"
        if not place.exists():
            raise ValueError(f"There is no checkpoint in {self.out}. Start without --resume.")
        try:
            kept: dict[str, Any] = torch.load(place, weights_only=True)
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(f"{place.name} is damaged. Start without --resume.") from error
        self.network.load_state_dict(kept["network"])
        self.average.load_state_dict(kept["ema"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.step, self.seconds = kept["step"], kept["seconds"]

    def run(self, until: int) -> None:
        """Take the steps up to ``until``; a checkpoint and a line on the way every so often.

        ``ValueError`` where the loss stops being a number: the last checkpoint stays.
        """
        begun, before = time.monotonic(), self.seconds
        losses: list[float] = []
        while self.step < until:
            losses.append(self._take_step())
            self.step += 1
            self.seconds = before + time.monotonic() - begun
            if self.step % self.schedule.every == 0 or self.step == until:
                self._checkpoint()
                self._say(float(np.mean(losses)))
                losses.clear()

    def judge(self) -> tuple[float, float]:
        """The weighed mean error over the pixels held back: the averaged network's, and classic's. 0 without any."""
        chosen = torch.from_numpy(np.flatnonzero(self.pixels.held_back))
        if not chosen.numel():
            return 0.0, 0.0
        _, mattes, truth, weight = self._values(chosen)
        with torch.inference_mode():
            found = [self._alpha(self.average, self._values(part)) for part in chosen.split(1 << 14)]
        answers = (torch.cat(found).clamp(0, 1), mattes[:, 0])
        fused, classic = (float(((answer - truth).abs() * weight).sum() / weight.sum()) for answer in answers)
        return fused, classic

    def _take_step(self) -> float:
        rng = np.random.default_rng((self.schedule.seed, self.step))
        torch.manual_seed(int(rng.integers(1 << 62)))  # of what is left out
        chosen = self._learnt[torch.from_numpy(rng.integers(0, self._learnt.numel(), self.schedule.batch))]
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate_at(self.step)
        values = self._values(chosen)
        _, _, truth, weight = values
        loss = ((self._alpha(self.network, values) - truth).abs() * weight).sum() / weight.sum()
        if not torch.isfinite(loss):
            raise ValueError(f"The loss is no number in step {self.step}. The last checkpoint is good: lower --rate.")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        self.optimiser.step()
        self._follow()
        return float(loss.detach())

    def _values(self, chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Sights (P, COUNT), mattes (P, 4), truth (P,) and weight (P,) of some pixels, float32."""
        places = chosen.numpy()
        one, two, three = (
            np.take(plane, places, 0) for plane in (self.pixels.sights, self.pixels.mattes, self.pixels.truth)
        )
        weight = torch.from_numpy(self.pixels.weight[places])
        return torch.from_numpy(one).float(), torch.from_numpy(two) / 255, torch.from_numpy(three) / 255, weight

    @staticmethod
    def _alpha(network: Fusion, values: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Raw alpha (P,) of pixels, laid in a column as a picture would be."""
        sights, mattes = (plane.T[None, :, :, None] for plane in values[:2])
        return network.weigh(sights, mattes)[0, 0, :, 0]

    def _follow(self) -> None:
        """Move the averaged weights a little towards the network's; at first faster, since they begin at nothing."""
        keep = min(self.schedule.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)

    def _gathered(self, samples: Path, told: Progress) -> Pixels:
        """The table in ``out`` if there is one, whatever samples have come since; else made and kept there."""
        place = self.out / "pixels.npz"
        if place.exists():
            return Pixels.load(place)
        files = [file for file in sorted(samples.glob("*.npy")) if file.stat().st_size > 1024]  # empty: no sample
        if not files:
            raise ValueError(f"There are no samples in {samples}. Make some with models.training.fusion_samples.")
        made = gather(self.network, files, self.schedule, told)
        self.out.mkdir(parents=True, exist_ok=True)
        made.save(place)
        return made

    def _checkpoint(self) -> None:
        """Keep all that the next step depends on; the old checkpoint stays until the new one is whole."""
        self.out.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "ema": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        put_file(self.out / "checkpoint.pt", buffer.getvalue())

    def _say(self, loss: float) -> None:
        fused, classic = self.judge()
        line = (
            f"step {self.step} of {self.schedule.steps}, {self.seconds:.0f} s, {len(self.pixels.truth)} pixels, "
            f"loss {loss:.4f}; held back: {fused:.4f}, classic {classic:.4f}"
        )
        print(line, flush=True)
        with (self.out / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


def main() -> None:
    """Train; see the module."""
    parser = argparse.ArgumentParser(description="Train fusion on a folder of samples.")
    parser.add_argument("samples", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=Schedule.steps)
    parser.add_argument("--until", type=int, help="stop after this step")
    parser.add_argument("--rate", type=float, default=Schedule.rate)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    schedule = Schedule(chosen.steps, chosen.rate)

    said = -1

    def told(share: float) -> None:
        nonlocal said
        if int(share * 10) > said:
            said = int(share * 10)
            print(f"Looking at the samples: {said * 10} %", flush=True)

    trainer = FusionTrainer(chosen.samples, chosen.out, schedule, told)
    if chosen.resume:
        trainer.resume()
    trainer.run(chosen.until or chosen.steps)


if __name__ == "__main__":
    main()
