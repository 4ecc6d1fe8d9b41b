"""A2U matting with every upsampling operator of Table 4.2, Table 4.3's kernel sizes and Table 4.4's normalisations."""

from __future__ import annotations

from dataclasses import replace

from models.catalogue.spec import ModelSpec, PaperRow

_BASELINE_PARAMETERS = 8_049_003
_BASELINE_M = 8.05
_CODE = "models.networks.a2u:A2UMatting"
_CPU_PIXELS = 464 * 464
"""Of so much the operator that halves, by 6 x 6 kernels of its own, takes two thirds of a second on two cores."""
_MARGIN_PX = 96
"""By cost: no margin but the whole photo brings filled weights near its answer. On half a megapixel, norms set to the
photo, they were 0.40, 0.40, 0.39, 0.38 and 0.35 (RMS) of the answer's range away at 32, 64, 96, 128 and 192 pixels.
At 24 megapixels with 8 % unknown, pieces of 768 pixels make 7 megapixels of work at 96, 9 at 128 and 33 at 256.
"""
_UNDAGGERED: dict[str, object] = {"operator": "affinity", "normalised": False, "k_encode": 5}
_ONE_WEIGHT = (
    "A softmax over one weight is always 1, which leaves nearest neighbour: these kernels have the sigmoid alone."
)


def _row(
    name: str, row: str, added: int, paper_added_m: float, description: str, *, note: str = "", **options: object
) -> ModelSpec:
    """A row of Table 4.2: the baseline with an operator that adds ``added`` parameters, as printed in millions."""
    return ModelSpec(
        name=f"a2u-{name}",
        title=f"A2U matting, {row}",
        family="a2u",
        description=description,
        code=_CODE,
        paper=PaperRow("4.2", row, parameters_m=round(_BASELINE_M + paper_added_m, 3)),
        options={"paired": False} | options,
        parameters=_BASELINE_PARAMETERS + added,
        stride=16,
        margin_px=_MARGIN_PX,
        cpu_pixels=_CPU_PIXELS,
        note=note,
    )


def _a2u(name: str, added: int, paper_added_m: float, description: str, **form: object) -> ModelSpec:
    """An A2U row of Table 4.2 without dagger, with the thesis's k_up = 3 and k_en = 5."""
    settings = _UNDAGGERED | form
    return _row(name, name, added, paper_added_m, description, **settings)  # pyright: ignore[reportArgumentType]


def _kernel_size(name: str, k_up: int, added: int, **form: object) -> ModelSpec:
    """A row of Table 4.3: one of Table 4.2's with kernels of another size."""
    if k_up == 1:
        form |= {"normalisation": "sigmoid"}
    return ModelSpec(
        name=f"a2u-{name}-k{k_up}",
        title=f"A2U matting, {name}, k_up {k_up}",
        family="a2u",
        description=f"{name} with kernels of {k_up} x {k_up} instead of 3 x 3, kept for comparison.",
        code=_CODE,
        paper=PaperRow("4.3", f"{name}, k_up {k_up}"),
        options={"paired": False, **_UNDAGGERED, "k_up": k_up} | form,
        parameters=_BASELINE_PARAMETERS + added,
        stride=16,
        margin_px=_MARGIN_PX,
        cpu_pixels=_CPU_PIXELS,
        note=_ONE_WEIGHT if k_up == 1 else "",
    )


def _softmax_alone(name: str, added: int, **form: object) -> ModelSpec:
    """A row of Table 4.4: one of Table 4.2's whose kernels are normalised without a sigmoid."""
    return ModelSpec(
        name=f"a2u-{name}-softmax",
        title=f"A2U matting, {name}, softmax",
        family="a2u",
        description=f"{name} with kernels normalised by the softmax alone, kept for comparison.",
        code=_CODE,
        paper=PaperRow("4.4", f"{name}, softmax"),
        told_apart=False,
        options={"paired": False, **_UNDAGGERED, "normalisation": "softmax"} | form,
        parameters=_BASELINE_PARAMETERS + added,
        stride=16,
        margin_px=_MARGIN_PX,
        cpu_pixels=_CPU_PIXELS,
    )


