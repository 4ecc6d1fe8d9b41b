"""The demo photo: a long-haired cat before a garden out of focus, drawn hair by hair, so that its alpha is known.

What the program shows when it is started without a photo, and what its tests cut out. Every hair is drawn twice: its
colour into the subject's own colours F, its coverage at twice the size into alpha. The photo is
``alpha * F + (1 - alpha) * B`` with B the garden, and a little grain.

Lengths are in units of the picture's height; "head units" have the head's radii as 1. Colours are sRGB in [0, 255].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from editor.document.document import Photo

_FINE = 2  # alpha is drawn this many times larger, so that a hair can be half a pixel wide
_SHIFT = 4  # cv2 takes points in sixteenths of a pixel
_POINTS = 7  # along a hair
_GINGER = (206, 124, 58)
_DARK = (118, 60, 26)
_CREAM = (246, 230, 206)
_HEAD = (0.0, -0.055)  # the head's centre from the picture's centre
_HEAD_RADII = (0.262, 0.228)
_BODY = (0.0, 0.60)
_BODY_RADII = (0.345, 0.53)


@dataclass(frozen=True)
class Demo:
    """The photo (H, W, 3) uint8, its alpha (H, W) float32 in [0, 1], a trimap (H, W) uint8 (0, 128, 255)."""

    photo: Photo
    alpha: np.ndarray
    trimap: np.ndarray


@dataclass
class _Hairs:
    """Hairs: paths (N, points, 2) from the picture's centre, colours (N, 3), depth (N,): the deepest at the back."""

    paths: np.ndarray
    colours: np.ndarray
    depth: np.ndarray


