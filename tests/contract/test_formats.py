"""What every picture format must do, whoever wrote it: run over all that are registered."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from editor import files
from editor.api import Photo, UserError, WriteOptions
from editor.document.colour import profile_for_rgb
from editor.plugin_loader import load_all

FORMATS = load_all().formats
NAMES = sorted(FORMATS)
LOSSLESS = sorted(set(FORMATS) - {"jpeg"})
ALPHA = sorted(name for name in FORMATS if FORMATS[name].writes_alpha)
SIXTEEN = sorted(name for name in FORMATS if FORMATS[name].writes_16_bit)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="1"/></x:xmpmeta>'


def exif_block(orientation: int = 1, order: str = "<") -> bytes:
    """A small EXIF block: maker and orientation."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    maker = struct.pack(order + "HHII", 0x010F, 2, 8, 38)
    turn = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return head + struct.pack(order + "IH", 8, 2) + maker + turn + bytes(4) + b"Maker12\0"


def icc_profile() -> bytes:
    """An RGB profile of gamma 1.8, made by the program's own code from a grey one."""
    curve = struct.pack(">4s4xIHxx", b"curv", 1, round(1.8 * 256))
    head = struct.pack(">I4s4s4s4s4s12s4s", 160, b"", b"\2\x10\0\0", b"mntr", b"GRAY", b"XYZ ", b"", b"acsp")
    grey = head.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"kTRC", 144, len(curve)) + curve
    made = profile_for_rgb(grey)
    assert made is not None
    return made


