"""Checkpoints: what is recognised, what is converted, and that strange files change nothing and run nothing."""

from __future__ import annotations

import os
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from models.catalogue.spec import ModelSpec, PaperRow
from models.licences import RESEARCH_ONLY
from models.networks import checkpoints
from models.networks.checkpoints import convert, examine, tensors


class Small(nn.Module):
    """Named otherwise than its authors name it: ``body`` is their ``layer``."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(4, width, 3), nn.BatchNorm2d(width))
        self.head = nn.Conv2d(width, 1, 1)


def published(name: str) -> str:
    return name.replace("body", "layer")


def spec(name: str, family: str = "indexnet", **options: object) -> ModelSpec:
    return ModelSpec(name, name.upper(), family, "For tests.", "small_networks:Small", PaperRow("0", name), options)


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModelSpec]:
    """A published network in two widths, one of ours, and two that look the same."""
    module = types.ModuleType("small_networks")
    module.Small = Small  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "small_networks", module)
    specs = [spec("small"), spec("wide", width=6), spec("own", "pspm", width=5)]
    specs += [spec("twin-a", "rmat", width=7), spec("twin-b", "rmat", width=7)]
    found = {one.name: one for one in specs}
    monkeypatch.setattr(checkpoints, "every_spec", lambda: found)
    monkeypatch.setattr(checkpoints, "_layouts", lambda name: checkpoints._layouts_of(found[name]))
    monkeypatch.setattr(checkpoints, "_published_name", {"indexnet": published}.get)
    return found


def state(width: int = 4, theirs: bool = True, prefix: str = "") -> OrderedDict[str, torch.Tensor]:
    torch.manual_seed(width)
    network = Small(width)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.1, 1)
    return OrderedDict((prefix + (published(n) if theirs else n), v) for n, v in network.state_dict().items())


def loads_into_small(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> bool:
    network = Small()
    network.load_state_dict(found, strict=True)
    return all(torch.equal(value, wanted[published(name)]) for name, value in network.state_dict().items())


# --- what is recognised


def trainers(weights: object) -> dict[str, object]:
    """What a training program leaves beside the weights."""
    measure = {"sad": [np.float64(50.5), np.float32(3)], "best": np.int64(3)}
    moments = {0: {"exp_avg": torch.ones(3), "step": 2}}
    return {"state_dict": weights, "optimizer": {"state": moments, "param_groups": []}, "epoch": 30, "measure": measure}


@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "before 2020"])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"state_dict": s}, trainers], ids=["bare", "wrapped", "trainer"]
)
def test_a_checkpoint_as_its_authors_write_it_is_recognised(tmp_path, as_zip, prefix, wrap):
    file = tmp_path / "published.pth.tar"
    torch.save(wrap(state(prefix=prefix)), file, _use_new_zipfile_serialization=as_zip)
    match = examine(file)
    assert match.spec.name == "small" and match.licence == RESEARCH_ONLY and "IndexNet's published code" in match.kind
    assert match.parameters == sum(p.numel() for p in Small().parameters())
    assert loads_into_small(tensors(match), state())


def test_torch_is_only_ever_asked_for_weights(tmp_path, monkeypatch):
    torch.save(state(), tmp_path / "a.pth")
    seen = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda *a, **k: seen.append(k) or load(*a, **k))
    match = examine(tmp_path / "a.pth")
    assert seen == []  # nothing is loaded to find out what a file is
    tensors(match)
    assert [k["weights_only"] for k in seen] == [True]


def test_counters_of_training_steps_may_be_there_or_not(tmp_path):
    without = OrderedDict((n, v) for n, v in state().items() if not n.endswith("num_batches_tracked"))
    torch.save(without, tmp_path / "old.pth")
    found = tensors(examine(tmp_path / "old.pth"))
    assert found["body.1.num_batches_tracked"].dtype == torch.int64
    assert loads_into_small(found, state())
    torch.save(without | {"layer.1.num_batches_tracked": torch.tensor(3)}, tmp_path / "new.pth")
    assert set(tensors(examine(tmp_path / "new.pth"))) == set(state(theirs=False))


@pytest.mark.parametrize("name", ["layer.0.num_batches_tracked", "num_batches_tracked", "layer.1xnum_batches_tracked"])
def test_a_counter_that_stands_beside_no_norm_is_refused_like_any_strange_weight(tmp_path, name):
    torch.save(state() | {name: torch.tensor(3)}, tmp_path / "strange.pth")
    assert f"it has {name}, which is not wanted" in refusal(tmp_path / "strange.pth")


def test_a_counter_that_is_no_single_number_is_refused(tmp_path):
    torch.save(state() | {"layer.1.num_batches_tracked": torch.zeros(5)}, tmp_path / "strange.pth")
    assert "layer.1.num_batches_tracked" in refusal(tmp_path / "strange.pth")


def test_norms_without_counters_of_their_own_may_have_them_in_the_file():
    layout = checkpoints.Layout(True, {}, {"bn.weight": (4,), "bn.running_mean": (4,)})
    newer = {**layout.shapes, "bn.num_batches_tracked": ()}
    assert checkpoints._fits(layout.shapes, layout) and checkpoints._fits(newer, layout)
    assert not checkpoints._fits({**layout.shapes, "bn.num_batches_tracked": (4,)}, layout)
    assert not checkpoints._fits({**layout.shapes, "other.num_batches_tracked": ()}, layout)


def test_a_network_of_another_width_is_told_apart_by_its_shapes(tmp_path):
    torch.save(state(6), tmp_path / "wide.pth")
    assert examine(tmp_path / "wide.pth").spec.name == "wide"


def test_our_own_layout_keeps_the_licence_that_its_head_names(tmp_path):
    save_file(state(5, theirs=False), tmp_path / "own.safetensors", metadata={"licence": "CC-BY-4.0\x1b[2J"})
    assert examine(tmp_path / "own.safetensors").licence == "CC-BY-4.0?[2J"
    save_file(state(5, theirs=False), tmp_path / "own.safetensors")
    assert examine(tmp_path / "own.safetensors").licence == "unknown"
    torch.save(state(5, theirs=False), tmp_path / "own.pth")
    assert examine(tmp_path / "own.pth").licence == "unknown"


def test_published_names_stay_for_research_whatever_a_converter_wrote(tmp_path):
    save_file(state(), tmp_path / "converted.safetensors", metadata={"licence": "MIT"})
    assert examine(tmp_path / "converted.safetensors").licence == RESEARCH_ONLY


def test_weights_that_fit_several_networks_need_a_name(tmp_path):
    file = tmp_path / "twin.pth"
    torch.save(state(7, theirs=False), file)
    with pytest.raises(ValueError, match=r"fits several networks: twin-a, twin-b\. Say which with --network"):
        examine(file)
    assert examine(file, "twin-b").spec.name == "twin-b"
    save_file(state(7, theirs=False), tmp_path / "twin.safetensors", metadata={"network": "twin-a"})
    assert examine(tmp_path / "twin.safetensors").spec.name == "twin-a"


# --- what is converted


def test_what_is_written_loads_strictly_and_is_recognised_again(tmp_path):
    torch.save(trainers(state(prefix="module.")), tmp_path / "seen.pth")
    target = tmp_path / "out.safetensors"
    convert(examine(tmp_path / "seen.pth"), target, "ab" * 32)
    assert loads_into_small(load_file(target), state())
    with safe_open(target, "pt") as opened:
        head = opened.metadata()
    assert head["licence"] == RESEARCH_ONLY and head["network"] == "small" and head["source"] == "seen.pth"
    assert head["source_sha256"] == "ab" * 32
    again = examine(target)
    assert again.spec.name == "small" and again.licence == RESEARCH_ONLY


@pytest.mark.parametrize(
    ("given", "kept"),
    [(torch.float64, torch.float32), (torch.bfloat16, torch.float32), (torch.float16, torch.float16)],
)
def test_numbers_become_float32_and_float16_stays(tmp_path, given, kept):
    made = OrderedDict((n, v.to(given) if v.is_floating_point() else v) for n, v in state().items())
    torch.save(made, tmp_path / "a.pth")
    found = tensors(examine(tmp_path / "a.pth"))
    assert {v.dtype for n, v in found.items() if not n.endswith("tracked")} == {kept}
    assert torch.allclose(found["head.weight"].float(), state()["head.weight"], atol=4e-3)


def test_views_and_parameters_are_kept_as_plain_numbers(tmp_path):
    made = state()
    made["head.weight"] = nn.Parameter(made["head.weight"])
    big = torch.rand(4, 8)
    made["layer.1.weight"] = big[:, 3]
    torch.save(made, tmp_path / "a.pth")
    found = tensors(examine(tmp_path / "a.pth"))
    assert torch.equal(found["body.1.weight"], big[:, 3]) and found["body.1.weight"].is_contiguous()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_values_that_are_not_finite_are_refused(tmp_path, value):
    made = OrderedDict((n, v.double() if v.is_floating_point() else v) for n, v in state().items())
    made["head.bias"] = torch.full((1,), value, dtype=torch.float64)
    torch.save(made, tmp_path / "a.pth")
    match = examine(tmp_path / "a.pth")
    with pytest.raises(ValueError, match=r"head\.bias holds values that are not finite"):
        convert(match, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_whole_numbers_are_no_weights(tmp_path):
    torch.save(state() | {"head.bias": torch.ones(1, dtype=torch.int64)}, tmp_path / "a.pth")
    with pytest.raises(ValueError, match="not made of plain numbers"):
        tensors(examine(tmp_path / "a.pth"))


def test_a_file_that_changes_after_it_was_looked_at_is_refused(tmp_path):
    torch.save(state(), tmp_path / "a.pth")
    match = examine(tmp_path / "a.pth")
    torch.save(state(6), tmp_path / "a.pth")
    with pytest.raises(ValueError, match="has changed"):
        tensors(match)


def test_a_full_disk_is_told_in_the_systems_words(tmp_path):
    resource = pytest.importorskip("resource", reason="the limit on the length of files is POSIX's")
    torch.save(state(), tmp_path / "a.pth")
    match = examine(tmp_path / "a.pth")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError) as raised:
            convert(match, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.errno


# --- what is foreign or broken


def refusal(file: Path, network: str | None = None) -> str:
    """The sentence with which a file is refused; one, with what to do after it."""
    with pytest.raises(ValueError) as raised:
        examine(file, network)
    words = str(raised.value)
    assert file.name in words and words.endswith(".") and words.isprintable()
    return words


def test_a_strange_networks_weights_are_refused_with_what_is_nearest(tmp_path):
    file = tmp_path / "near.pth"
    torch.save(state() | {"extra.weight": torch.ones(2)}, file)
    assert "comes closest: it has extra.weight, which is not wanted" in refusal(file)
    torch.save({n: v for n, v in state().items() if n != "head.bias"}, file)
    assert "SMALL" not in refusal(file) and "small, to which" in refusal(file) and "lacks head.bias" in refusal(file)
    torch.save(state() | {"head.weight": torch.ones(1, 9, 1, 1)}, file)
    assert "head.weight is 1 x 9 x 1 x 1 instead of 1 x 4 x 1 x 1" in refusal(file)
    torch.save({"transformer.weight": torch.ones(3)}, file)
    assert "holds no weights for a network of the catalogue" in refusal(file)


def test_a_name_is_held_to(tmp_path):
    file = tmp_path / "a.pth"
    torch.save(state(), file)
    assert "does not fit wide" in refusal(file, "wide")
    with pytest.raises(ValueError, match="There is no network nonsense"):
        examine(file, "nonsense")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"PK\x03\x04",
        b"hello world",
        bytes(4096),
        b"\xff" * 64,
        pickle.dumps({"a": 1}),
    ],
)
def test_files_of_other_kinds_are_refused(tmp_path, content):
    (tmp_path / "strange.pth").write_bytes(content)
    refusal(tmp_path / "strange.pth")


@pytest.mark.parametrize(
    "content", [{}, [], 3, {"state_dict": {}}, {"a": 1}, {"state_dict": {"a": "text"}}, {1: torch.ones(1)}]
)
def test_checkpoints_without_weights_are_refused(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    assert "other things than the weights of one network" in refusal(tmp_path / "a.pth")


def test_folders_missing_files_and_pipes_are_refused_at_once(tmp_path):
    assert "is a folder" in refusal(tmp_path)
    with pytest.raises(ValueError, match="There is no file"):
        examine(tmp_path / "nowhere.pth")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.pth")
        assert "no plain file" in refusal(tmp_path / "pipe.pth")


def test_an_oversized_file_is_refused_unopened(tmp_path):
    file = tmp_path / "huge.pth"
    with file.open("wb") as opened:
        opened.truncate(checkpoints.FILE_LIMIT_BYTES + 1)  # a hole: takes no room
    assert "than any network here" in refusal(file)


@pytest.mark.parametrize("kind", ["zip", "before 2020", "safetensors"])
def test_wherever_a_file_is_cut_off_it_is_refused(tmp_path, kind):
    file = tmp_path / "whole"
    if kind == "safetensors":
        save_file(state(), file)
    else:
        torch.save(state(), file, _use_new_zipfile_serialization=kind == "zip")
    whole = file.read_bytes()
    for length in [*range(1, 40), *np.linspace(40, len(whole) - 1, 40).astype(int)]:
        file.write_bytes(whole[:length])
        refusal(file)


def test_numbers_that_are_not_those_that_were_written_are_refused(tmp_path):
    file = tmp_path / "a.pth"
    torch.save(state(), file)
    whole = file.read_bytes()
    numbers = state()["head.weight"].numpy().tobytes()
    assert whole.count(numbers) == 1
    file.write_bytes(whole.replace(numbers, numbers[:-1] + bytes([numbers[-1] ^ 1])))
    assert "damaged or was not copied whole" in refusal(file)


@pytest.mark.parametrize("as_zip", [True, False])
def test_damaged_bytes_give_a_sentence_or_the_same_network(tmp_path, as_zip):
    file = tmp_path / "a.pth"
    torch.save(state(), file, _use_new_zipfile_serialization=as_zip)
    whole = bytearray(file.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 60):
        spoiled = bytearray(whole)
        spoiled[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(spoiled)
        try:
            assert tensors(examine(file)).keys() == state(theirs=False).keys()
        except ValueError as error:
            assert "a.pth" in str(error)


# --- what is hostile

RAN: list[str] = []


def ran(word: str) -> str:
    RAN.append(word)
    return word


class Evil:
    """Runs something when it is unpickled."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.made_by = (call, arguments)

    def __reduce__(self):
        return self.made_by


