"""Reading MNIST and Fashion-MNIST, and what is said where that is not possible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.training.reconstruction.digits import USUAL_FOLDER, enlarged, read_digits, spread


def test_both_sets_are_read(digits_folder: Path):
    for dataset in ("fashion", "mnist"):
        found = read_digits(digits_folder, dataset)
        assert found.train.shape == (40, 28, 28) and found.test.shape == (12, 28, 28)
        assert found.train.dtype == np.uint8 and found.train.max() == 255


def test_a_folder_without_the_file_is_told_what_belongs_there(tmp_path: Path):
    with pytest.raises(ValueError, match=r"no file .*mnist\.npz.*--data"):
        read_digits(tmp_path, "mnist")


def test_a_file_that_was_cut_off_is_called_damaged(digits_folder: Path):
    place = digits_folder / "mnist.npz"
    content = place.read_bytes()
    for rest in (content[: len(content) // 2], b"", b"no zip at all"):
        place.write_bytes(rest)
        with pytest.raises(ValueError, match="damaged"):
            read_digits(digits_folder, "mnist")


def test_a_byte_that_changed_is_noticed(digits_folder: Path):
    place = digits_folder / "mnist.npz"
    content = bytearray(place.read_bytes())
    content[5000] ^= 0xFF
    place.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        read_digits(digits_folder, "mnist")


def test_pickled_objects_are_not_run(digits_folder: Path, tmp_path: Path):
    class Harmful:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "was run",))

    harmful = np.array([Harmful()], dtype=object)
    np.savez(digits_folder / "mnist.npz", x_train=harmful, x_test=harmful)
    with pytest.raises(ValueError, match="damaged, or no such set"):
        read_digits(digits_folder, "mnist")
    assert not (tmp_path / "was run").exists()


@pytest.mark.parametrize(
    "arrays",
    [
        {"x_train": np.zeros((4, 28, 28), np.uint8)},
        {"x_train": np.zeros((4, 28, 28)), "x_test": np.zeros((4, 28, 28))},
        {"x_train": np.zeros((4, 784), np.uint8), "x_test": np.zeros((4, 784), np.uint8)},
        {"x_train": np.zeros((0, 28, 28), np.uint8), "x_test": np.zeros((4, 28, 28), np.uint8)},
    ],
    ids=["one missing", "floats", "flat", "empty"],
)
def test_a_file_of_something_else_is_refused(digits_folder: Path, arrays: dict[str, np.ndarray]):
    np.savez(digits_folder / "fashion_mnist.npz", **arrays)
    with pytest.raises(ValueError, match="Fetch it anew"):
        read_digits(digits_folder, "fashion")


def test_a_part_of_a_sorted_set_has_something_of_every_class():
    classes = np.repeat(np.arange(10, dtype=np.uint8), 7)
    assert np.bincount(spread(classes, 20)).tolist() == [2] * 10
    assert spread(classes, 0).size == spread(classes, 70).size == spread(classes, 99).size == 70
    assert len(set(spread(np.arange(70, dtype=np.uint8), 33).tolist())) == 33


def test_pictures_are_resized_to_32_without_shifting_them():
    ramp = np.tile(np.arange(28, dtype=np.uint8) * 8, (2, 28, 1))
    large = enlarged(ramp)
    assert large.shape == (2, 32, 32) and large.dtype == np.uint8
    expected = np.clip((np.arange(32) + 0.5) * 28 / 32 - 0.5, 0, 27) * 8
    assert np.abs(large[0].astype(float) - expected).max() <= 0.51


def test_the_real_set_is_the_one_that_the_papers_describe():
    if not USUAL_FOLDER.is_dir():
        pytest.skip("the data beside the checkout (shared/data/digits) is not there")
    found = read_digits(USUAL_FOLDER, "mnist")
    assert found.train.shape == (60_000, 28, 28) and found.test.shape == (10_000, 28, 28)
