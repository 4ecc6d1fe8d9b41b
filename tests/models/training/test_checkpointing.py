"""A checkpoint is replaced whole or not at all; damaged ones are told of; curves survive a cut-off line."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.training.checkpointing import CheckpointFolder, Head, check_same_training, put_file
from models.training.run_folder import Table


@pytest.fixture
def kept(tmp_path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoint")


def save(kept: CheckpointFolder, step: int, value: float) -> None:
    network = nn.Linear(2, 1)
    nn.init.constant_(network.weight, value)
    optimiser = torch.optim.Adam(network.parameters())
    torch.autograd.backward(network(torch.ones(1, 2)).sum())
    optimiser.step()
    recipe = {"name": "r", "drops": [1, 2], "losses": {"alpha": 1.0}}
    kept.save(Head(step, recipe, 12.5, {"scale": 8.0}, {"data": "somewhere"}), network, optimiser)


def test_a_new_checkpoint_takes_the_old_ones_place_and_nothing_else_stays(kept):
    save(kept, 1, 0.5)
    save(kept, 2, 0.75)
    found = kept.load()
    assert (found.step, found.seconds, found.recipe["drops"]) == (2, 12.5, [1, 2])
    assert kept.step == 2 and found.scaling == {"scale": 8.0} and found.notes == {"data": "somewhere"}
    assert found.weights["weight"].shape == (1, 2) and found.optimiser["state"]
    assert sorted(path.suffix for path in kept.folder.iterdir()) == [".pt", ".safetensors"]


def test_the_state_is_readable_as_plain_numbers_only(kept):
    save(kept, 1, 0.5)
    assert torch.load(kept.folder / "state.pt", weights_only=True)["step"] == 1


def test_a_missing_or_damaged_checkpoint_is_told_in_a_sentence(kept):
    with pytest.raises(ValueError, match="There is no checkpoint in"):
        kept.load()
    save(kept, 1, 0.5)
    weights = next(kept.folder.glob("*.safetensors"))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-3])
    with pytest.raises(ValueError, match="is damaged"):
        kept.load()
    weights.write_bytes(whole)
    for content in (b"nonsense", b""):
        (kept.folder / "state.pt").write_bytes(content)
        with pytest.raises(ValueError, match="is damaged"):
            kept.load()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    place = tmp_path / "file"
    put_file(place, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        put_file(place, b"new and longer")
    assert place.read_bytes() == b"old" and [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_changed_in_a_recipe_is_listed():
    before = {"name": "r", "network": "n", "part": "", "rate": 0.1}
    assert check_same_training(before, before | {"rate": 0.2, "seed": 1}) == [
        "rate 0.2 instead of 0.1",
        "seed 1 instead of None",
    ]
    with pytest.raises(ValueError, match="is of network n, not m"):
        check_same_training(before, before | {"network": "m"})


def test_a_table_takes_new_columns_and_survives_a_cut_off_line(tmp_path):
    table = Table(tmp_path / "curve.csv")
    table.add({"step": 1, "loss": 0.5})
    table.add({"step": 2, "loss": 0.25, "extra": 3.0})
    with table.place.open("a") as file:
        file.write("3,0.1x")
    again = Table(table.place)
    again.add({"step": 4, "loss": 0.1})
    assert again.rows() == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25, "extra": 3}, {"step": 4, "loss": 0.1}]
    again.forget_after(2)
    assert [row["step"] for row in Table(table.place).rows()] == [1, 2]
