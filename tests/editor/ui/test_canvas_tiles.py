"""How the canvas keeps up: budgets, dirty parts, stand-ins, worker threads, dense screens."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PySide6.QtGui import QPaintEvent, QRegion

from editor.api import Document, Effect, Photo, PointerEvent, Rect, UserError, param
from editor.document.layer import EffectUse
from editor.document.tiles import Plane
from editor.ui.block_renderer import Sampling, premultiplied
from editor.ui.document_watch import narrow_changes
from editor.ui.mip_warmer import warm
from editor.ui.screen_blocks import BlockSet
from editor.ui.tile_feed import strided
from editor.ui.view_transform import ViewTransform, fit, level_for
from plugins.tools.trimap_brush import TrimapBrush
from tests.editor.ui.canvas_stage import SURROUND, Stage, cut, quarters, runner, stage

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Slow(Effect):
    """An effect that takes its time, and remembers on which threads."""

    name: ClassVar[str] = "slow"
    title: ClassVar[str] = "Slow"
    slow: ClassVar[bool] = True
    threads: ClassVar[set[str]] = set()
    fails: ClassVar[bool] = False
    shift: float = param(0.3, "Shift", minimum=0, maximum=1)

    def margin_px(self) -> int:
        """Looks at no neighbour."""
        return 0

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """All red less by ``shift``."""
        Slow.threads.add(threading.current_thread().name)
        if Slow.fails:
            raise UserError("The effect cannot be drawn.", "Switch it off.")
        time.sleep(0.01)
        done = pixels.copy()
        done[..., 0] = np.maximum(0, done[..., 0] - self.shift)
        return done


@pytest.mark.parametrize(
    ("zoom", "level"), [(32, 0), (1, 0), (0.99, 0), (0.51, 0), (0.5, 1), (0.26, 1), (0.25, 2), (0.0101, 6), (0.01, 6)]
)
def test_the_level_has_at_least_a_pixel_for_each_of_the_screens(zoom: float, level: int) -> None:
    assert level_for(zoom) == level
    assert 0.5 < Sampling(zoom, level).scale <= 1 or zoom > 1


def test_zooming_in_and_out_again_drifts_nowhere() -> None:
    place = ViewTransform(0.3, 17.25, -3.5)
    there = place
    for _ in range(200):
        there = there.zoomed(there.zoom * 1.07, (411, 97)).zoomed(there.zoom, (411, 97))
    assert (there.x, there.y) == pytest.approx((place.x, place.y), abs=1e-6)


def test_fitting_never_enlarges() -> None:
    assert fit((100, 50), (1000, 1000), 20).zoom == 1.0
    assert fit((2000, 50), (1000, 1000), 100).zoom == 0.4


def test_premultiplying_rounds_and_swaps_to_the_screens_order() -> None:
    straight = np.array([[[200, 100, 50, 128], [9, 8, 7, 0], [1, 2, 3, 255]]], np.uint8)
    assert premultiplied(straight, opaque=False).tolist() == [[[25, 50, 100, 128], [0, 0, 0, 0], [3, 2, 1, 255]]]
    assert premultiplied(straight.astype(np.uint16) * 257, opaque=True)[0, 1].tolist() == [7, 8, 9, 0]


def test_strided_pixels_are_those_of_the_labels_own_levels() -> None:
    labels = np.random.default_rng(3).integers(0, 256, (700, 901), np.uint8)
    plane = Plane.from_array(labels, 1, labels=True)
    for level in (0, 1, 2, 3):
        area = Rect(7, 5, 80, 60)
        assert np.array_equal(strided(plane, level, area)[:, :, 0], plane.at_level(level).read(area))


def test_changes_are_narrowed_to_the_pixels_that_differ() -> None:
    before = Plane.from_array(np.ones((600, 800), np.uint8), 1, labels=True)
    after = before.paste(300, 100, np.full((20, 30), 255, np.uint8))
    assert narrow_changes(before, after) == [Rect(300, 100, 30, 20)]
    assert narrow_changes(after, after) == []


def test_a_block_set_forgets_the_blocks_used_longest_ago_but_not_those_in_sight() -> None:
    blocks = BlockSet(1.0, (256 * 20, 256))
    for column in range(20):
        blocks.block((0, column))
    blocks.forget_beyond(5, [(0, 0)])
    assert len(blocks) == 5
    assert blocks.block((0, 0)).rect == Rect(0, 0, 256, 256)


def test_a_stroke_draws_again_only_what_it_touches() -> None:
    with stage(np.full((3000, 4000, 3), 90, np.uint8), size=(1200, 900)) as shown:
        shown.canvas.set_zoom(1.0)
        shown.canvas.set_tool(TrimapBrush(size_px=30))
        shown.pump(200)
        watched = Watched(shown)
        made = shown.canvas.painter.blocks_made
        x, y = shown.canvas.to_picture(600, 450)
        shown.canvas.tool.press(shown.document, PointerEvent(x, y))
        shown.pump(1)
        assert 1 <= shown.canvas.painter.blocks_made - made <= 4
        assert 0 < watched.area() < 60 * 60
        shown.canvas.tool.release(shown.document, PointerEvent(x, y))


def test_a_paint_stops_making_blocks_when_its_time_is_over_and_goes_on_later() -> None:
    with stage(quarters(4000, 3000), size=(1600, 1000)) as shown:
        shown.pump(300)
        shown.canvas.painter.redraw()
        calls = iter(range(10**6))
        shown.canvas.painter.clock = lambda: time.perf_counter() + next(calls) * 0.004
        made = shown.canvas.painter.blocks_made
        shown.canvas.repaint()
        assert 1 <= shown.canvas.painter.blocks_made - made <= 3
        shown.canvas.painter.clock = time.perf_counter
        shown.pump(300)
        assert shown.canvas.painter.blocks_made - made >= 12


def test_there_is_never_a_hole_in_the_photo_while_zooming_and_panning() -> None:
    with stage(np.full((4000, 6000, 3), 90, np.uint8), size=(1000, 700)) as shown:
        shown.pump(300)
        for step in range(60):
            shown.canvas.zoom_by(1.15 if step < 40 else 0.7, (300, 200))
            shown.canvas.pan_by(31, -17)
            shown.canvas.painter.clock = lambda: 1e12
            image = shown.canvas.grab().toImage()
            area = shown.canvas.picture_area().toAlignedRect().intersected(shown.canvas.rect()).adjusted(2, 2, -2, -2)
            for fx, fy in ((0, 0), (0.5, 0.5), (1, 1), (1, 0), (0.3, 0.8)):
                x, y = area.left() + int(fx * (area.width() - 1)), area.top() + int(fy * (area.height() - 1))
                assert image.pixelColor(x, y).red() == 90, (step, x, y)


def test_an_undone_stroke_disappears_from_the_screen() -> None:
    with stage() as shown:
        bare = shown.colour(100, 80)
        shown.canvas.set_tool(TrimapBrush(label="foreground", size_px=40, hardness=100))
        shown.drag(shown.place(90, 80), shown.place(110, 80))
        assert shown.colour(100, 80) != bare
        shown.document.undo()
        assert shown.colour(100, 80) == bare


def test_slow_effects_are_drawn_on_a_worker_and_appear_when_they_are_done() -> None:
    Slow.threads.clear()
    with runner() as jobs, stage(np.full((600, 900, 3), 200, np.uint8), jobs=jobs, effects={"slow": Slow}) as shown:
        shown.canvas.set_view("background")
        before = shown.colour(400, 300)
        with shown.document.edit("Effect"):
            shown.document.change_layer(shown.document.state.subject, effects=(EffectUse("slow", {"shift": 0.5}),))
        assert shown.canvas.grab().toImage().pixelColor(400, 300).red() in (200, 73, 72)
        shown.until(lambda: abs(shown.colour(400, 300)[0] - 72.5) < 2)
        assert before[0] == 200
        assert threading.main_thread().name not in Slow.threads


def test_a_slider_that_moves_is_followed_by_the_slow_effect() -> None:
    with runner() as jobs, stage(np.full((600, 900, 3), 200, np.uint8), jobs=jobs, effects={"slow": Slow}) as shown:
        shown.canvas.set_view("background")
        seen: set[int] = set()
        for step in range(30):
            use = EffectUse("slow", {"shift": step / 60})
            shown.document.change_layer(shown.document.state.subject, effects=(use,))
            end_s = time.monotonic() + 0.03
            while time.monotonic() < end_s:
                shown.pump(2)
            seen.add(shown.canvas.grab().toImage().pixelColor(400, 300).red())
        assert len(seen) >= 3
        shown.until(lambda: abs(shown.colour(400, 300)[0] - (200 - 255 * 29 / 60)) < 2)


def test_an_effect_that_fails_is_told_once_and_the_canvas_goes_on() -> None:
    Slow.fails = True
    try:
        with runner() as jobs, stage(quarters(), jobs=jobs, effects={"slow": Slow}) as shown:
            told: list[Exception] = []
            shown.canvas.tool_error.connect(told.append)
            shown.document.change_layer(shown.document.state.subject, effects=(EffectUse("slow"),))
            shown.canvas.set_view("background")
            shown.until(lambda: bool(told))
            for _ in range(5):
                shown.canvas.update()
                shown.pump()
            assert [str(error) for error in told] == ["The effect cannot be drawn. Switch it off."]
            shown.canvas.set_view("photo")
            assert shown.colour(50, 50) == (255, 0, 0)
    finally:
        Slow.fails = False


def test_a_large_photo_is_seen_at_once_and_sharp_when_its_halves_are_made() -> None:
    pixels = np.full((3000, 4000, 3), 0, np.uint8)
    pixels[::2] = 200
    with runner() as jobs, stage(pixels, jobs=jobs) as shown:
        shown.until(lambda: not shown.canvas.feed._warmer.cold)
        shown.until(lambda: abs(shown.colour(2000, 1500)[0] - 100) < 8)


def test_a_new_matte_of_a_large_photo_keeps_the_old_picture_until_it_is_ready() -> None:
    with runner() as jobs, stage(np.full((3000, 4000, 3), 90, np.uint8), jobs=jobs) as shown:
        shown.canvas.set_view("black")
        shown.until(lambda: shown.colour(2000, 1500) == (90, 90, 90))
        cut(shown.document, np.zeros((3000, 4000), np.uint8))
        assert shown.canvas.grab().toImage().pixelColor(400, 300).red() in (90, 0)
        shown.until(lambda: shown.colour(2000, 1500) == (0, 0, 0))


def test_warming_makes_every_level_and_stops_when_cancelled() -> None:
    plane = Plane.from_array(np.random.default_rng(0).integers(0, 256, (1500, 2000), np.uint8))
    warm([plane], lambda fraction, text: None)
    assert plane.at_level(3).stored()

    class Stop(Exception):  # noqa: N818
        pass

    def stop(_fraction: float, _text: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        warm([Plane.from_array(plane.to_array())], stop)


def test_another_size_of_the_canvas_is_followed() -> None:
    with stage() as shown:
        state = shown.document.state
        small = Document.from_photo(Photo(quarters(100, 60))).state
        shown.document.show(replace(small, notes=state.notes))
        assert shown.canvas.picture_size == (100, 60)
        assert shown.colour(10, 10) == (255, 0, 0)
        assert shown.colour(90, 50) == (128, 128, 128)


DENSE = """
import sys
import numpy as np
from PySide6.QtWidgets import QApplication
from tests.editor.ui.canvas_stage import stage
pixels = np.random.default_rng(1).integers(0, 256, (300, 500, 3), np.uint8)
with stage(pixels) as shown:
    image = shown.picture()
    ratio = shown.canvas.devicePixelRatioF()
    assert ratio == float(sys.argv[1]), ratio
    assert abs(image.width() - 800 * ratio) <= 1, image.width()
    left, top = shown.canvas.transform.origin
    for x, y in ((0, 0), (255, 255), (499, 299), (317, 41)):
        colour = image.pixelColor(left + x, top + y)
        assert (colour.red(), colour.green(), colour.blue()) == tuple(pixels[y, x]), (x, y)
    under = shown.canvas.to_picture(311, 207)
    shown.canvas.zoom_by(1.7, (311, 207))
    after = shown.canvas.to_picture(311, 207)
    assert max(abs(a - b) for a, b in zip(under, after)) < 1
print("sharp")
"""


@pytest.mark.parametrize("ratio", ["2", "1.5"])
def test_on_a_dense_screen_a_pixel_of_the_photo_is_a_pixel_of_the_screen(ratio: str) -> None:
    surroundings = {**os.environ, "QT_SCALE_FACTOR": ratio, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", DENSE, ratio], cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "sharp", done.stderr


class Watched:
    """Sums up the area that a canvas is asked to paint."""

    def __init__(self, shown: Stage) -> None:
        self.region = QRegion()
        real = shown.canvas.paintEvent

        def paint(event: QPaintEvent) -> None:
            self.region += event.region()
            real(event)

        shown.canvas.paintEvent = paint

    def area(self) -> int:
        """Points painted so far."""
        return sum(rect.width() * rect.height() for rect in self.region)


def test_the_surround_takes_its_colour_from_the_palette() -> None:
    with stage() as shown:
        assert shown.picture().pixelColor(1, 1) == SURROUND
