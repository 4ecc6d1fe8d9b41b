"""Weights for delivery: found, whole, the network's own, and nearly what they were."""

from __future__ import annotations

import pytest
import torch

from models import load, spec
from models.networks.building import build
from models.training.delivering import deliver, read_weights
from models.weight_store import WeightStore


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return build(spec("fusion")).state_dict()


def test_what_is_delivered_is_found_and_runs(tmp_path, state):
    record = deliver("fusion", state, "a test", tmp_path)
    weights = WeightStore(tmp_path / "none", own=tmp_path).verified("fusion")
    assert weights.record == record and weights.origin == "own" and weights.licence == "MIT"
    assert record.size_bytes < 2.1 * sum(value.numel() for value in state.values())
    network = load("fusion", weights.path, "cpu")
    assert network.precision == "float32"
    assert load("fusion", weights.path, "cpu", "bfloat16").precision in ("bfloat16", "float32"), "held to float32 first"
    read = read_weights(weights.path)
    assert all(torch.allclose(read[name].float(), value, atol=1e-3) for name, value in state.items())


def test_averaged_weights_are_taken_from_a_checkpoint(tmp_path, state):
    torch.save({"network": {}, "ema": state, "step": 3}, tmp_path / "checkpoint.pt")
    assert read_weights(tmp_path / "checkpoint.pt").keys() == state.keys()


def test_weights_of_another_network_and_values_too_large_are_refused(tmp_path, state):
    for wrong, words in (
        ({name: value[..., :1] for name, value in state.items()}, "not those of fusion"),
        ({name: value + 1e6 for name, value in state.items()}, "float16 cannot"),
    ):
        with pytest.raises(ValueError, match=words):
            deliver("fusion", wrong, "a test", tmp_path)
    assert not list(tmp_path.iterdir())
