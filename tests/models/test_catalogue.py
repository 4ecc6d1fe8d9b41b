"""Every row of the catalogue: it builds, counts as its paper says, answers in the promised shapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models.catalogue import every_spec
from models.catalogue.counts import Counted, Counts, count
from models.catalogue.spec import ModelSpec
from models.licences import PUBLISHED_BY, RESEARCH_ONLY
from models.networks import checkpoints, counting
from models.networks.building import build
from models.networks.counting import PAPER_PX, Cost, _ShapesOnly
from tests.models.networks.oracles import filled_state, keys

SPECS = list(every_spec().values())
FAMILIES = ["indexnet", "a2u", "rmat", "pspm", "fusion"]
rows = pytest.mark.parametrize("spec", SPECS, ids=[spec.name for spec in SPECS])


@cache
def network_of(name: str) -> nn.Module:
    """Without values; built once for all that is asked of it here."""
    return build(every_spec()[name], "meta")


@cache
def run_of(name: str) -> tuple[Cost, list[tuple[int, ...]]]:
    """What one pass costs, and the shapes of its answers."""
    spec, network = every_spec()[name], network_of(name)
    shapes: list[tuple[int, ...]] = []

    def note(module: nn.Module, inputs: object, answer: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        shapes.extend(tuple(part.shape) for part in (answer if isinstance(answer, tuple) else (answer,)))

    hook = network.register_forward_hook(note)
    cost = counting.count(network, spec.channels, spec.gflops_of)
    hook.remove()
    return cost, shapes


def near(ours: float, printed: float | None, tolerance: float) -> bool:
    """True where nothing is printed, or ours is as near as promised or as near as the print's last digit tells."""
    if printed is None:
        return True
    decimals = len(f"{printed:g}".partition(".")[2])
    return abs(ours - printed) <= max(tolerance * printed, 0.5 * 10**-decimals)


# --- the rows


@rows
def test_a_row_counts_as_its_paper_says_or_says_why_not(spec: ModelSpec):
    cost, _ = run_of(spec.name)
    if spec.parameters is not None:
        assert cost.parameters == spec.parameters
    met = near(cost.parameters / 1e6, spec.paper.parameters_m, spec.tolerance)
    met &= near(cost.paper_gflops, spec.paper.gflops, spec.tolerance)
    assert met == spec.meets_paper, f"{cost} is counted, {spec.paper} is printed"
    assert spec.meets_paper or "cannot be met" in spec.note


@rows
def test_the_counts_that_are_shipped_are_those_of_the_network(spec: ModelSpec, tmp_path):
    cost, _ = run_of(spec.name)
    assert Counts(tmp_path).of(spec) == Counted(cost.parameters, cost.paper_gflops, cost.macs), (
        "python -m models.catalogue.counts writes them anew"
    )


@rows
def test_a_row_answers_in_the_promised_shapes(spec: ModelSpec):
    wanted = [(1, 3, PAPER_PX, PAPER_PX), (1, 1, PAPER_PX, PAPER_PX)]
    assert PAPER_PX % spec.stride == 0
    assert run_of(spec.name)[1] == (wanted if spec.finds_trimap else wanted[1:])


@rows
def test_a_row_can_be_listed_and_its_weights_can_have_its_name(spec: ModelSpec):
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", spec.name) and len(spec.name) <= 25
    assert spec.title and spec.description.endswith(".") and spec.paper.row and (spec.paper.table or spec.note)
    assert spec.family in FAMILIES and spec.stride > 0
    assert spec.channels in ((10,) if spec.family == "fusion" else (3, 4))
    assert not spec.note or spec.note.endswith(".")


@rows
def test_weights_are_parameters_and_the_statistics_of_norms_alone(spec: ModelSpec):
    """Importing tells networks apart by that number; anything else that is saved would mislead it."""
    network = network_of(spec.name)
    parameters = sum(p.numel() for p in network.parameters())
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert checkpoints.Contents(False, shapes, {}).parameters == parameters


def test_the_families_stand_together_in_the_papers_order_and_our_own_last():
    families = [spec.family for spec in SPECS]
    assert families == sorted(families, key=FAMILIES.index)


# --- the published layouts


def published_families() -> list[str]:
    return [family for family in PUBLISHED_BY if any(spec.family == family for spec in SPECS)]


PUBLISHED = [("indexnet", "indexnet_published_keys"), ("a2u", "a2u_published_keys"), ("a2u", "a2u_channelwise_keys")]


