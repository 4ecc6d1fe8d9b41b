"""``mattelier demo``."""

from __future__ import annotations

import json

import pytest

from editor import files
from editor.demo import draw_demo


def test_it_writes_photo_trimap_and_true_alpha(folder, registry):
    demo = draw_demo(160, 120)
    photo = files.read_photo(folder / "demo.png", registry.formats)
    trimap, notes = files.read_trimap(folder / "demo_trimap.png", (160, 120), registry.formats)
    alpha = files.read_alpha(folder / "demo_alpha.png", registry.formats)
    assert (photo.pixels == demo.photo.pixels).all()
    assert (trimap == demo.trimap).all() and notes == ()
    assert abs(alpha - demo.alpha).max() < 1e-4, "written with 16 bits"


def test_json_names_the_files(mattelier, tmp_path):
    outcome = mattelier("demo", "--output", tmp_path / "d", "--size", "64x64", "--json")
    facts = json.loads(outcome.out)
    assert facts["size"] == [64, 64]
    assert facts["photo"] == str(tmp_path / "d" / "demo.png")
    assert (tmp_path / "d" / "demo_alpha.png").exists()


def test_it_does_not_replace_files_unless_it_is_told_to(mattelier, folder):
    before = (folder / "demo.png").read_bytes()
    refused = mattelier("demo", "--output", folder, "--size", "64x64")
    assert refused.code == 1 and "exists already" in refused.err
    assert (folder / "demo.png").read_bytes() == before
    assert mattelier("demo", "--output", folder, "--size", "64x64", "--overwrite").code == 0
    assert (folder / "demo.png").read_bytes() != before


@pytest.mark.parametrize("size", ["64", "64x", "x", "axb", "8x8", "64x20000", "64x64x3", "-64x64"])
def test_a_size_that_makes_no_sense_is_a_sentence(mattelier, tmp_path, size):
    outcome = mattelier("demo", "--output", tmp_path, f"--size={size}")
    assert outcome.code == 1 and outcome.err.startswith("mattelier: ") and outcome.err.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_a_sentence(mattelier, tmp_path):
    (tmp_path / "file").write_text("in the way")
    outcome = mattelier("demo", "--output", tmp_path / "file" / "d", "--size", "64x64")
    assert outcome.code == 1 and "cannot be made" in outcome.err
