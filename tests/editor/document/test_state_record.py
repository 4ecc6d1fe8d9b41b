"""A record that anyone may have written: what makes no sense is refused, not drawn."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from editor.document.document import Document, Photo
from editor.document.layer import Gradient, Layer
from editor.document.state_record import from_record, to_record
from editor.document.tiles import Plane
from editor.errors import UserError


def recorded() -> tuple[dict[str, Any], dict[str, Plane]]:
    """The record of a small document with two layers, through JSON, and its planes by name."""
    document = Document.from_photo(Photo(np.full((20, 30, 3), 90, np.uint8)))
    document.add_layer(Layer("Gradient", Gradient()))
    planes: dict[str, Plane] = {}

    def refer(name: str, plane: Plane) -> str:
        planes[name] = plane
        return name

    return json.loads(json.dumps(to_record(document.state, refer))), planes


def test_what_was_recorded_comes_back() -> None:
    record, planes = recorded()
    state = from_record(record, planes.__getitem__, None, None, None)
    assert (state.width, state.height, len(state.layers)) == (30, 20, 2)
    assert state.layers[1].content == Gradient()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("width",), True), (("width",), 0), (("height",), 20.0), (("dtype",), "float32"),
        (("layers", 0, "opacity"), 7), (("layers", 0, "opacity"), -0.1), (("layers", 0, "opacity"), True),
        (("layers", 0, "decontaminate"), 5), (("layers", 0, "decontaminate"), "1"), (("layers", 0, "blend"), "burn"),
        (("layers", 0, "placement"), [0, 0, 0]), (("layers", 0, "placement"), [float("nan"), 0, 1]),
        (("layers", 1, "content"), {"colour": [5, -1, 0]}), (("layers", 1, "content"), {"colour": [1, 1]}),
        (("notes",), [1]), (("subject",), "nobody"),
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused(place: tuple[Any, ...], value: Any) -> None:
    record, planes = recorded()
    inner: Any = record
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(UserError):
        from_record(record, planes.__getitem__, None, None, None)
