"""The networks as engines: what they say where something is missing, where they run, and as published."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

import models.loaded
from editor.api import UserError, check_params, models_dir, params_of
from models.weight_store import WeightStore
from plugins.engines import networks
from plugins.engines.networks import engine_for
from tests.models.predictors import Blurring, ringed_photo, silent, spec_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def kind():
    return engine_for(spec_of(family="indexnet"))


@pytest.fixture
def lent(monkeypatch, kind):
    """Weights (a file of no meaning) and, in place of loaded networks, what the test puts into ``lent``."""

    def write(path: Path) -> None:
        path.write_bytes(b"weights")

    WeightStore(models_dir()).add("test", write, "CC-BY-NC-4.0", "a test", "none", silent)
    predictors: dict[str, Blurring] = {}
    asked: list[tuple[str, str]] = []

    @contextmanager
    def borrowed(name, weights, device, precision):
        assert name == "test" and weights.read_bytes() == b"weights"
        asked.append((device, precision))
        yield predictors[device]

    monkeypatch.setattr(models.loaded, "borrowed", borrowed)
    predictors["asked"] = asked  # type: ignore[assignment]
    return predictors


def test_importing_all_engines_brings_no_torch_and_costs_little():
    code = (
        "import sys, time, numpy, editor.api; started = time.process_time(); import plugins.engines.networks as n; "
        "print(time.process_time() - started, 'torch' in sys.modules, len(n.PLUGINS))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(3)
    ]
    assert all(torch == "False" and int(count) > 50 for _, torch, count in runs)
    assert min(float(seconds) for seconds, _, _ in runs) < 0.06


def test_without_weights_an_engine_says_where_to_get_them(kind):
    assert kind.missing() == (
        "Test has no weights here. Import them with `mattelier models import FILE`, or in the window under Models."
    )
    assert kind.licence == "MIT"


def test_without_torch_an_engine_says_what_to_install(kind, monkeypatch):
    monkeypatch.setattr(networks, "_torch_is_here", lambda: False)
    assert "PyTorch" in kind.missing() and "Install" in kind.missing()


def break_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed, to all appearance, but importing it is an ImportError."""
    monkeypatch.setattr(networks, "_torch_faults", [])
    monkeypatch.setattr(networks, "_torch_is_here", lambda: True)
    monkeypatch.setitem(sys.modules, "torch", None)


def test_a_torch_that_does_not_load_is_told_in_a_sentence_and_missing_from_then_on(kind, lent, monkeypatch):
    break_torch(monkeypatch)
    with pytest.raises(UserError) as caught:
        kind().run(*ringed_photo(60, 60), silent)
    assert "cannot be loaded" in caught.value.message and "classic" in caught.value.hint
    assert "cannot be loaded" in kind.missing()


@pytest.mark.parametrize("broken", [False, True])
def test_getting_ready_loads_torch_meanwhile_and_leaves_what_is_wrong_to_the_run(kind, lent, monkeypatch, broken):
    monkeypatch.setattr(networks, "_torch_faults", [])
    if broken:
        break_torch(monkeypatch)
    kind().get_ready()
    for thread in threading.enumerate():
        if thread.name == "torch":
            thread.join()
    assert bool(kind.missing()) == broken and bool(sys.modules.get("torch")) != broken


