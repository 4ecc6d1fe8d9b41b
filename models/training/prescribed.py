"""The recipes that the thesis prescribes: one per experiment of its chapters on matting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from models.licences import RESEARCH_PHOTOS
from models.training.recipes import Recipe

_INDEXNET_LOSSES = {"alpha": 0.5, "composition": 0.5}
_MOBILENET = ("layer", "encoder.")
"""How the backbone's entries begin in IndexNet and in its baselines."""
_RESNET = ("encoder.stem.", "encoder.stages.", "encoder.halvings.")
_STRENGTHS = {"strong": "how strong each operation may be is not printed: strong.py keeps pictures recognisable"}
_A2U_AUGMENTED = {"augmentation": "how far affine changes and jitter go is not printed: augment.py names what is taken"}
_SLOW_BACKBONE = {
    "backbone_rate": "not printed; at the full rate Adam would unlearn pretrained weights within a few steps, so 0.01",
    "start": "the papers start from ImageNet's weights for the encoder, which are not shipped: name torchvision's file",
}
_PORTRAIT_STEPS_20_EPOCHS = 2125
"""Portrait-2k's 1,700 training photos in batches of 16, 20 times."""
_PORTRAIT_LOSSES = {"unknown-alpha": 1.0, "whole-alpha": 10.0, "sobel": 10.0, "affinity": 10.0}
_SHARED = ("pspm-b3", "pspm-b4", "pspm-b5", "pspm-b5-fm", "pspm-psp-b5")


def prescribed() -> Iterator[Recipe]:
    """All of them, in the order of the chapters."""
    yield _indexnet()
    yield from _a2u()
    yield from _rmat()
    yield from _pspm()


def _indexnet() -> Recipe:
    """30 epochs, around 90,000 iterations, a tenth of the rate from the 20th and from the 26th (3.6.1)."""
    return Recipe(
        name="indexnet-adobe",
        title="IndexNet matting; with --set network=NAME every row of Tables 3.3 to 3.5",
        source="thesis 3.6.1",
        network="indexnet-m2o-nlc",
        losses=_INDEXNET_LOSSES,
        data="adobe",
        augmentation="indexnet",
        crop_px=320,
        steps=90_000,
        drops=(60_000, 78_000),
        backbone=_MOBILENET,
        backbone_rate=0.01,
        fixed_norms=True,
        zero_trimap=True,
        facts={**_SLOW_BACKBONE, "augmentation": "scales 1, 1.5 and 2 and dilation by 1 to 25 px are not printed"},
    )


def _a2u() -> Iterator[Recipe]:
    """30 epochs of 6,000 iterations, a tenth of the rate from the 20th and from the 26th (4.5)."""
    adobe = Recipe(
        name="a2u-adobe",
        title="A2U matting; with --set network=NAME every row of Tables 4.2 to 4.4",
        source="thesis 4.5",
        network="a2u-dynamic-cs-d",
        losses=_INDEXNET_LOSSES,
        plus=1,
        data="adobe",
        augmentation="a2u",
        crop_px=512,
        steps=180_000,
        drops=(120_000, 156_000),
        backbone=_RESNET,
        backbone_rate=0.01,
        fixed_norms=True,
        zero_trimap=True,
        facts={**_SLOW_BACKBONE, **_A2U_AUGMENTED, "zero_trimap": "printed for IndexNet (3.6.1), which 4.5 follows"},
    )
    yield adobe
    yield replace(
        adobe,
        name="a2u-distinctions",
        title="A2U matting on Distinctions-646: 25 epochs",
        source="thesis 4.5, 4.6.3",
        steps=150_000,
        drops=(120_000,),
    )
    yield replace(
        adobe,
        name="a2u-sa",
        title="A2U with strong augmentation",
        source="thesis Table 5.9",
        strong="af+afb+ac",
        facts={**adobe.facts, **_STRENGTHS},
    )


def _rmat() -> Iterator[Recipe]:
    """AdamW, 6e-4, 1,000 iterations of warm-up, cosine; 90,000 iterations of 32, at last 120,000 of 64 (5.5.1)."""
    base = Recipe(
        name="rmat-base",
        title="RMat with alpha and composition losses; with --set network=NAME B1 to B10, or rmat-m3: LFA alone",
        source="thesis 5.5.1, Tables 5.2, 5.3",
        network="rmat-b3",
        losses=_INDEXNET_LOSSES,
        data="adobe",
        augmentation="a2u",
        crop_px=512,
        steps=90_000,
        batch=32,
        optimiser="adamw",
        rate=6e-4,
        weight_decay=0.01,
        schedule="cosine",
        warmup=1000,
        backbone=("backbone.",),
        zero_trimap=True,
        facts={
            **_A2U_AUGMENTED,
            **_STRENGTHS,
            "weight_decay": "not printed: AdamW's usual 0.01",
            "zero_trimap": "printed for IndexNet (3.6.1) alone",
            "losses": "the weights of l_lap, l_g and l_gp are not printed: 1 each, beside 0.5 + 0.5 as in [72]",
            "start": "the paper starts from ImageNet's weights for the transformer: name its authors' file",
        },
    )
    yield base
    yield from _toy(base)
    terms = {"lap": {"laplacian": 1.0}, "g": {"gradient": 1.0}, "gp": {"gradient-penalty": 1.0}}
    both = {**_INDEXNET_LOSSES, **terms["lap"], **terms["gp"]}
    for short, more in terms.items():
        losses = {**_INDEXNET_LOSSES, **more}
        yield replace(base, name=f"rmat-{short}", title=f"B3 with l_{short}", source="thesis Table 5.3", losses=losses)
    n3 = replace(
        base, name="rmat-n3", title="N3: B3 with l_lap, l_gp", source="thesis Table 5.3", network="rmat-n3", losses=both
    )
    yield n3
    yield from _rmat_strong(n3)


