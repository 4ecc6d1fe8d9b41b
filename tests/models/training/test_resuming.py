"""A training that was stopped goes on with the very pictures and the very weights of one that was not, whatever it is
fed with; what else a resume must find again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from models.training import loop, session
from models.training.batch import Batch
from models.training.cookbook import every_recipe, recipe_named
from models.training.fusion_pixels import EDGE_PX, PLANES, pixels_of, seeing_network
from models.training.run_folder import RunFolder
from models.training.session import Request, train

PX = 48
SETTINGS = {
    "adobe": {"data": "adobe", "augmentation": "indexnet", "strong": "af+afb+ac"},
    "adobe, two foregrounds": {"data": "adobe", "augmentation": "a2u", "optimiser": "sgd", "precision": "bfloat16"},
    "cutouts": {"data": "cutouts", "augmentation": "indexnet", "average": 0.9},
    "portraits": {"data": "portraits", "augmentation": "portrait", "network": "tiny-portrait"},
    "people": {"data": "portraits", "augmentation": "people", "network": "tiny-portrait", "crop_px": 64},
    "drawn": {"data": "drawn", "augmentation": "drawn"},
    "drawn with cut-outs": {"data": "drawn", "augmentation": "drawn", "precision": "float16"},
    "samples": {
        "data": "samples", "augmentation": "drawn", "network": "fusion", "losses": {"alpha": 1.0}, "crop_px": 16,
        "average": 0.9, "workers": 1,
    },
}


def pictures(batch: Batch) -> torch.Tensor:
    """What is learnt from: single pixels (samples) belong to no picture."""
    return batch.image if batch.more is None else batch.more


class StoppedError(Exception):
    """Somebody pressed Ctrl-C."""


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.round(255 * picture).astype(np.uint8)
    assert cv2.imwrite(str(path), levels if picture.ndim == 2 else levels[..., [2, 1, 0, 3][: picture.shape[2]]])


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> dict[str, Path | None]:
    """A folder in each layout, small."""
    root = tmp_path_factory.mktemp("data")
    rows, columns = np.mgrid[:PX, :PX]
    rng = np.random.default_rng(3)
    for number in range(4):
        soft = np.clip((15 - np.hypot(rows - 20 - number, columns - 24)) / 4 + 0.5, 0, 1)
        colours = np.broadcast_to(rng.random(3), (PX, PX, 3))
        write(root / "adobe" / "fg" / f"{number}.png", colours)
        write(root / "adobe" / "alpha" / f"{number}.png", soft)
        write(root / "cutouts" / f"{number}.png", np.dstack([colours, soft]))
        write(root / "people" / f"{number}.jpg", 0.2 + 0.5 * soft[..., None] * colours)
        write(root / "people" / f"{number}.png", (soft > 0.5).astype(float))
        (root / "samples").mkdir(exist_ok=True)
        planes = rng.integers(0, 256, (PLANES, PX, PX), np.uint8)
        planes[3] = 128
        pixels_of(seeing_network(), planes, number).save(root / "samples" / f"{number + 1:06d}.npz")
    places = {
        "drawn": None,
        "drawn with cut-outs": "cutouts",
        "portraits": "people",
        "people": "people",
        "adobe, two foregrounds": "adobe",
    }
    named = {name: places.get(name, name) for name in SETTINGS}
    return {name: None if place is None else root / place for name, place in named.items()}


@pytest.fixture
def trained(monkeypatch, recipe_of):
    """Trains a recipe of these settings as the command does, and answers the pictures that were learnt from."""
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    seen: list[torch.Tensor] = []
    real = loop.relabelled
    monkeypatch.setattr(loop, "relabelled", lambda batch, *rest: seen.append(pictures(batch)) or real(batch, *rest))

    def run(out: Path, place: Path | None = None, stop: int = 99, resume=False, **settings) -> list[torch.Tensor]:
        usual = {"validate_on": 0, "steps": 4, "batch": 2, "losses": {"whole-alpha": 1.0}}
        monkeypatch.setitem(every_recipe(), "tiny-recipe", recipe_of(**usual | settings))
        seen.clear()
        torch.rand(5)

        def progress(fraction: float, text: str) -> None:
            if fraction >= stop / 4:
                raise StoppedError

        with suppress(StoppedError):
            train(Request("tiny-recipe", out, place, resume=resume, device="cpu"), progress, lambda text: None)
        return list(seen)

    return run


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_stopped_training_goes_on_with_the_same_pictures_to_the_same_weights(tmp_path, data, trained, kind):
    straight = trained(tmp_path / "straight", data[kind], **SETTINGS[kind])
    first = trained(tmp_path / "halved", data[kind], stop=2, **SETTINGS[kind])
    # without a word of where the data lies: the checkpoint knows
    second = trained(tmp_path / "halved", resume=True, **SETTINGS[kind])
    assert (len(straight), len(first), len(second)) == (4, 2, 2)
    assert all(torch.equal(a, b) for a, b in zip(straight, [*first, *second], strict=True))
    one, other = (load_file(tmp_path / name / "tiny-recipe.safetensors") for name in ("straight", "halved"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert len({picture.sum().item() for picture in straight}) == 4


def test_files_that_came_or_went_since_are_told_of(tmp_path, data, trained):
    settings = {"data": "cutouts", "augmentation": "indexnet"}
    mine = tmp_path / "data"
    for file in data["cutouts"].iterdir():
        write(mine / file.name, cv2.imread(str(file), cv2.IMREAD_UNCHANGED) / 255)
    trained(tmp_path / "run", mine, stop=2, **settings)
    trained(tmp_path / "run", stop=3, resume=True, **settings)
    assert "other files than before" not in (tmp_path / "run" / "train.log").read_text()
    (mine / "0.png").rename(mine / "x.png")
    trained(tmp_path / "run", resume=True, **settings)
    assert "The data holds other files than before" in (tmp_path / "run" / "train.log").read_text()


def test_a_folder_named_on_a_resume_takes_the_place_of_the_old_one(tmp_path, data, trained):
    settings = {"data": "adobe", "augmentation": "indexnet"}
    trained(tmp_path / "run", data["adobe"], stop=1, **settings)
    with pytest.raises(ValueError, match="There is no folder gone"):
        trained(tmp_path / "run", Path("gone"), resume=True, **settings)


def test_a_training_of_which_nothing_was_learnt_does_not_bar_the_way(tmp_path, data, trained, monkeypatch):
    """Such as one whose loss was no number in the first step: there is nothing that could be lost."""
    with monkeypatch.context() as patched, pytest.raises(ValueError, match="no number any more in step 1"):
        patched.setattr(loop, "averaged", lambda value, share: value * float("nan"))
        trained(tmp_path / "run")
    (tmp_path / "run" / "curve.csv").write_text("step,loss\n1,0.5\n2,0.5\n9,0.5\n")
    trained(tmp_path / "run", stop=2)
    assert [row["step"] for row in RunFolder(tmp_path / "run").curve.rows()] == [1, 2]
    with pytest.raises(ValueError, match="holds a training already"):
        trained(tmp_path / "run")


def test_weights_that_a_training_started_from_may_be_gone_when_it_goes_on(tmp_path, recipe_of, trained):
    trained(tmp_path / "first", seed=5)
    start = tmp_path / "first" / "tiny-recipe.safetensors"
    straight = trained(tmp_path / "straight", start=str(start))
    trained(tmp_path / "halved", stop=2, start=str(start))
    start.unlink()
    assert len(straight) == 4 and len(trained(tmp_path / "halved", resume=True, start=str(start))) == 2
    one, other = (load_file(tmp_path / name / "tiny-recipe.safetensors") for name in ("straight", "halved"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_resume_that_has_nothing_to_do_says_so(tmp_path, data, trained):
    trained(tmp_path / "run")
    assert trained(tmp_path / "run", resume=True) == []
    assert "All 4 steps were taken before." in (tmp_path / "run" / "train.log").read_text()


def test_how_much_there_is_to_learn_from_is_said(tmp_path, data, recipe_of, monkeypatch):
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    usual = {"validate_on": 0, "steps": 4, "batch": 2, **SETTINGS["cutouts"]}
    monkeypatch.setitem(every_recipe(), "tiny-recipe", recipe_of(**usual))
    said: list[str] = []
    train(Request("tiny-recipe", tmp_path, data["cutouts"], device="cpu"), lambda *_: None, said.append)
    assert "4 foregrounds to learn from, none kept back: they are judged by too; 2 steps take each once." in said


def test_how_many_pixels_there_are_to_learn_from_is_said(tmp_path, data, recipe_of, monkeypatch):
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    recipe = recipe_of(**SETTINGS["samples"] | {"workers": 0}, validate_on=0, steps=1, batch=2)
    monkeypatch.setitem(every_recipe(), "tiny-recipe", recipe)
    said: list[str] = []
    train(Request("tiny-recipe", tmp_path, data["samples"], device="cpu"), lambda *_: None, said.append)
    inside = (PX - 2 * EDGE_PX) ** 2
    assert f"{4 * inside} pixels of 4 samples to learn from, 0 kept back to judge by." in said


def test_files_left_out_and_whose_licence_it_is_are_said(tmp_path, data, recipe_of, monkeypatch):
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    monkeypatch.setitem(every_recipe(), "tiny-recipe", recipe_of(validate_on=0, steps=1, licence="MIT"))
    write(tmp_path / "cut" / "opaque.png", np.ones((9, 9, 3)))
    write(tmp_path / "cut" / "good.png", np.dstack([np.ones((9, 9, 3)), np.tri(9)]))
    said: list[str] = []
    train(Request("tiny-recipe", tmp_path / "run", tmp_path / "cut", device="cpu"), lambda *_: None, said.append)
    assert "1 file was left out; train.log names them." in said
    assert any(
        line.startswith("The weights will say: MIT. That holds if the licences of the cut-outs") for line in said
    )
    assert "left out: opaque.png has no transparency" in (tmp_path / "run" / "train.log").read_text()


def test_terms_of_photos_for_research_are_said_at_the_start(tmp_path, data, recipe_of, monkeypatch):
    monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)
    recipe = recipe_of(**SETTINGS["portraits"], validate_on=0, steps=1, licence=recipe_named("pspm-small").licence)
    monkeypatch.setitem(every_recipe(), "tiny-recipe", recipe)
    said: list[str] = []
    train(Request("tiny-recipe", tmp_path, data["portraits"], device="cpu"), lambda *_: None, said.append)
    assert "The weights will say: trained on research photos: research use." in said


@pytest.mark.parametrize(
    ("device", "settings", "said"),
    [
        ("cpu", {}, ""),
        ("cpu", {"precision": "float16"}, "slow on a processor"),
        ("cuda", {"precision": "float16"}, "--set workers=4"),
        ("cuda", {"workers": 2}, ""),
        ("cuda", {"network": "fusion", "data": "samples", "losses": {"alpha": 1.0}}, ""),
    ],
)
def test_what_would_be_faster_is_said(recipe_of, device, settings, said):
    told = session.advice(recipe_of(**settings), device)
    assert said in "".join(told) and bool(told) is bool(said)


def test_notes_tell_other_files_from_the_same(tmp_path):
    out = tmp_path / "run"
    write(tmp_path / "a" / "b.png", np.ones((3, 3)))
    before = session.notes_of(tmp_path, None, out)
    write(out / "samples" / "step-1.png", np.ones((3, 3)))
    assert before == session.notes_of(tmp_path, None, out) and before["data"] == str(tmp_path)
    seen = {before["files"]}
    for name in ("c.png", "000001.npz"):
        (tmp_path / "a" / name).write_bytes(b"")
        seen.add(session.notes_of(tmp_path, None, out)["files"])
    assert len(seen) == 3 and session.notes_of(None, None, out) == {}
