"""Flat pictures in and out: which format, is it safe to open, and a whole file or none.

A picture's format is told by its content when it is read, and by its suffix when it is written.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from editor.api import FileFormat, Photo, UserError, WriteOptions
from editor.document.blend import without_hidden
from editor.document.codec import exif
from editor.document.codec.picture import LIMIT_PIXELS
from editor.document.colour import to_8_bit
from editor.document.part_file import part_file
from editor.foreign_files import sentence_for

Formats: TypeAlias = Mapping[str, type[FileFormat]]
_HEAD_BYTES = 64
_JPEG_SLACK = 5  # how far JPEG's noise takes black and white from 0 and 255
_JPEG_SUFFIXES = (".jpg", ".jpeg")
_LOSSY_COLOUR_SLACK = 24  # how far it takes the channels of a grey apart


def read_photo(path: Path, formats: Formats, limit_pixels: int = LIMIT_PIXELS) -> Photo:
    """The photo in ``path``, upright, at its own depth and in its own colour space.

    ``UserError`` for what is not there, empty, damaged, cut short, too large or of no known format; sizes are checked
    from the header, before memory is taken.
    """
    path = Path(path)
    try:
        reader = _format_of(path, formats)
        _check_size(path, reader.read_size(path), limit_pixels)
        return reader.read(path)
    except OSError as error:
        raise _unreadable(error, path) from error
    except MemoryError as error:
        raise UserError(
            f"There is not enough memory to open {path.name}.", "Close other programs or photos."
        ) from error
    except UserError as error:
        raise _with_name(error, path) from error


def read_size(path: Path, formats: Formats) -> tuple[int, int]:
    """Width and height of the picture in ``path`` from its header; ``UserError`` as :func:`read_photo`."""
    path = Path(path)
    try:
        return _format_of(path, formats).read_size(path)
    except OSError as error:
        raise _unreadable(error, path) from error
    except UserError as error:
        raise _with_name(error, path) from error


def write_photo(
    path: Path, photo: Photo, formats: Formats, options: WriteOptions | None = None, overwrite: bool = False
) -> tuple[str, ...]:
    """Write ``photo`` to ``path``, in the format of its suffix; returns what was lost on the way, a sentence each.

    Written beside its place first and renamed once whole. Colour under alpha 0 is written as 0 unless the options
    keep it, and the small picture inside EXIF is blanked: what was removed must not stay in the file. ``UserError``
    where the file exists (unless ``overwrite``), the suffix is unknown, the format cannot hold the picture, or the
    disk refuses.
    """
    path, options = Path(path), options or WriteOptions()
    writer = format_for(path, formats)()
    if os.path.exists(path) and not overwrite:  # Path.exists raises for names that are too long
        raise UserError(f"{path.name} exists already.", "Choose another name, or say that it may be replaced.")
    if photo.alpha is not None and not writer.writes_alpha:
        raise UserError(
            f"{writer.title} cannot hold transparency.",
            "Choose PNG, TIFF or WebP, or put a background under the cut-out.",
        )
    notes: tuple[str, ...] = ()
    if photo.pixels.dtype == np.uint16 and not writer.writes_16_bit:
        notes += (f"{writer.title} holds 8 bits a colour: the 16 bits of this picture were rounded to 8.",)
        photo = replace(
            photo, pixels=to_8_bit(photo.pixels), alpha=None if photo.alpha is None else to_8_bit(photo.alpha)
        )
    photo = _fit_to_leave_the_house(photo, options)
    notes += writer.losses(photo, options)
    if photo.grey and writer.writes_grey:
        photo = replace(photo, pixels=np.ascontiguousarray(photo.pixels[..., 0]))
    with part_file(path) as part:
        writer.write(part, photo, options)
    return notes


def read_trimap(path: Path, size: tuple[int, int], formats: Formats) -> tuple[np.ndarray, tuple[str, ...]]:
    """A trimap (H, W) uint8 of exactly 0, 128 and 255, and what had to be interpreted to get it, a sentence each.

    0 is background, 255 foreground, every other grey unknown; in a JPEG up to 5 and from 250 count as 0 and 255. Of a
    picture with transparency the greys count where it is opaque, if they are those of a trimap; else the transparency
    itself is read. ``UserError`` for another size than ``size`` (width, height), and for a picture in colour.
    """
    photo = read_photo(path, formats)
    _check_same_size(Path(path), (photo.pixels.shape[1], photo.pixels.shape[0]), size, "trimap")
    slack = _JPEG_SLACK if photo.kind == "jpeg" else 0
    if photo.alpha is not None:
        return _trimap_from_transparent(photo, Path(path).name)
    if _is_coloured(photo.pixels, photo.kind):
        raise UserError(
            f"{Path(path).name} is in colour, so it is no trimap.",
            "A trimap is grey: white for the subject, black for the background, grey for what is to be found out.",
        )
    grey = to_8_bit(photo.pixels[..., 1])
    trimap = np.where(grey <= slack, 0, np.where(grey >= 255 - slack, 255, 128)).astype(np.uint8)
    return trimap, _notes_on_greys(grey, trimap, Path(path).name)


def read_alpha(path: Path, formats: Formats, size: tuple[int, int] | None = None) -> np.ndarray:
    """A matte (H, W) float32 in [0, 1]: the picture's transparency where it has one, else its grey.

    ``UserError`` for a picture in colour without transparency, and for another size than ``size`` where that is given.
    """
    photo = read_photo(path, formats)
    if size is not None:
        _check_same_size(Path(path), (photo.pixels.shape[1], photo.pixels.shape[0]), size, "matte")
    if photo.alpha is None and _is_coloured(photo.pixels, photo.kind):
        raise UserError(
            f"{Path(path).name} is in colour and has no transparency, so it is no matte.",
            "A matte is grey: white where the subject is solid, black where there is none of it.",
        )
    values = photo.pixels[..., 1] if photo.alpha is None else photo.alpha
    return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)


def format_for(path: Path, formats: Formats) -> type[FileFormat]:
    """The format that a file of this name is written in; ``UserError`` that lists the suffixes for any other."""
    suffix = Path(path).suffix.lower()
    for candidate in formats.values():
        if suffix in candidate.suffixes:
            return candidate
    known = ", ".join(sorted(candidate.suffixes[0] for candidate in formats.values()))
    if not suffix:
        raise UserError(
            f"The name {Path(path).name} has no ending that says which format to write.", f"Add one of {known}."
        )
    raise UserError(f"Pictures cannot be written as {suffix}.", f"Choose one of {known}.")


def _format_of(path: Path, formats: Formats) -> FileFormat:
    """The format that recognises the file's first bytes, whatever the file is called."""
    if path.is_dir():
        raise UserError(f"{path.name} is a folder.", "Choose a picture in it.")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise UserError(f"{path.name} is empty.", "The copy went wrong: take another one.")
    foreign = sentence_for(path, head)
    if foreign:
        raise foreign
    for candidate in formats.values():
        if candidate().matches(head):
            return candidate()
    titles = ", ".join(candidate.title for candidate in formats.values())
    raise UserError(f"{path.name} is no picture that can be opened here.", f"Open one of {titles}.")


