"""Checkpoints of a training: all that the next step depends on, replaced in one step or not at all.

A checkpoint is two files: weights as safetensors, and a state that names them, readable with ``weights_only=True``.
Only what the state names counts, so putting a new state in the old one's place is the one step in which a checkpoint
replaces another; until then the old one is whole.
"""

from __future__ import annotations

import io
import os
import pickle
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load, save
from torch import nn

FORMAT = 1
_STATE = "state.pt"
_AVERAGE = "(average) "
"""Before the names of averaged weights, as no entry of a network is called."""
_IDENTITY = ("name", "network", "part")


@dataclass(frozen=True)
class Checkpoint:
    """What was kept after ``step`` steps."""

    step: int
    recipe: Mapping[str, Any]
    weights: Mapping[str, torch.Tensor]
    average: Mapping[str, torch.Tensor]
    """The running average of the weights; empty where there was none."""
    optimiser: Mapping[str, Any]
    seconds: float
    """How long the training had taken."""


class CheckpointFolder:
    """Where a training's checkpoint lies: one at a time."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when it is first written to."""
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether there is a checkpoint."""
        return (self.folder / _STATE).exists()

    def save(
        self,
        step: int,
        recipe: Mapping[str, Any],
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        seconds: float,
        average: nn.Module | None = None,
    ) -> None:
        """Replace the checkpoint. Where that fails (``OSError``), the earlier one is as it was."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"weights-{step:08d}-{secrets.token_hex(3)}.safetensors"
        state = {
            "format": FORMAT,
            "step": step,
            "recipe": dict(recipe),
            "weights": name,
            "optimiser": optimiser.state_dict(),
            "seconds": seconds,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        kept = network.state_dict()
        if average is not None:
            kept = {**kept, **{_AVERAGE + entry: value for entry, value in average.state_dict().items()}}
        put_file(self.folder / name, weights_file(kept, {}))
        try:
            put_file(self.folder / _STATE, buffer.getvalue())
        finally:
            self._clear_away()

    def load(self) -> Checkpoint:
        """The checkpoint. ``ValueError`` with a sentence where there is none or it is damaged."""
        if not self.exists:
            raise ValueError(f"There is no checkpoint in {self.folder}. Start without --resume.")
        try:
            state = torch.load(self.folder / _STATE, map_location="cpu", weights_only=True)
            if state["format"] != FORMAT:
                raise ValueError("another format")
            stored = load((self.folder / str(state["weights"])).read_bytes())
            weights = {name: value for name, value in stored.items() if not name.startswith(_AVERAGE)}
            mean = {n.removeprefix(_AVERAGE): value for n, value in stored.items() if n.startswith(_AVERAGE)}
            return Checkpoint(state["step"], state["recipe"], weights, mean, state["optimiser"], state["seconds"])
        except (
            *(OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError),
            pickle.UnpicklingError,
            safetensors.SafetensorError,
        ) as error:
            raise ValueError(f"The checkpoint in {self.folder} is damaged. Start anew in another folder.") from error

    def _clear_away(self) -> None:
        """Delete weights that the state does not name: earlier ones, and those of a checkpoint that failed."""
        try:
            named = torch.load(self.folder / _STATE, map_location="cpu", weights_only=True)["weights"]
        except FileNotFoundError:
            named = ""
        for path in self.folder.glob("weights-*.safetensors"):
            if path.name != named:
                with suppress(OSError):  # a file in use on Windows goes with the next checkpoint
                    path.unlink()


def check_same_training(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """What differs between a checkpoint's recipe and the one that is to go on from it, a phrase each.

    ``ValueError`` with a sentence where it is another recipe or network: its weights mean nothing there.
    """
    for name in _IDENTITY:
        if kept.get(name) != wanted[name]:
            what = "recipe" if name == "name" else name
            raise ValueError(
                f"The checkpoint is of {what} {kept.get(name) or 'all'}, not {wanted[name] or 'all'}. "
                "Go on with the same, or start anew in another folder with --out."
            )
    return [f"{name} {wanted[name]} instead of {kept.get(name)}" for name in wanted if kept.get(name) != wanted[name]]


def weights_file(state: Mapping[str, torch.Tensor], head: Mapping[str, str]) -> bytes:
    """A state dict as safetensors, with what is to be known of it in its head."""
    # Copies, since entries may share memory, and in the usual order, which channels-last is not.
    whole = {name: v.detach().cpu().clone(memory_format=torch.contiguous_format) for name, v in state.items()}
    return save(whole, metadata={"format": "pt", **head})


def put_file(place: Path, content: bytes) -> None:
    """Write a file beside its place and move it there once it is on the disk; ``OSError`` leaves the old one."""
    part = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, place)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
