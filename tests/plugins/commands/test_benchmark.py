"""``mattelier benchmark``, from the words that are typed to the files and sentences that come out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from editor.paths import data_dir
from models.evaluation.composing import compose
from models.evaluation.metrics import evaluate
from plugins.engines.closed_form import ClosedForm


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Two little photos in the flat layout of alphamatting.com: a soft disk, and the same turned round."""
    folder = tmp_path_factory.mktemp("alphamatting")
    rows, columns = np.mgrid[:60, :80]
    alpha = np.clip((18 - np.hypot(rows - 25, columns - 30)) / 5 + 0.5, 0, 1)[..., None]
    image = 255 * (alpha * (0.9, 0.7, 0.2) + (1 - alpha) * (0.1, 0.2 + rows.mean() / 200, 0.5))
    trimap = np.where(alpha >= 1, 255, np.where(alpha <= 0, 0, 128))
    trimap[20:30, 44:54] = 128
    for name, turn in (("GT01", slice(None)), ("GT02", slice(None, None, -1))):
        for kind, plane in (("image", image), ("alpha", 255 * alpha), ("trimap1", trimap)):
            cv2.imwrite(str(folder / f"{name}_{kind}.png"), np.round(plane).astype(np.uint8)[turn])
    return folder


@pytest.fixture
def root(photos, tmp_path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(photos, tmp_path / "alphamatting"))


def words(root: Path, *more: object) -> list[object]:
    return ["benchmark", "--engine", "closed-form", "--dataset", "alphamatting", "--root", root, *more]


def test_the_figures_are_those_of_the_engine_and_the_metrics(mattelier, photos):
    outcome = mattelier(*words(photos, "--json"))
    facts = json.loads(outcome.out)
    assert outcome.code == 0 and [row["photo"] for row in facts["photos"]] == ["GT01", "GT02"]
    image = cv2.imread(str(photos / "GT01_image.png"))[..., ::-1].astype(np.float32) / np.float32(255)
    truth, trimap = (
        cv2.imread(str(photos / f"GT01_{kind}.png"), cv2.IMREAD_GRAYSCALE) for kind in ("alpha", "trimap1")
    )
    alpha = np.round(255 * ClosedForm().run(np.ascontiguousarray(image), trimap, lambda *_: None)) / 255
    expected = evaluate(alpha.astype(np.float32), truth.astype(np.float32) / np.float32(255), trimap)
    row = facts["photos"][0]
    assert [row[name] for name in ("sad", "mse", "grad", "conn")] == pytest.approx(
        [expected.sad, expected.mse, expected.grad, expected.conn], rel=1e-6
    )
    assert row["device"] == "CPU" and row["seconds"] > 0 and row["peak_mib"] >= row["before_mib"] > 0
    assert facts["means"][0]["photos"] == 2
    assert facts["means"][0]["sad"] == pytest.approx(np.mean([row["sad"] for row in facts["photos"]]))


def test_the_table_explains_itself_and_the_files_are_written(mattelier, photos, tmp_path):
    plot, rows = tmp_path / "p.png", tmp_path / "r.csv"
    outcome = mattelier(*words(photos, "--limit", 1, "--plot", plot, "--csv", rows, "--photos"))
    assert outcome.code == 0 and "alphamatting.com, 1 of 2 photos" in outcome.out
    assert "GT01" in outcome.out and "mean of 1" in outcome.out and "rounded to 8 bits" in outcome.out
    assert cv2.imread(str(plot)) is not None and len(rows.read_text("utf-8").splitlines()) == 2
    again = mattelier(*words(photos, "--plot", plot))
    assert again.code == 1 and "exists already" in again.err


def test_a_run_that_is_through_is_measured_anew_and_an_interrupted_one_goes_on(mattelier, root, monkeypatch):
    asked, run = [], ClosedForm.run

    def counted(self, image, trimap, progress, start=None):
        if image.shape == (60, 80, 3):
            asked.append(image)
            if len(asked) == 2:
                raise KeyboardInterrupt
        return run(self, image, trimap, progress, start)

    monkeypatch.setattr(ClosedForm, "run", counted)
    broken = mattelier(*words(root))
    assert broken.code == 130 and "1 results are kept" in broken.err
    gone_on = mattelier(*words(root, "--json"))
    assert gone_on.code == 0 and "going on with the 1 results" in gone_on.err
    assert json.loads(gone_on.out)["reused"] == 1 and len(asked) == 3
    assert json.loads(mattelier(*words(root, "--json")).out)["reused"] == 0
    assert list((data_dir() / "benchmarks").iterdir()) == []


