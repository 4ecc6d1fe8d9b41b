"""The network of our own: classical mattes, weighed. No row of the papers; it stands beside them."""

from __future__ import annotations

from models.catalogue.spec import ModelSpec, PaperRow

FUSION = ModelSpec(
    name="fusion",
    title="Fusion",
    family="fusion",
    description="Weighs several classical mattes for each pixel by what the photo shows around it.",
    code="models.networks.fusion:Fusion",
    paper=PaperRow("", "Section 2.1.2, semi-deep"),
    parameters=180_422,
    channels=10,
    looks_again=True,
    stride=16,
    margin_px=48,
    cpu_pixels=1 << 18,
    bytes_per_pixel=3132,
    note="Ours: section 2.1.2 of the thesis tells of such methods, without layout or figures. GFLOPs: of one look.",
)

SPECS: tuple[ModelSpec, ...] = (FUSION,)
