"""Fresh networks: their first answers lie about one half and differ, so that an L1 loss has a slope."""

from __future__ import annotations

import pytest
import torch

from models.catalogue import every_spec
from models.networks.building import build


@pytest.mark.parametrize("name", ["indexnet-small", "indexnet-b11", "a2u-small"])
def test_a_fresh_network_answers_about_one_half_and_not_the_same_everywhere(name: str) -> None:
    torch.manual_seed(1)
    network = build(every_spec()[name]).train()
    with torch.no_grad():
        alpha = network(torch.randn(2, 4, 64, 64))
    assert 0.35 < float(alpha.mean()) < 0.65 and float(alpha.std()) > 0.1