def photo(dtype: type = np.uint8, size: tuple[int, int] = (37, 53), alpha: bool = False) -> Photo:
    """Random pixels (worst case for every codec), optionally with an alpha that has 0, 1, the top and all between."""
    random = np.random.default_rng(3)
    top = np.iinfo(dtype).max
    pixels = random.integers(0, top + 1, (*size, 3)).astype(dtype)
    matte = random.integers(0, top + 1, size).astype(dtype)
    matte.flat[: matte.size // 4], matte.flat[matte.size // 4 : matte.size // 2] = 0, top
    matte.flat[-1] = 1
    return Photo(pixels, matte if alpha else None, icc_profile(), exif_block(), XMP)


def target(folder: Path, name: str, stem: str = "picture") -> Path:
    """A path in the format's own suffix."""
    return folder / f"{stem}{FORMATS[name].suffixes[0]}"


def written(folder: Path, name: str, what: Photo, options: WriteOptions | None = None) -> Path:
    """The photo in a new file of that format."""
    path = target(folder, name)
    files.write_photo(path, what, FORMATS, options, overwrite=True)
    return path


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("alpha", [False, True])
def test_eight_bit_pixels_come_back_bit_for_bit(name, alpha, tmp_path):
    if alpha and name not in ALPHA:
        pytest.skip(f"{name} has no transparency")
    before = photo(alpha=alpha)
    after = files.read_photo(written(tmp_path, name, before), FORMATS)
    seen = np.ones(before.pixels.shape[:2], bool) if before.alpha is None else before.alpha > 0
    assert after.pixels.dtype == np.uint8
    assert np.array_equal(after.pixels[seen], before.pixels[seen])
    assert (after.alpha is None) if before.alpha is None else np.array_equal(after.alpha, before.alpha)


@pytest.mark.parametrize("name", SIXTEEN)
def test_sixteen_bits_stay_sixteen_bits_as_exactly_as_the_format_says(name, tmp_path):
    before = photo(np.uint16, alpha=True)
    path = target(tmp_path, name)
    notes = files.write_photo(path, before, FORMATS)
    after = files.read_photo(path, FORMATS)
    seen = before.alpha > 0
    off = np.abs(after.pixels[seen].astype(int) - before.pixels[seen])
    assert after.pixels.dtype == np.uint16
    assert off.max() <= (16 if notes else 0)
    assert np.abs(after.alpha.astype(int) - before.alpha).max() <= (16 if notes else 0)


@pytest.mark.parametrize("name", NAMES)
def test_sixteen_bits_are_rounded_with_a_note_where_the_format_holds_eight(name, tmp_path):
    grey = Photo(np.full((16, 16, 3), 0x80FF, np.uint16))
    notes = files.write_photo(target(tmp_path, name), grey, FORMATS)
    after = files.read_photo(target(tmp_path, name), FORMATS)
    if name in SIXTEEN:
        assert after.pixels.dtype == np.uint16
    else:
        assert any("8 bits" in note for note in notes)
        assert abs(int(after.pixels[0, 0, 0]) - round(0x80FF / 257)) <= 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_profile_exif_and_xmp_come_back(name, order, tmp_path):
    before = replace(photo(), exif=exif_block(order=order))
    after = files.read_photo(written(tmp_path, name, before), FORMATS)
    assert after.icc == before.icc
    assert after.xmp == before.xmp
    assert after.exif is not None and b"Maker12" in after.exif and after.exif[:2] == before.exif[:2]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_breaks_off_anywhere_is_refused_in_a_sentence(name, tmp_path):
    data = written(tmp_path, name, photo(alpha=name in ALPHA)).read_bytes()
    short = tmp_path / "short.bin"
    lengths = {*range(min(len(data), 64)), *range(64, len(data), max(1, len(data) // 90))}
    for length in sorted(lengths | {len(data) - 1, len(data) - 2, len(data) - 5}):
        short.write_bytes(data[:length])
        with pytest.raises(UserError) as caught:
            files.read_photo(short, FORMATS)
        assert caught.value.hint


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 5000), (2, 3)])
def test_pictures_of_odd_sizes_come_back(name, size, tmp_path):
    before = Photo(np.full((*size, 3), 93, np.uint8))
    path = written(tmp_path, name, before)
    assert FORMATS[name]().read_size(path) == (size[1], size[0])
    after = files.read_photo(path, FORMATS)
    assert after.pixels.shape == (*size, 3)
    assert np.abs(after.pixels.astype(int) - 93).max() <= 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stem", ["Zoë – 雪の日 🌿", "x" * 240, "with spaces and 'quotes'"])
def test_names_in_any_script_and_of_any_length_work(name, stem, tmp_path):
    folder = tmp_path / "Fotos für Ömer"
    folder.mkdir()
    path = target(folder, name, stem)
    files.write_photo(path, Photo(np.full((8, 8, 3), 50, np.uint8)), FORMATS)
    assert files.read_photo(path, FORMATS).pixels.shape == (8, 8, 3)
    assert [entry.name for entry in folder.iterdir()] == [path.name]


@pytest.mark.parametrize("name", NAMES)
def test_a_long_path_works(name, tmp_path):
    folder = tmp_path.joinpath(*["a folder with a rather long name"] * 12)
    folder.mkdir(parents=True)
    path = written(folder, name, Photo(np.full((8, 8, 3), 50, np.uint8)))
    assert len(str(path)) > 400
    assert files.read_photo(path, FORMATS).kind == name


@pytest.mark.parametrize("name", ALPHA)
def test_colour_under_alpha_zero_is_gone_unless_it_is_asked_for(name, tmp_path):
    before = photo(alpha=True)
    hidden = before.alpha == 0
    assert not files.read_photo(written(tmp_path, name, before), FORMATS).pixels[hidden].any()
    kept = files.read_photo(written(tmp_path, name, before, WriteOptions(keep_hidden_colour=True)), FORMATS)
    assert np.array_equal(kept.pixels[hidden], before.pixels[hidden])


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(ALPHA)))
def test_a_format_without_transparency_refuses_it_and_names_others(name, tmp_path):
    with pytest.raises(UserError, match="transparency"):
        files.write_photo(target(tmp_path, name), photo(alpha=True), FORMATS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_smooth_photo_comes_back_closely_even_when_lossy(name, tmp_path):
    ramp = np.linspace(20, 230, 96)
    pixels = np.rint(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], ramp[::-1, None]), -1)).astype(np.uint8)
    path = written(tmp_path, name, Photo(pixels), WriteOptions(quality=95, lossless=False))
    after = files.read_photo(path, FORMATS).pixels.astype(int)
    assert np.abs(after - pixels).mean() < 2.0  # channels in the wrong order would differ by 70 on average


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_named_for_another_format_is_read_by_what_it_is(name, tmp_path):
    path = written(tmp_path, name, Photo(np.full((8, 8, 3), 50, np.uint8)))
    for other in NAMES:
        posing = path.rename(tmp_path / f"posing{FORMATS[other].suffixes[0]}")
        assert files.read_photo(posing, FORMATS).kind == name
        path = posing


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_printed_while_a_damaged_file_is_refused(name, tmp_path, capfd):
    path = written(tmp_path, name, photo())
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    path.write_bytes(data)
    with suppress(UserError):
        files.read_photo(path, FORMATS)
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err == ""


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_header_of_nonsense_never_does_worse_than_a_sentence(name, changes, tmp_path):
    path = target(tmp_path, name, "fuzzed")
    if not (tmp_path / "good").exists():
        (tmp_path / "good").write_bytes(written(tmp_path, name, photo(size=(9, 11))).read_bytes())
    data = bytearray((tmp_path / "good").read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(data)
    try:
        read = files.read_photo(path, FORMATS, limit_pixels=1_000_000)
    except UserError as error:
        assert error.message
    else:
        assert read.pixels.ndim == 3 and read.pixels.dtype in (np.uint8, np.uint16)
