"""Training one pair of operators: the papers' schedule, the same conditions for all, and a loss that falls."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from models.training.reconstruction import fitting
from models.training.reconstruction.digits import enlarged
from models.training.reconstruction.fitting import answers, build, fit
from models.training.reconstruction.rows import ROWS, Half, Row, rows_of
from models.training.reconstruction.schedule import SCHEDULES, Schedule
from tests.models.training.reconstruction.small_digits import drawn_digits

BRIEF = Schedule("brief", epochs=2, images=12, batch=3, rate=0.01)
BY_NAME = {row.name: row for row in ROWS}
OPERATOR_PARAMETERS = {
    "average-nearest": 0,
    "convolution-nearest": sum(9 * c * c + c for c in (32, 64, 128)),
    "convolution-shuffle": sum(9 * c * c + c + 4 * c * c + 4 * c for c in (32, 64, 128)),
    "convolution-deconvolution": sum(9 * c * c + c + 16 * c * c + c for c in (32, 64, 128)),
    "space-to-depth": 0,
    "max-unpooling": 0,
    "indexed-modelwise": 4 * (16 * 2 + 2 * 2 + 2),
    "indexed-holistic": sum(16 * c * 2 * c + 2 * 2 * c + 2 * c * 4 for c in (32, 64, 128)),
    "indexed-m2o": 4 * sum(16 * c * 2 * c + 2 * 2 * c + 2 * c * c for c in (32, 64, 128)),
    "max-holistic": sum(4 * 16 * c for c in (32, 64, 128)),
    "max-a2u": sum(4 * 2 * 16 * c + 1 for c in (32, 64, 128)),
    "max-m2o": 4 * sum(16 * c * c for c in (32, 64, 128)),
}


def silent(fraction: float, text: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return enlarged(drawn_digits(12))


def test_the_papers_schedule_is_100_epochs_and_drops_after_the_50th_70th_and_85th():
    paper = SCHEDULES["paper"]
    assert (paper.epochs, paper.batch, paper.rate, paper.images) == (100, 100, 0.01, 0)
    rates = [paper.rate_at(epoch / 100) for epoch in range(100)]
    assert [epoch for epoch, (a, b) in enumerate(itertools.pairwise(rates), 1) if b < a] == [50, 70, 85]
    assert rates[-1] == pytest.approx(1e-5)
    assert paper.steps(60_000) == 60_000


def test_a_schedule_takes_no_more_pictures_than_there_are():
    assert Schedule("x", 2, 1000, 10, 0.1).steps(95) == 2 * 9
    with pytest.raises(ValueError, match="no batch of 10"):
        Schedule("x", 2, 1000, 10, 0.1).steps(9)


@pytest.mark.parametrize("change", [{"epochs": 0}, {"batch": 0}, {"images": -1}, {"rate": 0}, {"momentum": 1}])
def test_a_schedule_of_nonsense_is_refused(change: dict[str, float]):
    usual = {"epochs": 1, "images": 0, "batch": 1, "rate": 0.1, "momentum": 0.9}
    with pytest.raises(ValueError):
        Schedule("x", **(usual | change))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_gives_a_picture_back_and_has_a_slope_for_what_it_uses(row: Row):
    network = build(row)
    network(torch.rand(2, 1, 32, 32)).square().mean().backward()
    idle = {name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.abs().any()}
    # The softmax over CARAFE's kernels of size 1 is 1 whatever made them: the papers' setting makes it nearest.
    assert idle == {name for name in idle if row.name == "max-carafe" and "carafe" in name}


def test_the_one_weight_that_scales_a2us_kernels_of_size_1_starts_from_one():
    for operator in build(BY_NAME["max-a2u"]).operators:
        assert operator.up.project_up.weight.tolist() == [[[[1.0]]]]


@pytest.mark.parametrize(("name", "count"), OPERATOR_PARAMETERS.items())
def test_the_operators_have_the_parameters_that_their_description_gives(name: str, count: int):
    with torch.device("meta"):
        assert sum(weight.numel() for weight in build(BY_NAME[name]).operators.parameters()) == count


def test_guided_means_that_the_way_back_depends_on_what_was_seen():
    """The enlarging half, asked with guides of two different features, answers differently just where it is guided."""
    small = torch.rand(1, 128, 4, 4, generator=torch.Generator().manual_seed(0))
    for row in ROWS:
        operator = build(row).eval().operators[0] if row.one_for_all else build(row).eval().operators[2]
        features = [torch.rand(1, 128, 8, 8, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
        with torch.no_grad():
            found = [operator.enlarge(small, operator.guide(feature)) for feature in features]
        assert torch.equal(*found) == (row.kind == "blind"), row.name


def test_a2u_is_the_holistic_index_network_where_u_says_one():
    """Thesis, 4.5: that is why its static, pointwise, channel-wise form stands in Table 4.1."""
    a2u, holistic = (build(BY_NAME[name]).operators[1].up for name in ("max-a2u", "max-holistic"))
    feature = torch.rand(1, 64, 16, 16) + 0.1
    with torch.no_grad():
        a2u.encode_u.weight.fill_(100.0)  # the sigmoid of what it finds is 1
        # 4 x 4 kernels by channel and set, times the one weight of P
        kernels = a2u.encode_v.weight[0].reshape(64, 4, 4, 4).transpose(0, 1) * a2u.project_up.weight
        holistic.block.indexnet.weight.copy_(kernels)
        small = torch.rand(1, 64, 8, 8)
        found = [operator.enlarge(small, operator.guide(feature)) for operator in (a2u, holistic)]
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-5)


def test_a_network_learns_to_give_digits_back(pictures: np.ndarray):
    losses: list[str] = []
    schedule = Schedule("x", epochs=8, images=12, batch=6, rate=0.02)
    fitted = fit(BY_NAME["max-holistic"], pictures, schedule, 1, lambda _, text: losses.append(text))
    assert fitted.steps == len(losses) == 16
    assert fitted.loss < 0.8 * float(losses[0].removeprefix("loss "))
    assert not fitted.network.training


def test_the_same_seed_gives_the_same_network_and_another_seed_another(pictures: np.ndarray):
    row = BY_NAME["average-nearest"]
    found = [fit(row, pictures, BRIEF, seed, silent).network.state_dict() for seed in (3, 3, 4)]
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not torch.equal(found[0]["decoder.2.weight"], found[2]["decoder.2.weight"])


def test_training_leaves_the_random_numbers_of_others_alone(pictures: np.ndarray):
    torch.manual_seed(8)
    expected = torch.rand(3)
    torch.manual_seed(8)
    fit(BY_NAME["average-nearest"], pictures, BRIEF, 1, silent)
    assert torch.equal(torch.rand(3), expected)


def test_all_rows_see_the_same_pictures_in_the_same_order_each_once_an_epoch(pictures, monkeypatch):
    seen: dict[str, list[np.ndarray]] = {}

    for name in ("average-nearest", "convolution-shuffle"):
        seen[name] = []
        as_tensor = fitting._as_tensor
        monkeypatch.setattr(fitting, "_as_tensor", lambda b, d, n=name, f=as_tensor: (seen[n].append(b), f(b, d))[1])
        fit(BY_NAME[name], pictures, BRIEF, 1, silent)
        monkeypatch.undo()
    one, other = seen.values()
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    for epoch in (one[:4], one[4:]):
        assert sorted(p.tobytes() for p in np.concatenate(epoch)) == sorted(p.tobytes() for p in pictures)
    assert not np.array_equal(one[0], one[4])


def test_a_training_that_runs_away_is_stopped_with_a_sentence(pictures: np.ndarray):
    with pytest.raises(ValueError, match=r"average-nearest is no number after \d+ steps"):
        fit(BY_NAME["average-nearest"], pictures, Schedule("x", 10, 12, 3, 1e30), 1, silent)


def test_a_call_of_progress_may_stop_the_training(pictures: np.ndarray):
    def stop(fraction: float, text: str) -> None:
        if fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(BY_NAME["average-nearest"], pictures, BRIEF, 1, stop)


def test_answers_do_not_depend_on_how_many_are_asked_for_at_once(pictures: np.ndarray, monkeypatch):
    network = build(BY_NAME["max-unpooling"]).eval()
    together = answers(network, pictures)
    monkeypatch.setattr(fitting, "_ANSWERED_AT_ONCE", 3)
    np.testing.assert_allclose(answers(network, pictures), together, atol=1e-6)


def test_the_rows_of_the_tables_are_all_there():
    printed = {(one.table, dataset) for dataset in ("fashion", "mnist") for row in ROWS for one in row.printed(dataset)}
    assert printed == {("3.2", "fashion"), ("4.1", "fashion"), ("4.1", "mnist")}
    counts = {
        key: sum(one.table == key[0] for row in ROWS for one in row.printed(key[1]))
        for key in (("3.2", "fashion"), ("4.1", "fashion"), ("4.1", "mnist"))
    }
    assert set(counts.values()) == {9}
    assert len(rows_of("fashion")) == 15 and len(rows_of("mnist")) == 9


def test_the_printed_psnr_is_that_of_the_printed_error():
    """A slip of the pen in one figure would show: the papers' PSNR follows from their root mean square error."""
    for row in ROWS:
        for one in (*row.fashion, *row.mnist):
            lowest, highest = (-20 * np.log10(one.rmse + off) for off in (5e-5, -5e-5))
            assert lowest - 0.02 < one.psnr < highest + 0.15, (row.name, one)
            assert one.mae < one.rmse


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"no pair of operators carafe.*max-carafe"):
        rows_of("fashion", ["carafe"])
    with pytest.raises(ValueError, match="no set letters"):
        rows_of("letters")
    assert Half("max") in [row.down for row in rows_of("mnist", ["max-a2u"])]
