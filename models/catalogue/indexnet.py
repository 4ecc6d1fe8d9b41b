"""IndexNet matting and its baselines: Tables 3.3 to 3.5 of the thesis."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.catalogue.spec import ModelSpec, PaperRow

_INDEXNET = "models.networks.indexnet:IndexNet"
_UNET = "models.networks.indexnet_unet"
_B11_PARAMETERS = 3_753_259
_OURS = "The thesis prints no count for this row; what it leaves open in the layout is ours."

PUBLISHED = ModelSpec(
    name="indexnet",
    title="IndexNet",
    family="indexnet",
    description="Fine hair and soft edges from a trimap: the network whose weights IndexNet's authors published.",
    code=_INDEXNET,
    options={"family": "many-to-one", "nonlinear": True, "context": True, "hidden": 1},
    paper=PaperRow("3.4", "M2O DINs, NL + C, hidden width C"),
    parameters=5_953_515,
    note="The published weights have index blocks half as wide as the row of Table 3.4, which is indexnet-m2o-nlc.",
)


def _baseline(row: str, title: str, description: str, code: str, **more: object) -> ModelSpec:
    """A row of Table 3.3 or one of the baselines at the head of Table 3.4."""
    known: dict[str, object] = {"paper": PaperRow("3.3", row), "note": _OURS} | more
    return ModelSpec(
        name=f"indexnet-{row.lower()}",
        title=f"{row}: {title}",
        family="indexnet",
        description=description,
        code=code,
        **known,  # pyright: ignore[reportArgumentType]
    )


BASELINES = (
    _baseline(
        "B1",
        "DeepLabv3+, MobileNetV2",
        "A segmentation network turned to matting: even areas, coarse edges.",
        "models.networks.indexnet_deeplab:DeepLabV3Plus",
        stride=16,
    ),
    _baseline(
        "B2",
        "RefineNet, MobileNetV2",
        "A segmentation network that refines step by step: even areas, coarse edges, slow.",
        "models.networks.indexnet_refinenet:RefineNet",
    ),
    _baseline(
        "B3",
        "SegNet, VGG-16, indices",
        "Deep image matting without its refinement: good edges from a very large network.",
        "models.networks.indexnet_segnet_vgg:VGGSegNet",
        paper=PaperRow("3.3, 3.4", "B3", 130.55, 32.34),
        parameters=130_545_345,
        note="",
    ),
    _baseline(
        "B4",
        "SegNet, VGG-16, no indices",
        "B3 without indices, kept for comparison: edges are lost.",
        "models.networks.indexnet_segnet_vgg:VGGSegNet",
        options={"indices": False},
    ),
    _baseline(
        "B5",
        "SegNet, MobileNetV2, indices",
        "The smallest of the matting networks: fast, with fair edges.",
        f"{_UNET}:MaxIndexNet",
        options={"fusion": "none", "context": "none"},
    ),
    _baseline(
        "B6",
        "SegNet, MobileNetV2, no indices",
        "B5 without indices, kept for comparison: edges are lost.",
        f"{_UNET}:BilinearNet",
        options={"fusion": "none", "context": "none"},
    ),
    _baseline(
        "B7",
        "SegNet, MobileNetV2, indices, ASPP",
        "B5 with a wider view: fast, with fair edges.",
        f"{_UNET}:MaxIndexNet",
        options={"fusion": "none"},
    ),
    _baseline(
        "B8",
        "SegNet, MobileNetV2, skip, indices",
        "B5 with fine features added back: fast, with better edges.",
        f"{_UNET}:MaxIndexNet",
        options={"fusion": "skip", "context": "none"},
    ),
    _baseline(
        "B9",
        "SegNet, MobileNetV2, skip, indices, ASPP",
        "B8 with a wider view.",
        f"{_UNET}:MaxIndexNet",
        options={"fusion": "skip"},
    ),
    _baseline(
        "B10",
        "UNet, MobileNetV2, indices",
        "Fine features beside coarse ones: good edges at little cost.",
        f"{_UNET}:MaxIndexNet",
        options={"context": "none"},
    ),
    _baseline(
        "B11",
        "UNet, MobileNetV2, indices, ASPP",
        "B10 with a wider view: what every index network here is built on.",
        f"{_UNET}:MaxIndexNet",
        paper=PaperRow("3.3, 3.4", "B11", 3.75, 4.08),
        parameters=_B11_PARAMETERS,
        note="",
    ),
    _baseline(
        "B11-1.4",
        "B11, 1.4 times as wide",
        "B11 with more channels, kept for comparison: more cost, no better edges.",
        f"{_UNET}:MaxIndexNet",
        options={"width": 1.4},
        paper=PaperRow("3.4", "B11-1.4", 8.86, 7.61),
        parameters=7_254_215,
        meets_paper=False,
        note="The printed 8.86M and 7.61 GFLOPs cannot be met: 1.4 times each width gives 7.254M and 7.673 GFLOPs.",
    ),
    _baseline(
        "B11-carafe",
        "B11 with CARAFE",
        "B11 that enlarges by learned kernels: softer edges than indices give.",
        f"{_UNET}:CarafeNet",
        paper=PaperRow("3.4", "B11-carafe", 4.06, 5.01),
        parameters=_B11_PARAMETERS + 308_788,
        note="",
    ),
    _baseline(
        "HMI",
        "B11 with holistic max indices",
        "B11 with one index for all channels, kept for comparison.",
        f"{_UNET}:HolisticMaxIndexNet",
        paper=PaperRow("3.4", "HMI", 3.75, 4.08),
        parameters=_B11_PARAMETERS,
        note="",
    ),
)


@dataclass(frozen=True)
class _Family:
    """A block of rows of Table 3.4: what it adds to B11's parameters and how many GFLOPs it has, L, NL and NL + C."""

    short: str
    family: str
    words: str
    heading: str
    added: tuple[int, int, int]
    printed_m: tuple[float, float, float]
    gflops: tuple[float, float, float]


