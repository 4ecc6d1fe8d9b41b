"""The science: numpy in, numpy out. Importing this brings no torch; ``load`` reaches the networks by name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from models.catalogue import every_spec
from models.catalogue.spec import ModelSpec

if TYPE_CHECKING:
    from models.running import Predictor


def names() -> tuple[str, ...]:
    """The names of all networks, in the order of the papers' tables."""
    return tuple(every_spec())


def spec(name: str) -> ModelSpec:
    """The catalogue's entry; ``ValueError`` with a sentence for a name that is none."""
    found = every_spec().get(name)
    if found is None:
        raise ValueError(f"There is no network {name}. `mattelier models list` names them all.")
    return found


def load(name: str, weights: Path, device: str = "auto", precision: str = "auto") -> Predictor:
    """The network ``name`` with the weights of a safetensors file, ready to predict.

    ``device``: auto, cpu, cuda or mps; ``precision``: auto, float32, bfloat16 or float16. ``ValueError`` with a
    sentence for a name, device or precision that is none or not here, and for weights that do not fit.
    """
    runner = importlib.import_module("models.networks.runner")
    return runner.Runner(spec(name), weights, device, precision)
