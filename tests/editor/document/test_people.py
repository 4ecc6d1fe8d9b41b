"""Who is who in a trimap, and how a matte comes to show one of several people."""

from __future__ import annotations

import numpy as np
import pytest

from editor.document import matte, trimap
from editor.document.document import Document, Photo
from editor.document.people import people_in
from editor.errors import NobodyFoundError

SHAPE = (200, 300)


def disc(x: float, y: float, radius: float) -> np.ndarray:
    """A disc of foreground in a band of unknown, six pixels wide."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    away = np.hypot(columns - x, rows - y)
    return np.select([away < radius - 6, away < radius], [255, 128], 0).astype(np.uint8)


def together(*parts: np.ndarray) -> np.ndarray:
    return np.max(parts, axis=0)


THREE = together(disc(60, 100, 30), disc(160, 100, 50), disc(260, 100, 38))


def test_people_are_counted_and_the_largest_comes_first():
    people = people_in(THREE)
    assert people.count == 3
    assert people.at(160, 100) == 1 and people.at(260.9, 100) == 2 and people.at(60, 100) == 3
    assert people.at(60, 128.5) == 3, "the unknown band is theirs"
    assert people.at(110, 5) == 0 and people.at(-1, 100) == 0 and people.at(300, 100) == 0


def test_people_who_touch_by_their_unknown_band_alone_stay_one():
    touching = together(disc(100, 100, 40), disc(177, 100, 40))
    assert people_in(touching).count == 1
    assert people_in(together(disc(100, 100, 40), disc(185, 100, 40))).count == 2


def test_a_strand_beside_a_person_is_theirs_and_a_speck_far_away_is_nobodys():
    strand, speck = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    strand[98:102, 113:118] = 128
    speck[10:14, 280:284] = 255
    people = people_in(together(disc(60, 100, 50), strand, speck))
    assert people.count == 1
    assert people.at(115, 100) == 1 and people.at(282, 12) == 0


def test_only_one_person_is_left_of_trimap_and_alpha():
    people = people_in(THREE)
    alpha = (THREE / 255).astype(np.float32)
    marks, theirs = people.only(2, THREE, alpha)
    assert np.array_equal(marks, disc(260, 100, 38))
    assert theirs.dtype == np.float32 and theirs[100, 260] == 1 and theirs[100, 160] == 0


def test_without_foreground_there_is_nobody():
    assert people_in(np.full(SHAPE, 128, np.uint8)).count == 0
    assert people_in(np.zeros(SHAPE, np.uint8)).count == 0


def test_of_more_people_than_can_be_numbered_the_largest_are_kept():
    crowd = np.zeros((400, 400), np.uint8)
    crowd[::20, ::20] = crowd[1::20, ::20] = 255
    crowd[6:12, 4:12] = 255
    people = people_in(crowd)
    assert people.count == 250 and people.at(5, 7) == 1


class Crowd:
    """Finds the three, half opaque where unknown; counts how often it was asked."""

    title = "Crowd"
    finds_trimap = True

    def __init__(self, found: np.ndarray = THREE) -> None:
        self.found, self.asked = found, []

    def find(self, image, progress):
        self.asked.append("find")
        progress(1.0, "found")
        return self.found, self.run(image, self.found, progress)

    def run(self, image, marks, progress, start=None):
        self.asked.append("run")
        progress(1.0, "done")
        return np.where(marks == 128, np.float32(0.5), marks.astype(np.float32) / 255)

    def device(self) -> str:
        return "CPU"


def quiet(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def document() -> Document:
    generator = np.random.default_rng(5)
    return Document.from_photo(Photo(generator.integers(0, 256, (*SHAPE, 3), dtype=np.uint8)))


def shown(document: Document, result: matte.MatteResult) -> np.ndarray:
    """The trimap after the result was taken over."""
    with document.edit("Matte"):
        matte.take_over(document, result)
    return document.state.trimap.to_array()


def test_a_matte_shows_the_largest_person_unless_a_point_says_otherwise(document):
    largest = matte.run_matting(document.state, Crowd(), quiet)
    assert largest.person == 1 and np.array_equal(shown(document, largest), disc(160, 100, 50))
    mask = document.state.subject_layer.mask.to_array()
    assert mask[100, 160] == 65535 and mask[100, 260] == 0
    document.undo()
    pointed = matte.run_matting(document.state, Crowd(), quiet, at=(262.0, 90.0))
    assert pointed.person == 2 and np.array_equal(shown(document, pointed), disc(260, 100, 38))


def test_a_point_beside_everybody_is_said_to_be(document):
    with pytest.raises(NobodyFoundError, match="Nobody was found at 110, 5; elsewhere 3 people were"):
        matte.run_matting(document.state, Crowd(), quiet, at=(110, 5))


def test_foreground_that_is_marked_says_who_is_meant_and_holds(document):
    own = document.state.trimap.paste(50, 90, np.full((4, 20), 255, np.uint8))
    document.set_trimap(own.paste(20, 150, np.full((4, 4), 255, np.uint8)))
    result = matte.run_matting(document.state, Crowd(), quiet)
    assert result.person == 3
    marks = shown(document, result)
    assert marks[152, 22] == 255 and marks[100, 160] == 0 and marks[100, 75] == 255


def test_another_person_is_taken_without_looking_again(document):
    engine = Crowd()
    result = matte.run_matting(document.state, engine, quiet)
    shown(document, result)
    asked = len(engine.asked)
    other = matte.another_person(document.state, engine, result.found, 3, quiet)
    assert len(engine.asked) == asked
    assert other.person == 3
    with document.edit("Another"):
        document.set_trimap(other.trimap)
    assert np.array_equal(document.state.trimap.to_array(), disc(60, 100, 30))
    assert other.mask.to_array()[100, 60] == 65535 and other.mask.to_array()[100, 160] == 0


def test_progress_rises_when_marks_make_the_engine_be_asked_again(document):
    own = document.state.trimap.paste(50, 20, np.full((4, 20), 128, np.uint8))
    document.set_trimap(own)
    seen: list[float] = []
    engine = Crowd()
    matte.run_matting(document.state, engine, lambda share, text: seen.append(share))
    assert engine.asked == ["find", "run", "run"]
    assert seen == sorted(seen) and seen[-1] == 1


def test_an_engine_that_finds_no_foreground_has_found_nobody(document):
    with pytest.raises(NobodyFoundError, match="Nobody was found"):
        matte.run_matting(document.state, Crowd(np.full(SHAPE, 128, np.uint8)), quiet)


def test_marks_made_meanwhile_lie_over_the_person_found(document):
    result = matte.run_matting(document.state, Crowd(), quiet)
    document.set_trimap(trimap.empty(*SHAPE[::-1]).paste(0, 0, np.full((5, 5), 255, np.uint8)))
    assert shown(document, result)[2, 2] == 255
