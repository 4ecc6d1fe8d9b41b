"""``mattelier cutout`` without a trimap: who is cut out, by what, and what is said where nobody is found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import pytest

from editor import files
from editor.api import Engine, NobodyFoundError


@dataclass
class Reds(Engine):
    """What is red is somebody; whoever is not red is not there."""

    name: ClassVar[str] = "reds"
    title: ClassVar[str] = "Reds"
    licence: ClassVar[str] = "trained on research photos: research use"
    finds_trimap: ClassVar[bool] = True

    def run(self, image, trimap, progress, start=None):
        """Half where it is unknown."""
        return np.where(trimap == 128, np.float32(0.5), trimap.astype(np.float32) / 255)

    def find(self, image, progress):
        """By the red channel."""
        red = (image[..., 0] > 0.7) & (image[..., 2] < 0.3)
        if not red.any():
            raise NobodyFoundError("Nobody was found in this photo.", "Mark somebody.")
        grown = cv2.dilate(red.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        found = np.select([red, grown], [255, 128], 0).astype(np.uint8)
        return found, self.run(image, found, progress)


def with_engines(monkeypatch, *kinds: type[Engine]) -> None:
    """The program finds these beside its own, and none of its own that find people."""
    from editor import plugin_loader

    registry = plugin_loader.load_all()
    for name, kind in list(registry.engines.items()):
        if kind.finds_trimap:
            del registry.engines[name]
    registry.engines.update({kind.name: kind for kind in kinds})
    monkeypatch.setattr(plugin_loader, "load_all", lambda *args, **kwargs: registry)


@pytest.fixture
def reds(monkeypatch):
    with_engines(monkeypatch, Reds)


@pytest.fixture
def couple(tmp_path):
    """A large and a small red disc on a mottled green ground."""
    generator = np.random.default_rng(1)
    pixels = np.empty((150, 220, 3), np.uint8)
    pixels[:] = (30, 90, 40)
    pixels += generator.integers(0, 20, pixels.shape, dtype=np.uint8)
    y, x = np.mgrid[:150, :220]
    pixels[np.hypot(x - 70, y - 75) < 45] = (220, 40, 30)
    pixels[np.hypot(x - 180, y - 75) < 25] = (230, 50, 40)
    path = tmp_path / "two people.png"
    assert cv2.imwrite(str(path), pixels[..., ::-1])
    return path


@pytest.fixture
def alpha_of(registry):
    return lambda path: files.read_photo(path, registry.formats).alpha


def test_the_largest_is_cut_out_and_engine_licence_and_number_are_said(reds, mattelier, couple, alpha_of):
    outcome = mattelier("cutout", couple)
    assert outcome.code == 0, outcome.err
    assert "Reds, which chose the subject by itself" in outcome.out
    assert "trained on research photos" in outcome.out
    assert "2 people were found; this is the largest. Another: --at X,Y" in outcome.out
    alpha = alpha_of(couple.with_name("two people_cutout.png"))
    assert alpha[75, 70] == 255 and alpha[75, 180] == 0


def test_the_one_at_a_point_is_cut_out(reds, mattelier, couple, alpha_of):
    outcome = mattelier("cutout", couple, "--at", "185,70", "--json")
    assert outcome.code == 0, outcome.err
    alpha = alpha_of(couple.with_name("two people_cutout.png"))
    assert alpha[75, 70] == 0 and alpha[75, 180] == 255
    facts = json.loads(outcome.out)
    assert facts["found"] is True and "number 2 by size" in facts["notes"][0]


def test_a_point_beside_everybody_is_refused_with_what_to_do(reds, mattelier, couple):
    outcome = mattelier("cutout", couple, "--at", "5,5")
    assert outcome.code == 1
    assert "Nobody was found at 5, 5" in outcome.err and "--box X,Y,W,H" in outcome.err


def test_where_nobody_is_found_one_sentence_says_so_and_names_the_box(reds, mattelier, tmp_path):
    assert cv2.imwrite(str(tmp_path / "wall.png"), np.full((40, 60, 3), 120, np.uint8))
    outcome = mattelier("cutout", tmp_path / "wall.png")
    assert outcome.code == 1 and not (tmp_path / "wall_cutout.png").exists()
    assert "Nobody was found in this photo. Mark the subject with --trimap FILE" in outcome.err
    assert "--box X,Y,W,H" in outcome.err


def test_without_an_engine_that_finds_people_the_box_and_the_models_are_named(monkeypatch, mattelier, couple):
    with_engines(monkeypatch)
    outcome = mattelier("cutout", couple)
    assert outcome.code == 1
    assert "No engine here finds people by itself" in outcome.err
    assert "--box X,Y,W,H" in outcome.err and "models list" in outcome.err


def test_a_box_finds_the_subject_inside_it_and_the_best_trimap_engine_makes_its_matte(
    monkeypatch, mattelier, couple, alpha_of, registry
):
    with_engines(monkeypatch)
    words = ("--box", "125,40,85,72", "--engine", "closed-form", "--trimap-out", couple.with_name("t.png"), "--json")
    outcome = mattelier("cutout", couple, *words)
    assert outcome.code == 0, outcome.err
    alpha = alpha_of(couple.with_name("two people_cutout.png"))
    assert alpha[75, 180] == 255 and alpha[75, 70] == 0 and alpha[5, 5] == 0
    found = files.read_photo(couple.with_name("t.png"), registry.formats).pixels[..., 0]
    assert sorted(np.unique(found)) == [0, 128, 255]
    assert json.loads(outcome.out)["found"] is False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--box", "1,2,3"), "--box 1,2,3 is no x,y,w,h"),
        (("--box", "1,2,0,3"), "has no area"),
        (("--box", "210,140,10,10"), "the box. Draw the box round all of the subject"),
        (("--box", "0,0,220,150"), "The box takes in the whole photo. Draw the box"),
        (("--box", "900,900,10,10"), "The photo has 220 x 150 pixels"),
        (("--at", "left"), "--at left is no x,y"),
        (("--at", "220,3"), "The pixel 220, 3 lies beside the photo. The photo has 220 x 150 pixels"),
        (("--at", "nan,3"), "--at nan,3 is no x,y"),
        (("--at", "1,2", "--box", "1,2,3,4"), "--box and --at cannot go together"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_was_mistyped_is_named_before_anything_is_written(reds, mattelier, couple, words, said):
    outcome = mattelier("cutout", couple, *words)
    assert outcome.code == 1 and said in outcome.err
    assert [path.name for path in couple.parent.glob("*cutout*")] == []