@pytest.mark.parametrize(("family", "listed"), [pair for pair in PUBLISHED if pair[0] in published_families()])
def test_the_checkpoints_that_authors_published_are_recognised_and_load_strictly(tmp_path, family, listed):
    shapes = {name.removeprefix("module."): tuple(shape) for name, shape in keys(listed)["keys"]}
    state = filled_state(shapes)
    torch.save({"state_dict": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "published.pth")
    match = checkpoints.examine(tmp_path / "published.pth")
    assert match.spec.family == family and match.licence == RESEARCH_ONLY
    network = build(match.spec)
    network.load_state_dict(checkpoints.tensors(match), strict=True)
    own = network.state_dict()
    assert all(torch.equal(own[match.layout.ours[name]], value) for name, value in state.items())


@pytest.mark.parametrize(
    "name",
    [spec.name for spec in SPECS if spec.name.startswith(("indexnet-m2o", "indexnet-unsh")) and spec.told_apart],
)
def test_other_index_families_of_the_same_code_are_recognised_without_being_named(tmp_path, name):
    spec = every_spec()[name]
    layout = checkpoints.layouts(spec)[0]
    assert layout.published
    state = {f"module.{theirs}": torch.zeros(shape) for theirs, shape in layout.shapes.items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "trained.pth")
    match = checkpoints.examine(tmp_path / "trained.pth")
    assert match.spec.name == name and match.licence == RESEARCH_ONLY


@pytest.mark.parametrize("spec", [spec for spec in SPECS if not spec.told_apart], ids=lambda spec: spec.name)
def test_rows_that_weights_do_not_tell_apart_are_recognised_by_name_alone(tmp_path, spec):
    """Tables 3.5 and 4.4: the same weights, other mathematics."""
    state = {name: torch.zeros(value.shape) for name, value in build(spec, "meta").state_dict().items()}
    save_file(state, tmp_path / "nameless.safetensors")
    save_file(state, tmp_path / "own.safetensors", metadata={"network": spec.name})
    other = checkpoints.examine(tmp_path / "nameless.safetensors").spec
    assert other.told_apart and other.parameters == spec.parameters and other.options != spec.options
    assert checkpoints.examine(tmp_path / "own.safetensors").spec is spec
    assert checkpoints.examine(tmp_path / "nameless.safetensors", spec.name).spec is spec


def test_weights_of_a_published_layout_stay_for_research_under_another_networks_name(tmp_path):
    """PSPM's A1 is IndexNet with other training: asking for it does not change whose weights they are."""
    layout = checkpoints.layouts(every_spec()["indexnet-m2o-nlc"])[0]
    torch.save({theirs: torch.zeros(shape) for theirs, shape in layout.shapes.items()}, tmp_path / "trained.pth")
    match = checkpoints.examine(tmp_path / "trained.pth", "pspm-a1")
    assert match.spec.name == "pspm-a1" and match.licence == RESEARCH_ONLY


# --- counting


def small_catalogue(monkeypatch: pytest.MonkeyPatch, *specs: ModelSpec) -> None:
    monkeypatch.setattr("models.catalogue.counts.every_spec", lambda: {spec.name: spec for spec in specs})


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> list[ModelSpec]:
    specs = [SPECS[0], next(spec for spec in SPECS if spec.parameters and spec is not SPECS[0])]
    small_catalogue(monkeypatch, *specs)
    monkeypatch.setattr("models.catalogue.counts._SHIPPED", Path("is not there"))
    return specs


def quiet(fraction: float, text: str) -> None:
    assert 0 <= fraction <= 1 and text


def test_counts_are_taken_once_and_kept(tmp_path, two, monkeypatch):
    counts = Counts(tmp_path / "cache")
    assert [counts.of(spec) for spec in two] == [None, None]
    counts.count_all(quiet)
    first = [counts.of(spec) for spec in two]
    assert all(isinstance(cost, Counted) for cost in first) and first[0] != first[1]
    monkeypatch.setattr("models.catalogue.counts.count", None)
    again = Counts(tmp_path / "cache")
    again.count_all(quiet)
    assert [again.of(spec) for spec in two] == first


def test_counts_are_taken_anew_once_the_networks_code_has_changed(tmp_path, two, monkeypatch):
    Counts(tmp_path).count_all(quiet)
    monkeypatch.setattr("models.catalogue.counts._fingerprint_of_code", lambda: "changed")
    assert Counts(tmp_path).of(two[0]) is None


def test_what_was_counted_before_cancelling_is_kept(tmp_path, two):
    calls: list[str] = []

    def cancel_at_second(fraction: float, text: str) -> None:
        calls.append(text)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Counts(tmp_path).count_all(cancel_at_second)
    assert [Counts(tmp_path).of(spec) is None for spec in two] == [False, True]


@pytest.mark.parametrize("content", ["", "[", "[1]", '{"a": 1}'])
def test_damaged_counts_are_forgotten(tmp_path, two, content):
    (tmp_path / "model-counts.json").write_text(content)
    counts = Counts(tmp_path)
    assert counts.of(two[0]) is None
    counts.count_all(quiet)
    assert Counts(tmp_path).of(two[0]) is not None


def test_where_counts_cannot_be_kept_they_are_still_counted(tmp_path, two):
    (tmp_path / "file").write_text("")
    counts = Counts(tmp_path / "file")
    counts.count_all(quiet)
    assert counts.of(two[0]) is not None


# --- building


@pytest.mark.parametrize("code", ["models.networks.nowhere:Net", "torch.nn:NoSuchThing", "collections:OrderedDict"])
def test_a_fault_of_the_catalogue_is_said(code):
    from dataclasses import replace

    with pytest.raises(ValueError, match="The catalogue says"):
        build(replace(SPECS[0], code=code, options={}))


def test_building_on_the_meta_device_takes_no_memory_and_leaves_evaluation_mode():
    network = build(SPECS[0], "meta")
    assert all(value.is_meta for value in network.state_dict().values())
    assert not network.training


def test_passing_over_norms_and_activations_changes_no_count(monkeypatch):
    spec = SPECS[0]
    quick = count(spec)

    def everything(self: object, func: Callable[..., object], types: object, args=(), kwargs=None) -> object:
        return func(*args, **(kwargs or {}))

    monkeypatch.setattr(_ShapesOnly, "__torch_function__", everything)
    assert count(spec) == quick
    assert isinstance(build(spec, "meta"), nn.Module)
