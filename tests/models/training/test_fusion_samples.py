"""Fusion's samples: the same by seed, going on where they stopped; what is looked at of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models.networks.fusion import Fusion
from models.networks.sights import COUNT
from models.prepare import network_input
from models.training import fusion_samples
from models.training.fusion_pixels import (
    EDGE_PX,
    MOST,
    PLANES,
    Pixels,
    inputs_of,
    matte_error,
    pixels_of,
    seeing_network,
    turned,
)
from models.training.fusion_samples import FusionSample, fill, fill_second, main, make_sample

DRAWN_PX = (96, 112)


@pytest.fixture(scope="module")
def sample() -> FusionSample:
    found = next(filter(None, (make_sample(seed, drawn_px=DRAWN_PX) for seed in itertools.count(3))))
    return found


def packed(seed: int) -> np.ndarray:
    """A made-up sample (11, 40, 40), unknown in its left half, of which the second matte is the truth."""
    planes = np.random.default_rng(seed).integers(0, 256, (PLANES, 40, 40), np.uint8)
    planes[3], planes[3, :, 20:] = 128, 255
    planes[4] = planes[6]
    return planes


# --- samples


def test_a_sample_shows_both_the_photo_and_mattes_that_know_it(sample):
    side = len(sample.image)
    assert DRAWN_PX[0] <= side < DRAWN_PX[1]
    assert sample.image.shape == (side, side, 3) and sample.mattes.shape == (6, side, side)
    unknown = sample.trimap == 128
    least, most = fusion_samples.UNKNOWN_SHARES
    assert least < unknown.mean() < most
    assert (sample.truth[sample.trimap == 255] >= 245).all() and (sample.truth[sample.trimap == 0] <= 10).all()
    wrong = np.abs(sample.mattes[0].astype(float) - sample.truth)[unknown].mean()
    easiest, hardest = (255 * error for error in fusion_samples.ERRORS)
    assert easiest - 1 < wrong < hardest + 1


def test_a_drawing_that_is_harder_than_any_photo_gives_no_sample_and_no_other_mattes(monkeypatch):
    monkeypatch.setattr(fusion_samples, "ERRORS", (0.0, 1e-6))
    monkeypatch.setattr(fusion_samples, "expert_planes", lambda *_: pytest.fail("made for nothing"))
    assert [make_sample(seed, drawn_px=DRAWN_PX) for seed in range(3)] == [None] * 3


def test_packing_loses_nothing(sample):
    again = FusionSample.unpacked(sample.packed())
    for name in ("image", "trimap", "truth", "mattes"):
        assert np.array_equal(getattr(again, name), getattr(sample, name))


def test_filling_a_folder_goes_on_where_it_stopped_and_keeps_what_is_there(tmp_path, monkeypatch, sample):
    made: list[int] = []

    def one(seed: int, cutouts: object) -> FusionSample | None:
        made.append(seed)
        if seed == 2:
            raise KeyboardInterrupt
        return sample if seed % 2 else None

    def names() -> list[str]:
        return sorted(file.name for file in (tmp_path / "out").iterdir())

    monkeypatch.setattr(fusion_samples, "make_sample", one)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "out", iter(range(4)))
    assert names() == ["000000.npy", "000001.npy", "000001.npz"]
    made.clear()
    (tmp_path / "out" / "000001.npz").unlink()
    assert fill(tmp_path / "out", iter([0, 1, 3])) == 2
    assert made == [3] and names() == ["000000.npy", "000001.npy", "000001.npz", "000003.npy", "000003.npz"]
    assert np.array_equal(np.load(tmp_path / "out" / "000003.npy"), sample.packed())
    assert Pixels.load(tmp_path / "out" / "000003.npz").truth.size == MOST


@pytest.fixture
def looked() -> Fusion:
    """A network whose first look has learnt: something, if not much."""
    network = seeing_network()
    with torch.no_grad():
        network.first.spread.fill_(0.5)
        network.first.answer.bias[:] = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.1])
    return network


@pytest.fixture
def folder(tmp_path, sample) -> Path:
    place = tmp_path / "samples"
    place.mkdir()
    for seed in (20, 21):
        np.save(place / f"{seed:06d}.npy", sample.packed())
    np.save(place / "000022.npy", np.zeros(0, np.uint8))
    return place


def test_samples_for_the_second_look_hold_what_the_first_one_answers(folder, sample, looked):
    second = folder.with_name("samples-second")
    assert fill_second(folder, iter(range(20, 24)), looked) == 2
    assert {file.name for file in second.glob("*.np*")} == {"000020.npy", "000020.npz", "000021.npz"}
    judged, pixels = np.load(second / "000020.npy"), Pixels.load(second / "000021.npz")
    with torch.inference_mode():
        answer = looked(torch.from_numpy(inputs_of(sample.packed())))[0, 0].clamp(0, 1).numpy()
    assert np.abs(judged[5] / 255 - answer).max() < 0.003 and not np.array_equal(judged[5], judged[6])
    assert np.array_equal(np.delete(judged, 5, axis=0), sample.packed())
    assert pixels.mattes.shape[1] == 5 and float(pixels.error) == matte_error(sample.packed()) == matte_error(judged)
    assert inputs_of(judged).shape[1] == 11
    assert fill_second(folder, iter(range(20, 24)), looked) == 0, "what is there is kept"


def test_samples_for_the_second_look_are_refused_where_they_would_be_of_no_use(folder, tmp_path, looked):
    with pytest.raises(ValueError, match=r"has learnt nothing\. Train the recipe fusion first"):
        fill_second(folder, iter([20]), seeing_network())
    for place, seed in ((folder, 7), (tmp_path / "none", 20)):
        with pytest.raises(ValueError, match="no samples of these seeds"):
            fill_second(place, iter([seed]), looked)
    fill_second(folder, iter([20]), looked)
    with pytest.raises(ValueError, match="holds samples for the second look"):
        second = fusion_samples.second_folder(folder)
        (second / "000020.npz").rename(second / "gone")
        fill_second(second, iter([20]), looked)
    with torch.no_grad():
        looked.second.spread.fill_(0.5)
    fill_second(folder, iter([21]), looked)
    with torch.no_grad():
        looked.first.spread.fill_(0.4)
    with pytest.raises(ValueError, match=r"samples that another first look answered\. Remove it"):
        fill_second(folder, iter([21]), looked)


def test_the_command_says_in_a_sentence_what_it_made_or_why_not(folder, tmp_path, looked, monkeypatch, capsys):
    save_file({name: value.contiguous() for name, value in looked.state_dict().items()}, tmp_path / "w.safetensors")

    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["", str(folder), "--first", "20", "--count", "2", "--second-after", *words])
        main()
        return capsys.readouterr().out

    threads = torch.get_num_threads()
    try:
        assert "2 samples made in" in run(str(tmp_path / "w.safetensors"))
        save_file({"else": torch.zeros(2)}, tmp_path / "other.safetensors")
        for name, words in (("other.safetensors", "holds nothing that fits"), ("gone.safetensors", "cannot be read")):
            with pytest.raises(SystemExit):
                run(str(tmp_path / name))
            assert words in capsys.readouterr().err
    finally:
        torch.set_num_threads(threads)


# --- what is looked at


def test_they_are_seen_as_the_network_sees_them_in_the_program(sample):
    """Trained on one order of planes and run on another, it would be worthless and no shape would tell."""
    image = sample.image.astype(np.float32) / np.float32(255)
    wanted = np.concatenate([network_input(image, sample.trimap, 1)[0], sample.mattes / np.float32(255)])
    assert np.allclose(inputs_of(sample.packed())[0], wanted, atol=1e-5)


def test_its_pixels_are_unknown_ones_away_from_the_edge_with_their_own_mattes_and_truth(monkeypatch):
    monkeypatch.setattr("models.training.fusion_pixels.turned", lambda planes, rng: planes)
    planes, network = packed(1), seeing_network()
    pixels = pixels_of(network, planes, 1)
    inside = np.s_[EDGE_PX:-EDGE_PX, EDGE_PX:20]
    assert pixels.truth.size == (40 - 2 * EDGE_PX) * (20 - EDGE_PX) and pixels.sights.dtype == np.float16
    with torch.inference_mode():
        seen = network.see(torch.from_numpy(inputs_of(planes)))[0].permute(1, 2, 0).half().numpy()
    rows = {bytes(row) for row in seen[inside].reshape(-1, COUNT)}
    assert {bytes(row) for row in pixels.sights} == rows
    assert np.array_equal(pixels.mattes[:, 1], pixels.truth)
    assert sorted(pixels.truth) == sorted(planes[4][inside].ravel())
    assert float(pixels.error) == pytest.approx(matte_error(planes))


def test_of_a_large_sample_some_pixels_are_taken_and_the_same_ones_again(monkeypatch):
    monkeypatch.setattr("models.training.fusion_pixels.MOST", 50)
    one, again, other = (pixels_of(seeing_network(), packed(1), seed) for seed in (1, 1, 2))
    assert one.truth.size == 50 and np.array_equal(one.sights, again.sights)
    assert not np.array_equal(one.sights, other.sights)


def test_turning_and_mirroring_moves_all_planes_alike(sample):
    planes = sample.packed()
    whole = sorted(bytes(column) for column in planes[3:].reshape(PLANES - 3, -1).T)
    colours = sorted(tuple(sorted(pixel)) for pixel in planes[:3].reshape(3, -1).T.tolist())
    seen = set()
    for seed in range(12):
        other = turned(planes, np.random.default_rng(seed))
        seen.add(bytes(other[4]))
        assert sorted(bytes(column) for column in other[3:].reshape(PLANES - 3, -1).T) == whole
        assert sorted(tuple(sorted(pixel)) for pixel in other[:3].reshape(3, -1).T.tolist()) == colours
    assert len(seen) > 3


def test_pixels_are_kept_whole_and_what_is_something_else_is_refused(tmp_path: Path):
    pixels = pixels_of(seeing_network(), packed(1), 1)
    pixels.save(tmp_path / "000001.npz")
    again = Pixels.load(tmp_path / "000001.npz")
    for name in ("sights", "mattes", "truth", "error"):
        assert np.array_equal(getattr(again, name), getattr(pixels, name))
    whole = (tmp_path / "000001.npz").read_bytes()
    for content in (b"", b"PK nonsense", whole[: len(whole) // 2]):
        (tmp_path / "1.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"1\.npz is damaged"):
            Pixels.load(tmp_path / "1.npz")
    np.savez(tmp_path / "2.npz", sights=np.zeros((3, 2)), mattes=np.zeros((3, 4)), truth=np.zeros(3), error=0.1)
    as_floats = {"sights": pixels.sights, "mattes": pixels.mattes / 1.0, "truth": pixels.truth, "error": pixels.error}
    np.savez(tmp_path / "3.npz", **as_floats)
    np.savez(tmp_path / "4.npz", **as_floats | {"mattes": np.uint8(4)})
    np.savez(tmp_path / "5.npz", **as_floats | {"mattes": np.repeat(pixels.mattes, 2, axis=1)})
    for name in ("2.npz", "3.npz", "4.npz", "5.npz"):
        with pytest.raises(ValueError, match=f"{name} holds something else"):
            Pixels.load(tmp_path / name)


def test_a_damaged_drawing_is_named_with_what_to_do(tmp_path):
    for content, words in ((b"", "damaged"), (b"nonsense", "damaged"), (None, "holds something else")):
        place = tmp_path / "000007.npy"
        if content is None:
            np.save(place, np.zeros((3, 8, 8)))
        else:
            place.write_bytes(content)
        with pytest.raises(ValueError, match=rf"000007\.npy .*{words}. Remove it: it is made anew"):
            fill(tmp_path, iter([7]))
