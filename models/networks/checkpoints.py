"""Checkpoints: which network of the catalogue a file fits, and its conversion to safetensors of our own layout.

A file is first looked at without reading its numbers (``examine``): names and shapes are compared with those of the
networks, built on the meta device. Only what fits is read, with ``weights_only=True``, and compared once more.
"""

from __future__ import annotations

import importlib
import math
import os
import re
import stat
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file

from models.catalogue import every_spec
from models.catalogue.spec import ModelSpec
from models.licences import PUBLISHED_BY, RESEARCH_ONLY, UNKNOWN
from models.networks.building import build
from models.networks.pickled_shapes import ANYTHING_WRONG, CheckpointError, TensorNote, declared, is_torch_file, is_zip

FILE_LIMIT_BYTES = 4 * 1024**3
"""Far more than the largest network here with its optimiser; a longer file is not even opened."""

_COUNTER = "num_batches_tracked"
_STATISTICS = ("running_mean", "running_var", _COUNTER)
_PREFIX = "module."
_NEAREST = 10

Shapes = Mapping[str, tuple[int, ...]]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Layout:
    """One way in which the weights of a network are named in files."""

    published: bool
    """True for the names that its authors' code writes, False for this program's."""
    ours: Mapping[str, str]
    """From the file's names, without ``module.``, to our state dict's."""
    shapes: Mapping[str, tuple[int, ...]]
    """By the file's names."""


@dataclass(frozen=True)
class Contents:
    """What a file of weights holds, before its numbers are read."""

    is_safetensors: bool
    shapes: Mapping[str, tuple[int, ...]]
    """Without a leading ``module.``."""
    metadata: Mapping[str, str]

    @property
    def parameters(self) -> int:
        """Elements of all weights, without the running statistics of norms."""
        sizes = (math.prod(shape) for name, shape in self.shapes.items() if not name.endswith(_STATISTICS))
        return sum(sizes)


@dataclass(frozen=True)
class Match:
    """A file and the network that it fits."""

    file: Path
    spec: ModelSpec
    layout: Layout
    contents: Contents
    licence: str
    kind: str
    """What kind of file it is, in words."""
    parameters: int


def examine(file: Path, network: str | None = None, progress: Progress = lambda fraction, text: None) -> Match:
    """Find the network that the weights in ``file`` fit; ``network`` decides where they fit several.

    ``ValueError`` with a sentence for a file that is none of ours, damaged or hostile, and for one that fits several
    networks while ``network`` is None. Memory is taken for names and shapes only. Where a file names its network, or is
    named as authors name theirs, that comes first.
    """
    with _explained(file):
        contents = _contents(file)
    specs = every_spec()
    if network is not None and network not in specs:
        raise ValueError(f"There is no network {network}. `mattelier models list` names them all.")
    asked = [specs[network]] if network else list(specs.values())
    fitting = list(_fitting(contents, asked, progress))
    named = [(spec, layout) for spec, layout in fitting if spec.name == contents.metadata.get("network")]
    told = [(spec, layout) for spec, layout in fitting if spec.told_apart]
    published = [(spec, layout) for spec, layout in told if layout.published]
    chosen = {spec.name: (spec, layout) for spec, layout in reversed(named or published or told or fitting)}
    if not chosen:
        raise ValueError(_no_fit(file, contents, asked, progress))
    if len(chosen) > 1:
        names = ", ".join(sorted(chosen))
        raise ValueError(f"{shown(file)} fits several networks: {names}. Say which with --network NAME.")
    spec, layout = next(iter(chosen.values()))
    return _match(file, spec, layout, contents)


def _fitting(contents: Contents, specs: Sequence[ModelSpec], progress: Progress) -> Iterator[tuple[ModelSpec, Layout]]:
    """The networks, each with the layout, that these names and shapes fit."""
    for number, spec in enumerate(specs):
        progress(number / len(specs), f"Comparing with {spec.title}")
        if spec.parameters in (None, contents.parameters):
            yield from ((spec, layout) for layout in layouts(spec) if _fits(contents.shapes, layout))


def layouts(spec: ModelSpec) -> tuple[Layout, ...]:
    """The ways in which files name this network's weights: the program's own, and its authors' where they differ."""
    return _layouts(spec.name) if every_spec().get(spec.name) is spec else _layouts_of(spec)