class _Sheet:
    """The subject while it is being drawn: its colours at the photo's size, its coverage at ``_FINE`` times that."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.colours = np.full((height, width, 3), (214, 146, 86), np.uint8)
        self.hair_px = max(1, round(height / 1200))
        self.coverage = np.zeros((height * _FINE, width * _FINE), np.uint8)

    def points(self, units: np.ndarray, fine: int = 1) -> np.ndarray:
        """(..., 2) height units as fixed-point pixels of the sheet enlarged ``fine`` times."""
        centre = np.array([self.width / 2, self.height / 2])
        pixels = (centre + units * self.height) * fine - 0.5
        return np.round(pixels * (1 << _SHIFT)).astype(np.int32)

    def fill(self, outline: np.ndarray, colour: Iterable[float], covers: bool = False) -> None:
        """Fill a polygon (N, 2); ``covers`` makes it opaque as well."""
        tone = tuple(int(value) for value in colour)
        cv2.fillPoly(self.colours, [self.points(outline)], tone, cv2.LINE_AA, _SHIFT)
        if covers:
            cv2.fillPoly(self.coverage, [self.points(outline, _FINE)], 255, cv2.LINE_AA, _SHIFT)

    def hairs(self, hairs: _Hairs, fine_width: int = 1, slices: int = 14, tones: int = 20) -> None:
        """Draw hairs, those of least depth last; neighbours in depth and tone share one call, for speed."""
        order = np.argsort(-hairs.depth, kind="stable")
        for part in np.array_split(order, slices):
            part = part[np.argsort(hairs.colours[part].sum(axis=1), kind="stable")]
            for bunch in np.array_split(part, tones):
                if len(bunch):
                    self._bunch(hairs.paths[bunch], hairs.colours[bunch].mean(axis=0), fine_width)

    def _bunch(self, paths: np.ndarray, colour: np.ndarray, fine_width: int) -> None:
        tone = tuple(int(value) for value in np.clip(colour, 0, 255))
        cv2.polylines(self.colours, list(self.points(paths)), False, tone, self.hair_px, cv2.LINE_AA, _SHIFT)
        fine = self.points(paths, _FINE)
        half = _POINTS // 2 + 1  # towards its tip a hair gets thinner
        cv2.polylines(
            self.coverage, list(fine[:, :half]), False, 255, (fine_width + 1) * self.hair_px, cv2.LINE_AA, _SHIFT
        )
        cv2.polylines(
            self.coverage, list(fine[:, half - 1 :]), False, 255, fine_width * self.hair_px, cv2.LINE_AA, _SHIFT
        )

    def alpha(self) -> np.ndarray:
        """(H, W) float32 in [0, 1]."""
        small = cv2.resize(self.coverage, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / 255


def draw_demo(width: int = 1600, height: int = 1200, seed: int = 7) -> Demo:
    """Draw the demo; the same arguments give the same pixels. Sides of at least 32 pixels; ``ValueError`` below."""
    if min(width, height) < 32:
        raise ValueError(f"the demo needs sides of at least 32 pixels, not {width} x {height}")
    rng = np.random.default_rng(seed)
    density = min(1.0, height / 1200) ** 2
    sheet = _Sheet(width, height)
    _draw_body(sheet, rng, density)
    _draw_ears(sheet, rng, density)
    _draw_head(sheet, rng, density)
    _draw_face(sheet, rng)
    alpha = sheet.alpha()
    pixels = _garden(width, height, rng)
    pixels += alpha[..., None] * (sheet.colours - pixels)
    grain = cv2.resize(rng.normal(0, 5.0, (height // 2 + 1, width // 2 + 1)).astype(np.float32), (width, height))
    pixels += grain[..., None]
    photo = Photo(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), kind="demo")
    return Demo(photo, alpha, trimap_around(alpha, margin_px=max(1, round(height / 150))))


def trimap_around(alpha: np.ndarray, margin_px: int) -> np.ndarray:
    """The trimap (H, W) uint8 of a careful hand: unknown where ``alpha`` (H, W) is soft, and ``margin_px`` round it."""
    soft = ((alpha > 0.004) & (alpha < 0.996)).astype(np.uint8)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin_px + 1, 2 * margin_px + 1))
    unknown = cv2.dilate(soft, brush) > 0
    trimap = np.where(alpha > 0.5, 255, 0).astype(np.uint8)
    trimap[unknown] = 128
    return trimap


# --- the cat


def _grow(
    rng: np.random.Generator, roots: np.ndarray, angle: np.ndarray, length: np.ndarray, droop: float = 0.0
) -> np.ndarray:
    """Paths (N, points, 2) from roots (N, 2) along angles (N,): neighbours lean together, each bends a little."""
    x, y = roots[:, 0] * 40, roots[:, 1] * 40
    wave = 0.16 * np.sin(1.7 * x + 0.9 * y) + 0.14 * np.sin(2.3 * y - 1.1 * x + 2) + 0.10 * np.sin(3.9 * x + 1)
    angle = angle + wave + rng.normal(0, 0.13, len(roots))
    bend = rng.normal(0, 0.09, len(roots)) + 0.6 * wave / _POINTS
    steps = np.arange(_POINTS - 1)
    angles = angle[:, None] + bend[:, None] * steps
    step = np.stack([np.cos(angles), np.sin(angles) + droop * steps / _POINTS], axis=-1)
    step *= (length / (_POINTS - 1))[:, None, None]
    return roots[:, None, :] + np.concatenate([np.zeros((len(roots), 1, 2)), np.cumsum(step, axis=1)], axis=1)


def _in_ellipse(
    rng: np.random.Generator, count: int, centre: tuple[float, float], radii: tuple[float, float]
) -> np.ndarray:
    """(count, 2) points, evenly spread over an ellipse."""
    radius = np.sqrt(rng.random(count))
    angle = rng.random(count) * 2 * np.pi
    return np.array(centre) + np.array(radii) * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _ellipse(centre: tuple[float, float], radii: tuple[float, float], turn: float = 0.0) -> np.ndarray:
    """(64, 2) outline of an ellipse turned by ``turn`` radians."""
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    x, y = radii[0] * np.cos(t), radii[1] * np.sin(t)
    turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    return turned + np.array(centre)


def _mix(a: Iterable[float], b: Iterable[float], share: np.ndarray) -> np.ndarray:
    """(N, 3) colours between (3,) or (N, 3) ``a`` and ``b`` by shares (N,) in [0, 1]."""
    share = np.clip(share, 0, 1)[:, None]
    return np.asarray(a, float) * (1 - share) + np.asarray(b, float) * share


def _shaded(rng: np.random.Generator, colours: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Colours (N, 3) under light (N,), around 1; no two hairs are quite alike. Brighter is also warmer."""
    light = light * np.exp(rng.normal(0, 0.16, len(colours)))
    warm = np.stack([light**0.92, light, light**1.12], axis=1)
    return np.clip(colours * warm, 8, 252)


