"""What the canvas shows: colours, zoom, place, views, wipe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QColor

from editor.api import Document, Photo
from editor.document.geometry import Placement
from editor.ui.block_renderer import CHECKER_GREYS
from editor.ui.views import VIEWS
from tests.editor.ui.canvas_stage import SURROUND, Stage, cut, mark, quarters, stage


@pytest.fixture
def shown() -> Iterator[Stage]:
    """A canvas of 800 x 600 with a photo of 400 x 300 in four colours."""
    with stage() as made:
        yield made


def test_a_photo_is_shown_in_its_own_colours_with_the_surround_about_it(shown: Stage) -> None:
    assert shown.canvas.zoom == 1.0
    assert shown.colour(50, 50) == (255, 0, 0)
    assert shown.colour(350, 50) == (0, 255, 0)
    assert shown.colour(50, 250) == (0, 0, 255)
    assert shown.colour(350, 250) == (128, 128, 128)
    assert shown.picture().pixelColor(3, 3) == SURROUND


def test_sixteen_bit_pixels_are_rounded_to_the_screens_eight() -> None:
    pixels = np.full((40, 40, 3), 128 * 257, np.uint16)
    pixels[:, 20:] = 200 * 257 - 128
    with stage(pixels) as shown:
        assert shown.colour(5, 5) == (128, 128, 128)
        assert shown.colour(30, 5) == (200, 200, 200)


def test_a_photo_larger_than_the_canvas_is_fitted_and_follows_its_size() -> None:
    with stage(quarters(3000, 2000)) as shown:
        first = shown.canvas.zoom
        assert first < 0.3 and shown.canvas.fitted
        shown.canvas.resize(1600, 1200)
        assert shown.canvas.zoom > 1.5 * first
        assert shown.colour(700, 500) == (255, 0, 0)
        assert shown.colour(2900, 1900) == (128, 128, 128)


@pytest.mark.parametrize("zoom", [0.013, 0.07, 0.3, 0.51, 1.0, 1.37, 2.0, 7.3, 32.0])
def test_every_zoom_shows_the_right_colour_on_both_sides_of_an_edge(zoom: float) -> None:
    with stage(quarters(3000, 2000)) as shown:
        shown.canvas.set_zoom(zoom)
        x, y = shown.canvas.to_picture(400, 300)
        shown.canvas.pan_by((x - 1500) * zoom, (y - 1000) * zoom)
        beside = 4 / zoom
        assert shown.colour(1500 - beside, 1000 - beside) == (255, 0, 0)
        assert shown.colour(1500 + beside, 1000 - beside) == (0, 255, 0)
        assert shown.colour(1500 - beside, 1000 + beside) == (0, 0, 255)


def test_a_fitted_photo_leaves_the_strip_at_the_foot_free() -> None:
    with stage(quarters(1000, 3000)) as shown:
        assert shown.canvas.picture_area().bottom() <= 600 - shown.canvas.foot_pt
        shown.canvas.foot_pt = 0.0
        shown.canvas.fit()
        assert shown.canvas.picture_area().bottom() > 600 - 30


def test_above_200_per_cent_pixels_are_squares_and_below_they_are_blended() -> None:
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[:, 1::2] = 255
    with stage(pixels) as shown:
        shown.canvas.set_zoom(8.0)
        row = {shown.colour(20 + part / 8 + 0.01, 20)[0] for part in range(16)}
        assert row == {0, 255}
        shown.canvas.set_zoom(1.5)
        assert any(0 < shown.colour(20 + part / 3, 20)[0] < 255 for part in range(9))


def test_at_100_per_cent_every_pixel_is_shown_exactly() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (300, 500, 3), np.uint8)
    with stage(pixels) as shown:
        image = shown.picture()
        left, top = shown.canvas.transform.origin
        for x, y in ((0, 0), (255, 255), (256, 256), (499, 299), (317, 41)):
            colour = image.pixelColor(left + x, top + y)
            assert (colour.red(), colour.green(), colour.blue()) == tuple(pixels[y, x])


def test_zooming_keeps_the_point_under_the_pointer(shown: Stage) -> None:
    anchor = (523.0, 217.0)
    before = shown.canvas.to_picture(*anchor)
    for factor in (1.3, 1.3, 2.0, 0.4, 3.0, 0.2, 5.0):
        shown.canvas.zoom_by(factor, anchor)
        after = shown.canvas.to_picture(*anchor)
        assert np.hypot(after[0] - before[0], after[1] - before[1]) * shown.canvas.zoom <= 1.0


def test_zoom_stays_between_1_and_3200_per_cent(shown: Stage) -> None:
    shown.canvas.zoom_by(1e9)
    assert shown.canvas.zoom == 32.0
    shown.canvas.zoom_by(1e-9)
    assert shown.canvas.zoom == 0.01


def test_the_zoom_is_told_and_steps_go_through_round_values(shown: Stage) -> None:
    told: list[float] = []
    shown.canvas.zoom_changed.connect(told.append)
    shown.canvas.zoom_step(1)
    shown.canvas.zoom_step(1)
    shown.canvas.zoom_step(-3)
    shown.canvas.actual_size()
    assert told == [1.5, 2.0, 0.667, 1.0]


def test_a_new_document_tells_its_zoom_even_where_it_is_the_one_of_before(shown: Stage) -> None:
    told: list[float] = []
    shown.canvas.zoom_changed.connect(told.append)
    shown.canvas.set_document(Document.from_photo(Photo(quarters(200, 100))))
    assert told == [1.0]


def test_panning_never_loses_the_photo(shown: Stage) -> None:
    shown.canvas.pan_by(99999, -99999)
    area = shown.canvas.picture_area()
    assert area.left() < 800 and area.bottom() > 0
    shown.canvas.pan_by(-99999, 99999)
    area = shown.canvas.picture_area()
    assert area.right() > 0 and area.top() < 600


def test_f_goes_through_every_view_and_back_to_the_first(shown: Stage) -> None:
    seen = [shown.canvas.view]
    told: list[str] = []
    shown.canvas.view_changed.connect(told.append)
    for _ in VIEWS:
        shown.canvas.next_view()
        seen.append(shown.canvas.view)
    assert seen == [*VIEWS, "photo"]
    assert told == seen[1:]
    shown.canvas.next_view(back=True)
    assert shown.canvas.view == "wipe"


def test_half_transparent_pixels_lie_on_checker_black_white_and_any_colour(shown: Stage) -> None:
    cut(shown.document, np.full((300, 400), 128, np.uint8))
    shown.canvas.set_view("black")
    assert shown.colour(50, 50) == pytest.approx((128, 0, 0), abs=1)
    shown.canvas.set_view("white")
    assert shown.colour(50, 50) == pytest.approx((255, 127, 127), abs=1)
    shown.canvas.set_view("checker")
    greens = {shown.colour(x, 5)[1] for x in range(2, 60, 4)}
    assert greens == {round(grey * 127 / 255) for grey in CHECKER_GREYS}
    shown.canvas.backdrop = QColor(0, 200, 100)
    assert shown.colour(50, 50) == pytest.approx((128, 100, 50), abs=1)


def test_the_alpha_view_shows_the_matte_as_grey(shown: Stage) -> None:
    alpha = np.zeros((300, 400), np.uint8)
    alpha[:, 200:] = 77
    cut(shown.document, alpha)
    shown.canvas.set_view("alpha")
    assert shown.colour(50, 50) == (0, 0, 0)
    assert shown.colour(350, 50) == (77, 77, 77)


def test_wipe_shows_the_photo_on_the_left_and_the_cut_out_on_the_right(shown: Stage) -> None:
    cut(shown.document, np.zeros((300, 400), np.uint8))
    shown.canvas.set_view("wipe")
    assert shown.colour(50, 50) == (255, 0, 0)
    assert shown.colour(350, 50)[0] in CHECKER_GREYS
    shown.canvas.wipe = 0.05
    assert shown.colour(50, 50)[0] in CHECKER_GREYS
    shown.canvas.wipe = 1.0
    assert shown.colour(350, 50) == (0, 255, 0)


def test_the_wipes_line_is_pulled_by_its_knob_and_not_painted_over(shown: Stage) -> None:
    from tests.editor.ui.canvas_stage import Recorder

    tool = Recorder()
    shown.canvas.set_tool(tool)
    shown.canvas.set_view("wipe")
    x, y = shown.canvas.wipe_x(), shown.canvas.picture_area().center().y()
    shown.drag((x, y), (x - 50, y), (x - 100, y))
    assert shown.canvas.wipe == pytest.approx(0.25, abs=0.01)
    assert tool.told == []


def test_the_background_view_lies_on_the_canvas_and_the_subject_stays_where_it_is(shown: Stage) -> None:
    with shown.document.edit("Move"):
        shown.document.change_layer(shown.document.state.subject, placement=Placement(100, 50, 0.5))
    shown.canvas.set_zoom(2.0)
    before = shown.place(50, 50)
    shown.canvas.set_view("background")
    after = shown.place(100 + 25, 50 + 25)
    assert after == pytest.approx(before, abs=1.0)
    assert shown.canvas.zoom == pytest.approx(4.0)
    assert shown.colour(120, 70) == (255, 0, 0)
    shown.canvas.set_view("photo")
    assert shown.place(50, 50) == pytest.approx(before, abs=1.0)


def test_view_and_place_are_remembered_for_each_document(shown: Stage) -> None:
    first, second = shown.document, Document.from_photo(Photo(quarters(200, 100)))
    shown.canvas.set_view("alpha")
    shown.canvas.set_zoom(3.0)
    place = shown.canvas.transform
    shown.canvas.set_document(second)
    assert shown.canvas.view == "photo" and shown.canvas.zoom == 1.0
    shown.canvas.set_document(first)
    assert shown.canvas.view == "alpha" and shown.canvas.transform == place


def test_without_a_document_there_is_only_the_surround(shown: Stage) -> None:
    shown.canvas.set_document(None)
    assert shown.picture().pixelColor(400, 300) == SURROUND


def test_hiding_the_tint_shows_the_bare_photo_again(shown: Stage) -> None:
    mark(shown.document, np.full((300, 400), 255, np.uint8))
    assert shown.colour(50, 50) != (255, 0, 0)
    shown.canvas.tint_visible = False
    assert shown.colour(50, 50) == (255, 0, 0)
    shown.canvas.tint_visible = True
    shown.canvas.tint_strength = 0.0
    assert shown.colour(50, 50) == (255, 0, 0)


def test_a_photo_of_one_pixel_and_a_very_long_one_can_be_looked_at() -> None:
    for shape in ((1, 1, 3), (1, 5000, 3), (5000, 1, 3)):
        with stage(np.full(shape, 200, np.uint8)) as shown:
            for zoom in (0.01, 1.0, 32.0):
                shown.canvas.fit()
                shown.canvas.set_zoom(zoom)
                assert not shown.picture().isNull()
            shown.canvas.fit()
            assert shown.colour(0, 0) == (200, 200, 200)
