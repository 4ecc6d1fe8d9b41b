"""Two processes that share a batch take the same steps as one that has it whole."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from models.training.loading import Share, batches
from models.training.loop import Trainer
from models.training.run_folder import RunFolder
from models.training.together import company

ROOT = Path(__file__).resolve().parents[3]

SECOND = """
import importlib.util, sys, types
from pathlib import Path
from models.catalogue import every_spec
from models.catalogue.spec import ModelSpec, PaperRow
spec = importlib.util.spec_from_file_location("tests_of_training", sys.argv[1])
shared = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shared)
sys.modules["tiny_networks"] = shared
every_spec()["tiny"] = ModelSpec("tiny", "tiny", "indexnet", "", "tiny_networks:Tiny", PaperRow("0", "tiny"), stride=8)
from models.training.loop import Trainer
from models.training.run_folder import RunFolder
from models.training.together import company
recipe = shared.tiny_recipe(**shared.FOR_TWO, accumulate=int(sys.argv[3]))
with company("cpu") as (share, device):
    trainer = Trainer(recipe, shared.Drawn(), RunFolder(Path(sys.argv[2])), device, share)
    trainer.network.drop.p = 0.0
    trainer.run(lambda *_: None)
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def train(recipe, source, folder: Path) -> None:
    with company("cpu") as (share, device):
        trainer = Trainer(recipe, source, RunFolder(folder), device, share)
        trainer.network.drop.p = 0.0
        trainer.run(lambda *_: None)


def test_two_processes_take_the_steps_of_one(tmp_path, monkeypatch, recipe_of, drawn, for_two):
    """Also where they work their halves through one picture at a time, and the one has the batch whole."""
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    recipe = recipe_of(**for_two, accumulate=2)
    places = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", SECOND, str(Path(__file__).with_name("conftest.py")), str(tmp_path / "two"), "2"]
    environment = os.environ | places | {"RANK": "1", "LOCAL_RANK": "1"}
    with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as second:
        train(replace(recipe, accumulate=1), drawn(), tmp_path / "alone")
        for name, value in (places | {"RANK": "0", "LOCAL_RANK": "0"}).items():
            monkeypatch.setenv(name, value)
        train(recipe, drawn(), tmp_path / "two")
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 0, errors.decode()
    losses = [[row["loss"] for row in RunFolder(tmp_path / name).curve.rows()] for name in ("alone", "two")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)  # of the whole batch, not of the first process's share
    alone, two = (load_file(tmp_path / name / "tiny-recipe.safetensors") for name in ("alone", "two"))
    assert all(torch.allclose(alone[name], two[name], atol=1e-6) for name in alone)


MEASURING = """
import sys
import torch
from models.networks.fusion import Look
from models.networks.sights import COUNT, MATTES
from models.training.together import company
def measured():
    with company("cpu") as (share, device):
        torch.manual_seed(share.rank)
        network = Look((8, 8)).train()
        network(torch.rand(1, 4 + MATTES + COUNT, 4, 4))
        return torch.stack((network.middle, network.spread)).detach()
"""


def test_two_processes_measure_the_sights_of_fusion_alike(tmp_path, monkeypatch):
    """Else the slopes that they average would be those of different functions."""
    places = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", MEASURING + "torch.save(measured(), sys.argv[1])", str(tmp_path / "second.pt")]
    environment = os.environ | places | {"RANK": "1", "LOCAL_RANK": "1"}
    here: dict[str, Any] = {}
    exec(MEASURING, here)
    alone = here["measured"]()
    with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as second:
        for name, value in (places | {"RANK": "0", "LOCAL_RANK": "0"}).items():
            monkeypatch.setenv(name, value)
        first = here["measured"]()
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 0, errors.decode()
    assert torch.equal(first, torch.load(tmp_path / "second.pt", weights_only=True))
    assert torch.equal(first, alone), "those of the first"


def test_processes_have_different_parts_of_the_same_batch(recipe_of, drawn):
    recipe = recipe_of(steps=2)
    whole = next(batches(drawn(), recipe, 1))[0]
    parts = [next(batches(drawn(), recipe, 1, Share(rank, 2)))[0] for rank in (0, 1)]
    assert torch.equal(torch.cat([part.image for part in parts]), whole.image)
    with pytest.raises(ValueError, match="A batch of 4 cannot be shared among 3"):
        batches(drawn(), recipe, 0, Share(0, 3))


def test_one_process_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with company("cpu") as (share, device):
        assert (share.rank, share.of, device) == (0, 1, "cpu")