def _draw_body(sheet: _Sheet, rng: np.random.Generator, density: float) -> None:
    """Shoulders and chest: long hair that falls, cream in the middle, in the shadow of the head at the top."""
    sheet.fill(_ellipse(_BODY, (_BODY_RADII[0] * 0.95, _BODY_RADII[1] * 0.95)), (112, 70, 40), covers=True)
    roots = _in_ellipse(rng, int(19000 * density), _BODY, _BODY_RADII)
    side = roots[:, 0] / _BODY_RADII[0]
    rise = (roots[:, 1] - _BODY[1]) / _BODY_RADII[1]
    outward = np.arctan2(rise + 1.45, side * 1.15)
    rim = np.hypot(side, rise)
    length = 0.050 + 0.070 * rng.random(len(roots)) * (0.5 + rim)
    chest = np.exp(-((side / 0.40) ** 2)) * 1.25
    stripe = 0.5 * (np.sin(roots[:, 1] * 46 + np.abs(side) * 6 + 1.4 * np.sin(side * 7)) > 0.3) * (np.abs(side) > 0.35)
    colours = _mix(_mix(_GINGER, _DARK, stripe), _CREAM, chest)
    shadow = 0.5 * np.exp(-(((rise + 0.95) / 0.36) ** 2) - (side / 0.75) ** 2)
    light = 0.98 - 0.26 * side + 0.30 * (rim > 0.9) * (np.abs(side) > 0.4) - shadow
    paths = _grow(rng, roots, outward, length, droop=0.6)
    sheet.hairs(_Hairs(paths, _shaded(rng, colours, light), roots[:, 1]), slices=30)


def _draw_ears(sheet: _Sheet, rng: np.random.Generator, density: float) -> None:
    """Two ears with a thin edge, pink within, and tufts that reach across and beyond."""
    for side in (-1, 1):
        base, tip = np.array([0.165 * side, _HEAD[1] - 0.135]), np.array([0.222 * side, _HEAD[1] - 0.335])
        out = np.array([0.268 * side, _HEAD[1] - 0.06])
        inn = np.array([0.045 * side, _HEAD[1] - 0.185])
        t = np.linspace(0, 1, 20)[:, None]
        left = (1 - t) ** 2 * inn + 2 * t * (1 - t) * np.array([0.12 * side, _HEAD[1] - 0.30]) + t**2 * tip
        right = (1 - t) ** 2 * tip + 2 * t * (1 - t) * np.array([0.275 * side, _HEAD[1] - 0.24]) + t**2 * out
        outline = np.concatenate([left, right])
        sheet.fill(outline, (150, 84, 42), covers=True)
        middle = outline.mean(axis=0)
        sheet.fill(middle + (outline - middle) * (0.66, 0.74), (160, 96, 80))
        edge = outline[rng.integers(0, len(outline), int(1700 * density))] * 1.0
        edge += rng.normal(0, 0.004, edge.shape)
        angle = np.arctan2(*(edge - base).T[::-1]) + rng.normal(0, 0.2, len(edge))
        length = 0.012 + 0.028 * rng.random(len(edge))
        colours = _mix(_GINGER, _CREAM, rng.random(len(edge)) * 0.5)
        light = np.full(len(edge), 0.92 - 0.14 * side)
        sheet.hairs(_Hairs(_grow(rng, edge, angle, length), _shaded(rng, colours, light), edge[:, 1]), slices=3)
        count = int(300 * density) + 1
        share = rng.random((count, 1))
        roots = inn * (1 - share) + base * share + rng.normal(0, 0.012, (count, 2))
        angle = np.arctan2(tip[1] - roots[:, 1], tip[0] + 0.05 * side - roots[:, 0]) + rng.normal(0, 0.28, count)
        tufts = _grow(rng, roots, angle, 0.10 + 0.10 * rng.random(count))
        sheet.hairs(
            _Hairs(
                tufts,
                _shaded(rng, _mix(_CREAM, _GINGER, rng.random(count) * 0.5), light[:1].repeat(count)),
                share[:, 0],
            ),
            slices=2,
        )


