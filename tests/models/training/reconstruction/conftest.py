"""A folder that holds small digits as the real sets are held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.models.training.reconstruction.small_digits import drawn_digits


@pytest.fixture
def digits_folder(tmp_path: Path) -> Path:
    """A folder with both sets: 40 digits to train on, 12 to judge by."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for seed, name in enumerate(("fashion_mnist.npz", "mnist.npz")):
        np.savez(folder / name, x_train=drawn_digits(40, seed), x_test=drawn_digits(12, 10 + seed))
    return folder