def tensors(match: Match) -> dict[str, torch.Tensor]:
    """The weights by our names, float32 (float16 where the file has that), ready for ``load_state_dict(strict=True)``.

    ``ValueError`` with a sentence where the file is not, after all, what ``examine`` saw, or holds values that are not
    finite.
    """
    with _explained(match.file):
        contents = _contents(match.file)
        if contents.shapes != match.contents.shapes:
            raise CheckpointError("it has changed while it was looked at")
        read = _read(match.file, contents)
    found = {
        match.layout.ours[name]: _converted(match.file, name, read[name]) for name in match.layout.ours if name in read
    }
    missing = set(match.layout.ours.values()) - set(found)  # counters of training steps, which no answer depends on
    return found | {name: torch.zeros((), dtype=torch.int64) for name in missing}


def convert(match: Match, target: Path, sha256: str = "") -> None:
    """Write the weights of ``match`` to ``target`` as safetensors of our own layout, licence and origin in its head.

    ``sha256`` is the file's own, to be recorded. ``ValueError`` as ``tensors``; ``OSError`` where it cannot be written.
    """
    found = {name: tensor.contiguous() for name, tensor in tensors(match).items()}
    head = {
        "format": "pt",
        "network": match.spec.name,
        "licence": match.licence,
        "source": shown(match.file),
        "source_sha256": sha256,
        "layout": match.kind,
    }
    try:
        save_file(found, target, metadata=head)
    except safetensors.SafetensorError as error:
        raise _as_os_error(error) from error


def _as_os_error(error: Exception) -> OSError:
    """The library tells of a full disk in words that end in the system's number."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(plain(str(error)))


def shown(file: Path) -> str:
    """The file's name as it may be printed: short, and without anything that a terminal would obey."""
    return plain(file.name or file.absolute().name or str(file))


def plain(text: str, limit: int = 120) -> str:
    """A stranger's words on one line, without control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)[:limit].strip()


@cache
def _layouts(name: str) -> tuple[Layout, ...]:
    return _layouts_of(every_spec()[name])


def _layouts_of(spec: ModelSpec) -> tuple[Layout, ...]:
    shapes = {name: tuple(value.shape) for name, value in build(spec, "meta").state_dict().items()}
    own = Layout(False, {name: name for name in shapes}, shapes)
    theirs = _published_layout(spec, shapes)
    if theirs is None:
        return (own,)
    return (theirs, own) if any(a != b for a, b in theirs.ours.items()) else (theirs,)


def _published_layout(spec: ModelSpec, shapes: Shapes) -> Layout | None:
    """As the authors' code names ``shapes``; None where there is no such code, or it has no such network."""
    published = _published_name(spec.family)
    if published is None:
        return None
    ours = {theirs: name for name in shapes if (theirs := published(name)) is not None}
    if len(ours) < len(shapes):
        if any(published(name) is None for name in shapes):
            return None
        raise ValueError(f"Two weights of {spec.name} have one published name. This is a fault of the program.")
    return Layout(True, ours, {name: shapes[ours[name]] for name in ours})


def _published_name(family: str) -> Callable[[str], str | None] | None:
    """How the authors' code names an entry of our state dict, for the families of which there is such code.

    It answers None for an entry that their code does not have.
    """
    if family not in PUBLISHED_BY:
        return None
    return getattr(importlib.import_module(f"models.networks.{family}"), "published_name", str)


def _match(file: Path, spec: ModelSpec, layout: Layout, contents: Contents) -> Match:
    told = plain(contents.metadata.get("licence", ""))
    own_names = all(theirs == ours for theirs, ours in layout.ours.items())
    authors = _authors(spec, layout, contents)
    if told and own_names:
        licence, kind = told, "safetensors"
    elif authors:
        licence, kind = RESEARCH_ONLY, f"a checkpoint as {authors}'s published code writes it"
    else:
        licence, kind = UNKNOWN, "safetensors" if contents.is_safetensors else "a checkpoint in this program's layout"
    return Match(file, spec, layout, contents, licence, kind, contents.parameters)


def _authors(spec: ModelSpec, layout: Layout, contents: Contents) -> str:
    """Whose published code names weights so; empty for nobody's.

    A network of another family may have the same names and shapes as a published one: then its weights are taken for
    those, whichever network the user asks for.
    """
    if layout.published:
        return PUBLISHED_BY[spec.family]
    others = [other for other in every_spec().values() if other.family in PUBLISHED_BY]
    found = _fitting(contents, others, lambda fraction, text: None)
    return next((PUBLISHED_BY[other.family] for other, theirs in found if theirs.published), "")


