"""float16 keeps slopes that it could not hold, leaves out steps that overflow, and stops where that is no help."""

from __future__ import annotations

import pytest
import torch

from models.training.checkpointing import CheckpointFolder
from models.training.loop import Trainer
from models.training.precision import Precision
from models.training.run_folder import RunFolder


@pytest.fixture(autouse=True)
def curves_are_not_drawn(monkeypatch) -> None:
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)


def trainer(folder, recipe, source) -> Trainer:
    return Trainer(recipe, source, RunFolder(folder))


def slope(precision: Precision) -> tuple[float, bool]:
    """Of 1e-9 w x, x in float16 inside: the weight's slope and whether the step was taken."""
    weight = torch.nn.Parameter(torch.ones(1))
    optimiser = torch.optim.SGD([weight], 1.0)
    with precision.working():
        made = torch.nn.functional.linear(torch.ones(1, 1), weight[None])
    precision.backward(made.float().sum() * 1e-9)
    precision.divide_slopes(optimiser)
    return float(weight.grad), precision.step(optimiser)


def test_slopes_too_small_for_float16_are_kept():
    assert slope(Precision("float32", "cpu"))[0] == pytest.approx(1e-9)
    assert slope(Precision("float16", "cpu"))[0] == pytest.approx(1e-9, rel=0.01)
    bare = Precision("float16", "cpu")
    bare.take(bare.state() | {"scale": 1.0})
    assert slope(bare)[0] == 0


def test_the_factor_is_kept_in_the_state_and_others_have_none():
    precision = Precision("float16", "cpu")
    precision.take(precision.state() | {"scale": 32.0})
    assert precision.state()["scale"] == 32
    for name in ("float32", "bfloat16"):
        other = Precision(name, "cpu")
        other.take(precision.state())
        assert other.state() == {} and not other.may_overflow


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_learning_in_half_precision_follows_float32(tmp_path, recipe_of, drawn, precision):
    found = {}
    for name in ("float32", precision):
        one = trainer(tmp_path / name, recipe_of(precision=name, steps=30, optimiser="sgd", validate_on=0), drawn())
        one.network.drop.p = 0.0
        one.run(lambda *_: None)
        assert all(value.dtype != torch.float16 for value in one.network.state_dict().values())
        found[name] = [row["loss"] for row in RunFolder(tmp_path / name).curve.rows()]
    exact, half = (torch.tensor(found[name]) for name in ("float32", precision))
    assert not torch.equal(exact, half) and torch.allclose(exact, half, rtol=0.02)
    assert half[-5:].mean() < 0.8 * half[:5].mean()


def test_steps_that_overflow_are_left_out_and_the_factor_falls_until_they_do_not(tmp_path, recipe_of, drawn):
    one = trainer(tmp_path, recipe_of(precision="float16", steps=40, average=0.5, validate_on=0), drawn())
    one._precision.take(one._precision.state() | {"scale": 2.0**24})
    before = one.network.head.weight.detach().clone()
    one.run(lambda *_: None, until=1)
    assert torch.equal(one.network.head.weight, before) and torch.equal(one.average.network.head.weight, before)
    assert one._precision.state()["scale"] == 2.0**23
    one.run(lambda *_: None)
    assert not torch.equal(one.network.head.weight, before) and 1 < one._precision.state()["scale"] < 2.0**23
    kept = CheckpointFolder(tmp_path / "checkpoint").load()
    assert kept.scaling == one._precision.state()


def test_slopes_that_no_factor_mends_end_the_training_with_the_good_weights(tmp_path, recipe_of, drawn):
    one = trainer(tmp_path, recipe_of(precision="float16", steps=60, save_every=60, validate_on=0), drawn())
    one.network.head.bias.register_hook(lambda slope: slope * float("inf"))
    with pytest.raises(ValueError, match=r"The slope is no number any more in step 18\..*after step 0 are kept"):
        one.run(lambda *_: None)
    assert all(
        torch.isfinite(value).all() for value in CheckpointFolder(tmp_path / "checkpoint").load().weights.values()
    )


def test_a_resume_in_another_precision_begins_with_a_fresh_factor(tmp_path, recipe_of, drawn):
    trainer(tmp_path, recipe_of(), drawn()).run(lambda *_: None, until=2)
    one = trainer(tmp_path, recipe_of(precision="float16"), drawn())
    one.resume()
    one.run(lambda *_: None, until=3)
    assert one._precision.state()["scale"] == 2.0**16
