"""Weights for delivery: found, whole, the network's own, and nearly what they were."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from models import load, spec
from models.licences import RESEARCH_PHOTOS, is_for_research_only
from models.networks.building import build
from models.training.checkpointing import CheckpointFolder, weights_file
from models.training.delivering import deliver, licence_of, main, read_weights
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


def test_what_is_no_safetensors_file_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match=r"weights\.pt is no safetensors file"):
        read_weights(tmp_path / "weights.pt")


def test_weights_of_another_network_and_values_too_large_are_refused(tmp_path, state):
    for wrong, words in (
        ({name: value[..., :1] for name, value in state.items()}, "not those of fusion"),
        ({name: value + 1e6 for name, value in state.items()}, "float16 cannot"),
    ):
        with pytest.raises(ValueError, match=words):
            deliver("fusion", wrong, "a test", tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_terms_that_a_training_gave_its_weights_are_delivered_with_them(tmp_path, state, monkeypatch, capsys):
    assert is_for_research_only(RESEARCH_PHOTOS)
    made = tmp_path / "fusion.safetensors"
    made.write_bytes(weights_file(state, {"licence": RESEARCH_PHOTOS}))
    place = tmp_path / "own"
    monkeypatch.setattr("sys.argv", ["", "fusion", str(made), "--source", "a test", "--into", str(place)])
    main()
    assert RESEARCH_PHOTOS in capsys.readouterr().out
    assert WeightStore(tmp_path / "none", own=place).verified("fusion").licence == RESEARCH_PHOTOS


def test_a_trainings_folder_delivers_its_running_average_and_its_terms(tmp_path, monkeypatch):
    weights, average = ({"weight": torch.full((2,), value)} for value in (1.0, 2.0))
    kept = SimpleNamespace(weights=weights, average=average, recipe={"licence": RESEARCH_PHOTOS})
    monkeypatch.setattr(CheckpointFolder, "load", lambda self: kept if self.folder == tmp_path / "checkpoint" else None)
    assert read_weights(tmp_path)["weight"].tolist() == [2, 2]
    assert licence_of(tmp_path) == RESEARCH_PHOTOS
    kept.average = {}
    assert read_weights(tmp_path)["weight"].tolist() == [1, 1]