def _fits(shapes: Shapes, layout: Layout) -> bool:
    return _without_counters(shapes, layout) == _without_counters(layout.shapes, layout)


def _without_counters(shapes: Shapes, layout: Layout) -> dict[str, tuple[int, ...]]:
    """Without the counters of training steps, which stand beside a norm's statistics, or do not: by the version of
    the training code (IndexNet's from before torch 0.4.1 lack them, A2U's from after inplace_abn 1.1 have them)."""
    norms = {name.removesuffix("running_mean") for name in layout.shapes if name.endswith(".running_mean")}
    counters = {norm + _COUNTER for norm in norms}
    return {name: shape for name, shape in shapes.items() if not (name in counters and shape == ())}


def _no_fit(file: Path, contents: Contents, asked: Sequence[ModelSpec], progress: Progress) -> str:
    """The sentence for a file that fits nothing: what it comes closest to, and what stands between."""

    def both(layout: Layout) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        return _without_counters(contents.shapes, layout), _without_counters(layout.shapes, layout)

    def distance(candidate: tuple[ModelSpec, Layout]) -> int:
        has, wants = both(candidate[1])
        return len(set(has.items()) ^ set(wants.items()))

    candidates: list[tuple[ModelSpec, Layout]] = []
    for spec in _alike(asked, contents.parameters):
        progress(1.0, f"Comparing with {spec.title}")
        candidates += [(spec, layout) for layout in layouts(spec)]
    spec, layout = min(candidates, key=distance, default=(None, None))
    has, wants = both(layout) if layout else ({}, {})
    if spec is None or not set(has.items()) & set(wants.items()):
        what = "a network of the catalogue" if len(candidates) != 1 or spec is None else spec.name
        return f"{shown(file)} holds no weights for {what}. Only files of these networks can be imported."
    between = _difference(has, wants)
    return f"{shown(file)} does not fit {spec.name}, to which it comes closest: {between}. Get the checkpoint whole."


def _alike(specs: Sequence[ModelSpec], parameters: int) -> list[ModelSpec]:
    """Those nearest in size, one of every family, and those of unknown size, which have been built by now anyway.

    All eighty would be seconds more for a file that is no network's.
    """
    sizes = {spec.name: spec.parameters for spec in specs if spec.parameters is not None}
    nearest = set(sorted(sizes, key=lambda name: abs(sizes[name] - parameters))[:_NEAREST])
    families = {spec.family: spec.name for spec in reversed(specs)}
    return [spec for spec in specs if spec.name not in sizes or spec.name in nearest | set(families.values())]


def _difference(has: Shapes, wants: Shapes) -> str:
    lacking = sorted(set(wants) - set(has))
    strange = sorted(set(has) - set(wants))
    other = sorted(name for name in set(has) & set(wants) if has[name] != wants[name])
    said: list[str] = []
    for names, what in ((lacking, "it lacks {}"), (strange, "it has {}, which is not wanted")):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            said.append(what.format(plain(names[0]) + more))
    if other:
        more = f", and {len(other) - 1} more are of other shapes" if len(other) > 1 else ""
        said.append(f"{plain(other[0])} is {_by(has[other[0]])} instead of {_by(wants[other[0]])}{more}")
    return "; ".join(said)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape) or "one number"


@contextmanager
def _explained(file: Path) -> Generator[None]:
    """Turn what reading a file may raise into a sentence about that file."""
    advice = "Get it again from where it was published"
    try:
        yield
    except CheckpointError as error:
        raise ValueError(f"{shown(file)} cannot be imported: {error}. {advice}.") from error
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{shown(file)} cannot be imported: it is damaged or was not copied whole. {advice}."
        ) from error
    except FileNotFoundError as error:
        raise ValueError(f"There is no file {plain(str(file), 300)}. Look where it was put.") from error
    except OSError as error:
        raise ValueError(f"{shown(file)} cannot be read: {error.strerror or error}. Choose another file.") from error


