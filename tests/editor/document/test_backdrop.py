"""The background swap: one gesture, one undo step, and no rim of the old subject in the new picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from editor.document import backdrop
from editor.document.backdrop import Blur, cover, current, new_background, prepare, put_under
from editor.document.blend import as_float
from editor.document.clean_plate import clean_plate
from editor.document.composite import flatten
from editor.document.document import Document, Photo
from editor.document.foreground import estimate_colours
from editor.document.geometry import Placement, Rect
from editor.document.layer import Gradient, SolidColour
from editor.document.tiles import Plane
from editor.errors import UserError
from plugins.effects.depth_of_field import DepthOfField
from tests.editor.document.icc import ADOBE, SRGB_RED_IN_ADOBE, SRGB_TABLE
from tests.editor.document.layered import HEIGHT, WIDTH, cut_document, disc, picture

EFFECTS = {"depth-of-field": DepthOfField}
RED = SolidColour((1.0, 0.0, 0.0))


def bright_on_dark(soft_px: float = 14) -> tuple[Document, np.ndarray, np.ndarray]:
    """A nearly white disc with a soft edge on a dark, uneven ground: the document, alpha, and the ground alone."""
    y, x = np.mgrid[:400, :500]
    wave = (18 + 3 * np.sin(x / 23) + 2 * np.cos(y / 31)) / 255
    ground = np.stack([wave, wave * 0.9, wave * 1.2], axis=2)
    alpha = np.clip((90 - np.hypot(x - 250, y - 200)) / soft_px, 0, 1)
    subject = np.array([0.98, 0.96, 0.9])
    image = alpha[..., None] * subject + (1 - alpha[..., None]) * ground
    document = Document.from_photo(Photo(np.rint(image * 255).astype(np.uint8)))
    own = np.broadcast_to(np.rint(subject * 255).astype(np.uint8), image.shape)
    document.set_matte(Plane.from_array(np.rint(alpha * 65535).astype(np.uint16)), Plane.from_array(own))
    return document, alpha, ground


def perfect(ground: np.ndarray) -> backdrop.Colours:
    """An estimator that knows the ground."""
    return lambda image, alpha, progress: (image, ground.astype(np.float32))


def contaminated(ground: np.ndarray) -> backdrop.Colours:
    """An estimator that takes the subject for ground where alpha is over a half, and lets some of it in below."""

    def estimate(image: np.ndarray, alpha: np.ndarray, progress: object) -> tuple[np.ndarray, np.ndarray]:
        share = np.where(alpha > 0.5, 1.0, 0.25 * alpha)[..., None]
        return image, (ground + share * (as_float(image) - ground)).astype(np.float32)

    return estimate


CHOICES = [SolidColour(), Gradient(), Photo(picture(np.uint8, 90, 50), icc=b"profile"), Blur()]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda c: type(c).__name__)
def test_any_backdrop_is_one_undo_step_beneath_the_subject(choice: backdrop.Choice) -> None:
    document = cut_document()
    before = document.state
    assert new_background(document, choice) == ""
    state = document.state
    assert [layer.id for layer in state.layers] == [current(state).id, state.subject]  # type: ignore[union-attr]
    assert flatten(state, EFFECTS).alpha is None
    assert document.undo() is not None and document.state is before
    assert document.undo() is None


def test_a_second_backdrop_takes_the_place_of_the_first() -> None:
    document = cut_document()
    new_background(document, RED)
    new_background(document, Gradient())
    assert [type(layer.content) for layer in document.state.layers] == [Gradient, Plane]
    document.undo()
    assert [type(layer.content) for layer in document.state.layers] == [SolidColour, Plane]


def test_layers_that_were_made_otherwise_stay() -> None:
    document = cut_document()
    new_background(document, RED)
    mine = current(document.state)
    assert mine is not None
    document.remove_layer(mine.id)
    document.add_layer(mine.changed(id="made-by-hand"), 0)
    new_background(document, Gradient())
    assert document.state.layers[0].id == "made-by-hand"
    assert len(document.state.layers) == 3


def test_a_hidden_subject_with_its_mask_off_is_shown_cut_out() -> None:
    document = cut_document()
    document.change_layer(document.state.subject, visible=False, mask_on=False)
    new_background(document, RED)
    assert document.state.subject_layer.visible and document.state.subject_layer.mask_on


def test_without_a_matte_there_is_a_sentence_and_no_step() -> None:
    document = Document.from_photo(Photo(picture(np.uint8)))
    with pytest.raises(UserError, match="matte"):
        new_background(document, RED)
    assert document.history.undo_label is None


@pytest.mark.parametrize("size", [(1, 1), (WIDTH, HEIGHT), (WIDTH, 3 * HEIGHT), (4000, 30), (333, 777)])
def test_a_picture_of_any_size_covers_the_canvas_from_its_middle(size: tuple[int, int]) -> None:
    canvas = Rect(0, 0, WIDTH, HEIGHT)
    placement = cover(*size, canvas)
    placed = placement.canvas_rect(Rect(0, 0, *size))
    assert placed.intersect(canvas) == canvas
    assert placement.to_canvas(size[0] / 2, size[1] / 2) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=0.51)
    tight = min(abs(size[0] * placement.scale - WIDTH), abs(size[1] * placement.scale - HEIGHT))
    assert tight < 1e-6


def test_a_picture_of_the_canvas_size_is_not_resampled() -> None:
    document = cut_document()
    pixels = picture(np.uint8, seed=9)
    new_background(document, Photo(pixels))
    flat, mask = flatten(document.state, EFFECTS), disc()
    assert np.array_equal(flat.pixels[mask == 0], pixels[mask == 0])


@pytest.mark.parametrize(("mine", "theirs"), [(np.uint8, np.uint16), (np.uint16, np.uint8)])
def test_a_picture_of_another_depth_comes_in_the_documents(mine: type, theirs: type) -> None:
    document = cut_document(mine)
    pixels = picture(theirs)
    new_background(document, Photo(pixels, alpha=np.full(pixels.shape[:2], np.iinfo(theirs).max, theirs)))
    layer = current(document.state)
    assert layer is not None and isinstance(layer.content, Plane)
    kept = layer.content.to_array()
    assert kept.dtype == mine
    ratio = 1 / 257 if mine == np.uint8 else 257
    assert np.abs(kept - pixels.astype(float) * ratio).max() <= 0.5


def cut_in(icc: bytes | None, dtype: type = np.uint8) -> Document:
    """A document with a matte, in that colour profile."""
    document = cut_document(dtype)
    document.show(replace(document.state, icc=icc))
    return document


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_of_another_profile_is_brought_into_the_photos(dtype: type) -> None:
    document = cut_in(ADOBE, dtype)
    red = np.zeros((60, 60, 3), np.uint8)
    red[..., 0] = 255
    assert new_background(document, Photo(red)) == ""
    layer = current(document.state)
    assert layer is not None and isinstance(layer.content, Plane)
    kept = layer.content.to_array()
    assert kept.dtype == dtype
    assert np.abs(kept / (np.iinfo(dtype).max / 255) - SRGB_RED_IN_ADOBE).max() <= 0.5


def test_a_picture_in_a_profile_that_cannot_be_read_is_taken_as_it_is_and_that_is_said() -> None:
    pixels = picture(np.uint8, 60, 60)
    for theirs, mine in ((b"wide gamut", None), (None, b"wide gamut"), (ADOBE, b"wide gamut")):
        document = cut_in(mine)
        assert new_background(document, Photo(pixels, icc=theirs)) == backdrop.OTHER_PROFILE
        assert np.array_equal(current(document.state).content.to_array(), pixels)  # type: ignore[union-attr]


@pytest.mark.parametrize(("mine", "theirs"), [(b"profile", b"profile"), (None, b"..sRGB.."), (ADOBE, ADOBE)])
def test_the_same_profile_and_srgb_by_any_other_name_are_not_converted(mine: bytes, theirs: bytes) -> None:
    document, pixels = cut_in(mine), picture(np.uint8, 60, 60)
    assert new_background(document, Photo(pixels, icc=theirs)) == ""
    assert np.array_equal(current(document.state).content.to_array(), pixels)  # type: ignore[union-attr]


def test_colours_are_meant_in_srgb_and_kept_in_the_photos_profile() -> None:
    document = cut_in(ADOBE)
    adobe_red = pytest.approx(np.array(SRGB_RED_IN_ADOBE) / 255, abs=0.5 / 255)
    assert new_background(document, RED) == ""
    assert current(document.state).content.rgb == adobe_red  # type: ignore[union-attr]
    assert (flatten(document.state, EFFECTS).pixels[0, 0] == SRGB_RED_IN_ADOBE).all()
    assert new_background(document, Gradient((1.0, 1.0, 1.0), RED.rgb, 30.0)) == ""
    run = current(document.state).content  # type: ignore[union-attr]
    assert isinstance(run, Gradient)
    assert (run.start, run.end, run.angle_deg) == ((1.0, 1.0, 1.0), adobe_red, 30.0)


@pytest.mark.parametrize("icc", [None, SRGB_TABLE])
def test_colours_on_a_photo_in_srgb_stay_to_the_last_digit(icc: bytes | None) -> None:
    document, colour = cut_in(icc), SolidColour((0.1, 1 / 3, 0.7))
    assert new_background(document, colour) == "" and current(document.state).content == colour  # type: ignore[union-attr]


def test_a_colour_in_a_profile_that_cannot_be_read_is_taken_as_it_is_and_that_is_said() -> None:
    document = cut_in(b"profile")
    assert new_background(document, RED) == backdrop.UNKNOWN_COLOURS
    assert current(document.state).content == RED  # type: ignore[union-attr]
    assert new_background(document, Gradient(RED.rgb)) == backdrop.UNKNOWN_COLOURS
    assert new_background(document, SolidColour((1.0, 1.0, 1.0))) == ""


def test_preparing_changes_nothing_until_it_is_put_under() -> None:
    document = cut_document()
    before = document.state
    prepared = prepare(before, Blur({"radius_px": 12.0}))
    assert document.state is before
    put_under(document, prepared)
    layer = current(document.state)
    assert layer is not None and layer.follows_matte and layer.effects[0].values == {"radius_px": 12.0}


def test_the_blurred_background_lies_where_the_subject_lies() -> None:
    document = cut_document()
    document.change_layer(document.state.subject, placement=Placement(12, -7, 0.75))
    new_background(document, Blur())
    layer = current(document.state)
    assert layer is not None and layer.placement == Placement(12, -7, 0.75)


@pytest.mark.parametrize("estimate", ["perfect", "contaminated", "our own"])
@pytest.mark.parametrize("radius_px", [3.0, 25.0])
def test_a_bright_subject_leaves_no_ring_on_a_dark_blurred_ground(estimate: str, radius_px: float) -> None:
    document, alpha, ground = bright_on_dark()
    colours: dict[str, backdrop.Colours] = {
        "perfect": perfect(ground), "contaminated": contaminated(ground), "our own": estimate_colours,
    }  # fmt: skip
    new_background(document, Blur({"radius_px": radius_px}), colours=colours[estimate])
    shown = flatten(document.state, EFFECTS).pixels.astype(float)
    clear = DepthOfField(radius_px=radius_px).apply(np.dstack([ground, np.ones_like(alpha)]).astype(np.float32))
    ring = (alpha == 0) & (cv2.dilate((alpha > 0).astype(np.uint8), np.ones((41, 41))) > 0)
    assert (shown - 255 * clear[..., :3])[ring].max() < 2


def test_the_subjects_edge_stays_as_sharp_as_its_matte() -> None:
    document, _, ground = bright_on_dark(soft_px=2)
    new_background(document, Blur({"radius_px": 25.0}), colours=perfect(ground))
    row = flatten(document.state, EFFECTS).pixels[200, 150:350, 0].astype(float)
    assert (np.diff(row[:60]) > 60).sum() == 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (513, 3), (517, 301)])
def test_a_plate_keeps_what_is_clear_and_fills_the_rest_at_any_size(shape: tuple[int, int], dtype: type) -> None:
    photo = np.full((*shape, 3), np.iinfo(dtype).max // 3, dtype)
    alpha = np.zeros(shape, np.float32)
    alpha[shape[0] // 3 : shape[0] // 2, : shape[1] // 2] = 1.0
    hidden = photo.copy()
    hidden[alpha > 0] = 0
    assert np.abs(clean_plate(hidden, alpha).astype(int) - photo).max() <= 1
    noise = picture(dtype, shape[1], shape[0])
    assert np.array_equal(clean_plate(noise, np.zeros(shape, np.float32)), noise)


def test_a_subject_that_hides_all_of_the_ground_gives_the_photo_back() -> None:
    noise = picture(np.uint8, 30, 20)
    assert np.array_equal(clean_plate(noise, np.ones((20, 30), np.float32)), noise)