def test_a_run_that_waits_for_torch_can_be_cancelled_at_once(kind, lent, monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(networks, "_try_torch", lambda: let_go.wait(20))
    monkeypatch.delitem(sys.modules, "torch", raising=False)

    def cancel(fraction: float, text: str) -> None:
        if any(thread.name == "torch" for thread in threading.enumerate()):
            raise KeyboardInterrupt

    started = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            kind().run(*ringed_photo(60, 60), cancel)
        assert time.perf_counter() - started < 5
    finally:
        let_go.set()
        for thread in threading.enumerate():
            if thread.name == "torch":
                thread.join()


@pytest.mark.parametrize("fails", [False, True])
def test_rubbish_is_searched_for_again_once_torch_is_imported_or_is_not(monkeypatch, fails):
    at_the_end = []
    monkeypatch.setattr(networks.atexit, "register", at_the_end.append)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with suppress(ImportError), networks._unsearched():
        assert not gc.isenabled()
        if fails:
            raise ImportError
    assert gc.isenabled() and at_the_end == [gc.freeze]


def test_with_weights_an_engine_lacks_nothing_and_bears_their_licence(kind, lent):
    assert kind.missing() == "" and kind.licence == kind().licence == "CC-BY-NC-4.0"


def test_weights_that_have_changed_are_refused_in_a_sentence(kind, lent):
    weights = WeightStore(models_dir()).find("test")
    assert weights is not None
    weights.path.write_bytes(b"changed")
    with pytest.raises(UserError) as caught:
        kind().run(*ringed_photo(60, 60), silent)
    assert "test" in caught.value.message and "Import" in caught.value.hint


def test_a_run_says_where_it_was_and_keeps_to_the_memory_it_was_given(kind, lent):
    lent["cpu"] = Blurring()
    engine = kind(processor="cpu", memory_mb=256)
    assert engine.device() == "CPU"
    image, trimap = ringed_photo(90, 120)
    alpha = engine.run(image, trimap, silent)
    assert engine.device() == "CPU, float32: a test" and lent["cpu"].limits[0] == 256 * 1024 * 1024
    assert (alpha[trimap == 255] == 1).all() and (alpha[trimap == 0] == 0).all()


def test_a_gpu_without_enough_memory_gives_way_to_the_cpu_and_that_is_said(kind, lent):
    lent["auto"], lent["cpu"] = Blurring(most_pixels=100), Blurring()
    lent["auto"].device = "cuda"
    texts: list[str] = []
    fractions: list[float] = []

    def progress(fraction: float, text: str) -> None:
        fractions.append(fraction)
        texts.append(text)

    engine = kind()
    engine.run(*ringed_photo(300, 300), progress)
    assert any("going on with the CPU" in text for text in texts) and fractions == sorted(fractions)
    assert "CPU" in engine.device() and "GPU's memory did not suffice" in engine.device()
    assert lent["asked"] == [("auto", "auto"), ("cpu", "float32")]


def test_a_cpu_without_enough_memory_is_a_sentence(kind, lent):
    lent["auto"] = Blurring(most_pixels=100)
    with pytest.raises(UserError) as caught:
        kind().run(*ringed_photo(300, 300), silent)
    assert "memory" in caught.value.message and caught.value.hint


def test_as_published_shows_the_network_the_whole_photo_at_once(kind, lent):
    lent["auto"] = Blurring(spec_of(family="indexnet"), most_pixels=10**6)
    kind(reference=True).run(*ringed_photo(300, 420), silent)
    assert lent["auto"].seen == [(1, 4, 320, 448)]


def test_only_engines_that_go_by_marks_can_be_run_as_published(kind):
    portrait = engine_for(spec_of(family="pspm", channels=3, finds_trimap=True))
    assert "reference" in params_of(kind) and "reference" not in params_of(portrait)
    assert portrait.finds_trimap and not kind.finds_trimap


def test_a_wrong_device_is_refused_as_any_setting_is(kind):
    with pytest.raises(UserError):
        check_params(kind(processor="abacus"))


def test_a_portrait_engine_hands_the_photo_to_the_portrait_route(lent, monkeypatch):
    import models.portrait

    def portrait_matte(predictor, image, progress, *, limit_bytes):
        return np.zeros(image.shape[:2], np.uint8), np.full(image.shape[:2], limit_bytes, np.float32)

    monkeypatch.setattr(models.portrait, "portrait_matte", portrait_matte)
    lent["auto"] = Blurring(spec_of(channels=3))
    portrait = engine_for(spec_of(family="pspm", channels=3, finds_trimap=True))
    trimap, alpha = portrait(memory_mb=1).find(ringed_photo(40, 50)[0], silent)
    assert trimap.shape == alpha.shape == (40, 50) and alpha[0, 0] == 1024 * 1024