def _contents(file: Path) -> Contents:
    """Names and shapes of what the file holds. ``CheckpointError`` for a file that is none."""
    facts = file.stat()
    if stat.S_ISDIR(facts.st_mode):
        raise ValueError(f"{shown(file)} is a folder. Choose the file of weights in it.")
    if not stat.S_ISREG(facts.st_mode):
        raise CheckpointError("it is no plain file")
    if facts.st_size > FILE_LIMIT_BYTES:
        raise CheckpointError(f"it is longer ({facts.st_size / 1024**3:.0f} GB) than any network here")
    with file.open("rb") as opened:
        head = opened.read(32)
    if is_torch_file(head):
        return _torch_contents(declared(file))
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= facts.st_size:
        return _safetensors_contents(file)
    raise CheckpointError("it is neither a checkpoint of torch.save nor safetensors")


def _torch_contents(content: object) -> Contents:
    state = _state_dict(content)
    notes = {name: note for name, note in state.items() if isinstance(note, TensorNote)}
    if len(notes) < len(state) or not notes:
        raise CheckpointError("it holds other things than the weights of one network")
    return Contents(False, {name: note.shape for name, note in notes.items()}, {})


def _state_dict(content: object) -> dict[str, object]:
    """The weights by name without ``module.``: the file's whole content, or what it calls state_dict."""
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise CheckpointError("it holds other things than the weights of one network")
    return _without_prefix(content)


def _without_prefix(state: Mapping[str, object]) -> dict[str, object]:
    cut = len(_PREFIX) if state and all(name.startswith(_PREFIX) for name in state) else 0
    return {name[cut:]: value for name, value in state.items()}


def _safetensors_contents(file: Path) -> Contents:
    """From the head alone; the library makes sure that the file is as long as its head says."""
    with safetensors.safe_open(file, framework="pt") as opened:
        facts = {name: opened.get_slice(name) for name in opened.keys()}
        shapes = {name: tuple(int(n) for n in fact.get_shape()) for name, fact in facts.items()}
        metadata = dict(opened.metadata() or {})
    cut = len(_PREFIX) if shapes and all(name.startswith(_PREFIX) for name in shapes) else 0
    return Contents(True, {n[cut:]: s for n, s in shapes.items()}, metadata)


def _read(file: Path, contents: Contents) -> dict[str, torch.Tensor]:
    """The numbers, by the file's names without ``module.``."""
    if contents.is_safetensors:
        with safetensors.safe_open(file, framework="pt") as opened:
            state: Mapping[str, object] = {name: opened.get_tensor(name) for name in opened.keys()}
        state = _without_prefix(state)
    else:
        state = _state_dict(_torch_loaded(file))
    read = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    if {name: tuple(value.shape) for name, value in read.items()} != dict(contents.shapes):
        raise CheckpointError("it has changed while it was looked at")
    return read


def _torch_loaded(file: Path) -> object:
    """By torch's own reader, with ``weights_only=True``; today's form is mapped and not copied into memory."""
    with file.open("rb") as opened:
        mapped = is_zip(opened.read(32))
    try:
        with torch.serialization.safe_globals(_numpy_scalars()):
            return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except (*ANYTHING_WRONG, RuntimeError, AssertionError, zipfile.BadZipFile) as error:
        raise CheckpointError("it is damaged, or holds more than numbers") from error


def _numpy_scalars() -> list[Any]:
    """What a trainer's records of its errors are made of; they stand beside the weights and are read past."""
    scalar = np.float64().__reduce__()[0]
    kinds = [type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32, np.bool_)]
    return [(scalar, "numpy.core.multiarray.scalar"), (scalar, "numpy._core.multiarray.scalar"), np.dtype, *kinds]


def _converted(file: Path, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """One entry as we keep it. ``ValueError`` where it is not made of finite numbers."""
    if name.endswith(_COUNTER):
        return tensor.to(torch.int64, copy=True)
    if tensor.layout != torch.strided or not tensor.is_floating_point():
        raise ValueError(f"{shown(file)} cannot be imported: {plain(name)} is not made of plain numbers. Get it again.")
    kept = tensor.to(torch.float16 if tensor.dtype == torch.float16 else torch.float32, copy=True)
    if not torch.isfinite(kept).all():
        raise ValueError(
            f"{shown(file)} cannot be imported: {plain(name)} holds values that are not finite. "
            "Its training had failed, or it is damaged: get it again."
        )
    return kept.detach().contiguous()