@pytest.mark.parametrize("as_zip", [True, False])
@pytest.mark.parametrize(
    ("call", "arguments"),
    [(ran, ("x",)), (os.system, ("exit 1",)), (eval, ("1",)), (getattr, (1, "real")), (bytearray, (9,))],
)
def test_pickled_code_is_named_and_never_run(tmp_path, as_zip, call, arguments):
    file = tmp_path / "evil.pth"
    torch.save({"state_dict": state(), "more": Evil(call, *arguments)}, file, _use_new_zipfile_serialization=as_zip)
    words = refusal(file)
    assert "asks to run" in words and call.__name__ in words and RAN == []


def rezipped(source: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes]], packing: int = 0) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", packing) as new:
        for entry in old.infolist():
            new.writestr(*change(entry.filename, old.read(entry)))
    return target


@pytest.fixture
def good(tmp_path: Path) -> Path:
    torch.save(state(), tmp_path / "good.pth")
    return tmp_path / "good.pth"


def test_a_packed_zip_that_would_fill_the_memory_is_refused_unread(tmp_path, good):
    bomb = rezipped(good, tmp_path / "bomb.pth", lambda n, b: (n, b + bytes(50_000_000) if n.endswith("/0") else b), 8)
    assert bomb.stat().st_size < 1_000_000
    assert "packed" in refusal(bomb)


