"""A2U matting: ResNet-34, context, and a decoder whose upsampling is any operator of Table 4.2 (thesis, Figure 4.3)."""

from __future__ import annotations

from functools import cache

from torch import Tensor, nn

from models.networks.a2u_decoder import Context, DecoderStage, Prediction
from models.networks.backbones.resnet import Encoder
from models.networks.upsampling import affinity, operators
from models.networks.upsampling.pairing import Guided, Operator


class A2UMatting(nn.Module):
    """The network of Table 4.2; the default is the published one, ``dynamic-cs-d`` with dagger.

    Unpaired, each operator is guided by the skipped feature and only enlarges; ``paired``, it shrinks in the encoder
    too, and is guided by what it shrinks. ``settings`` are the operator's (upsampling/operators.py); for ``affinity``
    they are the fields of ``AffinityForm``. ``ValueError`` for an operator or a setting that is none. ``width``: the
    share of the paper's channels that each layer has.
    """

    def __init__(
        self, operator: str = "affinity", *, paired: bool = True, width: float = 1, **settings: object
    ) -> None:
        super().__init__()
        if operator == "affinity":
            settings["paired"] = paired

        def made(channels: int) -> Operator:
            return operators.make(operator, channels, **settings)

        self.encoder = Encoder(4, made if paired else None, width)
        half, quarter, eighth, sixteenth = self.encoder.channels
        last = half // 2
        self.context = Context(sixteenth)
        stages = ((eighth, sixteenth, eighth), (quarter, eighth, quarter), (half, quarter, half), (4, half, last))
        self.decoder = nn.ModuleList(
            DecoderStage(skipped, cin, cout, None if paired else made(cin)) for skipped, cin, cout in stages
        )
        self.predict = Prediction(last)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised RGB and trimap / 255 (N, 4, H, W), multiples of 16, to raw alpha (N, 1, H, W)."""
        features, ways = self.encoder(x)
        *skipped, deepest = [x, *features]
        y = self.context(deepest)
        found: list[Guided | None] = list(ways) or [None] * len(skipped)
        for stage, feature, way in zip(self.decoder, reversed(skipped), reversed(found), strict=True):
            y = stage(y, feature, way)
        return self.predict(y)


def published_name(ours: str) -> str | None:
    """The authors' name, without ``module.``, of an entry of the published networks' state dict (NETWORKS.md, 3).

    None for what no published network has: the operators of the other rows of Table 4.2.
    """
    module, _, entry = ours.rpartition(".")
    theirs = _published_modules().get(module)
    return None if theirs is None else f"{theirs}.{entry}"


@cache
def _published_modules() -> dict[str, str]:
    """The authors' names of all modules that hold parameters, by ours."""
    names = {
        "encoder.stem.0": "layer0.0",
        "encoder.stem.1": "layer0.1",
        "context.whole.project.0": "dconv_pp.global_avg_pool.1",
        "context.whole.project.1": "dconv_pp.global_avg_pool.2",
        "predict.reduce.0": "pred.0.0",
        "predict.reduce.1": "pred.0.1",
        "predict.alpha": "pred.1",
    }
    for i in (0, 1):
        stage = f"layer{i + 2}_1"
        names |= {f"context.near.{i}": f"dconv_pp.aspp1.atrous_conv.{i}"}
        names |= {f"context.merge.{i}": f"dconv_pp.bottleneck_conv.{i}"}
        names |= _published_block(f"encoder.halvings.{i}", f"{stage}.layer1", f"{stage}.layer2", stage)
        names |= _published_operator(f"encoder.halvings.{i}.operator", f"{stage}.bilinear")
        names |= _published_operator(f"encoder.pairs.{i}", f"bilinear{i}")
    for i in range(3):
        names |= {f"context.dilated.{i}.{j}": f"dconv_pp.aspp{i + 2}.atrous_conv.{j}" for j in range(4)}
        for j, stage in enumerate(("layer1", "layer2_2", "layer3_2")):
            convolutions = f"{stage}.block{i + 1}.convs"
            names |= _published_block(f"encoder.stages.{j}.{i}", convolutions, convolutions, stage)
    for i in range(4):
        names |= {f"decoder.{i}.skip.{j}": f"short{3 - i}.{j}" for j in (0, 1)}
        for j, block in enumerate(("dconv", "dconv1")):
            place = f"decoder_layer{4 - i}.{block}"
            convolutions = f"{place}.dep_sep_conv"
            names |= _published_block(f"decoder.{i}.blocks.{j}", convolutions, convolutions, place)
    return names


def _published_block(ours: str, first: str, second: str, shortcut: str) -> dict[str, str]:
    return {
        f"{ours}.first.0": f"{first}.conv1",
        f"{ours}.first.1": f"{first}.bn1",
        f"{ours}.second.0": f"{second}.conv2",
        f"{ours}.second.1": f"{second}.bn2",
        f"{ours}.shortcut.0": f"{shortcut}.proj_conv",
        f"{ours}.shortcut.1": f"{shortcut}.proj_bn",
    }


def _published_operator(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.{part}": f"{theirs}.{name}" for part, name in affinity.PUBLISHED.items()}
