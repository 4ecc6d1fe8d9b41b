"""TIFF's layouts, packings and kinds of alpha, written by other programs' libraries."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from editor.api import Photo, UserError, WriteOptions
from plugins.formats.tiff import Tiff

RANDOM = np.random.default_rng(5)
EIGHT = RANDOM.integers(0, 256, (150, 90, 4), dtype=np.uint8)
SIXTEEN = RANDOM.integers(0, 65536, (150, 90, 4), dtype=np.uint16)
UNASSOCIATED: dict[str, Any] = {"photometric": "rgb", "extrasamples": ["unassalpha"]}


def read(content: bytes, tmp_path) -> Photo:
    """The photo in these bytes."""
    (tmp_path / "a.tif").write_bytes(content)
    return Tiff().read(tmp_path / "a.tif")


def by_tifffile(array: np.ndarray, **how: Any) -> bytes:
    """A TIFF by tifffile."""
    file = BytesIO()
    tifffile.imwrite(file, array, metadata=None, **how)
    return file.getvalue()


def by_pillow(picture: Image.Image, packing: str) -> bytes:
    """A TIFF by libtiff."""
    file = BytesIO()
    picture.save(file, "TIFF", compression=packing)
    return file.getvalue()


@pytest.mark.parametrize("packing", [None, "zlib"])
@pytest.mark.parametrize(
    "how", [{}, {"tile": (64, 64)}, {"rowsperstrip": 7}, {"bigtiff": True}, {"byteorder": ">"}], ids=str
)
def test_every_layout_of_sixteen_bits_is_exact(how, packing, tmp_path):
    photo = read(by_tifffile(SIXTEEN, compression=packing, **UNASSOCIATED, **how), tmp_path)
    assert np.array_equal(photo.pixels, SIXTEEN[..., :3]) and np.array_equal(photo.alpha, SIXTEEN[..., 3])
    assert photo.pixels.dtype.isnative


@pytest.mark.parametrize(
    "how", [{}, {"tile": (64, 64)}, {"tile": (64, 64), "predictor": True, "compression": "zlib"}], ids=str
)
def test_planes_stored_apart_are_put_together(how, tmp_path):
    planes = np.ascontiguousarray(np.moveaxis(SIXTEEN, -1, 0))
    photo = read(by_tifffile(planes, planarconfig="separate", **UNASSOCIATED, **how), tmp_path)
    assert np.array_equal(photo.pixels, SIXTEEN[..., :3]) and np.array_equal(photo.alpha, SIXTEEN[..., 3])


@pytest.mark.parametrize("packing", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "LA", "CMYK", "1"])
def test_every_packing_gives_the_same_picture(mode, packing, tmp_path):
    channels = {"L": 0, "1": 0, "LA": 2, "RGB": 3}.get(mode, 4)
    array = np.ascontiguousarray(EIGHT[..., :channels] if channels else EIGHT[..., 0])
    picture = Image.fromarray(array).convert("1") if mode == "1" else Image.fromarray(array, mode)
    photo = read(by_pillow(picture, packing), tmp_path)
    expected = np.asarray(picture.convert("RGBA" if "A" in mode else "RGB"))
    assert np.array_equal(photo.pixels, expected[..., :3])
    assert photo.alpha is None or np.array_equal(photo.alpha, expected[..., 3])


@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("array", [EIGHT, SIXTEEN, SIXTEEN[..., :3], SIXTEEN[..., 0]], ids=["8", "16", "rgb", "grey"])
def test_lzw_is_exact_at_both_depths(array, predictor, tmp_path):
    settings = [cv2.IMWRITE_TIFF_COMPRESSION, 5, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    photo = read(cv2.imencode(".tif", np.ascontiguousarray(array), settings)[1].tobytes(), tmp_path)
    colours = array[..., 2::-1] if array.ndim == 3 else np.repeat(array[..., None], 3, axis=2)
    assert np.array_equal(photo.pixels, colours)


def test_a_palette_is_looked_up(tmp_path):
    picture = Image.fromarray(EIGHT[..., :3]).quantize(40)
    photo = read(by_pillow(picture, "raw"), tmp_path)
    assert np.array_equal(photo.pixels, np.asarray(picture.convert("RGB")))


def test_white_may_be_zero(tmp_path):
    photo = read(by_tifffile(EIGHT[..., 0], photometric="miniswhite"), tmp_path)
    assert np.array_equal(photo.pixels[..., 0], 255 - EIGHT[..., 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_associated_alpha_is_divided_out(dtype, tmp_path):
    top = int(np.iinfo(dtype).max)
    alpha = np.array([[0, top // 2, top, 3]], dtype)
    straight = np.array([[[0, 0, 0], [top, top // 2, 0], [5, 6, 7], [top, 0, top]]], dtype)
    premultiplied = np.rint(straight * (alpha[..., None] / top)).astype(dtype)
    stored = np.dstack((premultiplied, alpha))
    photo = read(by_tifffile(stored, photometric="rgb", extrasamples=["assocalpha"]), tmp_path)
    assert np.abs(photo.pixels.astype(int) - straight).max() <= 1
    assert np.array_equal(photo.alpha, alpha)


def test_the_alpha_that_is_written_is_declared_straight(tmp_path):
    Tiff().write(tmp_path / "b.tif", Photo(EIGHT[..., :3], EIGHT[..., 3]), WriteOptions())
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert [int(kind) for kind in file.pages[0].extrasamples] == [2]
        assert np.array_equal(file.pages[0].asarray(), EIGHT)
    with Image.open(tmp_path / "b.tif") as other:
        assert np.array_equal(np.asarray(other), EIGHT)


def test_exposure_and_place_come_back_through_tiffs_own_directories(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0132] = "Maker", "2024:05:06 07:08:09"
    exif.get_ifd(0x8769).update({0x829A: 0.005, 0x9003: "2024:05:06 07:08:09", 0x8827: 400})
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 12.5)})
    block = exif.tobytes()[6:]
    Tiff().write(tmp_path / "b.tif", Photo(EIGHT[..., :3], exif=block), WriteOptions())
    with Image.open(tmp_path / "b.tif") as other:
        assert other.getexif()[0x010F] == "Maker"
        assert other.getexif().get_ifd(0x8769)[0x8827] == 400
    after = Image.Exif()
    after.load(Tiff().read(tmp_path / "b.tif").exif)
    assert after[0x0132] == "2024:05:06 07:08:09"
    assert after.get_ifd(0x8769)[0x829A] == 0.005 and after.get_ifd(0x8825)[2] == (51.0, 30.0, 12.5)


def test_a_photo_packed_as_jpeg_is_read(tmp_path):
    ramp = np.broadcast_to(np.linspace(0, 255, 128, dtype=np.uint8)[None, :, None], (64, 128, 3))
    photo = read(by_pillow(Image.fromarray(np.ascontiguousarray(ramp)), "jpeg"), tmp_path)
    assert np.abs(photo.pixels.astype(int) - ramp).max() < 12


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (by_tifffile(np.zeros((8, 8, 3), np.float32), photometric="rgb"), "floating-point"),
        (by_tifffile(np.zeros((8, 8), np.uint16), photometric="cfa"), "raw"),
        (by_tifffile(np.zeros((8, 8, 3), np.uint8), photometric="cielab"), "Convert it to RGB"),
        (by_tifffile(EIGHT[..., :3], photometric="rgb")[:-100], "too soon"),
        (b"II*\0" + struct.pack("<I", 4000) + bytes(100), "damaged"),
    ],
    ids=["float", "raw", "lab", "cut", "nowhere"],
)
def test_what_cannot_be_read_says_why(content, word, tmp_path):
    with pytest.raises(UserError) as caught:
        read(content, tmp_path)
    assert word in str(caught.value)
