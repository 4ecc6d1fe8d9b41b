"""Effects and composites beside pictures of themselves that were looked at and kept; they may differ by 1/255.

After a change that is meant to look different: ``MATTELIER_WRITE_GOLDEN=1 python -m pytest tests/golden``, then look
at the new pictures before they are committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from editor.document.backdrop import Blur, new_background
from editor.document.composite import flatten, view_pixels
from editor.document.document import Document, Photo
from editor.document.geometry import Placement, Rect
from editor.document.layer import BLEND_MODES, EffectUse, Gradient, Layer, SolidColour
from editor.document.tiles import Plane
from plugins.effects.depth_of_field import DepthOfField
from plugins.effects.drop_shadow import DropShadow
from plugins.effects.gaussian_blur import GaussianBlur

FOLDER = Path(__file__).parent
EFFECTS = {effect.name: effect for effect in (DepthOfField, DropShadow, GaussianBlur)}
WIDTH, HEIGHT = 120, 90


def scene() -> np.ndarray:
    """A dusk (H, W, 3) uint8 with lamps and window frames, from formulas alone."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    sky = np.stack([0.20 + 0.25 * y / HEIGHT, 0.15 + 0.2 * x / WIDTH, 0.35 - 0.2 * y / HEIGHT], axis=2)
    frames = ((x % 30 < 3) | (y % 22 < 2))[..., None] * np.array([0.25, 0.2, 0.1])
    lamps = np.zeros_like(sky)
    for i, (u, v) in enumerate(((12, 15), (44, 60), (75, 20), (104, 70), (100, 12))):
        lamps[np.hypot(x - u, y - v) < 2.2] = (1.0, 0.9 - 0.1 * i, 0.3 + 0.15 * i)
    return np.rint(255 * np.clip(np.maximum(sky + frames, lamps), 0, 1)).astype(np.uint8)


def subject_alpha() -> np.ndarray:
    """A soft-edged figure with strands, (H, W) in [0, 1]."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    body = np.clip((26 - np.hypot((x - 60) * 1.1, y - 55)) / 3, 0, 1)
    strands = np.clip(1 - np.abs(np.sin((x - y) / 4)) * 3, 0, 0.8) * np.clip((40 - np.hypot(x - 60, y - 50)) / 12, 0, 1)
    return np.maximum(body, strands)


def document() -> Document:
    """The figure before the dusk, cut out."""
    alpha, ground = subject_alpha()[..., None], scene()
    own = np.broadcast_to(np.array([230, 190, 170], np.uint8), ground.shape).copy()
    made = Document.from_photo(Photo(np.rint(alpha * own + (1 - alpha) * ground).astype(np.uint8)))
    made.set_matte(Plane.from_array(np.rint(alpha[..., 0] * 65535).astype(np.uint16)), Plane.from_array(own))
    return made


def layer_with(name: str, **values: object) -> Callable[[], np.ndarray]:
    """The dusk wearing an effect, or the cut-out figure for a shadow."""

    def draw() -> np.ndarray:
        made = document() if name == "drop-shadow" else Document.from_photo(Photo(scene()))
        made.change_layer(made.state.subject, effects=(EffectUse(name, values),))
        return view_pixels(made.state, "background", Rect(0, 0, WIDTH, HEIGHT), 0, EFFECTS)

    return draw


def blended(mode: str) -> Callable[[], np.ndarray]:
    """The figure joined to a gradient in a blend mode, moved and shrunk."""

    def draw() -> np.ndarray:
        made = document()
        made.add_layer(Layer("Run", Gradient((0.1, 0.3, 0.6), (0.95, 0.8, 0.5), 30)), 0)
        made.change_layer(made.state.subject, blend=mode, opacity=0.9, placement=Placement(10.5, 6.25, 0.8))
        return view_pixels(made.state, "background", Rect(0, 0, WIDTH, HEIGHT), 0, EFFECTS)

    return draw


def swapped() -> np.ndarray:
    """The figure before its own dusk out of focus, a veil over both."""
    made = document()
    new_background(made, Blur({"radius_px": 7.0, "aperture": "6 blades"}))
    made.add_layer(Layer("Veil", SolidColour((0.9, 0.6, 0.3)), opacity=0.2, blend="soft light"))
    return np.dstack([flatten(made.state, EFFECTS).pixels, np.full((HEIGHT, WIDTH), 255, np.uint8)])


PICTURES: dict[str, Callable[[], np.ndarray]] = {
    "depth-of-field-round": layer_with("depth-of-field", radius_px=9.0),
    "depth-of-field-5-blades": layer_with("depth-of-field", radius_px=9.0, aperture="5 blades", highlights=70.0),
    "drop-shadow": layer_with("drop-shadow", distance_px=12.0, softness_px=10.0, opacity=70.0),
    "gaussian-blur": layer_with("gaussian-blur", radius_px=3.0),
    "blurred-background": swapped,
    **{f"blend-{mode.replace(' ', '-')}": blended(mode) for mode in BLEND_MODES},
}


@pytest.mark.parametrize("name", PICTURES)
def test_it_looks_as_it_did(name: str) -> None:
    pixels, path = PICTURES[name](), FOLDER / f"{name}.png"
    if os.environ.get("MATTELIER_WRITE_GOLDEN"):
        cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA))
    kept = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    assert np.abs(pixels.astype(int) - kept).max() <= 1
