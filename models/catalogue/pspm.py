"""PSPM, portraits without a trimap: Tables 6.1 to 6.7."""

from __future__ import annotations

from models.catalogue.spec import ModelSpec, PaperRow

_INDEXNET = {"family": "many-to-one", "nonlinear": True, "context": True}
_INDEXNET_ROW = ("6.1, 6.2, 6.4", 8.15, 6.30)
_INDEXNET_PARAMETERS = 8_153_771
_MARGIN_PX = 160
"""Of the shared networks: filled, B5's alpha is within 2/255 of the whole photo's on 32, 53, 89 and 99.99 % of unknown
pixels at 64, 96, 128 and 160 pixels.
"""
_FITTED = "The thesis prints no channel numbers; this layout fits its counts, and others would too."


def _alone(name: str, title: str, row: str, description: str, code: str, **more: object) -> ModelSpec:
    """IndexNet by itself, with weights that are not trained on portraits."""
    table, parameters_m, gflops = _INDEXNET_ROW
    return ModelSpec(
        name=name,
        title=title,
        family="pspm",
        description=description,
        code=code,
        paper=PaperRow(table, row, parameters_m, gflops),
        parameters=_INDEXNET_PARAMETERS,
        stride=32,
        **more,  # pyright: ignore[reportArgumentType]
    )


def _cascade(name: str, title: str, description: str, trimap: str, paper: PaperRow, kind: str = "deeplab") -> ModelSpec:
    return ModelSpec(
        name=name,
        title=title,
        family="pspm",
        description=description,
        code="models.networks.pspm:Cascade",
        options={"segmentation": kind, "trimap": trimap},
        paper=paper,
        channels=3,
        stride=32,
        finds_trimap=True,
    )


def _shared(
    name: str, title: str, description: str, network: str, paper: PaperRow, kind: str = "deeplab", fm: bool = False
) -> ModelSpec:
    return ModelSpec(
        name=name,
        title=title,
        family="pspm",
        description=description,
        code=f"models.networks.pspm:{network}",
        options={"segmentation": kind, "modulated": fm},
        paper=paper,
        channels=3,
        stride=16,
        finds_trimap=True,
        margin_px=_MARGIN_PX,
        note=_FITTED,
    )


SPECS: tuple[ModelSpec, ...] = (
    _alone(
        "pspm-a1",
        "PSPM A1 (IndexNet with a trimap)",
        "A1",
        "Portraits with marks; what the networks that need none are measured against.",
        "models.networks.indexnet:IndexNet",
        options=_INDEXNET,
        channels=4,
    ),
    _alone(
        "pspm-a2",
        "PSPM A2 (IndexNet without a trimap)",
        "A2",
        "Looks at the photo alone, whatever is marked; shows how much a trimap is worth.",
        "models.networks.pspm:EverythingUnknown",
        channels=3,
        note="It does not see the trimap: that only says where its answer is used.",
    ),
    _cascade(
        "pspm-b",
        "PSPM B (DeepLabV3+, then IndexNet)",
        "Portraits without marks: two networks, each trained by itself; keeps all detail, with gaps now and then.",
        "decided",
        PaperRow("6.3", "B", 13.97, 10.98),
    ),
    _cascade(
        "pspm-b1",
        "PSPM B1 (DeepLabV3+ and IndexNet together)",
        "Portraits without marks: two networks trained as one; fewer gaps, a little softer.",
        "summed",
        PaperRow("6.3, 6.4", "B1", 13.97, 10.98),
    ),
    _cascade(
        "pspm-b2",
        "PSPM B2 (three channels between the two)",
        "Portraits without marks: like B1, with the classes passed on one by one.",
        "classes",
        PaperRow("6.3", "B2", 13.97, None),
    ),
    _shared(
        "pspm-b3",
        "PSPM B3 (late interaction)",
        "Portraits without marks at half the cost: one encoder, two decoders that work side by side.",
        "LateInteraction",
        PaperRow("6.4", "B3", 6.74, 6.77),
    ),
    _shared(
        "pspm-b4",
        "PSPM B4 (feature fusion)",
        "Portraits without marks: like B3, and the matte's decoder is told what is subject.",
        "FeatureFusion",
        PaperRow("6.4", "B4", 6.96, 6.81),
    ),
    _shared(
        "pspm-b5",
        "PSPM B5",
        "Portraits without marks: the lightest, and of the light ones the most exact.",
        "AttentionGuided",
        PaperRow("6.4", "B5", 5.90, 6.53),
    ),
    _shared(
        "pspm-b5-fm",
        "PSPM B5 with feature modulation",
        "Portraits without marks: B5 that weighs its features by the whole picture; finer edges.",
        "AttentionGuided",
        PaperRow("6.4", "B5+FM", 5.96, 6.54),
        fm=True,
    ),
    _cascade(
        "pspm-psp-b",
        "PSPM B on PSPNet",
        "Portraits without marks: a lighter segmentation before IndexNet, each trained by itself.",
        "decided",
        PaperRow("6.7", "B", 13.39, 7.29),
        "pspnet",
    ),
    _cascade(
        "pspm-psp-b1",
        "PSPM B1 on PSPNet",
        "Portraits without marks: a lighter segmentation and IndexNet, trained as one.",
        "summed",
        PaperRow("6.7", "B1", 13.39, 7.29),
        "pspnet",
    ),
    _shared(
        "pspm-psp-b5",
        "PSPM B5 on PSPNet",
        "Portraits without marks at the least cost of all.",
        "AttentionGuided",
        PaperRow("6.7", "B5", 5.33, 2.86),
        "pspnet",
    ),
    ModelSpec(
        name="pspm-small",
        title="Portrait (small)",
        family="pspm",
        description="Portraits without marks: small and quick, learnt on photos for research.",
        code="models.networks.pspm_small:SmallPortrait",
        paper=PaperRow("", "ours, after chapter 6"),
        channels=3,
        stride=32,
        finds_trimap=True,
        looks_px=(256, 384),
        margin_px=64,
        note="Our own network and weights; no row of the thesis.",
    ),
)
