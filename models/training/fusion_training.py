"""Trains ``fusion`` on a folder of samples (fusion_samples.py), which may still be growing.

    python -m models.training.fusion_training SAMPLES OUT --steps 3000 [--resume]

Fusion's examples carry mattes that no other network takes, made beforehand, so it has a loop of its own, small enough
to read. A step depends on the checkpoint and the step's number, and on which samples there are by then.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.catalogue import every_spec
from models.networks.building import build
from models.prepare import DEVIATION, FOREGROUND, MEAN, UNKNOWN
from models.training import losses
from models.training.checkpointing import put_file
from models.training.fusion_samples import PLANES

HELD_BACK = 20
"""Every so many-th seed is for judging alone."""
GRADIENT_WEIGHT = 1.0
LAPLACIAN_WEIGHT = 0.1
SLOPE_LIMIT = 1.0
WARMUP_STEPS = 50
PLACES = 4
"""Of so many parts of a sample, the one with the most unknown pixels is taken."""
USUAL_ERROR = 0.04
"""Classic's mean error on photos. Drawings are harder: the further beyond that, the more seldom a part is taken."""
HARDEST_JUDGED = 2.5 * USUAL_ERROR
REFUSALS = 8
"""So many parts are refused in a row at most."""


@dataclass(frozen=True)
class Schedule:
    """How ``fusion`` is trained. The rate is ``rate`` up to step ``cool``, from there it falls to 0 at ``steps``."""

    steps: int
    cool: int
    rate: float = 6e-4
    batch: int = 2
    crop_px: int = 160
    decay: float = 0.995
    """How much of the averaged weights each step leaves."""
    every: int = 100
    """Steps between two checkpoints, each with a judgement on the samples that are held back."""
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, 2, ..."""
        warm = min(1.0, (step + 1) / WARMUP_STEPS)
        cooling = (self.steps - step) / max(1, self.steps - self.cool) if step > self.cool else 1.0
        return self.rate * warm * max(0.0, min(1.0, cooling))


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

    def settled(self, alpha: torch.Tensor) -> torch.Tensor:
        """Alpha (N, 1, h, w) where it is unknown, what the trimap says elsewhere: as mattes are used."""
        return torch.where(self.trimap == UNKNOWN, alpha, (self.trimap == FOREGROUND).to(alpha.dtype))


class FusionTrainer:
    """The network, its averaged twin and the optimiser, kept in ``out``/checkpoint.pt."""

    def __init__(self, samples: Path, out: Path, schedule: Schedule) -> None:
        self.samples, self.out, self.schedule = samples, out, schedule
        torch.manual_seed(schedule.seed)
        self.network = build(every_spec()["fusion"]).train()
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.average = build(every_spec()["fusion"])
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.Adam(self.network.parameters(), schedule.rate)
        self.step = 0
        self.seconds = 0.0

    def resume(self) -> None:
        """Go on from the checkpoint; ``ValueError`` where there is none."""
        place = self.out / "checkpoint.pt"
        if not place.exists():
            raise ValueError(f"There is no checkpoint in {self.out}. Start without --resume.")
        kept: dict[str, Any] = torch.load(place, weights_only=True)
        self.network.load_state_dict(kept["network"])
        self.average.load_state_dict(kept["ema"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.step, self.seconds = kept["step"], kept["seconds"]

    def run(self, until: int) -> None:
        """Take the steps up to ``until``; a checkpoint and a line on the way every so often.

        ``ValueError`` where there are no samples, or where the loss stops being a number: the last checkpoint stays.
        """
        begun, before = time.monotonic(), self.seconds
        told = 0.0
        listed = self._listed()[0]
        while self.step < until:
            loss = self._take_step(listed)
            told += loss
            self.step += 1
            self.seconds = before + time.monotonic() - begun
            if self.step % self.schedule.every == 0 or self.step == until:
                self._checkpoint()
                listed, held_back = self._listed()
                fused, classic = judge(self.average, held_back)
                self._say(told / self.schedule.every, len(listed), fused, classic)
                told = 0.0

    def _take_step(self, listed: list[Path]) -> float:
        rng = np.random.default_rng((self.schedule.seed, self.step))
        batch = FusionBatch.of([drawn(listed, self.schedule.crop_px, rng) for _ in range(self.schedule.batch)])
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate_at(self.step)
        self.optimiser.zero_grad(set_to_none=True)
        loss = fusion_loss(self.network(batch.inputs.contiguous(memory_format=torch.channels_last)), batch)
        if not torch.isfinite(loss):
            raise ValueError(f"The loss is no number in step {self.step}. The last checkpoint is good: lower --rate.")
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        nn.utils.clip_grad_norm_(self.network.parameters(), SLOPE_LIMIT)
        self.optimiser.step()
        self._follow()
        return float(loss.detach())

    def _follow(self) -> None:
        """Move the averaged weights a little towards the network's; at first faster, since they begin at nothing."""
        keep = min(self.schedule.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)

    def _listed(self) -> tuple[list[Path], list[Path]]:
        """The samples to learn from and those held back, as they are in the folder now; empty ones left out."""
        files = [file for file in sorted(self.samples.glob("*.npy")) if file.stat().st_size > 1024]
        held_back = [file for file in files if int(file.stem) % HELD_BACK == 0]
        listed = [file for file in files if int(file.stem) % HELD_BACK]
        if not listed:
            raise ValueError(f"There are no samples in {self.samples}. Make some with models.training.fusion_samples.")
        return listed, held_back

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

    def _say(self, loss: float, count: int, fused: float, classic: float) -> None:
        line = (
            f"step {self.step} of {self.schedule.steps}, {self.seconds:.0f} s, {count} samples, loss {loss:.4f}; "
            f"held back: {fused:.4f}, classic {classic:.4f}"
        )
        print(line, flush=True)
        with (self.out / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


def fusion_loss(alpha: torch.Tensor, batch: FusionBatch) -> torch.Tensor:
    """L1 and gradient L1 over the unknown pixels, and the Laplacian pyramid of the settled matte."""
    unknown = batch.trimap == UNKNOWN
    settled = batch.settled(alpha)
    return (
        losses.alpha_prediction(alpha, batch.truth, unknown)
        + GRADIENT_WEIGHT * losses.gradient(settled, batch.truth, unknown)
        + LAPLACIAN_WEIGHT * losses.laplacian(settled, batch.truth)
    )


def judge(network: nn.Module, files: Sequence[Path]) -> tuple[float, float]:
    """The mean absolute error over the unknown pixels of the samples in ``files``: the network's, and classic's.

    Samples on which classic errs far more than on photos are left out. 0 and 0 where there are none.
    """
    sums = np.zeros(3)
    for planes in (_planes(file) for file in files):
        if classic_error(planes) > HARDEST_JUDGED:
            continue
        batch = FusionBatch.of([planes])
        unknown = batch.trimap == UNKNOWN
        with torch.inference_mode():
            alpha = network(batch.inputs).clamp(0, 1)
        for place, answer in enumerate((alpha, batch.inputs[:, 4:5])):
            sums[place] += float((answer - batch.truth).abs()[unknown].sum())
        sums[2] += int(unknown.sum())
    return float(sums[0] / max(1, sums[2])), float(sums[1] / max(1, sums[2]))


def drawn(files: Sequence[Path], crop_px: int, rng: np.random.Generator) -> np.ndarray:
    """A part (11, crop_px, crop_px) uint8 of one of the samples, as hard as photos are: see ``USUAL_ERROR``."""
    part = augmented(_planes(files[int(rng.integers(len(files)))]), crop_px, rng)
    for _ in range(REFUSALS):
        if rng.random() * classic_error(part) < USUAL_ERROR:
            break
        part = augmented(_planes(files[int(rng.integers(len(files)))]), crop_px, rng)
    return part


def classic_error(planes: np.ndarray) -> float:
    """The mean error of the classic matte over the unknown pixels of a packed sample, 0 where there are none."""
    unknown = planes[3] == UNKNOWN
    wrong = np.abs(planes[5].astype(np.float32) - planes[4])[unknown]
    return float(wrong.mean() / 255) if wrong.size else 0.0


def augmented(planes: np.ndarray, crop_px: int, rng: np.random.Generator) -> np.ndarray:
    """A part of a packed sample (11, h, w) uint8, ``crop_px`` squared: turned, mirrored, its colours exchanged.

    The mattes hardly depend on which colour is which, so they stay those of the sample.
    """
    planes = _most_unknown(planes, crop_px, rng)
    planes = np.rot90(planes, int(rng.integers(4)), axes=(1, 2))
    if rng.random() < 0.5:
        planes = planes[:, :, ::-1]
    order = np.concatenate([rng.permutation(3), np.arange(3, PLANES)])
    return np.ascontiguousarray(planes[order])


def _most_unknown(planes: np.ndarray, crop_px: int, rng: np.random.Generator) -> np.ndarray:
    best, count = planes, -1
    for _ in range(PLACES):
        top, left = (int(rng.integers(0, side - crop_px + 1)) for side in planes.shape[1:])
        part = planes[:, top : top + crop_px, left : left + crop_px]
        unknown = int(np.count_nonzero(part[3] == UNKNOWN))
        if unknown > count:
            best, count = part, unknown
    return best


def _planes(file: Path) -> np.ndarray:
    return np.load(file, mmap_mode="r")


def main() -> None:
    """Train; see the module."""
    parser = argparse.ArgumentParser(description="Train fusion on a folder of samples.")
    parser.add_argument("samples", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--cool", type=int, help="from this step the rate falls to 0 (default: two thirds)")
    parser.add_argument("--until", type=int, help="stop after this step")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    cool = chosen.steps * 2 // 3 if chosen.cool is None else chosen.cool
    trainer = FusionTrainer(chosen.samples, chosen.out, Schedule(chosen.steps, cool, chosen.rate))
    if chosen.resume:
        trainer.resume()
    trainer.run(chosen.until or chosen.steps)


if __name__ == "__main__":
    main()
