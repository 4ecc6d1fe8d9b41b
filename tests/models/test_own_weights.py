"""The weights that come with the program: whole, recorded, described, and under the terms their training gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from models import load
from models.licences import RESEARCH_PHOTOS, is_for_research_only
from models.weight_store import OWN_WEIGHTS, WeightStore
from tests.models.predictors import silent

NETWORKS = [file.stem for file in sorted(OWN_WEIGHTS.glob("*.json"))]
TERMS = {"fusion": "MIT", "pspm-small": RESEARCH_PHOTOS}


def test_nothing_lies_there_that_no_record_names():
    names = {f"{network}{end}" for network in NETWORKS for end in (".json", ".md", ".safetensors")}
    assert {file.name for file in OWN_WEIGHTS.iterdir()} == names and set(NETWORKS) == set(TERMS)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_file_is_what_its_record_says_and_fits_its_network(network, tmp_path):
    found = WeightStore(tmp_path).verified(network, silent)
    assert found.path.parent == OWN_WEIGHTS and found.record is not None
    assert found.path.stat().st_size == found.record.size_bytes
    assert load(network, found.path, "cpu").device == "cpu"


def test_both_looks_of_fusion_have_learnt():
    """One that has not leaves the other's answer as it is: nothing but the errors on photos would tell."""
    weights = load_file(OWN_WEIGHTS / "fusion.safetensors")
    assert all(float(weights[f"{look}.answer.weight"].abs().max()) > 0.01 for look in ("first", "second"))
    assert all(float(weights[f"{look}.spread"].float().std()) > 0.01 for look in ("first", "second"))


@pytest.mark.parametrize("network", NETWORKS)
def test_record_card_and_file_name_the_same_terms(network):
    card = (OWN_WEIGHTS / f"{network}.md").read_text("utf-8")
    record = json.loads((OWN_WEIGHTS / f"{network}.json").read_text("utf-8"))
    assert record["licence"] == TERMS[network] == _licence_inside(OWN_WEIGHTS / f"{network}.safetensors")
    said = next(line for line in card.splitlines() if line.startswith("- **Licence:**"))
    assert TERMS[network] in said


def test_only_what_learnt_from_photos_for_research_is_for_research():
    assert [network for network in NETWORKS if is_for_research_only(TERMS[network])] == ["pspm-small"]


def _licence_inside(file: Path) -> str:
    content = file.read_bytes()
    head = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return str(head["__metadata__"]["licence"])
