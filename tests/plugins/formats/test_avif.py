"""AVIF, where this build of OpenCV has it."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from skimage import data

from editor.api import Photo, UserError, WriteOptions
from editor.document.codec import exif
from plugins.formats.avif import PLUGINS, Avif

pytestmark = pytest.mark.skipif(not PLUGINS, reason="this build of OpenCV has no AVIF")
PHOTO = np.ascontiguousarray(data.astronaut()[:96, :128])


def by_another_program(**how: object) -> bytes:
    """An AVIF by Pillow."""
    file = BytesIO()
    Image.fromarray(PHOTO).save(file, "AVIF", quality=95, **how)
    return file.getvalue()


@pytest.mark.parametrize("how", range(1, 9))
def test_the_turn_that_the_container_states_is_applied_once(how, tmp_path):
    block = Image.Exif()
    block[0x0112] = how
    (tmp_path / "a.avif").write_bytes(by_another_program(exif=block.tobytes()))
    photo = Avif().read(tmp_path / "a.avif")
    wanted = exif.upright(PHOTO, how)
    assert photo.pixels.shape == wanted.shape and np.abs(photo.pixels.astype(int) - wanted).mean() < 4
    assert exif.orientation(photo.exif) == 1


def test_other_programs_read_our_file(tmp_path):
    matte = np.ascontiguousarray(data.camera()[:96, :128])
    Avif().write(tmp_path / "b.avif", Photo(PHOTO, matte, xmp=b"<x/>"), WriteOptions())
    with Image.open(tmp_path / "b.avif") as other:
        assert np.array_equal(np.asarray(other), np.dstack((PHOTO, matte))) and other.info["xmp"] == b"<x/>"


def test_ten_bits_are_spread_over_sixteen(tmp_path):
    import cv2

    values = np.linspace(0, 1023, 64 * 64).astype(np.uint16).reshape(64, 64)
    array = np.repeat(values[..., None], 3, axis=2)
    settings = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100]
    (tmp_path / "a.avif").write_bytes(cv2.imencode(".avif", array, settings)[1].tobytes())
    photo = Avif().read(tmp_path / "a.avif")
    assert photo.pixels.dtype == np.uint16 and photo.pixels.max() == 65535
    assert np.abs(photo.pixels[..., 0].astype(int) - np.rint(values * (65535 / 1023))).max() <= 1


def test_what_is_damaged_says_so(tmp_path):
    content = by_another_program()
    (tmp_path / "a.avif").write_bytes(content[:40] + bytes(len(content) - 40))
    with pytest.raises(UserError, match="AVIF"):
        Avif().read(tmp_path / "a.avif")
