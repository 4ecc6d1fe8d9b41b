"""Fusion's samples become examples for the loop; what is none of them is named; the loop learns from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.networks.sights import COUNT
from models.training.batch import gathered
from models.training.checkpointing import weights_file
from models.training.cookbook import recipe_named
from models.training.datasets import open_source
from models.training.fusion_pixels import Pixels, inputs_of, pixels_of, seeing_network
from models.training.fusion_source import weight_of
from models.training.loop import Trainer
from models.training.run_folder import RunFolder


def packed(seed: int) -> np.ndarray:
    """A made-up sample (11, 40, 40): of its four mattes, the second is the truth."""
    planes = np.random.default_rng(seed).integers(0, 256, (11, 40, 40), np.uint8)
    planes[3] = 128
    planes[5:9] = planes[5] // 2 + planes[5:9] // 5  # so that classic errs little more than on photos
    planes[4] = planes[6]
    return planes


@pytest.fixture(scope="module")
def made() -> dict[int, tuple[np.ndarray, Pixels]]:
    network = seeing_network()
    return {seed: (packed(seed), pixels_of(network, packed(seed), seed)) for seed in (0, 1, 2, 20)}


@pytest.fixture
def samples(tmp_path, made) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    for seed, (planes, pixels) in made.items():
        np.save(folder / f"{seed:06d}.npy", planes)
        pixels.save(folder / f"{seed:06d}.npz")
    np.save(folder / "000003.npy", np.zeros(0, np.uint8))
    return folder


def opened(recipe_of, folder, crop_px=32, **settings):
    usual = {"network": "fusion", "data": "samples", "losses": {"alpha": 1.0}}
    return open_source(recipe_of(**usual | settings, crop_px=crop_px), folder, None, folder)


def test_an_example_is_pixels_from_anywhere_and_comes_by_its_number(samples, made, recipe_of):
    source = opened(recipe_of, samples)
    one, again, other = source.example(4), opened(recipe_of, samples).example(4), source.example(5)
    assert one.more is not None and again.more is not None and one.more.shape == (4 + COUNT, 32, 32)
    assert np.array_equal(one.more, again.more) and not np.array_equal(one.alpha, other.alpha)
    assert (one.trimap == 128).all() and np.allclose(one.more[1], one.alpha)
    seen = {bytes(row) for row in one.more[4:].reshape(COUNT, -1).T.astype(np.float16)}
    own = {seed: {bytes(row) for row in made[seed][1].sights} for seed in (1, 2)}
    assert seen <= own[1] | own[2] and seen & own[1] and seen & own[2], "of both samples, none of those held back"
    assert source.pixels == sum(made[seed][1].truth.size for seed in (1, 2)) and source.samples == 2


def test_samples_of_the_other_look_are_refused(samples, made, recipe_of):
    with pytest.raises(ValueError, match="samples of the other look"):
        opened(recipe_of, samples, frozen=("first",), start="first.safetensors")
    pixels = made[1][1]
    Pixels(pixels.sights, np.repeat(pixels.mattes, 2, axis=1)[:, :5], pixels.truth, pixels.error).save(
        samples / "000001.npz"
    )
    with pytest.raises(ValueError, match="samples of the other look"):
        opened(recipe_of, samples)


def second_of(planes: np.ndarray) -> np.ndarray:
    """The same with what the first look answered: the closed form with a little noise."""
    noise = np.random.default_rng(9).integers(-9, 10, planes[6].shape)
    return np.insert(planes, 5, np.clip(planes[6] + noise, 0, 255).astype(np.uint8), axis=0)


def test_the_second_look_learns_and_the_first_stays(tmp_path, recipe_of, monkeypatch):
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    network = seeing_network()
    for seed in (0, 1, 2):
        pixels_of(network, second_of(packed(seed)), seed).save(tmp_path / f"{seed:06d}.npz")
    np.save(tmp_path / "000000.npy", second_of(packed(0)))
    weights = tmp_path / "first.safetensors"
    weights.write_bytes(weights_file(network.state_dict(), {}))
    settings = {"batch": 2, "optimiser": "adamw", "rate": 0.02, "schedule": "constant", "losses": {"alpha": 1.0}}
    facts = {"frozen": recipe_named("fusion-second").frozen, "start": str(weights)}
    recipe = recipe_of(network="fusion", data="samples", crop_px=16, steps=40, validate_on=0, **facts, **settings)
    with pytest.raises(ValueError, match="--set start=FILE"):
        open_source(replace(recipe, start=""), tmp_path, None, tmp_path)
    source = open_source(recipe, tmp_path, None, tmp_path)
    trainer = Trainer(recipe, source, RunFolder(tmp_path / "out"))
    example = source.example(0)
    assert example.more is not None and example.more.shape[0] == 5 + COUNT
    (judged,) = source.held_out(3)
    assert gathered([judged]).inputs(10).shape[1] == 11
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}

    def error() -> float:
        return float((trainer.predict(gathered([judged])) - gathered([judged]).alpha).abs().mean())

    untouched = error()
    trainer.run(lambda fraction, text: None)
    after = trainer.network.state_dict()
    changed = {name.split(".")[0] for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed == {"second"} and error() < untouched


def test_harder_samples_come_less_often(samples, made, recipe_of):
    pixels = made[2][1]
    Pixels(pixels.sights, pixels.mattes, pixels.truth, np.asarray(0.4)).save(samples / "000002.npz")
    usual = made[1][1]
    Pixels(usual.sights, usual.mattes, usual.truth, np.asarray(0.02)).save(samples / "000001.npz")
    example = opened(recipe_of, samples, 64).example(0)
    assert example.more is not None
    hard = {bytes(row) for row in pixels.sights}
    share = np.mean([bytes(row) in hard for row in example.more[4:].reshape(COUNT, -1).T.astype(np.float16)])
    assert 0.05 < share < 0.14, "a tenth of what the other counts: one eleventh"
    assert weight_of(0.02) == weight_of(0.04) == 1 > weight_of(0.08) == 0.5


def test_whole_samples_are_judged_as_the_program_would_show_them(samples, made, recipe_of):
    source = opened(recipe_of, samples)
    ours = gathered(source.held_out(8))
    # 40 px are no multiple of 16: the middle 32 are judged.
    theirs = np.concatenate([inputs_of(made[seed][0][:, 4:36, 4:36]) for seed in (0, 20)])
    assert np.allclose(ours.inputs(10).numpy(), theirs, atol=1e-6) and source.skipped == []
    assert np.allclose(ours.alpha[:, 0].numpy() * 255, [made[seed][0][4, 4:36, 4:36] for seed in (0, 20)])
    assert len(source.held_out(1)) == 1


def test_files_that_are_no_samples_are_named(samples, recipe_of, tmp_path):
    (samples / "000004.npz").write_bytes(b"nonsense")
    np.savez(samples / "000005.npz", sights=np.zeros(3))
    source = opened(recipe_of, samples)
    assert source.skipped == ["000004.npz is damaged", "000005.npz is damaged"]
    (samples / "000000.npy").write_bytes(b"")
    np.save(samples / "000020.npy", np.zeros((3, 8, 8)))
    assert source.held_out(8) == []
    assert source.skipped[2:] == ["000000.npy is damaged", "000020.npy holds something else"]
    for seed in (1, 2):
        (samples / f"{seed:06d}.npz").unlink()
    with pytest.raises(ValueError, match=r"2 files were left out: 000004.npz is damaged\. Make some"):
        opened(recipe_of, samples)
    for seed in (4, 5):
        (samples / f"{seed:06d}.npz").unlink()
    with pytest.raises(ValueError, match="Each seed that 20 divides is kept back"):
        opened(recipe_of, samples)
    (tmp_path / "empty").mkdir()
    for folder, words in ((samples / "gone", "no folder"), (tmp_path / "empty", "no samples to learn from in")):
        with pytest.raises(ValueError, match=rf"{words} .*fusion_samples"):
            opened(recipe_of, folder)


def test_pixels_are_for_the_network_that_sees_them_and_a_loss_of_pixels(samples, recipe_of):
    for settings in ({"network": "tiny"}, {"losses": {"alpha": 1.0, "gradient": 1.0}}):
        with pytest.raises(ValueError, match="for the network fusion and the loss alpha"):
            opened(recipe_of, samples, **settings)


def test_a_held_back_sample_that_cannot_be_read_is_named_in_the_log(samples, recipe_of, tmp_path, monkeypatch):
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    (samples / "000000.npy").write_bytes(b"")
    recipe = recipe_of(
        network="fusion", data="samples", losses={"alpha": 1.0}, crop_px=16, steps=1, validate_on=2, validate_every=1
    )
    trainer = Trainer(recipe, open_source(recipe, samples, None, samples), RunFolder(tmp_path / "out"))
    trainer.run(lambda fraction, text: None)
    assert "skipped: 000000.npy is damaged" in (tmp_path / "out" / "train.log").read_text()
    assert "on 1 pictures kept back" in (tmp_path / "out" / "train.log").read_text()


def test_a_network_that_takes_mattes_says_so_to_examples_without(samples, recipe_of):
    one = opened(recipe_of, samples).example(0)
    bare = type(one)(one.image, one.alpha, one.trimap)
    with pytest.raises(ValueError, match="takes 10 planes, these examples have 4"):
        gathered([bare]).inputs(10)


def test_it_learns_which_matte_is_right(samples, recipe_of, tmp_path, monkeypatch):
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    settings = {"batch": 2, "optimiser": "adamw", "rate": 0.02, "schedule": "constant", "losses": {"alpha": 1.0}}
    recipe = recipe_of(network="fusion", data="samples", crop_px=16, steps=40, validate_on=0, save_every=99, **settings)
    source = open_source(recipe, samples, None, samples)
    trainer = Trainer(recipe, source, RunFolder(tmp_path / "out"))
    examples = gathered(source.held_out(2))

    def error() -> float:
        return float((trainer.predict(examples) - examples.alpha).abs().mean())

    before = error()
    trainer.run(lambda fraction, text: None)
    assert error() < 0.5 * before
    look = trainer.network.first
    assert float(look.spread.min()) > 0 and not look.fresh and trainer.network.second.fresh