def _check_size(path: Path, size: tuple[int, int], limit_pixels: int) -> None:
    width, height = size
    if width * height > limit_pixels:
        raise UserError(
            f"{path.name} is {width} x {height} pixels, more than {limit_pixels // 1_000_000} megapixels.",
            "Make it smaller in the program it comes from.",
        )


def _fit_to_leave_the_house(photo: Photo, options: WriteOptions) -> Photo:
    """The photo without what its viewer is not meant to find: hidden colour, and small pictures in its metadata."""
    photo = replace(photo, exif=exif.without_thumbnail(photo.exif), xmp=exif.xmp_as_upright(photo.xmp))
    if photo.alpha is None or options.keep_hidden_colour or photo.alpha.all():
        return photo
    return replace(photo, pixels=without_hidden(photo.pixels, photo.alpha))


def _check_same_size(path: Path, size: tuple[int, int], wanted: tuple[int, int], what: str) -> None:
    if size != wanted:
        raise UserError(
            f"The {what} {path.name} is {size[0]} x {size[1]} pixels, the photo {wanted[0]} x {wanted[1]}.",
            f"Make the {what} at the photo's size; it is not scaled, since its edges would move.",
        )


def _is_coloured(pixels: np.ndarray, kind: str) -> bool:
    """True where the channels differ by more than a lossy format's noise."""
    slack = _LOSSY_COLOUR_SLACK if kind in ("jpeg", "webp", "avif") else 0
    red, green, blue = (to_8_bit(pixels[..., channel]) for channel in range(3))
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return bool((spread > slack).any())


def _trimap_from_transparent(photo: Photo, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Grey labels on a partly transparent picture, or the transparency of a cut-out, as a trimap."""
    assert photo.alpha is not None
    alpha, colours = to_8_bit(photo.alpha), to_8_bit(photo.pixels)
    seen = colours[alpha == 255]
    if seen.size and np.isin(seen, (0, 128, 255)).all() and (seen == seen[:, :1]).all() and len(np.unique(seen)) > 1:
        trimap = np.where(alpha == 255, colours[..., 0], 128).astype(np.uint8)
        return trimap, (f"Where {name} is transparent, it was taken as unknown.",)
    trimap = np.where(alpha == 0, 0, np.where(alpha == 255, 255, 128)).astype(np.uint8)
    return trimap, (
        f"{name} is a cut-out: its transparency was taken as the trimap (solid: subject, clear: background).",
    )


def _notes_on_greys(grey: np.ndarray, trimap: np.ndarray, name: str) -> tuple[str, ...]:
    """A sentence that names the greys which are none of a trimap's three; none where there are none."""
    counts = np.bincount(grey.ravel(), minlength=256)
    unknown = [int(value) for value in np.flatnonzero(counts) if value not in (0, 128, 255)]
    odd = int(np.count_nonzero((trimap == 128) & (grey != 128)))
    if not odd:
        return ()
    named = ", ".join(str(value) for value in unknown[:4]) + (" and others" if len(unknown) > 4 else "")
    lossy = name.lower().endswith(_JPEG_SUFFIXES)
    way_out = " A JPEG makes such greys at every edge: save trimaps as PNG." if lossy else ""
    said = f"{name} holds greys that are none of 0, 128 and 255 ({named}): {odd} pixels were taken as unknown."
    return (said + way_out,)


def _unreadable(error: OSError, path: Path) -> UserError:
    if error.errno == errno.ENOENT:
        return UserError(f"{path} is not there.", "It may have been moved or renamed.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return UserError(
            f"{path.name} may not be read.", "Ask for the right to read it, or copy it to a folder of your own."
        )
    return UserError(f"{path.name} cannot be read: {error.strerror or error}.", "Check the disk, and try a copy.")


def _with_name(error: UserError, path: Path) -> UserError:
    """The same error with the file's name in its sentence, for a caller who opens many."""
    if path.name in error.message:
        return error
    return UserError(f"{path.name}: {error.message}", error.hint)
