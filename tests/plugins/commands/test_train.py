"""``mattelier train``, from the words that are typed to the files and sentences that come out."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.catalogue import every_spec
from models.catalogue.spec import ModelSpec, PaperRow
from plugins.commands import train as command

ROOT = Path(__file__).resolve().parents[3]
SMALL = ("--device", "cpu", "--steps", "2", "--set", "crop_px=32", "batch=2", "validate_on=1", "warmup=0")


@pytest.fixture
def quick(monkeypatch, request):
    """A recipe ``quick`` on drawn pictures, whose network is one convolution; the curve is drawn in one test alone."""
    from models.training import cookbook
    from models.training.cookbook import every_recipe, recipe_named
    from models.training.recipes import Recipe
    from models.training.run_folder import RunFolder

    if "goes_to_its_end" not in request.node.name:
        monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)

    row = PaperRow("0", "one convolution")
    options = {"in_channels": 4, "out_channels": 1, "kernel_size": 3, "padding": 1}
    spec = ModelSpec("one", "One", "indexnet", "For tests.", "torch.nn:Conv2d", row, options, stride=8)
    monkeypatch.setitem(every_spec(), "one", spec)
    numbers = recipe_named("indexnet").as_numbers()
    made = Recipe(**{**numbers, "name": "quick", "network": "one", "drops": (), "backbone": (), "frozen": ()})
    monkeypatch.setitem(every_recipe(), "quick", made)
    return cookbook


def test_the_list_names_every_recipe_and_where_it_is_from(mattelier):
    outcome = mattelier("train", "--list")
    assert outcome.code == 0
    for words in ("indexnet-adobe", "thesis 3.6.1", "rmat-m3-final", "pspm-b5-phase2", "our own"):
        assert words in outcome.out


def test_one_recipe_is_shown_whole_with_what_the_paper_leaves_open(mattelier):
    outcome = mattelier("train", "a2u-adobe", "--list")
    assert "steps           180000" in outcome.out and "losses          alpha=0.5, composition=0.5" in outcome.out
    assert "fixed_norms     yes" in outcome.out and "drops           120000,156000" in outcome.out
    assert "backbone_rate: not printed" in outcome.out
    assert "how the rate falls: constant, drops, cosine, poly" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 118


def test_listing_does_not_wait_for_torch():
    code = "import sys; from editor.cli import main; main(['train', '--list']); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "False"


def test_a_training_goes_to_its_end_and_is_not_overwritten(mattelier, quick, tmp_path):
    out = tmp_path / "run"
    outcome = mattelier("train", "quick", "--out", out, *SMALL)
    assert outcome.code == 0, outcome.err
    assert str(out / "quick.safetensors") in outcome.out and "step 2 of 2" in outcome.err and "CPU" in outcome.err
    names = {path.name for path in out.iterdir()}
    assert {"train.log", "curve.csv", "curve.png", "validation.csv", "samples", "checkpoint"} <= names
    again = mattelier("train", "quick", "--out", out, *SMALL)
    assert again.code == 1 and "holds a training already" in again.err and "--resume" in again.err


def test_files_that_cannot_be_read_are_counted(mattelier, quick, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    picture = np.dstack([np.full((40, 40, 3), 90), 255 * (np.hypot(*np.mgrid[-20:20, -20:20]) < 12)]).astype(np.uint8)
    cv2.imwrite(str(data / "good.png"), picture)
    (data / "bad.png").write_bytes(b"no picture")
    words = ("data=cutouts", "augmentation=indexnet", "average=0")
    outcome = mattelier("train", "quick", "--out", tmp_path / "run", "--data", data, *SMALL, *words)
    assert outcome.code == 0 and "1 file was skipped; train.log names them." in outcome.err
    assert "skipped: bad.png is damaged or no picture" in (tmp_path / "run" / "train.log").read_text()


def test_a_resume_keeps_the_settings_and_takes_new_ones(mattelier, quick, tmp_path):
    out = tmp_path / "run"
    assert mattelier("train", "quick", "--out", out, *SMALL).code == 0
    outcome = mattelier("train", "quick", "--out", out, "--resume", "--device", "cpu", "--steps", "3")
    assert outcome.code == 0 and "step 3 of 3" in outcome.err
    log = (out / "train.log").read_text()
    assert all("Going on after step 2, with steps 3 instead of 2." in said for said in (outcome.err, log))
    assert log.count("'batch': 2") == 2


def test_a_resume_of_another_recipe_is_refused(mattelier, quick, tmp_path):
    out = tmp_path / "run"
    assert mattelier("train", "quick", "--out", out, *SMALL).code == 0
    outcome = mattelier("train", "indexnet", "--out", out, "--resume", "--device", "cpu")
    assert outcome.code == 1 and "The checkpoint is of recipe quick, not indexnet." in outcome.err
    other = mattelier("train", "quick", "--out", out, "--resume", "--device", "cpu", "--set", "network=indexnet")
    assert other.code == 1 and "of network one, not indexnet" in other.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train",), "No recipe is named."),
        (("train", "indexnte"), "There is no recipe indexnte."),
        (("train", "indexnte", "--list"), "rmat-m3-final"),
        (("train", "indexnet", "--set", "speed=2"), "There is no setting speed."),
        (("train", "indexnet", "--set", "batch=many"), "batch cannot be many."),
        (("train", "indexnet", "--steps", "0"), "steps cannot be 0."),
        (("train", "indexnet", "--resume"), "There is no checkpoint in"),
        (("train", "indexnet", "--device", "abacus"), "There is no device abacus."),
        (("train", "indexnet-adobe", "--device", "cpu"), "Name their folder with --data"),
        (("train", "indexnet-adobe", "--device", "cpu", "--data", "nowhere"), "There is no folder nowhere."),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence_with_what_to_do(mattelier, words, said):
    outcome = mattelier(*words)
    assert outcome.code == 1 and said in outcome.err and "Traceback" not in outcome.err


def test_an_empty_folder_says_what_it_must_hold(mattelier, tmp_path):
    (tmp_path / "data").mkdir()
    outcome = mattelier("train", "indexnet-adobe", "--device", "cpu", "--data", tmp_path / "data")
    assert outcome.code == 1 and "There is nothing to train on" in outcome.err and "alpha/ and fg/" in outcome.err


def test_a_folder_that_cannot_be_written_to_is_told(mattelier, quick, tmp_path):
    (tmp_path / "file").write_text("in the way")
    outcome = mattelier("train", "quick", "--out", tmp_path / "file", *SMALL)
    assert outcome.code == 1 and "file" in outcome.err and "Traceback" not in outcome.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_control_c_ends_between_steps_and_at_once_when_pressed_again(number, capsys):
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    told = []
    with command._interruptible(lambda fraction, text: told.append(fraction)) as progress:
        progress(0.1, "")
        signal.raise_signal(number)
        assert "Stopping after this step" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            progress(0.2, "")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert told == [0.1, 0.2] and [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_folder_in_which_another_process_trains_is_left_alone(mattelier, tmp_path):
    from editor.document.process_lock import ProcessLock

    (tmp_path / "run").mkdir()
    lock = ProcessLock(tmp_path / "run" / "in-use")
    code = "import sys; from editor.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["train", "indexnet", "--out", str(tmp_path / "run"), *SMALL]
    found = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    lock.release()
    assert found.returncode == 1 and f"Another process trains in {tmp_path / 'run'}." in found.stderr
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["in-use"]


def test_a_folder_that_nothing_came_into_is_gone_again(mattelier, tmp_path):
    outcome = mattelier("train", "indexnet-adobe", "--device", "cpu", "--data", tmp_path, "--out", tmp_path / "run")
    assert outcome.code == 1 and not (tmp_path / "run").exists()
