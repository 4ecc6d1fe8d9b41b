"""The loop: batches to steps, steps to weights; what it leaves on disk allows to go on exactly where it stopped.

Nothing depends on what happened in earlier calls but the checkpoint: examples are numbered, rates are functions of the
step, and torch's random numbers are seeded anew in each step. So N steps are the same, bit for bit on a CPU, whether
they were taken in one go or in several.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import nn

from models.catalogue import every_spec
from models.networks.device import give_back, is_out_of_memory
from models.training.averaging import Average
from models.training.batch import Batch, Example
from models.training.checkpointing import Head, all_finite, check_same_training
from models.training.fitting import what_fits
from models.training.judging import judge
from models.training.loading import Loaded, Share, Source, batches
from models.training.objective import Objective
from models.training.optimising import hold_still, make_optimiser, set_rate, slope_norm, to_training
from models.training.precision import Precision
from models.training.pseudo_labels import relabelled
from models.training.recipes import Recipe
from models.training.run_folder import RunFolder
from models.training.starting import fresh_network
from models.training.together import averaged, shared_out, unshared
from models.training.wording import in_number, in_words

CLASSES = 3
Progress = Callable[[float, str], None]
Answers = tuple[torch.Tensor | None, torch.Tensor | None]


@dataclass(frozen=True)
class Taken:
    """What one step did: its loss with the parts, and the rate."""

    loss: float
    parts: dict[str, float]
    rate: float


class Trainer:
    """Trains one recipe's network from one source into one folder. ``run`` may be called again to go on."""

    def __init__(
        self,
        recipe: Recipe,
        source: Source,
        folder: RunFolder,
        device: str = "cpu",
        share: Share | None = None,
        notes: Mapping[str, str] | None = None,
        fresh: bool = True,
    ) -> None:
        """``device``: cpu, cuda, cuda:1 or mps. ``notes`` are kept in checkpoints for whoever resumes.

        Not ``fresh`` leaves the files alone that the recipe starts from: ``resume`` brings the weights.
        ``ValueError`` for recipes that cannot be followed.
        """
        self.recipe, self.source, self.folder, self.device = recipe, source, folder, device
        self.share = share or Share()
        self.step = 0
        self.seconds = 0.0
        self._saved_after = -1
        self.skipped: set[str] = set()
        self._untold: list[Taken] = []
        self._spec = every_spec()[recipe.network]
        self._objective = Objective(recipe.losses, recipe.plus, recipe.unknown_from)
        self.network, taken = fresh_network(recipe, with_files=fresh)
        hold_still(recipe, self.network)
        self.network.to(device=device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimiser = make_optimiser(recipe, self.network)
        self.average = Average(self.network, recipe.average) if recipe.average else None
        self._precision = Precision(recipe.precision, device)
        self._notes = dict(notes or {})
        self._called = shared_out(self.network, self.share)
        self._held_out: list[Example] | None = None
        self.remarks = [f"{found.entries} of {found.of} entries start from {found.file}." for found in taken]
        if (recipe.fixed_norms or recipe.frozen) and not recipe.start:
            what = "The backbone's norms are fixed" if recipe.fixed_norms else "A part of the network is frozen"
            self.remarks.append(f"{what}, but it starts from no pretrained weights: name some with --set start=FILE.")
        if recipe.first_steps >= recipe.steps:
            self.remarks.append(
                f"All steps take pictures of {recipe.first_px} px (first_px), none of {recipe.crop_px} (crop_px): "
                "first_steps is not below steps."
            )

    def resume(self) -> None:
        """Go on from the folder's checkpoint; ``ValueError`` where there is none or it is of another training."""
        kept = self.folder.checkpoints.load()
        changes = check_same_training(kept.recipe, self.recipe.as_numbers())
        try:
            self.network.load_state_dict(dict(kept.weights))
            self._take_optimiser(dict(kept.optimiser))
            if self.average is not None:
                self.average.take(kept.average or kept.weights)
            self._precision.take(kept.scaling)
        except (RuntimeError, ValueError, KeyError) as error:
            raise ValueError(
                "The checkpoint does not fit: the network, or what of it is trained, was another. "
                "Go on with the same settings, or start anew in another folder with --out."
            ) from error
        self.step, self.seconds, self._saved_after = kept.step, kept.seconds, kept.step
        if self._leads:
            self.folder.forget_after(self.step)
        self.remarks.append(f"Going on after step {self.step}" + (f", with {'; '.join(changes)}." if changes else "."))

    def _take_optimiser(self, state: dict[str, Any]) -> None:
        """What the optimiser remembers of each weight; its settings stay this recipe's, which may have changed."""
        settings = [{k: v for k, v in group.items() if k != "params"} for group in self.optimiser.param_groups]
        self.optimiser.load_state_dict(state)
        for group, own in zip(self.optimiser.param_groups, settings, strict=True):
            group.update(own)

    def run(self, progress: Progress, until: int | None = None) -> None:
        """Take the steps up to ``until``, or all that are left.

        What ``progress`` raises ends it after a checkpoint, and comes out; so does what the source raises.
        ``ValueError`` with a sentence where the loss stops being a number, memory does not suffice, or a checkpoint
        cannot be written: the last one is whole.
        """
        last = min(self.recipe.steps, until or self.recipe.steps)
        begun, first = time.monotonic(), self.step
        before = self.seconds
        for batch, skipped in self._batches(last):
            if self._saved_after < 0:  # so that there are good weights to keep, whatever the first step does
                self._begin()
            taken = self._guarded_step(batch.to(self.device))
            self.step += 1
            self.seconds = before + time.monotonic() - begun
            self._name_skipped(skipped)
            per_step = (self.seconds - before) / (self.step - first)
            self._record(taken, per_step)
            self._tell(progress, taken, per_step)
        if self._saved_after != self.step:
            self._checkpoint()
        if self.step >= self.recipe.steps and self._leads:
            self._finish()

    @property
    def _leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.share.rank == 0

    def _batches(self, last: int) -> Iterator[Loaded]:
        made = batches(self.source, self.recipe, self.step, self.share)
        try:
            yield from islice(made, max(0, last - self.step))
        except (ValueError, OSError):  # the data: what was learnt from it is kept
            if self._saved_after not in (-1, self.step):
                self._checkpoint()
            raise

    def _begin(self) -> None:
        """The first checkpoint; curves of an attempt that came to nothing are forgotten."""
        if self._leads:
            self.folder.forget_after(0)
        self._checkpoint()
        self._saved_after = 0

    def _guarded_step(self, batch: Batch) -> Taken:
        """One step, with a sentence for what memory does not suffice for."""
        try:
            return self._take_step(batch)
        except (RuntimeError, MemoryError) as error:
            if isinstance(error, RuntimeError) and not is_out_of_memory(error):
                raise
        # outside the handler, whose traceback would hold the memory
        raise ValueError(
            what_fits(batch.size, self._part(batch), self.share.of, lambda count: self._fits(batch, count))
        )

    def _part(self, batch: Batch) -> int:
        """How many pictures of a batch are worked through at a time."""
        return -(-batch.size // self.recipe.accumulate)

    def _take_step(self, batch: Batch) -> Taken:
        torch.manual_seed(self._seed())
        rate = set_rate(self.optimiser, self.recipe, self.step)
        batch = relabelled(batch, self.predict, self._seed())
        to_training(self.recipe, self.network)
        self.optimiser.zero_grad(set_to_none=True)
        loss, parts = self._slopes(self._called, batch, self._part(batch))
        loss, *means = averaged(torch.stack([loss, *parts.values()]), self.share)
        self._check_finite(loss, "loss")
        self._precision.divide_slopes(self.optimiser)
        weights = [weight for group in self.optimiser.param_groups for weight in group["params"]]
        norm = slope_norm(weights)
        if not self._precision.may_overflow:
            self._check_finite(norm, "slope")
        if self.recipe.clip:
            nn.utils.clip_grad_norm_(weights, self.recipe.clip)
        if self._precision.step(self.optimiser) and self.average is not None:
            self.average.follow(self.network, self.step)
        return Taken(float(loss), {name: float(part) for name, part in zip(parts, means, strict=True)}, rate)

    def _slopes(self, network: nn.Module, batch: Batch, at_a_time: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Add up the slopes of a batch, so many pictures at a time; its loss and the loss's parts, without slopes."""
        total = torch.zeros((), device=self.device)
        parts: dict[str, torch.Tensor] = {}
        for start in range(0, batch.size, at_a_time):
            piece = batch.part(start, min(start + at_a_time, batch.size))
            share = piece.size / batch.size
            last = start + at_a_time >= batch.size
            with nullcontext() if last else unshared(network):  # processes tell each other their slopes once
                with self._precision.working():
                    alpha, logits = self._answers(network, piece)
                loss, terms = self._objective(alpha, logits, piece)
                self._precision.backward(loss * share)
            total = total + loss.detach() * share
            for name, term in terms.items():
                parts[name] = parts.get(name, torch.zeros_like(term)) + term * share
        return total, parts

    def predict(self, batch: Batch) -> torch.Tensor:
        """Raw alpha (N, 1, H, W) float32 of the weights as they are now; no slopes."""
        return self._alpha_of(self.network, batch)

    def predict_delivered(self, batch: Batch) -> torch.Tensor:
        """The same of the weights that would be delivered now: the running average, where there is one."""
        return self._alpha_of(self._delivered, batch)

    @property
    def _delivered(self) -> nn.Module:
        return self.network if self.average is None else self.average.network

    def _alpha_of(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        network.eval()
        with torch.no_grad(), self._precision.working():
            alpha, _ = self._answers(network, batch.to(self.device))
        if alpha is None:
            raise ValueError(f"The part {self.recipe.part} of {self.recipe.network} answers no alpha.")
        return alpha.float()

    def _answers(self, network: nn.Module, batch: Batch) -> Answers:
        """alpha and logits, each None where the network gives none."""
        inputs = batch.inputs(self._spec.channels)
        if self.recipe.told:
            inputs = torch.cat((inputs, batch.class_planes), dim=1)
        answer = network(inputs.contiguous(memory_format=torch.channels_last))
        if isinstance(answer, tuple) and len(answer) == 1:
            return answer[0], None
        if isinstance(answer, tuple):
            return answer[1], answer[0]
        return (None, answer) if answer.shape[1] == CLASSES else (answer, None)

    def _seed(self) -> int:
        """Of this step and this process; unlike those near it."""
        words = np.random.SeedSequence((self.recipe.seed, self.step, self.share.rank)).generate_state(1, np.uint32)
        return int(words[0])

    def _check_finite(self, value: torch.Tensor, what: str) -> None:
        if not torch.isfinite(value):
            self._stop(f"The {what} is no number any more in step {self.step + 1}.")

    def _stop(self, what: str) -> NoReturn:
        """End with a sentence that says what is kept."""
        if not self.folder.checkpoints.exists:
            raise ValueError(f"{what} Start from other weights.")
        kept = self.folder.checkpoints.step
        message = (
            f"{what} The weights after step {kept} are kept in "
            f"{self.folder.checkpoints.folder}: go on from there with --resume and a smaller rate, such as "
            f"--set rate={self.recipe.rate / 3:.2g}."
        )
        self._say(message)
        raise ValueError(message)

    def _fits(self, batch: Batch, count: int) -> bool:
        self.optimiser.zero_grad(set_to_none=True)
        give_back(torch.device(self.device).type)
        try:
            # not through _called, in which this process would wait for the others
            self._slopes(self.network, batch.part(0, count), count)
        except (RuntimeError, MemoryError) as error:
            if isinstance(error, RuntimeError) and not is_out_of_memory(error):
                raise
            return False
        finally:
            self.optimiser.zero_grad(set_to_none=True)
        return True

    def _record(self, taken: Taken, per_step: float) -> None:
        """Curve, judgement and checkpoint where they are due."""
        recipe, last = self.recipe, self.step == self.recipe.steps
        if not self._leads:
            return
        self._untold.append(taken)
        if self.step % recipe.log_every == 0 or last:
            speed = recipe.batch / per_step
            row = {"step": self.step, "seconds": self.seconds, "pictures_per_s": speed, "rate": taken.rate}
            means = {name: _mean([step.parts[name] for step in self._untold]) for name in taken.parts}
            self.folder.curve.add({**row, "loss": _mean([step.loss for step in self._untold]), **means})
            self._untold.clear()
        if self.step % recipe.save_every == 0 or last:
            self._checkpoint()
        if self.step % recipe.validate_every == 0 or last:
            self._judge()
        if self.step % recipe.save_every == 0 or last:
            self.folder.draw_curve(f"{recipe.title}: step {self.step} of {recipe.steps}")

    def _judge(self) -> None:
        if not self.recipe.validate_on or set(self.recipe.losses) == {"trimap"}:
            return
        if self._held_out is None:
            known = len(self.source.skipped)
            self._held_out = self.source.held_out(self.recipe.validate_on)
            self._name_skipped(tuple(self.source.skipped[known:]))
        try:
            found = judge(
                self._held_out, self.predict_delivered, whole=self._spec.finds_trimap and not self.recipe.told
            )
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            found = None
            self._say(
                f"step {self.step}: not judged, the memory does not suffice. Set validate_on=0, or crop_px lower."
            )
        if found is not None:
            self.folder.judgements.add({"step": self.step, **found.errors})
            self.folder.show_samples(self.step, found.strips)
            words = ", ".join(f"{name} {value:.4g}" for name, value in found.errors.items())
            self._say(f"step {self.step}: on {len(self._held_out)} pictures kept back {words}")

    def _checkpoint(self) -> None:
        if not self._leads:
            return
        kept = self.folder.checkpoints
        if not all_finite(self.network):
            self._stop(f"The weights are no numbers any more after step {self.step}.")
        try:
            average = None if self.average is None else self.average.network
            scaling = self._precision.state()
            head = Head(self.step, self.recipe.as_numbers(), self.seconds, scaling, self._notes)
            kept.save(head, self.network, self.optimiser, average)
            self._saved_after = self.step
        except OSError as error:
            what_next = "Make room, then start again."
            if kept.exists:
                what_next = f"The one after step {kept.step} is whole: make room, then go on with --resume."
            raise ValueError(
                f"The checkpoint after step {self.step} cannot be written: {error.strerror or error}. {what_next}"
            ) from error

    def _tell(self, progress: Progress, taken: Taken, per_step: float) -> None:
        left = in_words(per_step * (self.recipe.steps - self.step))
        text = f"step {self.step} of {self.recipe.steps}, loss {taken.loss:.4f}, "
        text += f"{self.recipe.batch / per_step:.1f} pictures/s, {left} left"
        try:
            progress(self.step / self.recipe.steps, text)
        except BaseException:  # cancelled, or interrupted: what was learnt is kept
            self._checkpoint()
            place = self._deliver() if self._leads else None
            self._say(f"stopped after step {self.step}" + (f": {place.name} holds what it knows" if place else ""))
            raise

    def _name_skipped(self, phrases: tuple[str, ...]) -> None:
        for phrase in phrases:
            if phrase not in self.skipped:
                self.skipped.add(phrase)
                self._say(f"skipped: {phrase}")

    def _deliver(self) -> Path:
        """Write the weights as they would be delivered now, to be imported; where they are. ``OSError`` passes."""
        recipe = self.recipe
        head = {
            "network": f"{recipe.network}.{recipe.part}" if recipe.part else recipe.network,
            "licence": recipe.licence,
            "source": f"mattelier train {recipe.name}",
            "steps": str(self.step),
        }
        return self.folder.deliver(recipe.name, self._delivered, head)

    def _finish(self) -> None:
        place = self._deliver()
        more = f"; {in_number(len(self.skipped), 'file was', 'files were')} skipped" if self.skipped else ""
        self._say(f"done after {in_words(self.seconds)}: {place.name}{more}")

    def _say(self, text: str) -> None:
        if self._leads:
            self.folder.say(text)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
