"""Folders in each layout give examples; what cannot be used is named and left out."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training import datasets, folders, soft_masks
from models.training.batch import Example
from models.training.datasets import DrawnSource, open_source, spread_colours
from models.training.folders import find
from models.training.soft_masks import band, is_hard

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "train"


def disk(rows: float = 40, soft: float = 6) -> np.ndarray:
    y, x = np.mgrid[:80, :90]
    return np.clip((22 - np.hypot(y - rows, x - 45)) / soft + 0.5, 0, 1)


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.round(255 * picture).astype(np.uint8)
    assert cv2.imwrite(str(path), levels if picture.ndim == 2 else levels[..., [2, 1, 0, 3][: picture.shape[2]]])


def colours(seed: int) -> np.ndarray:
    return np.broadcast_to(np.random.default_rng(seed).random(3), (80, 90, 3))


@pytest.fixture
def adobe(tmp_path) -> Path:
    for number in range(3):
        write(tmp_path / "data" / "fg" / f"{number}.png", colours(number))
        write(tmp_path / "data" / "alpha" / f"{number}.png", disk(30 + 5 * number))
    write(tmp_path / "behind" / "a" / "one.jpg", colours(9))
    return tmp_path / "data"


def opened(recipe, data, backgrounds=None):
    return open_source(recipe, data, backgrounds, (data or Path()).parent / "cache")


@pytest.mark.parametrize("augmentation", ["indexnet", "a2u"])
def test_the_adobe_layout_is_composed_on_the_fly(adobe, recipe_of, augmentation):
    recipe = recipe_of(data="adobe", augmentation=augmentation, crop_px=32)
    source = opened(recipe, adobe, adobe.parent / "behind")
    example = source.example(5)
    assert example.image.shape == (32, 32, 3) and example.trimap.shape == example.alpha.shape == (32, 32)
    made = example.alpha[..., None] * example.foreground + (1 - example.alpha[..., None]) * example.background
    assert not example.pseudo and np.allclose(example.image, made, atol=1e-6)
    again = pickle.loads(pickle.dumps(opened(recipe, adobe, adobe.parent / "behind"))).example(5)
    assert np.array_equal(example.image, again.image) and np.array_equal(example.trimap, again.trimap)
    assert not np.array_equal(example.image, source.example(6).image)


def test_backgrounds_are_drawn_where_there_are_none_and_found_beside_the_data(adobe, recipe_of):
    recipe = recipe_of(data="adobe", augmentation="indexnet", crop_px=32)
    drawn = opened(recipe, adobe).example(0).background
    assert drawn.std() > 0
    write(adobe / "Backgrounds" / "white.png", np.ones((50, 50, 3)))
    assert (opened(recipe, adobe).example(0).background == 1).all()


def test_composed_images_whose_alpha_holds_no_more_say_so(adobe, recipe_of, monkeypatch):
    recipe = recipe_of(data="adobe", augmentation="indexnet", strong="af+afb+ac", crop_px=32)
    source = opened(recipe, adobe)
    for kind, pseudo in (("", False), ("linear", False), ("region", True)):
        monkeypatch.setattr(datasets.strong, "change_composed", lambda r, s, b, image, kind=kind: (image, kind))
        example = source.example(1)
        assert example.pseudo is pseudo


def test_recipes_with_strong_augmentation_are_judged_by_the_same_pictures_as_those_without(adobe, recipe_of):
    judged, learnt = [], []
    for strong in ("none", "af+afb+ac", "da+alpha"):
        source = opened(recipe_of(data="adobe", augmentation="indexnet", strong=strong, crop_px=32), adobe)
        judged.append(np.stack([example.image for example in source.held_out(4)]))
        learnt.append(np.stack([source.example(number).image for number in range(8)]))
    assert np.array_equal(judged[0], judged[1]) and np.array_equal(judged[0], judged[2])
    assert not np.array_equal(learnt[0], learnt[1]) and not np.array_equal(learnt[0], learnt[2])


def test_the_toy_experiment_changes_the_image_alike_and_alpha_only_where_it_is_asked_to(adobe, recipe_of):
    def made(strong):
        source = opened(recipe_of(data="adobe", augmentation="indexnet", strong=strong, crop_px=32), adobe)
        return [source.example(number) for number in range(8)]

    plain, kept, alike = (made(strong) for strong in ("none", "da", "da+alpha"))
    touched = [not np.array_equal(a.image, b.image) for a, b in zip(plain, kept, strict=True)]
    assert 0 < sum(touched) < 8
    for a, b, c, changed in zip(plain, kept, alike, touched, strict=True):
        assert np.array_equal(b.image, c.image) and np.array_equal(a.trimap, c.trimap)
        assert np.array_equal(a.alpha, b.alpha) and np.array_equal(b.alpha, c.alpha) is not changed


def test_cut_outs_have_their_colours_continued_to_where_they_are_clear(tmp_path, recipe_of):
    alpha = disk()
    front = np.where(alpha[..., None] > 0.1, 0.8, 0.0) * np.array([1, 0.5, 0.25])
    write(tmp_path / "cut" / "a.png", np.dstack([front, alpha]))
    example = opened(recipe_of(data="cutouts", augmentation="indexnet", crop_px=32), tmp_path / "cut").example(0)
    assert np.allclose(example.foreground, np.array([0.8, 0.4, 0.2]), atol=0.01)
    spread = spread_colours(np.float32(front), np.float32(alpha))
    assert np.allclose(spread[0, 0], spread[40, 45])


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG with an EXIF block that holds its orientation alone."""
    entry = (0x0112).to_bytes(2) + (3).to_bytes(2) + (1).to_bytes(4) + orientation.to_bytes(2) + b"\0\0"
    exif = b"Exif\0\0MM\0*" + (8).to_bytes(4) + (1).to_bytes(2) + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + jpeg[2:]


