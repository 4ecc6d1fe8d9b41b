"""ImageNet's weights in the names of the usual files find their places in our backbones."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from models.catalogue import every_spec
from models.networks.building import build
from models.prepare import DEVIATION, MEAN
from models.training.pretrained import BACKBONE, in_our_names
from models.training.starting import take_weights

NORM = ("weight", "bias", "running_mean", "running_var")


def norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{entry}": (channels,) for entry in NORM} | {f"{name}.num_batches_tracked": ()}


def mobilenet() -> dict[str, tuple[int, ...]]:
    """torchvision's MobileNetV2: names and shapes, from the paper's table of (expansion, channels, blocks)."""
    shapes: dict[str, tuple[int, ...]] = {"features.0.0.weight": (32, 3, 3, 3)} | norm("features.0.1", 32)
    cin, number = 32, 1
    table = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
    for expansion, cout, count in table:
        for _ in range(count):
            wide, place = cin * expansion, 0
            conv = f"features.{number}.conv"
            if expansion > 1:
                shapes |= {f"{conv}.0.0.weight": (wide, cin, 1, 1)} | norm(f"{conv}.0.1", wide)
                place = 1
            shapes |= {f"{conv}.{place}.0.weight": (wide, 1, 3, 3)} | norm(f"{conv}.{place}.1", wide)
            shapes |= {f"{conv}.{place + 1}.weight": (cout, wide, 1, 1)} | norm(f"{conv}.{place + 2}", cout)
            cin, number = cout, number + 1
    return shapes | {"features.18.0.weight": (1280, 320, 1, 1), "classifier.1.bias": (1000,)}


def resnet() -> dict[str, tuple[int, ...]]:
    """torchvision's ResNet-34."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)} | norm("bn1", 64)
    cin = 64
    for stage, (cout, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 1):
        for block in range(count):
            at = f"layer{stage}.{block}"
            shapes |= {f"{at}.conv1.weight": (cout, cin, 3, 3), f"{at}.conv2.weight": (cout, cout, 3, 3)}
            shapes |= norm(f"{at}.bn1", cout) | norm(f"{at}.bn2", cout)
            if cin != cout:
                shapes |= {f"{at}.downsample.0.weight": (cout, cin, 1, 1)} | norm(f"{at}.downsample.1", cout)
            cin = cout
    return shapes | {"fc.weight": (1000, 512)}


def vgg(norms: bool) -> dict[str, tuple[int, ...]]:
    """torchvision's VGG-16, with batch norms or without."""
    shapes: dict[str, tuple[int, ...]] = {}
    cin = place = 0
    for cout in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if cout:
            shapes |= {f"features.{place}.weight": (cout, cin or 3, 3, 3), f"features.{place}.bias": (cout,)}
            shapes |= norm(f"features.{place + 1}", cout) if norms else {}
            cin = cout
        place += 1 if not cout else 3 if norms else 2
    return shapes | {"classifier.6.weight": (1000, 8), "classifier.6.bias": (1000,)}


def efficientnet() -> dict[str, tuple[int, ...]]:
    """EfficientNet-Lite0 as its PyTorch port names it: from the table of (filter, expansion, channels, blocks)."""
    shapes: dict[str, tuple[int, ...]] = {"_conv_stem.weight": (32, 3, 3, 3)} | norm("_bn0", 32)
    cin, number = 32, 0
    table = ((3, 1, 16, 1), (3, 6, 24, 2), (5, 6, 40, 2), (3, 6, 80, 3), (5, 6, 112, 3), (5, 6, 192, 4), (3, 6, 320, 1))
    for kernel, expansion, cout, count in table:
        for _ in range(count):
            wide, at = cin * expansion, f"_blocks.{number}"
            if expansion > 1:
                shapes |= {f"{at}._expand_conv.weight": (wide, cin, 1, 1)} | norm(f"{at}._bn0", wide)
            shapes |= {f"{at}._depthwise_conv.weight": (wide, 1, kernel, kernel)} | norm(f"{at}._bn1", wide)
            shapes |= {f"{at}._project_conv.weight": (cout, wide, 1, 1)} | norm(f"{at}._bn2", cout)
            cin, number = cout, number + 1
    head = {"_conv_head.weight": (1280, 320, 1, 1), "_fc.weight": (1000, 1280), "_fc.bias": (1000,)}
    return shapes | head | norm("_bn1", 1280)