_FAMILIES = (
    _Family(
        "holistic",
        "holistic",
        "one index map for all channels",
        "HINs",
        (4_992, 262_304, 1_037_984),
        (0.00499, 0.26, 1.04),
        (4.09, 4.22, 4.61),
    ),
    _Family(
        "modelwise",
        "modelwise",
        "one tiny index function for every channel of every stage",
        "Modelwise O2O DINs",
        (16, 56, 152),
        (16e-6, 56e-6, 152e-6),
        (4.08, 4.08, 4.08),
    ),
    _Family(
        "shared",
        "shared",
        "a tiny index function for each stage",
        "Shared Stagewise O2O DINs",
        (80, 280, 760),
        (80e-6, 280e-6, 760e-6),
        (4.08, 4.08, 4.08),
    ),
    _Family(
        "unshared",
        "unshared",
        "an index function for each channel",
        "Unshared Stagewise O2O DINs",
        (4_992, 17_472, 47_424),
        (0.00499, 0.01747, 0.04742),
        (4.09, 4.10, 4.15),
    ),
    _Family(
        "m2o",
        "many-to-one",
        "an index map for each channel, seen by all",
        "M2O DINs",
        (517_120, 1_297_792, 4_400_512),
        (0.52, 1.30, 4.40),
        (4.34, 4.73, 6.30),
    ),
)
_FORMS = (("", "L", "linear"), ("-nl", "NL", "nonlinear"), ("-nlc", "NL + C", "nonlinear with context"))


def _row(family: _Family, number: int) -> ModelSpec:
    """One of the fifteen rows: hidden width 2C."""
    suffix, row, words = _FORMS[number]
    return ModelSpec(
        name=f"indexnet-{family.short}{suffix}",
        title=f"IndexNet, {family.heading}, {words}",
        family="indexnet",
        description=f"B11 with learned indices: {family.words}; {words}.",
        code=_INDEXNET,
        options={"family": family.family, "nonlinear": number > 0, "context": number > 1},
        paper=PaperRow("3.4", f"{family.heading}, {row}", 3.75 + family.printed_m[number], family.gflops[number]),
        parameters=_B11_PARAMETERS + family.added[number],
    )


def _twin(family: _Family, number: int) -> ModelSpec:
    """A nonlinear row with hidden width C, as the authors' code writes checkpoints; Table 3.4 has no such row."""
    suffix, row, words = _FORMS[number]
    return ModelSpec(
        name=f"indexnet-{family.short}{suffix}-c",
        title=f"IndexNet, {family.heading}, {words}, hidden width C",
        family="indexnet",
        description=f"B11 with learned indices: {family.words}; {words}, half as wide inside.",
        code=_INDEXNET,
        options={"family": family.family, "nonlinear": True, "context": number > 1, "hidden": 1},
        paper=PaperRow("3.4", f"{family.heading}, {row}, hidden width C"),
        note="Table 3.4 prints hidden width 2C; this is for checkpoints whose index blocks are half as wide.",
    )


ROWS = tuple(_row(family, number) for family in _FAMILIES for number in range(3))
TWINS = tuple(
    _twin(family, number) for family in _FAMILIES for number in (1, 2) if (family.short, number) != ("m2o", 2)
)
"""Of the nonlinear rows; the many-to-one network with context and hidden width C is ``PUBLISHED`` itself."""


def _normalised(short: str, normalisation: str) -> ModelSpec:
    """A row of Table 3.5: the many-to-one network with context, its index maps normalised otherwise."""
    return ModelSpec(
        name=f"indexnet-m2o-nlc-{short}",
        title=f"IndexNet, M2O DINs, nonlinear with context, {normalisation}",
        family="indexnet",
        description=f"indexnet-m2o-nlc with the encoder's indices normalised by {normalisation}, kept for comparison.",
        code=_INDEXNET,
        options={"family": "many-to-one", "nonlinear": True, "context": True, "normalisation": normalisation},
        paper=PaperRow("3.5", normalisation),
        told_apart=False,
        parameters=_B11_PARAMETERS + 4_400_512,
    )


NORMALISED = tuple(
    _normalised(short, normalisation)
    for short, normalisation in (("sigmoid", "sigmoid"), ("softmax", "softmax"), ("softsig", "softmax+sigmoid"))
)
"""Table 3.5 but for its last row, which is indexnet-m2o-nlc."""

SMALL = replace(
    PUBLISHED,
    name="indexnet-small",
    title="IndexNet, half as wide",
    description="The published network with half the channels, to be trained without a GPU.",
    options={**PUBLISHED.options, "width": 0.5},
    paper=PaperRow("", "ours, after M2O DINs, NL + C, hidden width C"),
    parameters=1_516_963,
    note="Ours, for `mattelier train indexnet-small`: no row of the papers is so narrow.",
)

SPECS: tuple[ModelSpec, ...] = (PUBLISHED, *BASELINES, *ROWS, *TWINS, *NORMALISED, SMALL)