def _draw_head(sheet: _Sheet, rng: np.random.Generator, density: float) -> None:
    """The head's coat: short in the face, long on the cheeks, flowing away from the nose."""
    sheet.fill(_ellipse(_HEAD, (_HEAD_RADII[0] * 0.97, _HEAD_RADII[1] * 0.97)), (128, 76, 40), covers=True)
    roots = _in_ellipse(rng, int(21000 * density), _HEAD, _HEAD_RADII)
    u, v = ((roots - np.array(_HEAD)) / np.array(_HEAD_RADII)).T
    rim = np.hypot(u, v)
    angle = np.arctan2(v - 0.38 + 0.34 * np.abs(u) * rim, u)
    cheek = np.clip(np.abs(u) * 1.25 - 0.3, 0, 1) * np.clip(v + 0.75, 0, 1)
    length = 0.016 + 0.030 * rim * rng.random(len(u)) + 0.105 * cheek * rng.random(len(u)) ** 1.5
    colours = _coat(u, v)
    light = (
        0.98
        - 0.20 * u
        - 0.20 * v
        + 0.30 * np.clip(rim - 0.86, 0, 1) / 0.14
        - 0.22 * np.exp(-(((v - 0.98) / 0.12) ** 2))
    )
    hairs = _Hairs(_grow(rng, roots, angle, length, droop=0.15), _shaded(rng, colours, light), np.hypot(u, v - 0.38))
    sheet.hairs(hairs, slices=30)
    count = int(260 * density) + 1  # the hairs that have come loose: few, long, the hardest to cut out
    turn = rng.uniform(-1.22 * np.pi, 0.22 * np.pi, count)  # none under the chin
    roots = np.array(_HEAD) + np.array(_HEAD_RADII) * 0.93 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    paths = _grow(rng, roots, turn + rng.normal(0, 0.35, count), 0.06 + 0.10 * rng.random(count), droop=0.3)
    colours = _shaded(rng, _mix(_GINGER, _CREAM, rng.random(count)), np.full(count, 1.0))
    sheet.hairs(_Hairs(paths, colours, turn), slices=1)


