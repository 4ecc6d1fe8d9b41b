"""The network of our own: classical mattes, weighed. No row of the papers; it stands beside them."""

from __future__ import annotations

from models.catalogue.spec import ModelSpec, PaperRow

FUSION = ModelSpec(
    name="fusion",
    title="Fusion",
    family="fusion",
    description="Several classical mattes weighed against each other by a small network: keeps to the photo.",
    code="models.networks.fusion:Fusion",
    paper=PaperRow("", "Section 2.1.2, semi-deep"),
    options={"mattes": 4, "signs": 2},
    parameters=499_037,
    channels=10,
    stride=8,
    margin_px=96,
    note="Ours: section 2.1.2 of the thesis tells of such methods and prints neither layout nor figures.",
)

SPECS: tuple[ModelSpec, ...] = (FUSION,)
