"""The loop learns, goes on exactly where it stopped, and stops with a sentence where it must."""

from __future__ import annotations

import errno

import cv2
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from models.training import checkpointing, loop
from models.training.checkpointing import CheckpointFolder
from models.training.loading import Share
from models.training.loop import Trainer
from models.training.run_folder import RunFolder
from models.training.wording import in_number, in_words


@pytest.fixture(autouse=True)
def curves_are_not_drawn(request, monkeypatch) -> None:
    """Drawing takes longer than the rest; the test that looks at the curve has it."""
    if "leaves_log_curves" not in request.node.name:
        monkeypatch.setattr(RunFolder, "draw_curve", lambda self, title: None)


def quiet(fraction: float, text: str) -> None:
    """Progress that nobody looks at."""


def trainer(recipe, source, folder, **more) -> Trainer:
    return Trainer(recipe, source, RunFolder(folder), **more)


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_steps_in_two_goes_are_bit_for_bit_those_in_one(tmp_path, recipe_of, drawn, optimiser):
    average = 0.9 if optimiser == "sgd" else 0.0
    recipe = recipe_of(optimiser=optimiser, losses={"alpha": 1.0, "composition": 0.5}, average=average)
    straight = trainer(recipe, drawn(), tmp_path / "straight")
    straight.run(quiet)
    trainer(recipe, drawn(), tmp_path / "halved").run(quiet, until=3)
    torch.rand(17)  # whatever else happens in between must not matter
    second = trainer(recipe, drawn(), tmp_path / "halved")
    second.resume()
    assert second.step == 3
    second.run(quiet)
    assert same(straight.network, second.network)
    delivered = [load_file(tmp_path / name / "tiny-recipe.safetensors") for name in ("straight", "halved")]
    assert all(torch.equal(delivered[0][name], delivered[1][name]) for name in delivered[0])
    losses = [[row["loss"] for row in RunFolder(tmp_path / name).curve.rows()] for name in ("straight", "halved")]
    assert losses[0] == losses[1] and len(losses[0]) == 8


def test_workers_bring_the_same_pictures_as_no_workers(tmp_path, recipe_of, drawn):
    alone, helped = (
        trainer(recipe_of(workers=workers, steps=3), drawn(), tmp_path / str(workers)) for workers in (0, 1)
    )
    alone.run(quiet)
    helped.run(quiet)
    assert same(alone.network, helped.network)


def test_a_batch_in_parts_has_the_slopes_of_the_whole(tmp_path, recipe_of, drawn):
    found = []
    for parts in (1, 2):
        recipe = recipe_of(accumulate=parts, fixed_norms=True, backbone=("encoder.",), start="")
        one = trainer(recipe, drawn(), tmp_path / str(parts))
        one.network.drop.p = 0.0
        one.run(quiet, until=2)
        found.append(one.network.state_dict())
    assert all(torch.allclose(found[0][name], found[1][name], atol=1e-6) for name in found[0])


def test_training_makes_the_loss_smaller(tmp_path, recipe_of, drawn):
    trainer(recipe_of(steps=60, rate=0.03, save_every=60, validate_every=60), drawn(), tmp_path).run(quiet)
    losses = [row["loss"] for row in RunFolder(tmp_path).curve.rows()]
    assert sum(losses[-10:]) < 0.6 * sum(losses[:10])


def test_a_training_leaves_log_curves_samples_and_weights(tmp_path, recipe_of, drawn):
    told: list[tuple[float, str]] = []
    trainer(recipe_of(), drawn(bad=(5,)), tmp_path).run(lambda fraction, text: told.append((fraction, text)))
    assert told[-1][0] == 1 and "step 8 of 8, loss 0." in told[-1][1] and "pictures/s, 0 s left" in told[-1][1]
    log = (tmp_path / "train.log").read_text()
    assert log.count("skipped: photo 5 is damaged") == 1 and "1 file was skipped" in log and "sad" in log
    assert [row["step"] for row in RunFolder(tmp_path).judgements.rows()] == [4, 8]
    assert {"sad", "mse", "grad", "conn"} <= set(RunFolder(tmp_path).judgements.rows()[0])
    assert cv2.imread(str(tmp_path / "curve.png")).shape[1] > 400
    assert cv2.imread(str(tmp_path / "samples" / "step-00000008.png")).shape == (2 * 16, 4 * 16, 3)
    with safe_open(tmp_path / "tiny-recipe.safetensors", framework="pt") as weights:
        assert weights.metadata()["network"] == "tiny" and "head.weight" in weights.keys()


