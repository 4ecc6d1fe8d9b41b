"""What a file that cannot be opened is, in a sentence: photographers meet HEIC and raw files every day."""

from __future__ import annotations

from pathlib import Path

from editor.errors import UserError

_RAW_SUFFIXES = {
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef",
    ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf",
    ".srw", ".x3f",
}  # fmt: skip
_RAW_HEADS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_OTHERS = {
    b"GIF8": "a GIF picture",
    b"BM": "a Windows bitmap",
    b"8BPS": "a Photoshop document",
    b"gimp xcf": "a GIMP document",
    b"%PDF": "a PDF document",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"v/1\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance picture",
    b"<svg": "an SVG drawing",
    b"<?xml": "a text file",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}


def sentence_for(path: Path, head: bytes) -> UserError | None:
    """What to tell of a file that begins with ``head`` (64 bytes) and can be of no format here; None for any other."""
    if _is_raw(path, head):
        return UserError(
            f"{path.name} is a camera's raw file, which has to be developed first.",
            "Export it as a 16-bit TIFF or PNG from darktable, RawTherapee or Lightroom.",
        )
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and b"avif" not in head:
        return UserError(
            f"{path.name} is a HEIC photo, which cannot be opened here.", "Convert it to JPEG or PNG first."
        )
    if head[:4] == b"PK\x03\x04":
        if b"mimetypeimage/openraster" in head:
            return UserError(f"{path.name} is a project, not a picture.", "Open it as a project (File, Open).")
        return UserError(f"{path.name} is a zip archive or a document.", "Unpack it and open the picture in it.")
    for start, what in _OTHERS.items():
        if head.startswith(start):
            return UserError(f"{path.name} is {what}, which cannot be opened here.", "Convert it to PNG, TIFF or JPEG.")
    return None


def _is_raw(path: Path, head: bytes) -> bool:
    """True for raw files that announce themselves, and for those that pose as TIFF but are named as raw."""
    if head.startswith(_RAW_HEADS) or head[4:12] == b"ftypcrx ":
        return True
    return head.startswith(_TIFF_HEADS) and (head[8:10] == b"CR" or path.suffix.lower() in _RAW_SUFFIXES)
