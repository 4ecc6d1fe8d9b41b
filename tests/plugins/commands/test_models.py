"""``mattelier models``: the list beside the papers, and weights that come, are shown and go."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.catalogue import every_spec
from models.catalogue.counts import Counted, count
from models.catalogue.spec import ModelSpec, PaperRow
from models.licences import RESEARCH_ONLY
from models.networks import checkpoints

NAMES = ("indexnet-b5", "indexnet-b6", "indexnet-unshared", "pspm-psp-b5")


@pytest.fixture(autouse=True)
def few_networks(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModelSpec]:
    """Four small networks of the catalogue, the first two alike; counting and comparing all would take its time."""
    found = {name: every_spec()[name] for name in NAMES}
    for place in ("models.catalogue.every_spec", "models.catalogue.counts.every_spec", "models.every_spec"):
        monkeypatch.setattr(place, lambda: found)
    monkeypatch.setattr(checkpoints, "every_spec", lambda: found)
    monkeypatch.setattr(
        "models.catalogue.counts.count", lambda spec: counted(spec.name) if spec.name in NAMES else count(spec)
    )
    return found


@cache
def counted(name: str) -> Counted:
    """Once for all tests."""
    return count(every_spec()[name])


def checkpoint(file: Path, name: str = "indexnet-unshared", value: float = 0.25) -> Path:
    layout = checkpoints.layouts(every_spec()[name])[0]
    torch.save({"state_dict": {f"module.{n}": torch.full(s, value) for n, s in layout.shapes.items()}}, file)
    return file


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return checkpoint(tmp_path / "published.pth.tar")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sit at a terminal and type ``text``."""

    def typed(text: str) -> None:
        stream = io.StringIO(text)
        stream.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr(sys, "stdin", stream)

    return typed


def row(mattelier, name: str = "indexnet-unshared") -> dict[str, object]:
    outcome = mattelier("models", "show", name, "--json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def stored(home: Path) -> list[str]:
    folder = home / "data" / "models"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- the list


def test_json_lists_every_network_with_our_counts_beside_the_papers(mattelier):
    rows = json.loads(mattelier("models", "list", "--json").out)
    assert [r["name"] for r in rows] == list(NAMES)
    first = rows[2]
    assert first["parameters"] == every_spec()["indexnet-unshared"].parameters
    assert abs(first["gflops"] - first["paper_gflops"]) < 0.01 and first["macs"] == round(first["gflops"] * 2**30)
    assert first["weights"] == "none" and first["licence"] == "" and first["file"] is None
    assert {"table", "row", "channels", "stride", "note", "code_licence"} <= set(first)


def test_the_list_for_people_fits_120_columns_and_says_what_cannot_be_met(mattelier, few_networks, monkeypatch):
    unmet = ModelSpec(
        "unmet", "Unmet", "pspm", "For tests.", "torch.nn:Conv2d", PaperRow("6.1, 6.2, 6.3, 6.4", "X", 9.9, 9.9),
        {"in_channels": 4, "out_channels": 1, "kernel_size": 1}, note="The printed 9.9M cannot be met. " + "word " * 40,
    )  # fmt: skip
    few_networks["unmet"] = unmet
    outcome = mattelier("models", "list")
    lines = outcome.out.splitlines()
    assert outcome.code == 0 and max(map(len, lines)) <= 120
    assert any(line.startswith("indexnet-unshared ") and "3,758,251" in line for line in lines)
    assert any(line.startswith("IndexNet matting") for line in lines) and any(line.startswith("PSPM") for line in lines)
    place = next(i for i, line in enumerate(lines) if line.startswith("unmet "))
    assert "The printed 9.9M cannot be met." in lines[place + 1]


def test_one_family_alone_can_be_listed(mattelier):
    rows = json.loads(mattelier("models", "list", "--json", "--family", "pspm").out)
    assert [r["name"] for r in rows] == ["pspm-psp-b5"]


def test_show_tells_everything_of_one_network(mattelier, published):
    assert mattelier("models", "import", published, "--yes").code == 0
    text = mattelier("models", "show", "indexnet-unshared").out
    facts = row(mattelier)
    for told in (facts["sha256"], facts["file"], RESEARCH_ONLY, "published.pth.tar", facts["imported"], "torch.save"):
        assert told in text
    assert facts["size_bytes"] == Path(facts["file"]).stat().st_size


def test_names_that_are_none_get_a_sentence(mattelier, published):
    for words in (("show", "nonsense"), ("remove", "nonsense"), ("import", published, "--network", "nonsense")):
        outcome = mattelier("models", *words)
        assert outcome.code == 1 and "There is no network nonsense" in outcome.err
    assert mattelier("models").code == 2


# --- import and remove


def test_a_published_checkpoint_is_imported_once_its_licence_is_agreed_to(mattelier, published, home, answer):
    answer("y\n")
    outcome = mattelier("models", "import", published)
    assert outcome.code == 0 and RESEARCH_ONLY in outcome.out and "Do you agree?" in outcome.out
    facts = row(mattelier)
    assert (facts["weights"], facts["licence"], facts["source"]) == ("imported", RESEARCH_ONLY, "published.pth.tar")
    assert stored(home) == sorted([Path(str(facts["file"])).name, "indexnet-unshared.json"])
    assert f"Licence of the weights: {RESEARCH_ONLY}" in mattelier("models", "list").out


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "perhaps\n"])
def test_whoever_does_not_agree_changes_nothing(mattelier, published, home, answer, typed):
    answer(typed)
    outcome = mattelier("models", "import", published)
    assert outcome.code == 1 and "Nothing was changed" in outcome.out and stored(home) == []


