"""Photos of people shown ever differently: registers, shapes, people put elsewhere, and what is kept back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training import edges, people
from models.training.datasets import open_source
from models.training.ordering import Order
from models.training.people import Portrait
from models.training.run_folder import RunFolder

WIDTH, HEIGHT = 64, 96


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def portrait(bottom: bool = True) -> Portrait:
    """A green body before red ground, standing on the lower border or free."""
    alpha = np.zeros((120, 90), np.uint8)
    alpha[40 : 120 if bottom else 100, 30:60] = 255
    colours = np.where(alpha[..., None] > 0, (20, 200, 30), (200, 30, 20)).astype(np.uint8)
    return Portrait(colours, alpha, False, False, False, bottom)


def ground(colour: tuple[int, int, int] = (30, 40, 220)) -> Portrait:
    alpha = np.zeros((100, 100), np.uint8)
    alpha[30:, 40:60] = 255
    colours = np.where(alpha[..., None] > 0, (250, 250, 250), colour).astype(np.uint8)
    return Portrait(colours, alpha, False, False, False, True)


@pytest.mark.parametrize("seed", range(8))
def test_a_window_keeps_colours_and_matte_in_register(seed):
    image, alpha = people.window(rng(seed), portrait(), WIDTH, HEIGHT)
    assert image.shape == (HEIGHT, WIDTH, 3) and alpha.shape == (HEIGHT, WIDTH)
    assert (image[alpha == 255][:, 1] > 190).all() and (image[alpha == 0][:, 0] > 190).all()


@pytest.mark.parametrize("seed", range(8))
def test_somebody_who_is_moved_stands_before_the_other_photo_alone(seed):
    image, alpha = people.moved(rng(seed), portrait(), ground(), WIDTH, HEIGHT)
    green, red, blue = (image[..., channel].astype(int) for channel in (1, 0, 2))
    assert (green[alpha == 255] > blue[alpha == 255]).all()
    behind = alpha == 0
    assert (blue[behind] > red[behind]).mean() > 0.9  # neither the own ground nor the other's white person


@pytest.mark.parametrize("seed", range(8))
def test_somebody_cut_off_at_the_bottom_does_not_float(seed):
    _, alpha = people.moved(rng(seed), portrait(bottom=True), ground(), WIDTH, HEIGHT)
    assert not alpha.any() or alpha[-1].any()


def test_a_photo_without_its_person_shows_its_ground_everywhere():
    made = people.without_person(rng(3), ground(), WIDTH, HEIGHT)
    assert np.abs(made.astype(int) - (30, 40, 220)).max() < 25


def test_colours_change_and_stay_bytes_of_one_picture():
    image = people.window(rng(0), portrait(), WIDTH, HEIGHT)[0]
    made = [people.recoloured(rng(seed), image) for seed in range(30)]
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in made)
    assert any((one[..., 0] == one[..., 1]).all() and (one[..., 1] == one[..., 2]).all() for one in made)  # grey
    assert len({one.tobytes() for one in made}) == 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    place.mkdir()
    for number in range(12):
        one = portrait(bottom=number % 2 == 0)
        cv2.imwrite(str(place / f"p{number:02}.jpg"), np.roll(one.colours[..., ::-1], number, axis=1))
        cv2.imwrite(str(place / f"p{number:02}.png"), np.roll(one.alpha, number, axis=1))
    return place


def test_steps_take_their_shape_and_the_first_ones_smaller_pictures(folder, tmp_path, recipe_of):
    settings = {"crop_px": 96, "first_px": 64, "first_steps": 5, "batch": 3}
    source = open_source(recipe_of(data="portraits", augmentation="people", **settings), folder, None, tmp_path / "m")
    shapes = [source.example(number).alpha.shape for number in range(30)]
    steps = [set(shapes[start : start + 3]) for start in range(0, 30, 3)]
    assert all(len(step) == 1 for step in steps)
    assert [sum(step.pop()) for step in steps] == [128] * 5 + [192] * 5
    assert len(set(shapes)) > 2


def test_an_example_is_a_function_of_its_number_and_a_trimap_agrees_with_its_matte(folder, tmp_path, recipe_of):
    recipe = recipe_of(data="portraits", augmentation="people", crop_px=64)
    one, other = (open_source(recipe, folder, None, tmp_path / "m") for _ in range(2))
    other.example(3)
    for number in (7, 2):
        made, again = one.example(number), other.example(number)
        assert np.array_equal(made.image, again.image) and np.array_equal(made.trimap, again.trimap)
        assert (made.alpha[made.trimap == 255] > 0.97).all() and (made.alpha[made.trimap == 0] < 0.03).all()


def test_photos_kept_back_are_judged_whole_in_their_own_shape(folder, tmp_path, recipe_of):
    source = open_source(recipe_of(data="portraits", augmentation="people", crop_px=128), folder, None, tmp_path / "m")
    assert [example.alpha.shape for example in source.held_out(1)] == [(128, 96)]


def test_edges_are_windows_about_the_edge_with_drawn_hair_over_half_of_them(folder, tmp_path, recipe_of, monkeypatch):
    drawn = []
    real = edges.draw_sample
    monkeypatch.setattr(edges, "draw_sample", lambda *args, **more: drawn.append(real(*args, **more)) or drawn[-1])
    recipe = recipe_of(data="portraits", augmentation="edges", crop_px=64)
    source = open_source(recipe, folder, None, tmp_path / "m")
    with_hair = 0
    for number in range(12):
        known = len(drawn)
        example = source.example(number)
        assert example.alpha.shape == (64, 64) and (example.trimap == 128).any()
        assert (example.alpha[example.trimap == 255] > 0.97).all() and (example.alpha[example.trimap == 0] < 0.03).all()
        for sample in drawn[known:]:
            with_hair += 1
            covered = [(example.alpha >= hair - 1e-4).all() for hair in (sample.alpha, sample.alpha[:, ::-1])]
            assert any(covered)
    assert 2 < with_hair < 10
    assert len(source.held_out(2)) == 2


def test_photos_of_rare_kinds_come_oftener_and_those_kept_back_never(tmp_path):
    files = [Path(f"a_{number}.jpg") for number in range(40)] + [Path(f"b_{number}.jpg") for number in range(5)]
    times = people.times_of(files)
    assert times == [1] * 40 + [3] * 5
    order = Order(45, 1, most_kept=4, times=times)
    one_round = Counter(order.place(number) for number in range(len(order.learnt)))
    assert {place: times[place] for place in one_round} == one_round
    assert not set(one_round) & set(order.judged) and len(order.judged) == 4


def test_samples_of_different_shapes_are_shown_below_each_other(tmp_path):
    RunFolder(tmp_path).show_samples(3, [np.ones((8, 12, 3), np.float32), np.ones((4, 6, 3), np.float32)])
    sheet = cv2.imread(str(tmp_path / "samples" / "step-00000003.png"))
    assert sheet.shape == (12, 12, 3) and (sheet[:8] == 255).all() and (sheet[8:, :6] == 255).all()
    assert (sheet[8:, 6:] == 0).all()