def test_paths_in_a_zip_lead_nowhere(tmp_path, good):
    out = rezipped(good, tmp_path / "out.pth", lambda n, b: ("../../" + n if n.endswith("version") else n, b))
    assert "outside itself" in refusal(out)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["good.pth", "out.pth"]


def test_an_entry_that_lies_about_its_length_is_refused(tmp_path, good):
    content = bytearray(good.read_bytes())
    place = content.find(b"PK\x01\x02")
    for at in (place + 20, place + 24):
        content[at : at + 4] = struct.pack("<I", 0x7FFFFFFF)
    (tmp_path / "liar.pth").write_bytes(content)
    refusal(tmp_path / "liar.pth")


@pytest.mark.parametrize("as_zip", [True, False])
def test_numbers_that_are_declared_but_not_there_take_no_memory(tmp_path, as_zip):
    """A tensor of four terabytes over one number (by strides of 0), and a storage longer than the file."""
    file = tmp_path / "large.pth"
    made = state()
    made["head.weight"] = torch.ones(1).expand(2**40)
    torch.save(made, file, _use_new_zipfile_serialization=as_zip)
    assert "declares more numbers than it holds" in refusal(file)
    torch.save(state(), file, _use_new_zipfile_serialization=as_zip)
    content = file.read_bytes()
    few = pickle.dumps(4 * 4 * 9, 2)[2:-1]  # the opcodes of 144, the length of the first storage
    many = b"J" + struct.pack("<i", 2**31 - 1)
    assert few in content
    if as_zip:
        rezipped(file, tmp_path / "more.pth", lambda n, b: (n, b.replace(few, many) if n.endswith(".pkl") else b))
    else:
        (tmp_path / "more.pth").write_bytes(content.replace(few, many, 1))
    assert "declares more numbers than it holds" in refusal(tmp_path / "more.pth")


