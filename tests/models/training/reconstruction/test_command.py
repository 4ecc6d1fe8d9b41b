"""The command from its words to its files: what it keeps, how it goes on, and what it says where it cannot."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training.reconstruction import experiment
from models.training.reconstruction.__main__ import Teller, main
from models.training.reconstruction.report import claims, lines_of, markdown_table, text_table
from models.training.reconstruction.results import Result, ResultsFile
from models.training.reconstruction.rows import ROWS
from models.training.reconstruction.sheet import sheet

TWO = ("average-nearest", "max-unpooling")


def words(folder: Path, *more: str) -> list[str]:
    """A command over 20 digits that takes no time."""
    usual = ["--data", str(folder), "--out", str(folder.parent / "out"), "--images", "20", "--batch", "10"]
    return [*usual, "--judged", "8", "--operators", *TWO, "--device", "cpu", *more]


def results(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder.parent / "out" / "results.json").read_text("utf-8"))["results"]


def result_of(row: str, psnr: float, dataset: str = "fashion") -> Result:
    return Result(
        dataset, row, 1, {"name": "x"}, psnr, 0.7, 0.9, 0.02, 0.03, loss=0.02, parameters=100, operator_parameters=10,
        trained_on=20, judged_by=8, steps=2, seconds=1.0, cpu_seconds=1.0, device="cpu", weights="x",
    )  # fmt: skip


@pytest.fixture
def counted(monkeypatch) -> list[str]:
    """The rows that were trained, as they are trained."""
    trained: list[str] = []
    fit = experiment.fit

    def counting(row, *rest):
        trained.append(row.name)
        return fit(row, *rest)

    monkeypatch.setattr(experiment, "fit", counting)
    return trained


def test_the_command_leaves_results_a_table_and_the_weights(digits_folder: Path, capsys):
    assert main(words(digits_folder)) == 0
    printed = capsys.readouterr().out
    assert "AvgPool-NN" in printed and "25.88" in printed and "every guided pair is above" in printed
    out = digits_folder.parent / "out"
    found = results(digits_folder)
    assert [one["row"] for one in found] == list(TWO)
    assert all((out / str(one["weights"])).is_file() for one in found)
    assert {(one["trained_on"], one["judged_by"], one["steps"]) for one in found} == {(20, 8, 2)}
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["row"] for line in lines] == list(TWO) and lines[0]["schedule.batch"] == "10"
    assert float(lines[0]["psnr"]) == pytest.approx(found[0]["psnr"])
    assert (out / "table.md").read_text("utf-8").count("\n|") == 4
    drawn = cv2.imread(str(out / "sheet-fashion.png"), cv2.IMREAD_GRAYSCALE)
    assert drawn.shape == (3 * 64, 280 + 12 * 64) and drawn[:64, 280:].max() == 255
    assert not list(out.glob("*.part"))


def test_going_on_trains_only_what_is_missing(digits_folder: Path, counted: list[str]):
    assert main(words(digits_folder, "--operators", "max-unpooling")) == 0
    assert main(words(digits_folder, "--resume")) == 0
    assert counted == ["max-unpooling", "average-nearest"]
    assert len(results(digits_folder)) == 2


def test_a_stop_keeps_what_was_finished_and_going_on_comes_to_the_same(digits_folder: Path, monkeypatch, capsys):
    assert main(words(digits_folder)) == 0
    whole = {one["row"]: (one["psnr"], one["mae"]) for one in results(digits_folder)}
    (digits_folder.parent / "out" / "results.json").unlink()
    fit = experiment.fit

    def stopping(row, *rest):
        if row.name == TWO[1]:
            raise KeyboardInterrupt
        return fit(row, *rest)

    monkeypatch.setattr(experiment, "fit", stopping)
    assert main(words(digits_folder)) == 130
    assert "--resume" in capsys.readouterr().err
    assert [one["row"] for one in results(digits_folder)] == [TWO[0]]
    monkeypatch.undo()
    assert main(words(digits_folder, "--resume")) == 0
    assert {one["row"]: (one["psnr"], one["mae"]) for one in results(digits_folder)} == whole


def test_another_schedule_seed_or_set_is_another_result(digits_folder: Path, counted: list[str]):
    for more in ([], ["--epochs", "2"], ["--seed", "2"], ["--set", "mnist"], ["--rate", "0.02"]):
        assert main(words(digits_folder, "--operators", TWO[0], "--resume", *more)) == 0
    assert counted == [TWO[0]] * 5
    assert len({one["weights"] for one in results(digits_folder)}) == 5


def test_judging_by_more_pictures_needs_no_training(digits_folder: Path, counted: list[str]):
    main(words(digits_folder))
    before = results(digits_folder)
    assert main(words(digits_folder, "--resume", "--judged", "0")) == 0
    after = results(digits_folder)
    assert counted == list(TWO)
    assert [one["judged_by"] for one in after] == [12, 12]
    assert after[0]["psnr"] != before[0]["psnr"] and after[0]["loss"] == before[0]["loss"]


def test_weights_that_are_gone_cannot_be_judged_again(digits_folder: Path, capsys):
    main(words(digits_folder))
    for file in (digits_folder.parent / "out").glob("*.safetensors"):
        file.write_bytes(b"damaged")
    assert main(words(digits_folder, "--resume", "--judged", "0")) == 2
    assert "missing or damaged" in capsys.readouterr().err


def test_a_part_of_a_sorted_set_is_taken_from_all_of_it(digits_folder: Path, monkeypatch):
    shades = np.repeat(np.arange(10, dtype=np.uint8) * 20, 4)
    pictures = np.broadcast_to(shades[:, None, None], (40, 28, 28))
    np.savez(digits_folder / "fashion_mnist.npz", x_train=pictures, x_test=pictures)
    trained: list[np.ndarray] = []
    judged: list[np.ndarray] = []
    fit, answers = experiment.fit, experiment.answers
    monkeypatch.setattr(experiment, "fit", lambda row, part, *rest: (trained.append(part), fit(row, part, *rest))[1])
    monkeypatch.setattr(experiment, "answers", lambda net, part, *rest: (judged.append(part), answers(net, part))[1])
    assert main(words(digits_folder, "--operators", TWO[0], "--judged", "10")) == 0
    assert np.bincount(trained[0][:, 0, 0] // 20).tolist() == [2] * 10
    assert np.bincount(judged[0][:, 0, 0] // 20).tolist() == [1] * 10


def test_results_are_never_written_over_unasked(digits_folder: Path, capsys):
    main(words(digits_folder))
    before = (digits_folder.parent / "out" / "results.json").read_bytes()
    assert main(words(digits_folder)) == 2
    assert "--resume" in capsys.readouterr().err
    assert (digits_folder.parent / "out" / "results.json").read_bytes() == before


def test_a_disk_that_is_full_keeps_the_earlier_results(digits_folder: Path, monkeypatch, capsys):
    main(words(digits_folder, "--operators", TWO[0]))
    before = (digits_folder.parent / "out" / "results.json").read_bytes()

    def full(place: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(experiment, "put_file", full)
    assert main(words(digits_folder, "--resume")) == 2
    assert "No space left" in capsys.readouterr().err
    assert (digits_folder.parent / "out" / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 9, "results": []}', '{"format": 1, "results": [{"row": 1}]}']
)
def test_a_damaged_results_file_is_named_and_left_alone(digits_folder: Path, capsys, content: str):
    place = digits_folder.parent / "out" / "results.json"
    place.parent.mkdir()
    place.write_text(content, "utf-8")
    assert main(words(digits_folder, "--resume")) == 2
    assert "results.json is damaged" in capsys.readouterr().err
    assert place.read_text("utf-8") == content


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--operators", "bicubic"], "no pair of operators bicubic"),
        (["--data", "nowhere"], "no file"),
        (["--epochs", "0"], "Epochs"),
        (["--rate", "0"], "Rates are above 0"),
        (["--batch", "30"], "no batch of 30"),
        (["--judged", "-1"], "judge by"),
        (["--rate", "1e30", "--epochs", "9"], "lower --rate"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(digits_folder: Path, capsys, more: list[str], said: str):
    assert main(words(digits_folder, *more)) == 2
    found = capsys.readouterr().err
    assert said in found and "Traceback" not in found


def test_the_table_stands_beside_the_papers_figures():
    lines = lines_of([result_of("convolution-bilinear", 23.456)])
    assert lines == [
        ["Conv/2-Bilinear", "blind", "100", "10", "23.46", "0.9000", "0.7000", "0.0200", "0.0300",
         "24.45 / 23.68", "0.9726 / 0.9675", "0.0320 / 0.0343", "0.0600 / 0.0656"]
    ]  # fmt: skip
    both = [result_of("max-a2u", 40.0), result_of("max-a2u", 41.0, "mnist")]
    for drawn in (text_table(both), markdown_table(both)):
        assert drawn.index("Fashion-MNIST") < drawn.index("40.00") < drawn.index("\nMNIST") < drawn.index("41.00")
        assert "46.41" in drawn and "47.63" in drawn


def test_a_row_that_the_papers_do_not_print_has_empty_cells():
    assert lines_of([result_of("indexed-m2o", 30.0, "mnist")])[0][-4:] == [""] * 4


def test_the_papers_own_figures_bear_out_their_claims_but_for_one_count():
    """Fed with what Table 3.2 prints, every claim on quality holds; that A2U is smaller holds beside one IndexNet."""
    sizes = {"max-a2u": 28_675, "max-holistic": 14_336, "max-m2o": 1_376_256}
    printed = [
        dataclasses.replace(result_of(row.name, row.fashion[0].psnr), operator_parameters=sizes.get(row.name, 0))
        for row in ROWS
    ]
    found = {claim.text: claim.holds for claim in claims(printed)}
    assert [text for text, holds in found.items() if not holds] == [
        "MaxPool-A2U has fewer parameters than MaxPool-IndexNet, holistic"
    ]
    assert len(found) == 7


def test_a_claim_that_the_figures_deny_is_denied():
    found = claims([result_of("max-unpooling", 20.0), result_of("average-nearest", 21.0)])
    assert [claim.holds for claim in found] == [False]
    assert "20.00" in found[0].figures and "21.00" in found[0].figures
    assert claims([result_of("max-unpooling", 20.0)]) == []


def test_results_come_back_as_they_were_kept(tmp_path: Path):
    kept = ResultsFile(tmp_path)
    result = result_of("max-a2u", 40.0)
    kept.add(result)
    kept.add(dataclasses.replace(result, psnr=41.0))
    again = ResultsFile(tmp_path)
    assert len(again) == 1
    assert again.get(result.key) == dataclasses.replace(result, psnr=41.0)
    assert again.get("something else") is None


def test_a_sheet_shows_what_was_shown_and_each_answer_clipped():
    truth = np.full((2, 32, 32), 100, np.uint8)
    drawn = cv2.imdecode(np.frombuffer(sheet(truth, {"a": truth / np.float32(255) + 9}), np.uint8), 0)
    assert (drawn[:64, 280:] == 100).all() and (drawn[64:, 280:] == 255).all()
    with pytest.raises(ValueError, match="answers of b"):
        sheet(truth, {"b": np.zeros((1, 32, 32), np.float32)})


def test_progress_tells_the_time_left_but_not_at_every_step(capsys, monkeypatch):
    now = iter([0.0, 1.0, 30.0, 31.0, 60.0])
    monkeypatch.setattr("models.training.reconstruction.__main__.time.perf_counter", lambda: next(now))
    teller = Teller()
    teller(0.1, "row 1, loss 0.3")
    teller(0.25, "row 1, loss 0.2")
    teller(0.3, "row 1, loss 0.2")
    teller(0.5, "row 1: 20.00 dB")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        " 25%  row 1, loss 0.2, about 2 min left",
        " 50%  row 1: 20.00 dB, about 1 min left",
    ]