def _coat(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Colours (N, 3) of the head at (u, v) in head units: tabby stripes on the brow and cheeks, a cream muzzle."""
    brow = np.clip(-v * 1.8 + 0.1, 0, 1) * (np.cos(u * 21 * (1 + 0.25 * v)) > 0.25)
    cheek = np.clip(np.abs(u) * 2 - 0.9, 0, 1) * (np.sin(v * 15 + np.abs(u) * 5) > 0.35)
    colours = _mix(_GINGER, _DARK, 0.62 * np.maximum(brow, cheek))
    muzzle = np.exp(-((u / 0.36) ** 2 + ((v - 0.52) / 0.34) ** 2)) * 1.5
    blaze = 0.9 * np.exp(-((u / 0.08) ** 2)) * np.clip(0.5 - np.abs(v - 0.05), 0, 0.5) * 2
    eyes = np.exp(-(((np.abs(u) - 0.42) / 0.24) ** 2 + ((v + 0.03) / 0.20) ** 2)) * 0.75
    return _mix(_mix(colours, _CREAM, eyes), _CREAM, np.maximum(muzzle, blaze))


def _draw_face(sheet: _Sheet, rng: np.random.Generator) -> None:
    """Eyes, nose, mouth and whiskers."""

    def at(u: float, v: float) -> tuple[float, float]:
        return _HEAD[0] + u * _HEAD_RADII[0], _HEAD[1] + v * _HEAD_RADII[1]

    for side in (-1, 1):
        _draw_eye(sheet, at(0.42 * side, -0.02), 0.2 * side)
    x, y = at(0.0, 0.40)
    nose = np.array(
        [
            (x - 0.028, y - 0.014),
            (x, y - 0.019),
            (x + 0.028, y - 0.014),
            (x + 0.010, y + 0.012),
            (x, y + 0.017),
            (x - 0.010, y + 0.012),
        ]
    )
    sheet.fill(nose, (186, 98, 92))
    sheet.fill((nose - (x, y)) * (0.62, 0.35) + (x - 0.002, y - 0.010), (220, 148, 140))
    t = np.linspace(0, 1, _POINTS)
    mouth = [np.stack([x + side * 0.052 * t, y + 0.020 + 0.030 * np.sin(t * 2.5)], axis=1) for side in (-1, 1)]
    dark = np.full((len(mouth), 3), (96, 52, 40))
    sheet.hairs(_Hairs(np.array(mouth), dark, np.zeros(2)), slices=1, tones=1)
    count = 20
    side = np.where(np.arange(count) % 2, 1.0, -1.0)
    roots = np.stack([x + side * rng.uniform(0.045, 0.085, count), y + rng.uniform(0.0, 0.045, count)], axis=1)
    angle = np.where(side > 0, 0, np.pi) + side * rng.uniform(-0.42, 0.28, count)
    whiskers = _grow(rng, roots, angle, rng.uniform(0.30, 0.46, count), droop=0.35)
    sheet.hairs(_Hairs(whiskers, np.full((count, 3), (252, 248, 240)), np.zeros(count)), slices=1, tones=1)


def _draw_eye(sheet: _Sheet, centre: tuple[float, float], turn: float) -> None:
    """One eye: dark lid, an iris lit from below, a wide pupil, the window's light and its reflection."""
    x, y = centre
    sheet.fill(_ellipse((x, y + 0.001), (0.0535, 0.0445), turn), (52, 32, 22))
    for ring in np.linspace(1, 0.5, 14):
        tone = np.array((120, 132, 48)) * ring + np.array((240, 196, 84)) * (1 - ring) * 1.9
        sheet.fill(_ellipse((x, y + 0.004 * (1 - ring)), (0.0445 * ring, 0.0380 * ring), turn), np.clip(tone, 0, 250))
    sheet.fill(_ellipse((x, y - 0.031), (0.026, 0.006), turn), (92, 96, 38))  # the lid's shadow
    sheet.fill(_ellipse((x, y), (0.0235, 0.0305)), (12, 9, 9))
    sheet.fill(_ellipse((x, y + 0.019), (0.013, 0.006)), (44, 40, 34))
    sheet.fill(_ellipse((x - 0.013, y - 0.014), (0.0105, 0.0095)), (255, 253, 246))
    sheet.fill(_ellipse((x + 0.013, y + 0.013), (0.0045, 0.0045)), (206, 214, 200))


# --- the garden


def _garden(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) float32: dusk between leaves, lights far behind; out of focus, and so it can be drawn small."""
    h = 300
    w = max(2, round(h * width / height))
    rows = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    small = (1 - rows) * np.array((92, 128, 120), np.float32) + rows * np.array((30, 52, 34), np.float32)
    small = np.ascontiguousarray(np.broadcast_to(small, (h, w, 3)))
    _leaves(small, rng, count=260, radius=(8, 34), blur_px=7)
    _leaves(small, rng, count=70, radius=(6, 20), blur_px=3)
    half = cv2.resize(small, (w * 2, h * 2), interpolation=cv2.INTER_CUBIC)
    _lights(half, rng, count=75)
    return cv2.resize(np.clip(half, 0, 250), (width, height), interpolation=cv2.INTER_CUBIC)


def _leaves(
    picture: np.ndarray, rng: np.random.Generator, count: int, radius: tuple[float, float], blur_px: float
) -> None:
    """Leaves in greens, some in the sun, some autumn red, over the picture; then the lens's blur."""
    h, w = picture.shape[:2]
    palette = np.array(
        [(40, 74, 38), (66, 104, 46), (24, 46, 34), (124, 142, 58), (150, 92, 44), (88, 118, 104), (168, 160, 92)]
    )
    for _ in range(count):
        colour = palette[rng.integers(len(palette))] * rng.uniform(0.6, 1.15)
        centre = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
        size = rng.uniform(*radius)
        cv2.ellipse(
            picture, centre, (int(size), max(1, int(size * 0.42))), rng.uniform(0, 180), 0, 360, colour.tolist(), -1
        )
    picture[:] = cv2.GaussianBlur(picture, (0, 0), blur_px)


def _lights(picture: np.ndarray, rng: np.random.Generator, count: int) -> None:
    """Discs of light, as a lens makes them of lamps and gaps in the leaves: even, with a slightly brighter edge."""
    h, w = picture.shape[:2]
    palette = np.array([(255, 214, 140), (255, 238, 200), (190, 226, 160), (250, 170, 90), (160, 210, 220)], np.float32)
    glow = np.zeros_like(picture)
    for _ in range(count):
        x, y = rng.uniform(0, w), rng.triangular(0, h * 0.2, h)
        radius = rng.uniform(0.012, 0.055) * h
        colour = palette[rng.integers(len(palette))] * rng.uniform(0.12, 0.55)
        left, top, size = int(x - radius) - 1, int(y - radius) - 1, int(2 * radius) + 3
        piece = glow[max(0, top) : top + size, max(0, left) : left + size]
        disc = np.zeros_like(piece)
        centre = (int((x - max(0, left)) * 16), int((y - max(0, top)) * 16))
        cv2.circle(disc, centre, int(radius * 16), (colour * 1.25).tolist(), -1, cv2.LINE_8, _SHIFT)
        cv2.circle(disc, centre, int(radius * 14.4), colour.tolist(), -1, cv2.LINE_8, _SHIFT)
        piece += disc
    picture += cv2.GaussianBlur(glow, (0, 0), 1.2) * (1 - picture / 400)