def _rmat_strong(n3: Recipe) -> Iterator[Recipe]:
    """M3 and M7, as ablated and as in the benchmarks, and N3 with each strong augmentation (5.5.3)."""
    for network in ("rmat-m3", "rmat-m7"):
        short = network.removeprefix("rmat-")
        yield replace(n3, name=f"{network}-base", title=f"{short.upper()} with l_lap, l_gp", network=network)
        yield replace(
            n3,
            name=f"{network}-final",
            title=f"{short.upper()} as in the benchmarks: strong augmentation, 120,000 steps of 64",
            source="thesis Tables 5.4 to 5.6",
            network=network,
            strong="af+afb+ac",
            steps=120_000,
            batch=64,
        )
    for strong in ("af", "afb", "af+afb", "af+afb+ac"):
        yield replace(
            n3,
            name=f"rmat-n3-{strong.replace('+', '-')}",
            title=f"N3 with {strong.upper()}",
            source="thesis Tables 5.5 and 5.8",
            strong=strong,
        )


def _toy(base: Recipe) -> Iterator[Recipe]:
    """What blur and JPEG do to the benchmark, with the alpha as it was and with one changed alike (5.4.1)."""
    rows = {"none": "without DA", "da": "DA, alpha as it was", "da+alpha": "DA, alpha changed like the image"}
    facts = {
        **{what: text for what, text in base.facts.items() if what != "losses"},
        "network": "not printed; B3, from which the chapter's own experiments start",
        "strong": "how strong blur and JPEG are is not printed; each happens by itself, at 0.25",
    }
    for strong, title in rows.items():
        yield replace(
            base,
            name=f"rmat-toy-{strong.replace('+', '-')}",
            title=f"B3 with the alpha loss alone, 45,000 steps: {title}",
            source="thesis Table 5.1",
            losses={"alpha": 1.0},
            strong=strong,
            steps=45_000,
            facts=facts,
        )


def _pspm() -> Iterator[Recipe]:
    """Segmentation alone, the cascades end to end, and the two phases of the networks that share an encoder (6.5.2)."""
    segmentation = Recipe(
        name="pspm-segmentation",
        title="DeepLabV3+ alone, which the others start from",
        source="thesis 6.5.2",
        network="pspm-b1",
        part="segmentation",
        losses={"trimap": 1.0},
        data="portraits",
        augmentation="portrait",
        crop_px=512,
        steps=40_000,
        optimiser="sgd",
        rate=0.01,
        weight_decay=5e-4,
        schedule="poly",
        every=_PORTRAIT_STEPS_20_EPOCHS,
        licence=RESEARCH_PHOTOS,
        facts={"start": "the paper starts from ImageNet's weights for the encoder: name torchvision's file"},
    )
    yield segmentation
    yield replace(segmentation, name="pspm-psp-segmentation", title="PSPNet alone", network="pspm-psp-b1")
    for network in ("pspm-b1", "pspm-b2", "pspm-psp-b1"):
        yield replace(
            segmentation,
            name=network,
            title=f"{network.removeprefix('pspm-').upper()}: the cascade end to end, Equation (6.3)",
            source="thesis 6.3.1, Tables 6.4 and 6.7",
            network=network,
            part="",
            losses={"whole-alpha": 1.0, "trimap": 0.1},
            crop_px=320,
            rate=1e-4,
            steps=100_000,
            facts={"steps": "not printed for the cascade: as in phase 2"},
        )
    yield replace(
        segmentation,
        name="pspm-a2",
        title="A2+: IndexNet without a trimap, which only the loss knows",
        source="thesis 6.3.2, Table 6.1",
        network="pspm-a2",
        part="",
        losses={"unknown-alpha": 1.0},
        crop_px=320,
        rate=1e-4,
        steps=100_000,
        facts={"steps": "not printed: as in phase 2", "start": "name the weights of indexnet-adobe"},
    )
    for network in _SHARED:
        yield from _phases(segmentation, network)


def _phases(segmentation: Recipe, network: str) -> Iterator[Recipe]:
    title = network.removeprefix("pspm-").upper()
    first = replace(
        segmentation,
        name=f"{network}-phase1",
        title=f"{title}, phase 1: the MatDecoder alone",
        network=network,
        part="",
        losses={"unknown-alpha": 1.0},
        unknown_from="segmentation",
        crop_px=320,
        # FM is new to the encoder, nothing has trained it before: it learns with the MatDecoder.
        frozen=("encoder.backbone." if network.endswith("fm") else "encoder.", "seg_decoder."),
        facts={"start": "name the weights of pspm-segmentation; IndexNet's decoder has layers of other sizes"},
    )
    yield first
    yield replace(
        first,
        name=f"{network}-phase2",
        title=f"{title}, phase 2: everything",
        losses=_PORTRAIT_LOSSES,
        frozen=(),
        rate=1e-4,
        steps=100_000,
        facts={"start": "name the weights of phase 1"},
    )
