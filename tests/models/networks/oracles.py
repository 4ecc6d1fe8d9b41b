"""Networks filled with known values, and what a right implementation then answers (../shared/oracles).

A test that asks for any of this is skipped, with the reason, where the oracles are not at hand.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "oracles"


def required() -> Path:
    """The oracles' folder; skips the test where it is not there."""
    if not FOLDER.is_dir():
        pytest.skip("the oracles (../shared/oracles) are not here")
    return FOLDER


def keys(name: str) -> Any:
    """One of the JSON files: keys("indexnet_published_keys")."""
    return json.loads((required() / f"{name}.json").read_text())


def golden(name: str) -> np.ndarray:
    """One array of goldens.npz: golden("indexnet/b11/y_seed0_1x4x96x128")."""
    with np.load(required() / "goldens.npz", allow_pickle=False) as arrays:
        return arrays[name]


def seed_input() -> torch.Tensor:
    """The input behind every ``y_seed0_1x4x96x128``."""
    return torch.from_numpy(np.random.default_rng(0).standard_normal((1, 4, 96, 128)).astype(np.float32))


@cache
def _fill_value() -> Callable[[str, tuple[int, ...]], np.ndarray]:
    spec = importlib.util.spec_from_file_location("oracle_fill", required() / "fill.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fill_value


def filled_state(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """A state dict of published names (without ``module.``), each entry filled by its own name."""
    fill_value = _fill_value()
    return {name: torch.from_numpy(np.asarray(fill_value(name, tuple(shape)))) for name, shape in shapes.items()}


def fill(network: nn.Module, published: Callable[[str], str] = str) -> nn.Module:
    """Fill a network in place, each entry by its published name; in evaluation mode. ``published`` maps our names."""
    own = network.state_dict()
    names = {published(name): name for name in own}
    values = filled_state({theirs: tuple(own[ours].shape) for theirs, ours in names.items()})
    network.load_state_dict({names[theirs]: value for theirs, value in values.items()}, strict=True)
    return network.eval()
