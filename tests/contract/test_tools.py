"""Every registered tool keeps the promises of ``editor.api.Tool``, whoever wrote it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from editor.api import Document, Photo, PointerEvent, Ring, Shape, Tool, check_params, params_of
from editor.document.document import DocumentState
from editor.document.tiles import Plane
from editor.plugin_loader import load_all

TOOLS = load_all().tools
CHANGING = {name: tool for name, tool in TOOLS.items() if tool.space != "view"}
WIDTH, HEIGHT = 300, 280
PATH = ((60.0, 60.0), (120.5, 70.25), (180.0, 140.0), (150.0, 200.0))


def make_document() -> Document:
    """A photo with a disc marked foreground, a band round it and the rest background, and a soft matte to match."""
    generator = np.random.default_rng(3)
    document = Document.from_photo(Photo(generator.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(x - 140, y - 130)
    marks = np.select([distance < 50, distance < 80], [255, 128], 0).astype(np.uint8)
    marks[:10] = 1
    alpha = np.rint(np.clip((80 - distance) / 30, 0, 1) * 65535).astype(np.uint16)
    document.set_trimap(Plane.from_array(marks, 1, labels=True))
    document.set_matte(Plane.from_array(alpha), document.state.subject_layer.content)
    return document


def pixels_of(state: DocumentState) -> dict[str, np.ndarray]:
    """All planes as arrays."""
    return {name: plane.to_array() for name, plane in state.planes().items()}


def same_values(a: DocumentState, b: DocumentState) -> bool:
    """True when nothing that a user could see differs, pixels or layers' settings."""
    bare = [[replace(layer, content=None, mask=None, foreground=None) for layer in state.layers] for state in (a, b)]
    first, second = pixels_of(a), pixels_of(b)
    return bare[0] == bare[1] and all(np.array_equal(first[name], second[name]) for name in first | second)


def gesture(tool: Tool, document: Document, **held: bool) -> None:
    """Press, move along a path, release."""
    events = [PointerEvent(x, y, pressure=0.8, **held) for x, y in PATH]
    tool.press(document, events[0])
    for event in events[1:]:
        tool.move(document, event)
    tool.release(document, events[-1])


def settings() -> list[object]:
    """Every tool that changes the document, at its defaults and with each of its choices."""
    cases = []
    for name, kind in CHANGING.items():
        cases.append(pytest.param(kind, {}, id=name))
        for key, (_, fact) in params_of(kind).items():
            cases += [pytest.param(kind, {key: choice}, id=f"{name}-{choice}") for choice in fact.choices]
    return cases


def makes_no_step(tool: Tool) -> bool:
    """True for a tool that has left its work to a job (see ``SelectionTool.pending``)."""
    return getattr(tool, "pending", None) is not None


@pytest.mark.parametrize(("kind", "values"), settings())
@pytest.mark.parametrize("held", [{}, {"shift": True}, {"alt": True}, {"right": True}, {"erase": True}], ids=str)
def test_a_gesture_is_one_step_that_undo_and_redo_take_back_and_forth_to_the_bit(kind, values, held):
    document = make_document()
    tool = kind(**values)
    before, steps = document.state, len(document.history._done)
    gesture(tool, document, **held)
    after = document.state
    made = len(document.history._done) - steps
    changed = not same_values(before, after)
    assert made == (1 if changed else 0)
    assert changed or makes_no_step(tool) or held or values, "a gesture of the default tool does nothing"
    if changed:
        assert document.history.undo_label
        document.undo()
        assert same_values(document.state, before)
        document.redo()
        assert same_values(document.state, after)


@pytest.mark.parametrize(("kind", "values"), settings())
def test_cancel_in_the_middle_leaves_every_pixel_as_it_was(kind, values):
    document = make_document()
    tool, before = kind(**values), document.state
    pixels = pixels_of(before)
    tool.press(document, PointerEvent(*PATH[0]))
    tool.move(document, PointerEvent(*PATH[1]))
    assert tool.working()
    tool.cancel(document)
    assert not tool.working()
    assert document.state is before
    assert all(np.array_equal(pixels[name], array) for name, array in pixels_of(document.state).items())
    assert document.history.undo_label is None


@pytest.mark.parametrize("name", CHANGING)
def test_the_states_before_a_gesture_are_not_written_to(name):
    document = make_document()
    before = document.state
    pixels = pixels_of(before)
    gesture(CHANGING[name](), document)
    assert all(np.array_equal(pixels[key], array) for key, array in pixels_of(before).items())


@pytest.mark.parametrize("name", TOOLS)
def test_a_gesture_that_leaves_the_photo_harms_nothing(name):
    document = make_document()
    tool = TOOLS[name]()
    far = [(-500.0, 40.0), (900.0, -3000.0), (WIDTH + 0.0, HEIGHT + 0.0), (1e5, 1e5)]
    tool.press(document, PointerEvent(*far[0]))
    for x, y in far[1:]:
        tool.move(document, PointerEvent(x, y))
    tool.release(document, PointerEvent(*far[-1]))
    assert not tool.working()
    assert document.state.trimap.to_array().shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize("name", TOOLS)
def test_moving_releasing_or_cancelling_without_a_press_does_nothing(name):
    document = make_document()
    tool, before = TOOLS[name](), document.state
    tool.move(document, PointerEvent(50, 50))
    tool.release(document, PointerEvent(50, 50))
    tool.cancel(document)
    assert document.state is before
    assert document.history.undo_label is None


@pytest.mark.parametrize("name", TOOLS)
def test_its_defaults_are_valid_and_it_says_who_it_is(name):
    kind = TOOLS[name]
    check_params(kind())
    assert kind.name == name
    assert kind.title
    assert kind.icon
    assert kind.space in ("photo", "canvas", "view")
    assert kind.group in ("mark", "matte", "layer", "view")
    assert all(fact.label for _, fact in params_of(kind).values())


def test_no_two_tools_share_a_key_or_a_place_in_the_column():
    for facts in ([kind.key for kind in TOOLS.values() if kind.key], [kind.order for kind in TOOLS.values()]):
        assert len(facts) == len(set(facts))


@pytest.mark.parametrize("name", TOOLS)
def test_its_preview_holds_rings_and_shapes_and_changes_nothing(name):
    document = make_document()
    tool, before = TOOLS[name](), document.state
    for x, y in (*PATH, (-40.0, 5.0), (WIDTH + 7.0, HEIGHT / 2)):
        marks = tool.preview(document, PointerEvent(x, y))
        assert all(isinstance(mark, (Ring, Shape)) for mark in marks)
    assert document.state is before


@pytest.mark.parametrize("name", TOOLS)
def test_a_key_it_does_not_know_is_left_to_the_window(name):
    document = make_document()
    tool, before = TOOLS[name](), document.state
    assert tool.press_key(document, "F12") is False
    assert document.state is before


@pytest.mark.parametrize("name", CHANGING)
def test_keys_leave_the_settings_within_their_ranges(name):
    tool = CHANGING[name]()
    document = make_document()
    for key in [*"1234XxDd", *("]" * 60), *("[" * 120), *("}" * 12), *("{" * 25)]:
        tool.press_key(document, key)
        check_params(tool)
