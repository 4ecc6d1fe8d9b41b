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
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
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
class Head:
    """What is kept after ``step`` steps beside the weights: plain numbers and words."""

    step: int
    recipe: Mapping[str, Any]
    seconds: float
    """How long the training has taken."""
    scaling: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    """``Precision.state``."""
    notes: Mapping[str, str] = field(default_factory=lambda: dict[str, str]())
    """What whoever resumes wants to know, such as where the data lies."""


@dataclass(frozen=True)
class Checkpoint(Head):
    """What was kept: a head, weights, and what the optimiser remembers."""

    weights: Mapping[str, torch.Tensor] = field(default_factory=lambda: dict[str, torch.Tensor]())
    average: Mapping[str, torch.Tensor] = field(default_factory=lambda: dict[str, torch.Tensor]())
    """The running average of the weights; empty where there was none."""
    optimiser: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())


class CheckpointFolder:
    """Where a training's checkpoint lies: one at a time."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when it is first written to."""
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether there is a checkpoint."""
        return (self.folder / _STATE).exists()

    @property
    def step(self) -> int:
        """After how many steps the checkpoint was made, weights not looked at; raises as ``load`` does."""
        return int(self._state()["step"])

    def save(
        self, head: Head, network: nn.Module, optimiser: torch.optim.Optimizer, average: nn.Module | None = None
    ) -> None:
        """Replace the checkpoint. Where that fails (``OSError``), the earlier one is as it was."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"weights-{head.step:08d}-{secrets.token_hex(3)}.safetensors"
        state = {**asdict(head), "format": FORMAT, "weights": name, "optimiser": optimiser.state_dict()}
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
        state = self._state()
        with self._explained():
            stored = load((self.folder / str(state["weights"])).read_bytes())
            weights = {name: value for name, value in stored.items() if not name.startswith(_AVERAGE)}
            mean = {n.removeprefix(_AVERAGE): value for n, value in stored.items() if n.startswith(_AVERAGE)}
            head = {name: state[name] for name in ("step", "recipe", "seconds")}
            late = {name: state.get(name, {}) for name in ("scaling", "notes")}  # not in the first checkpoints
            return Checkpoint(**head, **late, weights=weights, average=mean, optimiser=state["optimiser"])

    def _state(self) -> dict[str, Any]:
        if not self.exists:
            raise ValueError(f"There is no checkpoint in {self.folder}. Start without --resume.")
        with self._explained():
            state = torch.load(self.folder / _STATE, map_location="cpu", weights_only=True)
            if state["format"] != FORMAT or not isinstance(state["step"], int):
                raise ValueError("another format")
            return state

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
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


def all_finite(network: nn.Module) -> bool:
    """Whether everything in a network's state dict is a number."""
    return all(bool(torch.isfinite(value).all()) for value in network.state_dict().values())


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
