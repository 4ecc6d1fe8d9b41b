"""``mattelier cutout``: the same route as in the window, and nothing half-written."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from editor import files
from editor.api import Engine
from editor.document.colour import to_16_bit
from editor.document.document import Photo
from tests.editor.document.icc import ADOBE, SRGB_RED_IN_ADOBE


@pytest.fixture
def photo(folder: Path) -> Path:
    return folder / "demo.png"


@pytest.fixture
def read(registry):
    return lambda path: files.read_photo(path, registry.formats)


@pytest.fixture
def cutout(mattelier, folder, photo):
    """Cut out the demo with more words; --engine closed-form unless they name another."""

    def call(*words: object):
        engine = () if "--engine" in words else ("--engine", "closed-form")
        return mattelier("cutout", photo, "--trimap", folder / "demo_trimap.png", *engine, *words)

    return call


def facts_of(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_the_cut_out_lies_beside_the_photo_with_straight_alpha(cutout, folder, read):
    facts = facts_of(cutout("--json"))
    assert facts["files"] == [str(folder / "demo_cutout.png")]
    assert facts["engine"] == "closed-form" and facts["device"] == "CPU" and facts["licence"] == "MIT"
    assert facts["size"] == [160, 120] and 0 < facts["seconds"] < 60
    result, source = read(folder / "demo_cutout.png"), read(folder / "demo.png")
    assert result.alpha is not None and result.alpha.min() == 0 and result.alpha.max() == 255
    solid = cv2.erode((result.alpha == 255).astype(np.uint8), np.ones((9, 9))) > 0
    assert np.abs(result.pixels[solid].astype(int) - source.pixels[solid]).max() <= 1
    assert (result.pixels[result.alpha == 0] == 0).all(), "the removed background must not stay in the file"


def test_its_matte_is_near_the_truth_and_is_the_cut_outs_alpha(cutout, mattelier, folder, read):
    facts = facts_of(cutout("--matte", folder / "matte.png", "--json"))
    assert facts["files"] == [str(folder / "demo_cutout.png"), str(folder / "matte.png")]
    assert (read(folder / "matte.png").pixels[..., 0] == read(folder / "demo_cutout.png").alpha).all()
    measured = mattelier(
        "evaluate", "--json", "--alpha", folder / "matte.png", "--truth", folder / "demo_alpha.png",
        "--trimap", folder / "demo_trimap.png",
    )  # fmt: skip
    assert json.loads(measured.out)["mse"] < 0.03


def test_without_an_engine_named_the_default_one_is_taken(mattelier, folder, photo, registry):
    outcome = mattelier("cutout", photo, "--trimap", folder / "demo_trimap.png", "--json")
    default = max(registry.engines.values(), key=lambda engine: engine.rank)
    assert facts_of(outcome)["engine"] == default.name


def test_a_colour_as_background_gives_an_opaque_composite_in_any_format(cutout, folder, read):
    facts_of(cutout("--background", "#ff8000", "--output", folder / "new.png", "--json"))
    result = read(folder / "new.png")
    assert result.alpha is None
    assert (result.pixels[0, 0] == (255, 128, 0)).all()
    facts_of(cutout("--background", "#ff8000", "--output", folder / "new.jpg", "--json"))
    assert (folder / "new.jpg").stat().st_size > 0


def test_a_picture_as_background_is_seen_where_the_subject_is_not(cutout, folder, read):
    cv2.imwrite(str(folder / "sky.png"), np.full((60, 80, 3), (200, 100, 50), np.uint8))
    facts_of(cutout("--background", folder / "sky.png", "--output", folder / "new.png", "--json"))
    assert np.abs(read(folder / "new.png").pixels[0, 0].astype(int) - (50, 100, 200)).max() <= 1


@pytest.fixture
def adobe_photo(photo, registry, read):
    """The demo as a photo in Adobe RGB, of 16 bits."""
    pixels = to_16_bit(read(photo).pixels)
    files.write_photo(photo, Photo(pixels, icc=ADOBE), registry.formats, overwrite=True)


@pytest.mark.usefixtures("adobe_photo")
def test_a_colour_is_meant_in_srgb_and_written_in_the_photos_profile(cutout, folder, read):
    facts = facts_of(cutout("--background", "#ff0000", "--output", folder / "new.png", "--json"))
    result = read(folder / "new.png")
    assert result.icc == ADOBE and result.pixels.dtype == np.uint16 and not facts["notes"]
    assert np.abs(result.pixels[0, 0] / 257 - SRGB_RED_IN_ADOBE).max() <= 0.5


@pytest.mark.usefixtures("adobe_photo")
def test_a_background_picture_is_brought_into_the_photos_profile(cutout, folder, read):
    cv2.imwrite(str(folder / "red.png"), np.full((60, 80, 3), (0, 0, 255), np.uint8))
    facts = facts_of(cutout("--background", folder / "red.png", "--output", folder / "new.png", "--json"))
    result = read(folder / "new.png")
    assert result.icc == ADOBE and result.pixels.dtype == np.uint16 and not facts["notes"]
    assert np.abs(result.pixels[0, 0] / 257 - SRGB_RED_IN_ADOBE).max() <= 0.5


def test_the_old_background_out_of_focus_can_be_the_new_one(cutout, folder, read):
    facts_of(cutout("--background", "blur", "--output", folder / "new.png", "--json"))
    result, source = read(folder / "new.png"), read(folder / "demo.png")
    assert result.alpha is None and result.pixels.shape == source.pixels.shape
    trimap = cv2.imread(str(folder / "demo_trimap.png"), cv2.IMREAD_GRAYSCALE)
    solid = cv2.erode((trimap == 255).astype(np.uint8), np.ones((5, 5))) > 0
    assert np.abs(result.pixels[solid].astype(int) - source.pixels[solid]).max() <= 2, "the subject stays sharp"


def test_decontamination_takes_the_old_background_out_of_soft_edges(cutout, folder, read):
    for percent in (0, 100):
        name = folder / f"d{percent}.png"
        facts_of(cutout("--decontaminate", percent, "--output", name, "--keep-hidden-colour", "--json"))
    source, left, taken = read(folder / "demo.png"), read(folder / "d0.png"), read(folder / "d100.png")
    soft = (left.alpha > 20) & (left.alpha < 200)
    assert (left.pixels[soft] == source.pixels[soft]).all(), "0 percent keeps the photo's colours"
    redness = (taken.pixels.astype(int)[..., 0] - taken.pixels[..., 2])[soft].mean()
    assert redness > (source.pixels.astype(int)[..., 0] - source.pixels[..., 2])[soft].mean() + 5, "the cat is ginger"


def test_a_16_bit_photo_stays_16_bit(mattelier, folder, read):
    pixels = cv2.imread(str(folder / "demo.png"), cv2.IMREAD_COLOR).astype(np.uint16) * 257 + 3
    cv2.imwrite(str(folder / "deep.png"), pixels)
    words = ("--trimap", folder / "demo_trimap.png", "--engine", "closed-form", "--matte", folder / "m.png", "--json")
    facts_of(mattelier("cutout", folder / "deep.png", *words))
    result = read(folder / "deep_cutout.png")
    assert result.pixels.dtype == np.uint16 and result.alpha.dtype == np.uint16
    assert read(folder / "m.png").pixels.dtype == np.uint16


def test_settings_of_the_engine_are_set_by_name(cutout, folder, read):
    facts_of(cutout("--set", "smoothness=9999", "--output", folder / "smooth.png", "--json"))
    facts_of(cutout("--output", folder / "normal.png", "--json"))
    assert (read(folder / "smooth.png").alpha != read(folder / "normal.png").alpha).any()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--engine", "magic"), "There is no engine magic. `mattelier engines` names"),
        (("--engine", "clasic"), "There is no engine clasic. Did you mean classic?"),
        (("--set", "smoothness"), "is no setting of closed-form"),
        (("--set", "colour=3"), "its settings are: smoothness"),
        (("--set", "smoothness=much"), "smoothness cannot be much"),
        (("--set", "smoothness=-7"), "Smoothness is -7. It must"),
        (("--decontaminate", "101"), "between 0 and 100"),
        (("--decontaminate", "nan"), "between 0 and 100"),
        (("--background", "#12"), "#12 is no colour"),
        (("--background", "nowhere.png"), "nowhere.png"),
        (("--output", "cut.jpg"), "cannot hold a cut-out"),
        (("--output", "cut.xyz"), "no known suffix"),
        (("--output", "nowhere/cut.png"), "There is no folder"),
        (("--output", "x" * 300 + ".png"), "does not accept the name"),
        (("--output", "same.png", "--matte", "same.png"), "cannot both be same.png"),
        (("--output", "demo.png", "--overwrite"), "would be written over the photo demo.png"),
        (("--matte", "demo_trimap.png", "--overwrite"), "would be written over the trimap demo_trimap.png"),
    ],
)
def test_what_the_user_got_wrong_is_one_sentence_and_no_file(cutout, folder, monkeypatch, words, sentence):
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    outcome = cutout(*words)
    assert outcome.code == 1 and sentence in outcome.err
    assert outcome.err.startswith("mattelier: ") and outcome.err.count("\n") == 1 and outcome.out == ""
    assert sorted(folder.iterdir()) == before


def test_a_file_that_exists_is_not_replaced_unless_told_to(cutout, folder):
    target = folder / "demo_cutout.png"
    target.write_bytes(b"precious")
    refused = cutout()
    assert refused.code == 1 and "exists already" in refused.err and "--overwrite" in refused.err
    assert target.read_bytes() == b"precious"
    assert cutout("--overwrite").code == 0 and target.read_bytes() != b"precious"


def test_the_photo_itself_is_never_written_to_without_being_asked(cutout, photo):
    before = photo.read_bytes()
    assert cutout("--output", photo).code == 1
    assert photo.read_bytes() == before


def test_a_folder_that_is_locked_is_refused_before_any_work(cutout, folder, monkeypatch, registry):
    def worked(*args, **kwargs):
        raise AssertionError("the engine ran")

    monkeypatch.setattr(registry.engines["closed-form"], "run", worked)
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere, so locks do not stop a test
    outcome = cutout("--output", folder / "cut.png")
    assert outcome.code == 1 and f"may not be written in {folder}" in outcome.err


def test_a_trimap_of_another_size_is_refused_before_any_work(mattelier, folder, photo):
    cv2.imwrite(str(folder / "small.png"), np.full((60, 80), 128, np.uint8))
    outcome = mattelier("cutout", photo, "--trimap", folder / "small.png")
    assert outcome.code == 1 and "small.png" in outcome.err and not (folder / "demo_cutout.png").exists()


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_trimap_of_one_label_is_a_sentence(mattelier, folder, photo, value):
    cv2.imwrite(str(folder / "flat.png"), np.full((120, 160), value, np.uint8))
    outcome = mattelier("cutout", photo, "--trimap", folder / "flat.png", "--engine", "closed-form")
    assert outcome.code == 1 and outcome.err.startswith("mattelier: ") and not (folder / "demo_cutout.png").exists()


def test_other_greys_in_a_trimap_count_as_unknown_and_are_mentioned(mattelier, folder, photo):
    trimap = cv2.imread(str(folder / "demo_trimap.png"), cv2.IMREAD_GRAYSCALE)
    trimap[trimap == 128] = 100
    cv2.imwrite(str(folder / "odd.png"), trimap)
    outcome = mattelier("cutout", photo, "--trimap", folder / "odd.png", "--engine", "closed-form", "--json")
    assert facts_of(outcome)["notes"]


def test_a_trimap_of_a_few_strokes_is_taken_and_said_to_be_one(mattelier, folder, photo):
    strokes = np.full((120, 160), 128, np.uint8)
    strokes[:8], strokes[60:64, 70:90] = 0, 255
    cv2.imwrite(str(folder / "strokes.png"), strokes)
    words = ("cutout", photo, "--engine", "closed-form", "--json", "--trimap")
    said = facts_of(mattelier(*words, folder / "strokes.png"))["notes"]
    assert any("strokes.png leaves 93 % of the photo unknown: the more is marked" in note for note in said)
    said = facts_of(mattelier(*words, folder / "demo_trimap.png", "--overwrite"))["notes"]
    assert not any("unknown" in note for note in said)


def test_cancelling_half_way_leaves_no_file(cutout, folder, monkeypatch, registry):
    def interrupted(self, image, trimap, progress, start=None):
        progress(0.5, "half way")
        raise KeyboardInterrupt

    monkeypatch.setattr(registry.engines["closed-form"], "run", interrupted)
    before = sorted(folder.iterdir())
    outcome = cutout()
    assert outcome.code == 130 and sorted(folder.iterdir()) == before


def test_a_terminal_sees_a_bar_that_is_gone_at_the_end():
    from io import StringIO

    from plugins.commands._bar import Bar

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), StringIO()
    for stream in (terminal, file):
        bar = Bar(stream)
        bar.part(0.0, 0.5)(1.0, "Solving")
        bar.clear()
    assert "50% Solving" in terminal.getvalue() and terminal.getvalue().endswith(" \r")
    assert file.getvalue() == ""


@pytest.mark.parametrize("name", ["matte.png", "matte.tif"])
def test_the_matte_is_a_picture_of_one_grey_channel(cutout, folder, name):
    facts_of(cutout("--matte", folder / name, "--json", "--overwrite"))
    matte = cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED)
    assert matte.ndim == 2
    assert 0 < matte.mean() < 255


@pytest.mark.parametrize(("kept", "missing"), [(255, "background"), (0, "foreground")])
def test_a_trimap_without_one_side_is_told_of_in_words_for_a_file(mattelier, folder, photo, kept, missing):
    height, width = cv2.imread(str(photo)).shape[:2]
    trimap = np.full((height, width), 128, np.uint8)
    trimap[:20] = kept
    cv2.imwrite(str(folder / "one_sided.png"), trimap)
    outcome = mattelier("cutout", photo, "--trimap", folder / "one_sided.png")
    assert outcome.code == 1
    assert f"has no {missing}" in outcome.err
    assert "brush" not in outcome.err


@dataclass
class Finder(Engine):
    """Takes what is light for the subject; needs no trimap."""

    name = "finder"
    title = "Finder"
    rank = 99
    finds_trimap = True

    def run(self, image, trimap, progress, start=None):
        """Half where it is unknown."""
        return np.where(trimap == 128, np.float32(0.5), trimap.astype(np.float32) / 255)

    def find(self, image, progress):
        """By brightness, a third of the pixels each."""
        bright = image.mean(axis=2)
        low, high = np.quantile(bright, (1 / 3, 2 / 3))
        found = np.select([bright > high, bright < low], [255, 0], 128).astype(np.uint8)
        return found, self.run(image, found, progress)


@pytest.fixture
def finder(monkeypatch):
    """The engine above stands among the others."""
    from editor import plugin_loader

    registry = plugin_loader.load_all()
    registry.engines["finder"] = Finder
    monkeypatch.setattr(plugin_loader, "load_all", lambda *args, **kwargs: registry)


def test_an_engine_that_finds_its_own_trimap_needs_none_and_writes_what_it_found(
    finder, mattelier, photo, folder, read
):
    facts = facts_of(mattelier("cutout", photo, "--trimap-out", folder / "found.png", "--json"))
    assert facts["engine"] == "finder", "without a trimap the default is an engine that needs none"
    assert facts["files"] == [str(folder / "demo_cutout.png"), str(folder / "found.png")]
    found, alpha = read(folder / "found.png").pixels[..., 0], read(folder / "demo_cutout.png").alpha
    assert sorted(np.unique(found)) == [0, 128, 255]
    assert (alpha[found == 255] == 255).all() and (alpha[found == 0] == 0).all()
    assert set(np.unique(alpha[found == 128])) == {128}


def test_a_trimap_that_is_given_is_taken_by_such_an_engine_too(finder, mattelier, photo, folder, read):
    words = ("--trimap", folder / "demo_trimap.png", "--engine", "finder", "--trimap-out", folder / "same.png")
    facts_of(mattelier("cutout", photo, *words, "--json"))
    assert (read(folder / "same.png").pixels == read(folder / "demo_trimap.png").pixels).all()


def test_without_a_trimap_an_engine_that_needs_one_says_so_and_names_those_that_do_not(finder, mattelier, photo):
    outcome = mattelier("cutout", photo, "--engine", "closed-form")
    assert outcome.code == 1
    assert "closed-form needs a trimap" in outcome.err and "finder" in outcome.err


def test_the_trimaps_file_must_not_be_that_of_the_cut_out(finder, mattelier, photo, folder):
    outcome = mattelier("cutout", photo, "--trimap-out", folder / "demo_cutout.png")
    assert outcome.code == 1 and "Cut-out and trimap cannot both be demo_cutout.png" in outcome.err
    assert not (folder / "demo_cutout.png").exists()


def test_an_engine_that_has_no_reference_mode_says_so(cutout):
    outcome = cutout("--reference")
    assert outcome.code == 1 and "closed-form" in outcome.err and "--reference" in outcome.err


def test_reference_turns_the_networks_own_way_on(cutout, monkeypatch):
    from plugins.engines.networks import MarkedNetworkEngine

    seen: list[bool] = []

    def run(self, image, trimap, progress, start=None):
        seen.append(self.reference)
        return (trimap / 255).astype(np.float32)

    monkeypatch.setattr(MarkedNetworkEngine, "run", run)
    assert cutout("--engine", "indexnet", "--reference", "--json").code == 0
    assert cutout("--engine", "indexnet", "--overwrite", "--json").code == 0
    assert seen == [True, False]


def without_torch(monkeypatch, installed: bool) -> None:
    """No torch, or one that is installed and fails when it is loaded."""
    from plugins.engines import networks

    monkeypatch.setattr(networks, "_torch_is_here", lambda: installed)
    monkeypatch.setattr(networks, "_torch_faults", [])
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.parametrize("installed", [False, True])
def test_where_torch_does_not_load_the_default_is_classic_and_that_is_said(
    mattelier, folder, photo, monkeypatch, installed
):
    without_torch(monkeypatch, installed)
    facts = facts_of(mattelier("cutout", photo, "--trimap", folder / "demo_trimap.png", "--json"))
    assert facts["engine"] == "classic" and (folder / "demo_cutout.png").exists()
    (note,) = facts["notes"]
    assert "Fusion" in note and "Classic" in note and "PyTorch" in note


def test_where_torch_does_not_load_an_engine_that_was_named_is_not_replaced(mattelier, folder, photo, monkeypatch):
    without_torch(monkeypatch, installed=True)
    outcome = mattelier("cutout", photo, "--trimap", folder / "demo_trimap.png", "--engine", "fusion")
    assert outcome.code == 1 and "cannot be loaded" in outcome.err and not (folder / "demo_cutout.png").exists()


def test_without_torch_and_marks_it_says_that_torch_is_what_is_lacking(mattelier, photo, monkeypatch):
    without_torch(monkeypatch, installed=False)
    outcome = mattelier("cutout", photo)
    assert outcome.code == 1 and "PyTorch" in outcome.err and "--box" in outcome.err