def test_where_nobody_can_be_asked_yes_must_be_said(mattelier, published, home, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    outcome = mattelier("models", "import", published)
    assert outcome.code == 1 and "--yes" in outcome.err and stored(home) == []
    assert mattelier("models", "import", published, "--yes").code == 0
    assert row(mattelier)["weights"] == "imported"


def test_earlier_weights_give_way_only_when_that_is_agreed_to(mattelier, tmp_path, home, answer):
    layout = checkpoints.layouts(every_spec()["indexnet-b5"])[0]
    files: list[Path] = []
    head = {"licence": "CC0-1.0", "network": "indexnet-b5"}
    for value in (0.25, 0.5):
        files.append(tmp_path / f"own-{value}.safetensors")
        save_file({n: torch.full(s, value) for n, s in layout.shapes.items()}, files[-1], head)
    answer("")
    assert mattelier("models", "import", files[0]).code == 0  # a free licence, and nothing that would give way
    before = row(mattelier, "indexnet-b5")
    assert before["licence"] == "CC0-1.0"
    answer("n\n")
    outcome = mattelier("models", "import", files[1])
    assert outcome.code == 1 and "take the place" in outcome.out and row(mattelier, "indexnet-b5") == before
    answer("yes\n")
    assert mattelier("models", "import", files[1]).code == 0
    assert row(mattelier, "indexnet-b5")["sha256"] != before["sha256"] and len(stored(home)) == 2


def test_a_file_that_fits_several_networks_is_imported_by_name(mattelier, tmp_path, home):
    file = checkpoint(tmp_path / "twin.pth", "indexnet-b5")
    outcome = mattelier("models", "import", file, "--yes")
    assert outcome.code == 1 and "indexnet-b5, indexnet-b6" in outcome.err and stored(home) == []
    assert mattelier("models", "import", file, "--network", "indexnet-b6", "--yes").code == 0
    assert row(mattelier, "indexnet-b6")["weights"] == "imported"
    assert row(mattelier, "indexnet-b5")["weights"] == "none"


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_checkpoint_gets_a_sentence_and_changes_nothing(mattelier, tmp_path, home, content):
    (tmp_path / "odd.pth").write_bytes(content)
    outcome = mattelier("models", "import", tmp_path / "odd.pth", "--yes")
    assert outcome.code == 1 and "odd.pth" in outcome.err and outcome.err.count("\n") <= 2 and stored(home) == []


def test_weights_that_are_not_finite_change_nothing(mattelier, tmp_path, home, published):
    assert mattelier("models", "import", published, "--yes").code == 0
    before = row(mattelier)
    spoiled = checkpoint(tmp_path / "spoiled.pth", value=float("nan"))
    outcome = mattelier("models", "import", spoiled, "--yes")
    assert outcome.code == 1 and "not finite" in outcome.err
    assert row(mattelier) == before and len(stored(home)) == 2


def test_a_full_disk_leaves_the_earlier_weights_whole(mattelier, tmp_path, home, published):
    resource = pytest.importorskip("resource", reason="the limit on the length of files is POSIX's")
    assert mattelier("models", "import", published, "--yes").code == 0
    before = row(mattelier)
    other = checkpoint(tmp_path / "other.pth", value=0.5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        outcome = mattelier("models", "import", other, "--yes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert outcome.code == 1 and "not enough room" in outcome.err
    assert row(mattelier) == before and len(stored(home)) == 2


def test_a_file_that_changes_between_looking_and_taking_is_refused(tmp_path, published, home, registry):
    from editor.api import UserError

    shelf = registry.shelves["networks"]()
    found = shelf.examine(published, None, lambda fraction, text: None)
    checkpoint(published, value=0.75)
    with pytest.raises(UserError, match="has changed"):
        shelf.add(found, lambda fraction, text: None)
    assert stored(home) == []


def test_cancelling_leaves_nothing_behind(published, home, registry):
    from editor.api import Cancelled

    def after(calls: int) -> Callable[[float, str], None]:
        left = [calls]

        def progress(fraction: float, text: str) -> None:
            assert 0 <= fraction <= 1 and text
            left[0] -= 1
            if left[0] == 0:
                raise Cancelled

        return progress

    shelf = registry.shelves["networks"]()
    with pytest.raises(Cancelled):
        shelf.examine(published, None, after(2))
    found = shelf.examine(published, None, after(1000))
    for calls in (1, 3, 4):
        with pytest.raises(Cancelled):
            shelf.add(found, after(calls))
        assert stored(home) == []


def test_removing_deletes_the_weights_and_says_when_there_are_none(mattelier, published, home):
    assert mattelier("models", "import", published, "--yes").code == 0
    assert mattelier("models", "remove", "indexnet-unshared").code == 0
    assert stored(home) == [] and row(mattelier)["weights"] == "none"
    outcome = mattelier("models", "remove", "indexnet-unshared")
    assert outcome.code == 1 and "There are no weights for indexnet-unshared" in outcome.err


def test_damaged_weights_are_listed_as_such_with_what_to_do(mattelier, published):
    assert mattelier("models", "import", published, "--yes").code == 0
    Path(str(row(mattelier)["file"])).write_bytes(b"short")
    facts = row(mattelier)
    assert facts["weights"] == "damaged" and "Import them again" in str(facts["fault"])
    assert "Import them again" in mattelier("models", "list").out


def test_a_shelf_is_a_plugin_and_its_rows_need_no_torch():
    import subprocess

    code = (
        "import sys; from editor.plugin_loader import load_all; shelf = load_all().shelves['networks'](); "
        "rows = shelf.rows(); assert rows; sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
