"""WebP's three kinds of file, and what other programs make of ours."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from skimage import data

from editor.api import Photo, UserError, WriteOptions
from plugins.formats.webp import WebP

PHOTO = np.ascontiguousarray(data.astronaut()[:120, :160])
MATTE = np.ascontiguousarray(data.camera()[:120, :160])


def read(content: bytes, tmp_path) -> Photo:
    """The photo in these bytes."""
    (tmp_path / "a.webp").write_bytes(content)
    return WebP().read(tmp_path / "a.webp")


@pytest.mark.parametrize(
    "how", [{"quality": 90}, {"lossless": True}, {"quality": 90, "exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}]
)
@pytest.mark.parametrize("alpha", [False, True])
def test_every_kind_of_another_programs_file_is_read(how, alpha, tmp_path):
    file = BytesIO()
    together = np.dstack((PHOTO, MATTE)) if alpha else PHOTO
    Image.fromarray(together).save(file, "WEBP", **how)
    photo = read(file.getvalue(), tmp_path)
    (tmp_path / "b.webp").write_bytes(file.getvalue())
    assert WebP().read_size(tmp_path / "b.webp") == (160, 120)
    shown = photo.pixels if photo.alpha is None else photo.pixels[photo.alpha > 0]
    wanted = PHOTO if photo.alpha is None else PHOTO[photo.alpha > 0]
    assert np.abs(shown.astype(int) - wanted).mean() < 5
    assert (photo.alpha is None) == (not alpha)
    assert photo.exif is None or photo.exif.startswith(b"II*\0")


@pytest.mark.parametrize("lossless", [True, False])
def test_other_programs_read_our_file_with_its_alpha(lossless, tmp_path):
    photo = Photo(PHOTO, MATTE, exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0", xmp=b"<x/>")
    WebP().write(tmp_path / "b.webp", photo, WriteOptions(lossless=lossless))
    with Image.open(tmp_path / "b.webp") as other:
        assert other.mode == "RGBA" and other.info["xmp"] == b"<x/>"
        assert np.array_equal(np.asarray(other)[..., 3], MATTE)
        exact = np.array_equal(np.asarray(other)[..., :3], PHOTO)
    assert exact == lossless


def test_an_animation_is_refused_with_a_sentence(tmp_path):
    file = BytesIO()
    frames = [Image.fromarray(PHOTO), Image.fromarray(PHOTO[::-1])]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match="animation"):
        read(file.getvalue(), tmp_path)