def test_a_results_file_of_ones_own_is_kept_and_used(mattelier, root, tmp_path):
    log = tmp_path / "results.jsonl"
    assert mattelier(*words(root, "--resume", log)).code == 0
    facts = json.loads(mattelier(*words(root, "--resume", log, "--json")).out)
    assert facts["reused"] == 2 and len(log.read_text("utf-8").splitlines()) == 2
    facts = json.loads(mattelier(*words(root, "--resume", log, "--fresh", "--json")).out)
    assert facts["reused"] == 0


def test_a_photo_that_cannot_be_read_is_named_and_counted_and_the_code_says_so(mattelier, root):
    (root / "GT01_image.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (root / "GT03_alpha.png").write_bytes(b"")
    outcome = mattelier(*words(root, "--json"))
    facts = json.loads(outcome.out)
    assert outcome.code == 1 and [row["photo"] for row in facts["photos"]] == ["GT02"]
    assert len(facts["failures"]) == 1 and "GT01" in facts["failures"][0] and "1 measurements failed" in outcome.err
    assert facts["unpaired"] == ["GT03_alpha.png: no photo"] and "left out: GT03_alpha.png" in outcome.err


def test_a_sweep_over_dilations_makes_its_trimaps(mattelier, photos):
    facts = json.loads(mattelier(*words(photos, "--limit", 1, "--dilate", "3,5", "--json")).out)
    assert [row["trimap"] for row in facts["photos"]] == ["[1, 3]", "[1, 5]"]


def test_settings_stand_after_a_colon_and_make_another_engine(mattelier, photos):
    from editor.api import params_of

    name = next(iter(params_of(ClosedForm)))
    value = getattr(ClosedForm(), name)
    labelled = f"closed-form:{name}={value}"
    facts = json.loads(mattelier(*words(photos, "--limit", 1, "--json", "--engine", "closed-form", labelled)).out)
    assert [mean["engine"] for mean in facts["means"]] == ["closed-form", labelled]
    assert facts["means"][0]["sad"] == facts["means"][1]["sad"]
    wrong = mattelier(*words(photos, "--engine", "closed-form:colour=red"))
    assert wrong.code == 1 and "no setting of closed-form" in wrong.err


def test_an_engine_that_cannot_run_here_is_a_sentence_before_work_starts(mattelier, photos, monkeypatch):
    monkeypatch.setattr(ClosedForm, "missing", classmethod(lambda cls: "Its weights are not imported."))
    monkeypatch.setattr(ClosedForm, "run", None)
    outcome = mattelier(*words(photos))
    assert outcome.code == 1 and "Its weights are not imported." in outcome.err


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--engine", "nonsense"], "There is no engine nonsense"),
        (["--dataset", "aim-500"], "original, mask and trimap"),
        (["--dataset", "nonsense"], "neither a data set nor a folder"),
        (["--limit", "0"], "must be 1 or more"),
        (["--dilate", "wide"], "whole pixels with commas"),
        (["--plot", "p.gif"], "Name a PNG"),
        (["--csv", "no/such/folder.csv"], "There is no folder"),
        (["--compose"], "--backgrounds"),
        (["--compose", "--backgrounds", "."], "is not composed"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(mattelier, photos, more, sentence):
    outcome = mattelier(*words(photos, *more))
    assert outcome.code == 1 and sentence in outcome.err and "Traceback" not in outcome.err


@pytest.mark.parametrize("more", [[], ["--fresh"]])
def test_a_file_of_something_else_is_neither_added_to_nor_deleted(mattelier, photos, tmp_path, more):
    mine = tmp_path / "holiday.jpg"
    mine.write_bytes(b"\xff\xd8 a photo")
    outcome = mattelier(*words(photos, "--resume", mine, *more))
    assert outcome.code == 1 and "holiday.jpg holds no results of a benchmark. Name a new file" in outcome.err
    assert mine.read_bytes() == b"\xff\xd8 a photo"


def test_without_an_engine_the_sentence_says_so(mattelier, photos):
    outcome = mattelier("benchmark", "--dataset", photos)
    assert outcome.code == 1 and "No engine is named" in outcome.err


def test_a_test_set_is_composed_by_the_rule_and_taken_up_again_and_measured(mattelier, tmp_path):
    own, rng = tmp_path / "Test_set/Adobe-licensed images", np.random.default_rng(0)
    planes = {"fg": rng.integers(0, 256, (24, 30, 3), np.uint8), "alpha": rng.integers(0, 256, (24, 30), np.uint8)}
    for kind, plane in planes.items():
        (own / kind).mkdir(parents=True)
        cv2.imwrite(str(own / kind / "bee.png"), plane)
    behind = [rng.integers(0, 256, (10 + k, 50, 3), np.uint8) for k in range(20)]
    for k, plane in enumerate(behind):
        cv2.imwrite(str(tmp_path / f"v{k}.png"), plane)
    (tmp_path / "Test_set/test_fg_names.txt").write_text("bee.png\n")
    (tmp_path / "Test_set/test_bg_names.txt").write_text("\r\n".join(f"v{k}.png" for k in range(20)))
    composing = ["benchmark", "--dataset", "composition-1k", "--root", tmp_path, "--compose", "--backgrounds", tmp_path]
    (tmp_path / "v7.png").write_bytes(b"")
    broken = mattelier(*composing)
    assert broken.code == 1 and "19 photos composed" in broken.err and "bee_7.png was not composed" in broken.err
    cv2.imwrite(str(tmp_path / "v7.png"), behind[7])
    (own / "trimaps").mkdir()
    cv2.imwrite(str(own / "trimaps/bee_0.png"), np.repeat(np.uint8([[0] * 10 + [128] * 10 + [255] * 10]), 24, axis=0))
    mended = mattelier(*composing, "--engine", "closed-form", "--limit", 1, "--json")
    assert mended.code == 0 and "1 photos composed, 19 were there" in mended.err
    assert json.loads(mended.out)["photos"][0]["trimap"] == "trimap"
    for k in (0, 7, 19):
        made = cv2.imread(str(tmp_path / f"Test_set/merged/bee_{k}.png"))
        expected = compose(planes["fg"][..., ::-1], planes["alpha"], np.ascontiguousarray(behind[k][..., ::-1]))
        assert (made[..., ::-1] == expected).all()
    assert not list(tmp_path.rglob("*.part"))


def test_composing_a_set_with_a_longest_side_writes_the_reduced_mattes_too(mattelier, tmp_path):
    for kind, plane in (("fg", np.full((8, 2100, 3), 200, np.uint8)), ("alpha", np.full((8, 2100), 128, np.uint8))):
        (tmp_path / "fur" / kind).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "fur" / kind / "f.png"), plane)
    (tmp_path / "voc").mkdir()
    cv2.imwrite(str(tmp_path / "voc/b.png"), np.zeros((9, 9, 3), np.uint8))
    (tmp_path / "SIMD_composition_test_filelist.txt").write_text("fur:f.png:b.png\n")
    outcome = mattelier(
        "benchmark", "--dataset", "simd", "--root", tmp_path, "--compose", "--backgrounds", tmp_path / "voc"
    )
    assert outcome.code == 0 and "1 photos composed" in outcome.err
    assert cv2.imread(str(tmp_path / "SIMD_our/merged/fur_f_0.png")).shape == (8, 2000, 3)
    matte = cv2.imread(str(tmp_path / "SIMD_our/alpha/fur_f.png"), cv2.IMREAD_UNCHANGED)
    assert matte.shape == (8, 2000) and (matte == 128).all()


def test_other_weights_are_another_measurement(mattelier, photos, tmp_path):
    from editor.paths import models_dir
    from models.weight_store import WeightStore

    log = tmp_path / "results.jsonl"
    for content, reused in ((b"one", 0), (b"one", 1), (b"two", 0)):
        WeightStore(models_dir()).add(
            "closed-form",
            lambda path, content=content: path.write_bytes(content),
            "none",
            "test",
            "test",
            lambda *_: None,
        )
        facts = json.loads(mattelier(*words(photos, "--limit", 1, "--resume", log, "--json")).out)
        assert facts["reused"] == reused
