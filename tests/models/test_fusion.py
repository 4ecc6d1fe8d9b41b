"""Fusion around its network: the mattes it computes, their order, cancelling, and pieces that hold them."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from editor.demo import draw_demo
from models import fusion
from models.classical.classic import classic_matte, classic_stages
from models.classical.closed_form import closed_form_matte
from models.classical.knn import knn_matte
from models.classical.settling import settled_matte
from models.fusion import MATTES, SIGNS, expert_planes, fused, fused_matte
from tests.models.predictors import Blurring, silent, spec_of


class Choosing(Blurring):
    """Answers with one matte of its input, as it is; its pieces may not be larger than ``most_pixels``."""

    def __init__(self, plane: int, most_pixels: int = 1 << 20) -> None:
        facts = {"family": "fusion", "channels": 10, "looks_again": True, "stride": 8, "margin_px": 16}
        super().__init__(spec_of(**facts), most_pixels=most_pixels)
        self.plane = plane

    def predict(self, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        super().predict(inputs)
        plane = self.plane + inputs.shape[1] - self.spec.channels  # its own answer comes before the mattes
        return (inputs[:, plane : plane + 1],)


class LookingAgain(Choosing):
    """Answers half of the classic matte, and to that the half of it again."""

    def predict(self, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        super().predict(inputs)
        return (inputs[:, 4:5] / 2,)


@pytest.fixture(scope="module")
def case() -> tuple[np.ndarray, np.ndarray]:
    demo = draw_demo(120, 90)
    return demo.photo.pixels.astype(np.float32) / 255, demo.trimap


@pytest.fixture(scope="module")
def planes(case) -> np.ndarray:
    return expert_planes(*case, silent)


def test_the_mattes_stand_in_their_order(case, planes):
    image, trimap = case
    assert planes.shape == (len(MATTES) + len(SIGNS), *trimap.shape) and planes.dtype == np.float16
    found = {
        "classic": classic_matte(image, trimap),
        "closed form": closed_form_matte(image, trimap),
        "KNN": knn_matte(image, trimap),
        "sampled": classic_stages(image, trimap).sampled,
    }
    for name, matte in found.items():
        assert np.abs(planes[MATTES.index(name)] - matte).max() < 0.01, name


def test_the_signs_are_sure_where_the_trimap_is_known_and_doubt_elsewhere(case, planes):
    known = case[1] != 128
    assert (planes[4:][:, known] == 1).all()
    assert planes.min() >= 0 and planes.max() <= 1
    assert planes[4][~known].min() < 0.9 and planes[5][~known].min() < 0.9


def test_known_pixels_are_kept_in_every_matte(case, planes):
    trimap = case[1]
    assert (planes[:4][:, trimap == 0] == 0).all() and (planes[:4][:, trimap == 255] == 1).all()


@pytest.mark.parametrize("plane", range(4))
def test_the_network_sees_the_mattes_after_the_trimap(case, planes, plane):
    alpha = fused(Choosing(4 + plane), *case, planes, silent)
    assert np.abs(alpha - planes[plane]).max() < 1e-3


def test_the_network_is_shown_its_own_answer_and_answers_again(case, planes):
    network = LookingAgain(4)
    alpha = fused(network, *case, planes, silent)
    assert {shape[1] for shape in network.seen} == {10, 11}
    unknown = case[1] == 128
    assert np.abs(alpha - planes[0] / 4)[unknown].max() < 1e-3 and np.array_equal(alpha == 1, case[1] == 255)


def test_pieces_give_what_the_whole_gives(case, planes):
    whole, small = Choosing(4), Choosing(4, most_pixels=64 * 64)
    answers = [fused(network, *case, planes, silent) for network in (whole, small)]
    assert len(small.seen) > len(whole.seen) and set(small.wholes) == {None}
    assert np.abs(answers[0] - answers[1]).max() < 1e-3


@pytest.mark.parametrize("limit", ["AT_ONCE", "LARGEST_AT_ONCE"])
def test_few_unknown_pixels_are_matted_by_two_methods_at_once_to_the_same_planes(case, planes, monkeypatch, limit):
    threads: list[str] = []

    def knn(*words: object) -> np.ndarray:
        threads.append(threading.current_thread().name)
        return knn_matte(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(fusion, "knn_matte", knn)
    assert np.array_equal(expert_planes(*case, silent), planes)
    monkeypatch.setattr(fusion, limit, 0)
    assert np.array_equal(expert_planes(*case, silent), planes)
    here = threading.current_thread().name
    assert [name == here for name in threads] == [False, True]


@pytest.mark.parametrize("at_once", [0, fusion.AT_ONCE])
def test_it_tells_what_it_does_and_never_goes_back(case, monkeypatch, at_once):
    monkeypatch.setattr(fusion, "AT_ONCE", at_once)
    told: list[tuple[float, str]] = []
    fused_matte(Choosing(4), *case, lambda fraction, text: told.append((fraction, text)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    words = " ".join(text for _, text in told)
    assert all(part in words for part in ("Sampling", "Closed form", "Piece 1", "Settling"))
    assert at_once or "KNN" in words  # beside another it is named only where it takes longer


def test_what_the_network_answers_is_settled(case, planes):
    weighed = fused(Choosing(4), *case, planes, silent)
    found = fused_matte(Choosing(4), *case, silent)
    assert np.array_equal(found, settled_matte(*case, weighed, silent)) and not np.array_equal(found, weighed)


@pytest.mark.parametrize("at_once", [0, fusion.AT_ONCE])
@pytest.mark.parametrize("share", [0.1, 0.4, 0.65, 0.85, 0.97])
def test_it_can_be_cancelled_at_every_stage(case, monkeypatch, share, at_once):
    monkeypatch.setattr(fusion, "AT_ONCE", at_once)

    def cancel(fraction: float, text: str) -> None:
        if fraction >= share:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fused_matte(Choosing(4), *case, cancel)


def test_marks_of_one_side_alone_are_refused_with_a_sentence(case):
    image, trimap = case
    with pytest.raises(ValueError, match="marks no background"):
        fused_matte(Choosing(4), image, np.maximum(trimap, np.uint8(128)), silent)


def test_a_generous_memory_makes_no_piece_that_a_cancel_would_wait_for(case, planes):
    network = Choosing(4)
    network.spec = replace(network.spec, cpu_pixels=64 * 64)
    fused(network, *case, planes, silent, limit_bytes=1 << 40)
    assert len(network.seen) > 1 and all(shape[2] * shape[3] <= 64 * 64 for shape in network.seen)