def old_file(content: bytes) -> bytes:
    """A file of before 2020 around a pickle made by hand."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}]
    return b"".join(pickle.dumps(part, 2) for part in head) + content + pickle.dumps([], 2)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02r\xff\xff\xff\x7f.",  # keep nothing under number 2^31
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x0fabc.",  # bytes of an exabyte
        b"\x80\x02]" + b"]a" * 30 + b".",
        b"\x80\x02" + b"(" * 50_000 + b".",
        b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".",
        b"\x80\x02ccollections\nOrderedDict\n}X\x03\x00\x00\x00getK\x01sb.",  # set an attribute of a class
        b"\x80\x02ctorch\nFloatStorage\n(N}X\x0a\x00\x00\x00item_bytesK\x00stb.",  # a float of no bytes
        b"\x80\x02\x82\x01.",
        b"\x80\x02I" + b"9" * 10_000 + b"\n.",
    ],
)  # fmt: skip
def test_pickles_made_to_break_a_reader_are_refused(tmp_path, content):
    (tmp_path / "odd.pth").write_bytes(old_file(content))
    refusal(tmp_path / "odd.pth")
    assert OrderedDict().get("x") is None


def test_a_safetensors_head_that_lies_is_refused(tmp_path):
    file = tmp_path / "a.safetensors"
    save_file(state(), file)
    whole = file.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    for head in (2**60, length + 8, length - 1, 10**8):
        file.write_bytes(head.to_bytes(8, "little") + whole[8:])
        refusal(file)
    file.write_bytes(whole.replace(b'"shape":[1,4,1,1]', b'"shape":[9,9,9,9]'))
    refusal(file)


def test_a_program_of_torchscript_is_not_taken_for_weights(tmp_path):
    torch.save(state(), tmp_path / "script.pt")
    with zipfile.ZipFile(tmp_path / "script.pt", "a") as archive:
        archive.writestr("script/constants.pkl", pickle.dumps(()))
    assert "TorchScript" in refusal(tmp_path / "script.pt")


def test_a_name_with_control_characters_is_shown_without_them(tmp_path):
    torch.save({"\x1b[2Jweight": torch.ones(3), **state()}, tmp_path / "a.pth")
    assert "?[2Jweight" in refusal(tmp_path / "a.pth")


def test_a_foreign_file_is_compared_with_what_is_like_it_alone_and_may_be_stopped(tmp_path, monkeypatch):
    said: list[str] = []

    def stop(fraction: float, text: str) -> None:
        said.append(text)
        if fraction == 1.0:
            raise KeyboardInterrupt

    torch.save({"transformer.weight": torch.ones(3)}, tmp_path / "a.pth")
    with pytest.raises(KeyboardInterrupt):
        examine(tmp_path / "a.pth", None, stop)
    assert said
    monkeypatch.setattr(checkpoints, "_NEAREST", 1)
    specs = [replace(spec(f"of {size}"), parameters=size) for size in (50, 10, 20)]
    assert [each.name for each in checkpoints._alike(specs, 18)] == ["of 50", "of 20"]  # a family's first, the nearest
    specs.append(spec("unknown"))
    assert "unknown" in [each.name for each in checkpoints._alike(specs, 18)]