PUBLISHED = ModelSpec(
    name="a2u",
    title="A2U",
    family="a2u",
    description="Fine hair, nets and lace from a trimap: the network whose weights A2U's authors published.",
    code=_CODE,
    paper=PaperRow("4.2, 4.5", "dynamic-cs-d, with dagger", parameters_m=8.09),
    parameters=_BASELINE_PARAMETERS + 40_232,
    stride=16,
    margin_px=_MARGIN_PX,
    cpu_pixels=_CPU_PIXELS,
)

PUBLISHED_CHANNEL_WISE = ModelSpec(
    name="a2u-dynamic-cw-d",
    title="A2U, channel-wise",
    family="a2u",
    description="Like A2U, with an encoding of its own for every channel; its weights are published too.",
    code=_CODE,
    paper=PaperRow("", "dynamic-cw-d, with dagger"),
    options={"encodings": None},
    parameters=_BASELINE_PARAMETERS + 220_448,
    stride=16,
    margin_px=_MARGIN_PX,
    cpu_pixels=_CPU_PIXELS,
    note="Published by the authors as weights, but no row of a table.",
)

SMALL = replace(
    PUBLISHED,
    name="a2u-small",
    title="A2U, a quarter as wide",
    description="The published network with a quarter of the channels, to be trained without a GPU.",
    options={"width": 0.25},
    paper=PaperRow("", "ours, after dynamic-cs-d, with dagger"),
    parameters=520_523,
    note="Ours, for `mattelier train a2u-small`: no row of the papers is so narrow.",
)

SPECS: tuple[ModelSpec, ...] = (
    PUBLISHED,
    PUBLISHED_CHANNEL_WISE,
    _row("nearest", "nearest", 0, 0.0, "The baseline, enlarging by nearest neighbour.", operator="nearest"),
    _row("bilinear", "bilinear", 0, 0.0, "The baseline, enlarging bilinearly.", operator="bilinear"),
    _row("carafe", "CARAFE", 263_824, 0.26, "Enlarges by kernels made from the coarse feature.", operator="carafe"),
    _row(
        "indexnet",
        "IndexNet",
        12_263_424,
        12.26,
        "Enlarges by index maps of the skipped feature: good edges at two and a half times the size.",
        operator="indexed",
        family="many-to-one",
        nonlinear=True,
        context=True,
    ),
    _a2u(
        "static-pw-cw",
        102_436,
        0.10,
        "Affinity with learned weights, a set for each place of a 2 x 2 region.",
        conditioning="static",
        encodings=None,
        pointwise=True,
    ),
    _a2u("static-cw", 25_744, 0.026, "Affinity with learned weights.", conditioning="static", encodings=None),
    _a2u(
        "hybrid-cw",
        44_032,
        0.044,
        "Affinity with weights of which some follow the photo, an encoding for every channel.",
        conditioning="hybrid",
        encodings=None,
        bias=False,
    ),
    _a2u(
        "hybrid-cs",
        18_632,
        0.019,
        "Affinity with weights of which some follow the photo, one encoding for all channels.",
        conditioning="hybrid",
        bias=False,
    ),
    _a2u(
        "dynamic-cw",
        198_656,
        0.20,
        "Affinity whose weights all follow the photo, an encoding for every channel.",
        encodings=None,
        bias=False,
        note="Counted without the biases of the 1 x 1 convolutions, as Table 4.8 counts; the rows after it have them.",
    ),
    _a2u("dynamic-cs", 19_608, 0.020, "Affinity whose weights all follow the photo, one encoding for all channels."),
    _a2u(
        "dynamic-cs-d",
        38_184,
        0.038,
        "Affinity in shrinking and enlarging, one encoding for all channels.",
        paired=True,
        k_encode=6,
    ),
    _kernel_size("hybrid-cw", 1, 27_648, conditioning="hybrid", encodings=None, bias=False),
    _kernel_size("hybrid-cw", 5, 76_800, conditioning="hybrid", encodings=None, bias=False),
    _kernel_size("dynamic-cs", 1, 3_096),
    _kernel_size("dynamic-cs", 5, 52_632),
    _softmax_alone("hybrid-cw", 44_032, conditioning="hybrid", encodings=None, bias=False),
    _softmax_alone("dynamic-cs", 19_608),
    SMALL,
)
"""The published networks, Table 4.2 in its order (its last row, with dagger, is ``a2u``), Table 4.3's k_up 1 and 5, and
Table 4.4's softmax; what they are beside is a row of Table 4.2. Ours is the last."""