def test_photos_stand_upright_as_their_exif_says(tmp_path):
    write(tmp_path / "a.jpg", np.linspace(0, 1, 40)[None, :, None] * np.ones((20, 1, 3)))
    lying = folders.read_colours(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(with_orientation((tmp_path / "a.jpg").read_bytes(), 6))
    assert np.array_equal(folders.read_colours(tmp_path / "a.jpg"), np.rot90(lying, -1))


def test_pictures_of_every_kind_are_read(tmp_path):
    ramp = np.linspace(0, 1, 30)[None, :] * np.ones((20, 1))
    write(tmp_path / "grey.png", ramp)
    write(tmp_path / "opaque.png", np.dstack([ramp, ramp, ramp, np.ones_like(ramp)]))
    write(tmp_path / "clear.png", np.dstack([np.ones_like(ramp)] * 3 + [ramp]))
    assert cv2.imwrite(str(tmp_path / "deep.tif"), np.round(ramp * 65535).astype(np.uint16))
    for name in ("grey.png", "opaque.png", "clear.png", "deep.tif"):
        assert np.allclose(folders.read_alpha(tmp_path / name), ramp, atol=0.003), name
    assert folders.read_colours(tmp_path / "deep.tif").shape == (20, 30, 3)
    assert np.abs(folders.read_alpha(tmp_path / "deep.tif") - ramp).max() < 1e-4
    with pytest.raises(folders.UnreadableError, match=r"opaque\.png has no transparency"):
        folders.read_cut_out(tmp_path / "opaque.png")
    assert cv2.imwrite(str(tmp_path / "float.tif"), ramp.astype(np.float32))
    with pytest.raises(folders.UnreadableError, match="not of 8 or 16 bits"):
        folders.read_colours(tmp_path / "float.tif")


def test_partners_are_found_however_a_system_writes_an_umlaut(tmp_path):
    write(tmp_path / "fg" / "gr\u00fcn.png", colours(1))
    write(tmp_path / "alpha" / "gru\u0308n.png", disk())
    assert len(find(tmp_path, "adobe").pairs) == 1


def test_files_that_cannot_be_read_are_named_once_and_others_stand_in(adobe, recipe_of):
    (adobe / "fg" / "1.png").write_bytes(b"no picture")
    write(adobe / "alpha" / "2.png", np.zeros((80, 90)))
    write(adobe / "fg" / "4.png", colours(4))
    source = opened(recipe_of(data="adobe", augmentation="indexnet", crop_px=32), adobe)
    for number in range(8):
        assert source.example(number).alpha.any()
    assert sorted(source.skipped) == [
        "1.png is damaged or no picture",
        "2.png shows nothing to cut out",
        "fg/4.png has no partner",
    ]
    write(adobe / "alpha" / "0.png", np.zeros((8, 9)))
    source = opened(recipe_of(data="adobe", augmentation="indexnet", crop_px=32), adobe)
    with pytest.raises(ValueError, match=r"None of the 3 files can be read\. The last: \d\.png"):
        source.example(0)
    assert "0.png and its matte are of different sizes" in source.skipped


@pytest.mark.parametrize("layout", ["adobe", "pairs", "cutouts", "portraits"])
def test_an_empty_folder_says_what_it_must_hold(tmp_path, layout):
    with pytest.raises(ValueError, match=r"nothing to train on in .*It must hold [a-zA-Z/.]+"):
        find(tmp_path, layout)
    with pytest.raises(ValueError, match="There is no folder"):
        find(tmp_path / "gone", layout)


def test_a_folder_without_a_single_pair_counts_what_is_alone(tmp_path):
    for name in ("a.jpg", "b.png", "c.jpg"):
        write(tmp_path / name, colours(1))
    with pytest.raises(ValueError, match=r"3 files have no partner, such as .*a\.jpg has no partner"):
        find(tmp_path, "portraits")


def test_folders_and_settings_that_do_not_go_together_are_told(tmp_path, recipe_of, adobe):
    with pytest.raises(ValueError, match=r"needs data\. Name their folder with --data"):
        opened(recipe_of(data="adobe", augmentation="a2u"), None)
    with pytest.raises(ValueError, match=r"no folder .*--backgrounds"):
        opened(recipe_of(data="adobe", augmentation="a2u"), adobe, tmp_path / "gone")
    with pytest.raises(ValueError, match="composed by augmentation indexnet or a2u, not portrait"):
        opened(recipe_of(data="adobe", augmentation="portrait"), adobe)


def test_settings_that_would_do_nothing_are_told(tmp_path, recipe_of):
    with pytest.raises(ValueError, match=r"Drawn pictures are not augmented by portrait\. Set augmentation=drawn"):
        opened(recipe_of(augmentation="portrait"), None)
    with pytest.raises(ValueError, match=r"Strong augmentation is for data adobe or cutouts, not drawn\."):
        opened(recipe_of(strong="af"), None)
    with pytest.raises(ValueError, match=r"Backgrounds are for data adobe or cutouts, not drawn\. Leave --backgrounds"):
        opened(recipe_of(), None, tmp_path)


def test_cut_outs_that_cannot_be_drawn_with_are_named(tmp_path, recipe_of):
    write(tmp_path / "\u00e4.PNG", np.dstack([colours(1), disk()]))
    write(tmp_path / "opaque.png", colours(2))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    source = opened(recipe_of(crop_px=32), tmp_path)
    assert source.skipped == ["bad.png is damaged or no picture", "opaque.png has no transparency"]
    assert source.example(0).alpha.shape == (32, 32)


def test_photos_with_hard_masks_get_soft_mattes_once(tmp_path, recipe_of, monkeypatch):
    mask = (disk() > 0.5).astype(float)
    photo = 0.2 + 0.6 * disk(soft=4)[..., None] * np.array([1, 0.9, 0.7])
    for name in ("a", "b"):
        write(tmp_path / "people" / f"{name}.jpg", photo)
        write(tmp_path / "people" / f"{name}.png", mask)
    recipe = recipe_of(data="portraits", augmentation="portrait", crop_px=32)
    example = opened(recipe, tmp_path / "people").example(0)
    assert example.foreground is None and not is_hard(example.alpha)
    assert (example.trimap == 128).any()
    monkeypatch.setattr(soft_masks, "softened", lambda *_: pytest.fail("made again"))
    again = opened(recipe, tmp_path / "people")
    assert np.array_equal(again.example(0).alpha, example.alpha)


def test_a_mask_of_everything_is_named_and_left_out(tmp_path, recipe_of):
    for name, mask in (("a", np.ones((80, 90))), ("b", disk())):
        write(tmp_path / "people" / f"{name}.jpg", colours(2))
        write(tmp_path / "people" / f"{name}.png", mask)
    source = opened(recipe_of(data="portraits", augmentation="portrait", crop_px=32), tmp_path / "people")
    for number in range(2):
        source.example(number)
    assert source.skipped == ["a.png marks everything or nothing"]


def test_the_band_round_a_mask_is_even_on_both_sides():
    mask = np.zeros((100, 100), np.float32)
    mask[:, 50:] = 1
    assert [np.flatnonzero(band(mask)[50] == 128).min(), np.flatnonzero(band(mask)[50] == 128).max()] == [48, 51]


def test_pictures_to_judge_by_are_kept_out_of_training(tmp_path, recipe_of):
    for number in range(20):
        write(tmp_path / "data" / "image" / f"{number}.png", np.full((40, 40, 3), number / 20))
        write(tmp_path / "data" / "alpha" / f"{number}.png", disk()[20:60, 25:65])
    source = opened(recipe_of(data="pairs", augmentation="portrait", crop_px=16), tmp_path / "data")
    level = lambda example: round(float(example.image.mean()) * 20)  # noqa: E731
    learnt = [level(source.example(number)) for number in range(36)]
    judged = {level(example) for example in source.held_out(4)}
    assert len(judged) == 2 and not judged & set(learnt)
    assert sorted(learnt[:18]) == sorted(learnt[18:]) and len(set(learnt)) == 18 and learnt[:18] != learnt[18:]


def test_drawn_examples_need_no_folder(recipe_of):
    source = DrawnSource(recipe_of(crop_px=64))
    example = source.example(3)
    assert example.image.shape == (64, 64, 3) and (example.trimap == 128).any()
    composed = example.alpha[..., None] * (example.foreground - example.background) + example.background
    assert 0.001 < np.abs(composed - example.image).mean() < 0.2  # the camera lies between
    assert np.array_equal(DrawnSource(recipe_of(crop_px=64)).example(3).image, example.image)
    assert not np.array_equal(source.held_out(1)[0].image, source.example(0).image)


def test_parts_of_a_drawing_are_reduced_and_show_what_is_in_front_and_what_behind(recipe_of, monkeypatch):
    real = datasets.draw_sample
    monkeypatch.setattr(datasets, "draw_sample", lambda seed, side_px: real(seed, side_px, camera=False))
    recipe = recipe_of(crop_px=64, first_px=32, first_steps=2, drawn_px=160, batch=4)
    source = DrawnSource(recipe)
    examples = [source.example(number) for number in range(12)]
    assert [len(example.alpha) for example in examples] == [32] * 8 + [64] * 4
    for example in examples:
        assert example.image.shape == (*example.trimap.shape, 3) and set(np.unique(example.trimap)) <= {0, 128, 255}
        assert example.alpha.min() >= 0 and example.alpha.max() <= 1 and example.image.max() <= 1
        composed = example.alpha[..., None] * (example.foreground - example.background) + example.background
        assert np.abs(composed - example.image)[example.trimap == 128].mean() < 0.01
        sure = np.where(example.trimap == 255, 1 - example.alpha, example.alpha)[example.trimap != 128]
        assert sure.size == 0 or sure.mean() < 0.05
    shown = [len(np.unique(example.trimap)) for example in examples]
    assert np.mean(shown) > 2.5
    assert np.array_equal(DrawnSource(recipe).example(9).image, examples[9].image)
    assert source.held_out(1)[0].alpha.shape == (64, 64)


def test_a_drawing_serves_several_parts_that_lie_apart(recipe_of, monkeypatch):
    drawn = []
    real = datasets.draw_sample
    monkeypatch.setattr(datasets, "draw_sample", lambda seed, side_px: drawn.append(seed) or real(seed, side_px))
    monkeypatch.setattr(datasets, "IN_TURN", 2)
    source = DrawnSource(recipe_of(crop_px=32, drawn_px=192))
    images = [source.example(number).image for number in range(2 * datasets.CUTS)]
    assert len(set(drawn)) == len(drawn) == 2
    assert len({image.tobytes() for image in images}) == len(images)
    source.example(2 * datasets.CUTS)
    assert len(set(drawn)) == len(drawn) == 3


def test_a_part_is_found_where_nothing_is_unknown(recipe_of):
    plane = np.full((50, 40), 0.25, np.float32)
    colours, trimap = np.dstack([plane] * 3), np.zeros((50, 40), np.uint8)
    whole = Example(colours, plane, trimap, colours, colours)
    part = datasets.cut_from(np.random.default_rng(1), whole, 32)
    assert part.alpha.shape == (32, 32) and part.alpha == pytest.approx(0.25) and not part.trimap.any()


def test_drawn_examples_take_cut_outs_among_them(tmp_path, recipe_of, monkeypatch):
    write(tmp_path / "a.png", np.dstack([colours(1), disk()]))
    asked = []
    real = datasets.draw_cut_out
    monkeypatch.setattr(datasets, "draw_cut_out", lambda *words: asked.append(1) or real(*words))
    source = open_source(recipe_of(crop_px=32), tmp_path, None, tmp_path)
    for number in range(12):
        source.example(number)
    assert 1 <= len(asked) <= 6


@pytest.mark.skipif(not SHARED.exists(), reason="the shared training data is not beside this checkout")
def test_the_shared_folders_are_found(recipe_of):
    assert len(find(SHARED / "cutouts", "cutouts").pairs) == 73
    found = find(SHARED / "portraits", "portraits")
    assert len(found.pairs) > 2600 and not found.unpaired