def values(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Every entry holds a number of its own, other than what norms begin with."""
    return {name: torch.full(shape, place + 2.0) for place, (name, shape) in enumerate(shapes.items())}


@pytest.mark.parametrize(
    ("network", "file", "beginnings"),
    [
        ("indexnet", mobilenet(), ("layer",)),
        ("pspm-b5", mobilenet(), ("encoder.backbone.",)),
        ("pspm-b1", mobilenet(), ("segmentation.encoder.", "matting.layer")),
        ("pspm-small", efficientnet(), ("encoder.",)),
        ("a2u", resnet(), ("encoder.stem.", "encoder.stages.", "encoder.halvings.")),
    ],
)
def test_a_backbone_takes_every_entry_and_nothing_else_takes_one(network, file, beginnings, tmp_path):
    ours = build(every_spec()[network])
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    wanted = [n for n in before if n.startswith(beginnings) and "operator" not in n and "num_batches" not in n]
    save_file(values(file), tmp_path / "imagenet.safetensors")
    taken = take_weights(ours, tmp_path / "imagenet.safetensors")
    after = ours.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name]) and "num_batches" not in name}
    assert changed == set(wanted) and taken.entries >= len(wanted)


@pytest.mark.parametrize("norms", [True, False])
def test_vggs_entries_land_where_their_layers_are(norms):
    ours = {name for name in build(every_spec()["indexnet-b3"], "meta").state_dict() if name.startswith("encoder.")}
    if not norms:
        ours = {name for name in ours if name.split(".")[2] in "036" and name.endswith(("weight", "bias"))}
    shapes = build(every_spec()["indexnet-b3"], "meta").state_dict()
    file = {name: torch.empty(shape, device="meta") for name, shape in vgg(norms).items()}
    named = {n.removeprefix(BACKBONE): value for n, value in in_our_names(file).items() if n.startswith(BACKBONE)}
    assert {f"encoder.{name}" for name in named} == ours
    wrong = {name for name, value in named.items() if value.shape != shapes[f"encoder.{name}"].shape}
    assert wrong == {"stage1.0.weight"}  # RGB here, with the trimap there
    assert named["stage5.6.weight"] is file["features.40.weight" if norms else "features.28.weight"]


def test_entries_land_where_their_layers_are():
    named = {name: value for name, value in in_our_names(values(mobilenet())).items() if name.startswith(BACKBONE)}
    numbers = {name: float(value.flatten()[0]) for name, value in named.items()}
    file = {name: float(value.flatten()[0]) for name, value in values(mobilenet()).items()}
    for ours, theirs in (
        ("layer1.0.conv.0.weight", "features.1.conv.0.0.weight"),
        ("layer1.0.conv.4.bias", "features.1.conv.2.bias"),
        ("layer2.1.conv.3.weight", "features.3.conv.1.0.weight"),
        ("layer2.1.conv.7.running_mean", "features.3.conv.3.running_mean"),
        ("layer7.0.conv.6.weight", "features.17.conv.2.weight"),
    ):
        assert numbers[BACKBONE + ours] == file[theirs]
    residual = in_our_names(values(resnet()))
    theirs = values(resnet())
    assert torch.equal(residual[f"{BACKBONE}halvings.1.shortcut.1.bias"], theirs["layer3.0.downsample.1.bias"])
    assert torch.equal(residual[f"{BACKBONE}stages.2.0.first.0.weight"], theirs["layer3.1.conv1.weight"])


def test_efficientnets_stem_sees_in_our_colours_what_it_saw_in_its_own():
    torch.manual_seed(0)
    stored = {name: torch.rand(shape) + 0.1 for name, shape in efficientnet().items()}
    named = in_our_names(stored)
    photo = torch.rand(1, 3, 16, 16)
    ours = (photo - torch.from_numpy(MEAN)[:, None, None]) / torch.from_numpy(DEVIATION)[:, None, None]
    theirs = (photo * 255 - 127) / 128

    def normed(x: torch.Tensor, entries: dict[str, torch.Tensor], conv: str, before: str) -> torch.Tensor:
        seen = torch.nn.functional.conv2d(x, entries[conv])
        mean, variance, weight, bias = (
            entries[f"{before}.{entry}"] for entry in ("running_mean", "running_var", "weight", "bias")
        )
        return torch.nn.functional.batch_norm(seen, mean, variance, weight, bias)

    one = normed(ours.float(), named, f"{BACKBONE}stem.0.weight", f"{BACKBONE}stem.1")
    other = normed(theirs, stored, "_conv_stem.weight", "_bn0")
    assert torch.allclose(one, other, atol=1e-4)


def test_efficientnets_blocks_are_counted_through():
    named = in_our_names(values(efficientnet()))
    file = values(efficientnet())
    assert torch.equal(named[f"{BACKBONE}stage0.0.filter.0.weight"], file["_blocks.0._depthwise_conv.weight"])
    assert torch.equal(named[f"{BACKBONE}stage3.2.expand.0.weight"], file["_blocks.7._expand_conv.weight"])
    assert torch.equal(named[f"{BACKBONE}stage6.0.project.1.bias"], file["_blocks.15._bn2.bias"])


def test_efficientnet_b0_which_is_another_network_gives_nothing():
    stored = values(efficientnet() | {"_blocks.0._se_reduce.weight": (8, 32, 1, 1)})
    assert in_our_names(stored) == stored


def test_the_mix_transformer_keeps_its_names(tmp_path):
    ours = build(every_spec()["rmat-m3"])
    theirs = {
        name.removeprefix("backbone."): torch.ones_like(value)
        for name, value in ours.state_dict().items()
        if name.startswith("backbone.")
    }
    theirs["patch_embed1.proj.weight"] = theirs["patch_embed1.proj.weight"][:, :3].clone()
    save_file(theirs, tmp_path / "mit.safetensors")
    assert take_weights(ours, tmp_path / "mit.safetensors").entries == len(theirs)
    first = ours.state_dict()["backbone.patch_embed1.proj.weight"]
    assert (first[:, :3] == 1).all() and not first[:, 3].any()


def test_other_files_are_left_as_they_are():
    stored = {"layer0.0.weight": torch.ones(1)}
    assert in_our_names(stored) == stored
