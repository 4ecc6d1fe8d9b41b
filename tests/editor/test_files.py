"""Opening and writing flat pictures: what a photographer may do wrong, and what must never happen to a file."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from editor import files
from editor.api import Photo, UserError, WriteOptions
from editor.document.codec import exif
from editor.plugin_loader import load_all

FORMATS = load_all().formats


def grey(values: list[list[int]], dtype: type = np.uint8) -> Photo:
    """A grey picture of these values."""
    return Photo(np.repeat(np.array(values, dtype)[..., None], 3, axis=2))


def save(path: Path, photo: Photo, **options: bool) -> Path:
    """The photo in a file, as it is."""
    files.write_photo(path, photo, FORMATS, WriteOptions(**options))
    return path


def sentence(caught: pytest.ExceptionInfo[UserError]) -> str:
    """What the user reads; every error must have a hint as well."""
    assert caught.value.hint
    return str(caught.value)


def png_header(width: int, height: int) -> bytes:
    """The first bytes of a PNG that claims this size."""
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + content + struct.pack(">I", zlib.crc32(content))


# reading


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        files.read_photo(tmp_path / "gone.png", FORMATS)
    assert "gone.png" in sentence(caught)


def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(UserError) as caught:
        files.read_photo(tmp_path / "empty.jpg", FORMATS)
    assert "empty.jpg is empty" in sentence(caught)


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        files.read_photo(tmp_path, FORMATS)


@pytest.mark.parametrize(
    ("name", "head", "word"),
    [
        ("IMG_1.HEIC", b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "HEIC"),
        ("a.cr2", b"II*\0\x10\0\0\0CR\x02\0", "raw"),
        ("a.NEF", b"MM\0*\0\0\0\x08\0\x1b", "raw"),
        ("a.cr3", b"\0\0\0\x18ftypcrx \0\0\0\x01", "raw"),
        ("a.raf", b"FUJIFILMCCD-RAW 0201", "raw"),
        ("a.gif", b"GIF89a\1\0\1\0", "GIF"),
        ("a.psd", b"8BPS\0\1", "Photoshop"),
        ("a.png", b"<!DOCTYPE html><html>", "web page"),
        ("a.docx", b"PK\x03\x04\x14\0\6\0", "zip archive"),
        ("a.ora", b"PK\x03\x04" + bytes(26) + b"mimetypeimage/openraster", "project"),
        ("a.txt", b"hello", "no picture"),
    ],
)
def test_files_of_other_kinds_are_called_by_their_name(name, head, word, tmp_path):
    (tmp_path / name).write_bytes(head + bytes(200))
    with pytest.raises(UserError) as caught:
        files.read_photo(tmp_path / name, FORMATS)
    assert word in sentence(caught) and name in sentence(caught)


def test_thirty_thousand_pixels_square_are_refused_from_the_header_alone(tmp_path):
    (tmp_path / "huge.png").write_bytes(png_header(30_000, 30_000) + bytes(100))
    with pytest.raises(UserError) as caught:
        files.read_photo(tmp_path / "huge.png", FORMATS)
    assert "30000 x 30000" in sentence(caught) and "400 megapixels" in sentence(caught)


def test_the_limit_can_be_set(tmp_path):
    path = save(tmp_path / "a.png", grey([[1, 2], [3, 4]]))
    with pytest.raises(UserError, match="2 x 2"):
        files.read_photo(path, FORMATS, limit_pixels=3)
    assert files.read_size(path, FORMATS) == (2, 2)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom the system can refuse something")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = save(tmp_path / "secret.png", grey([[1]]))
    path.chmod(0)
    with pytest.raises(UserError, match="may not be read"):
        files.read_photo(path, FORMATS)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("how", range(1, 9))
def test_all_eight_orientations_stand_upright_once_and_only_once(how, suffix, tmp_path):
    upright = np.zeros((24, 40, 3), np.uint8)
    upright[:8, :16] = (250, 20, 20)  # a red corner at the top left, a green edge at the right
    upright[:, 32:] = (20, 250, 20)
    undo = {6: 8, 8: 6}.get(how, how)  # turning left undoes turning right; the others undo themselves
    block = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, how, 0, 0)
    stored = Photo(exif.upright(upright, undo), exif=block)
    save(tmp_path / f"a{suffix}", stored, lossless=True)
    if suffix == ".tif":  # TIFF's own field says how it lies; the writer says "upright", so it is changed by hand
        _set_tiff_orientation(tmp_path / "a.tif", how)
    once = files.read_photo(tmp_path / f"a{suffix}", FORMATS)
    assert np.abs(once.pixels.astype(int) - upright).mean() < 3
    assert exif.orientation(once.exif) == 1
    twice = files.read_photo(save(tmp_path / f"b{suffix}", once), FORMATS)
    assert np.abs(twice.pixels.astype(int) - upright).mean() < 3


def _set_tiff_orientation(path: Path, how: int) -> None:
    import tifffile

    pixels = tifffile.imread(path)
    tifffile.imwrite(path, pixels, photometric="rgb", metadata=None, extratags=[(274, "H", 1, how, True)])


# writing


def test_an_existing_file_is_not_replaced_without_being_asked(tmp_path):
    path = save(tmp_path / "a.png", grey([[1]]))
    before = path.read_bytes()
    with pytest.raises(UserError, match="exists already"):
        files.write_photo(path, grey([[2]]), FORMATS)
    assert path.read_bytes() == before
    files.write_photo(path, grey([[2]]), FORMATS, overwrite=True)
    assert files.read_photo(path, FORMATS).pixels[0, 0, 0] == 2


@pytest.mark.parametrize(("name", "word"), [("a.bmp", ".bmp"), ("a", "no ending")])
def test_an_unknown_suffix_lists_the_known_ones(name, word, tmp_path):
    with pytest.raises(UserError) as caught:
        files.write_photo(tmp_path / name, grey([[1]]), FORMATS)
    assert word in sentence(caught) and ".png" in sentence(caught)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        files.write_photo(tmp_path / "no" / "a.png", grey([[1]]), FORMATS)
    assert str(tmp_path / "no") in sentence(caught)


def test_webp_names_its_limit(tmp_path):
    with pytest.raises(UserError, match="16383"):
        files.write_photo(tmp_path / "a.webp", Photo(np.zeros((1, 16384, 3), np.uint8)), FORMATS)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size are POSIX's")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    import resource

    path = save(tmp_path / "a.png", grey([[1]]))
    before = path.read_bytes()
    noise = Photo(np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(UserError) as caught:
            files.write_photo(path, noise, FORMATS, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "room on the disk" in sentence(caught)
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_the_small_picture_inside_exif_does_not_leave_the_house(tmp_path):
    secret = b"\xff\xd8REMOVED BACKGROUND\xff\xd9"
    block = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x0100, 4, 1, 7) + struct.pack("<I", 26)
    block += struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(secret), 0) + secret
    assert exif.entries(block, 26, "<")[0][0].tag == 0x0201
    for suffix in (".png", ".jpg", ".webp", ".tif"):
        path = save(tmp_path / f"a{suffix}", Photo(np.full((9, 9, 3), 7, np.uint8), exif=block))
        assert b"REMOVED" not in path.read_bytes()


# trimaps and mattes


def test_a_trimap_of_three_greys_comes_back_as_it_is(tmp_path):
    path = save(tmp_path / "t.png", grey([[0, 128, 255], [255, 0, 128]]))
    trimap, notes = files.read_trimap(path, (3, 2), FORMATS)
    assert trimap.tolist() == [[0, 128, 255], [255, 0, 128]] and trimap.dtype == np.uint8 and not notes


def test_other_greys_are_unknown_and_said_to_be(tmp_path):
    path = save(tmp_path / "t.png", grey([[0, 1, 127, 128, 254, 255]]))
    trimap, notes = files.read_trimap(path, (6, 1), FORMATS)
    assert trimap.tolist() == [[0, 128, 128, 128, 128, 255]]
    assert "1, 127, 254" in notes[0] and "3 pixels" in notes[0] and "JPEG" not in notes[0]


def test_a_trimap_of_sixteen_bits_is_understood(tmp_path):
    path = save(tmp_path / "t.png", grey([[0, 32896, 65535]], np.uint16))
    assert files.read_trimap(path, (3, 1), FORMATS)[0].tolist() == [[0, 128, 255]]


def test_a_jpeg_with_other_greys_is_told_what_would_have_none(tmp_path):
    values = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 64, axis=0)
    save(tmp_path / "t.jpg", Photo(np.repeat(values[..., None], 3, axis=2)))
    _, notes = files.read_trimap(tmp_path / "t.jpg", (64, 64), FORMATS)
    assert "taken as unknown. A JPEG makes such greys at every edge: save trimaps as PNG." in notes[0]


def test_a_jpeg_trimap_is_forgiven_its_noise_near_black_and_white(tmp_path):
    values = np.zeros((64, 64), np.uint8)
    values[:, 24:], values[:, 40:] = 128, 255
    save(tmp_path / "t.jpg", Photo(np.repeat(values[..., None], 3, axis=2)))
    trimap, _ = files.read_trimap(tmp_path / "t.jpg", (64, 64), FORMATS)
    assert (trimap[:, :16] == 0).all() and (trimap[:, 48:] == 255).all() and (trimap[:, 28:36] == 128).all()


def test_a_trimap_of_another_size_names_both(tmp_path):
    path = save(tmp_path / "t.png", grey([[0, 255]]))
    with pytest.raises(UserError) as caught:
        files.read_trimap(path, (640, 480), FORMATS)
    assert "2 x 1" in sentence(caught) and "640 x 480" in sentence(caught)


def test_labels_in_colour_are_explained(tmp_path):
    path = save(tmp_path / "t.png", Photo(np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)))
    with pytest.raises(UserError) as caught:
        files.read_trimap(path, (2, 1), FORMATS)
    assert "in colour" in sentence(caught) and "white" in sentence(caught)


def test_the_transparency_of_a_cut_out_is_taken_as_trimap_and_said_to_be(tmp_path):
    photo = Photo(np.array([[[9, 80, 7], [90, 8, 7], [1, 2, 3]]], np.uint8), np.array([[0, 90, 255]], np.uint8))
    trimap, notes = files.read_trimap(save(tmp_path / "t.png", photo), (3, 1), FORMATS)
    assert trimap.tolist() == [[0, 128, 255]]
    assert "cut-out" in notes[0]


def test_marks_on_a_transparent_ground_leave_the_rest_unknown(tmp_path):
    photo = grey([[0, 255, 0]])
    photo = Photo(photo.pixels, np.array([[255, 255, 0]], np.uint8))
    trimap, notes = files.read_trimap(save(tmp_path / "t.png", photo), (3, 1), FORMATS)
    assert trimap.tolist() == [[0, 255, 128]]
    assert "transparent" in notes[0]


def test_a_matte_is_read_from_grey_or_from_transparency(tmp_path):
    from_grey = files.read_alpha(save(tmp_path / "a.png", grey([[0, 51, 255]])), FORMATS)
    assert from_grey.dtype == np.float32 and np.allclose(from_grey, [[0, 0.2, 1]])
    cut_out = Photo(np.full((1, 3, 3), 99, np.uint16), np.array([[0, 13107, 65535]], np.uint16))
    assert np.allclose(files.read_alpha(save(tmp_path / "b.png", cut_out), FORMATS), [[0, 0.2, 1]])


def test_a_photo_is_no_matte(tmp_path):
    path = save(tmp_path / "a.png", Photo(np.array([[[9, 80, 7]]], np.uint8)))
    with pytest.raises(UserError, match="in colour"):
        files.read_alpha(path, FORMATS)
    with pytest.raises(UserError, match="5 x 5"):
        files.read_alpha(save(tmp_path / "b.png", grey([[1]])), FORMATS, size=(5, 5))
