"""Whatever is done to a document, undoing all of it gives the start and redoing all the end, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from editor.document import trimap
from editor.document.brush import Brush, Stroke
from editor.document.document import UNMARKED, Document, DocumentState, Photo
from editor.document.geometry import Placement
from editor.document.layer import Layer, SolidColour
from editor.document.tiles import Plane
from editor.errors import UserError

WIDTH, HEIGHT = 400, 330


def photo(dtype: type = np.uint8, alpha: bool = False) -> Photo:
    """Noise of two by two tiles."""
    generator = np.random.default_rng(8)
    top = np.iinfo(dtype).max
    pixels = generator.integers(0, top, (HEIGHT, WIDTH, 3), dtype=dtype, endpoint=True)
    own = generator.integers(0, top, (HEIGHT, WIDTH), dtype=dtype, endpoint=True) if alpha else None
    return Photo(pixels, own, icc=b"profile", exif=b"exif")


def frozen(state: DocumentState) -> tuple:
    """All of a state as plain values, copied."""
    bare = tuple(replace(layer, content=str(layer.content) if isinstance(layer.content, SolidColour) else None,
                         mask=None, foreground=None) for layer in state.layers)  # fmt: skip
    planes = {name: plane.to_array() for name, plane in state.planes().items()}
    return bare, state.active, dict(state.notes), planes


def same(a: tuple, b: tuple) -> bool:
    """True when two frozen states are equal to the bit."""
    return a[:3] == b[:3] and a[3].keys() == b[3].keys() and all(np.array_equal(a[3][k], b[3][k]) for k in a[3])


class Edits(RuleBasedStateMachine):
    """Random edits, undos and redos beside a plain list of copies."""

    @initialize(dtype=st.sampled_from([np.uint8, np.uint16]), alpha=st.booleans())
    def open(self, dtype, alpha):
        self.document = Document.from_photo(photo(dtype, alpha))
        self.copies = [frozen(self.document.state)]
        self.at = 0

    def noted(self, before: DocumentState) -> None:
        """Keep a copy of a new state, and drop what had been undone."""
        if self.document.state is not before:
            self.copies = [*self.copies[: self.at + 1], frozen(self.document.state)]
            self.at += 1

    @rule(
        x=st.integers(-20, 420),
        y=st.integers(-20, 350),
        dx=st.integers(-90, 90),
        size=st.integers(1, 120),
        hardness=st.sampled_from([0.0, 0.5, 1.0]),
        label=st.sampled_from([0, 1, 128, 255]),
        stop=st.booleans(),
    )
    def stroke(self, x, y, dx, size, hardness, label, stop):
        before, gesture = self.document.state, self.document.begin("Stroke")
        stroke = Stroke(Brush(size, hardness), WIDTH, HEIGHT)
        stroke.start(x, y)
        for step in range(3):
            stroke.to(x + dx * step / 2, y + 10 * step, 0.5 + step / 4)
            current = self.document.state.trimap
            plane = trimap.paint(current, before.trimap, stroke, label, rim=hardness < 1)
            if plane is not current:
                self.document.show(replace(self.document.state, trimap=plane))
        if stop:
            gesture.cancel()
            assert self.document.state is before
        else:
            gesture.finish()
            self.noted(before)

    @rule(x=st.integers(0, WIDTH - 1), y=st.integers(0, HEIGHT - 1), label=st.sampled_from([0, 1, 128, 255]))
    def fill(self, x, y, label):
        before = self.document.state
        plane = trimap.fill_region(before.trimap, x, y, label)
        if plane is not before.trimap:
            with self.document.edit("Fill"):
                self.document.set_trimap(plane)
            self.noted(before)

    @rule(seed=st.integers(0, 3), without=st.booleans())
    def matte(self, seed, without):
        before = self.document.state
        mask = np.random.default_rng(seed).integers(0, 65535, (HEIGHT, WIDTH), dtype=np.uint16)
        with self.document.edit("Matte"):
            self.document.set_matte(None if without else Plane.from_array(mask), before.subject_layer.content)
        self.noted(before)

    @rule(index=st.integers(0, 3), red=st.floats(0, 1))
    def add(self, index, red):
        before = self.document.state
        with self.document.edit("Add layer"):
            self.document.add_layer(Layer("Colour", SolidColour((red, 0.0, 0.0))), index)
        self.noted(before)

    @rule(index=st.integers(0, 5), opacity=st.floats(0, 1), x=st.integers(-50, 50), scale=st.floats(0.5, 2))
    def change(self, index, opacity, x, scale):
        before = self.document.state
        layer = before.layers[index % len(before.layers)]
        with self.document.edit("Change layer"):
            self.document.change_layer(layer.id, opacity=opacity, placement=Placement(x, 0, scale))
        self.noted(before)

    @rule(index=st.integers(0, 5), to=st.integers(0, 5))
    def reorder(self, index, to):
        before = self.document.state
        with self.document.edit("Move layer"):
            self.document.move_layer(before.layers[index % len(before.layers)].id, to)
        self.noted(before)

    @precondition(lambda self: len(self.document.state.layers) > 1)
    @rule(index=st.integers(0, 5))
    def remove(self, index):
        before = self.document.state
        layer = before.layers[index % len(before.layers)]
        if layer.id != before.subject:
            with self.document.edit("Remove layer"):
                self.document.remove_layer(layer.id)
            self.noted(before)

    @rule(times=st.integers(1, 4))
    def undo(self, times):
        for _ in range(times):
            if self.document.undo() is not None:
                self.at -= 1

    @rule(times=st.integers(1, 4))
    def redo(self, times):
        for _ in range(times):
            if self.document.redo() is not None:
                self.at += 1

    @invariant()
    def what_is_seen_is_what_was_then(self):
        assert same(frozen(self.document.state), self.copies[self.at])

    @invariant()
    def the_trimap_holds_labels_only(self):
        assert set(np.unique(self.document.state.trimap.to_array())) <= {0, UNMARKED, 128, 255}

    def teardown(self):
        if not hasattr(self, "document"):
            return
        while self.document.undo() is not None:
            pass
        assert same(frozen(self.document.state), self.copies[0])
        while self.document.redo() is not None:
            pass
        assert same(frozen(self.document.state), self.copies[-1])


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_photo_comes_back_from_the_document_to_the_bit(dtype):
    source = photo(dtype, alpha=True)
    state = Document.from_photo(source).state
    assert np.array_equal(state.subject_layer.content.to_array(), source.pixels)
    mask = state.subject_layer.mask.to_array()
    assert np.array_equal(mask if dtype == np.uint16 else mask // 257, source.alpha)
    assert (state.icc, state.exif, state.dtype) == (b"profile", b"exif", np.dtype(dtype))


def test_a_photo_without_alpha_gets_no_mask_and_an_unmarked_trimap():
    state = Document.from_photo(photo()).state
    assert state.subject_layer.mask is None
    assert (state.trimap.to_array() == UNMARKED).all()


def test_a_state_held_by_a_worker_does_not_change_while_the_user_paints_on():
    document = Document.from_photo(photo())
    held = document.state
    copy = frozen(held)
    with document.edit("Paint"):
        document.set_trimap(document.state.trimap.paste(0, 0, np.zeros((200, 200), np.uint8)))
        document.set_matte(Plane(WIDTH, HEIGHT, 1, np.uint16, 9), None)
    assert same(frozen(held), copy)


def test_the_subject_cannot_be_removed():
    document = Document.from_photo(photo())
    with pytest.raises(UserError) as caught:
        document.remove_layer(document.state.subject)
    assert caught.value.hint


def test_removing_the_active_layer_makes_the_subject_active():
    document = Document.from_photo(photo())
    layer = Layer("Colour", SolidColour())
    document.add_layer(layer, 0)
    assert document.state.active == layer.id
    document.remove_layer(layer.id)
    assert document.state.active == document.state.subject


def test_bytes_beside_counts_only_what_is_not_shared():
    document = Document.from_photo(photo())
    before = document.state
    document.change_layer(before.subject, opacity=0.5)
    assert document.state.bytes_beside(before) == 0
    document.set_trimap(document.state.trimap.paste(0, 0, np.zeros((3, 3), np.uint8)))
    assert document.state.bytes_beside(before) == 256 * 256
