"""Running an engine: what it is given, what is asked of its answer, and what the document keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from editor.document import matte, trimap
from editor.document.document import UNMARKED, Document, Photo
from editor.document.geometry import Rect
from editor.document.layer import Layer
from editor.document.tiles import Plane
from editor.errors import Cancelled, UserError

WIDTH, HEIGHT = 620, 340


def silent(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


def truth() -> np.ndarray:
    """A disc with a soft edge 40 px wide, alpha (H, W) float32."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.clip((120 - np.hypot(x - 200, y - 170)) / 40, 0, 1).astype(np.float32)


def document(dtype: type = np.uint8) -> Document:
    """A red subject before a blue ground, mixed by the true alpha, and its trimap."""
    alpha = truth()
    top = np.iinfo(dtype).max
    mixed = alpha[..., None] * np.array([0.9, 0.2, 0.1]) + (1 - alpha[..., None]) * np.array([0.1, 0.2, 0.8])
    doc = Document.from_photo(Photo(np.rint(mixed * top).astype(dtype)))
    marks = np.select([alpha == 1, alpha == 0], [255, 0], 128).astype(np.uint8)
    doc.set_trimap(trimap.from_array(marks))
    return doc


@dataclass
class Stub:
    """An engine that notes what it is given and answers what it is told to."""

    answer: Any = None
    title: str = "Stub"
    seen: tuple = ()
    finds_trimap = False

    def run(self, image, marks, progress, start=None):
        progress(0.5, "half")
        self.seen = (image, marks, start)
        return truth() if self.answer is None else self.answer

    def device(self):
        return "CPU"


def run(doc: Document, engine: Stub | None = None) -> matte.MatteResult:
    """A run that is taken over as one step."""
    result = matte.run_matting(doc.state, engine or Stub(), silent)
    with doc.edit("Matte"):
        matte.take_over(doc, result)
    return result


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_engine_gets_the_photo_as_floats_and_a_trimap_of_three_values_none_of_them_writable(dtype):
    doc, engine = document(dtype), Stub()
    doc.set_trimap(doc.state.trimap.paste(0, 0, np.full((5, 5), UNMARKED, np.uint8)))
    matte.run_matting(doc.state, engine, silent)
    image, marks, start = engine.seen
    assert (image.dtype, image.shape) == (np.float32, (HEIGHT, WIDTH, 3))
    assert np.allclose(image, doc.state.subject_layer.content.to_array() / np.iinfo(dtype).max, atol=1e-7)
    assert set(np.unique(marks)) == {0, 128, 255}
    assert (marks[:5, :5] == 128).all()
    assert start is None
    assert not image.flags.writeable
    assert not marks.flags.writeable


def test_a_second_run_starts_from_the_matte_that_is_there():
    doc, engine = document(), Stub()
    run(doc)
    matte.run_matting(doc.state, engine, silent)
    start = engine.seen[2]
    assert np.abs(start - truth()).max() < 1e-5
    assert not start.flags.writeable


def test_known_pixels_come_out_exactly_as_marked_whatever_the_engine_says():
    doc = document()
    generator = np.random.default_rng(0)
    result = run(doc, Stub(generator.random((HEIGHT, WIDTH), dtype=np.float32)))
    mask, marks = result.mask.to_array(), doc.state.trimap.to_array()
    assert (mask[marks == 255] == 65535).all()
    assert (mask[marks == 0] == 0).all()
    assert len(np.unique(mask[marks == 128])) > 1000


def test_alpha_is_kept_to_half_a_step_of_16_bits_and_its_ends_exactly():
    values = np.linspace(0, 1, 100_001, dtype=np.float32)
    mask = matte.as_mask(values)
    assert mask[0] == 0
    assert mask[-1] == 65535
    assert np.abs(mask / 65535 - values).max() <= 0.51 / 65535


@pytest.mark.parametrize(
    "answer",
    [np.zeros((3, 3), np.float32), np.full((HEIGHT, WIDTH), np.nan, np.float32), np.full((HEIGHT, WIDTH), 1.5),
     np.full((HEIGHT, WIDTH), -0.5), np.zeros((HEIGHT, WIDTH), np.uint8), "matte", [1, 2]],
    ids=["shape", "nan", "above", "below", "type", "text", "list"],
)  # fmt: skip
def test_an_engine_that_answers_nonsense_is_named_in_a_sentence(answer):
    doc = document()
    before = doc.state
    with pytest.raises(UserError, match="“Stub”") as caught:
        matte.run_matting(doc.state, Stub(answer), silent)
    assert caught.value.hint
    assert doc.state is before


