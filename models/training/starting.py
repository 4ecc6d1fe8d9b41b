"""What a network's weights are before the first step: fresh by a seed, and taken from files where they fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import safetensors
import torch
from safetensors.torch import load_file
from torch import nn

from models.catalogue import every_spec
from models.networks.building import build
from models.training.pretrained import BACKBONE, in_our_names
from models.training.recipes import Recipe

RGB = 3
_ENCODERS = ("encoder.backbone.", "encoder.", "")
_AROUND_BACKBONES = ("segmentation.encoder.", "encoder.backbone.", "encoder.", "backbone.", "matting.", "")
_CASCADE = ("segmentation.", "matting.")
_DECODERS = ("seg_decoder.", "decoder.")


@dataclass(frozen=True)
class Taken:
    """What a file gave: how many of the network's entries, and how many there are."""

    file: str
    entries: int
    of: int


def fresh_network(recipe: Recipe, *, with_files: bool = True) -> tuple[nn.Module, list[Taken]]:
    """The network of a recipe (or its part), with weights drawn by the recipe's seed and then taken from its files.

    Without ``with_files`` they are not looked at: as for a network whose weights a checkpoint will bring.

    ``ValueError`` with a sentence for a part that is none and for a file that cannot be read or of which nothing fits.
    """
    torch.manual_seed(recipe.seed)
    network = part_of(build(every_spec()[recipe.network]), recipe)
    if recipe.zero_trimap:
        zero_trimap_weights(network)
    files = [Path(word) for word in recipe.start.split(",") if word and with_files]
    return network, [take_weights(network, file) for file in files]


def part_of(network: nn.Module, recipe: Recipe) -> nn.Module:
    """The module that the recipe trains: all, or its part. ``ValueError`` that lists the parts for a wrong one."""
    if not recipe.part:
        return network
    parts = dict(network.named_children())
    if recipe.part not in parts:
        raise ValueError(f"{recipe.network} has no part {recipe.part}. It has {', '.join(parts)}.")
    return parts[recipe.part]


def zero_trimap_weights(network: nn.Module) -> None:
    """Set to zero what the first layer makes of the fourth channel (3.6.1): it starts as one that sees RGB alone."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == RGB + 1:
            with torch.no_grad():
                module.weight[:, RGB:] = 0
            return


def take_weights(network: nn.Module, file: Path) -> Taken:
    """Put into the network what fits it of a safetensors file, or one of torch's read with ``weights_only``.

    Entries fit by name and shape. A layer that takes RGB in the file and RGB with the trimap here gets zeros for the
    trimap. The encoder of a segmentation network is also that of the networks that share it, and so are their decoders;
    the halves of a cascade take the weights of whole networks; a backbone takes ImageNet's (pretrained.py).
    """
    stored = _stored(file)
    own = network.state_dict()
    taken: dict[str, torch.Tensor] = {}
    for name, value in own.items():
        found = next((stored[other] for other in _names(name) if other in stored), None)
        fitted = None if found is None else _fitted(found, value)
        if fitted is not None:
            taken[name] = fitted
    if not taken:
        raise ValueError(f"{file.name} holds nothing that fits this network. Choose weights of a network like it.")
    network.load_state_dict(own | taken)
    return Taken(file.name, len(taken), len(own))


def _names(name: str) -> list[str]:
    """What an entry of our network may be called in the file."""
    names = [name]
    for beginnings in (_ENCODERS, _DECODERS):
        for beginning in beginnings:
            if beginning and name.startswith(beginning):
                rest = name.removeprefix(beginning)
                names += [other + rest for other in beginnings]
    names += [name.removeprefix(half) for half in _CASCADE if name.startswith(half)]
    names += [BACKBONE + name.removeprefix(around) for around in _AROUND_BACKBONES if name.startswith(around)]
    return list(dict.fromkeys(names))


def _fitted(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor | None:
    if found.shape == wanted.shape:
        return found.to(wanted.dtype)
    rgb_to_four = wanted.ndim == 4 and wanted.shape[1] == RGB + 1 and found.ndim == 4 and found.shape[1] == RGB
    if rgb_to_four and found.shape[0] == wanted.shape[0] and found.shape[2:] == wanted.shape[2:]:
        return torch.cat((found, torch.zeros_like(found[:, :1])), dim=1).to(wanted.dtype)
    return None


def _stored(file: Path) -> Mapping[str, torch.Tensor]:
    """The weights of a file by name, without ``module.``."""
    try:
        if file.suffix == ".safetensors":
            read = load_file(file)
        else:
            loaded = torch.load(file, map_location="cpu", weights_only=True)
            read = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else {}
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}. Name another file in start.") from error
    except (safetensors.SafetensorError, RuntimeError, ValueError, EOFError, KeyError, UnpicklingError) as error:
        raise ValueError(f"{file.name} is damaged or holds no weights. Name another file in start.") from error
    tensors = {str(name): value for name, value in read.items() if isinstance(value, torch.Tensor)}
    return in_our_names({name.removeprefix("module."): value for name, value in tensors.items()})
