"""The composite: exact where nothing mixes, the same in pieces as at once, true at every level and placement."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from editor.document.composite import VIEWS, cut_out, flatten, is_slow, view_pixels, view_rect
from editor.document.document import Document, Photo
from editor.document.geometry import Placement, Rect
from editor.document.layer import EffectUse, Gradient, Layer, SolidColour
from editor.document.render import plan
from editor.document.tiles import Plane
from editor.errors import Cancelled, UserError
from tests.editor.document.layered import (
    EFFECTS,
    HEIGHT,
    WIDTH,
    Crop,
    Glare,
    cut_document,
    disc,
    picture,
    with_background,
)

WHOLE = Rect(0, 0, WIDTH, HEIGHT)
DEPTHS = [np.uint8, np.uint16]


def composite(document: Document, rect: Rect = WHOLE, level: int = 0) -> np.ndarray:
    """The background view as it is shown."""
    return view_pixels(document.state, "background", rect, level, EFFECTS)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_a_photo_opened_and_flattened_is_bit_identical(dtype: type) -> None:
    pixels = picture(dtype)
    flat = flatten(Document.from_photo(Photo(pixels, icc=b"i", exif=b"e", xmp=b"x")).state, EFFECTS)
    assert np.array_equal(flat.pixels, pixels) and flat.pixels.dtype == dtype
    assert flat.alpha is None
    assert (flat.icc, flat.exif, flat.xmp) == (b"i", b"e", b"x")


@pytest.mark.parametrize("dtype", DEPTHS)
def test_a_photo_with_alpha_flattened_keeps_alpha_and_hidden_colours(dtype: type) -> None:
    pixels = picture(dtype)
    alpha = (disc() // (257 if dtype == np.uint8 else 1)).astype(dtype)
    flat = flatten(Document.from_photo(Photo(pixels, alpha)).state, EFFECTS)
    assert np.array_equal(flat.pixels, pixels)
    assert flat.alpha is not None and np.array_equal(flat.alpha, alpha)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_outside_the_matte_the_background_is_bit_identical_and_inside_it_the_photo(dtype: type) -> None:
    document = cut_document(dtype)
    below = with_background(document)
    flat = flatten(document.state, EFFECTS)
    mask = disc()
    assert isinstance(below.content, Plane)
    assert np.array_equal(flat.pixels[mask == 0], below.content.to_array()[mask == 0])
    assert np.array_equal(flat.pixels[mask == 65535], picture(dtype)[mask == 65535])
    assert flat.alpha is None


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_under_soft_edges_colours_move_from_the_photo_to_the_subjects_own(strength: float) -> None:
    document = cut_document(np.uint16)
    document.change_layer(document.state.subject, decontaminate=strength)
    below = with_background(document)
    assert isinstance(below.content, Plane)
    photo, own, ground = (a / 65535 for a in (picture(np.uint16), picture(np.uint16, seed=2), below.content.to_array()))
    mask = disc()
    alpha = (mask / 65535)[..., None]
    expected = alpha * (photo + strength * (own - photo)) + (1 - alpha) * ground
    soft = (mask > 0) & (mask < 65535)
    assert np.abs(composite(document)[..., :3] / 65535 - expected)[soft].max() < 1.01 / 65535


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_in_pieces_is_the_view_at_once(view: str, dtype: type) -> None:
    document = cut_document(dtype)
    with_background(document)
    document.change_layer(document.state.subject, placement=Placement(30.25, -12.5, 0.8), blend="soft light")
    state = document.state
    for level in (0, 1, 2):
        size = view_rect(state, view, level)
        whole = view_pixels(state, view, size, level, EFFECTS)
        for rect in (Rect(0, 0, 50, 40), Rect(101, 37, 44, 61), Rect(size.right - 30, 60, 30, 20)):
            part = view_pixels(state, view, rect, level, EFFECTS)
            assert np.abs(part.astype(int) - whole[rect.slices()]).max() <= np.iinfo(dtype).max // 255


@pytest.mark.parametrize("view", VIEWS)
def test_outside_a_view_there_is_nothing(view: str) -> None:
    pixels = view_pixels(cut_document().state, view, Rect(-20, -10, 40, 30), 0, EFFECTS)
    assert pixels.shape == (30, 40, 4)
    assert not pixels[:10].any() and not pixels[:, :20].any()


def test_the_views_show_photo_matte_and_cut_out() -> None:
    state = cut_document().state
    photo, matte, cut = (view_pixels(state, view, WHOLE, 0, EFFECTS) for view in ("photo", "alpha", "checker"))
    assert np.array_equal(photo[..., :3], picture(np.uint8)) and (photo[..., 3] == 255).all()
    expected = np.rint(disc() / 257).astype(np.uint8)
    assert np.array_equal(matte[..., 0], expected) and (matte[..., 3] == 255).all()
    assert np.array_equal(cut[..., 3], expected)


def test_a_view_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="x-ray"):
        view_pixels(cut_document().state, "x-ray", WHOLE, 0, EFFECTS)


def test_a_mask_switched_off_shows_the_photo_whole() -> None:
    document = cut_document()
    document.change_layer(document.state.subject, mask_on=False)
    assert np.array_equal(composite(document)[..., :3], picture(np.uint8))
    assert cut_out(document.state).alpha is None


def test_the_cut_out_has_the_subjects_own_colours_and_straight_alpha() -> None:
    photo = cut_out(cut_document(np.uint16).state)
    mask = disc()
    assert photo.alpha is not None and np.array_equal(photo.alpha, mask)
    soft = mask < 65535
    assert np.array_equal(photo.pixels[soft], picture(np.uint16, seed=2)[soft])
    assert np.array_equal(photo.pixels[~soft], picture(np.uint16)[~soft])


@pytest.mark.parametrize("dtype", DEPTHS)
def test_whole_pixel_moves_copy_pixels_and_leave_the_rest_empty(dtype: type) -> None:
    document = Document.from_photo(Photo(picture(dtype)))
    document.change_layer(document.state.subject, placement=Placement(-40, 25))
    pixels = composite(document)
    assert np.array_equal(pixels[25:, :-40, :3], picture(dtype)[:-25, 40:])
    assert not pixels[:25].any() and not pixels[:, -40:].any()


def test_moving_by_half_a_pixel_takes_the_mean_of_two() -> None:
    ramp = np.repeat(np.arange(0, 200, 2, dtype=np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2)
    document = Document.from_photo(Photo(ramp))
    document.change_layer(document.state.subject, placement=Placement(0.5, 0))
    assert np.array_equal(composite(document, Rect(10, 5, 50, 4))[0, :, 0], ramp[0, 10:60, 0] - 1)


def test_the_smooth_edge_of_a_layer_that_starts_between_pixels_covers_what_it_covers() -> None:
    document = Document.from_photo(Photo(np.full((20, 20, 3), 200, np.uint8)))
    document.change_layer(document.state.subject, placement=Placement(4.25, 0))
    pixels = composite(document, Rect(0, 0, 20, 20))
    assert pixels[10, 3, 3] == 0 and pixels[10, 4, 3] == round(0.75 * 255) and pixels[10, 5, 3] == 255
    assert pixels[10, 4, 0] == 200


@pytest.mark.parametrize("scale", [0.11, 0.37, 0.5, 0.73])
def test_fine_detail_shrunk_becomes_its_mean_and_no_moire(scale: float) -> None:
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 255
    document = Document.from_photo(Photo(stripes))
    document.change_layer(document.state.subject, placement=Placement(0, 0, scale))
    side = int(600 * scale) - 10
    shown = composite(document, Rect(5, 5, side, side))[..., 0].astype(float)
    assert abs(shown.mean() - 127.5) < 2
    assert shown.std() < 255 * (0.03 if scale <= 0.5 else 0.25)


def test_shrinking_does_not_move_the_picture() -> None:
    document = Document.from_photo(Photo(np.repeat((disc() // 257).astype(np.uint8)[..., None], 3, axis=2)))
    document.change_layer(document.state.subject, placement=Placement(10.3, 7.9, 0.4))
    shown = composite(document, Rect(0, 0, 300, 250))[..., 0].astype(float)
    y, x = np.mgrid[:250, :300]
    middle = ((x + 0.5) * shown).sum() / shown.sum(), ((y + 0.5) * shown).sum() / shown.sum()
    assert np.allclose(middle, (10.3 + 0.4 * (WIDTH / 2 + 0.5), 7.9 + 0.4 * (HEIGHT / 2 + 0.5)), atol=0.05)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_mip_level_shows_about_the_mean_of_what_it_covers(level: int) -> None:
    document = cut_document()
    with_background(document)
    step = 2**level
    document.change_layer(document.state.subject, placement=Placement(33.0, -21.0))
    full = composite(document).astype(np.float32)
    h, w = HEIGHT // step, WIDTH // step
    mean = cv2.resize(full[: h * step, : w * step], (w, h), interpolation=cv2.INTER_AREA)
    shown = composite(document, Rect(0, 0, w, h), level).astype(np.float32)
    assert np.abs(shown - mean).mean() < 4


def test_a_gradient_runs_from_corner_to_corner_and_goes_on_over_levels() -> None:
    document = cut_document(np.uint16)
    document.add_layer(Layer("Run", Gradient((0, 0, 0), (1, 0.5, 0), 0)), 1)
    pixels = composite(document)
    assert pixels[0, 0, 0] < 100 and pixels[0, -1, 0] > 65535 - 100
    assert np.abs(np.diff(pixels[40, :, 0].astype(int)) - 65535 / WIDTH).max() < 1.5
    half = composite(document, Rect(0, 0, WIDTH // 2, HEIGHT // 2), 1)
    assert np.abs(half[0, :, 0].astype(int) - pixels[0, ::2, 0][: WIDTH // 2] - 65535 / WIDTH / 2).max() < 2


def test_a_solid_colour_is_that_colour() -> None:
    document = cut_document()
    document.add_layer(Layer("Paint", SolidColour((1.0, 0.5, 0.0))))
    assert (composite(document) == (255, 128, 0, 255)).all()


def test_layers_beneath_an_opaque_one_are_not_drawn() -> None:
    document = cut_document()
    below = with_background(document)
    hidden = plan(document.state, Rect(WIDTH // 2 - 20, HEIGHT // 2 - 20, 40, 40), 0, EFFECTS)
    assert [operation.layer.id for operation in hidden] == [document.state.subject]
    outside = plan(document.state, Rect(0, 0, 256, 256), 0, EFFECTS)
    assert [operation.layer.id for operation in outside] == [below.id, document.state.subject]


@pytest.mark.parametrize("change", [{"opacity": 0.5}, {"blend": "multiply"}, {"placement": Placement(0.5, 0)}])
def test_what_shows_through_is_drawn(change: dict[str, object]) -> None:
    document = cut_document()
    with_background(document)
    document.change_layer(document.state.subject, mask=None, **change)
    assert len(plan(document.state, Rect(0, 0, 30, 30), 0, EFFECTS)) == 2


def test_layers_that_are_hidden_or_do_not_touch_are_not_drawn() -> None:
    document = cut_document()
    layer = with_background(document)
    document.change_layer(layer.id, placement=Placement(0, 400))
    assert len(plan(document.state, Rect(0, 0, 100, 100), 0, EFFECTS)) == 1
    document.change_layer(layer.id, placement=Placement(), visible=False)
    assert len(plan(document.state, Rect(0, 0, 100, 100), 0, EFFECTS)) == 1


def test_an_effect_draws_outside_its_layers_own_rectangle() -> None:
    document = Document.from_photo(Photo(np.full((40, 100, 3), 77, np.uint8)))
    patch = Layer("Patch", Plane.from_array(np.full((10, 10, 3), 200, np.uint8)), placement=Placement(20, 5))
    document.add_layer(patch.changed(effects=(EffectUse("shift", {"reach_px": 16}),)))
    shown = view_pixels(document.state, "background", Rect(36, 0, 10, 40), 0, EFFECTS)
    assert (shown[5:15, :, 0] == 200).all() and (shown[:5, :, 0] == 77).all()
    assert (view_pixels(document.state, "background", Rect(20, 5, 10, 10), 0, EFFECTS)[..., 0] == 77).all()


@pytest.mark.parametrize("level", [0, 1])
def test_effects_in_pieces_are_effects_at_once(level: int) -> None:
    document = cut_document()
    layer = with_background(document)
    worn = (EffectUse("box", {"reach_px": 12}), EffectUse("shift", {"reach_px": 6}))
    document.change_layer(layer.id, placement=Placement(-20.5, -10, 1.1), effects=worn)
    document.change_layer(document.state.subject, effects=worn)
    size = view_rect(document.state, "background", level)
    whole = composite(document, size, level).astype(int)
    for x in range(0, size.w, 100):
        part = composite(document, Rect(x, 0, 100, size.h).intersect(size), level)
        assert np.abs(part - whole[:, x : x + 100]).max() <= 1


def test_a_blur_does_not_fade_where_the_layer_reaches_the_canvas_edge() -> None:
    document = Document.from_photo(Photo(np.full((60, 60, 3), 180, np.uint8)))
    document.change_layer(document.state.subject, effects=(EffectUse("box", {"reach_px": 20}),))
    assert (composite(document, Rect(0, 0, 60, 60)) == (180, 180, 180, 255)).all()


def test_a_blur_fades_where_the_layer_ends_within_the_canvas() -> None:
    document = Document.from_photo(Photo(np.full((60, 60, 3), 180, np.uint8)))
    document.change_layer(document.state.subject, placement=Placement(20, 0), effects=(EffectUse("box", {}),))
    row = composite(document, Rect(0, 0, 60, 60))[30]
    assert row[11, 3] == 0 and 0 < row[16, 3] < row[24, 3] < 255 and row[59, 3] == 255
    assert (row[14:, 0] == 180).all()


def test_an_effect_that_is_not_installed_is_passed_over() -> None:
    document = cut_document()
    before = composite(document)
    document.change_layer(document.state.subject, effects=(EffectUse("from-the-future", {"x": 1}),))
    assert np.array_equal(composite(document), before)
    assert document.state.subject_layer.effects[0].values == {"x": 1}


def test_an_effect_that_overshoots_is_held_within_the_range() -> None:
    document = Document.from_photo(Photo(np.full((20, 20, 3), 200, np.uint8)))
    document.change_layer(document.state.subject, effects=(EffectUse("glare"),))
    shown = view_pixels(document.state, "background", Rect(0, 0, 20, 20), 0, {"glare": Glare})
    assert (shown == 255).all()


def test_an_effect_that_gives_back_another_shape_is_named() -> None:
    document = Document.from_photo(Photo(np.full((20, 20, 3), 200, np.uint8)))
    document.change_layer(document.state.subject, effects=(EffectUse("crop"),))
    with pytest.raises(UserError, match="Crop"):
        view_pixels(document.state, "background", Rect(0, 0, 20, 20), 0, {"crop": Crop})


def test_a_view_is_slow_only_while_a_slow_effect_is_seen() -> None:
    document = cut_document()
    layer = with_background(document)
    assert not is_slow(document.state, "background", EFFECTS)
    document.change_layer(layer.id, effects=(EffectUse("box"),))
    assert is_slow(document.state, "background", EFFECTS) and not is_slow(document.state, "checker", EFFECTS)
    document.change_layer(layer.id, visible=False)
    assert not is_slow(document.state, "background", EFFECTS)


def test_flattening_is_the_view_and_reports_its_progress() -> None:
    document = cut_document(np.uint16)
    layer = with_background(document)
    document.change_layer(layer.id, placement=Placement(12.5, 3, 0.9), effects=(EffectUse("box"),))
    heard: list[float] = []
    flat = flatten(document.state, EFFECTS, lambda fraction, text: heard.append(fraction))
    shown = composite(document)
    assert np.abs(flat.pixels.astype(int) - shown[..., :3])[shown[..., 3] > 0].max() <= 257
    assert flat.alpha is not None and np.abs(flat.alpha.astype(int) - shown[..., 3]).max() <= 2
    assert heard == sorted(heard) and heard[0] == 0.0 and heard[-1] == 1.0


def test_a_cancelled_flatten_stops_at_once() -> None:
    def cancel(fraction: float, text: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        flatten(cut_document().state, EFFECTS, cancel)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (257, 255)])
def test_photos_of_odd_sizes_come_through(size: tuple[int, int]) -> None:
    width, height = size
    document = Document.from_photo(Photo(picture(np.uint8, width, height)))
    assert np.array_equal(flatten(document.state, EFFECTS).pixels, picture(np.uint8, width, height))
    document.change_layer(document.state.subject, effects=(EffectUse("box"),), placement=Placement(0.3, 0.3, 1.5))
    for level in range(12):
        rect = view_rect(document.state, "background", level)
        assert composite(document, rect, level).shape == (rect.h, rect.w, 4)


def test_no_visible_layer_is_a_transparent_picture() -> None:
    document = cut_document()
    document.change_layer(document.state.subject, visible=False)
    flat = flatten(document.state, EFFECTS)
    assert flat.alpha is not None and not flat.alpha.any() and not flat.pixels.any()
