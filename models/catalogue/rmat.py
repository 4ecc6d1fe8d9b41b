"""RMat: the decoders and skips of Tables 5.2 and 5.3, and its final models."""

from __future__ import annotations

from types import MappingProxyType

from models.catalogue.spec import ModelSpec, PaperRow

_NOTE = "Widths and places are fitted to the thesis's counts: no code of the authors is known; other layouts may fit."
_GFLOPS = {"m3": 16.62, "m7": 22.22}
"""Table 5.7; the other rows have none."""
_LAYERS = {"mlp": "1 x 1 layers", "conv": "3 x 3 layers", "mlpdw": "1 x 1 and depthwise layers"}
_SKIPS = {"mlp": "1 x 1 skips", "mlpconv": "3 x 3 skips", "conv": "3 x 3 skips"}
_MARGIN_PX = 96
"""Where more no longer helps: with filled weights, M3's pieces were 0.49, 0.44, 0.36, 0.38 and 0.37 (RMS) of the
answer's range away from the whole photo's answer at 32, 64, 96, 128 and 192 pixels. What is left is LFA's, which sees
its piece alone (rmat_assembling.py).
"""
_SIZES = {"b1": "smaller", "b2": "larger"}


def _row(row: str, size: str, decoder: str, tskip: str, parameters_m: float, lskip: bool = True) -> ModelSpec:
    """A row of Table 5.2."""
    detail = "a branch for detail" if lskip else "no branch for detail"
    return _spec(
        row,
        "5.2",
        f"The {_SIZES[size]} transformer with {_LAYERS[decoder]}, {_SKIPS[tskip]} and {detail}, for comparison.",
        {"size": size, "decoder": decoder, "tskip": tskip, "lskip": lskip},
        parameters_m,
    )


def _spec(row: str, table: str, description: str, options: dict[str, object], parameters_m: float) -> ModelSpec:
    return ModelSpec(
        name=f"rmat-{row.lower()}",
        title=f"RMat {row}",
        family="rmat",
        description=description,
        code="models.networks.rmat:RMat",
        paper=PaperRow(table, row, parameters_m, _GFLOPS.get(row.lower())),
        options=MappingProxyType(options),
        gflops_of="tokens",
        margin_px=_MARGIN_PX,
        note=_NOTE,
    )


_FINAL: dict[str, object] = {"decoder": "conv", "tskip": "mlp", "lskip": True}

SPECS: tuple[ModelSpec, ...] = (
    _row("B1", "b1", "mlp", "mlp", 13.6, lskip=False),
    _row("B2", "b1", "conv", "mlp", 15.4, lskip=False),
    _row("B3", "b1", "conv", "mlp", 15.8),
    _row("B4", "b1", "conv", "mlpconv", 18.2),
    _row("B5", "b1", "mlpdw", "mlp", 14.0),
    _row("B6", "b1", "mlpdw", "conv", 16.1),
    _row("B7", "b2", "conv", "mlp", 26.8),
    _row("B8", "b2", "conv", "mlpconv", 29.2),
    _row("B9", "b2", "mlpdw", "mlp", 25.1),
    _row("B10", "b2", "mlpdw", "conv", 27.2),
    _spec(
        "N3",
        "5.3",
        "Rough trimaps and everyday photos: B3, trained with the Laplacian and the penalised gradient loss.",
        {"size": "b1", "lfa": False, **_FINAL},
        15.8,
    ),
    _spec(
        "M3",
        "5.3, 5.7",
        "Rough trimaps and everyday photos: sees the whole picture, and assembles fine detail by attention.",
        {"size": "b1", "lfa": True, **_FINAL},
        16.8,
    ),
    _spec(
        "M7",
        "5.3, 5.7",
        "Rough trimaps and difficult photos: M3 with the larger transformer, slower.",
        {"size": "b2", "lfa": True, **_FINAL},
        27.9,
    ),
)
