"""Fusion's samples and its training: the same by seed, going on where it stopped, and learning what it is shown."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from models.training import fusion_samples
from models.training.fusion_samples import PLANES, FusionSample, fill, make_sample
from models.training.fusion_source import part_of
from models.training.fusion_training import (
    FusionBatch,
    FusionTrainer,
    Pixels,
    Schedule,
    matte_error,
    turned,
    weight_of,
)

SIZE_PX = 48


@pytest.fixture(scope="module")
def sample() -> FusionSample:
    found = next(filter(None, (make_sample(seed, size_px=SIZE_PX) for seed in itertools.count(3))))
    return found


def packed(seed: int, right: int) -> np.ndarray:
    """A made-up sample (11, 32, 32): of its four mattes, the one at place ``right`` is the truth."""
    rng = np.random.default_rng(seed)
    planes = rng.integers(0, 256, (PLANES, 32, 32), np.uint8)
    planes[3] = 128
    planes[5:9] = planes[5] // 2 + planes[5:9] // 5  # so that classic errs little more than on photos
    planes[4] = planes[5 + right]
    return planes


@pytest.fixture
def folder(tmp_path) -> Path:
    samples = tmp_path / "samples"
    samples.mkdir()
    for seed in range(1, 24):
        np.save(samples / f"{seed:06d}.npy", packed(seed, 1))
    return samples


def schedule(**given: float) -> Schedule:
    return Schedule(**{"steps": 4, "batch": 256, "pixels": 100, "every": 2, **given})  # type: ignore[arg-type]


# --- samples


def test_a_sample_shows_both_the_photo_and_mattes_that_know_it(sample):
    assert sample.image.shape == (SIZE_PX, SIZE_PX, 3) and sample.mattes.shape == (6, SIZE_PX, SIZE_PX)
    unknown = sample.trimap == 128
    assert unknown.mean() >= fusion_samples.LEAST_UNKNOWN
    assert (sample.truth[sample.trimap == 255] >= 245).all() and (sample.truth[sample.trimap == 0] <= 10).all()
    wrong = np.abs(sample.mattes[0].astype(float) - sample.truth)[unknown].mean()
    assert wrong < np.abs(128.0 - sample.truth)[unknown].mean()


def test_packing_loses_nothing(sample):
    again = FusionSample.unpacked(sample.packed())
    for name in ("image", "trimap", "truth", "mattes"):
        assert np.array_equal(getattr(again, name), getattr(sample, name))


def test_filling_a_folder_goes_on_where_it_stopped_and_keeps_what_is_there(tmp_path, monkeypatch, sample):
    made: list[int] = []

    def one(seed: int, cutouts: object) -> FusionSample | None:
        made.append(seed)
        if seed == 2:
            raise KeyboardInterrupt
        return sample if seed % 2 else None

    monkeypatch.setattr(fusion_samples, "make_sample", one)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "out", iter(range(4)))
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["000000.npy", "000001.npy"]
    made.clear()
    fill(tmp_path / "out", iter([0, 1, 3]))
    assert made == [3]
    assert np.array_equal(np.load(tmp_path / "out" / "000003.npy"), sample.packed())


# --- what a step learns from


def test_a_batch_is_what_the_network_takes_in_the_program(sample):
    """Trained on one order of planes and run on another, it would be worthless and no shape would tell."""
    from models.prepare import network_input

    batch = FusionBatch.of([sample.packed()])
    image = sample.image.astype(np.float32) / np.float32(255)
    wanted = np.concatenate([network_input(image, sample.trimap, 1)[0], sample.mattes / np.float32(255)])
    assert np.allclose(batch.inputs[0].numpy(), wanted, atol=1e-5)
    assert np.allclose(batch.truth[0, 0].numpy(), sample.truth / 255)


def test_turning_and_mirroring_moves_all_planes_alike(sample):
    planes = sample.packed()
    whole = sorted(bytes(column) for column in planes[3:].reshape(PLANES - 3, -1).T)
    colours = sorted(tuple(sorted(pixel)) for pixel in planes[:3].reshape(3, -1).T.tolist())
    seen = set()
    for seed in range(12):
        other = turned(planes, np.random.default_rng(seed))
        seen.add(bytes(other[4]))
        assert sorted(bytes(column) for column in other[3:].reshape(PLANES - 3, -1).T) == whole
        assert sorted(tuple(sorted(pixel)) for pixel in other[:3].reshape(3, -1).T.tolist()) == colours
    assert len(seen) > 3


def test_a_sample_counts_less_the_harder_it_is_and_one_too_hard_not_at_all():
    easy, hard, hopeless = (packed(0, 0) for _ in range(3))
    hard[5] = np.clip(hard[4].astype(int) + 20, 0, 255)
    hopeless[5] = 255 - hopeless[4]
    assert matte_error(easy) == 0 and matte_error(hopeless) > 0.3
    assert weight_of(easy) == 1.0 > weight_of(hard) > 0.3 > weight_of(hopeless) == 0.0


def test_parts_for_the_loop_are_hardly_ever_harder_than_photos(tmp_path):
    easy, hard = packed(0, 0), packed(1, 0)
    hard[5] = 255 - hard[4]
    for name, planes in (("1", easy), ("2", hard)):
        np.save(tmp_path / f"{name}.npy", planes)
    files = [tmp_path / "1.npy", tmp_path / "2.npy"]
    parts = [part_of(files, 24, np.random.default_rng(seed)) for seed in range(12)]
    assert all(part.shape == (PLANES, 24, 24) and matte_error(part) == 0 for part in parts)


def test_the_rate_rises_and_falls_to_nothing():
    plan = Schedule(steps=1000, rate=1.0)
    assert plan.rate_at(0) < 0.1 < 0.9 < plan.rate_at(150) and plan.rate_at(500) == pytest.approx(0.5)
    assert plan.rate_at(1000) == pytest.approx(0)


# --- training


def test_training_goes_on_exactly_where_it_stopped(tmp_path, folder, capsys):
    whole = FusionTrainer(folder, tmp_path / "a", schedule())
    whole.run(4)
    FusionTrainer(folder, tmp_path / "b", schedule()).run(2)
    again = FusionTrainer(folder, tmp_path / "b", schedule())
    again.resume()
    assert again.step == 2
    again.run(4)
    for one, two in ((whole.network, again.network), (whole.average, again.average)):
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert "step 4 of 4" in capsys.readouterr().out


def test_it_learns_which_matte_is_right(tmp_path, folder):
    trainer = FusionTrainer(folder, tmp_path / "out", schedule(steps=60, rate=0.02, every=60, decay=0.5))
    before, classic = trainer.judge()
    trainer.run(60)
    assert trainer.judge()[0] < 0.5 * before < classic


def test_the_table_of_pixels_is_made_once_and_holds_unknown_pixels_alone(tmp_path, folder):
    half = np.load(folder / "000001.npy")
    half[3, :, :16] = 255
    np.save(folder / "000001.npy", half)
    told: list[float] = []
    first = FusionTrainer(folder, tmp_path / "out", schedule(pixels=10_000), told.append)
    assert told[0] == 0 and max(told) < 1
    assert len(first.pixels.truth) == 22 * 16 * 16 + 16 * 8  # the samples' edges are left out
    assert first.pixels.held_back.sum() == 16 * 16
    again = FusionTrainer(tmp_path / "gone", tmp_path / "out", schedule())
    assert np.array_equal(again.pixels.sights, first.pixels.sights)
    (tmp_path / "out" / "pixels.npz").write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match=r"pixels.npz is damaged. Remove it"):
        FusionTrainer(folder, tmp_path / "out", schedule())


def test_a_loss_that_is_no_number_ends_it_and_the_checkpoint_stays(tmp_path, folder):
    trainer = FusionTrainer(folder, tmp_path / "out", schedule())
    trainer.run(2)
    kept = (tmp_path / "out" / "checkpoint.pt").read_bytes()
    trainer.pixels = Pixels(**{**trainer.pixels.__dict__, "weight": trainer.pixels.weight * np.float32(np.nan)})
    with pytest.raises(ValueError, match="no number in step 2"):
        trainer.run(4)
    assert (tmp_path / "out" / "checkpoint.pt").read_bytes() == kept


def test_without_samples_or_a_checkpoint_it_says_what_to_do(tmp_path, folder):
    with pytest.raises(ValueError, match="There are no samples"):
        FusionTrainer(tmp_path, tmp_path / "out", schedule())
    with pytest.raises(ValueError, match="Start without --resume"):
        FusionTrainer(folder, tmp_path / "out", schedule()).resume()
    (tmp_path / "out" / "checkpoint.pt").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"checkpoint.pt is damaged. Start without --resume"):
        FusionTrainer(folder, tmp_path / "out", schedule()).resume()
    for file in folder.iterdir():
        planes = np.load(file)
        planes[5] = 255 - planes[4]
        np.save(file, planes)
    with pytest.raises(ValueError, match="None of the samples"):
        FusionTrainer(folder, tmp_path / "other", schedule())
