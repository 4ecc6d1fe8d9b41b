"""A2U matting with every upsampling operator of Table 4.2."""

from __future__ import annotations

from models.catalogue.spec import ModelSpec

SPECS: tuple[ModelSpec, ...] = ()