def test_rounding_errors_of_an_engine_are_forgiven():
    over = truth() * np.float32(1.00005)
    assert matte.run_matting(document().state, Stub(over), silent).mask.to_array().max() == 65535


def test_marks_that_are_not_enough_stop_before_the_engine_runs():
    doc, engine = document(), Stub()
    doc.set_trimap(trimap.empty(WIDTH, HEIGHT))
    with pytest.raises(UserError, match="marked"):
        matte.run_matting(doc.state, engine, silent)
    assert engine.seen == ()


def test_cancelling_while_the_engine_runs_or_afterwards_leaves_at_once():
    for limit in (0.3, 0.85):

        def cancel(fraction: float, text: str, limit: float = limit) -> None:
            if fraction >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            matte.run_matting(document().state, Stub(), cancel)


def test_progress_rises_from_nothing_to_one():
    seen = []
    matte.run_matting(document().state, Stub(), lambda fraction, text: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_foreground_has_the_subjects_colour_under_soft_edges_and_is_the_photo_elsewhere(dtype):
    doc = document(dtype)
    result = run(doc)
    content = doc.state.subject_layer.content
    fore, photo, mask = result.foreground.to_array(), content.to_array(), result.mask.to_array()
    soft = (mask > 0) & (mask < 65535)
    assert fore.dtype == np.dtype(dtype)
    assert np.array_equal(fore[~soft], photo[~soft])
    strong = mask > 10_000
    top = np.iinfo(dtype).max
    assert np.abs(fore[soft & strong] / top - [0.9, 0.2, 0.1]).max() < 0.1
    assert np.abs(photo[soft & strong] / top - [0.9, 0.2, 0.1]).max() > 0.3


def test_tiles_without_soft_pixels_are_the_photos_own():
    doc = document()
    result = run(doc)
    changed = result.foreground.changed_from(doc.state.subject_layer.content)
    assert changed == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_taking_over_is_one_step_that_undo_takes_back():
    doc = document()
    before = doc.state
    run(doc)
    assert doc.state.subject_layer.mask_on
    assert doc.undo() == "Matte"
    assert doc.state is before


def test_a_plate_is_made_only_for_a_layer_that_follows_the_matte_and_has_no_subject_in_it():
    doc = document()
    assert run(doc).plate is None
    doc.add_layer(Layer("Plate", doc.state.subject_layer.content, follows_matte=True), 0)
    result = run(doc)
    plate = doc.state.layers[0].content
    assert plate is result.plate
    assert np.abs(plate.to_array() / 255 - [0.1, 0.2, 0.8]).max() < 0.15


def test_refreshing_a_place_gives_colours_there_and_leaves_the_rest():
    doc = document()
    run(doc)
    layer = doc.state.subject_layer
    rect = Rect(250, 120, 80, 90)
    painted = layer.mask.paste(rect.x, rect.y, np.full((rect.h, rect.w), 40_000, np.uint16))
    doc.change_layer(layer.id, mask=painted)
    plane = matte.refresh_colours(doc.state, rect, silent)
    new, old = plane.to_array(), layer.foreground.to_array()
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[rect.slices()] = False
    assert np.array_equal(new[outside], old[outside])
    assert not np.array_equal(new[rect.slices()], old[rect.slices()])


def test_refreshing_where_the_matte_became_hard_brings_the_photos_colours_back():
    doc = document()
    run(doc)
    layer = doc.state.subject_layer
    rect = Rect(100, 60, 150, 100)
    doc.change_layer(layer.id, mask=layer.mask.paste(100, 60, np.full((100, 150), 65535, np.uint16)))
    plane = matte.refresh_colours(doc.state, rect, silent)
    assert np.array_equal(plane.read(rect), layer.content.read(rect))


def test_refreshing_without_colours_estimates_them_all_and_outside_the_photo_nothing():
    doc = document()
    result = run(doc)
    layer = doc.state.subject_layer
    assert matte.refresh_colours(doc.state, Rect(-50, -50, 20, 20), silent) is layer.foreground
    doc.change_layer(layer.id, foreground=None)
    plane = matte.refresh_colours(doc.state, Rect(0, 0, 5, 5), silent)
    assert np.array_equal(plane.to_array(), result.foreground.to_array())
    doc.change_layer(layer.id, mask=None)
    assert matte.refresh_colours(doc.state, Rect(0, 0, 5, 5), silent) is layer.content


def test_a_subject_that_is_no_photo_is_explained():
    from editor.document.layer import SolidColour

    doc = document()
    doc.change_layer(doc.state.subject, content=SolidColour())
    with pytest.raises(UserError, match="no photo"):
        matte.photo_of(doc.state)


def test_a_mask_plane_read_row_by_row_is_the_alpha():
    values = np.random.default_rng(2).integers(0, 65535, (HEIGHT, WIDTH), dtype=np.uint16)
    assert np.allclose(matte._alpha_of(Plane.from_array(values)), values / 65535, atol=1e-6)


@dataclass
class Finder(Stub):
    """An engine that needs no marks; ``found`` is the trimap that it answers."""

    found: Any = None
    finds_trimap = True

    def find(self, image, progress):
        progress(0.5, "looking")
        assert not image.flags.writeable
        return band() if self.found is None else self.found, truth()


def band() -> np.ndarray:
    """The trimap of the disc."""
    alpha = truth()
    return np.select([alpha == 1, alpha == 0], [255, 0], 128).astype(np.uint8)


def unmarked() -> Document:
    """The photo of the disc without a mark."""
    doc = document()
    doc.set_trimap(trimap.empty(WIDTH, HEIGHT))
    return doc


def test_an_engine_that_finds_its_own_trimap_needs_no_marks_and_matte_and_trimap_are_one_step():
    doc = unmarked()
    before = doc.state
    result = run(doc, Finder())
    assert np.array_equal(result.trimap.to_array(), band())
    assert np.array_equal(doc.state.trimap.to_array(), band())
    assert np.allclose(doc.state.subject_layer.mask.to_array() / 65535, truth(), atol=1e-4)
    assert doc.undo() == "Matte"
    assert doc.state is before


def test_what_is_marked_holds_against_what_an_engine_finds():
    doc = unmarked()
    doc.set_trimap(doc.state.trimap.paste(10, 10, np.full((30, 40), 255, np.uint8)))
    engine = Finder()
    run(doc, engine)
    marks, mask = doc.state.trimap.to_array(), doc.state.subject_layer.mask.to_array()
    assert (marks[10:40, 10:50] == 255).all()
    assert (mask[10:40, 10:50] == 65535).all()
    assert np.array_equal(marks[60:], band()[60:])
    assert engine.seen == (), "nothing is unknown that it has not worked on already"


def test_where_a_mark_doubts_what_was_found_the_engine_is_asked_again_with_the_marks():
    doc = unmarked()
    doc.set_trimap(doc.state.trimap.paste(10, 10, np.full((30, 40), 128, np.uint8)))
    engine = Finder(np.full((HEIGHT, WIDTH), 0.25, np.float32))
    run(doc, engine)
    marks = engine.seen[1]
    assert (marks[10:40, 10:50] == 128).all()
    assert np.array_equal(marks[60:], band()[60:])
    assert np.allclose(doc.state.subject_layer.mask.to_array()[10:40, 10:50] / 65535, 0.25, atol=1e-4)


def test_a_trimap_without_gaps_is_not_looked_for_again():
    doc, engine = document(), Finder()
    assert run(doc, engine).trimap is None
    assert np.array_equal(engine.seen[1], band())


def test_marks_made_while_an_engine_looked_lie_over_what_it_found():
    doc = unmarked()
    result = matte.run_matting(doc.state, Finder(), silent)
    with doc.edit("Mark background"):
        doc.set_trimap(doc.state.trimap.paste(190, 160, np.zeros((20, 20), np.uint8)))
    with doc.edit("Matte"):
        matte.take_over(doc, result)
    marks = doc.state.trimap.to_array()
    assert (marks[160:180, 190:210] == 0).all()
    assert marks[185, 215] == 255


@pytest.mark.parametrize(
    "found", [np.zeros((3, 3), np.uint8), np.full((HEIGHT, WIDTH), 7, np.uint8), np.zeros((HEIGHT, WIDTH)), None, "no"],
    ids=["shape", "values", "type", "nothing", "text"],
)  # fmt: skip
def test_an_engine_that_finds_nonsense_is_named_in_a_sentence(found):
    engine = Finder()
    engine.find = lambda image, progress: (found, truth())
    with pytest.raises(UserError, match="“Stub”"):
        matte.run_matting(unmarked().state, engine, silent)


def test_progress_rises_while_an_engine_looks_and_looks_again():
    doc = unmarked()
    doc.set_trimap(doc.state.trimap.paste(10, 10, np.full((30, 40), 128, np.uint8)))
    seen = []
    matte.run_matting(doc.state, Finder(), lambda fraction, text: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
