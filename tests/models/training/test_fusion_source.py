"""Fusion's samples become examples for the loop; what is none of them is named."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.batch import gathered
from models.training.datasets import open_source
from models.training.fusion_training import FusionBatch


@pytest.fixture
def samples(tmp_path):
    rng = np.random.default_rng(2)
    for number in (0, 1, 2, 20):
        packed = rng.integers(0, 256, (11, 40, 40), np.uint8)
        packed[3] = rng.choice(np.array([0, 128, 255], np.uint8), (40, 40))
        np.save(tmp_path / f"{number:06d}.npy", packed)
    np.save(tmp_path / "000003.npy", np.zeros(0, np.uint8))
    return tmp_path


def opened(recipe_of, folder):
    recipe = recipe_of(network="fusion", data="samples", crop_px=32)
    return open_source(recipe, folder, None, folder)


def test_a_held_back_sample_is_what_fusions_own_batch_makes_of_it(samples, recipe_of):
    source = opened(recipe_of, samples)
    examples = source.held_out(8)
    theirs = FusionBatch.of([np.load(samples / f"{number:06d}.npy") for number in (0, 20)])
    ours = gathered(examples)
    assert np.allclose(ours.inputs(10).numpy(), theirs.inputs.numpy(), atol=1e-6)
    assert np.allclose(ours.alpha.numpy(), theirs.truth.numpy(), atol=1e-6) and source.skipped == []
    assert ours.inputs(4).shape == (2, 4, 40, 40)


def test_examples_are_parts_of_samples_and_come_by_their_number(samples, recipe_of):
    one, again = opened(recipe_of, samples).example(4), opened(recipe_of, samples).example(4)
    assert one.image.shape == (32, 32, 3) and one.more is not None and one.more.shape == (6, 32, 32)
    assert np.array_equal(one.image, again.image)


def test_files_that_are_no_samples_are_named(samples, recipe_of, tmp_path):
    (samples / "000004.npy").write_bytes(b"nonsense")
    np.save(samples / "000005.npy", np.zeros((11, 8, 8), np.uint8))
    assert opened(recipe_of, samples).skipped == [
        "000004.npy is damaged or no sample",
        "000005.npy is no sample of 32 px",
    ]
    for folder in (samples / "gone", tmp_path / "empty"):
        with pytest.raises(ValueError, match=r"There are no samples in .*fusion_samples"):
            opened(recipe_of, folder)


def test_a_network_that_takes_mattes_says_so_to_examples_without(samples, recipe_of):
    one = opened(recipe_of, samples).example(0)
    bare = type(one)(one.image, one.alpha, one.trimap)
    with pytest.raises(ValueError, match="takes 10 planes, these examples have 4"):
        gathered([bare]).inputs(10)