def test_a_row_of_the_curve_is_the_mean_since_the_last_one(tmp_path, recipe_of, drawn):
    for every in (1, 3):
        trainer(recipe_of(log_every=every), drawn(), tmp_path / str(every)).run(quiet)
    single, rows = ([row["loss"] for row in RunFolder(tmp_path / name).curve.rows()] for name in ("1", "3"))
    told = [sum(single[start:stop]) / (stop - start) for start, stop in ((0, 3), (3, 6), (6, 8))]
    assert rows == pytest.approx(told, rel=1e-6)


def test_frozen_parts_without_weights_to_start_from_are_remarked_on(tmp_path, recipe_of, drawn):
    assert "no pretrained" not in str(trainer(recipe_of(), drawn(), tmp_path).remarks)
    assert "starts from no pretrained" in trainer(recipe_of(frozen=("encoder.",)), drawn(), tmp_path).remarks[0]


def test_what_an_interrupted_training_knows_can_be_taken_over(tmp_path, recipe_of, drawn):
    def interrupt(fraction: float, text: str) -> None:
        if "step 2" in text:
            raise KeyboardInterrupt

    one = trainer(recipe_of(average=0.5), drawn(), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        one.run(interrupt)
    (place,) = tmp_path.glob("*.safetensors")
    known = one.average.network.state_dict()
    found = load_file(place)
    assert found.keys() == known.keys() and all(torch.equal(found[name], known[name]) for name in known)
    with safe_open(place, "pt") as opened:
        assert opened.metadata()["steps"] == "2"


def test_a_second_size_that_no_step_reaches_is_remarked_on(tmp_path, recipe_of, drawn):
    settings = {"first_px": 64, "first_steps": 8, "steps": 8}
    assert "none of" in trainer(recipe_of(**settings), drawn(), tmp_path).remarks[0]
    assert not trainer(recipe_of(**settings | {"steps": 9}), drawn(), tmp_path).remarks


def test_the_running_average_is_what_is_delivered(tmp_path, recipe_of, drawn):
    one = trainer(recipe_of(average=0.5, steps=3), drawn(), tmp_path)
    seen = [one.network.head.bias.detach().clone()]
    for step in range(3):
        one.run(quiet, until=step + 1)
        seen.append(one.network.head.bias.detach().clone())
    expected = seen[0]
    for step, value in enumerate(seen[1:]):
        keep = min(0.5, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * value
    delivered = load_file(tmp_path / "tiny-recipe.safetensors")
    assert torch.allclose(delivered["head.bias"], expected, atol=1e-6)
    assert not torch.allclose(delivered["head.bias"], seen[-1], atol=1e-6)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_weights(tmp_path, recipe_of, drawn, monkeypatch):
    one = trainer(recipe_of(), drawn(), tmp_path)
    one.run(quiet, until=4)
    good = CheckpointFolder(tmp_path / "checkpoint").load()
    monkeypatch.setattr(loop, "set_rate", lambda *_: 0.0)
    with torch.no_grad():
        one.network.head.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"The loss is no number any more in step 5.*after step 4 are kept"):
        one.run(quiet)
    kept = CheckpointFolder(tmp_path / "checkpoint").load()
    assert kept.step == 4 and all(torch.equal(kept.weights[name], good.weights[name]) for name in good.weights)
    assert "no number any more in step 5" in (tmp_path / "train.log").read_text()


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, recipe_of, drawn, monkeypatch):
    one = trainer(recipe_of(), drawn(), tmp_path)
    one.run(quiet, until=4)
    real = checkpointing.put_file

    def full(place, content):
        if place.name == "state.pt":
            place.with_name("state.pt.half.part").write_bytes(content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(place, content)

    monkeypatch.setattr(checkpointing, "put_file", full)
    with pytest.raises(ValueError, match=r"after step 8 cannot be written: No space left.*after step 4 is whole"):
        one.run(quiet)
    with pytest.raises(
        ValueError, match=r"after step 0 cannot be written: No space left on device\. Make room, then sta"
    ):
        trainer(recipe_of(), drawn(), tmp_path / "other").run(quiet)
    monkeypatch.undo()
    assert CheckpointFolder(tmp_path / "checkpoint").load().step == 4
    assert len(list((tmp_path / "checkpoint").glob("*.safetensors"))) == 1


def test_what_progress_raises_comes_out_after_a_checkpoint(tmp_path, recipe_of, drawn):
    class CancelledError(Exception):
        pass

    def cancelling(fraction: float, text: str) -> None:
        if fraction >= 0.25:
            raise CancelledError

    with pytest.raises(CancelledError):
        trainer(recipe_of(), drawn(), tmp_path).run(cancelling)
    assert CheckpointFolder(tmp_path / "checkpoint").load().step == 2


def test_too_large_a_batch_says_which_would_fit(tmp_path, recipe_of, drawn, monkeypatch):
    one = trainer(recipe_of(batch=8), drawn(), tmp_path)
    answers = one._answers

    def scarce(network, batch):
        if batch.size > 2:
            raise torch.OutOfMemoryError("out of memory")
        return answers(network, batch)

    monkeypatch.setattr(one, "_answers", scarce)
    with pytest.raises(ValueError, match=r"for 8 pictures at a time\. 2 would fit: add --set accumulate=4"):
        one.run(quiet)
    monkeypatch.setattr(one, "_answers", lambda network, batch: scarce(network, batch.only([0] * 3)))
    with pytest.raises(ValueError, match="not suffice for one picture"):
        one.run(quiet)


def test_a_process_that_looks_for_the_batch_that_fits_does_not_wait_for_the_others(tmp_path, recipe_of, drawn):
    """What is shared among processes is called once a step, by all of them; a trial by one alone would never end."""
    one = trainer(recipe_of(batch=8), drawn(), tmp_path)
    one.share = Share(0, 2)
    called = []

    def shared(inputs):
        called.append(len(inputs))
        raise torch.OutOfMemoryError("out of memory")

    one._called = shared
    with pytest.raises(ValueError, match=r"for 4 pictures at a time\. 2 would fit: .*--set batch=4"):
        one.run(quiet)
    assert called == [4]


def test_a_source_that_fails_ends_the_training_after_a_checkpoint(tmp_path, recipe_of, drawn):
    class Failing(drawn):
        def example(self, number):
            if number >= 12:
                raise ValueError("None of the 3 files can be read.")
            return super().example(number)

    for workers in (0, 1):
        one = trainer(recipe_of(workers=workers), Failing(), tmp_path / str(workers))
        with pytest.raises(ValueError, match=r"^None of the 3 files can be read\.$"):
            one.run(quiet)
        assert CheckpointFolder(tmp_path / str(workers) / "checkpoint").step == 3


def test_weights_that_are_no_numbers_are_never_kept(tmp_path, recipe_of, drawn):
    """A rate too large can spoil them in a step whose loss and slope were numbers still."""
    one = trainer(recipe_of(save_every=1), drawn(), tmp_path)
    one.run(quiet, until=2)
    step = one.optimiser.step

    def spoil(*words):
        step(*words)
        with torch.no_grad():
            one.network.head.bias.fill_(float("inf"))

    one.optimiser.step = spoil
    with pytest.raises(
        ValueError, match=r"weights are no numbers any more after step 3\. The weights after step 2 are"
    ):
        one.run(quiet)
    kept = CheckpointFolder(tmp_path / "checkpoint").load()
    assert kept.step == 2 and all(torch.isfinite(value).all() for value in kept.weights.values())


def test_a_judgement_for_which_memory_does_not_suffice_is_left_out(tmp_path, recipe_of, drawn, monkeypatch):
    one = trainer(recipe_of(), drawn(), tmp_path)

    def scarce(batch):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(one, "predict_delivered", scarce)
    one.run(quiet)
    assert (tmp_path / "train.log").read_text().count("not judged, the memory does not suffice") == 2
    assert CheckpointFolder(tmp_path / "checkpoint").step == 8


def test_other_errors_of_torch_are_not_taken_for_memory(tmp_path, recipe_of, drawn, monkeypatch):
    one = trainer(recipe_of(), drawn(), tmp_path)

    def broken(network, batch):
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr(one, "_answers", broken)
    with pytest.raises(RuntimeError, match="sizes do not match"):
        one.run(quiet)


def test_another_recipe_cannot_go_on_from_a_checkpoint(tmp_path, recipe_of, drawn):
    trainer(recipe_of(), drawn(), tmp_path).run(quiet, until=1)
    for wanted in (recipe_of(name="other"), recipe_of(network="tiny-portrait", losses={"whole-alpha": 1.0})):
        with pytest.raises(ValueError, match=r"The checkpoint is of .* not "):
            trainer(wanted, drawn(), tmp_path).resume()
    with pytest.raises(ValueError, match="does not fit"):
        trainer(recipe_of(frozen=("encoder.",)), drawn(), tmp_path).resume()


def test_a_changed_setting_holds_after_a_resume_and_is_told(tmp_path, recipe_of, drawn):
    trainer(recipe_of(), drawn(), tmp_path).run(quiet, until=2)
    one = trainer(recipe_of(rate=0.001, weight_decay=0.5, optimiser="adam"), drawn(), tmp_path)
    one.resume()
    assert one.optimiser.param_groups[0]["weight_decay"] == 0.5
    one.run(quiet, until=3)
    remark = one.remarks[-1]
    assert remark.startswith("Going on after step 2, with ") and "rate 0.001 instead of 0.01" in remark
    assert RunFolder(tmp_path).curve.rows()[-1]["rate"] < 0.0011


def test_a_resume_goes_through_later_steps_again_and_the_curve_tells_each_once(tmp_path, recipe_of, drawn):
    recipe = recipe_of(save_every=2)
    one = trainer(recipe, drawn(), tmp_path)
    one.run(quiet, until=2)
    one._checkpoint = lambda: None  # killed: no checkpoint any more
    one.run(quiet, until=4)
    again = trainer(recipe, drawn(), tmp_path)
    again.resume()
    again.run(quiet)
    assert [row["step"] for row in RunFolder(tmp_path).curve.rows()] == list(range(1, 9))


def test_bfloat16_trains_and_keeps_weights_in_float32(tmp_path, recipe_of, drawn):
    one = trainer(recipe_of(precision="bfloat16", steps=2), drawn(), tmp_path)
    before = one.network.head.weight.detach().clone()
    one.run(quiet)
    assert one.network.head.weight.dtype == torch.float32 and not torch.equal(before, one.network.head.weight)


def test_a_portrait_network_trains_with_its_own_segmentation(tmp_path, recipe_of, drawn):
    losses = {"unknown-alpha": 1.0, "whole-alpha": 10.0, "sobel": 10.0, "affinity": 10.0, "trimap": 0.1}
    recipe = recipe_of(network="tiny-portrait", losses=losses, unknown_from="segmentation", steps=4)
    trainer(recipe, drawn(), tmp_path).run(quiet)
    row = RunFolder(tmp_path).curve.rows()[-1]
    assert set(losses) <= set(row) and RunFolder(tmp_path).judgements.rows()


def test_pseudo_labels_are_what_the_network_says_before_the_step(tmp_path, recipe_of, drawn, monkeypatch):
    one = trainer(recipe_of(), drawn(pseudo=True), tmp_path)
    seen = []
    objective = one._objective
    monkeypatch.setattr(
        one, "_objective", lambda alpha, logits, batch: seen.append(batch) or objective(alpha, logits, batch)
    )
    one.run(quiet, until=1)
    truth = [drawn().example(number) for number in range(4)]
    changed = [not torch.equal(seen[0].alpha[i, 0], torch.from_numpy(truth[i].alpha)) for i in range(4)]
    assert changed == [True, False, True, False]


def test_times_are_said_as_one_says_them():
    assert [in_words(s) for s in (4.4, 600, 11_100)] == ["4 s", "10 min", "3 h 05 min"]
    assert [in_number(n, "file was", "files were") for n in (1, 2)] == ["1 file was", "2 files were"]


def test_a_network_that_is_told_the_trimap_learns_alpha_from_it_alone(tmp_path, recipe_of, drawn, monkeypatch):
    seen: list[torch.Tensor] = []

    def told(self, x):
        seen.append(x)
        return (self.mat_decoder(self.encoder(x[:, :3])),)

    recipe = recipe_of(network="tiny-portrait", losses={"unknown-alpha": 1.0}, told=True, steps=2, validate_on=0)
    made = trainer(recipe, drawn(), tmp_path)
    monkeypatch.setattr(type(made.network), "forward", told)
    made.run(quiet)
    classes = seen[0][:, 3:]
    assert classes.shape[1] == 3 and (classes.sum(dim=1) == 1).all() and set(classes.unique().tolist()) == {0.0, 1.0}
