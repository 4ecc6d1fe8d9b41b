"""RMat: the decoders and skips of Tables 5.2 and 5.3, and its final models."""

from __future__ import annotations

from models.catalogue.spec import ModelSpec

SPECS: tuple[ModelSpec, ...] = ()
