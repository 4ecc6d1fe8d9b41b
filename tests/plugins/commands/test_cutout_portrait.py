"""``mattelier cutout`` without a trimap, by a PSPM network whose values mean nothing: the route, not the quality."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import models
from editor import files
from editor.api import models_dir
from models import portrait_certainty
from models.networks.building import build
from models.portrait import _reduced
from models.weight_store import WeightStore

NETWORK = "pspm-psp-b5"


def opinionated(image: np.ndarray) -> torch.nn.Module:
    """The network with random weights, its last layer set so that all three classes come up in ``image``."""
    torch.manual_seed(3)
    network = build(models.spec(NETWORK))
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    last = network.seg_decoder.last[-1]
    with torch.no_grad():
        logits, _ = network(torch.from_numpy(_reduced(image, 640, 16)))
        mean, deviation = logits.mean(dim=(0, 2, 3)), logits.std(dim=(0, 2, 3))
        last.weight /= deviation[:, None, None, None]
        last.bias.copy_((last.bias - mean) / deviation)
    return network


@pytest.fixture
def weights(folder: Path):
    """Such weights in the user's folder."""
    image = cv2.imread(str(folder / "demo.png"))[..., ::-1].astype(np.float32) / 255
    state = {key: value.contiguous() for key, value in opinionated(image).state_dict().items()}
    store = WeightStore(models_dir())
    store.add(NETWORK, lambda path: save_file(state, path), "MIT", "a test", "made for it", lambda *_: None)


def test_a_network_that_finds_its_own_trimap_cuts_out_without_one(weights, mattelier, folder, registry, monkeypatch):
    outcome = mattelier("cutout", folder / "demo.png")
    assert outcome.code == 1 and "--box X,Y,W,H" in outcome.err
    assert "It is not sure who the subject of this photo is." in outcome.err, "what means nothing is sure of nothing"
    monkeypatch.setattr(portrait_certainty, "CERTAIN", 0.0)
    monkeypatch.setattr(portrait_certainty, "CERTAIN_INSIDE", 0.0)
    monkeypatch.setattr(portrait_certainty, "MOST_UNKNOWN", 1.0)
    words = ("--trimap-out", folder / "found.png", "--matte", folder / "m.png", "--set", "processor=cpu", "--json")
    outcome = mattelier("cutout", folder / "demo.png", *words)
    assert outcome.code == 0, outcome.err
    facts = json.loads(outcome.out)
    assert facts["engine"] == NETWORK and facts["device"].startswith("CPU")
    found = files.read_photo(folder / "found.png", registry.formats).pixels[..., 0]
    matte = files.read_photo(folder / "m.png", registry.formats).pixels[..., 0]
    assert found.shape == matte.shape == (120, 160)
    assert sorted(np.unique(found)) == [0, 128, 255]
    assert (matte[found == 255] == 255).all() and (matte[found == 0] == 0).all()


def test_the_same_network_takes_a_trimap_that_is_given(weights, mattelier, folder, registry):
    words = ("--engine", NETWORK, "--trimap", folder / "demo_trimap.png", "--matte", folder / "m.png", "--json")
    outcome = mattelier("cutout", folder / "demo.png", *words)
    assert outcome.code == 0, outcome.err
    given = files.read_photo(folder / "demo_trimap.png", registry.formats).pixels[..., 0]
    matte = files.read_photo(folder / "m.png", registry.formats).pixels[..., 0]
    assert (matte[given == 255] == 255).all() and (matte[given == 0] == 0).all()
    assert len(np.unique(matte[given == 128])) > 10


def test_without_weights_it_says_where_they_come_from(mattelier, folder):
    outcome = mattelier("cutout", folder / "demo.png", "--engine", NETWORK)
    assert outcome.code == 1
    assert "weights" in outcome.err and "models import" in outcome.err
